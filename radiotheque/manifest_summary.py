"""What is said of a manifest before its drop: what is not understood, which films are not here."""

import secrets
import sys
from functools import partial
from pathlib import Path
from typing import Final

#: Absent films that are named; the rest is counted.
_SHOWN: Final = 20


def print_summary(path: Path, key: str, dropped: frozenset[str]) -> bool:
    """Print what of a manifest is not understood and which films it names are not dropped.

    Returns False, with the reason on standard error, for a file that is no manifest.
    """
    from ingest.manifest import Manifest
    from schemas.errors import Refusal

    # Nothing is kept of these lines: the codes they make are nobody's.
    manifest = Manifest("dropzone", key, secret=secrets.token_hex(), site=None)
    absent: list[str] = []
    missing = 0
    try:
        with path.open("rb") as file:
            for line in manifest.lines(iter(partial(file.read, 1 << 18), b"")):
                if line.key not in dropped:
                    missing += 1
                    absent += [line.key] if len(absent) < _SHOWN else []
    except OSError as error:
        print(f"drop: {path}: {error.strerror}", file=sys.stderr)
        return False
    except Refusal as refusal:
        print(f"drop: {path}: want {refusal.wanted}, got {refusal.came}", file=sys.stderr)
        return False
    summary = manifest.summary()
    print(f"{path.name}: {summary.lines} lines")
    if summary.unknown:
        print(f"  columns that are not known, and left: {', '.join(summary.unknown)}")
    if summary.malformed:
        print(f"  values that are not understood, and left: {summary.malformed}")
    for fault in summary.examples:
        print(f"    line {fault.line}, {fault.column}: want {fault.wanted}")
    if missing:
        print(f"  films that are not in this drop: {missing}")
    for name in absent:
        print(f"    {name}")
    return True
