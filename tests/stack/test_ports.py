import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from stack.ports import OTHERS, another_port, choose_ports, is_free, read_ports
from stack.services import SERVICES, usual_ports
from stack.state import State


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path)


@pytest.fixture
def held() -> Iterator[int]:
    """Hold a port as another program would, on every address."""
    with closing(socket.socket()) as server:
        server.bind(("0.0.0.0", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_that_somebody_holds_is_not_free(held: int) -> None:
    assert not is_free(held)


def test_usual_ports_are_taken_where_they_are_free(state: State) -> None:
    free = another_port(set())
    assert choose_ports(state, {"web": free}) == {"web": free}


def test_a_held_usual_port_is_replaced_and_said(
    state: State, held: int, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = choose_ports(state, {"kafka": held})
    assert chosen["kafka"] != held
    assert chosen["kafka"] in OTHERS
    assert f"port {held} (kafka) is held by another program" in capsys.readouterr().out


def test_chosen_ports_are_kept(state: State, held: int) -> None:
    first = choose_ports(state, {"kafka": held, "web": another_port(set())})
    assert choose_ports(state, {"kafka": held, "web": 1}) == first
    assert read_ports(state) == first


def test_a_kept_port_that_is_now_held_is_chosen_anew(state: State, held: int) -> None:
    state.ports_file.write_text(json.dumps({"web": held}))
    chosen = choose_ports(state, {"web": 8080})
    assert chosen["web"] != held
    assert read_ports(state) == chosen


def test_tests_leave_the_usual_ports_to_a_demo(state: State) -> None:
    usual = usual_ports()
    chosen = choose_ports(state, usual, prefer_usual=False)
    assert not set(chosen.values()) & set(usual.values())


def test_no_port_is_given_twice(state: State, held: int) -> None:
    chosen = choose_ports(state, dict.fromkeys(("a", "b", "c"), held))
    assert len(set(chosen.values())) == 3


def test_every_usual_port_has_one_user() -> None:
    numbers = [port.usual for service in SERVICES for port in service.ports]
    assert len(numbers) == len(set(numbers))
