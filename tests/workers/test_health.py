"""What a worker says of itself over HTTP."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from workers.health import Health, HealthServer
from workers.metrics import WorkerMetrics


@pytest.fixture
def served() -> Iterator[tuple[Health, WorkerMetrics, HealthServer]]:
    health, metrics = Health("analyse"), WorkerMetrics("analyse")
    server = health.serve(0, metrics.registry)
    yield health, metrics, server
    server.close()


def ask(server: HealthServer, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}") as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_it_is_not_healthy_before_it_has_started_nor_while_it_waits(
    served: tuple[Health, WorkerMetrics, HealthServer],
) -> None:
    health, _, server = served
    assert ask(server, "/healthz")[0] == 503

    health.wait_for("log", None)
    assert ask(server, "/healthz") == (200, json.dumps({"name": "analyse", "state": "healthy"}))

    health.wait_for("log", "kafka")
    health.wait_for("batch", "postgres")
    status, body = ask(server, "/healthz")
    assert (status, json.loads(body)["state"]) == (503, "waiting for kafka, postgres")

    health.wait_for("log", None)
    assert json.loads(ask(server, "/healthz")[1])["state"] == "waiting for postgres"


def test_a_loop_that_does_not_turn_is_stuck() -> None:
    now = 0.0
    health = Health("analyse", lambda: now)
    health.wait_for("log", None)

    now = 59.0
    assert health.state() == (True, "healthy")
    now = 61.0
    assert health.state() == (False, "stuck")
    health.turned()
    assert health.state() == (True, "healthy")


def test_figures_are_there_by_fate(
    served: tuple[Health, WorkerMetrics, HealthServer],
) -> None:
    _, metrics, server = served
    metrics.fates(done=3, passed=1, dead=2)
    metrics.batch(6, 0.2)
    metrics.age(1.5)
    metrics.waiting(now=True)

    _, text = ask(server, "/metrics")

    assert 'radiotheque_records_total{fate="dead",group="analyse"} 2.0' in text
    assert 'radiotheque_records_total{fate="done",group="analyse"} 3.0' in text
    assert 'radiotheque_batch_records_sum{group="analyse"} 6.0' in text
    assert 'radiotheque_waiting{group="analyse"} 1.0' in text


def test_nothing_else_is_served(
    served: tuple[Health, WorkerMetrics, HealthServer],
) -> None:
    assert ask(served[2], "/")[0] == 404
