import io
import struct

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from ingest.readers import read_film
from schemas.errors import Refusal
from schemas.identities import film_id
from tests.ingest.films import chunk, drawn, grown, png_of, raw_png

LIMIT = 64_000_000


def test_8_bit_grey_comes_out_as_it_is() -> None:
    film = drawn()
    assert (read_film(png_of(film), LIMIT) == film).all()


def test_16_bit_grey_keeps_every_bit() -> None:
    film = drawn(dtype=np.uint16)
    samples = read_film(png_of(film), LIMIT)
    assert samples.dtype == np.uint16
    assert (samples == film).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("kind", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_the_same_samples_in_any_kind_of_png_are_one_film(
    dtype: type, kind: int, channels: int
) -> None:
    film = drawn(dtype=dtype)
    grey = np.repeat(film[..., None], channels, axis=2)
    if kind in {4, 6}:
        grey[..., -1] = np.iinfo(dtype).max
    assert film_id(read_film(raw_png(grey, kind), LIMIT)) == film_id(film)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_are_spread_over_8(bits: int) -> None:
    levels = 1 << bits
    small = (drawn() // (256 // levels)).astype(np.uint8)
    picture = Image.fromarray(small, "P") if bits > 1 else Image.fromarray(small == 1)
    out = io.BytesIO()
    if bits > 1:
        picture.putpalette([value for level in range(levels) for value in [level] * 3])
    picture.save(out, "PNG", bits=bits)
    written = bytearray(out.getvalue())
    # Pillow writes few bits as a palette only: as grey the same bytes mean the same levels.
    header = written[16:24] + bytes([bits, 0, 0, 0, 0])
    whole = bytes(written[:8]) + chunk(b"IHDR", bytes(header)) + _without(written[33:], b"PLTE")
    assert (read_film(whole, LIMIT) == small * (255 // (levels - 1))).all()


def _without(rest: bytes | bytearray, name: bytes) -> bytes:
    at, kept = 0, b""
    while at < len(rest):
        (length,) = struct.unpack_from(">I", rest, at)
        if rest[at + 4 : at + 8] != name:
            kept += bytes(rest[at : at + 12 + length])
        at += 12 + length
    return kept


def test_a_palette_of_greys_is_the_same_film() -> None:
    film = drawn()
    picture = Image.fromarray(film).convert("P")
    picture.putpalette([value for level in range(256) for value in [level] * 3])
    out = io.BytesIO()
    picture.save(out, "PNG")
    assert film_id(read_film(out.getvalue(), LIMIT)) == film_id(film)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colour_becomes_luma_at_its_own_depth(dtype: type) -> None:
    colours = np.stack([drawn(dtype=dtype, seed=seed) for seed in (1, 2, 3)], axis=2)
    exact = colours @ np.array([0.299, 0.587, 0.114])
    samples = read_film(raw_png(colours, 2), LIMIT)
    assert samples.dtype == dtype
    assert np.abs(samples.astype(float) - exact).max() <= 1.5


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_transparency_lies_over_black(dtype: type) -> None:
    whole = np.iinfo(dtype).max
    film = drawn(dtype=dtype)
    alpha = np.full_like(film, whole)
    alpha[:10], alpha[10:20] = 0, whole // 2
    samples = read_film(raw_png(np.stack([film, alpha], axis=2), 4), LIMIT)
    assert (samples[:10] == 0).all()
    assert np.abs(samples[10:20].astype(float) - film[10:20] / 2).max() <= 1.0
    assert (samples[20:] == film[20:]).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("kind", "channels"), [(0, 1), (2, 3)])
def test_one_transparent_shade_is_black(dtype: type, kind: int, channels: int) -> None:
    film = drawn(dtype=dtype)
    clear = int(film[40, 40])
    grey = np.repeat(film[..., None], channels, axis=2)
    said = struct.pack(f">{channels}H", *[clear] * channels)
    samples = read_film(raw_png(grey, kind, ((b"tRNS", said),)), LIMIT)
    assert (samples == np.where(film == clear, 0, film)).all()


def test_an_interlaced_png_is_the_same_film() -> None:
    # Adam7 of 8 x 8 blocks, written by hand: seven small pictures one after another.
    film = drawn(64, 64)
    starts = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
              (1, 0, 2, 1)]  # fmt: skip
    lines = b"".join(
        b"\x00" + row.tobytes()
        for y, x, down, across in starts
        for row in film[y::down, x::across]
    )
    import zlib

    header = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 1)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    whole = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)
    assert (read_film(whole, LIMIT) == film).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    film = drawn()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    data = png_of(film, exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    assert (read_film(data, LIMIT) == expected).all()


def test_gamma_profile_and_text_change_nothing() -> None:
    film = drawn()
    words = PngInfo()
    words.add_text("Patient", "Dupont")
    words.add(b"gAMA", struct.pack(">I", 10_000))
    data = png_of(film, pnginfo=words, icc_profile=b"not a profile", dpi=(10, 10))
    assert film_id(read_film(data, LIMIT)) == film_id(film)


def test_unreadable_exif_is_no_reason_to_refuse_a_film() -> None:
    film = drawn()
    data = raw_png(film[..., None], 0, ((b"eXIf", b"MM\x00*\xff\xff\xff\xff"),))
    assert (read_film(data, LIMIT) == film).all()


def test_a_size_over_the_limit_is_refused_before_decoding() -> None:
    small = png_of(drawn())
    for width, height in ((50_000, 64), (16_000, 16_000)):
        with pytest.raises(Refusal) as refused:
            read_film(grown(small, width, height), LIMIT)
        assert refused.value.code == "too-large"


def test_a_film_under_64_pixels_a_side_is_too_small() -> None:
    with pytest.raises(Refusal) as refused:
        read_film(png_of(drawn(200, 63)), LIMIT)
    assert refused.value.code == "too-small"
    assert read_film(png_of(drawn(64, 64)), LIMIT).shape == (64, 64)


def test_a_png_cut_anywhere_within_its_samples_is_truncated() -> None:
    data = png_of(drawn())
    # Behind them stand what ends the stream's last block, two checksums, and IEND.
    for length in (*range(1, len(data) - 40, 97), len(data) - 40):
        with pytest.raises(Refusal) as refused:
            read_film(data[:length], LIMIT)
        assert refused.value.code == "truncated", length


def test_a_png_whose_end_alone_is_missing_is_the_film() -> None:
    film = drawn()
    data = png_of(film)
    for length in range(len(data) - 12 - 4 - 4, len(data)):
        assert (read_film(data[:length], LIMIT) == film).all(), length


def test_a_damaged_png_is_never_a_film() -> None:
    data = bytearray(png_of(drawn()))
    data[len(data) // 2] ^= 1
    with pytest.raises(Refusal, match="checksum"):
        read_film(bytes(data), LIMIT)


def test_an_animation_is_unsupported() -> None:
    out = io.BytesIO()
    frames = [Image.fromarray(drawn(seed=seed)) for seed in (1, 2)]
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    with pytest.raises(Refusal, match="animated") as refused:
        read_film(out.getvalue(), LIMIT)
    assert refused.value.code == "unsupported"
