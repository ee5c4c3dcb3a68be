"""`radiotheque events tail TOPIC`: what is said, as it is said."""

import argparse
import base64
import json
import signal
import sys
import threading
from typing import Any

from schemas.errors import Unavailable


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add `events tail`."""
    group = commands.add_parser("events", help="the events in Kafka")
    actions = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    tail = actions.add_parser("tail", help="a topic's records, one JSON object a line")
    tail.add_argument("topic")
    tail.add_argument("--from-beginning", action="store_true", help="also what was said before")
    tail.add_argument("--max", type=int, default=0, help="end after so many (0: never)")
    tail.set_defaults(run=run_tail)


def run_tail(chosen: argparse.Namespace) -> int:
    """Print records until enough, SIGINT or SIGTERM."""
    from store.log import tail
    from store.settings import load_settings

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    count = 0
    try:
        records = tail(
            load_settings(), chosen.topic, from_beginning=chosen.from_beginning, stop=stop
        )
        for record in records:
            print(json.dumps(as_json(record), ensure_ascii=False), flush=True)
            count += 1
            if count == chosen.max:
                break
    except (ValueError, Unavailable) as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read has read enough.
        sys.stderr.close()
    return 0


def as_json(record: Any) -> dict[str, Any]:
    """Return a record as JSON says it: data as JSON where it is, else as text or base64."""
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp_ms": record.timestamp_ms,
        "key": _said(record.key),
        "headers": {name: _said(value) for name, value in record.headers.items()},
        "data": _data(record.value),
    }


def _data(value: bytes | None) -> Any:
    try:
        return json.loads(value or b"null")
    except ValueError:
        return _said(value)


def _said(value: bytes | None) -> Any:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}
