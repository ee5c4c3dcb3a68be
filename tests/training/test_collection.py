"""Folders of films and labels: what is read, what is left out, and how that is said."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.findings import FINDINGS
from tests.training.collections import (
    HEADER,
    chexpert_line,
    chexpert_path,
    write_collection,
)
from training.data.collection import Collection, read_collection
from training.data.problems import write_problems
from training.data.table import NO_AGE, NOT_MENTIONED
from training.errors import WrongInput

NIH_HEADER = "file,findings,patient_id,view,sex,age,licence,source"
ONE, TWO = chexpert_path(1), chexpert_path(2)


def reasons(found: Collection) -> dict[str, str]:
    assert len({each.path for each in found.problems}) == len(found.problems)
    return {each.path: each.reason for each in found.problems}


def read_text(parent: Path, text: str, encoding: str = "utf-8") -> Collection:
    """Read a train.csv of this text, with the films of two patients there."""
    data = write_collection(parent, [chexpert_line(ONE), chexpert_line(TWO)])
    (data / "train.csv").write_bytes(text.encode(encoding))
    return read_collection(data)


def test_chexperts_columns_are_read_with_every_label_apart(tmp_path: Path) -> None:
    said = {"Edema": "1.0", "Pneumonia": "0.0", "Atelectasis": "-1.0"}
    lines = [
        chexpert_line(ONE, said, sex="Female", age="68", view="PA"),
        chexpert_line(TWO, sex="Male", age="90", view="LL"),
        chexpert_line(chexpert_path(3), sex="Unknown", age="0", view="AP"),
    ]
    found = read_collection(write_collection(tmp_path, lines))
    table = found.table
    assert (found.form, found.problems, found.laterals) == ("chexpert", (), 0)
    assert table.paths.tolist() == [ONE, TWO, chexpert_path(3)]
    assert table.patients.tolist() == ["patient00001", "patient00002", "patient00003"]
    first = dict(zip(FINDINGS, table.labels[0].tolist(), strict=True))
    assert (first["Edema"], first["Pneumonia"], first["Atelectasis"]) == (1, 0, -1)
    assert sorted(first.values()) == [NOT_MENTIONED] * 11 + [-1, 0, 1]
    assert table.labels.dtype == np.int8
    assert table.views.tolist() == ["PA", "", "AP"]
    assert table.sexes.tolist() == ["F", "M", ""]
    assert table.ages.tolist() == [68, 90, NO_AGE]
    assert all(Path(file).is_file() for file in table.files)


def test_an_age_of_0_is_one_where_the_row_says_infant(tmp_path: Path) -> None:
    said = (("0", "1"), ("0", "0"), ("0", ""), ("", "1"), ("3", "1"), ("0", "yes"))
    lines = [
        chexpert_line(chexpert_path(place), age=age) + f",{infant}"
        for place, (age, infant) in enumerate(said)
    ]
    found = read_collection(write_collection(tmp_path, lines, header=f"{HEADER},Infant"))
    assert found.table.ages.tolist() == [0, NO_AGE, NO_AGE, NO_AGE, 3, NO_AGE]
    assert reasons(found) == {chexpert_path(5): "Infant: came 'yes', taken as not said"}


def test_a_path_is_tried_against_the_folders_parent_before_the_folder(tmp_path: Path) -> None:
    data = write_collection(tmp_path, [chexpert_line(ONE), chexpert_line("train/patient7/a.jpg")])
    within = data / "train" / "patient7" / "a.jpg"
    within.parent.mkdir(parents=True)
    within.touch()
    both = data / ONE
    both.parent.mkdir(parents=True)
    both.touch()
    assert read_collection(data).table.files.tolist() == [
        str(tmp_path / ONE),
        str(tmp_path / "train/patient7/a.jpg"),
    ]
    (tmp_path / "train/patient7/a.jpg").unlink()
    (tmp_path / ONE).unlink()
    assert read_collection(data).table.files.tolist() == [str(both), str(within)]


def test_a_folder_named_by_a_dot_has_a_parent_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write_collection(tmp_path, [chexpert_line(ONE)]))
    assert read_collection(Path()).table.files.tolist() == [str(tmp_path / ONE)]


def test_the_films_of_valid_csv_are_the_test_set_and_keep_their_labels(tmp_path: Path) -> None:
    write_collection(tmp_path, [chexpert_line(ONE, {"Edema": "1.0"}), chexpert_line(TWO)])
    data = write_collection(tmp_path, [chexpert_line(TWO, {"Edema": "0.0"})], name="valid.csv")
    found = read_collection(data)
    fixed = dict(zip(found.table.paths.tolist(), found.table.fixed.tolist(), strict=True))
    assert fixed == {ONE: "", TWO: "test"}
    place = found.table.paths.tolist().index(TWO)
    assert found.table.labels[place, FINDINGS.index("Edema")] == 0
    assert reasons(found) == {TWO: "listed more than once: the first is kept, labels differ"}


def test_nihs_labels_are_read_into_the_same_columns(tmp_path: Path) -> None:
    lines = [
        'a.png,Edema|Mass,007,PA,M,50,"open, asked",site one',
        "b.png,No Finding,008,AP,F,,open,two",
    ]
    (tmp_path / "labels.csv").write_text("\n".join((NIH_HEADER, *lines)) + "\n")
    for name in "ab":
        (tmp_path / f"{name}.png").touch()
    found = read_collection(tmp_path)
    table = found.table
    assert (found.form, found.problems) == ("nih", ())
    first = dict(zip(FINDINGS, table.labels[0].tolist(), strict=True))
    assert {name for name, label in first.items() if label == 1} == {
        "Edema",
        "Lung Opacity",
        "Lung Lesion",
    }
    assert {name for name, label in first.items() if label == NOT_MENTIONED} == {
        "Enlarged Cardiomediastinum",
        "Fracture",
        "Support Devices",
    }
    assert table.patients.tolist() == ["007", "008"]
    assert table.views.tolist() == ["PA", "AP"]
    assert table.sexes.tolist() == ["M", "F"]
    assert table.ages.tolist() == [50, NO_AGE]
    assert table.sources.tolist() == ["site one", "two"]
    assert table.files.tolist() == [str(tmp_path / "a.png"), str(tmp_path / "b.png")]


def test_an_odd_line_of_nihs_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    lines = [
        "a.png,Edema,1,PA,M,50,open,one",
        "b.png,Oedema,1,PA,M,50,open,one",
        "c.png,Edema,,PA,M,50,open,one",
        "d.png,Edema,1,PA,M,fifty,open,one",
        ",Edema,1,PA,M,50,open,one",
        "e.png,Edema,1",
    ]
    (tmp_path / "labels.csv").write_text("\n".join((NIH_HEADER, *lines)) + "\n")
    for name in "abcd":
        (tmp_path / f"{name}.png").touch()
    found = read_collection(tmp_path)
    assert found.table.paths.tolist() == ["a.png", "d.png"]
    assert reasons(found) == {
        "b.png": "labels.csv line 3: wanted NIH's names, came 'Oedema': left out",
        "c.png": "wanted a patient's code, came '': left out",
        "d.png": "age: came 'fifty', taken as not said",
        "labels.csv line 6": "wanted a file, came none: left out",
        "labels.csv line 7": "wanted 8 cells, came 3: left out",
    }


def test_laterals_are_left_out_and_counted_or_kept(tmp_path: Path) -> None:
    side = chexpert_path(1, view=2, lateral=True)
    other = chexpert_path(2, view=2, lateral=True)
    lines = [chexpert_line(path) for path in (ONE, side, other, other)]
    data = write_collection(tmp_path, lines)
    without, kept = read_collection(data), read_collection(data, laterals=True)
    assert (without.table.paths.tolist(), without.laterals) == ([ONE], 2)
    assert (kept.table.paths.tolist(), kept.laterals) == ([ONE, side, other], 0)
    assert kept.table.views.tolist() == ["AP", "LATERAL", "LATERAL"]


def test_columns_for_patient_and_source_are_read_where_they_are(tmp_path: Path) -> None:
    lines = [f"{chexpert_line(path)},{code},Lyon" for path, code in ((ONE, "B7"), (TWO, ""))]
    table = read_collection(
        write_collection(tmp_path, lines, header=f"{HEADER},Patient,Source")
    ).table
    assert table.patients.tolist() == ["B7", "patient00002"]
    assert table.sources.tolist() == ["Lyon", "Lyon"]


def test_every_problem_is_named_once_and_the_rest_goes_on(tmp_path: Path) -> None:
    gone, twice = chexpert_path(3), chexpert_path(4)
    lines = [chexpert_line(path) for path in (ONE, gone, twice, twice, twice, gone)]
    data = write_collection(tmp_path, [f"{line},x" for line in lines], header=f"{HEADER},Weight")
    (tmp_path / gone).unlink()
    found = read_collection(data)
    write_problems(found.problems, tmp_path / "problems.csv")
    with (tmp_path / "problems.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["Path", "reason"],
            [gone, "no such file: left out"],
            [twice, "listed more than once: the first is kept"],
            ["Weight", "unknown column: not read"],
        ]
    assert found.table.paths.tolist() == [ONE, twice]


def test_one_file_under_two_paths_is_one_film(tmp_path: Path) -> None:
    other = ONE.removeprefix("Small/")
    data = write_collection(tmp_path, [chexpert_line(ONE)])
    lines = [chexpert_line(path) for path in (ONE, other, f"Small/./{other}")]
    (data / "train.csv").write_text("\n".join((HEADER, *lines)))
    found = read_collection(data)
    assert found.table.paths.tolist() == [ONE]
    assert reasons(found) == {ONE: "listed more than once: the first is kept"}


@pytest.mark.parametrize("label", ["2.0", "-2", "present", "nan", "-0.5", "1,0", "inf", "1e400"])
def test_a_label_that_is_none_leaves_its_film_out(tmp_path: Path, label: str) -> None:
    line = chexpert_line(TWO, {"Edema": f'"{label}"'})
    found = read_text(tmp_path, "\n".join((HEADER, chexpert_line(ONE), line)))
    assert found.table.paths.tolist() == [ONE]
    assert reasons(found) == {
        TWO: f"train.csv line 3: Edema: wanted 1, 0, -1 or nothing, came {label!r}: left out"
    }


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"sex": "X"}, "Sex: came 'X', taken as not said"),
        ({"age": "-4"}, "Age: came '-4', taken as not said"),
        ({"age": "old"}, "Age: came 'old', taken as not said"),
        ({"age": "nan"}, "Age: came 'nan', taken as not said"),
        ({"age": "9" * 5000}, f"Age: came '{'9' * 40}', taken as not said"),
        ({"view": "oblique"}, "AP/PA: came 'oblique', taken as not said"),
    ],
)
def test_what_a_film_can_be_without_is_taken_as_not_said(
    tmp_path: Path, said: dict[str, str], reason: str
) -> None:
    found = read_collection(write_collection(tmp_path, [chexpert_line(ONE, {}, **said)]))
    assert reasons(found) == {ONE: reason}
    table = found.table
    assert {"sex": table.sexes[0], "age": table.ages[0], "view": table.views[0]}[
        next(iter(said))
    ] in ("", NO_AGE)


def test_a_film_that_is_neither_frontal_nor_lateral_is_left_out(tmp_path: Path) -> None:
    lines = [
        chexpert_line(ONE, side="oblique"),
        chexpert_line(TWO, side=""),
        chexpert_line("Small/train/patient00003/a.jpg", side=""),
    ]
    found = read_collection(write_collection(tmp_path, lines))
    assert found.table.paths.tolist() == [TWO]
    assert reasons(found) == {
        ONE: "train.csv line 2: wanted Frontal or Lateral, came 'oblique': left out",
        "Small/train/patient00003/a.jpg": "train.csv line 4: wanted Frontal or Lateral,"
        " came '': left out",
    }


@pytest.mark.parametrize(
    "path",
    [
        "/etc/hostname",
        "Small/../../etc/hostname",
        "Small/train/patient00009/\0.jpg",
        "Small/train/patient00009/" + "a" * 5000,
        "Small/train/patient00009/" + "a" * 500,
        "Small/train/patient00001",
        "Small/train/\ufffdpatient00009/a_frontal.jpg",
    ],
)
def test_a_path_that_is_no_film_of_the_folder_is_a_problem(tmp_path: Path, path: str) -> None:
    text = "\n".join((HEADER, chexpert_line(ONE), chexpert_line(path, side="Frontal")))
    found = read_text(tmp_path, text)
    assert found.table.paths.tolist() == [ONE]
    (problem,) = found.problems
    assert problem.reason.endswith("left out")
    assert len(problem.path) <= 1024
    write_problems(found.problems, tmp_path / "problems.csv")


def test_a_film_without_patient_is_left_out(tmp_path: Path) -> None:
    lines = [chexpert_line("Small/a_frontal.jpg"), chexpert_line(ONE)]
    found = read_collection(write_collection(tmp_path, lines))
    assert found.table.paths.tolist() == [ONE]
    assert reasons(found) == {"Small/a_frontal.jpg": "wanted a patient's code, came '': left out"}


@pytest.mark.parametrize(
    ("change", "encoding"),
    [
        (lambda text: text, "utf-8-sig"),
        (lambda text: text.replace("\n", "\r\n"), "utf-8"),
        (lambda text: text.replace("\n", "\r"), "utf-8"),
        (lambda text: text.replace(",", ";"), "utf-8"),
        (lambda text: text.replace(",", "\t"), "utf-8"),
        (lambda text: text.replace(",", " , "), "utf-8"),
        (lambda text: text.replace(HEADER, HEADER.lower()), "utf-8"),
        (lambda text: text.replace(",1.0,", ",1,"), "utf-8"),
        (lambda text: text.replace("\n", ",,\n").replace(",,\n", "\n", 1), "utf-8"),
        (lambda text: text.replace(ONE, f'"{ONE}"'), "utf-8"),
        (lambda text: text + "\n\n,,,\n", "utf-8"),
    ],
)
def test_a_csv_is_read_as_people_send_it(
    tmp_path: Path, change: Callable[[str], str], encoding: str
) -> None:
    lines = [chexpert_line(path, {"Edema": "1.0"}) for path in (ONE, TWO)]
    found = read_text(tmp_path, change("\n".join((HEADER, *lines))), encoding)
    assert found.problems == ()
    assert found.table.paths.tolist() == [ONE, TWO]
    assert found.table.labels[:, FINDINGS.index("Edema")].tolist() == [1, 1]


def test_a_quote_that_nobody_closes_spoils_its_own_line_only(tmp_path: Path) -> None:
    text = "\n".join((HEADER, f'"{chexpert_line(ONE)}', chexpert_line(TWO)))
    found = read_text(tmp_path, text)
    assert found.table.paths.tolist() == [TWO]
    assert reasons(found) == {"train.csv line 2": "a quote is not closed: left out"}


def test_columns_that_are_missing_or_there_twice_are_named(tmp_path: Path) -> None:
    text = f"Path,Edema,Edema,Frontal/Lateral\n{ONE},1.0,0.0,Frontal\n"
    found = read_text(tmp_path, text)
    assert found.table.labels[0, FINDINGS.index("Edema")] == 1
    assert found.table.labels[0].tolist().count(NOT_MENTIONED) == 13
    named = reasons(found)
    assert named["Edema"] == "column that is there more than once: the first is read"
    assert set(named) == set(HEADER.split(",")) - {"Path", "Frontal/Lateral"}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "has neither"),
        ({"valid.csv": HEADER}, "has neither"),
        ({"train.csv": ""}, "wanted the columns Path; came ''"),
        ({"train.csv": "\0\1\2"}, "wanted the columns Path"),
        ({"train.csv": "name,Edema\na,1\n"}, "came 'name,Edema'"),
        ({"train.csv": "Path,Age\na,1\n"}, "none of the fourteen"),
        ({"train.csv": HEADER}, "no film that can be used"),
        ({"train.csv": f"{HEADER}\n{chexpert_line(ONE)}"}, f"{ONE}: no such file"),
        ({"labels.csv": "file,findings\na.png,Edema\n"}, "patient_id; came 'file,findings'"),
    ],
)
def test_another_folder_is_refused_in_one_line(
    tmp_path: Path, files: dict[str, str], said: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(WrongInput, match=r".") as raised:
        read_collection(tmp_path)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_or_nothing_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    for name in ("a", "b"):
        with pytest.raises(WrongInput, match="wanted a folder with train"):
            read_collection(tmp_path / name)


CELLS = st.one_of(
    st.sampled_from([ONE, TWO, "1.0", "-1.0", "", '"', "Frontal", "Lateral", "\0", "9" * 400]),
    st.text(max_size=12),
)
LINES = st.lists(st.lists(CELLS, max_size=21).map(",".join), max_size=12)


@pytest.fixture(scope="module")
def two_films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lines = [chexpert_line(ONE), chexpert_line(TWO)]
    return write_collection(tmp_path_factory.mktemp("fuzzed"), lines)


@settings(deadline=None, max_examples=60)
@given(header=st.sampled_from([HEADER, HEADER.lower(), NIH_HEADER, "Path,Edema"]), lines=LINES)
def test_whatever_stands_in_a_csv_there_are_films_or_one_line(
    two_films: Path, header: str, lines: list[str]
) -> None:
    text = "\n".join((header, chexpert_line(ONE), *lines))
    (two_films / "train.csv").write_bytes(text.encode(errors="surrogatepass"))
    said = ""
    try:
        found = read_collection(two_films, laterals=len(lines) % 2 == 1)
    except WrongInput as wrong:
        said = str(wrong)
    assert "\n" not in said
    if not said:
        assert set(found.table.paths.tolist()) <= {ONE, TWO}
        assert set(np.unique(found.table.labels).tolist()) <= {1, 0, -1, NOT_MENTIONED}
        write_problems(found.problems, two_films / "problems.csv")
        with (two_films / "problems.csv").open(newline="") as file:
            assert all(len(row) == 2 for row in csv.reader(file))
