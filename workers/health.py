"""How a worker says that it is well: one small HTTP answer on loopback, and its metrics.

`GET /healthz` answers 200 when the worker runs and waits for nothing, else 503 with what it
waits for; `GET /metrics` answers in Prometheus' text form. Nothing else is served.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest

log = logging.getLogger(__name__)

#: A loop that has not turned for so long is stuck, whatever it believes.
STUCK_S: Final = 60.0


class Health:
    """What one process says of itself. Threads may share it.

    `waiting` names the service that is waited for; `turned` is said each time the loop turns.
    """

    def __init__(
        self,
        name: str,
        clock: Callable[[], float] = time.monotonic,
        stuck_s: float = STUCK_S,
    ) -> None:
        """`stuck_s`: after so long without a turn of its loop the process counts as stuck."""
        self._name = name
        self._stuck_s = stuck_s
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[str, str] = {"start": "its start"}
        self._turned = clock()

    def turned(self) -> None:
        """Say that the loop is alive."""
        with self._lock:
            self._turned = self._clock()

    def wait_for(self, who: str, service: str | None) -> None:
        """Say that a part of the process waits for a service, or (None) no longer does."""
        with self._lock:
            self._waiting.pop("start", None)
            if service is None:
                self._waiting.pop(who, None)
            else:
                self._waiting[who] = service

    def state(self) -> tuple[bool, str]:
        """Return whether all is well, and a short word on it."""
        with self._lock:
            if self._clock() - self._turned > self._stuck_s:
                return False, "stuck"
            waiting = sorted(set(self._waiting.values()))
        if waiting:
            return False, f"waiting for {', '.join(waiting)}"
        return True, "healthy"

    def serve(self, port: int, registry: CollectorRegistry) -> "HealthServer":
        """Serve /healthz and /metrics on loopback (port 0: a free one) until closed."""
        return HealthServer(self, port, registry, self._name)


class HealthServer:
    """The HTTP side; `port` is the port it got."""

    def __init__(self, health: Health, port: int, registry: CollectorRegistry, name: str) -> None:
        class Answers(BaseHTTPRequestHandler):
            """Answers two addresses."""

            def do_GET(self) -> None:
                if self.path == "/healthz":
                    well, word = health.state()
                    body = json.dumps({"name": name, "state": word}).encode()
                    self._send(200 if well else 503, "application/json", body)
                elif self.path == "/metrics":
                    self._send(200, "text/plain; version=0.0.4", generate_latest(registry))
                else:
                    self._send(404, "text/plain", b"not found\n")

            def _send(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Answers)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="health", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
