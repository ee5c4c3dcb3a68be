"""A film whose greys came inverted is turned over within its picture, and only there."""

import io

import numpy as np
import pytest
from PIL import Image

from schemas.film_tensor import to_tensor
from schemas.greys import jpeg_turned_over, tensor_turned_over
from schemas.presentation import Presentation


@pytest.mark.parametrize("shape", [(40, 40), (90, 30), (30, 90), (7, 64)])
def test_the_picture_in_the_tensor_is_turned_over_and_its_padding_stays_0(
    shape: tuple[int, int],
) -> None:
    film = np.random.default_rng(1).integers(60, 200, shape, dtype=np.uint8)
    height, width = shape

    turned = tensor_turned_over(to_tensor(255 - film, 64), width, height)

    np.testing.assert_allclose(turned.astype(int), to_tensor(film, 64).astype(int), atol=1)
    again = tensor_turned_over(turned, width, height)
    np.testing.assert_array_equal(again, to_tensor(255 - film, 64))


def test_a_jpeg_turned_over_is_the_other_picture_and_loses_next_to_nothing() -> None:
    rng = np.random.default_rng(2)
    film = np.kron(rng.integers(20, 230, (12, 9), dtype=np.uint8), np.ones((8, 8), np.uint8))
    out = io.BytesIO()
    Image.fromarray(film).save(out, "JPEG", quality=80)
    shown = np.asarray(Image.open(io.BytesIO(out.getvalue()))).astype(int)

    turned = jpeg_turned_over(out.getvalue(), 72, 96)

    image = Image.open(io.BytesIO(turned))
    assert (image.format, image.mode, image.size) == ("JPEG", "L", (72, 96))
    assert np.abs(np.asarray(image).astype(int) - (255 - shown)).max() <= 2
    assert len(turned) < 1.2 * len(out.getvalue())


def test_a_border_of_padding_is_no_picture_and_is_not_turned_over() -> None:
    film = np.zeros((60, 40), np.uint8)
    film[20:] = np.random.default_rng(3).integers(60, 200, (40, 40), dtype=np.uint8)
    how = Presentation(padding=(0, 0), orientation=6).found_in(film)
    shown = how.turned(film)
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(shown)).save(out, "JPEG", quality=95)

    came = np.asarray(Image.open(io.BytesIO(jpeg_turned_over(out.getvalue(), 40, 60, how))))

    wanted = np.where(shown == 0, 0, 255 - shown.astype(int))
    assert np.abs(came.astype(int) - wanted).mean() < 6
    tensor = to_tensor(film, 64, how)
    np.testing.assert_array_equal(tensor_turned_over(tensor, 40, 60, how), 255 - tensor)
