"""The secrets of one state folder: made once, kept in secrets.json (mode 0600)."""

import json
import secrets
from typing import Final

from stack.state import State, read_json, write_whole

#: Every secret, and what it opens.
SECRETS: Final = {
    "site_secret": "keys the pseudonyms of patients and studies",
    "postgres_admin_password": "PostgreSQL's superuser, for migrations only",
    "postgres_password": "the login roles of our programs",
    "minio_root_password": "MinIO's root user, for preparing buckets only",
    "s3_program_secret": "the MinIO user of our programs",
    "s3_drop_secret": "the MinIO user that may only drop into dropzone",
    "valkey_password": "the cache",
    "triton_secret": "Triton's model load API",
    "web_secret": "signatures of sessions and CSRF tokens",
    "web_password": "the first account, an admin",
    "web_token": "that account's token for programs",
    "supervisor_password": "the supervisor's control port",
}
MINIO_ROOT_USER: Final = "radiotheque-root"
S3_PROGRAM_USER: Final = "radiotheque"
S3_DROP_USER: Final = "dropper"
WEB_USER: Final = "admin"
SUPERVISOR_USER: Final = "radiotheque"


def make_secret(name: str) -> str:
    """Return a new secret: letters and digits, so that no file format needs to escape it."""
    if name == "web_password":
        # A person types this one: four groups of five, without look-alike letters (98 bits).
        letters = "abcdefghjkmnpqrstuvwxyz23456789"
        groups = ("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))
        return "-".join(groups)
    # A token begins as web/accounts.py's do: by that prefix leaked ones are found.
    return f"rad_{secrets.token_hex(32)}" if name == "web_token" else secrets.token_hex(20)


def ensure_secrets(state: State) -> dict[str, str]:
    """Return the secrets by name, making those that are missing."""
    kept = read_json(state.secrets_file)
    made = {name: str(kept.get(name) or make_secret(name)) for name in SECRETS}
    if made != kept:
        write_whole(state.secrets_file, json.dumps(made, indent=1) + "\n")
    return made


def read_secrets(state: State) -> dict[str, str]:
    """Return the secrets as made; empty before the first start."""
    return {name: str(value) for name, value in read_json(state.secrets_file).items()}
