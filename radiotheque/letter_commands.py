"""Commands of the command line about: letter."""

import argparse
from typing import Any


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add this group's commands."""
    del commands
