"""Is it alive, is it ready, and its figures: /healthz, /readyz, /metrics.

Nothing here needs an account and nothing here says anything of a film.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, Flask, Response, current_app, g, json, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)

from schemas.errors import Unavailable
from web.deps import deps
from web.problems import RETRY_S

health: Final = Blueprint("health", __name__)
_EXTENSION: Final = "radiotheque.metrics"


class Metrics:
    """The web server's figures, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "radiotheque_web_requests_total",
            "Requests answered.",
            ("endpoint", "method", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "radiotheque_web_request_seconds",
            "Seconds until an answer began.",
            ("endpoint",),
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=self.registry,
        )
        self.uploaded = Counter(
            "radiotheque_web_uploaded_files_total", "Files taken.", registry=self.registry
        )
        self.uploaded_bytes = Counter(
            "radiotheque_web_uploaded_bytes_total", "Bytes taken.", registry=self.registry
        )


def install(app: Flask) -> None:
    """Serve the three addresses and measure every request."""
    app.extensions[_EXTENSION] = Metrics()
    app.register_blueprint(health)
    app.before_request(_begin)
    app.after_request(_measure)


def metrics() -> Metrics:
    """Return the running application's figures."""
    found: Metrics = current_app.extensions[_EXTENSION]
    return found


def _begin() -> None:
    g.began = time.perf_counter()


def _measure(response: Response) -> Response:
    # The endpoint, never the path: a path holds ids, and each would be a series of its own.
    endpoint = request.endpoint or "unknown"
    figures = metrics()
    figures.requests.labels(endpoint, request.method, response.status_code).inc()
    if "began" in g:
        figures.seconds.labels(endpoint).observe(time.perf_counter() - g.began)
    return response


@health.get("/healthz")
def alive() -> dict[str, str]:
    """Say that this process answers."""
    return {"status": "alive"}


@health.get("/readyz")
def ready() -> Response:
    """Say whether the stores that a page cannot do without answer, and which does not."""
    probes: dict[str, Callable[[], Any]] = {
        "postgres": deps().rows.ping,
        "minio": deps().objects.ping,
    }
    down = [name for name, probe in probes.items() if not _answers(probe)]
    body = {"status": "waiting" if down else "ready", "down": down}
    status = 503 if down else 200
    response = Response(json.dumps(body), status, content_type="application/json")
    if down:
        response.headers["Retry-After"] = str(RETRY_S)
    return response


@health.get("/metrics")
def figures() -> Response:
    """Return the figures in Prometheus' text form."""
    return Response(generate_latest(metrics().registry), content_type=CONTENT_TYPE_LATEST)


def _answers(probe: Callable[[], Any]) -> bool:
    try:
        probe()
    except Unavailable:
        return False
    return True
