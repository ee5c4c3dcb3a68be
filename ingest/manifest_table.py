"""From a table's bytes to its rows, however it was saved, in memory that does not grow with it.

Excel saves "CSV" in the machine's own code page and with the separator of its country, "Unicode
text" in UTF-16 with tabs, "CSV UTF-8" with a byte order mark; it reads and some write a first line
`sep=;`. What was understood is told by `encoding` and `separator`.
"""

import codecs
import csv
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from schemas.manifest_faults import SEPARATORS, Separator, TableEncoding

#: Characters of one line's field: a quote that nobody closed must not swallow the file.
_FIELD_MAX: Final = 10_000
#: Bytes of a row, lines within quotes and all.
_ROW_MAX: Final = 1 << 20
#: Bytes by which UTF-16 without its mark is told.
_HEAD: Final = 512
_SEP: Final = re.compile(r'"?sep=([,;\t|])"?', re.IGNORECASE)
_UTF16: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True)
class Row:
    """A row that is not blank, by the number of its last line (from 1); `cells` of it.

    None for one that cannot be read. It is the last one where `is_rest`: nothing is read behind.
    """

    number: int
    cells: list[str] | None
    is_rest: bool = False


@dataclass
class Table:
    """Reads one table. `rows` yields its header first, by the separator that fits it best.

    fits: how well a header fits, more is better.
    """

    fits: Callable[[list[str]], int]
    separator: Separator = ","
    _is_utf16: bool = False
    _encodings: set[TableEncoding] = field(default_factory=set)
    #: Bytes of the row that is read; of all above the header, while that has not come.
    _in_row: int = 0
    _is_above: bool = True

    @property
    def encoding(self) -> TableEncoding:
        """Return how what was read so far is written; ASCII counts as UTF-8."""
        if self._is_utf16:
            return "utf-16"
        return "mixed" if len(self._encodings) > 1 else next(iter(self._encodings), "utf-8")

    def rows(self, chunks: Iterable[bytes]) -> Iterator[Row]:
        """Yield the rows, blank ones left out."""
        csv.field_size_limit(_FIELD_MAX)
        lines = self._lines(self._as_bytes(chunks))
        before = 0
        told = None
        try:
            first = next(lines, "")
            while not first.strip() or (told is None and (told := _SEP.fullmatch(first.strip()))):
                if not first:
                    return
                before += 1
                first = next(lines, "")
        except csv.Error:
            yield Row(1, None, is_rest=True)
            return
        given = next((one for one in SEPARATORS if told and one == told[1]), None)
        self.separator = given or self._best(first)
        reader = csv.reader(chain([first], lines), delimiter=self.separator)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                # What follows a long field is read on, what follows a long row is not.
                is_rest = self._in_row > _ROW_MAX
                yield Row(before + reader.line_num, None, is_rest)
                if is_rest:
                    return
                cells = []
            is_blank = not any(cell.strip() for cell in cells)
            if is_blank and self._is_above:
                continue
            self._is_above, self._in_row = False, 0
            if not is_blank:
                yield Row(before + reader.line_num, cells)

    def _best(self, header: str) -> Separator:
        def fit(separator: Separator) -> int:
            try:
                return self.fits(next(csv.reader([header], delimiter=separator), []))
            except csv.Error:
                return 0

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

    def _lines(self, chunks: Iterable[bytes]) -> Iterator[str]:
        """Yield lines, each with one LF for its end: CR LF, LF or CR, as old Macs had it.

        Raises csv.Error, at the end of all, within a row that does not end.
        """
        # A line's pieces are joined once: joined at each chunk, a long one takes a square of it.
        pieces: list[bytes] = []
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
                pieces.append(piece)
                self._in_row += len(piece)
                if self._in_row > _ROW_MAX:
                    raise csv.Error("a row without end")
                if piece.endswith((b"\n", b"\r")):
                    yield self._text(b"".join(pieces))
                    pieces.clear()
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
        return text + "\n"


def _unmarked(head: bytes) -> str | None:
    """Return which UTF-16 a text without a mark is in: every second byte of ASCII there is 0."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) * 4 < len(head) or min(even, odd) * 20 > len(head):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"
