"""What is known of a film besides its pixels, as *Lecture* lists it."""

from datetime import date

from schemas.facts import OLDEST_AGE
from store.records import Film, FilmDetail
from web.language import Language
from web.pages.formats import day, number
from web.words import Words

Line = tuple[str, str]


def known_lines(film: Film, language: Language) -> list[Line]:
    """Return (what it is, what is known) in the language, known facts only."""
    words = Words(language)
    facts = film.facts
    lines: list[Line] = []

    def add(key: str, text: str | None) -> None:
        if text:
            lines.append((words(key), text))

    add("known.view", words(f"view.{film.view}") if film.view else None)
    add("known.sex", words(f"known.sex.{facts.sex}") if facts.sex else None)
    add("known.age", None if facts.age is None else _age(facts.age, words))
    add("known.date", _date(facts.study_date, words, language) if facts.study_date else None)
    if facts.pixel_spacing:
        row, column = (number(value, language, 3) for value in facts.pixel_spacing)
        add("known.spacing", f"{row} × {column} mm")
    add("known.orientation", "\\".join(facts.orientation) if facts.orientation else None)
    add("known.device", " ".join(word for word in (facts.maker, facts.device) if word))
    add("known.modality", facts.modality)
    return lines


def provenance_lines(detail: FilmDetail, language: Language) -> list[Line]:
    """Return (what it is, what is known) of where a film comes from and who may see it."""
    words = Words(language)
    origin = detail.provenance
    stated = words("provenance.no_statement")
    if origin.statement is not None:
        when = day(origin.stated_at, language)
        stated = words("provenance.stated_on", version=origin.statement, when=when)
    return [
        (words("provenance.site"), origin.site),
        (words("provenance.source"), origin.source),
        (words("provenance.licence"), origin.licence or words("provenance.no_licence")),
        (words("provenance.sharing"), words(f"sharing.{origin.sharing}")),
        (words("provenance.stated"), stated),
    ]


def _age(years: int, words: Words) -> str:
    if years == OLDEST_AGE:
        return words("known.oldest", years=years)
    return words("known.year" if years <= 1 else "known.years", years=years)


def _date(day: date, words: Words, language: Language) -> str:
    text = day.strftime("%d/%m/%Y") if language == "fr" else day.isoformat()
    return words("known.shifted", date=text)
