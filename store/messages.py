"""Messages and headers on their way into PostgreSQL and out of it."""

from collections.abc import Sequence
from typing import Any

from schemas.envelope import Message

Headers = tuple[tuple[str, bytes], ...]


def messages_json(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Return messages as the functions take them (rules.say). Our values are JSON, so text."""
    return [
        {
            "topic": message.topic,
            "key": message.key,
            "headers": dict(message.headers),
            "value": message.value.decode(),
        }
        for message in messages
    ]


def split_headers(headers: Headers) -> tuple[list[str], list[bytes]]:
    """Return names and values apart. A NUL in a name, which no text may hold, becomes U+FFFD."""
    return [name.replace("\0", "\ufffd") for name, _ in headers], [text for _, text in headers]


def join_headers(names: Sequence[str], values: Sequence[bytes]) -> Headers:
    """Return (name, value) pairs."""
    return tuple((name, bytes(text)) for name, text in zip(names, values, strict=True))
