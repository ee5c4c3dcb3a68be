import io

import numpy as np
import pytest
from PIL import Image

from ingest.readers import read_film
from schemas.errors import Refusal
from tests.ingest.films import drawn, jpeg_of, png_of
from tests.ingest.test_jpeg_xl import jxl_of
from tests.ingest.tiffs import LZW, tiff_of

LIMIT = 64_000_000


def refusal(data: bytes) -> Refusal:
    with pytest.raises(Refusal) as refused:
        read_film(data, LIMIT)
    return refused.value


def test_nothing_is_empty() -> None:
    assert refusal(b"").code == "empty"


@pytest.mark.parametrize("kind", ["GIF", "BMP", "WEBP", "JPEG2000", "PDF"])
def test_other_formats_are_unsupported_and_named(kind: str) -> None:
    out = io.BytesIO()
    Image.fromarray(drawn()).convert("RGB").save(out, kind)
    why = refusal(out.getvalue())
    assert why.code == "unsupported"
    assert why.came.replace(" ", "").upper().startswith(f"A{kind}")


@pytest.mark.parametrize("data", [b"hello", b"\x00" * 1000, b"<html></html>", bytes(range(256))])
def test_anything_else_is_not_an_image(data: bytes) -> None:
    assert refusal(data).code == "not-an-image"


@pytest.mark.parametrize(
    "film",
    [
        png_of(drawn()),
        png_of(drawn(dtype=np.uint16)),
        png_of(np.dstack([drawn(seed=seed) for seed in (1, 2, 3, 4)])),
        jpeg_of(drawn()),
        jpeg_of(np.dstack([drawn(seed=seed) for seed in (1, 2, 3)]), progressive=True),
        tiff_of(drawn(), compression=LZW, rows=9),
        tiff_of(drawn(dtype=np.uint16), ">", tile=32, big=True),
        jxl_of(drawn(dtype=np.uint16)),
    ],
    ids=["png", "png16", "rgba", "jpeg", "progressive", "tiff", "bigtiff", "jxl"],
)
def test_300_flipped_bytes_end_as_films_or_refusals(film: bytes) -> None:
    rng = np.random.default_rng(20_261_123)
    for _ in range(60):
        broken = bytearray(film)
        # Headers are short and would seldom be hit: half of the flips go there.
        reach = len(broken) if rng.random() < 0.5 else min(200, len(broken))
        for _ in range(rng.integers(1, 4)):
            broken[rng.integers(reach)] ^= int(rng.integers(1, 256))
        try:
            samples = read_film(bytes(broken), LIMIT)
        except Refusal:
            continue
        assert samples.ndim == 2
        assert samples.dtype in (np.uint8, np.uint16)
