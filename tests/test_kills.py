"""Each process is killed while films are on their way: nothing is lost, nothing is doubled."""

import os
import signal
import time

import pytest

from store.log import lag
from tests.dropping import Dropper, analysed, events_by_film, films, lag_now, open_letters
from tests.services import WholeStack
from tests.waiting import eventually

EVERY_S = 7.0
BUSY_WITHIN_S = 40.0


@pytest.mark.services
@pytest.mark.timeout(420)
def test_every_process_killed_while_films_flow_and_each_film_ends_analysed_once(
    whole_stack: WholeStack,
) -> None:
    eventually(whole_stack.is_healthy, 90, every_s=1, what="all healthy")
    names = [process["name"] for process in whole_stack.status()["processes"]]
    letters_before = open_letters(whole_stack)
    # Twice as many as an idle machine needs: the drop goes on until the last kill, however long
    # a busy one takes to come back from each.
    made = films(int(len(names) * EVERY_S * 3 * 2), seed=41)
    began = time.monotonic()

    lags: dict[str, int] = {}
    with Dropper(whole_stack, made, f"kills-{time.time():.0f}", every_s=1 / 3) as dropper:
        for number, name in enumerate(names):
            time.sleep(max(0.0, began + 4 + number * EVERY_S - time.monotonic()))
            lags[name] = eventually(
                lambda: lag_now(whole_stack), BUSY_WITHIN_S, what=f"lag before {name}"
            )
            kill(whole_stack, name)
    # Some more may have been put whose answer was lost with MinIO: these are known to be there.
    wanted = list(dropper.dropped)
    assert len(wanted) > len(names) * EVERY_S
    missing = eventually(
        lambda: analysed(whole_stack, wanted) == set(wanted), 150, every_s=1, what="all analysed"
    )
    assert missing
    eventually(whole_stack.is_healthy, 90, every_s=1, what="all healthy again")
    eventually(
        lambda: not any(sum(groups.values()) for groups in lag(whole_stack.settings).values()),
        60,
        every_s=1,
        what="no lag",
    )
    took_s = time.monotonic() - began
    assert all(waiting > 0 for waiting in lags.values()), lags
    assert open_letters(whole_stack) == letters_before
    ids = events_by_film(whole_stack, wanted)
    assert {film: len(of_film) for film, of_film in ids.items()} == dict.fromkeys(wanted, 1)
    assert took_s < 240, f"{len(wanted)} films and {len(names)} kills took {took_s:.0f} s"


def kill(whole: WholeStack, name: str) -> None:
    """SIGKILL the process that `status` names."""
    process = next(entry for entry in whole.status()["processes"] if entry["name"] == name)
    assert process["pid"], f"{name} does not run: {process}"
    os.kill(process["pid"], signal.SIGKILL)
