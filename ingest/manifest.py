"""A bulk drop's manifest, `labels.csv`: read line by line, in memory that does not grow with it.

Its columns are CheXpert's (Path, Sex, Age, Frontal/Lateral, AP/PA and the fourteen findings as
1.0, 0.0, -1.0 or nothing; Irvin et al. 2019) and PatientID, StudyDate, Site, Source, Licence,
Sharing.
Only Path is required: the film's key, from the folder that the manifest lies in. What is not
understood is counted with its line and column, never quoted, and the film goes on without it.
How tables are saved is ingest/manifest_table.py, what stands in their cells
ingest/manifest_cells.py.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from ingest import manifest_cells as cells
from ingest.deidentify import deidentify
from ingest.manifest_cells import COLUMNS
from ingest.manifest_line import Faults, Line
from ingest.manifest_table import Table
from ingest.says import FileSays
from ingest.table_rows import Row
from schemas.deposits import film_key, place_of
from schemas.drop_paths import one_form, plain_path
from schemas.errors import Refusal
from schemas.findings import FINDINGS
from store.records import FormSays
from store.records_manifests import ManifestLine, ManifestSummary

_NAMES: Final = {name.casefold(): name for name in ("Path", "Site", *COLUMNS)}
#: Unknown columns that are named; the rest is counted with them.
_TOLD: Final = 20
#: Bytes and lines of a manifest: ten times CheXpert's.
_BYTES_MAX: Final = 256 << 20
_LINES_MAX: Final = 2_300_000
#: What others begin with that are given a table's name, and what they are; bytes to tell it by.
_NO_TABLES: Final = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"%PDF-", "a PDF file"),
)
_HEAD: Final = 2048
#: The folder that CheXpert's own paths begin with, wherever the table lies.
_CHEXPERT: Final = re.compile(r"CheXpert-v\d\.\d(-small)?")


@dataclass
class Manifest:
    """Reads one manifest. `lines` yields what it says of films; `summary` is whole after it.

    bucket, key: of the manifest itself. secret: the site's, as for ingest.deidentify. site: the
    drop's, which lines may not contradict; None where it is not known yet.
    """

    bucket: str
    key: str
    secret: str
    site: str | None
    _count: int = 0
    _usable: int = 0
    _own_folder: int = 0
    _faults: Faults = field(default_factory=Faults)
    _unknown: tuple[str, ...] = ()
    _table: Table = field(default_factory=lambda: Table(_fits))
    #: Where each known column stands: twice or more where it has twins.
    _places: dict[str, list[int]] = field(default_factory=dict)
    _width: int = 0

    def lines(self, chunks: Iterable[bytes]) -> Iterator[ManifestLine]:
        """Yield each line that names a path.

        Raises Refusal `manifest` without a column named Path, or for more bytes or lines than a
        manifest may have.
        """
        return (line for line in self._read(chunks) if line is not None)

    def pages(self, chunks: Iterable[bytes], size: int) -> Iterator[list[ManifestLine]]:
        """Yield what `lines` does, after each `size` lines of the table, whatever they hold."""
        page: list[ManifestLine] = []
        for line in self._read(chunks):
            page += [] if line is None else [line]
            if self._count % size == 0:
                yield page
                page = []
        yield page

    def _read(self, chunks: Iterable[bytes]) -> Iterator[ManifestLine | None]:
        """Yield for each line what it says of a film, None where it names none."""
        rows = self._table.rows(_as_table(_within(chunks, _BYTES_MAX)))
        self._header(next(rows, Row(1, None)))
        for row in rows:
            if row.number > _LINES_MAX:
                raise Refusal("manifest", wanted=f"at most {_LINES_MAX} lines", came="more")
            self._count += 1
            if row.cells is None:
                self._faults.add("broken", row.number, "", cells.ROW_WANTED)
                yield None
                continue
            line = self._line(row.number, row.cells)
            self._usable += line is not None
            yield line

    def summary(self) -> ManifestSummary:
        """Return what was read so far."""
        return ManifestSummary(
            lines=self._count,
            unknown=self._unknown,
            faults=dict(self._faults.counts),
            examples=tuple(self._faults.told),
            encoding=self._table.encoding,
            separator=self._table.separator,
            usable=self._usable,
            own_folder=self._own_folder,
        )

    def _header(self, row: Row) -> None:
        names = [name.strip() for name in row.cells or ()]
        while names and not names[-1]:
            names.pop()
        self._width = len(names)
        unknown = []
        for place, name in enumerate(names):
            known = _NAMES.get(one_form(name).casefold())
            if known:
                self._places.setdefault(known, []).append(place)
                continue
            told = cells.told_name(name, place + 1)
            unknown.append(told)
            if not cells.is_text(name):
                self._faults.add("text", row.number, told, cells.TEXT_WANTED)
        if "Path" not in self._places:
            raise Refusal("manifest", wanted="a column named Path", came="a table without it")
        self._unknown = tuple(unknown[:_TOLD])
        for name, places in self._places.items():
            if len(places) > 1:
                self._faults.add("twin-column", row.number, name, cells.TWIN_WANTED)

    def _line(self, number: int, row: list[str]) -> ManifestLine | None:
        if any(cell.strip() for cell in row[self._width :]):
            # A separator within a value: what stands behind it would be read as another column.
            self._faults.add("cells", number, "", cells.CELLS_WANTED)
            return None
        line = Line(number, row, self._places, self._faults)
        written = line.text("Path")
        path = plain_path(written) if written else None
        if path is None:
            if not line.has_fault("Path"):
                self._faults.add("path", number, "Path", cells.PATH_WANTED)
            return None
        key, second_key = self._keys(path)
        says = FileSays(
            format="dicom",
            patient_id=line.value("PatientID"),
            sex=line.value("Sex"),
            age=line.value("Age"),
            study_date=line.value("StudyDate"),
            view=self._view(line),
        )
        known = deidentify(says, FormSays(), secret=self.secret, data_set=self.site or "")
        site = line.text("Site")
        if site and self.site is not None and site != self.site:
            self._faults.add("site", number, "Site", cells.SITE_WANTED)
        return ManifestLine(
            bucket=self.bucket,
            key=key,
            second_key=second_key,
            line=number,
            patient=known.patient,
            study=known.study,
            view=known.view,
            facts=known.facts,
            also=known.also,
            source=line.value("Source"),
            licence=line.value("Licence"),
            sharing=line.value("Sharing"),
            labels={
                finding: value
                for finding in FINDINGS
                if (value := line.value(finding)) is not None
            },
        )

    def _keys(self, path: str) -> tuple[str, str | None]:
        """Return the key that a path names, and the other one where it may name two.

        A path may begin with the manifest's own folder, as CheXpert's do. Where the folder is not
        to be seen (`aws s3 sync CheXpert-v1.0-small s3://dropzone/`), CheXpert's name tells.
        """
        deposit, own = place_of(self.key)
        folder = one_form(own.rpartition("/")[0])
        before = f"{folder}/" if folder else ""

        def key(named: str) -> str:
            return named if deposit is None else film_key(self.secret, deposit, named)

        first, _, rest = path.partition("/")
        if rest and first == folder.rpartition("/")[2]:
            self._own_folder += 1
            return key(before + rest), None
        if rest and _CHEXPERT.fullmatch(first):
            self._own_folder += 1
            return key(before + path), key(before + rest)
        return key(before + path), None

    def _view(self, line: Line) -> str | None:
        """Return PA, AP or LATERAL from CheXpert's two columns."""
        side, view = line.value("Frontal/Lateral"), line.value("AP/PA")
        if side == "LATERAL" and view in {"AP", "PA"}:
            self._faults.add("value", line.number, "AP/PA", cells.VIEW_WANTED)
        return "LATERAL" if side == "LATERAL" else view


def _fits(header: list[str]) -> int:
    """Return how many known columns a header has."""
    return sum(one_form(name.strip()).casefold() in _NAMES for name in header)


def _as_table(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the chunks. Raises Refusal `manifest`, by its name, for what is no text at all."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= _HEAD:
            break
    came = next((name for start, name in _NO_TABLES if head.startswith(start)), None)
    if came == "a ZIP archive" and b"[Content_Types].xml" in head[:_HEAD]:
        came = "an Excel workbook"
    if came is not None:
        raise Refusal("manifest", wanted="a table of separated values", came=came)
    yield head
    yield from chunks


def _within(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Yield the chunks. Raises Refusal `manifest` when there are more bytes than this."""
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > most:
            raise Refusal("manifest", wanted=f"at most {most} bytes", came="more")
        yield chunk
