"""What the web server does around the application: gunicorn itself is not started here."""

import gc
from collections.abc import Iterator

import pytest

from tests.web.conftest import Web
from web.serving import Server


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_was_imported_is_never_looked_at_again_by_a_collection(web: Web) -> None:
    server = Server(web.settings, lambda: web.app)
    assert gc.get_freeze_count() == 0

    assert server.load() is web.app

    assert gc.get_freeze_count() > 10_000
    assert len(gc.get_objects()) < 10_000
