"""Up and down: starting everything in order, and ending it so that nothing is left."""

import os
import sys
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Final

from stack import control, leftovers
from stack.environment import child_environment, command_environment
from stack.health import is_healthy
from stack.lock import locked
from stack.native import install, prepare_files, refresh_settings
from stack.passwords import read_secrets
from stack.ports import read_ports
from stack.processes import look_up, wait_until_gone
from stack.run import run
from stack.services import BY_NAME, SERVICES, Service
from stack.settings_file import admin_environment
from stack.state import State

HEALTHY_WITHIN_S: Final = 120.0
#: States in which supervisord does not run a process and will not by itself.
STOPPED: Final = frozenset({"STOPPED", "EXITED", "FATAL", "UNKNOWN"})


class StartFailedError(RuntimeError):
    """A start that did not come to its end; the message says where to look."""


def up(
    state: State,
    *,
    services_only: bool = False,
    prefer_usual_ports: bool = True,
    prepare: bool = True,
) -> None:
    """Start everything and return when every process is healthy. Does nothing twice.

    1. Install what is missing. 2. End what a hard kill left. 3. Write the files. 4. Start the
    supervisor. 5. Services, until healthy. 6. Migrations, buckets, topics, the first account.
    7. Our programs, until healthy. Raises StartFailedError with the end of the log.
    """
    started = time.monotonic()
    installed = install(starter=not services_only)
    with locked(state):
        if control.is_up(state):
            print("the supervisor runs already: starting what is stopped")
            refresh_settings(state, installed)
        else:
            left = leftovers.end_leftovers(state)
            if left:
                print(f"ended {left} processes that a hard kill had left behind")
            prepare_files(state, installed, prefer_usual=prefer_usual_ports)
            start_supervisor(state)
        services = [service for service in SERVICES if not service.ours]
        # Kafka begins slowest: rows and buckets are prepared meanwhile, topics last.
        ask_for(state, services)
        wait_until_healthy(state, [service for service in services if service.name != "kafka"])
        if prepare:
            prepare_stores(state)
        wait_until_healthy(state, [BY_NAME["kafka"]])
        if not services_only:
            start(state, [service for service in SERVICES if service.ours])
    print(f"up in {time.monotonic() - started:.1f} s", flush=True)


def start_supervisor(state: State) -> None:
    """Start the supervisor in a session of its own and wait until it answers.

    Its output goes to a log and its input is /dev/null, so that `make demo | cat` ends.
    """
    log = state.logs / "supervisord.out"
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "supervisor.supervisord", "-c", str(state.supervisor_conf)],
        child_environment(state),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    leftovers.record(state, "supervisord", pid)

    def answers() -> bool:
        if look_up(pid) is None:
            raise StartFailedError(f"the supervisor ended at once\n{tail(log)}")
        return control.is_up(state)

    if not wait_for(answers, 20):
        raise StartFailedError(f"the supervisor does not answer within 20 s\n{tail(log)}")


def start(state: State, services: Collection[Service]) -> None:
    """Ask for these processes and wait until each is healthy, saying so as each becomes it."""
    ask_for(state, services)
    wait_until_healthy(state, services)


def ask_for(state: State, services: Collection[Service]) -> None:
    """Ask the supervisor to start those of the processes that do not run."""
    supervisor = control.connect(state)
    now = supervisor.processes()
    for service in services:
        if now[service.name].statename in STOPPED:
            supervisor.start(service.name)


def wait_until_healthy(
    state: State, services: Collection[Service], within_s: float = HEALTHY_WITHIN_S
) -> None:
    """Return when every one of these processes answers its health check.

    Raises StartFailedError with the end of the log of one that does not.
    """
    ports, secrets = read_ports(state), read_secrets(state)
    began = time.monotonic()
    waiting = {service.name: service for service in services}

    def all_healthy() -> bool:
        states = control.connect(state).processes()
        for name, service in list(waiting.items()):
            runs = states[name].statename in {"STARTING", "RUNNING"}
            if runs and is_healthy(service.health, ports, secrets):
                print(f"  {name} is healthy ({time.monotonic() - began:.1f} s)", flush=True)
                del waiting[name]
        return not waiting

    if not wait_for(all_healthy, within_s):
        name = next(iter(waiting))
        raise StartFailedError(
            f"not healthy after {within_s:.0f} s: {', '.join(waiting)}. "
            f"The end of {name}'s log:\n{tail(state.logs / f'{name}.log')}"
        )


def prepare_stores(state: State) -> None:
    """Run `radiotheque prepare`: migrations, buckets and their users, topics, first account."""
    began = time.monotonic()
    said = run(
        [Path(sys.executable).parent / "radiotheque", "prepare"],
        environment=command_environment(state) | admin_environment(read_secrets(state)),
        timeout_s=300,
    )
    for line in said.splitlines():
        print(f"  {line}")
    print(f"  stores are prepared ({time.monotonic() - began:.1f} s)", flush=True)


def down(state: State) -> None:
    """Stop everything: web, workers, relay, then the services. Returns when nothing is left.

    What does not stop in its time is killed by the supervisor; what no supervisor knows of (after
    a half-failed start, or a hard kill) is found by its records and ended here.
    """
    if not state.root.is_dir():
        print("nothing runs: there is no state folder")
        return
    with locked(state):
        if control.is_up(state):
            stop_in_waves(state)
        left = leftovers.end_leftovers(state)
    if left:
        print(f"ended {left} processes that the supervisor did not know of")
    print("everything is down")


def stop_in_waves(state: State) -> None:
    """Stop the processes wave by wave, then the supervisor itself."""
    supervisor = control.connect(state)
    pid = supervisor.pid()
    for wave in sorted({service.stop_wave for service in SERVICES}):
        services = [service for service in SERVICES if service.stop_wave == wave]
        stop(supervisor, services)
    process = look_up(pid)
    supervisor.shut_down()
    if process is not None:
        wait_until_gone([process], 20)


def stop(supervisor: control.Control, services: Iterable[Service]) -> None:
    """Ask for these processes to stop and wait until they have."""
    now = supervisor.processes()
    running = {
        service.name: service
        for service in services
        if service.name in now and now[service.name].statename not in STOPPED
    }
    for name in running:
        print(f"  stopping {name}", flush=True)
        supervisor.stop(name)

    def all_stopped() -> bool:
        states = supervisor.processes()
        return all(states[name].statename in STOPPED for name in running)

    # The supervisor kills by itself after stop_wait_s: a little longer, and it is stuck.
    longest = max((service.stop_wait_s for service in running.values()), default=0)
    wait_for(all_stopped, longest + 10)


def wait_for(condition: Callable[[], bool], within_s: float) -> bool:
    """Return whether the condition became true within this time, asking 5 times a second."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def tail(log: Path, lines: int = 20) -> str:
    """Return the end of a log, indented."""
    try:
        with log.open("rb") as handle:
            handle.seek(max(0, os.fstat(handle.fileno()).st_size - 16_384))
            text = handle.read().decode(errors="replace")
    except FileNotFoundError:
        return f"    (there is no {log.name} yet)"
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])
