"""Services that go away during a drop: every film ends analysed, without anybody's hand.

Kafka is stopped for 45 s in an ordinary run; OUTAGE_S=360 (`make test-long`)
makes it the six minutes that were promised: longer than any client's own patience.
"""

import os
import time
from contextlib import suppress

import pytest

from schemas.errors import Unavailable
from stack import control
from tests.dropping import Dropper, analysed, films, open_letters
from tests.services import WholeStack
from tests.waiting import eventually

OUTAGE_S = float(os.environ.get("OUTAGE_S", "45"))


@pytest.mark.services
@pytest.mark.timeout(int(OUTAGE_S) + 300)
def test_kafka_stopped_during_a_drop_delays_films_and_loses_none(whole_stack: WholeStack) -> None:
    eventually(whole_stack.is_healthy, 90, every_s=1, what="all healthy")
    letters_before = open_letters(whole_stack)
    before = {row["name"]: row["pid"] for row in whole_stack.status()["processes"]}
    made = films(60, seed=47)
    wanted = [film for film, _ in made]
    supervised = control.connect(whole_stack.state)

    with Dropper(whole_stack, made, f"outage-{time.time():.0f}", every_s=0.25) as dropper:
        eventually(lambda: len(dropper.dropped) >= 15, 30, what="a drop under way")
        supervised.stop("kafka")
        try:
            eventually(dropper.finished, 60, every_s=0.5, what="the drop, without Kafka")
            began = time.monotonic()
            eventually(lambda: time.monotonic() - began > OUTAGE_S, OUTAGE_S + 5, every_s=1)
            assert analysed(whole_stack, wanted) != set(wanted)
            states = {row["name"]: row["state"] for row in whole_stack.status()["processes"]}
            assert states["kafka"] == "stopped"
            # They run, and say that they wait; nothing waits in the relay's outbox.
            assert states["ingest"] == states["analyse"] == states["similar"] == "running"
        finally:
            start_kafka(supervised)
    eventually(
        lambda: analysed(whole_stack, wanted) == set(wanted), 120, every_s=1, what="all analysed"
    )

    assert open_letters(whole_stack) == letters_before
    eventually(whole_stack.is_healthy, 90, every_s=1, what="all healthy again")
    after = {row["name"]: row["pid"] for row in whole_stack.status()["processes"]}
    for name in ("ingest", "analyse", "similar", "relay"):
        assert after[name] == before[name], f"{name} was started again"


@pytest.mark.services
@pytest.mark.timeout(300)
def test_notifications_deleted_during_a_drop_are_made_good_by_the_reconciler(
    whole_stack: WholeStack,
) -> None:
    """MinIO's queue is emptied while Kafka is away; the reconciler finds the objects."""
    from functools import partial

    from ingest.reconciler import Reconciler
    from store.log import lag_of
    from store.objects import connect as connect_objects
    from store.rows import connect as connect_rows

    eventually(whole_stack.is_healthy, 90, every_s=1, what="all healthy")
    made = films(12, seed=53)
    wanted = [film for film, _ in made]
    supervised = control.connect(whole_stack.state)
    stop_kafka(supervised)
    try:
        with Dropper(whole_stack, made, f"deleted-{time.time():.0f}", every_s=0.1) as dropper:
            eventually(dropper.finished, 60, what="the drop")
        lost = empty_queue(whole_stack)
    finally:
        start_kafka(supervised)
    assert lost >= len(made)
    eventually(whole_stack.is_healthy, 90, every_s=1, what="all healthy again")
    assert analysed(whole_stack, wanted) == set()

    # The process of the stack does so for versions older than a minute; here at once.
    settings = whole_stack.settings.model_copy(
        update={"postgres_user": "radiotheque_reconciler", "reconcile_older_s": 0.0}
    )
    rows = connect_rows(settings)
    reconciler = Reconciler(settings, rows, connect_objects(settings), partial(lag_of, settings))

    def made_good() -> bool:
        # As its own loop does: a broker that has just come back may still be loading groups.
        with suppress(Unavailable):
            reconciler.once()
        return analysed(whole_stack, wanted) == set(wanted)

    try:
        eventually(made_good, 120, every_s=2, what="all analysed")
    finally:
        rows.close()


def stop_kafka(supervised: control.Control) -> None:
    """Stop Kafka and wait for its end: one that still stops takes a last notification."""
    supervised.stop("kafka")
    wait_until_stopped(supervised)


def start_kafka(supervised: control.Control) -> None:
    """Start Kafka once its stop has come to its end: one that still stops is not started."""
    wait_until_stopped(supervised)
    supervised.start("kafka")


def wait_until_stopped(supervised: control.Control) -> None:
    eventually(
        lambda: supervised.processes()["kafka"].statename == "STOPPED", 60, what="Kafka stopped"
    )


def empty_queue(whole: WholeStack) -> int:
    """Delete every event that MinIO has put by; return how many."""
    events = [path for path in (whole.state.data("minio") / "queue").rglob("*") if path.is_file()]
    for event in events:
        event.unlink()
    return len(events)
