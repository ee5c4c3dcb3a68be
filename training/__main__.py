"""Run one training command: `python -m training COMMAND ...`, as `radiotheque COMMAND` does.

Each command is a file `training/commands/<name>.py` with `register(subparsers)`; it sets `run`, a
function of the parsed arguments. Its parts are imported only when it runs: TensorFlow takes
seconds. Exit status 0, or 2 with one line that says what was wrong; 130
when stopped from the keyboard.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

from training.errors import Stopped, WrongInput

COMMANDS: tuple[str, ...] = ("train", "compare", "evaluate", "export", "import_torchxrayvision")


class OneLineParser(argparse.ArgumentParser):
    """A parser that says what was wrong in one line, without repeating the usage."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def parser() -> argparse.ArgumentParser:
    """Return the parser with every command."""
    top = OneLineParser(prog="radiotheque", description=__doc__.splitlines()[0])
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        importlib.import_module(f"training.commands.{name}").register(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    chosen = parser().parse_args(arguments)
    try:
        chosen.run(chosen)
    except KeyboardInterrupt:
        sys.stderr.write(f"radiotheque {chosen.command}: stopped from the keyboard\n")
        return 130
    except (Stopped, WrongInput) as error:
        sys.stderr.write(f"radiotheque {chosen.command}: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
