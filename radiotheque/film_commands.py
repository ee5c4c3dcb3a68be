"""Commands of the command line about: film."""

import argparse
from typing import Any


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add this group's commands."""
    del commands
