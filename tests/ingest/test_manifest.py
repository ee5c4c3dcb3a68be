"""A bulk drop's manifest: CheXpert's columns and ours, whatever stands in them."""

import tracemalloc
from collections.abc import Iterator

import pytest

from ingest.manifest import Manifest
from schemas.errors import Refusal
from schemas.film_files import is_manifest
from schemas.findings import FINDINGS
from schemas.pseudonyms import patient_code
from store.records import ManifestLine, ManifestSummary

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
    assert summary == ManifestSummary(2)


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
        ("Frontal/Lateral", "oblique"), ("AP/PA", "XX"), ("StudyDate", "04/05/2019"),
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


def test_unknown_columns_are_named_and_what_stands_in_them_is_left() -> None:
    (line,), summary = read("Nom,Path,Remarque\nDupont,a.png,vu\n")
    assert line == ManifestLine("dropzone", "drop/a.png", facts=line.facts)
    assert summary.unknown == ("Nom", "Remarque")


@pytest.mark.parametrize("path", ["", "../a.png", "a/../../b.png", "/"])
def test_a_path_that_leads_nowhere_is_malformed(path: str) -> None:
    lines, summary = read(f"Path,Sex\n{path},Male\n")
    assert lines == []
    assert (summary.lines, summary.malformed) == (1, 1)


@pytest.mark.parametrize(
    "text",
    ["", "Sex,Age\nMale,3\n", "<html></html>", "\0\0\0", "x" * 20_000, "x" * (3 << 20)],
    ids=["empty", "no path", "page", "zeros", "long word", "no line"],
)
def test_without_the_column_path_it_is_no_manifest(text: str) -> None:
    with pytest.raises(Refusal, match="wanted a column named Path"):
        read(text)


def test_accents_quotes_windows_and_a_byte_order_mark_are_read() -> None:
    (first, second), summary = read(
        b'\xef\xbb\xbfPath,Sex\r\n"\xc3\xa9t\xc3\xa9, 2026/a.png",F\r\n./b.png,M'
    )
    assert (first.key, second.key) == ("drop/été, 2026/a.png", "drop/b.png")
    assert summary.malformed == 0


def test_a_quote_that_nobody_closed_ends_the_reading_and_is_said() -> None:
    lines, summary = read('Path,Sex\na.png,F\n"b.png' + "x" * 20_000 + "\nc.png,F\n")
    assert [line.key for line in lines] == ["drop/a.png"]
    assert summary.malformed == 1


def test_only_the_first_twenty_faults_are_told() -> None:
    _, summary = read("Path,Age\n" + "a.png,old\n" * 50)
    assert (summary.malformed, len(summary.examples)) == (50, 20)


@pytest.mark.parametrize("key", ["labels.csv", "a/b/labels.csv"])
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
