"""Commands of the command line about: stack."""

import argparse
from typing import Any


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add this group's commands."""
    del commands
