"""Commands of the command line about the stack: up, down, status, secrets, logs, prepare."""

import argparse
import json
import sys
from typing import Any

from radiotheque.film_commands import add_authorised


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add this group's commands."""
    up = commands.add_parser("up", help="start everything and wait until it is healthy")
    up.add_argument("--services-only", action="store_true", help="only what is not ours")
    up.add_argument("--any-ports", action="store_true", help="leave the usual ports to others")
    up.set_defaults(run=run_up)
    down = commands.add_parser("down", help="stop everything; returns when nothing is left")
    down.set_defaults(run=run_down)
    status = commands.add_parser("status", help="how every process is")
    status.add_argument("--json", action="store_true", help="one JSON object and nothing else")
    status.set_defaults(run=run_status)
    secrets = commands.add_parser("secrets", help="the keys and accounts that were made")
    secrets.add_argument("--json", action="store_true", help="one JSON object and nothing else")
    secrets.set_defaults(run=run_secrets)
    logs = commands.add_parser("logs", help="the end of every log, or of one")
    logs.add_argument("name", nargs="?", help="a process")
    logs.add_argument("-n", "--lines", type=int, default=20)
    logs.set_defaults(run=run_logs)
    demo = commands.add_parser("demo", help="start everything and fill it with films")
    demo.add_argument(
        "--films",
        help="a folder of PNG, JPEG, TIFF, JPEG XL or DICOM films (default: 48 phantoms)",
    )
    add_authorised(demo)
    demo.set_defaults(run=run_demo)
    prepare = commands.add_parser(
        "prepare", help="migrate, make buckets, users, topics and the first account"
    )
    prepare.set_defaults(run=run_prepare)


def run_up(chosen: argparse.Namespace) -> int:
    """Start everything."""
    from stack.lifecycle import StartFailedError, up
    from stack.run import CommandFailedError
    from stack.state import current_state

    try:
        up(
            current_state(),
            services_only=chosen.services_only,
            prefer_usual_ports=not chosen.any_ports,
        )
    except (StartFailedError, CommandFailedError, PermissionError, ValueError) as error:
        print(f"the start failed: {error}", file=sys.stderr)
        print("`make logs` shows more, `make down` ends what runs", file=sys.stderr)
        return 1
    return 0


def run_demo(chosen: argparse.Namespace) -> int:
    """Start everything, drop films, wait until each is analysed."""
    from radiotheque import demo
    from stack.lifecycle import StartFailedError
    from stack.run import CommandFailedError

    try:
        return demo.run_demo(chosen)
    except (
        demo.DemoFailedError,
        StartFailedError,
        CommandFailedError,
        PermissionError,
        ValueError,
    ) as error:
        print(f"the demo failed: {error}", file=sys.stderr)
        print("`make status` and `make logs` show more", file=sys.stderr)
        return 1


def run_down(chosen: argparse.Namespace) -> int:
    """Stop everything."""
    del chosen
    from stack.lifecycle import down
    from stack.state import current_state

    down(current_state())
    return 0


def run_status(chosen: argparse.Namespace) -> int:
    """Print how every process is; 0 when all run."""
    import logging

    from stack.state import current_state
    from stack.status import as_table, is_well, take_status

    # What a driver says of a service that is down would stand around the answer.
    logging.disable()
    status = take_status(current_state())
    print(json.dumps(status, indent=1) if chosen.json else as_table(status), flush=True)
    return 0 if is_well(status) else 1


def run_secrets(chosen: argparse.Namespace) -> int:
    """Print the secrets that people and programs need."""
    from stack import passwords
    from stack.state import current_state

    kept = passwords.read_secrets(current_state())
    if not kept:
        print("there are no secrets yet: `make up` makes them", file=sys.stderr)
        return 1
    shown = {
        "s3": {"access_key": passwords.S3_DROP_USER, "secret_key": kept["s3_drop_secret"]},
        "web": {
            "user": passwords.WEB_USER,
            "password": kept["web_password"],
            "token": kept["web_token"],
        },
    }
    if chosen.json:
        print(json.dumps(shown, indent=1))
        return 0
    for part, values in shown.items():
        for name, value in values.items():
            print(f"{part}.{name:<12} {value}")
    return 0


def run_logs(chosen: argparse.Namespace) -> int:
    """Print the end of logs."""
    from stack.lifecycle import tail
    from stack.services import BY_NAME
    from stack.state import current_state

    logs = current_state().logs
    if chosen.name is not None and chosen.name not in BY_NAME:
        print(f"want one of {', '.join(BY_NAME)}, got {chosen.name!r}", file=sys.stderr)
        return 2
    for name in [chosen.name] if chosen.name else BY_NAME:
        print(f"--- {logs / name}.log\n{tail(logs / f'{name}.log', chosen.lines)}")
    return 0


def run_prepare(chosen: argparse.Namespace) -> int:
    """Prepare the stores. `up` runs it with the keys of the administrators."""
    del chosen
    from radiotheque.preparation import prepare

    prepare()
    return 0
