"""Drops whose bytes are to go, page by page, past those that cannot be removed.

What cannot be removed stays at the head of its list: it must not hide the others.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final
from uuid import UUID

from schemas.errors import Dead
from store.records import Receipt

PAGE: Final = 200


class Removals:
    """One round over a list of drops; `stuck` are those that could not be removed in it."""

    def __init__(
        self, due: Callable[[int], Sequence[Receipt]], remove: Callable[[Receipt], None]
    ) -> None:
        """Ask nothing yet.

        due: returns the first so many drops that are still to go. remove: removes one's bytes;
        raises Dead where that cannot be done.
        """
        self._due = due
        self._remove = remove
        self.stuck: set[UUID] = set()

    def pages(self) -> Iterator[Iterator[Receipt]]:
        """Yield pages of drops, each as it is removed; what is yielded must leave the list."""
        while page := [
            receipt
            for receipt in self._due(PAGE + len(self.stuck))
            if receipt.id not in self.stuck
        ]:
            yield self._removed(page)

    def _removed(self, page: Sequence[Receipt]) -> Iterator[Receipt]:
        for receipt in page:
            try:
                self._remove(receipt)
            except Dead:
                self.stuck.add(receipt.id)
            else:
                yield receipt
