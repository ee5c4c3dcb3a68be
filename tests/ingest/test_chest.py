"""Chest or not: asked of the live model before a film is accepted."""

import logging
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.chest import ChestCheck
from schemas.errors import Doubt, Refusal, Unavailable
from schemas.film_tensor import to_tensor
from schemas.greys import tensor_turned_over
from schemas.models import ModelManifest, model_key
from store.records import ModelState
from tests.fakes.check_numbers import plain_numbers, with_check
from tests.fakes.objects import FakeObjects
from tests.fakes.rows import FakeRows
from tests.fakes.triton import FEATURES
from tests.workers.making import manifest, samples

FILM = samples(1)


class Asked:
    """A model whose features are all `distance`; `down` is a Triton that does not answer."""

    def __init__(self) -> None:
        self.distance = 1.0
        self.down = False
        self.questions: list[tuple[NDArray[np.uint8], str, bool]] = []

    def pooled(
        self, images: NDArray[np.uint8], version: str, *, urgent: bool
    ) -> NDArray[np.float16]:
        if self.down:
            raise Unavailable("triton", "connection refused")
        self.questions.append((images, version, urgent))
        return np.full((len(images), FEATURES), self.distance, np.float16)


class Room:
    """The check on stores in memory; the live model doubts beyond 2 and is sure beyond 3."""

    def __init__(self, asked: Asked | None = None) -> None:
        self.rows, self.objects, self.asked = FakeRows(), FakeObjects(), asked or Asked()
        self.check = ChestCheck(self.rows.models, self.objects, self.asked)

    def register(self, said: ModelManifest, data: bytes | None, state: ModelState) -> None:
        if data is not None:
            self.objects.put("models", model_key(said, "check.npz"), data)
        self.rows.models.register(said, state)

    def judge(self, film: NDArray[Any] = FILM, **known: Any) -> dict[str, float]:
        given = {"view": None, "age": None, "urgent": False} | known
        height, width = film.shape

        def tensor(side: int, *, inverted: bool = False) -> NDArray[np.uint8]:
            upright = to_tensor(film, side)
            return tensor_turned_over(upright, width, height) if inverted else upright

        return self.check.judge(tensor, **given)


@pytest.fixture
def room() -> Room:
    made = Room()
    made.register(*with_check(manifest()), "live")
    return made


def test_a_film_near_those_we_know_passes_with_what_its_pixels_say(room: Room) -> None:
    said = room.judge(view="PA", age=7)

    assert said == {
        "lateral": 0.0,
        "child": 1.0,
        "inverted": 0.047,
        "rotated": 0.119,
        "cropped": 0.269,
    }


@pytest.mark.parametrize("urgent", [True, False])
def test_the_live_model_sees_the_very_tensor_that_will_be_analysed(
    room: Room,
    urgent: bool,  # noqa: FBT001 - pytest hands parameters by name
) -> None:
    room.judge(urgent=urgent)

    [(images, version, came)] = room.asked.questions
    np.testing.assert_array_equal(images, to_tensor(FILM, manifest().side)[None])
    assert (version, came) == ("1", urgent)


@pytest.mark.parametrize(("distance", "kind"), [(2.1, Doubt), (2.9, Doubt), (3.1, Refusal)])
def test_a_far_film_is_in_doubt_and_a_very_far_one_is_none(
    room: Room, distance: float, kind: type[Refusal]
) -> None:
    room.asked.distance = distance

    with pytest.raises(Refusal) as caught:
        room.judge()

    assert type(caught.value) is kind
    assert caught.value.code == "not-a-chest"


@pytest.mark.parametrize("distance", [1.0, 2.1])
def test_a_film_that_its_pixels_show_turned_though_its_header_says_how_it_lies_is_in_doubt(
    distance: float,
) -> None:
    room = Room()
    numbers = replace(plain_numbers(FEATURES), bias=np.array([-3, 1, -1], np.float32))
    room.register(*with_check(manifest(), numbers=numbers), "live")
    room.asked.distance = distance

    with pytest.raises(Doubt) as held:
        room.judge(oriented=True)
    assert held.value.code == "orientation"
    assert room.judge(oriented=True, passed=True)["rotated"] > 0.5
    # Without a word in the header there is nothing to disagree with.
    if distance < 2:
        assert room.judge()["rotated"] > 0.5
    room.asked.distance = 3.1
    with pytest.raises(Refusal) as refused:
        room.judge(oriented=True)
    assert refused.value.code == "not-a-chest"


def test_a_lateral_film_is_flagged_and_not_compared_with_frontal_ones(room: Room) -> None:
    room.asked.distance = 99

    assert room.judge(view="LATERAL", age=40) == {"lateral": 1.0, "child": 0.0}
    assert room.asked.questions == []


def test_without_a_live_model_and_without_triton_films_wait() -> None:
    room = Room()
    with pytest.raises(Unavailable, match="no model is live"):
        room.judge()
    room.register(*with_check(manifest()), "live")
    room.asked.down = True
    with pytest.raises(Unavailable, match="connection refused"):
        room.judge()


def test_a_model_without_a_check_judges_no_film_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    room = Room()
    room.register(manifest(), None, "live")
    room.asked.distance = 99

    with caplog.at_level(logging.WARNING, "ingest.chest"):
        assert room.judge(age=3) == {"child": 1.0}
        room.judge()

    assert room.asked.questions == []
    assert [record.message for record in caplog.records] == [
        "The live model has no input check: films are not judged"
    ]


def test_numbers_that_cannot_be_read_make_films_wait_and_refuse_none() -> None:
    room = Room()
    said, right = with_check(manifest())
    room.register(said, right, "live")
    room.objects.bad.add(("models", model_key(said, "check.npz")))
    with pytest.raises(Unavailable, match=r"check\.npz"):
        room.judge()
    room.objects.bad.clear()
    assert room.judge()["inverted"] < 0.5


@pytest.mark.parametrize("data", [None, b"other numbers"])
def test_numbers_that_are_missing_or_other_ones_make_films_wait_until_they_are_there(
    data: bytes | None,
) -> None:
    room = Room()
    said, right = with_check(manifest())
    room.register(said, data, "live")
    with pytest.raises(Unavailable, match=r"check\.npz"):
        room.judge()
    assert room.asked.questions == []

    room.objects.put("models", model_key(said, "check.npz"), right)

    assert room.judge()["inverted"] < 0.5


def test_another_live_version_brings_its_own_limits_and_numbers_are_read_once(room: Room) -> None:
    room.asked.distance = 2.5
    with pytest.raises(Doubt):
        room.judge()
    with pytest.raises(Doubt):
        room.judge()
    said, data = with_check(manifest(2), in_doubt=2.6)
    room.register(said, data, "candidate")
    room.rows.models.set_live(2)

    room.judge()
    room.judge()

    assert [version for _, version, _ in room.asked.questions] == ["1", "1", "2", "2"]
    reads = [call for call in room.objects.calls if call[0] == "read"]
    assert len(reads) == 2


def test_the_side_to_develop_with_is_asked_for_until_a_film_has_been_judged(room: Room) -> None:
    assert Room().check.side() == 0
    assert room.check.side() == manifest().side
    said, data = with_check(manifest(2).model_copy(update={"side": 96}))
    room.judge()
    room.register(said, data, "candidate")
    room.rows.models.set_live(2)

    # Nobody asked since: the next film is developed with the former side, and judged with the new.
    assert room.check.side() == manifest().side
    room.judge()
    assert room.check.side() == 96
    assert [films.shape[1] for films, _, _ in room.asked.questions] == [manifest().side, 96]


class Greys(Asked):
    """A model that is told by a film's mean grey whether it is inverted: bright ones are.

    Its first feature is 9 for a bright film and else 0, its second `away`, its distance then.
    """

    def __init__(self, *, always: bool = False) -> None:
        super().__init__()
        self.always = always
        self.away = {True: 0.0, False: 0.0}

    def pooled(
        self, images: NDArray[np.uint8], version: str, *, urgent: bool
    ) -> NDArray[np.float16]:
        self.questions.append((images, version, urgent))
        bright = bool(images.mean() > 110)
        features = np.zeros((1, FEATURES), np.float16)
        features[0, 0] = 9 if bright or self.always else 0
        features[0, 1] = self.away[bright]
        return features


def seen(asked: Greys) -> Room:
    """Return a room whose model tells inverted films by their greys."""
    room = Room(asked)
    weights = np.zeros((FEATURES, 3), np.float32)
    weights[0, 0] = 1
    numbers = replace(plain_numbers(FEATURES), weights=weights)
    room.register(*with_check(manifest(), numbers=numbers), "live")
    return room


NEGATIVE = np.full((90, 60), 200, np.uint8)


def test_an_inverted_film_is_judged_turned_over() -> None:
    asked = Greys()
    # As it came it lies far away, as it will be shown near those we know.
    asked.away = {True: 99.0, False: 0.0}
    said = seen(asked).judge(NEGATIVE)

    assert said["inverted"] > 0.9
    first, second = (images[0] for images, _, _ in asked.questions)
    np.testing.assert_array_equal(second, tensor_turned_over(first, 60, 90))


def test_the_doubt_about_an_inverted_film_says_so_for_the_picture_a_steward_sees() -> None:
    asked = Greys()
    asked.away = {True: 0.0, False: 20.0}
    for film, inverted in ((NEGATIVE, True), (255 - NEGATIVE, False)):
        with pytest.raises(Doubt) as caught:
            seen(asked).judge(film)
        assert caught.value.inverted is inverted


def test_what_looks_inverted_either_way_round_is_not_turned_over() -> None:
    asked = Greys(always=True)
    said = seen(asked).judge(NEGATIVE)

    assert len(asked.questions) == 2
    assert said["inverted"] < 0.1


def room_of(lateral: float, other: float, *, sure_not_chest: float = 1.0) -> Room:
    """Return a room whose heads say this of every film, so sure (0..1)."""
    room = Room()
    sure = np.array([lateral, other])
    numbers = replace(
        plain_numbers(FEATURES),
        kind_weights=np.zeros((FEATURES, 2), np.float32),
        kind_bias=np.log(sure / (1 - sure)).astype(np.float32),
    )
    said, data = with_check(manifest(), numbers=numbers)
    assert said.check is not None
    limits = said.check.model_copy(update={"sure_not_chest": sure_not_chest})
    room.register(said.model_copy(update={"check": limits}), data, "live")
    return room


def test_what_a_head_calls_something_else_is_in_doubt_however_near_it_lies() -> None:
    assert room_of(0.1, 0.4).judge()
    with pytest.raises(Refusal) as doubted:
        room_of(0.1, 0.6, sure_not_chest=0.9).judge()
    with pytest.raises(Refusal) as refused:
        room_of(0.1, 0.95, sure_not_chest=0.9).judge()

    assert isinstance(doubted.value, Doubt)
    assert not isinstance(refused.value, Doubt)
    assert doubted.value.code == refused.value.code == "not-a-chest"


def test_a_film_that_looks_lateral_is_called_so_with_how_sure_where_nobody_says_its_view() -> None:
    assert room_of(0.9, 0.1).judge()["lateral"] == 0.9
    # Below a flag nothing is said: a later drop may know the view.
    assert "lateral" not in room_of(0.4, 0.1).judge()


@pytest.mark.parametrize("view", ["PA", "AP"])
def test_a_film_said_to_be_frontal_that_looks_lateral_waits_and_stays_lateral_once_let_pass(
    view: str,
) -> None:
    room = room_of(0.9, 0.1)
    with pytest.raises(Doubt) as caught:
        room.judge(view=view)

    assert (caught.value.code, caught.value.came) == (
        "view-disagrees",
        f"view {view} of a film that looks lateral",
    )
    assert room.judge(view=view, passed=True)["lateral"] == 0.9
    assert room_of(0.4, 0.1).judge(view=view)["lateral"] == 0.0


@pytest.mark.parametrize(
    ("view", "lateral", "code", "came"),
    [
        (None, 0.4, "orientation", "one that looks frontal, the orientation of a lateral film"),
        ("PA", 0.4, "orientation", "view PA, the orientation of a lateral film"),
        ("AP", 0.9, "view-disagrees", "view AP of a film that looks lateral"),
    ],
)
def test_a_film_that_lies_as_a_lateral_one_and_is_none_by_view_or_pixels_waits(
    view: str | None, lateral: float, code: str, came: str
) -> None:
    room = room_of(lateral, 0.1)
    # A lateral film that its pixels do not tell is never refused for being no frontal one.
    for distance in (1.0, 99.0):
        room.asked.distance = distance
        with pytest.raises(Doubt) as held:
            room.judge(view=view, oriented=True, side_view=True)
        assert (held.value.code, held.value.came) == (code, came)
    # Let pass, it is not scored before a steward says that it is none.
    assert room.judge(view=view, oriented=True, side_view=True, passed=True)["lateral"] == 1.0


def test_a_film_that_lies_as_a_lateral_one_and_looks_it_is_one_and_not_compared() -> None:
    room = room_of(0.9, 0.95, sure_not_chest=0.9)
    room.asked.distance = 99
    assert room.judge(oriented=True, side_view=True)["lateral"] == 1.0
    assert room.judge(view="LATERAL", oriented=True, side_view=True) == {"lateral": 1.0}


def test_a_header_that_contradicts_itself_waits_though_no_numbers_judge_the_film() -> None:
    room = Room()
    room.register(manifest(), None, "live")
    with pytest.raises(Doubt) as held:
        room.judge(view="PA", oriented=True, side_view=True)
    assert held.value.code == "orientation"
    assert room.judge(oriented=True, side_view=True) == {"lateral": 1.0}
