"""`<state>/settings.env`: the RADIOTHEQUE_* lines that every program of ours starts from.

Written at each start from ports.json and secrets.json. Settings that the stack does not decide
(as RADIOTHEQUE_SITE) are taken from the environment of `up` and kept from then on.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from stack import passwords
from stack.state import State, write_whole
from store.settings import NOT_SETTINGS, PREFIX, Settings, read_env_file


def native_settings(
    state: State, ports: Mapping[str, int], secrets: Mapping[str, str], starter: Path | None
) -> dict[str, str]:
    """Return the settings that the native stack decides, by variable name."""
    decided = {
        "state_dir": str(state.root),
        "site_secret": secrets["site_secret"],
        "kafka_bootstrap": f"127.0.0.1:{ports['kafka']}",
        "s3_endpoint": f"127.0.0.1:{ports['minio']}",
        "s3_access_key": passwords.S3_PROGRAM_USER,
        "s3_secret_key": secrets["s3_program_secret"],
        "postgres_host": "127.0.0.1",
        "postgres_port": str(ports["postgres"]),
        "postgres_password": secrets["postgres_password"],
        "redis_url": f"redis://:{secrets['valkey_password']}@127.0.0.1:{ports['valkey']}/0",
        "triton_grpc": f"127.0.0.1:{ports['triton_grpc']}",
        "triton_http": f"127.0.0.1:{ports['triton_http']}",
        "triton_secret": secrets["triton_secret"],
        "triton_repository": str(state.data("triton")),
        "triton_backend": "python",
        "web_port": str(ports["web"]),
        "web_secret": secrets["web_secret"],
    }
    if starter is not None:
        decided["starter_model"] = str(starter)
    return {PREFIX + name.upper(): value for name, value in decided.items()}


def chosen_by_person(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings in an environment; raise ValueError for a misspelt one."""
    found = {
        name: value
        for name, value in environ.items()
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in NOT_SETTINGS
    }
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(set(found) - known)
    if unknown:
        raise ValueError(f"unknown settings: {', '.join(unknown)}; known ones: docs/settings.md")
    return found


def write_settings(state: State, decided: Mapping[str, str]) -> None:
    """Write settings.env: what the person chose, now or before, then what the stack decides."""
    kept = read_env_file(state.settings_file)
    lines = kept | chosen_by_person(os.environ) | dict(decided)
    text = "".join(f"{name}={value}\n" for name, value in sorted(lines.items()))
    write_whole(state.settings_file, text)


def admin_environment(secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that only `radiotheque prepare` is given: the keys to everything."""
    return {
        f"{PREFIX}POSTGRES_ADMIN_PASSWORD": secrets["postgres_admin_password"],
        f"{PREFIX}S3_ACCESS_KEY": passwords.MINIO_ROOT_USER,
        f"{PREFIX}S3_SECRET_KEY": secrets["minio_root_password"],
    }
