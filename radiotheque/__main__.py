"""`radiotheque`: one command line for all of it.

Each group of commands is a file `radiotheque/<group>_commands.py` with `register(subparsers)`;
a command sets `run`, a function of the parsed arguments that returns the exit code. Parts are
imported only when asked for, so that `status` answers in a second.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence

GROUPS = (
    *("stack", "film", "drop_key", "event", "letter", "unreadable", "store", "removal"),
    *("model", "training", "run"),
)


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser, with every group that is there."""
    top = argparse.ArgumentParser(prog="radiotheque", description=__doc__.splitlines()[0])
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for group in GROUPS:
        module = importlib.import_module(f"radiotheque.{group}_commands")
        module.register(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    chosen = parser().parse_args(arguments)
    code: int = chosen.run(chosen)
    return code


if __name__ == "__main__":
    sys.exit(main())
