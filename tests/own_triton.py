"""A Triton that nothing else loads into, for tests of which versions it serves.

The stack's own Triton is kept equal to the stack's rows by the stack's models process, once a
test has started that: a second such process, with rows of its own, would undo each of its loads.
"""

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from stack.environment import child_environment
from stack.health import is_healthy
from stack.leftovers import end_leftovers
from stack.lifecycle import tail
from stack.native import fill, install, words_for
from stack.ports import another_port
from stack.services import SERVICES
from stack.state import State
from store.settings import Settings
from tests.waiting import eventually

SERVICE: Final = next(service for service in SERVICES if service.name == "triton")


@contextmanager
def own_triton(settings: Settings, folder: Path) -> Iterator[Settings]:
    """Serve from `folder`, by the command of the table of services, on ports of its own.

    Yields the settings with this Triton instead. It has ended when the block has.
    """
    state = State(folder)
    repository = state.data("triton")
    repository.mkdir(parents=True)
    ports: dict[str, int] = {}
    for port in SERVICE.ports:
        ports[port.name] = another_port(set(ports.values()))
    secret = secrets.token_urlsafe(24)
    words = words_for(state, ports, {"triton_secret": secret}, install(starter=False))
    plain = {name: word for name, word in words.items() if isinstance(word, str)}
    own = {name: value.format_map(plain) for name, value in SERVICE.environment.items()}
    log = folder / "triton.log"
    with log.open("wb") as said:
        running = subprocess.Popen(
            fill(SERVICE.command, words),
            env=child_environment(state) | own,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        eventually(
            lambda: is_healthy(SERVICE.health, ports, {}), 60, every_s=0.2, what="its own Triton"
        )
        yield settings.model_copy(
            update={
                "triton_grpc": f"127.0.0.1:{ports['triton_grpc']}",
                "triton_secret": SecretStr(secret),
                "triton_repository": repository,
            }
        )
    except BaseException:
        # Shown by pytest under the test that failed.
        print(tail(log, 30))  # noqa: T201
        raise
    finally:
        # With its shared memory, which a Triton that must be killed leaves behind.
        end_leftovers(state)
        running.wait()
