"""The catalogue: whole in both languages, and faithful to the project's glossary."""

import re
from pathlib import Path

import pytest

from schemas.findings import FINDINGS
from web.language import LANGUAGES
from web.words import CATALOGUE, FINDING_WORDS, Words

WEB = Path(__file__).parents[2] / "web"
#: Keys that templates and modules build from a state, role, label … by hand.
BUILT = (
    "sharing.", "statement.",
    "role.", "error.", "state.", "group.", "label.", "source.", "view.", "films.", "process.",
    "deposit.", "suspected", "borderline", "not_suspected", "not_assessed", "keys.", "sign_in.",
    "system.", "known.sex.", "check.", "model.kind.", "model.name.", "model.eyes.",
    "model.hundred.", "manifest.kind.", "manifest.fate.", "manifest.encoding.",
    "manifest.separator.",
)  # fmt: skip


def parts(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("key", CATALOGUE)
def test_a_key_has_words_in_both_languages_with_the_same_parts(key: str) -> None:
    french, english = CATALOGUE[key]
    assert french.strip() == french
    assert english.strip() == english
    assert french
    assert english
    assert parts(french) == parts(english)


def test_every_finding_has_a_name_in_both_languages() -> None:
    assert set(FINDING_WORDS) == set(FINDINGS)
    for name in FINDINGS:
        assert Words("en").finding(name) == name
        assert Words("fr").finding(name)


def test_french_findings_are_the_glossary_s() -> None:
    french = Words("fr")
    expected = {
        "Lung Opacity": "Opacité pulmonaire",
        "Consolidation": "Condensation alvéolaire",
        "Pneumonia": "Pneumopathie infectieuse",
        "Edema": "Œdème pulmonaire",
        "Enlarged Cardiomediastinum": "Silhouette cardio-médiastinale élargie",
        "Support Devices": "Matériel en place",
        "No Finding": "Pas d'anomalie décelée",
    }
    assert {name: french.finding(name) for name in expected} == expected


@pytest.mark.parametrize("word", ["probab", "%", "normal", "anonym", "film "])
def test_french_screens_never_say(word: str) -> None:
    said = [text for text, _ in CATALOGUE.values()] + [
        text for names, helps in FINDING_WORDS.values() for text in (names[0], helps[0])
    ]
    assert not [text for text in said if word in f"{text.lower()} "]


@pytest.mark.parametrize("word", ["probab", "%", "normal", "anonym"])
def test_english_screens_never_say(word: str) -> None:
    assert not [text for _, text in CATALOGUE.values() if word in text.lower()]


def test_every_key_that_pages_ask_for_is_in_the_catalogue() -> None:
    asked = set()
    for path in [*WEB.glob("templates/*.html"), *WEB.glob("static/js/**/*.js")]:
        asked |= set(re.findall(r"""words\(\s*["']([a-z_.0-9]+)["']\s*[,)]""", path.read_text()))
    assert len(asked) > 100
    assert asked - set(CATALOGUE) == set()


def test_no_key_lies_unused() -> None:
    text = "".join(
        path.read_text()
        for pattern in ("templates/*.html", "static/js/**/*.js", "pages/*.py")
        for path in WEB.glob(pattern)
    )
    unused = [key for key in CATALOGUE if key not in text and not key.startswith(BUILT)]
    assert unused == []


def test_what_browser_modules_ask_for_travels_in_the_page() -> None:
    carried = Words("fr").for_browser()
    for path in WEB.glob("static/js/**/*.js"):
        asked = re.findall(r"""words\(\s*"([a-z_.0-9]+)"\s*[,)]""", path.read_text())
        assert set(asked) - set(carried) == set(), path.name
    assert carried["finding.Edema"] == "Œdème pulmonaire"


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(KeyError):
        Words(LANGUAGES[0])("no.such.key")
