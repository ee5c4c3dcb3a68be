"""Tables as Excel and others save them: encodings, separators, ends of lines."""

import codecs
import csv
import io
import json
import random
from collections.abc import Iterator

import pytest

from ingest.manifest import Manifest
from ingest.table_rows import Rows
from schemas.errors import Refusal
from schemas.plain_text import fault_in
from store.manifest_lines import said_of
from store.records_manifests import ManifestSummary

ROWS = (("Path", "Age", "Edema"), ("été, 2026/a.png", "61", "1,0"), ("b.png", "3", "-1,0"))
ENCODINGS = {
    "UTF-8": ("utf-8", b"", "utf-8"),
    "UTF-8 with its mark": ("utf-8", codecs.BOM_UTF8, "utf-8"),
    "cp1252": ("cp1252", b"", "windows-1252"),
    "UTF-16 LE": ("utf-16-le", b"", "utf-16"),
    "UTF-16 LE with its mark": ("utf-16-le", codecs.BOM_UTF16_LE, "utf-16"),
    "UTF-16 BE": ("utf-16-be", b"", "utf-16"),
    "UTF-16 BE with its mark": ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16"),
}


def table(separator: str, end: str = "\r\n") -> str:
    quoted = [[f'"{cell}"' if separator in cell else cell for cell in row] for row in ROWS]
    return end.join(separator.join(row) for row in quoted) + end


def read(data: bytes, piece: int = 5) -> tuple[dict[str, dict[str, int]], ManifestSummary]:
    """Return the labels by key, and the summary."""
    manifest = Manifest("dropzone", "labels.csv", "secret", "local")
    chunks = (data[start : start + piece] for start in range(0, len(data), piece))
    lines = {line.key: dict(line.labels) for line in manifest.lines(chunks)}
    return lines, manifest.summary()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_and_separator_is_read_and_said(encoding: str, separator: str) -> None:
    name, mark, said = ENCODINGS[encoding]
    lines, summary = read(mark + table(separator).encode(name))
    assert lines == {"été, 2026/a.png": {"Edema": 1}, "b.png": {"Edema": -1}}
    assert (summary.encoding, summary.separator) == (said, separator)
    assert (summary.lines, summary.malformed) == (2, 0)


@pytest.mark.parametrize("piece", [1, 5, 4096])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CR LF", "CR"])
def test_lines_end_as_on_any_machine_wherever_chunks_are_cut(end: str, piece: int) -> None:
    lines, summary = read(table(";", end).encode() + b"c.png;old;", piece)
    assert list(lines) == ["été, 2026/a.png", "b.png", "c.png"]
    assert [(fault.line, fault.column) for fault in summary.examples] == [(4, "Age")]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_excels_line_that_names_the_separator_is_obeyed_and_counted(first: str) -> None:
    lines, summary = read(f"{first}\r\nPath;Age;Edema\r\na.png;old;1,0\r\n".encode())
    assert lines == {"a.png": {"Edema": 1}}
    assert summary.separator == ";"
    assert [fault.line for fault in summary.examples] == [3]


def test_a_table_of_one_column_and_blank_lines_before_it_is_read() -> None:
    lines, summary = read(b"\r\n\r\nPath\r\na.png\r\n\r\nb.png\r\n")
    assert list(lines) == ["a.png", "b.png"]
    assert (summary.lines, summary.separator) == (2, ",")


def test_names_of_columns_count_in_any_case() -> None:
    lines, summary = read(b"PATH;edema\na.png;1\n")
    assert lines == {"a.png": {"Edema": 1}}
    assert summary.unknown == ()


def test_a_table_of_lines_in_two_encodings_is_read_line_by_line_and_said() -> None:
    lines, summary = read("Path\né.png\n".encode() + "à.png\n".encode("cp1252"))
    assert list(lines) == ["é.png", "à.png"]
    assert summary.encoding == "mixed"


def test_a_row_that_does_not_end_is_said_and_what_is_behind_it_is_read() -> None:
    endless = b'"x\n",' * (1 << 19)
    lines, summary = read(b"Path,Sex\na.png,F\n" + endless + b"\nb.png,F\n", 1 << 16)
    assert next(iter(lines)) == "a.png"
    assert list(lines)[-1] == "b.png"
    assert summary.faults["broken"] >= 1


def test_tables_with_quotes_are_read_as_the_csv_module_reads_them() -> None:
    rng = random.Random(7)
    for _ in range(300):
        rows = [["".join(rng.choices('ab",;\n', k=rng.randint(1, 6))) for _ in range(3)]
                for _ in range(5)]  # fmt: skip
        out = io.StringIO()
        csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
        lines = iter(list(enumerate(out.getvalue().splitlines(), 1)))
        assert [row.cells for row in Rows(lines, ",")] == rows


@pytest.mark.parametrize(
    "piece", [b"x" * (1 << 18), b"\n" * (1 << 18), b'"\n' * (1 << 17), b'"x\n",' * (1 << 16)],
    ids=["one line", "blank lines", "quotes", "one row"],
)  # fmt: skip
def test_a_gigabyte_without_a_header_is_refused_early(piece: bytes) -> None:
    taken = 0

    def chunks() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(1 << 12):
            taken += len(piece)
            yield piece

    with pytest.raises(Refusal, match="wanted a column named Path"):
        list(Manifest("dropzone", "labels.csv", "secret", "local").lines(chunks()))
    assert taken < 4 << 20


@pytest.mark.parametrize(
    ("limit", "wanted"), [("_BYTES_MAX", "at most 50 bytes"), ("_LINES_MAX", "at most 50 lines")]
)
def test_more_than_a_manifest_may_have_is_refused_with_the_limit(
    limit: str, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"ingest.manifest.{limit}", 50)
    with pytest.raises(Refusal, match=wanted):
        read(b"Path\n" + b"a\n" * 60)


ODD = b'"\0\r\n;,\t\xff\xfe\xd8\x00=+\xe9'


def spoiled(rng: random.Random) -> bytes:
    """Return a good table of some encoding with a few bytes changed, cut, doubled or put in."""
    rows = "".join(f"lot\\{n}é.png;F;6{n};1,0;2020-01-0{n + 1};P{n};x;0\r\n" for n in range(9))
    text = "Path;Sex;Age;Edema;StudyDate;PatientID;Remarque;Edema\r\n" + rows
    data = bytearray(text.encode(rng.choice(["utf-8", "cp1252", "utf-16", "utf-16-be"])))
    for _ in range(rng.randint(0, 10)):
        at = rng.randrange(len(data))
        match rng.randrange(4):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                del data[at : at + rng.randint(1, 9)]
            case 2:
                data[at:at] = bytes(rng.choices(ODD, k=rng.randint(1, 5)))
            case _:
                data[at:at] = data[max(0, at - 40) : at]
    return bytes(data)


def test_five_hundred_spoiled_tables_are_read_or_refused_and_what_is_kept_is_text() -> None:
    rng = random.Random(5)
    read_whole = 0
    for _ in range(500):
        data = spoiled(rng)
        key = rng.choice(["lot/labels.csv", "uploads/x/lot/labels.csv"])
        manifest = Manifest("dropzone", key, "secret", "local")
        try:
            lines = list(manifest.lines([data[:99], data[99:]]))
        except Refusal:
            continue
        read_whole += 1
        summary = manifest.summary()
        assert summary.usable == len(lines) <= summary.lines
        assert not [name for name in summary.unknown if fault_in(name)]
        for line in lines:
            assert fault_in(json.dumps(said_of(line), ensure_ascii=False)) is None
            assert all(fault_in(name) is None for name in line.keys)
    assert 300 < read_whole < 500
