"""An S3 server on loopback whose objects can be told to fail, each in a way of its own.

It keeps whole objects in memory and checks no signature: as much of S3 as our client asks of an
object. What a real store does with a healthy one is shown on MinIO (tests/store/test_objects.py).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from store.object_tries import Patience

#: Sends an object in a way of its own, given the request and the whole object.
Sends = Callable[["Request", bytes], None]


class S3Server:
    """`objects` by "/bucket/key"; `fails` by the same says how a GET of one goes instead.

    Nobody may put anything into a bucket in `closed`. `down` answers everything 503; `asked`
    counts GETs by path; `headers` are sent with a path's bytes as they were put with it.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.fails: dict[str, Sends] = {}
        self.refuses: set[str] = set()
        self.closed: set[str] = set()
        self.asked: dict[str, int] = {}
        self.down = False
        self.over = threading.Event()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Request)
        self.http.daemon_threads = True
        self.http.s3 = self  # type: ignore[attr-defined]

    @property
    def endpoint(self) -> str:
        """Return host and port."""
        return f"127.0.0.1:{self.http.server_address[1]}"


class Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def s3(self) -> S3Server:
        found: S3Server = self.server.s3  # type: ignore[attr-defined]
        return found

    @property
    def place(self) -> str:
        return unquote(urlsplit(self.path).path)

    def log_message(self, *said: Any) -> None:
        """Say nothing: a failure is what is wanted."""

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["content-length"]))
        if self.place.split("/")[1] in self.s3.closed:
            self.error("AccessDenied", 403)
        elif not self._refused():
            self.s3.objects[self.place] = data
            self.send({"ETag": '"tag"'})

    def do_DELETE(self) -> None:
        if not self._refused():
            self.s3.objects.pop(self.place, None)
            self.send(status=204)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        place = self.place
        self.s3.asked[place] = self.s3.asked.get(place, 0) + 1
        if self._refused():
            return
        data = self.s3.objects.get(place)
        if data is None:
            self.error("NoSuchKey", 404)
        elif place in self.s3.fails:
            self.s3.fails[place](self, data)
        else:
            self.give(data)

    def give(self, data: bytes) -> None:
        """Send an object, or the part of it that was asked for."""
        wanted = self.headers.get("range", "").removeprefix("bytes=")
        said = {"ETag": '"tag"', **self.s3.headers.get(self.place, {})}
        if not wanted:
            self.send(said, data)
            return
        first, last = (int(number) for number in wanted.split("-"))
        if first >= len(data):
            self.error("InvalidRange", 416)
            return
        said["Content-Range"] = f"bytes {first}-{min(last, len(data) - 1)}/{len(data)}"
        self.send(said, data[first : last + 1], 206)

    def send(
        self, said: dict[str, str] | None = None, data: bytes = b"", status: int = 200
    ) -> None:
        """Send an answer with its whole body."""
        self.head({"Content-Length": str(len(data)), **(said or {})}, status)
        if self.command != "HEAD":
            self.wfile.write(data)

    def head(self, said: dict[str, str], status: int = 200) -> None:
        """Send an answer's headers."""
        self.send_response(status)
        for name, text in said.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.flush()

    def error(self, code: str, status: int) -> None:
        """Send an error as S3 says it."""
        text = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
        self.send({"Content-Type": "application/xml"}, text.encode(), status)

    def hang_up(self) -> None:
        """End the connection."""
        self.close_connection = True

    def _refused(self) -> bool:
        if self.s3.down:
            self.error("ServiceUnavailable", 503)
        elif self.command != "GET" and self.place in self.s3.refuses:
            self.error("InternalError", 500)
        else:
            return False
        return True


def error(code: str, status: int) -> Sends:
    """Return a failure that is an answer of S3."""
    return lambda request, _: request.error(code, status)


def short(request: Request, data: bytes) -> None:
    """Send half of an object and end the connection."""
    request.head({"Content-Length": str(len(data))})
    request.wfile.write(data[: len(data) // 2])
    request.hang_up()


def gone_midway(request: Request, data: bytes) -> None:
    """Send half of an object, and then there is none any more."""
    short(request, data)
    del request.s3.objects[request.place]


def stalls(request: Request, data: bytes) -> None:
    """Send half of an object and nothing more, until the server is closed."""
    request.head({"Content-Length": str(len(data))})
    request.wfile.write(data[: len(data) // 2])
    request.wfile.flush()
    request.s3.over.wait(30)
    request.hang_up()


def drips(request: Request, data: bytes) -> None:
    """Send an object a byte at a time, each just in time, until the server is closed."""
    request.head({"Content-Length": str(len(data))})
    for number in range(len(data)):
        request.wfile.write(data[number : number + 1])
        request.wfile.flush()
        if request.s3.over.wait(0.02):
            break
    request.hang_up()


def patience(fails: Sends | None = None) -> Patience:
    """Return how long a test waits: not for what stalls, and for all else as long as it takes."""
    return Patience(first_pause_s=0.001, stall_s=0.5 if fails in {stalls, drips} else 60.0)


def fails_once(sends: Sends) -> Sends:
    """Return a failure that happens once; then the object is given."""

    def send(request: Request, data: bytes) -> None:
        del request.s3.fails[request.place]
        sends(request, data)

    return send


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Run a server; close it, and every stalled answer, at the end."""
    server = S3Server()
    thread = threading.Thread(target=server.http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.http.shutdown()
        server.http.server_close()
        thread.join(5)
