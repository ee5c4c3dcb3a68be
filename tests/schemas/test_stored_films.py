"""Reading our own PNG."""

import io

import numpy as np
import pytest
from PIL import Image

from schemas.film_tensor import film_tensor, read_png, to_tensor


def png(samples: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(samples).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_full_depth_samples_come_back_exactly(kind: type) -> None:
    samples: np.ndarray = np.arange(64 * 80).reshape(64, 80).astype(kind)
    came = read_png(png(samples), "f00d")
    assert came.dtype == kind
    np.testing.assert_array_equal(came, samples)
    np.testing.assert_array_equal(film_tensor(png(samples), 64, "f00d"), to_tensor(samples, 64))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"not a png", "film f00d: wanted our PNG, came 9 bytes"),
        (png(np.zeros((64, 64), np.uint8))[:60], "film f00d: wanted our PNG"),
        (png(np.zeros((64, 64, 3), np.uint8)), "film f00d: wanted 8- or 16-bit grey, came mode"),
    ],
)
def test_other_bytes_are_refused_and_the_film_is_named(data: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_png(data, "f00d")
