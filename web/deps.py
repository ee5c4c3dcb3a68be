"""What the web application is given: the stores, the search and the state of the system.

`create_app` keeps them on the application; a view asks `deps()` and `settings()`. Nothing here
opens anything, so the same application runs on the real stores and on fakes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from flask import current_app

from store.ports import Cache, Objects, Rows
from store.records import Neighbour
from store.settings import Settings

_DEPS: Final = "radiotheque.deps"
_SETTINGS: Final = "radiotheque.settings"


class SimilarFilms(Protocol):
    """The search for look-alikes (store/similar.py)."""

    def answer(
        self,
        film: str,
        k: int = ...,
        finding: str | None = ...,
        *,
        site: str,
        account: UUID | None,
        same_patient: bool = ...,
    ) -> tuple[Neighbour, ...]:
        """Return the k most alike films, near-duplicates folded. Raises NotFound."""
        ...


@dataclass(frozen=True)
class Deps:
    """Everything the application talks to. `status` answers as `radiotheque status --json`."""

    rows: Rows
    objects: Objects
    cache: Cache
    similar: SimilarFilms
    status: Callable[[], dict[str, Any]]


def install(app: Any, settings: Settings, deps: Deps) -> None:
    """Keep settings and stores on the application."""
    app.extensions[_SETTINGS] = settings
    app.extensions[_DEPS] = deps


def deps() -> Deps:
    """Return the running application's stores."""
    found: Deps = current_app.extensions[_DEPS]
    return found


def settings() -> Settings:
    """Return the running application's settings."""
    found: Settings = current_app.extensions[_SETTINGS]
    return found
