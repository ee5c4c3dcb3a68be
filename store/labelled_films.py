"""Films to learn from, with their labels, in PostgreSQL (store/functions/learning.sql)."""

from collections.abc import Iterator
from typing import Final

from store.films import list_row
from store.records import FilmRow
from store.rows import Database

_PAGE: Final = 500


def labelled_films(database: Database, *, page: int = _PAGE) -> Iterator[FilmRow]:
    """Yield each film that a physician or an import labelled, oldest first, page by page.

    Whatever its sharing: this is the command line's. Each page is a transaction of its own; a
    film that is labelled or erased meanwhile may be there or not. Raises Unavailable; Forbidden
    for another login role.
    """
    after = 0
    while True:
        rows = [list_row(row) for row in database.rows("films_labelled", after=after, limit=page)]
        yield from rows
        if len(rows) < page:
            return
        after = rows[-1].position
