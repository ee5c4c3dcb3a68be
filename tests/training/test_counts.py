"""Table 1 of a collection."""

import numpy as np

from schemas.findings import FINDINGS
from tests.training.tables import films
from training.data.counts import count_findings, table_one
from training.data.table import NOT_MENTIONED


def test_every_film_is_counted_once_for_each_finding() -> None:
    labels = np.full((8, 14), NOT_MENTIONED, np.int8)
    edema = FINDINGS.index("Edema")
    labels[:, edema] = (1, 1, 1, -1, -1, 0, NOT_MENTIONED, NOT_MENTIONED)
    labels[:, 0] = 0
    counts = count_findings(films("abcdefgh", labels=labels))
    assert [each.finding for each in counts] == list(FINDINGS)
    found = counts[edema]
    said = (found.positive, found.uncertain, found.negative, found.not_mentioned)
    assert said == (3, 2, 1, 2)
    assert (counts[0].negative, counts[0].not_mentioned) == (8, 0)
    assert {each.films for each in counts} == {8}


def test_the_table_has_a_line_for_each_finding_with_counts_and_shares() -> None:
    labels = np.full((8, 14), NOT_MENTIONED, np.int8)
    edema = FINDINGS.index("Edema")
    labels[:, edema] = (1, 1, 1, -1, -1, 0, NOT_MENTIONED, NOT_MENTIONED)
    head, *lines = table_one(count_findings(films("abcdefgh", labels=labels))).splitlines()
    assert head.split("  ")[0] == "Finding"
    assert [line[:28].strip() for line in lines] == list(FINDINGS)
    assert lines[edema].split() == [
        "Edema", "3", "(37.50)", "2", "(25.00)", "1", "(12.50)", "2", "(25.00)",
    ]  # fmt: skip


def test_a_table_without_films_counts_nothing() -> None:
    counts = count_findings(films(""))
    assert {each.percent(each.positive) for each in counts} == {0.0}
