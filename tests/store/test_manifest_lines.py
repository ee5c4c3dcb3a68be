"""What several lines of a manifest say of one film together."""

from datetime import date
from itertools import permutations

import pytest

from schemas.facts import KnownFacts
from store.manifest_lines import line_of, merged, said_of
from store.records_manifests import ManifestLine

BASE = "113100"


def line(number: int, **said: object) -> ManifestLine:
    facts = {name: said.pop(name) for name in ("sex", "age", "study_date") if name in said}
    method = [BASE]
    method += ["113107"] if "study_date" in facts else []
    method += ["113108"] if facts.keys() & {"sex", "age"} else []
    known = KnownFacts(**facts, method=tuple(method))  # type: ignore[arg-type]
    return ManifestLine("b", "k", line=number, facts=known, **said)  # type: ignore[arg-type]


def values(of: ManifestLine) -> ManifestLine:
    """Return a line without the numbers of lines, which are by the order of reading."""
    return line_of(said_of(of), "b", "k", left=dict.fromkeys(of.left, 0))


LINES = (
    line(2, patient="p", study="s", study_date=date(2020, 1, 6), labels={"Edema": 1}),
    line(3, patient="p", sex="F", labels={"Edema": 0, "Fracture": 1}),
    line(4, patient="p", sex="F", age=61, labels={"Fracture": 1}, view="PA"),
)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_in_any_order_and_said_again_the_same_comes(order: tuple[int, ...]) -> None:
    together = LINES[order[0]]
    for place in (*order[1:], *order):
        together = merged(together, LINES[place])
    assert values(together) == line_of(
        {
            "patient": "p",
            "study": "s",
            "view": "PA",
            "facts": {
                "sex": "F",
                "age": 61,
                "study_date": "2020-01-06",
                "method": [BASE, "113107", "113108"],
            },
            "labels": {"Fracture": 1},
        },
        "b",
        "k",
        left={"Edema": 0},
    )


def test_the_line_that_contradicted_first_is_named() -> None:
    together = merged(merged(LINES[0], LINES[1]), line(9, labels={"Edema": -1, "Fracture": 0}))
    assert together.left == {"Edema": 3, "Fracture": 9}
    assert together.line == 2


def test_days_of_two_patients_are_one_contradiction_and_no_day_stays() -> None:
    one = line(2, patient="p", study="s", study_date=date(2020, 1, 6), sex="F")
    two = line(3, patient="q", study="t", study_date=date(2020, 3, 2), sex="F")
    for together in (merged(one, two), merged(merged(one, two), one), merged(two, one)):
        assert set(together.left) == {"PatientID"}
        assert (together.patient, together.study, together.facts.study_date) == (None, None, None)
        assert together.facts.sex == "F"
        assert together.facts.method == (BASE, "113108")


def test_two_days_of_one_patient_contradict_each_other_and_the_patient_stays() -> None:
    one = line(2, patient="p", study="s", study_date=date(2020, 1, 6))
    two = line(3, patient="p", study="t", study_date=date(2020, 3, 2))
    together = merged(one, two)
    assert together.left == {"StudyDate": 3}
    assert (together.patient, together.study, together.facts.study_date) == ("p", None, None)
