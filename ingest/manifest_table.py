"""From a table's bytes to its rows, however it was saved, in memory that does not grow with it.

Excel saves "CSV" in the machine's own code page and with the separator of its country, "Unicode
text" in UTF-16 with tabs, "CSV UTF-8" with a byte order mark; it reads and some write a first line
`sep=;`. What was understood is told by `encoding` and `separator`.
"""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from ingest.table_rows import Cells, Row, Rows
from schemas.manifest_faults import SEPARATORS, Separator, TableEncoding

#: Bytes of a line, and of all that stands above the header.
_LINE_MAX: Final = 1 << 20
#: Bytes by which UTF-16 without its mark is told.
_HEAD: Final = 512
_SEP: Final = re.compile(r'"?sep=([,;\t|])"?', re.IGNORECASE)
_UTF16: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass
class Table:
    """Reads one table. `rows` yields its header first, by the separator that fits it best.

    fits: how well a header fits, more is better.
    """

    fits: Callable[[list[str]], int]
    separator: Separator = ","
    _is_utf16: bool = False
    _encodings: set[TableEncoding] = field(default_factory=set)

    @property
    def encoding(self) -> TableEncoding:
        """Return how what was read so far is written; ASCII counts as UTF-8."""
        if self._is_utf16:
            return "utf-16"
        return "mixed" if len(self._encodings) > 1 else next(iter(self._encodings), "utf-8")

    def rows(self, chunks: Iterable[bytes]) -> Iterator[Row]:
        """Yield the rows, blank ones left out."""
        lines = enumerate(self._lines(self._as_bytes(chunks)), 1)
        above = 0
        told = None
        for number, text in lines:
            above += len(text or "") + 1
            if text is None or above > _LINE_MAX:
                yield Row(number, None)
                return
            bare = text.strip()
            if bare and (told or not (told := _SEP.fullmatch(bare))):
                break
        else:
            return
        given = next((one for one in SEPARATORS if told and one == told[1]), None)
        self.separator = given or self._best(text)
        is_above = True
        for row in Rows(chain([(number, text)], lines), self.separator):
            if row.cells is None or any(cell.strip() for cell in row.cells):
                yield row
                is_above = False
            elif is_above and (above := above + sum(map(len, row.cells)) + 1) > _LINE_MAX:
                yield Row(row.number, None)
                return

    def _best(self, header: str) -> Separator:
        def fit(separator: Separator) -> int:
            cells = Cells(separator)
            cells.take(header)
            return self.fits(cells.found)

        # The first of equals: a comma, where the header is one name.
        return max(SEPARATORS, key=fit)

    def _as_bytes(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the bytes without a mark; those of UTF-16 as UTF-8, halves of pairs replaced."""
        coming = iter(chunks)
        head = b""
        for chunk in coming:
            head += chunk
            if len(head) >= _HEAD:
                break
        name = _UTF16.get(head[:2]) or _unmarked(head[:_HEAD])
        if name is None:
            yield from chain([head.removeprefix(codecs.BOM_UTF8)], coming)
            return
        self._is_utf16 = True
        decoder = codecs.getincrementaldecoder(name)("replace")
        text = decoder.decode(head).removeprefix("\ufeff")
        yield text.encode()
        for chunk in coming:
            yield decoder.decode(chunk).encode()
        yield decoder.decode(b"", final=True).encode()

    def _lines(self, chunks: Iterable[bytes]) -> Iterator[str | None]:
        """Yield lines without their ends: CR LF, LF or CR, as old Macs had it.

        None for one that is too long, as soon as that is known.
        """
        # A line's pieces are joined once: joined at each chunk, a long one takes a square of it.
        pieces: list[bytes] = []
        length = 0
        held = b""
        for chunk in chain(chunks, [None]):
            if chunk is None:
                some, held = held, b""
            else:
                some = held + chunk
                # Its LF may come with the next chunk.
                held = b"\r" if some.endswith(b"\r") else b""
                some = some[: len(some) - len(held)]
            for piece in some.splitlines(keepends=True):
                was_long = length > _LINE_MAX
                length += len(piece)
                if length <= _LINE_MAX:
                    pieces.append(piece)
                elif not was_long:
                    pieces.clear()
                    yield None
                if piece.endswith((b"\n", b"\r")):
                    if length <= _LINE_MAX:
                        yield self._text(b"".join(pieces))
                    pieces.clear()
                    length = 0
        if pieces:
            yield self._text(b"".join(pieces))

    def _text(self, line: bytes) -> str:
        bare = line.rstrip(b"\r\n")
        try:
            text = bare.decode()
        except UnicodeDecodeError:
            # Five bytes have no letter there: they are replaced, and their cells are faults.
            text = bare.decode("cp1252", "replace")
            self._encodings.add("windows-1252")
        else:
            if not bare.isascii():
                self._encodings.add("utf-8")
        return text


def _unmarked(head: bytes) -> str | None:
    """Return which UTF-16 a text without a mark is in: every second byte of ASCII there is 0."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) * 4 < len(head) or min(even, odd) * 20 > len(head):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"
