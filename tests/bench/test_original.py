"""The original's shape answers for real: TensorFlow, Flask and PostgreSQL in one process."""

from pathlib import Path

import pytest

from bench.original import send, serving
from stack.phantoms import write_films
from stack.state import State
from store.settings import Settings

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]


def test_a_film_that_is_posted_is_decoded_scored_and_stored(
    stack: Settings, tmp_path: Path
) -> None:
    write_films(tmp_path, 2)
    with serving(State(stack.state_dir), 1) as port:
        answers = [send(port, film) for film in sorted(tmp_path.iterdir())]
    assert [answer["findings"] for answer in answers] == [14, 14]
    assert [answer["id"] for answer in answers] == [1, 2]
