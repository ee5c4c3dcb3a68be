"""`radiotheque drop-keys`: a key for each depositor, which opens their own prefix and no more."""

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from schemas.errors import Conflict, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from store.settings import Settings


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add `drop-keys add|list|remove`."""
    group = commands.add_parser("drop-keys", help="depositors' keys to the bucket dropzone")
    actions = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="make a key, and print its secret this once")
    add.add_argument("name", help="whose it is: small letters, digits, -")
    add.add_argument("--prefix", required=True, help="all it may put, list and read: `site-a/`")
    add.add_argument("--json", action="store_true", help="one JSON object and nothing else")
    add.set_defaults(run=lambda chosen: _as_root(run_add, chosen))
    shown = actions.add_parser("list", help="one JSON object a line, without secrets")
    shown.set_defaults(run=lambda chosen: _as_root(run_list, chosen))
    remove = actions.add_parser("remove", help="from now on this key opens nothing")
    remove.add_argument("name")
    remove.set_defaults(run=lambda chosen: _as_root(run_remove, chosen))


def run_add(chosen: argparse.Namespace, settings: "Settings") -> int:
    """Make a key. Its secret is kept by MinIO alone: who loses it makes another key."""
    from stack.passwords import make_secret
    from store.object_users import add_drop_key

    secret = make_secret("s3_drop_secret")
    key = add_drop_key(settings, chosen.name, chosen.prefix, secret)
    shown = {"access_key": key.user, "secret_key": secret, "prefix": key.prefix}
    if chosen.json:
        print(json.dumps(shown))
        return 0
    for name, value in shown.items():
        print(f"{name:<12} {value}")
    print("the secret is shown this once", file=sys.stderr)
    return 0


def run_list(chosen: argparse.Namespace, settings: "Settings") -> int:
    """Print every key with its prefix."""
    from store.object_users import drop_keys

    del chosen
    for key in drop_keys(settings):
        print(json.dumps(asdict(key)))
    return 0


def run_remove(chosen: argparse.Namespace, settings: "Settings") -> int:
    """Remove a key. What was dropped with it stays."""
    from store.object_users import remove_drop_key

    remove_drop_key(settings, chosen.name)
    print(f"removed {chosen.name}")
    return 0


def _as_root(
    command: "Callable[[argparse.Namespace, Settings], int]", chosen: argparse.Namespace
) -> int:
    """Run a command with MinIO's root key, from the state folder or the environment."""
    from stack.passwords import MINIO_ROOT_USER, read_secrets
    from stack.state import current_state
    from store.settings import load_settings

    root: dict[str, Any] = {}
    secrets = read_secrets(current_state())
    if "minio_root_password" in secrets:
        root["s3_access_key"] = MINIO_ROOT_USER
        root["s3_secret_key"] = secrets["minio_root_password"]
    try:
        return command(chosen, load_settings(**root))
    except (ValueError, Conflict, NotFound) as error:
        print(f"drop-keys: {error}", file=sys.stderr)
        return 2
    except Unavailable as error:
        print(f"drop-keys: {error}", file=sys.stderr)
        return 1
