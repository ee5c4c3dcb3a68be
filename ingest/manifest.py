"""A bulk drop's manifest, `labels.csv`: read line by line, in memory that does not grow with it.

Its columns are CheXpert's (Path, Sex, Age, Frontal/Lateral, AP/PA and the fourteen findings as
1.0, 0.0, -1.0 or nothing; Irvin et al. 2019) and PatientID, StudyDate, Site, Source, Licence,
Sharing.
Only Path is required: the film's key, from the folder that the manifest lies in. What is not
understood is counted with its line and column, never quoted, and the film goes on without it.
"""

import codecs
import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from ingest.deidentify import deidentify
from ingest.says import FileSays
from schemas.errors import Refusal
from schemas.film_files import MANIFEST_NAME
from schemas.findings import FINDINGS
from schemas.provenance import DepositorSays
from store.records import FormSays, ManifestFault, ManifestLine, ManifestSummary

#: Columns besides the findings.
COLUMNS: Final = (
    "Path", "Sex", "Age", "Frontal/Lateral", "AP/PA",
    "PatientID", "StudyDate", "Site", "Source", "Licence", "Sharing",
)  # fmt: skip
_KNOWN: Final = frozenset({*COLUMNS, *FINDINGS})
#: Faults that are told one by one, and unknown columns that are named; the rest is counted.
_TOLD: Final = 20
#: Characters of one line's field: a quote that nobody closed must not swallow the file.
_FIELD_MAX: Final = 10_000
_LINE_MAX: Final = 1 << 20
_DAY: Final = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_SEXES: Final = {"MALE": "M", "FEMALE": "F", "M": "M", "F": "F", "O": "O", "UNKNOWN": ""}
_SIDES: Final = {"FRONTAL": "FRONTAL", "LATERAL": "LATERAL"}
_VIEWS: Final = {"AP": "AP", "PA": "PA", "LL": "LATERAL", "RL": "LATERAL"}
_VALUES: Final = {"1": 1, "1.0": 1, "0": 0, "0.0": 0, "-1": -1, "-1.0": -1}


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
    _malformed: int = 0
    _examples: list[ManifestFault] = field(default_factory=list)
    _unknown: tuple[str, ...] = ()

    def lines(self, chunks: Iterable[bytes]) -> Iterator[ManifestLine]:
        """Yield each line that names a path. Raises Refusal `manifest` without that column."""
        rows = csv.reader(_text(chunks))
        try:
            header = [name.strip() for name in next(rows, [])]
        except csv.Error:
            header = []
        if "Path" not in header:
            raise Refusal("manifest", wanted="a column named Path", came="a table without it")
        # Names of columns may be anything: only short plain ones are told.
        unknown = [name for name in header if name not in _KNOWN]
        self._unknown = tuple(name[:40] for name in unknown[:_TOLD])
        try:
            for row in rows:
                if row:
                    self._count += 1
                    line = self._line(rows.line_num, dict(zip(header, row, strict=False)))
                    if line is not None:
                        yield line
        except csv.Error:
            self._fault(rows.line_num, "Path", "a line of comma-separated values")

    def summary(self) -> ManifestSummary:
        """Return what was read so far."""
        return ManifestSummary(self._count, self._unknown, self._malformed, tuple(self._examples))

    def _line(self, number: int, row: Mapping[str, str]) -> ManifestLine | None:
        said = {name: text.strip() for name, text in row.items() if name in _KNOWN}
        path = said.get("Path", "").removeprefix("./").lstrip("/")
        if not path or "\0" in path or ".." in path.split("/"):
            self._fault(number, "Path", "a path under the manifest's folder")
            return None
        folder = self.key[: -len(MANIFEST_NAME)]

        def ask(column: str, wanted: str, read: Callable[[str], Any]) -> Any:
            text = said.get(column, "")
            if not text:
                return None
            try:
                return read(text)
            except (KeyError, ValueError):
                self._fault(number, column, wanted)
                return None

        says = FileSays(
            format="dicom",
            patient_id=ask("PatientID", "a code of 64 characters at most", _code),
            sex=ask("Sex", "Male or Female", lambda text: _SEXES[text.upper()]),
            age=ask("Age", "whole years, 0 to 150", _age),
            study_date=ask("StudyDate", "a day as 2026-11-25", _day),
            view=self._view(number, ask),
        )
        known = deidentify(says, FormSays(), secret=self.secret, data_set=self.site or "")
        ask("Site", "the site that the films are dropped at", self._own_site)
        return ManifestLine(
            bucket=self.bucket,
            key=f"{folder}{path}",
            patient=known.patient,
            study=known.study,
            view=known.view,
            facts=known.facts,
            also=known.also,
            source=ask("Source", "small letters, digits and hyphens", _said("source")),
            licence=ask("Licence", "a licence by its SPDX name", _said("licence")),
            sharing=ask("Sharing", "private, library or open", _said("sharing")),
            labels={
                finding: value
                for finding in FINDINGS
                if (value := ask(finding, "1.0, 0.0, -1.0 or nothing", _VALUES.__getitem__))
                is not None
            },
        )

    def _view(self, number: int, ask: Callable[..., Any]) -> str | None:
        """Return PA, AP or LATERAL from CheXpert's two columns."""
        side = ask("Frontal/Lateral", "Frontal or Lateral", lambda text: _SIDES[text.upper()])
        # CheXpert has LL and RL there, too: left and right lateral.
        view = ask("AP/PA", "AP, PA, LL or RL", lambda text: _VIEWS[text.upper()])
        if side == "LATERAL" and view in {"AP", "PA"}:
            self._fault(number, "AP/PA", "no frontal view of a lateral film")
        return "LATERAL" if side == "LATERAL" else view

    def _own_site(self, text: str) -> str:
        if self.site is not None and text != self.site:
            raise ValueError
        return text

    def _fault(self, line: int, column: str, wanted: str) -> None:
        self._malformed += 1
        if len(self._examples) < _TOLD:
            self._examples.append(ManifestFault(line, column, wanted))


def _code(text: str) -> str:
    if len(text) > 64 or "\0" in text:
        raise ValueError
    return text


def _age(text: str) -> str:
    years = float(text)
    if not 0 <= years <= 150 or years != int(years):
        raise ValueError
    return f"{int(years):03d}Y"


def _day(text: str) -> str:
    found = _DAY.fullmatch(text)
    if not found:
        raise ValueError
    return "".join(found.groups())


def _said(name: str) -> Callable[[str], str]:
    """Return a reader of what a depositor may say: source, licence or sharing."""

    def read(text: str) -> str:
        try:
            DepositorSays.model_validate({name: text})
        except ValidationError:
            raise ValueError from None
        return text

    return read


def _text(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield lines, with their ends, of UTF-8 text; what is none is replaced."""
    csv.field_size_limit(_FIELD_MAX)
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    # A line's pieces are joined once: joined at each chunk, a long one takes time by its square.
    pieces: list[str] = []
    length = 0
    for chunk in chunks:
        first, *others = decoder.decode(chunk).split("\n")
        pieces.append(first)
        length += len(first)
        for piece in others:
            yield "".join(pieces) + "\n"
            pieces, length = [piece], len(piece)
        if length > _LINE_MAX:
            raise csv.Error("a line without end")
    last = "".join(pieces) + decoder.decode(b"", final=True)
    if last:
        yield last
