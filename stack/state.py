"""Where one installation keeps everything: the state folder, as named paths.

The folder is `.radiotheque` in the clone unless RADIOTHEQUE_STATE names another. Its own mode is
0711, so that PostgreSQL's user can pass through when root runs the stack; what is secret inside
has mode 0600.
"""

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store.settings import state_dir


@dataclass(frozen=True)
class State:
    """The state folder's paths. Making one creates nothing; `create` makes the folders."""

    root: Path

    @property
    def settings_file(self) -> Path:
        """Return the file of RADIOTHEQUE_* lines that every program of ours reads."""
        return self.root / "settings.env"

    @property
    def secrets_file(self) -> Path:
        """Return the file of generated passwords."""
        return self.root / "secrets.json"

    @property
    def ports_file(self) -> Path:
        """Return the file of chosen ports."""
        return self.root / "ports.json"

    @property
    def pids_file(self) -> Path:
        """Return the file of processes seen running: pid and start time of each."""
        return self.root / "pids.json"

    @property
    def restarts_file(self) -> Path:
        """Return the file that counts the supervisor's restarts of each process."""
        return self.root / "restarts.json"

    @property
    def supervisor_conf(self) -> Path:
        """Return the supervisor's generated configuration."""
        return self.root / "supervisord.conf"

    @property
    def lock_file(self) -> Path:
        """Return the file whose lock `up` and `down` hold."""
        return self.root / "lock"

    @property
    def logs(self) -> Path:
        """Return the folder of one log per process."""
        return self.root / "logs"

    def data(self, service: str) -> Path:
        """Return the folder one service keeps its data in."""
        return self.root / service

    def create(self) -> None:
        """Make the folder and what every service needs in it."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o711)
        self.logs.mkdir(exist_ok=True)
        self.logs.chmod(0o700)


def current_state() -> State:
    """Return the state folder that this process is about, as an absolute path."""
    return State(state_dir().resolve())


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object kept in a file; empty when there is no such file.

    Raises ValueError naming the file when it holds something else: a damaged secrets.json must
    not be taken for a missing one and made anew.
    """
    try:
        value = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: want a JSON object, got damaged JSON ({error})") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path}: want a JSON object, got {type(value).__name__}")  # noqa: TRY004
    return value


def write_whole(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file so that a reader, or a kill, meets the old one or the new one, never half."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
        os.fchmod(handle.fileno(), mode)
        handle.flush()
        os.fsync(handle.fileno())
    Path(name).replace(path)
