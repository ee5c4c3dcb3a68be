"""Which lines of text are marks of a film, and which may name somebody."""

import pytest

from bench.mark_places import DATES, MISREAD_LINES, NAMES, NUMBERS, TECHNIQUE_LINES
from ingest.technique_words import TECHNIQUE
from ingest.text_marks import Marks

MARKS = Marks()


@pytest.mark.parametrize(
    "line",
    ["L", "R", "AP", "PA", "AP PORTABLE", "portable", "Semi-Erect", "kV 80", "D", "↑", "", "1 2 3",
     "Debout", "PHANTOM"],
)  # fmt: skip
def test_marks_of_a_film_name_nobody(line: str) -> None:
    assert not MARKS.may_name(line)


@pytest.mark.parametrize(
    "line",
    ["DUPONT", "Dupont^Jeanne", "04/05/61", "1961-05-04", "IPP 00123", "Épône", "AP LDMD",
     "Hôpital Nord", "JD 4471"],
)  # fmt: skip
def test_names_numbers_and_dates_may_name_somebody(line: str) -> None:
    assert MARKS.may_name(line)


@pytest.mark.parametrize("language", TECHNIQUE)
def test_every_shipped_word_passes_in_capitals_small_letters_and_without_accents(
    language: str,
) -> None:
    for entry in TECHNIQUE[language]:
        for form in (entry, entry.lower(), entry.title()):
            assert not MARKS.may_name(form), form


def test_lines_of_technique_pass_in_six_languages_also_as_they_are_misread() -> None:
    lines = (*TECHNIQUE_LINES, *MISREAD_LINES)
    assert [line for line in lines if MARKS.may_name(line)] == []


def test_not_one_name_date_or_number_passes_alone_or_beside_any_line_of_technique() -> None:
    for line in (*NAMES, *DATES, *NUMBERS):
        assert MARKS.may_name(line), line
        for technique in (*TECHNIQUE_LINES, *MISREAD_LINES):
            assert MARKS.may_name(f"{technique} {line}"), (technique, line)
            assert MARKS.may_name(f"{line} {technique}"), (technique, line)


def test_a_time_of_day_passes_and_a_date_or_a_number_of_its_digits_does_not() -> None:
    for time in ("08:15", "8:15", "14:32:10", "10h30", "6 Uhr", "14.32 Uhr", "0815 hrs", "7 AM"):
        assert not MARKS.may_name(time), time
    for other in ("08/15", "08.15.61", "08:15/61", "0815", "08:1561", "108:15", "25:15", "08-15"):
        assert MARKS.may_name(other), other


def test_words_that_people_are_called_pass_within_a_phrase_only() -> None:
    for phrase, name in (("ICU ward", "WARD"), ("PICC line", "LINE"), ("côté droit", "Côté"),
                         ("a letto", "Letto")):  # fmt: skip
        assert not MARKS.may_name(phrase)
        assert MARKS.may_name(name)
        assert MARKS.may_name(f"{name}, J.")


def test_a_position_that_people_are_called_passes_alone_or_beside_a_time_or_a_setting() -> None:
    for line in ("assis", "ASSIS", "Supino", "supino 08:15", "assis 10h30", "ASSIS 85 kV",
                 "AP assis", "decúbito supino"):  # fmt: skip
        assert not MARKS.may_name(line), line
    for line in ("Assis, J.", "J. ASSIS", "ASSIS, R", "D ASSIS", "D'Assis", "de Assis",
                 "ASSIS ANA", "Assis^", "SUPINO Paolo", "portable Assis", "LI SUPINO",
                 "ASSIS 04.05.61", "ID 77 ASSIS", "assis assis"):  # fmt: skip
        assert MARKS.may_name(line), line


def test_a_misread_word_of_a_phrase_is_that_word() -> None:
    for line in ("decybito supino", "ecubito supino", "DECUBlTO SUPINO"):
        assert not MARKS.may_name(line), line
    for line in ("decybito Supini", "decybito supino MEIER", "decybito, Supino Paolo", "Decybo"):
        assert MARKS.may_name(line), line


@pytest.mark.parametrize(
    "name",
    ["Statton", "Streicher", "Izquierdo", "Escamilla", "Richter", "Revilla", "Ruecker", "Witting",
     "Jorgens", "Morgans", "Mogens", "Surina", "Lieven", "Stephen", "Baster", "Enright", "Ochten",
     "van Ochten", "Portal", "Couch", "Uche"],
)  # fmt: skip
def test_names_a_letter_from_a_mark_are_no_marks(name: str) -> None:
    for line in (name, name.upper(), f"AP {name}", f"{name} 10h30", f"{name} portable supine"):
        assert MARKS.may_name(line), line


def test_parts_of_a_day_pass_and_those_that_people_are_called_beside_a_time_only() -> None:
    alone = ("soir", "midi", "nuit", "morgens", "mittags", "abends", "nachts", "mañana", "noche",
             "ochtend", "middag", "avond", "morning", "evening", "night")  # fmt: skip
    called = ("matin", "Nacht", "noon", "tarde", "sera", "mattina", "notte")
    for word in (*alone, *called):
        for line in (f"{word} 08:15", f"AP {word.upper()} 7h05", f"14.32 Uhr {word}"):
            assert not MARKS.may_name(line), line
        assert MARKS.may_name(f"{word} 04.05.61"), word
        assert MARKS.may_name(f"{word} DUPONT 08:15"), word
    assert [word for word in alone if MARKS.may_name(word)] == []
    for name in (*called, "MORGEN", "Mittag", "Letto"):
        assert MARKS.may_name(name), name
        assert MARKS.may_name(f"{name} Paul 08:15"), name


@pytest.mark.parametrize(
    "line",
    ["exspiratie", "expirium", "inspiratie", "inspiración profunda", "Kassette 24", "Rücken",
     "Ruecken", "al letto", "torace a letto", "inspiration profonde", "in tiefer Inspiration"],
)  # fmt: skip
def test_breath_cassette_and_back_are_technique(line: str) -> None:
    assert not MARKS.may_name(line)


def test_a_site_adds_words_and_phrases_of_its_own() -> None:
    own = Marks(["Assis", "Saal Nord"])
    assert not own.may_name("assis")
    assert not own.may_name("SAAL NORD 08:15")
    assert own.may_name("NORD")
    assert own.may_name("SAAL NORD MEIER")
    assert MARKS.may_name("SAAL NORD")
