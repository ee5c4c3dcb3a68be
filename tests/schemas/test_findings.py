"""CheXpert's fourteen, in its order, and what a score makes of each."""

import pytest

from schemas.findings import (
    FINDINGS,
    INDEX,
    READING_ORDER,
    STATES,
    Label,
    finding_index,
    finding_state,
)


def test_there_are_chexperts_fourteen_in_its_order() -> None:
    assert len(FINDINGS) == len(set(FINDINGS)) == 14
    assert FINDINGS[0] == "No Finding"
    assert FINDINGS[5] == "Edema"
    assert FINDINGS[-1] == "Support Devices"
    assert [INDEX[name] for name in FINDINGS] == list(range(14))


def test_screens_show_each_finding_once() -> None:
    shown = [name for _, names in READING_ORDER for name in names]
    assert sorted(shown) == sorted(FINDINGS)


def test_an_unknown_finding_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"wanted one of No Finding, .*; came 'Œdème'"):
        finding_index("Œdème")
    assert finding_index("Edema") == 5


@pytest.mark.parametrize(
    ("probability", "suspected", "borderline", "state"),
    [
        (0.7, 0.7, 0.3, "suspected"),
        (0.69, 0.7, 0.3, "borderline"),
        (0.3, 0.7, 0.3, "borderline"),
        (0.29, 0.7, 0.3, "not_suspected"),
        (0.0, 0.7, 0.3, "not_suspected"),
        (None, 0.7, 0.3, "not_assessed"),
        (0.9, None, None, "not_assessed"),
        # No borderline band where `sensitive` lies above `suspected`.
        (0.5, 0.4, 0.6, "suspected"),
        (0.39, 0.4, 0.6, "not_suspected"),
    ],
)
def test_a_score_is_read_against_both_thresholds(
    probability: float | None, suspected: float | None, borderline: float | None, state: str
) -> None:
    assert finding_state(probability, suspected, borderline) == state


@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
def test_an_unreliable_finding_is_never_suspected_whatever_its_score(probability: float) -> None:
    assert finding_state(probability, 0.7, 0.3, unreliable=True) == "unreliable"
    # What is not assessed cannot be unreliable either.
    assert finding_state(None, 0.7, 0.3, unreliable=True) == "not_assessed"


def test_states_have_the_numbers_that_rows_have() -> None:
    assert STATES == ("not_assessed", "not_suspected", "borderline", "suspected", "unreliable")


def test_a_label_is_one_nought_or_minus_one() -> None:
    assert {label.name: int(label) for label in Label} == {
        "PRESENT": 1, "ABSENT": 0, "UNCERTAIN": -1,
    }  # fmt: skip
