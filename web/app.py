"""The web application: pages for people, /api/v1 for programs, live events, health.

`create_app(settings, deps)` puts the parts together on stores that somebody else opened, so
tests run it on fakes. `serve(settings, status)` opens the real ones and serves.
"""

import importlib
import importlib.util
import logging
from collections.abc import Callable
from typing import Any

from flask import Flask

from store.settings import Settings
from web import api, auth, bodies, cards, films, health, limits, live, problems, security
from web import deps as given
from web.accounts import KnownAccounts
from web.deps import Deps

log = logging.getLogger(__name__)


def create_app(settings: Settings, deps: Deps) -> Flask:
    """Return the application. It opens nothing and starts no thread until it is asked."""
    app = api.application()
    given.install(app, settings, deps)
    health.install(app)
    limits.install(app, limits.Limits())
    bodies.install(app)
    auth.install(app, KnownAccounts(deps.rows.accounts))
    security.install(app, settings)
    problems.install(app)
    films.install(app, films.KnownModels(deps.rows.models))
    cards.install(app, cards.KnownCards(deps.objects))
    api.install(app)
    live.install(app, settings, deps.rows)
    _add_pages(app)
    return app


def _add_pages(app: Flask) -> None:
    """Register the pages' blueprints, where the pages are there: the API stands without them."""
    if importlib.util.find_spec("web.pages") is None:
        log.warning("There are no pages; only the API is served.")
        return
    pages = importlib.import_module("web.pages")
    for blueprint in pages.blueprints():
        app.register_blueprint(blueprint)
    if hasattr(pages, "error_page"):
        problems.style_errors(app, pages.error_page)


def serve(settings: Settings, status: Callable[[], dict[str, Any]]) -> None:
    """Serve until SIGTERM, by gunicorn. `status` answers as `radiotheque status --json`."""
    from web.serving import Server

    Server(settings, lambda: create_app(settings, open_deps(settings, status))).run()


def open_deps(settings: Settings, status: Callable[[], dict[str, Any]]) -> Deps:
    """Return the real stores; each opens its connections when it is first asked."""
    from store.cache import RedisCache
    from store.objects import MinioObjects
    from store.rows import connect
    from store.similar import Similar

    rows, cache = connect(settings), RedisCache(settings)
    similar = Similar(settings, rows, cache)
    return Deps(rows, MinioObjects(settings), cache, similar, status)
