"""What a TIFF file says of its one picture: where its samples lie, and how they are packed.

Only the tags that samples depend on are read; descriptions, names and dates are never looked at.
Sources: TIFF 6.0 (Adobe, 1992), sections 2, 8 and 15; BigTIFF (libtiff's specification).
"""

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from schemas.errors import Refusal

WANTED: Final = "a whole TIFF file"

#: Bytes of a value, and its struct code, by the field's type.
_TYPES: Final = {1: "B", 3: "H", 4: "I", 5: "II", 13: "I", 16: "Q", 18: "Q"}
_NEW_SUBFILE, _SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = (
    254,
    255,
    256,
    257,
    258,
    259,
    262,
)
_FILL_ORDER, _STRIPS, _ORIENTATION, _SAMPLES, _ROWS, _STRIP_SIZES = 266, 273, 274, 277, 278, 279
_ACROSS, _DOWN, _PLANAR, _PREDICTOR, _PALETTE = 282, 283, 284, 317, 320
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_SIZES, _EXTRA, _FORMAT = 322, 323, 324, 325, 338, 339
#: Of NewSubfileType: a smaller copy of another picture, or its mask.
_SMALLER, _MASK = 1, 4
_OLD_SMALLER: Final = 2
#: Directories in one file, at most: pictures with many smaller copies have some ten.
_DIRECTORIES: Final = 256
#: Values of one tag, at most: a strip for each row of the largest picture, of each channel.
_VALUES: Final = 1 << 18


@dataclass(frozen=True)
class Page:
    """One picture of a TIFF. `order` is struct's sign for its byte order.

    Its samples lie in strips of `rows` rows, or in tiles of (width, height); `pieces` are their
    (offset, size) in the file, as said.
    """

    order: str
    width: int
    height: int
    bits: tuple[int, ...]
    compression: int
    photometric: int | None
    samples: int
    planar: int
    predictor: int
    fill_order: int
    formats: tuple[int, ...]
    extra: tuple[int, ...]
    orientation: int
    density: tuple[float, float]
    palette: tuple[int, ...]
    rows: int
    tile: tuple[int, int] | None
    pieces: tuple[tuple[int, int], ...]


def the_page(data: bytes) -> Page:
    """Return the one picture of a TIFF file; smaller copies and masks beside it are none.

    Raises Refusal: `truncated` where a directory lies outside the file or leads to itself,
    `multi-frame` where there are several pictures.
    """
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in {b"+\0", b"\0+"}
    if len(data) < 16:
        raise Refusal("truncated", wanted=WANTED, came=f"a file of {len(data)} bytes")
    (at,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    pages: list[_Directory] = []
    copies: list[_Directory] = []
    seen: set[int] = set()
    while at:
        if at in seen or len(seen) >= _DIRECTORIES:
            raise Refusal("truncated", wanted=WANTED, came="directories that lead in a circle")
        seen.add(at)
        directory = _Directory(data, at, order, big=big)
        if not directory.has_a_size():
            raise Refusal("truncated", wanted=WANTED, came="a directory of no picture")
        (copies if directory.is_copy() else pages).append(directory)
        at = directory.following
    found = pages or copies
    if len(found) > 1:
        raise Refusal("multi-frame", wanted="one picture", came=f"{len(found)} pages")
    if not found:
        raise Refusal("truncated", wanted=WANTED, came="one without a directory")
    return found[0].page()


class _Directory:
    """One directory's tags, read when they are asked for. Raises Refusal where it is cut."""

    def __init__(self, data: bytes, at: int, order: str, *, big: bool) -> None:
        self._data, self._order = data, order
        count_code, entry, pointer = ("Q", "HHQ8s", "Q") if big else ("H", "HHI4s", "I")
        (count,) = self._unpack(count_code, at)
        at += struct.calcsize(order + count_code)
        size = struct.calcsize(order + entry)
        if at + count * size > len(data):
            raise Refusal("truncated", wanted=WANTED, came="a directory outside the file")
        self._pointer = pointer
        self._fields: dict[int, tuple[int, int, int]] = {}
        for number in range(count):
            tag, kind, values, _ = struct.unpack_from(order + entry, data, at + number * size)
            self._fields.setdefault(
                tag, (kind, values, at + (number + 1) * size - (8 if big else 4))
            )
        end = at + count * size
        # Some writers leave out the pointer behind the last directory.
        short = end + struct.calcsize(order + pointer) > len(data)
        self.following: int = 0 if short else self._unpack(pointer, end)[0]

    def has_a_size(self) -> bool:
        """Return whether it is a picture's at all, and not what stands there by chance."""
        return {_WIDTH, _HEIGHT} <= self._fields.keys()

    def is_copy(self) -> bool:
        """Return whether it is of a smaller copy of another picture, or of a mask."""
        kind = self._one(_NEW_SUBFILE, 0)
        return bool(kind & (_SMALLER | _MASK)) or self._one(_SUBFILE, 1) == _OLD_SMALLER

    def page(self) -> Page:
        """Return what it says, with the defaults of TIFF 6.0 for what it does not."""
        samples = self._one(_SAMPLES, 1)
        tiled = _TILE_WIDTH in self._fields
        offsets = self._values(_TILES if tiled else _STRIPS)
        sizes = self._values(_TILE_SIZES if tiled else _STRIP_SIZES)
        sizes += (0,) * (len(offsets) - len(sizes))
        height = self._one(_HEIGHT, 0)
        return Page(
            order=self._order,
            width=self._one(_WIDTH, 0),
            height=height,
            bits=self._values(_BITS) or (1,),
            compression=self._one(_COMPRESSION, 1),
            photometric=self._one(_PHOTOMETRIC, -1) if _PHOTOMETRIC in self._fields else None,
            samples=samples,
            planar=self._one(_PLANAR, 1),
            predictor=self._one(_PREDICTOR, 1),
            fill_order=self._one(_FILL_ORDER, 1),
            formats=self._values(_FORMAT) or (1,),
            extra=self._values(_EXTRA),
            orientation=self._one(_ORIENTATION, 1),
            density=(self._ratio(_ACROSS), self._ratio(_DOWN)),
            palette=self._values(_PALETTE),
            rows=min(self._one(_ROWS, height), height),
            tile=(self._one(_TILE_WIDTH, 0), self._one(_TILE_HEIGHT, 0)) if tiled else None,
            pieces=tuple(zip(offsets, sizes, strict=False)),
        )

    def _one(self, tag: int, otherwise: int) -> int:
        values = self._values(tag)
        return values[0] if values else otherwise

    def _ratio(self, tag: int) -> float:
        over, under, *_ = (*self._values(tag), 0, 0)
        return float(Fraction(over, under)) if under else 0.0

    def _values(self, tag: int) -> tuple[int, ...]:
        """Return a tag's whole numbers; () where there are none. Of ratios both parts in turn."""
        kind, count, at = self._fields.get(tag, (0, 0, 0))
        code = _TYPES.get(kind)
        if code is None or count > _VALUES:
            return ()
        size = struct.calcsize(self._order + code) * count
        if size > struct.calcsize(self._order + self._pointer):
            (at,) = self._unpack(self._pointer, at)
        return self._unpack(code * count, at)

    def _unpack(self, code: str, at: int) -> tuple[int, ...]:
        code = self._order + code
        if at + struct.calcsize(code) > len(self._data):
            raise Refusal("truncated", wanted=WANTED, came="a directory outside the file")
        return struct.unpack_from(code, self._data, at)
