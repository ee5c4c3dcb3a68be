"""*Bilan du manifeste*: a manifest's summary, as a browser without scripts gets it."""

import re

import pytest

from tests.web.conftest import Web
from tests.web.test_api_manifests import put
from tests.web.test_pages import signed_in


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", ("Windows-1252", "point-virgule", "Premières lignes qui attendent : 2, 4")),
        ("en", ("Windows-1252", "semicolon", "First lines that wait: 2, 4")),
    ],
)
def test_the_page_says_how_it_was_understood_and_where_the_first_faults_are(
    web: Web, language: str, said: tuple[str, ...]
) -> None:
    receipt = put(web)
    client = signed_in(web, "steward")
    page = client.get(f"/depot/manifestes/{receipt}", headers={"Accept-Language": language}).text
    for words in said:
        assert words in page
    assert re.search(r'data-kind="day"><td class="count">12</td>', page)
    assert re.search(r'data-fate="absent"><td class="count">2</td>', page)
    assert re.search(r'<td class="count">4</td><td class="column">StudyDate</td>', page)
    assert "Remarque" in page
    assert f"/api/v1/receipts/{receipt}/manifest.csv" in page


def test_whoever_does_not_know_of_the_receipt_sees_no_page(web: Web) -> None:
    receipt = put(web)
    assert signed_in(web, "viewer").get(f"/depot/manifestes/{receipt}").status_code == 404
