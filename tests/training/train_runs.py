"""Run in the training environment: several `train` commands in one process, what became of each.

python -m tests.training.train_runs OUT.json RUNS.json

RUNS.json is a list of words of the command line; OUT.json gets each one's status, what it said,
and how many seconds it took.
"""

import contextlib
import io
import json
import sys
import time
from pathlib import Path

from training.__main__ import main

if __name__ == "__main__":
    out, runs = map(Path, sys.argv[1:])
    found = []
    for words in json.loads(runs.read_text()):
        said, wrong = io.StringIO(), io.StringIO()
        began = time.monotonic()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(wrong):
            try:
                status = main(words)
            except SystemExit as ended:
                status = int(ended.code or 0)
        found.append(
            {
                "status": status,
                "stdout": said.getvalue(),
                "stderr": wrong.getvalue(),
                "seconds": time.monotonic() - began,
            }
        )
        sys.stdout.write(f"{words}: {found[-1]}\n")
    out.write_text(json.dumps(found))
