"""Each probe against a small server that answers as the real one does, or just not."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from stack.health import is_healthy
from stack.services import Health

Serve = Callable[[bytes], int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that answers every connection with these bytes, and gives its port."""
    servers: list[socket.socket] = []

    def start(answer: bytes) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def answer_all() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with closing(connection):
                    connection.recv(4096)
                    connection.sendall(answer)

        threading.Thread(target=answer_all, daemon=True).start()
        return int(server.getsockname()[1])

    yield start
    for server in servers:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def healthy(health: Health, port: int) -> bool:
    return is_healthy(health, {health.port: port}, {"valkey_password": "pw"}, timeout_s=0.3)


def kafka_metadata(brokers: int) -> bytes:
    body = struct.pack(">iii", 1, 0, brokers) + b"\0" * 20
    return struct.pack(">i", len(body)) + body


def postgres_message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">i", len(body) + 4) + body


@pytest.mark.parametrize(
    ("health", "answer", "expected"),
    [
        (Health("kafka", "p"), kafka_metadata(1), True),
        # A broker that is still fenced lists nobody.
        (Health("kafka", "p"), kafka_metadata(0), False),
        (Health("kafka", "p"), b"\0", False),
        (Health("postgres", "p"), postgres_message(b"R", struct.pack(">i", 10)), True),
        (Health("postgres", "p"), postgres_message(b"E", b"C57P03\0\0"), False),
        (Health("valkey", "p"), b"+OK\r\n+PONG\r\n", True),
        (Health("valkey", "p"), b"-WRONGPASS invalid\r\n", False),
        (Health("http", "p", "/healthz"), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (Health("http", "p", "/healthz"), b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", False),
        (Health("http", "p", "/healthz"), b"what?", False),
        (Health("http", "p", "/healthz"), b"", False),
    ],
)
def test_a_probe_believes_only_the_right_answer(
    serve: Serve, health: Health, answer: bytes, *, expected: bool
) -> None:
    assert healthy(health, serve(answer)) == expected


@pytest.mark.parametrize("probe", ["kafka", "postgres", "valkey", "http"])
def test_nobody_there_is_unhealthy(probe: str) -> None:
    assert not healthy(Health(probe, "p", "/"), 1)  # type: ignore[arg-type]


def test_a_server_that_says_nothing_is_unhealthy_in_time() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        assert not healthy(Health("postgres", "p"), silent.getsockname()[1])


def test_a_port_that_was_never_chosen_is_unhealthy() -> None:
    assert not is_healthy(Health("http", "web", "/"), {}, {})
