"""A film's renditions and heat maps by the API."""

import io
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from schemas.greys import jpeg_turned_over
from schemas.presentation import ORIENTATIONS, Presentation
from store.ports import rendition_key
from store.records import Role
from tests.web.conftest import Web
from tests.web.library import add_film, analyse
from web import heatmap


@pytest.mark.parametrize(
    ("rendition", "media"),
    [("display", "image/jpeg"), ("thumbnail", "image/jpeg"), ("full", "image/png")],
)
def test_a_rendition_is_given_with_its_kind_and_may_be_kept_privately(
    web: Web, rendition: str, media: str
) -> None:
    film = add_film(web, "a")[0].id

    for way_round in ("", "&inverted=false"):
        answer = web.get(f"/radiographs/{film}/image?rendition={rendition}{way_round}", "viewer")

        assert answer.data == rendition.encode()
        assert answer.content_type == media
        assert answer.headers["Cache-Control"].startswith("private")
        # Which way round it is shown by itself changes with a steward's word.
        always = bool(way_round) or rendition == "full"
        assert ("immutable" in answer.headers["Cache-Control"]) == always
        assert answer.headers["ETag"] == f'"{film}-{rendition}"'


@pytest.mark.parametrize("rendition", ["display", "thumbnail"])
def test_a_film_that_came_inverted_is_shown_turned_over_until_a_steward_says_no(
    web: Web, rendition: Literal["display", "thumbnail"]
) -> None:
    film = add_film(web, "a", checks={"inverted": 0.93})[0].id
    came = jpeg(np.random.default_rng(3).integers(0, 256, (16, 24), dtype=np.uint8))
    web.objects.put("radiographs", rendition_key(film, rendition), came)
    path = f"/radiographs/{film}/image?rendition={rendition}"

    shown = web.get(path)
    assert shown.data == jpeg_turned_over(came, 300, 200)
    assert web.get(f"{path}&inverted=false").data == came
    assert web.get(f"{path}&inverted=true").data == shown.data

    web.rows.films.overrule(film, "inverted", holds=False, account=web.accounts["steward"].id)

    # The browser asks again, and what it has is no more what is shown.
    again = web.get(path, headers={"If-None-Match": shown.headers["ETag"]})
    assert (again.status_code, again.data) == (200, came)


def test_a_heat_map_of_a_film_that_was_turned_over_since_is_sent_again(web: Web) -> None:
    film = add_film(web, "a", checks={"inverted": 0.93})[0].id
    path = f"/radiographs/{film}/activation?finding=Edema"
    etag = web.get(path).headers["ETag"]
    assert web.get(path, headers={"If-None-Match": etag}).status_code == 304

    web.rows.films.overrule(film, "inverted", holds=False, account=web.accounts["steward"].id)
    assert web.get(path, headers={"If-None-Match": etag}).status_code == 404
    analyse(web, film, {}, anew=1)

    assert web.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_the_full_film_is_always_as_it_came(web: Web) -> None:
    film = add_film(web, "a", checks={"inverted": 1.0})[0].id

    assert web.get(f"/radiographs/{film}/image?rendition=full").data == b"full"
    refused = web.get(f"/radiographs/{film}/image?rendition=full&inverted=true")
    assert refused.status_code == 422


def test_display_is_what_comes_without_asking(web: Web) -> None:
    film = add_film(web, "a")[0].id

    assert web.get(f"/radiographs/{film}/image").data == b"display"


def test_a_rendition_that_the_browser_has_is_not_sent_again(web: Web) -> None:
    film = add_film(web, "a")[0].id
    etag = web.get(f"/radiographs/{film}/image").headers["ETag"]

    again = web.get(f"/radiographs/{film}/image", headers={"If-None-Match": etag})

    assert (again.status_code, again.data) == (304, b"")


def test_a_rendition_that_cannot_be_read_is_said_to_be_and_the_others_are_shown(
    web: Web,
) -> None:
    film, other = (add_film(web, name)[0].id for name in "ab")
    web.objects.bad.add(("radiographs", rendition_key(film, "display")))
    answer = web.get(f"/radiographs/{film}/image")
    assert (answer.status_code, answer.json["code"]) == (502, "unreadable-object")
    assert web.get(f"/radiographs/{other}/image").status_code == 200


def test_an_unknown_rendition_is_refused(web: Web) -> None:
    film = add_film(web, "a")[0].id

    assert web.get(f"/radiographs/{film}/image?rendition=huge").status_code == 422


def test_downloading_a_full_film_is_written_to_the_audit(web: Web) -> None:
    film = add_film(web, "a")[0].id

    web.get(f"/radiographs/{film}/image?rendition=full", "radiologist")

    row = web.rows.tables.audit[-1]
    assert (row.action, row.subject) == ("image.downloaded", film)
    assert row.account == web.accounts["radiologist"].pseudonym


def jpeg(picture: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG")
    return out.getvalue()


def picture(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (256, 256), (2500, 100)])
def test_a_heat_map_has_the_films_aspect_and_lies_where_the_model_looked(
    web: Web, size: tuple[int, int]
) -> None:
    film = add_film(web, "a", size=size)[0].id

    answer = web.get(f"/radiographs/{film}/activation?finding=Edema")

    assert answer.content_type == "image/png"
    pixels = picture(answer.data)
    height, width = pixels.shape[:2]
    assert pixels.shape[2] == 4
    assert max(width, height) == heatmap.LONGER_SIDE
    assert width / height == pytest.approx(size[0] / size[1], rel=0.03)
    # The map is strong in the middle of the square, so it is in the middle of the film.
    assert pixels[height // 2, width // 2, 3] > 150
    if size[0] == size[1]:
        assert pixels[0, 0, 3] < 10


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_heat_map_lies_where_the_model_looked_in_a_turned_film_with_a_border(
    orientation: int,
) -> None:
    """The film lies in the middle of its left third, in samples twice as high as they are wide."""
    how = Presentation(orientation=orientation, pixel_aspect=2.0, padding=(0, 0))
    stored = np.zeros((120, 300), np.uint16)
    stored[40:80, 0:100] = 9
    how = how.found_in(stored)
    activation = np.full((4, 4), 255, np.uint8)

    pixels = picture(heatmap.draw(activation, 300, 120, how))

    height, width = pixels.shape[:2]
    shown = how.shown_size(300, 120)
    assert max(height, width) == heatmap.LONGER_SIDE
    assert width / height == pytest.approx(shown[0] / shown[1], rel=0.02)
    expected = how.turned(stored) > 0
    rows = np.arange(height) * expected.shape[0] // height
    columns = np.arange(width) * expected.shape[1] // width
    strong = pixels[..., 3] == heatmap.STRONGEST
    assert (strong != expected[np.ix_(rows, columns)]).mean() < 0.02
    assert not pixels[..., 3][~expected[np.ix_(rows, columns)] & ~strong].any()


def test_a_heat_map_is_drawn_as_its_film_is_shown(web: Web) -> None:
    film = add_film(web, "a", size=(300, 200), presentation=Presentation(orientation=6))[0].id

    pixels = picture(web.get(f"/radiographs/{film}/activation?finding=Edema").data)

    assert pixels.shape[1] / pixels.shape[0] == pytest.approx(200 / 300, rel=0.03)


def test_a_heat_map_of_what_is_not_assessed_or_not_analysed_is_not_found(web: Web) -> None:
    film = add_film(web, "a")[0].id
    waiting = add_film(web, "b", analysed=False)[0].id

    assert web.get(f"/radiographs/{film}/activation?finding=Fracture").status_code == 404
    assert web.get(f"/radiographs/{waiting}/activation?finding=Edema").status_code == 404


@pytest.mark.parametrize("query", ["", "?finding=", "?finding=Oedema"])
def test_a_heat_map_of_an_unknown_finding_is_refused(web: Web, query: str) -> None:
    film = add_film(web, "a")[0].id

    assert web.get(f"/radiographs/{film}/activation{query}").status_code == 422


@pytest.mark.parametrize("role", ["viewer", "radiologist"])
def test_seeing_a_heat_map_is_seeing_the_answer(web: Web, role: Role) -> None:
    film = add_film(web, "a")[0].id

    web.get(f"/radiographs/{film}/activation?finding=Edema", role)

    assert web.rows.tables.shown[web.accounts[role].id, film] == (True, False)


def test_the_colours_rise_evenly_from_transparent_to_bright() -> None:
    table = heatmap.colours().astype(float)
    luma = table[:, :3] @ [0.2126, 0.7152, 0.0722]

    assert table.shape == (256, 4)
    assert table[0, 3] == 0
    assert table[255, 3] == heatmap.STRONGEST
    assert (np.diff(luma) > -0.5).all()
    assert luma[255] - luma[0] > 150


@pytest.mark.parametrize("what", ["image", "activation?finding=Edema"])
def test_what_a_client_has_already_is_not_sent_again_weak_or_in_a_list(
    web: Web, what: str
) -> None:
    film = add_film(web, "a")[0].id
    etag = web.get(f"/radiographs/{film}/{what}").headers["ETag"]

    for said in (etag, f"W/{etag}", f'"x", W/{etag}', f'W/"x",{etag}', "*"):
        again = web.get(f"/radiographs/{film}/{what}", headers={"If-None-Match": said})
        assert (again.status_code, again.data) == (304, b""), said
        assert again.headers["ETag"] == etag
    for said in ('"x"', 'W/"x"', "", "nonsense", f'"{etag}"'):
        again = web.get(f"/radiographs/{film}/{what}", headers={"If-None-Match": said})
        assert again.status_code == 200, said


def test_if_match_wants_the_very_same_version(web: Web) -> None:
    film = add_film(web, "a")[0].id
    etag = web.get(f"/radiographs/{film}/image").headers["ETag"]

    for said, status in ((etag, 200), ("*", 200), (f"W/{etag}", 412), ('"x"', 412)):
        answer = web.get(f"/radiographs/{film}/image", headers={"If-Match": said})
        assert answer.status_code == status, said
