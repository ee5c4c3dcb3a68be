"""How a person's codes and dates are kept: keyed by the site's secret, so only the site can tell.

Ingest reduces what files say by these rules, and web what the deposit form says, before anything
is stored: the same patient dropped by both is one patient with one shift of dates.

- A patient is an HMAC of the issuer of the id or, where none is named, of the data set, and the
  id without its padding. PS3.15 E.1-1 (0010,0020) asks for a dummy value; ours is the same for
  all films of a patient and cannot be found by trying ids without the secret.
- A study is an HMAC of its UID or, where a drop names none, of patient and day.
- Dates move by whole weeks, always back (no kept date lies in the future), so weekday and, nearly,
  season stay; how far is the patient's own. PS3.15 E.3.6, Retain Longitudinal Temporal
  Information with Modified Dates. Within a year: the era of detectors and epidemics stays.
- Ages from 90 on are one (HIPAA, 45 CFR 164.514(b)(2)(i)(C)).
"""

from datetime import date, timedelta
from typing import Final

from schemas.facts import OLDEST_AGE
from schemas.identities import keyed_code

#: Dates move back by 1 to so many weeks.
WEEKS: Final = 52
#: Röntgen's first films: nothing before this is the day of an examination.
FIRST_FILM: Final = date(1895, 11, 8)
#: Nobody was older: beyond this an age is a slip of the pen.
_OLDEST_EVER: Final = 125


def patient_code(secret: str, scope: str, patient: str) -> str | None:
    """Return the pseudonym of a patient; None for an id of blanks only.

    `scope` is the issuer of the id or the data set: "1" of two hospitals is two people.
    """
    return keyed_code(secret, "patient", scope, patient) if patient.strip() else None


def study_code(secret: str, uid: str) -> str | None:
    """Return the pseudonym of a study by its UID; None for a UID of blanks only."""
    return keyed_code(secret, "study", uid) if uid.strip() else None


def day_code(secret: str, patient: str, day: date) -> str:
    """Return the pseudonym of a study known only by its patient's pseudonym and its day."""
    return keyed_code(secret, "day", patient, day.isoformat())


def shifted(secret: str, patient: str, day: date) -> date:
    """Return a day moved back by the whole weeks that are this patient's own.

    `patient` is the pseudonym. Without a patient there is nothing to shift by: such a date is
    not kept (ADR 0075).
    """
    weeks = 1 + int(keyed_code(secret, "shift", patient), 16) % WEEKS
    return day - timedelta(weeks=weeks)


def kept_age(years: int) -> int | None:
    """Return an age in whole years as it is kept: 90 and over as 90; None when it is none."""
    return min(years, OLDEST_AGE) if 0 <= years <= _OLDEST_EVER else None


def years_between(birth: date, day: date) -> int:
    """Return the whole years from a birth to a day; negative when the birth comes later."""
    before_birthday = (day.month, day.day) < (birth.month, birth.day)
    return day.year - birth.year - before_birthday
