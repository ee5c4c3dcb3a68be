"""From what a file and the deposit form say to what may be kept: pseudonyms and plain facts.

By an allow-list, as PS3.15 E.1 (Basic Application Level Confidentiality Profile) has it: a reader
hands on no more than `FileSays`, and of that only what is named here outlives the handler, each
value by its own rule. Nothing here raises or logs what it was given.

| kept | from | rule |
|---|---|---|
| patient | (0010,0020), (0010,0021) or the form | HMAC of issuer or data set, and trimmed id |
| study | (0020,000D), else patient and day | HMAC |
| view | (0018,5101), PS3.3 C.8.1.1 and C.8.11.5 | PA, AP; LL, RL and LATERAL are LATERAL |
| sex | (0010,0040) | F, M, O |
| age | (0010,1010) as PS3.5 6.2 AS, else the dates | whole years; 90 and over as 90 |
| study date | (0008,0020) or the form | moved by the patient's own weeks; none without a patient |
| orientation | (0020,0020), PS3.3 C.7.6.1.1.1 | two directions of A, P, R, L, H, F |
| pixel spacing | (0018,1164) or (0028,0030) | millimetres, positive |
| maker, device | (0008,0070), (0008,1090) | a short plain word, else nothing |
| presentation | (0020,0020), (0028,0034), (0028,0120) and the like | how samples are shown |
| modality, burned in, window | (0008,0060), (0028,0301), (0028,1050/1051) | fixed words, numbers |

Methods are recorded as codes of PS3.16 CID 7050.
"""

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from ingest.says import FileSays
from schemas.facts import KnownFacts
from schemas.film_turns import DIRECTION
from schemas.presentation import AS_STORED, Presentation
from schemas.pseudonyms import (
    FIRST_FILM,
    day_code,
    kept_age,
    patient_code,
    shifted,
    study_code,
    years_between,
)
from store.records import Fact, FormSays, View

BASIC_PROFILE: Final = "113100"
MODIFIED_DATES: Final = "113107"
PATIENT_CHARACTERISTICS: Final = "113108"
DEVICE_IDENTITY: Final = "113109"

_VIEWS: Final[dict[str, View]] = {
    "PA": "PA",
    "AP": "AP",
    "LL": "LATERAL",
    "RL": "LATERAL",
    "LAT": "LATERAL",
    "LATERAL": "LATERAL",
}
_MODALITIES: Final = frozenset({"CR", "DX", "OT", "SC"})
_SEXES: Final = frozenset({"F", "M", "O"})
_BURNED: Final[dict[str, Literal["yes", "no"]]] = {"YES": "yes", "NO": "no"}
_AGE: Final = re.compile(r"(\d{3})([DWMY])")
#: Also ACR-NEMA's form with points, which PS3.5 6.2 asks readers to know.
_DATE: Final = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
#: No film is so coarse: what says so means something else.
_SPACING_MAX_MM: Final = 10.0
_WORD_MAX: Final = 40
_NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9 .,_+/()&-]+")
#: Longer runs of digits are serial numbers, dates and people's ids, not names of models.
_LONG_NUMBER: Final = re.compile(r"\d(?:[ ./-]?\d){5}")
#: A shorter private word would be found in half of all names of devices by chance.
_TELLING: Final = 4


@dataclass(frozen=True)
class Known:
    """What is kept of one drop besides its samples.

    `also` are other codes for the same patient and study (an id without its issuer, a study by
    its day): another drop that knows less may name them so, and does not contradict.
    `contradicts` names the facts in which form and file disagree; the file's are kept.
    """

    patient: str | None
    study: str | None
    view: View | None
    facts: KnownFacts
    also: tuple[str, ...] = ()
    contradicts: tuple[Fact, ...] = ()


def deidentify(
    says: FileSays,
    form: FormSays,
    *,
    secret: str,
    data_set: str,
    presentation: Presentation = AS_STORED,
) -> Known:
    """Return what may be kept. `data_set` stands for the issuer where an id names none.

    `presentation`: how the film was found to be shown; it is always kept.
    """
    plain = patient_code(secret, data_set, says.patient_id or "")
    issuer = (says.issuer or "").strip()
    own = patient_code(secret, issuer, says.patient_id or "") if issuer else plain
    contradicts: list[Fact] = []
    if own and form.patient and form.patient not in {own, plain}:
        contradicts.append("patient")
        # Filled in for somebody else: none of it is about this film.
        form = FormSays()
    patient = own or form.patient
    names = [name for name in dict.fromkeys((patient, plain)) if name]
    day = _date(says.study_date, earliest=FIRST_FILM)
    days = [day_code(secret, name, day) for name in names] if day else []
    if days and form.study and form.study not in days:
        contradicts.append("study")
    study = study_code(secret, says.study or "") or (days[0] if days else form.study)
    view = _VIEWS.get(_upper(says.view))
    if view and form.view and view != form.view:
        contradicts.append("view")
    kept_day = shifted(secret, patient, day) if patient and day else None
    if kept_day is None and patient == form.patient:
        # Shifted by the form's patient: as another's it would mean nothing.
        kept_day = form.study_date
    return Known(
        patient=patient,
        study=study,
        view=view or form.view,
        facts=_facts(says, kept_day, presentation),
        also=tuple(code for code in (*names[1:], *days) if code != study),
        contradicts=tuple(contradicts),
    )


def _facts(says: FileSays, day: date | None, presentation: Presentation) -> KnownFacts:
    private = _private(says)
    given: dict[str, Any] = {
        "sex": _one_of(says.sex, _SEXES),
        "age": _age(says),
        "study_date": day,
        "orientation": _orientation(says.orientation),
        "pixel_spacing": _spacing(says.pixel_spacing),
        "maker": plain_word(says.maker, private),
        "device": plain_word(says.device, private),
        "modality": _one_of(says.modality, _MODALITIES),
        "window": _window(says.window),
        "presentation": presentation,
        "burned_in": _BURNED.get(_upper(says.burned_in), "unknown"),
    }
    method = [BASIC_PROFILE]
    for code, names in (
        (MODIFIED_DATES, ("study_date",)),
        (PATIENT_CHARACTERISTICS, ("sex", "age")),
        (DEVICE_IDENTITY, ("maker", "device")),
    ):
        if any(given[name] is not None for name in names):
            method.append(code)
    return KnownFacts(**given, method=tuple(method))


def plain_word(text: str | None, private: frozenset[str] = frozenset()) -> str | None:
    """Return a maker's or model's name: 1..40 plain letters, digits and marks, or None.

    Free text of a device may hold anything. A long number, or a word that the same file says of
    its patient, makes it no name of a device: then nothing of it is kept.
    """
    flat = unicodedata.normalize("NFKD", text or "")
    # Accents go, letters stay: Thalès is Thales.
    letters = "".join(letter for letter in flat if not unicodedata.combining(letter))
    word = " ".join(_NOT_PLAIN.sub(" ", letters).split())
    if not any(letter.isalpha() for letter in word) or len(word) > _WORD_MAX:
        return None
    if _LONG_NUMBER.search(word) or any(said in word.casefold() for said in private):
        return None
    return word


def _private(says: FileSays) -> frozenset[str]:
    said = (says.patient_id, says.birth_date, says.study, says.study_date)
    words = {word.strip().casefold() for word in said if word}
    return frozenset(word for word in words if len(word) >= _TELLING)


def _upper(text: str | None) -> str:
    return (text or "").strip().upper()


def _one_of(text: str | None, allowed: frozenset[str]) -> str | None:
    word = _upper(text)
    return word if word in allowed else None


def _date(text: str | None, earliest: date = date.min) -> date | None:
    found = _DATE.fullmatch((text or "").strip())
    if not found:
        return None
    try:
        day = date(*(int(part) for part in found.groups()))
    except ValueError:
        return None
    return day if day >= earliest else None


def _age(says: FileSays) -> int | None:
    found = _AGE.fullmatch(_upper(says.age))
    if found:
        count, unit = int(found[1]), found[2]
        return kept_age(
            {"D": count // 365, "W": count * 7 // 365, "M": count // 12}.get(unit, count)
        )
    birth, day = _date(says.birth_date), _date(says.study_date)
    return kept_age(years_between(birth, day)) if birth and day else None


def _orientation(said: tuple[str, ...]) -> tuple[str, str] | None:
    words = [_upper(word) for word in said]
    if len(words) != 2 or not all(DIRECTION.fullmatch(word) for word in words):
        return None
    return words[0], words[1]


def _spacing(said: tuple[float, ...]) -> tuple[float, float] | None:
    if len(said) != 2 or not all(0 < value <= _SPACING_MAX_MM for value in said):
        return None
    return said[0], said[1]


def _window(said: tuple[float, ...]) -> tuple[float, float] | None:
    if len(said) != 2 or not all(math.isfinite(value) for value in said) or said[1] <= 0:
        return None
    return said[0], said[1]
