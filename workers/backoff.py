"""How long to wait before a step is repeated."""

import random
from typing import Final

FIRST_S: Final = 0.2
LONGEST_S: Final = 30.0


class Backoff:
    """0.2 s, doubled each time up to 30 s, each shortened by up to a fifth by chance.

    The chance keeps several workers from knocking on a service that returns all at once.
    """

    def __init__(self, first_s: float = FIRST_S, longest_s: float = LONGEST_S) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._next_s = first_s

    def next_s(self) -> float:
        """Return how long to wait now."""
        wait_s = self._next_s
        self._next_s = min(self._longest_s, wait_s * 2)
        return wait_s * random.uniform(0.8, 1.0)  # noqa: S311 - no secret depends on it

    def reset(self) -> None:
        """Begin again: the step has worked."""
        self._next_s = self._first_s
