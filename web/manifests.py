"""What became of a manifest, as programs read it and as a table that a spreadsheet opens.

Nothing of it is quoted from the manifest but the names of columns, short and plain.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any, Final

from schemas.manifest_faults import FAULT_KINDS
from store.records_manifests import ManifestSummary
from web.facts import french_of
from web.language import Language
from web.words import Words

#: What lines become, each line one of these; `changed` and `replaced` are counted besides.
FATES: Final = ("found", "pending", "absent", "refused", "unusable", "repeated")
BESIDES: Final = ("changed", "replaced")
HEADER: Final = ("what", "name", "count", "line", "column", "message")
#: With these a spreadsheet begins a formula (OWASP, CSV injection).
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def manifest_json(summary: ManifestSummary, language: Language) -> dict[str, Any]:
    """Return the summary as JSON has it; messages are in this language."""
    words = Words(language)
    return {
        "lines": summary.lines,
        **dict(fates_of(summary)),
        "absent_lines": list(summary.fates.absent_lines),
        "encoding": summary.encoding,
        "separator": summary.separator,
        "own_folder": summary.own_folder,
        "unknown_columns": list(summary.unknown),
        "malformed": summary.malformed,
        "kinds": [
            {"kind": kind, "count": count, "message": words(f"manifest.kind.{kind}")}
            for kind in FAULT_KINDS
            if (count := summary.faults.get(kind, 0))
        ],
        "examples": [
            {
                "line": fault.line,
                "column": fault.column,
                "kind": fault.kind,
                "wanted": fault.wanted,
                "message": _in_words(fault.wanted, language),
            }
            for fault in summary.examples
        ],
    }


def fates_of(summary: ManifestSummary) -> Iterator[tuple[str, int]]:
    """Yield what lines became and how many."""
    for name in (*FATES, *BESIDES):
        if name == "unusable":
            yield name, summary.lines - summary.usable
        else:
            yield name, getattr(summary.fates, name)


def manifest_csv(summary: ManifestSummary, language: Language) -> str:
    """Return the summary as comma-separated values with a header (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADER)
    for row in _rows(summary, language):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _rows(summary: ManifestSummary, language: Language) -> Iterator[tuple[str | int, ...]]:
    words = Words(language)
    if summary.encoding and summary.separator:
        said = words(f"manifest.encoding.{summary.encoding}")
        yield "table", "encoding", "", "", "", said
        said = words(f"manifest.separator.{summary.separator}")
        yield "table", "separator", "", "", "", said
    yield "table", "own_folder", summary.own_folder, "", "", words("manifest.own_folder")
    yield "lines", "lines", summary.lines, "", "", words("manifest.fate.lines")
    for name, count in fates_of(summary):
        yield "lines", name, count, "", "", words(f"manifest.fate.{name}")
    told = manifest_json(summary, language)
    for row in told["kinds"]:
        yield "fault", row["kind"], row["count"], "", "", row["message"]
    for row in told["examples"]:
        yield "example", row["kind"], "", row["line"], row["column"], row["message"]
    for line in summary.fates.absent_lines:
        yield "example", "absent", "", line, "Path", words("manifest.fate.absent")
    for column in summary.unknown:
        yield "unknown column", "", "", "", column, words("manifest.unknown")


def _in_words(wanted: str, language: Language) -> str:
    return wanted if language == "en" else french_of(wanted) or ""


def _cell(value: str | int) -> str:
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
