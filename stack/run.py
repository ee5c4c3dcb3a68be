"""Running another program to its end, with its words kept for when it fails."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class CommandFailedError(RuntimeError):
    """A program ended with an error; the message carries the command's name and last lines."""


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout_s: float = 1800,
) -> str:
    """Run a program to its end and return what it printed.

    `environment` is added to this process's own. Raises CommandFailedError with its last 30 lines.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env=os.environ | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError as error:
        raise CommandFailedError(f"{words[0]}: no such program") from error
    except subprocess.TimeoutExpired as error:
        raise CommandFailedError(f"{words[0]} was stopped after {timeout_s:.0f} s") from error
    if done.returncode != 0:
        tail = "\n".join(f"    {line}" for line in done.stdout.splitlines()[-30:])
        # The last word of the path only: arguments may hold secrets.
        name = Path(words[0]).name
        raise CommandFailedError(f"{name} ended with code {done.returncode}:\n{tail}")
    return done.stdout


def run_in_terminal(command: Sequence[str | Path], environment: Mapping[str, str]) -> int:
    """Run a program with this one's own input and output; return its exit status.

    `environment` is added to this process's own. A key that interrupts reaches both: the program
    says what it means, and its status is returned.
    """
    words = [str(word) for word in command]
    with subprocess.Popen(words, env=os.environ | dict(environment)) as running:
        while True:
            try:
                return running.wait()
            except KeyboardInterrupt:
                continue
