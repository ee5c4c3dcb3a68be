"""A bulk drop's manifest: CheXpert's columns and ours, whatever stands in them."""

import gzip
import io
import tracemalloc
import zipfile
from collections.abc import Iterator

import pytest

from ingest.manifest import Manifest
from schemas.errors import Refusal
from schemas.film_files import is_manifest
from schemas.findings import FINDINGS
from schemas.pseudonyms import patient_code
from store.records_manifests import ManifestLine, ManifestSummary
from web.facts import french_of

SECRET, SITE = "site secret", "local"
CHEXPERT = (
    "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,"
    "Lung Opacity,Lung Lesion,Edema,Consolidation,Pneumonia,Atelectasis,Pneumothorax,"
    "Pleural Effusion,Pleural Other,Fracture,Support Devices\n"
    "train/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP,1.0,,,,,,,,,0.0,,,,1.0\n"
    "train/patient00002/study2/view2_lateral.jpg,Male,87,Lateral,,,,-1.0,1.0,,-1.0,-1.0,,-1.0,,-1.0,,1.0,\n"
)


def read(
    text: str | bytes, key: str = "drop/labels.csv", site: str | None = SITE
) -> tuple[list[ManifestLine], ManifestSummary]:
    data = text.encode() if isinstance(text, str) else text
    manifest = Manifest("dropzone", key, SECRET, site)
    lines = list(manifest.lines(data[start : start + 5] for start in range(0, len(data), 5)))
    return lines, manifest.summary()


def test_chexperts_own_file_is_read_as_it_is() -> None:
    (frontal, lateral), summary = read(CHEXPERT)
    assert frontal.key == "drop/train/patient00001/study1/view1_frontal.jpg"
    assert (frontal.view, frontal.facts.sex, frontal.facts.age) == ("AP", "F", 68)
    assert frontal.labels == {"No Finding": 1, "Pneumothorax": 0, "Support Devices": 1}
    assert (lateral.view, lateral.facts.age) == ("LATERAL", 87)
    assert lateral.labels["Edema"] == -1
    assert frontal.patient is None
    assert summary == ManifestSummary(2, usable=2, encoding="utf-8", separator=",")


def test_our_columns_become_codes_days_and_where_it_comes_from() -> None:
    (line,), summary = read(
        "Path,PatientID,StudyDate,Site,Source,Licence,Sharing\n"
        "a.png, PX-1 ,2019-05-04,local,nih-cxr14,CC0-1.0,open\n"
    )
    assert line.patient == patient_code(SECRET, SITE, "PX-1")
    assert line.study is not None
    day = line.facts.study_date
    assert day is not None
    assert day.isoformat() != "2019-05-04"
    assert (line.source, line.licence, line.sharing) == ("nih-cxr14", "CC0-1.0", "open")
    assert summary.malformed == 0


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("Sex", "perhaps"), ("Age", "sixty"), ("Age", "-4"), ("Age", "200"),
        ("Age", "126"), ("Age", '"3,5"'), ("Edema", '"0,5"'), ("Edema", "2"),
        ("Frontal/Lateral", "oblique"), ("AP/PA", "XX"),
        ("PatientID", "x" * 65), ("Site", "elsewhere"), ("Source", "Not A Word"),
        ("Licence", "mine"), ("Sharing", "everybody"), ("Edema", "0.5"), ("Edema", "present"),
    ],
)  # fmt: skip
def test_a_malformed_value_is_counted_with_its_place_and_the_film_goes_on(
    column: str, text: str
) -> None:
    (bad, good), summary = read(f"Path,{column}\na.png,{text}\nb.png,\n")
    assert (bad.key, good.key) == ("drop/a.png", "drop/b.png")
    assert not bad.labels
    assert summary.malformed == 1
    [fault] = summary.examples
    assert (fault.line, fault.column) == (2, column)
    assert text not in fault.wanted


@pytest.mark.parametrize(
    "day", ["04/05/2019", "2026-02-30", "2025-02-29", "20261301", "1850-01-01", "2999-01-01"]
)
def test_a_day_that_does_not_exist_is_malformed_and_counted(day: str) -> None:
    (line,), summary = read(f"Path,PatientID,StudyDate\na.png,P,{day}\n")
    assert line.patient is not None
    assert (line.study, line.facts.study_date) == (None, None)
    assert summary.faults == {"day": 1}
    assert [(fault.line, fault.column) for fault in summary.examples] == [(2, "StudyDate")]


@pytest.mark.parametrize("cell", ["a\0b", "a\u202eb", "\u2066a", "a\ufffdb", b"\x81"], ids=repr)
@pytest.mark.parametrize("column", ["Path", "PatientID", "Source", "Site", "Age"])
def test_characters_that_no_text_has_are_counted_wherever_they_stand(
    column: str, cell: str | bytes
) -> None:
    bad = cell if isinstance(cell, bytes) else cell.encode()
    other = b"x.png" if column != "Path" else b""
    named = b"Path" if column != "Path" else b"Sex"
    lines, summary = read(named + b"," + column.encode() + b"\n" + other + b"," + bad + b"\n")
    assert summary.faults == {"text": 1}
    assert [line.key for line in lines] == ([] if column == "Path" else ["drop/x.png"])


def test_columns_whose_names_are_no_plain_words_are_told_by_their_number() -> None:
    (line,), summary = read("Path,a\0b,\u202egnp,=1+1,@x," + "y" * 50 + ",Été (cm)\na.png,1\n")
    assert line.key == "drop/a.png"
    assert summary.unknown == ("column 2", "column 3", "column 4", "column 5", "column 6",
                               "Été (cm)")  # fmt: skip
    assert summary.faults == {"text": 2}


def test_unknown_columns_are_named_and_what_stands_in_them_is_left() -> None:
    (line,), summary = read("Nom,Path,Remarque\nDupont,a.png,vu\n")
    assert line == ManifestLine("dropzone", "drop/a.png", line=2, facts=line.facts)
    assert summary.unknown == ("Nom", "Remarque")


@pytest.mark.parametrize(
    "path", ["", "../a.png", "a/../../b.png", "/", "./.", "..\\a.png", "C:\\a.png", "x" * 1025]
)
def test_a_path_that_leads_nowhere_is_malformed(path: str) -> None:
    lines, summary = read(f"Path,Sex\n{path},Male\n")
    assert lines == []
    assert (summary.lines, summary.malformed) == (1, 1)


@pytest.mark.parametrize(
    "path",
    ["a/b.png", "./a/b.png", "/a/b.png", "a\\b.png", ".\\a\\b.png", "a//b.png", "drop/a/b.png"],
)
def test_a_path_is_one_path_however_it_is_written(path: str) -> None:
    (line,), summary = read(f"Path\n{path}\n")
    assert line.keys == ("drop/a/b.png",)
    assert summary.own_folder == path.startswith("drop")


@pytest.mark.parametrize(
    ("key", "keys"),
    [
        ("CheXpert-v1.0-small/labels.csv", ("CheXpert-v1.0-small/train/p1/a.jpg",)),
        ("x/CheXpert-v1.0-small/labels.csv", ("x/CheXpert-v1.0-small/train/p1/a.jpg",)),
        # Beside the folder or in it, which the key does not tell: either.
        ("lot/labels.csv", ("lot/CheXpert-v1.0-small/train/p1/a.jpg", "lot/train/p1/a.jpg")),
        ("labels.csv", ("CheXpert-v1.0-small/train/p1/a.jpg", "train/p1/a.jpg")),
    ],
)
def test_chexperts_paths_begin_with_its_own_folder_wherever_the_table_lies(
    key: str, keys: tuple[str, ...]
) -> None:
    (line,), summary = read("Path\nCheXpert-v1.0-small/train/p1/a.jpg\n", key)
    assert line.keys == keys
    assert summary.own_folder == 1


def test_a_name_in_nfd_and_one_in_nfc_are_the_same() -> None:
    for written in ("\u00e9t\u00e9.png", "e\u0301te\u0301.png"):
        (line,), _ = read(f"Path\n{written}\n", "cafe\u0301/labels.csv")
        assert line.key == "caf\u00e9/\u00e9t\u00e9.png"


def test_twin_columns_are_reported_and_where_they_disagree_neither_wins() -> None:
    lines, summary = read("Path,Edema,Sex,edema\na.png,1.0,F,1\nb.png,1.0,F,0.0\nc.png,,M,0\n")
    assert [dict(line.labels) for line in lines] == [{"Edema": 1}, {}, {"Edema": 0}]
    assert [line.facts.sex for line in lines] == ["F", "F", "M"]
    assert summary.faults == {"twin-column": 2}
    assert [(fault.line, fault.column) for fault in summary.examples] == [
        (1, "Edema"),
        (3, "Edema"),
    ]


def test_a_line_with_more_cells_than_columns_is_left_out_whole() -> None:
    lines, summary = read("Path,Age,Sex\na,b.png,61,F\nb.png,61,F,,\n")
    assert [line.key for line in lines] == ["drop/b.png"]
    assert summary.faults == {"cells": 1}
    assert (summary.lines, summary.usable) == (2, 1)


@pytest.mark.parametrize(
    "text",
    [
        "", "Sex,Age\nMale,3\n", "<html></html>", "\0\0\0", "x" * 20_000, "x" * (3 << 20),
        "P\0ath\na.png\n", b"\xff\xfe" + bytes(range(256)) * 40,
        b"\x89PNG\r\n\x1a\n" + b"\0\1" * 999,
        b"\xff\xfe\0\0P\0\0\0a\0\0\0", "\n" * (2 << 20), '"\n' * (2 << 20), "sep=;\n",
    ],
    ids=[
        "empty", "no path", "page", "zeros", "long word", "no line", "NUL", "UTF-16 garbage",
        "picture", "UTF-32", "blank", "quotes", "sep alone",
    ],
)  # fmt: skip
def test_without_the_column_path_it_is_no_manifest(text: str | bytes) -> None:
    with pytest.raises(Refusal, match="wanted a column named Path"):
        read(text)


def workbook() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        file.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "came"),
    [(workbook(), "an Excel workbook"), (gzip.compress(b"Path\na.png\n"), "a gzip archive"),
     (b"PK\x03\x04" + b"labels.csv", "a ZIP archive"), (b"%PDF-1.4\n", "a PDF file"),
     (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an Excel workbook")],
)  # fmt: skip
def test_what_is_no_table_is_refused_by_what_it_is(data: bytes, came: str) -> None:
    for piece in (3, 4096):
        chunks = [data[start : start + piece] for start in range(0, len(data), piece)]
        with pytest.raises(Refusal) as refused:
            list(Manifest("dropzone", "labels.csv", SECRET, SITE).lines(chunks))
        assert (refused.value.code, refused.value.came) == ("manifest", came)
        assert french_of(refused.value.came)


def test_accents_quotes_windows_and_a_byte_order_mark_are_read() -> None:
    (first, second), summary = read(
        b'\xef\xbb\xbfPath,Sex\r\n"\xc3\xa9t\xc3\xa9, 2026/a.png",F\r\n./b.png,M'
    )
    assert (first.key, second.key) == ("drop/été, 2026/a.png", "drop/b.png")
    assert summary.malformed == 0


def test_a_quote_that_nobody_closed_loses_what_it_swallowed_and_is_said() -> None:
    lines, summary = read('Path,Sex\na.png,F\n"b.png' + "x" * 20_000 + "\nc.png,F\n")
    assert [line.key for line in lines] == ["drop/a.png", "drop/c.png"]
    assert summary.faults == {"broken": 1}
    assert [(fault.line, fault.kind) for fault in summary.examples] == [(3, "broken")]


OPEN = {
    "in the last column": 'a.png,1,"St Mary',
    "in the path": '"a.png,1,St Mary',
    "in the path, before another": '"a.png,1,"St Mary"',
    "in the middle": 'a.png,"1,St Mary',
    "that no row may hold": 'a.png,1,"' + "x" * 2_000_000,
}


@pytest.mark.parametrize(
    "rest",
    ["b.png,0,x\nc.png,1,y\nd.png,0,z\n", 'b.png,0,"x"\n"c.png","1",y\nd.png,0,z',
     "b.png,0,\n" + ("c.png,1," + "y" * 9_000 + "\n") * 130 + 'd.png,0,"z"\n'],
    ids=["without quotes", "with quotes", "for long"],
)  # fmt: skip
@pytest.mark.parametrize("broken", OPEN.values(), ids=OPEN)
def test_a_quote_that_nobody_closed_costs_its_own_line_only(broken: str, rest: str) -> None:
    lines, summary = read(f"Path,Edema,Site\n{broken}\n{rest}")
    labels = {line.key: line.labels["Edema"] for line in lines}
    assert labels == {"drop/b.png": 0, "drop/c.png": 1, "drop/d.png": 0}
    assert summary.faults["broken"] == 1
    assert [fault.line for fault in summary.examples if fault.kind == "broken"] == [2]
    assert summary.lines == 1 + rest.rstrip().count("\n") + 1


def test_every_line_may_have_a_quote_that_nobody_closed() -> None:
    table = "".join(f'{number}.png,1,"x\n{number}b.png,0,y\n' for number in range(20_000))
    lines, summary = read("Path,Edema,Remarque\n" + table)
    assert summary.faults["broken"] == 20_000
    assert len(lines) == 20_000
    assert summary.lines == 40_000


def test_a_cell_of_several_lines_is_read_and_too_long_a_one_costs_its_own_row() -> None:
    lines, summary = read(
        'Path,Edema,Remarque\na.png,1,"two\nlines, ""quoted"""\nb.png,0,"'
        + "x\n" * 6_000
        + '"\nc.png,1,\n'
    )
    assert [line.key for line in lines] == ["drop/a.png", "drop/c.png"]
    assert [(fault.line, fault.kind) for fault in summary.examples] == [(4, "broken")]
    assert (summary.lines, summary.faults) == (3, {"broken": 1})


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CR LF", "CR"])
def test_a_line_over_a_mebibyte_costs_itself_only(end: str) -> None:
    rows = ["Path,Edema", "a.png,1," + "x" * (3 << 20), "b.png,0", "c.png,1", ""]
    lines, summary = read(end.join(rows))
    assert [line.key for line in lines] == ["drop/b.png", "drop/c.png"]
    assert [(fault.line, fault.kind) for fault in summary.examples] == [(2, "broken")]
    assert summary.lines == 3


def test_the_first_ten_faults_of_each_kind_are_told() -> None:
    _, summary = read("Path,Age\n" + "a.png,old\n" * 50 + ",3\n" * 20)
    assert summary.faults == {"value": 50, "path": 20}
    told = [(fault.kind, fault.line) for fault in summary.examples]
    assert told == [("value", line) for line in range(2, 12)] + [
        ("path", line) for line in range(52, 62)
    ]


@pytest.mark.parametrize("key", ["labels.csv", "a/b/labels.csv", "a/Labels.CSV", "LABELS.csv"])
def test_a_manifest_is_known_by_the_last_part_of_its_key(key: str) -> None:
    assert is_manifest(key)
    assert not is_manifest(key + "/a.png")
    assert not is_manifest("my" + key.replace("/", "-"))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_lines() -> None:
    """Twenty thousand lines take no more than two thousand: a million neither."""

    def chunks(count: int) -> Iterator[bytes]:
        yield ("Path,Sex,Age," + ",".join(FINDINGS) + "\n").encode()
        for number in range(count):
            yield f"p{number}/view1.jpg,Male,61,{'1.0,' * 13}0.0\n".encode()

    peaks = []
    for count in (2_000, 20_000):
        manifest = Manifest("dropzone", "labels.csv", SECRET, SITE)
        tracemalloc.start()
        read_lines = sum(1 for _ in manifest.lines(chunks(count)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert read_lines == count
    assert peaks[1] < peaks[0] + 1_000_000
