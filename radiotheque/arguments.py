"""What arguments of commands may be: words that a database keeps (schemas/plain_text.py).

A terminal gives bytes that are no UTF-8 as halves of surrogate pairs, which no row can hold.
"""

import argparse
from collections.abc import Callable

from schemas.plain_text import checked


def plain(longest: int) -> Callable[[str], str]:
    """Return the type of a text of at most so many characters, for argparse."""

    def text(said: str) -> str:
        try:
            return checked(said, longest)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return text
