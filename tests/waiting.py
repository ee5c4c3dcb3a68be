"""Waiting for a condition with a deadline: what tests do instead of sleeping."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(
    condition: Callable[[], T], timeout_s: float = 20.0, every_s: float = 0.05, what: str = ""
) -> T:
    """Return the condition's first true value; fail with its last one after the deadline."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            name = what or getattr(condition, "__name__", "the condition")
            raise AssertionError(f"after {timeout_s:g} s, {name} is still {value!r}")
        time.sleep(every_s)
