"""TIFF films: of 8 and 16 bits, one page, read exactly and without anything but samples."""

import io
import itertools
import struct
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ingest.readers import read_file, read_film
from schemas.errors import Refusal
from schemas.identities import film_id
from tests.ingest.dicoms import dicom_of
from tests.ingest.films import drawn, png_of
from tests.ingest.tiffs import (
    ASCII,
    DEFLATE,
    LONG,
    LZW,
    OLD_DEFLATE,
    PACKBITS,
    RATIONAL,
    SHORT,
    Tags,
    tiff_of,
    whole,
)

LIMIT = 64_000_000
DTYPES = pytest.mark.parametrize("dtype", [np.uint8, np.uint16])


def refusal(data: bytes) -> Refusal:
    with pytest.raises(Refusal) as refused:
        read_film(data, LIMIT)
    return refused.value


def coloured(film: NDArray[Any], channels: int = 3) -> NDArray[Any]:
    return np.repeat(film[..., None], channels, axis=2)


@DTYPES
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("compression", [1, LZW, DEFLATE, OLD_DEFLATE, PACKBITS])
@pytest.mark.parametrize("layout", [{}, {"rows": 7}, {"tile": 32}, {"big": True}])
def test_a_tiff_and_a_png_of_the_same_samples_are_one_film(
    dtype: type, order: str, compression: int, layout: dict[str, Any]
) -> None:
    film = drawn(dtype=dtype)
    data = tiff_of(film, order, compression=compression, **layout)
    assert film_id(read_film(data, LIMIT)) == film_id(read_film(png_of(film), LIMIT))


@DTYPES
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("compression", [LZW, DEFLATE])
@pytest.mark.parametrize("channels", [1, 3])
def test_differences_between_neighbours_are_undone(
    dtype: type, order: str, compression: int, channels: int
) -> None:
    film = drawn(dtype=dtype)
    stored = film if channels == 1 else coloured(film)
    data = tiff_of(stored, order, compression=compression, predictor=2, rows=16)
    assert (read_film(data, LIMIT) == film).all()


@DTYPES
def test_where_white_is_zero_the_film_is_turned_so_that_bright_is_dense(dtype: type) -> None:
    film = drawn(dtype=dtype)
    data = tiff_of(np.iinfo(dtype).max - film, tags={262: (SHORT, (0,))})
    assert (read_film(data, LIMIT) == film).all()


@DTYPES
def test_colour_becomes_luma_as_in_a_png(dtype: type) -> None:
    colours = np.stack([drawn(dtype=dtype, seed=seed) for seed in (1, 2, 3)], axis=2)
    exact = colours @ np.array([0.299, 0.587, 0.114])
    assert np.abs(read_film(tiff_of(colours), LIMIT).astype(float) - exact).max() <= 1.5
    apart = np.ascontiguousarray(np.moveaxis(colours, 2, 0)).reshape(-1, colours.shape[1])
    height, width = colours.shape[:2]
    said: Tags = {
        257: (LONG, (height,)),
        258: (SHORT, (colours.dtype.itemsize * 8,) * 3),
        262: (SHORT, (2,)),
        277: (SHORT, (3,)),
        284: (SHORT, (2,)),
        278: (LONG, (height,)),
        273: (LONG, tuple(8 + plane * height * width * colours.itemsize for plane in range(3))),
        279: (LONG, (height * width * colours.itemsize,) * 3),
    }
    samples = read_film(tiff_of(apart, tags=said), LIMIT)
    assert (samples == read_film(tiff_of(colours), LIMIT)).all()


@DTYPES
def test_transparency_lies_over_black(dtype: type) -> None:
    film, limit = drawn(dtype=dtype), np.iinfo(dtype).max
    alpha = np.full_like(film, limit)
    alpha[:10] = 0
    for channels in (2, 4):
        stored = coloured(film, channels)
        stored[..., -1] = alpha
        kind = (SHORT, (2,))
        samples = read_film(tiff_of(stored, tags={338: kind}), LIMIT)
        assert (samples == np.where(alpha, film, 0)).all()
        # What lies beside the samples without being said to be transparency is passed over.
        assert (read_film(tiff_of(stored, tags={338: (SHORT, (0,))}), LIMIT) == film).all()


@pytest.mark.parametrize("scale", [1, 257])
def test_a_palette_of_greys_is_the_same_film(scale: int) -> None:
    film = drawn()
    greys = tuple(range(0, 256 * scale, scale)) * 3
    data = tiff_of(film, tags={262: (SHORT, (3,)), 320: (SHORT, greys)})
    assert (read_film(data, LIMIT) == film).all()


@pytest.mark.parametrize("said", range(1, 9))
def test_orientation_is_applied(said: int) -> None:
    film = drawn()
    exif = Image.Exif()
    exif[0x0112] = said
    data = tiff_of(film, tags={274: (SHORT, (said,))})
    assert (read_film(data, LIMIT) == read_film(png_of(film, exif=exif), LIMIT)).all()


def test_resolutions_that_are_not_equal_say_that_samples_are_not_square() -> None:
    said: Tags = {282: (RATIONAL, (204, 1)), 283: (RATIONAL, (196, 2))}
    decoded = read_file(tiff_of(drawn(), tags=said), LIMIT)
    assert decoded.presentation.pixel_aspect == pytest.approx(204 / 98)
    none: Tags = {282: (RATIONAL, (204, 0)), 283: (RATIONAL, (98, 1))}
    assert read_file(tiff_of(drawn(), tags=none), LIMIT).presentation.pixel_aspect == 1


def test_what_samples_do_not_depend_on_may_be_wrong_or_missing() -> None:
    film = drawn(dtype=np.uint16)
    words = tuple(b"Dupont, Jeanne")
    odd: list[Tags] = [
        {270: (ASCII, words), 305: (LONG, (0xFFFFFFFF,)), 306: (ASCII, ())},
        {34_665: (LONG, (4,)), 330: (LONG, (0xFFFFFFF0,)), 33_432: (SHORT, words)},
        {700: (ASCII, (255,) * 9), 34_675: (ASCII, (0,) * 90)},
        {279: None},
        {279: (LONG, (7,))},
        {278: None, 284: None, 339: None, 317: None, 277: None},
        {278: (LONG, (0xFFFFFFFF,))},
        {274: (SHORT, (99,))},
    ]
    for tags in odd:
        assert (read_film(tiff_of(film, tags=tags), LIMIT) == film).all(), tags
    assert (read_film(tiff_of(film) + b"junk" * 99, LIMIT) == film).all()


def test_libraries_say_nothing_of_what_a_file_says() -> None:
    # libtiff warns on stderr, where our log is.
    film = drawn()
    data = tiff_of(film, tags={270: (SHORT, (1,)), 65_000: (ASCII, tuple(b"Dupont"))})
    cut = tiff_of(film, compression=LZW, rows=8)[:400] + bytes(9)
    ask = "import sys\nfrom ingest.readers import read_film\nfrom schemas.errors import Refusal\n"
    ask += "for data in (bytes.fromhex(line) for line in sys.stdin):\n"
    ask += "    try: read_film(data, 10**6)\n    except Refusal: pass\n"
    asked = f"{data.hex()}\n{cut.hex()}\n"
    done = subprocess.run(
        [sys.executable, "-c", ask], input=asked, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_several_pages_are_refused_and_smaller_copies_are_none() -> None:
    film = drawn()
    pixels = film.tobytes()
    said = {
        256: (LONG, (72,)),
        257: (LONG, (80,)),
        258: (SHORT, (8,)),
        262: (SHORT, (1,)),
        273: (LONG, (8,)),
        279: (LONG, (len(pixels),)),
    }
    copy = said | {254: (LONG, (1,)), 256: (LONG, (36,)), 257: (LONG, (40,))}
    why = refusal(whole(pixels, [said, said]))
    assert (why.code, why.came) == ("multi-frame", "2 pages")
    for directories in ([said, copy, copy], [copy, said], [said | {254: (LONG, (1,))}]):
        assert (read_film(whole(pixels, directories), LIMIT) == film).all()


@pytest.mark.parametrize(
    ("tags", "came"),
    [
        ({258: (SHORT, (32,))}, "32 bits"),
        ({258: (SHORT, (12,))}, "12 bits"),
        ({258: (SHORT, (1,))}, "1 bits"),
        ({339: (SHORT, (3,))}, "sample format 3"),
        ({339: (SHORT, (2,))}, "sample format 2"),
        ({262: (SHORT, (6,))}, "photometric interpretation 6"),
        ({262: None}, "photometric interpretation None"),
        ({259: (SHORT, (7,))}, "compression 7"),
        ({277: (SHORT, (5,))}, "5 channels"),
    ],
)
def test_samples_of_another_kind_are_unsupported_and_named(tags: Tags, came: str) -> None:
    why = refusal(tiff_of(drawn(), tags=tags))
    assert (why.code, why.came) == ("unsupported", came)


def test_announced_gigabytes_are_refused_before_anything_is_decoded() -> None:
    film = drawn()
    huge = (LONG, (60_000,))
    assert refusal(tiff_of(film, tags={256: huge, 257: huge})).code == "too-large"
    tile = tiff_of(film, tile=32, tags={322: (LONG, (1 << 20,)), 323: (LONG, (1 << 20,))})
    assert refusal(tile).code == "unsupported"
    assert refusal(tiff_of(drawn(60, 70))).code == "too-small"
    assert refusal(tiff_of(film, tags={278: (LONG, (0,))})).code == "unsupported"


def test_directories_and_strips_outside_the_file_or_in_a_circle_are_truncated() -> None:
    film = drawn()
    good = tiff_of(film)
    (at,) = struct.unpack_from("<I", good, 4)
    for wrong in (len(good) - 3, len(good), 0xFFFFFFF0):
        assert refusal(good[:4] + struct.pack("<I", wrong) + good[8:]).code == "truncated"
    assert refusal(good[:4] + bytes(4) + good[8:]).code == "truncated"
    large = tiff_of(film, big=True)
    for pointer in (2**63, 2**64 - 1, len(large)):
        assert refusal(large[:8] + struct.pack("<Q", pointer) + large[16:]).code == "truncated"
    (count,) = struct.unpack_from("<H", good, at)
    behind = at + 2 + 12 * count
    for wrong in (at, 0xFFFFFFF0):
        circle = good[:behind] + struct.pack("<I", wrong) + good[behind + 4 :]
        assert refusal(circle).code == "truncated"
    for tags in (
        {273: (LONG, (len(good),))},
        {273: (LONG, (0xFFFFFFF0,))},
        {273: None},
        {278: (LONG, (8,))},
    ):
        assert refusal(tiff_of(film, tags=tags)).code == "truncated", tags


@DTYPES
@pytest.mark.parametrize("compression", [1, LZW, DEFLATE, PACKBITS])
def test_a_tiff_whose_samples_are_cut_is_truncated(dtype: type, compression: int) -> None:
    film = drawn(dtype=dtype)
    good = tiff_of(film, compression=compression, rows=40)
    (at,) = struct.unpack_from("<I", good, 4)
    for length in range(4, len(good) - 4, 97):
        assert refusal(good[:length]).code == "truncated", length
    # Where the directory stands first, it is the samples that are missing.
    assert len(good) > 5000
    for missing in (40, 900):
        stored = tiff_of(film, compression=compression)
        (at,) = struct.unpack_from("<I", stored, 4)
        size = at - 8 - missing
        if compression == 1:
            where: Tags = {273: (LONG, (len(stored) - size,))}
        else:
            where = {279: (LONG, (size,))}
        assert refusal(tiff_of(film, compression=compression, tags=where)).code == "truncated"


def test_pillow_writes_films_that_are_read() -> None:
    for film, kind in itertools.product(
        (drawn(), drawn(dtype=np.uint16)), (None, "tiff_lzw", "tiff_adobe_deflate", "packbits")
    ):
        for order in "<>":
            out = io.BytesIO()
            Image.fromarray(film.astype(film.dtype.newbyteorder(order))).save(
                out, "TIFF", compression=kind
            )
            assert (read_film(out.getvalue(), LIMIT) == film).all()


def test_a_file_that_is_dicom_and_tiff_at_once_is_read_as_dicom() -> None:
    film = drawn(dtype=np.uint16) >> 4
    data = dicom_of(film, 12)
    both = tiff_of(drawn())[:8] + data[8:]
    assert read_file(both, LIMIT).says.format == "dicom"
