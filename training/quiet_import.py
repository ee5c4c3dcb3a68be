"""TensorFlow imported without its greeting, so that what goes wrong is one line on stderr."""

import importlib
import os
import sys
import tempfile
from typing import Final

#: What the library says of itself before anybody can ask it not to; warnings and errors stay.
_GREETING: Final = (b"I0000 ", b"WARNING: All log messages before absl::InitializeLog()")


def import_tensorflow() -> None:
    """Import it; pass on what it wrote to stderr meanwhile, but for the greeting."""
    if "tensorflow" in sys.modules:
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as said:
        stderr = os.dup(2)
        os.dup2(said.fileno(), 2)
        try:
            importlib.import_module("tensorflow")
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            said.seek(0)
            lines = said.read().splitlines(keepends=True)
            os.write(2, b"".join(line for line in lines if not line.startswith(_GREETING)))
