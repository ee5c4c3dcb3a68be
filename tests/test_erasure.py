"""A film's whole way and its end, on the real services: nothing is left of it anywhere."""

import json
import time
import urllib.request
from contextlib import closing
from typing import Any

import pytest

from store.cache import RedisCache
from store.objects import connect as connect_objects
from store.ports import rendition_key
from store.rows import connect as connect_rows
from tests.dropping import analysed, drop_settings, films
from tests.services import WholeStack, admin_settings
from tests.store.test_removal_tables import KEPT, tables_with
from tests.waiting import eventually

BUCKETS = ("dropzone", "quarantine", "radiographs")


def ask(whole: WholeStack, method: str, path: str, body: Any = None) -> Any:
    """Ask the running web over HTTP; return the answer's JSON."""
    request = urllib.request.Request(
        f"{whole.web_url}/api/v1{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {whole.token}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def drop(whole: WholeStack, key: str, data: bytes) -> None:
    connect_objects(drop_settings(whole)).put("dropzone", key, data, "image/png")


def receipt(whole: WholeStack, key: str, state: str) -> dict[str, Any]:
    """Return the receipt of a key once it is in this state."""

    def found() -> dict[str, Any]:
        items: list[dict[str, Any]] = ask(whole, "GET", f"/receipts?key={key}")["items"]
        return next((item for item in items if item["state"] == state), {})

    return eventually(found, 90, every_s=0.3, what=f"{key} {state}")


def held(whole: WholeStack, film: str, prefix: str) -> list[str]:
    """Return the keys of all objects of a film, or whose key begins so."""
    objects = connect_objects(whole.settings)
    keys = (key for bucket in BUCKETS for key, *_ in objects.versions(bucket))
    return [key for key in keys if film in key or key.startswith(prefix)]


@pytest.mark.services
@pytest.mark.timeout(420)
def test_an_erased_film_is_nowhere_is_refused_and_comes_back_when_lifted(
    whole_stack: WholeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, mark = whole_stack, f"erase-{time.time():.0f}"
    eventually(whole.is_healthy, 90, every_s=1, what="all healthy")
    (film, data), (other, other_data) = films(2, seed=int(time.time()) % 100_000)
    drop(whole, f"{mark}/a.png", data)
    drop(whole, f"{mark}/b.png", other_data)
    wanted = {film, other}
    eventually(lambda: analysed(whole, list(wanted)) == wanted, 120, every_s=0.5, what="analysed")
    verdicts = {"labels": {"Edema": 1}, "answer_visible": False}
    ask(whole, "POST", f"/radiographs/{film}/validations", verdicts)
    ask(whole, "POST", f"/radiographs/{film}/comments", {"text": "à revoir"})
    ask(whole, "GET", f"/radiographs/{film}")
    ask(whole, "GET", f"/radiographs/{film}/similar")
    near = ask(whole, "GET", f"/radiographs/{other}/similar")["items"]
    assert any(film in (one["id"], *one["duplicates"]) for one in near)
    operator = whole.settings.model_copy(update={"postgres_user": "radiotheque_operator"})
    admin = admin_settings(whole.settings)
    objects = connect_objects(whole.settings)
    with closing(connect_rows(operator)) as rows, closing(RedisCache(whole.settings)) as cache:
        version, site = rows.vectors.version(), whole.settings.site
        questions = [f"{one}:{version}:12:-:0:{site}" for one in (film, other)]
        assert all(cache.get_similar(question) is not None for question in questions)
        row = tables_with(admin, film)
        assert row >= {"film", "card", "analysis", "label", "reading", "comment", "shown"}

        # This command's own setting: the second pass is due in a second, not in ten minutes.
        monkeypatch.setenv("RADIOTHEQUE_ERASE_AGAIN_S", "1")
        assert whole.command("film", "remove", film).returncode == 0

        eventually(lambda: rows.erasures.get(film) is None, 90, every_s=0.3, what="both passes")
        assert held(whole, film, f"{mark}/a") == []
        assert tables_with(admin, film, f"{mark}/a.png") - KEPT == set()
        assert [cache.get_similar(question) for question in questions] == [None, None]
    near = ask(whole, "GET", f"/radiographs/{other}/similar")["items"]
    assert not any(film in (one["id"], *one["duplicates"]) for one in near)

    drop(whole, f"{mark}/c.png", data)
    refused = receipt(whole, f"{mark}/c.png", "rejected")
    assert refused["reason"]["code"] == "erased"
    eventually(lambda: not held(whole, film, mark), what="the refused drop's objects are gone")

    assert whole.command("film", "lift", film).returncode == 0
    drop(whole, f"{mark}/d.png", data)
    receipt(whole, f"{mark}/d.png", "analysed")
    assert objects.read("radiographs", rendition_key(film, "full"))
    assert analysed(whole, [film]) == {film}
