"""What arguments of commands may be: words that a database keeps (schemas/plain_text.py).

A terminal gives bytes that are no UTF-8 as halves of surrogate pairs, which no row can hold.
"""

import argparse
from collections.abc import Callable

from schemas.deposits import UPLOADS
from schemas.drop_paths import plain_path
from schemas.plain_text import checked


def plain(longest: int) -> Callable[[str], str]:
    """Return the type of a text of at most so many characters, for argparse."""

    def text(said: str) -> str:
        try:
            return checked(said, longest)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return text


def drop_prefix(text: str) -> str:
    """Return what is put before every key, without slashes around it; empty for nothing.

    Raises ArgumentTypeError for what no key may begin with, before anything is sent under it.
    """
    bare = text.strip("/")
    if not bare:
        return ""
    parts = bare.split("/")
    if plain_path(bare) is None or "" in parts or "." in parts:
        raise argparse.ArgumentTypeError(f"want folders, as site-a/2026, got {text!r}")
    if f"{parts[0]}/" == UPLOADS:
        raise argparse.ArgumentTypeError(f"want another than {UPLOADS}, which is the browser's")
    return bare
