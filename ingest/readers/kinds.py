"""What a file is that is no film of ours, so that its refusal can name it."""

import re
from typing import Final

#: How far in a document says what it is.
_REACH: Final = 4096
_HTML: Final = re.compile(rb"<!doctype html|<html[\s>]", re.IGNORECASE)
_SVG: Final = re.compile(rb"<svg[\s>]|<!doctype svg", re.IGNORECASE)
_XML: Final = re.compile(rb"\s*<\?xml[\s>]", re.IGNORECASE)
#: A graphic control extension stands before each picture of an animated GIF.
_GIF_PICTURE: Final = b"\x00\x21\xf9\x04"
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def gif_kind(data: bytes) -> str:
    """Return what a GIF is."""
    return "an animated GIF file" if data.count(_GIF_PICTURE) > 1 else "a GIF file"


def document_kind(data: bytes) -> tuple[str, str] | None:
    """Return (code, name) of a file of words or markup, None for anything else."""
    start = data[:_REACH].removeprefix(b"\xef\xbb\xbf")
    if not start.lstrip().startswith(b"<"):
        return ("not-an-image", "a text file") if _is_text(data[:_REACH]) else None
    if _SVG.search(start) and not _HTML.search(start):
        return "unsupported", "an SVG drawing"
    if _HTML.search(start):
        return "not-an-image", "an HTML page"
    if _XML.match(start):
        return "not-an-image", "an XML file"
    return ("not-an-image", "a text file") if _is_text(start) else None


def _is_text(start: bytes) -> bool:
    try:
        # A letter of several bytes may be cut at the end of what we look at.
        words = start.decode("utf-8", "strict" if len(start) < _REACH else "ignore")
    except UnicodeDecodeError:
        return False
    return not _CONTROL.search(words)
