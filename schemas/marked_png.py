"""A stored film's PNG that says itself how it is shown: what leaves the library for a training.

A film's samples are kept as its file had them, and how they become what a model eats is kept in
its row. A PNG by itself would lose that. So it is written into the PNG, as a text chunk after its
header; its samples stay as they are, to the byte.
"""

import struct
import zlib
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.presentation import AS_STORED, Presentation

#: Of the text chunk (PNG 1.2, 11.3.4.3: 1 to 79 characters of Latin-1).
KEYWORD: Final = "radiotheque-film"
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
#: The signature, and the chunk IHDR: always the first, always of 13 bytes.
_HEADER: Final = len(_SIGNATURE) + 12 + 13


class Mark(BaseModel):
    """How a film is shown, and whether its greys are turned over after that (schemas/greys.py)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    presentation: Presentation = AS_STORED
    inverted: bool = False

    @property
    def text(self) -> str:
        """Return it as it stands in the PNG; "" for a film that is shown as it is stored."""
        return "" if self == UNMARKED else self.model_dump_json(exclude_defaults=True)


UNMARKED: Final = Mark()


def marked(png: bytes, mark: Mark) -> bytes:
    """Return our PNG with the mark in it; as it is where there is nothing to say.

    Raises ValueError for other bytes.
    """
    if not png.startswith(_SIGNATURE) or png[12:16] != b"IHDR":
        raise ValueError(f"wanted our PNG, came {len(png)} other bytes")
    if not mark.text:
        return png
    body = b"tEXt" + KEYWORD.encode() + b"\0" + mark.text.encode("ascii")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:_HEADER] + chunk + png[_HEADER:]


def mark_of(info: Mapping[Any, Any]) -> Mark:
    """Return the mark among what Pillow tells of a picture; UNMARKED where there is none.

    Raises ValueError, one line, for one that is not understood.
    """
    said = info.get(KEYWORD)
    if said is None:
        return UNMARKED
    try:
        return Mark.model_validate_json(str(said))
    except ValidationError:
        raise ValueError(f"wanted a {KEYWORD} of ours, came {str(said)[:40]!r}") from None
