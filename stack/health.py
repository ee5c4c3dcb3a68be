"""Health checks: one function per kind of service, each speaking a little of its protocol.

Standard library only, and each with a timeout of about a second, so that `status` answers soon
with everything down. A check says yes only when the service would do work now.
"""

import http.client
import socket
import struct
from collections.abc import Mapping
from typing import Final

from stack.services import Health

TIMEOUT_S: Final = 1.0
LOOPBACK: Final = "127.0.0.1"
HTTP_OK: Final = 200


def is_healthy(
    health: Health,
    ports: Mapping[str, int],
    secrets: Mapping[str, str],
    timeout_s: float = TIMEOUT_S,
) -> bool:
    """Return whether a service answers its health check; False for whatever goes wrong."""
    port = ports.get(health.port)
    if port is None:
        return False
    try:
        match health.probe:
            case "http":
                return http_answers(port, health.path, timeout_s)
            case "kafka":
                return kafka_answers(port, timeout_s)
            case "postgres":
                return postgres_answers(port, timeout_s)
            case "valkey":
                return valkey_answers(port, secrets.get("valkey_password", ""), timeout_s)
    except (OSError, http.client.HTTPException, struct.error):
        return False


def http_answers(port: int, path: str, timeout_s: float) -> bool:
    """Return whether GET answers 200."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTP_OK
    finally:
        connection.close()


def read_exactly(connection: socket.socket, count: int) -> bytes:
    """Return exactly so many bytes. Raises ConnectionError when the other side ends before."""
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionError("the connection ended early")
        data += part
    return data


def kafka_answers(port: int, timeout_s: float) -> bool:
    """Return whether the broker lists itself in its metadata.

    Metadata request, version 4, for no topics (kafka.apache.org/protocol, API key 3). A broker
    that is still fenced answers, but lists no broker.
    """
    body = struct.pack(">hhih", 3, 4, 1, -1) + struct.pack(">ib", 0, 0)
    with socket.create_connection((LOOPBACK, port), timeout_s) as connection:
        connection.settimeout(timeout_s)
        connection.sendall(struct.pack(">i", len(body)) + body)
        (length,) = struct.unpack(">i", read_exactly(connection, 4))
        # Correlation id, throttle time, then the number of brokers.
        answer = read_exactly(connection, min(length, 12))
        _, _, brokers = struct.unpack(">iii", answer)
    return bool(brokers > 0)


def postgres_answers(port: int, timeout_s: float) -> bool:
    """Return whether the server would let somebody sign in now.

    As pg_isready does: a start-up message (protocol 3.0) is answered by R, a request for a
    password, when connections are taken, and by E (57P03) while it starts or stops.
    """
    parameters = b"user\0postgres\0database\0postgres\0\0"
    message = struct.pack(">ii", 8 + len(parameters), 196608) + parameters
    with socket.create_connection((LOOPBACK, port), timeout_s) as connection:
        connection.settimeout(timeout_s)
        connection.sendall(message)
        kind, length = struct.unpack(">ci", read_exactly(connection, 5))
        # Read it whole: closing with bytes unread resets the connection, and the server logs it.
        read_exactly(connection, length - 4)
    return bool(kind == b"R")


def valkey_answers(port: int, password: str, timeout_s: float) -> bool:
    """Return whether AUTH and PING are answered."""
    with socket.create_connection((LOOPBACK, port), timeout_s) as connection:
        connection.settimeout(timeout_s)
        connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
        expected = b"+OK\r\n+PONG\r\n"
        return read_exactly(connection, len(expected)) == expected
