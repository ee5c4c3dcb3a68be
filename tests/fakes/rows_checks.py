"""What the input check says of films, in memory (store/functions/checks.sql)."""

from dataclasses import replace

from schemas.film_check import is_lateral, known_checks
from tests.fakes.rows_tables import Tables, now


def analyse_again(tables: Tables, film: str) -> None:
    """Forget what models said of a film, so that it is analysed anew."""
    for key in [key for key in tables.analyses if key[0] == film]:
        del tables.analyses[key]
    tables.requested.pop(film, None)
    known = tables.films[film]
    tables.films[film] = replace(known, anew=known.anew + 1)
    tables.updated[film] = now()


def check_known(tables: Tables, film: str) -> None:
    """Say of a film what its view and age tell, where nothing is said yet."""
    known = tables.films[film]
    told = known_checks(view=known.view, age=known.facts.age) | dict(known.checks)
    tables.films[film] = replace(known, checks=told)
    if is_lateral(None, told) and not is_lateral(None, known.checks):
        analyse_again(tables, film)
