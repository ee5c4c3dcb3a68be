"""Live events: what a browser hears of its receipts."""

import json
import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from store.records import Drop, Receipt, Role
from tests.waiting import eventually
from tests.web.conftest import Answer, Web, build
from tests.web.library import add_film
from web.live import Hub, hub_of


def open_receipt(web: Web, role: Role = "radiologist") -> Receipt:
    """Return a new receipt of that role's account."""
    drop = Drop("dropzone", f"uploads/{uuid4()}", "v", 1, "first", "local", "upload",
                depositor=web.accounts[role].id)  # fmt: skip
    return web.rows.receipts.open_many([drop])[0]


def listen(web: Web, *receipts: UUID, role: Role = "radiologist") -> Answer:
    """Open a stream, as a browser would."""
    ids = ",".join(str(receipt) for receipt in receipts)
    return web.client().get(
        f"/live/receipts?ids={ids}", headers={"Authorization": f"Bearer {web.tokens[role]}"}
    )


def events(answer: Answer) -> Iterator[tuple[str, Any]]:
    """Yield (event, data) of a stream; a heartbeat is ("", None)."""
    for chunk in answer.response:
        text = chunk.decode() if isinstance(chunk, bytes) else chunk
        fields = dict(line.split(": ", 1) for line in text.strip().split("\n"))
        if "event" in fields:
            yield fields["event"], json.loads(fields["data"])
        elif "retry" not in fields:
            yield "", None


def reject(web: Web, receipt: Receipt) -> None:
    web.rows.receipts.reject(receipt, code="empty", wanted="a film", came="0 bytes", events=[])


def test_a_stream_begins_with_how_each_receipt_stands(web: Web) -> None:
    first, second = open_receipt(web), open_receipt(web)
    stream = events(listen(web, first.id, second.id))

    assert [next(stream)[1]["id"] for _ in range(2)] == [str(first.id), str(second.id)]


def test_a_change_is_heard_with_its_reason_and_the_stream_ends_with_the_last_receipt(
    web: Web,
) -> None:
    first, second = open_receipt(web), open_receipt(web)
    stream = events(listen(web, first.id, second.id))
    next(stream)
    next(stream)
    listening(web)

    reject(web, second)
    kind, said = next(stream)
    assert (kind, said["id"], said["state"]) == ("receipt", str(second.id), "rejected")
    assert said["reason"]["message"].startswith("Le fichier est vide")

    reject(web, first)
    assert next(stream)[1]["id"] == str(first.id)
    assert next(stream) == ("end", {})
    assert list(stream) == []


def listening(web: Web) -> None:
    """Wait until the hub's thread waits for signals (the fake wakes only those who wait)."""
    lock = web.rows.tables.lock
    eventually(lambda: bool(lock._waiters), 5, 0.005)  # type: ignore[attr-defined]


def test_receipts_that_are_all_final_are_told_and_the_stream_ends(web: Web) -> None:
    receipt = open_receipt(web)
    reject(web, receipt)

    assert [kind for kind, _ in events(listen(web, receipt.id))] == ["receipt", "end"]


def test_a_lost_wake_up_costs_a_heartbeat_at_most(web: Web) -> None:
    hub_of(web.app)._heartbeat_s = 0.02
    receipt = open_receipt(web)
    stream = events(listen(web, receipt.id))
    next(stream)

    web.rows.tables.receipts[receipt.id] = Receipt(**{**receipt.__dict__, "state": "quarantined"})

    heard = [kind for kind, _ in stream]
    assert heard[0] == ""
    assert heard[-2:] == ["receipt", "end"]


def test_the_rows_going_away_do_not_end_a_stream(web: Web) -> None:
    hub_of(web.app)._heartbeat_s = 0.02
    receipt = open_receipt(web)
    stream = events(listen(web, receipt.id))
    next(stream)

    web.rows.down = True
    assert [next(stream)[0] for _ in range(3)] == [""] * 3
    web.rows.down = False
    reject(web, receipt)

    assert [kind for kind, _ in stream if kind] == ["receipt", "end"]


@pytest.mark.parametrize(("role", "status"), [("viewer", 404), ("steward", 200), ("admin", 200)])
def test_only_the_depositor_and_stewards_hear_of_a_receipt(
    web: Web, role: Role, status: int
) -> None:
    receipt = open_receipt(web)
    reject(web, receipt)

    assert listen(web, receipt.id, role=role).status_code == status
    assert hub_of(web.app).streams == 0 or status == 200


def test_a_stranger_hears_nothing(web: Web) -> None:
    receipt = open_receipt(web)

    answer = web.client().get(f"/live/receipts?ids={receipt.id}")

    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")


@pytest.mark.parametrize(("ids", "status"), [("", 422), ("x", 404), (str(UUID(int=7)), 404)])
def test_ids_that_mean_nothing_are_refused(web: Web, ids: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {web.tokens['admin']}"}

    assert web.client().get(f"/live/receipts?ids={ids}", headers=headers).status_code == status


def test_too_many_receipts_in_one_stream_are_refused(web: Web) -> None:
    assert listen(web, *(uuid4() for _ in range(201))).status_code == 422


def test_streams_never_take_more_than_half_of_the_threads(tmp_path: Any) -> None:
    web = build(tmp_path, web_threads=4)
    receipt = open_receipt(web)
    streams = [listen(web, receipt.id) for _ in range(2)]

    refused = listen(web, receipt.id)
    assert refused.status_code == 503
    assert refused.headers["Retry-After"].isdigit()

    streams[0].close()
    assert listen(web, receipt.id).status_code == 200
    for stream in streams:
        stream.close()


def test_a_stopping_server_ends_its_streams(web: Web) -> None:
    receipt = open_receipt(web)
    answer = listen(web, receipt.id)
    stream = events(answer)
    next(stream)

    threading.Timer(0.02, hub_of(web.app).stop).start()

    assert list(stream) == []
    assert listen(web, receipt.id).status_code == 503


def test_a_bulk_drop_wakes_nobody_who_does_not_wait_for_it(web: Web) -> None:
    hub = Hub(web.rows, 2, heartbeat_s=0.05)
    receipt = open_receipt(web)
    number = hub.enter([receipt.id])
    listening(web)

    add_film(web, "of the bulk")

    assert hub.wait(number) is None
    reject(web, receipt)
    assert hub.wait(number) == receipt.id
    hub.leave(number)
    assert hub.streams == 0


def test_the_stream_is_not_buffered_on_its_way(web: Web) -> None:
    receipt = open_receipt(web)
    reject(web, receipt)

    headers = listen(web, receipt.id).headers

    assert headers["Content-Type"].startswith("text/event-stream")
    assert headers["X-Accel-Buffering"] == "no"
    assert headers["Cache-Control"] == "no-store"
