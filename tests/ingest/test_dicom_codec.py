"""Codestreams whose sign, precision, channels or size are not what the header says."""

from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.uid import UID

from ingest.readers import read_file
from schemas.errors import Refusal
from tests.ingest import dicoms
from tests.ingest.dicoms import dicom_of
from tests.ingest.films import drawn, jpeg_of

LIMIT = 1_000_000
#: Smooth, as films are, with every value of 12 bits.
FILM = (np.add.outer(np.arange(96), np.arange(80)) * 4095 // 174).astype(np.uint16)
SIGNED = (FILM.astype(np.int32) - 2048).astype(np.int16)


def jpeg_2000(codes: NDArray[Any], bits: int) -> bytes:
    return bytes(
        imagecodecs.jpeg2k_encode(
            codes, level=0, codecformat="J2K", bitspersample=bits, reversible=True, numthreads=1
        )
    )


def jpeg_ls(codes: NDArray[Any], bits: int) -> bytes:
    assert codes.max() < 1 << bits
    return bytes(imagecodecs.jpegls_encode(codes))


def lossless(codes: NDArray[Any], bits: int) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(codes, lossless=True, bitspersample=bits, predictor=1))


UNSIGNED = pytest.mark.parametrize(
    ("syntax", "encode"),
    [
        (dicoms.JPEG_2000, jpeg_2000),
        (dicoms.JPEG_LS, jpeg_ls),
        (dicoms.LOSSLESS_SV1, lossless),
    ],
)


def read(codes: NDArray[Any], stored: int, syntax: UID, pixels: bytes, **tags: Any) -> Any:
    return read_file(dicom_of(codes, stored, syntax=syntax, pixels=pixels, **tags), LIMIT).samples


@pytest.mark.parametrize("stored", [12, 16])
def test_a_signed_jpeg_2000_under_an_unsigned_header_keeps_its_sign(stored: int) -> None:
    samples = read(FILM, stored, dicoms.JPEG_2000, jpeg_2000(SIGNED, 12))
    assert (samples == FILM).all()


@pytest.mark.parametrize("stored", [12, 16])
def test_words_of_signed_samples_in_an_unsigned_jpeg_2000_are_signed(stored: int) -> None:
    """As encoders write them that were given words: -1 is 4095 of 12 bits."""
    words = SIGNED.view(np.uint16) & 4095
    samples = read(SIGNED, stored, dicoms.JPEG_2000, jpeg_2000(words, 12))
    assert (samples == FILM).all()


def test_unsigned_samples_in_a_jpeg_2000_that_the_header_calls_signed_are_not() -> None:
    samples = read(SIGNED, 12, dicoms.JPEG_2000, jpeg_2000(FILM, 12))
    assert (samples == FILM).all()


@UNSIGNED
def test_more_bits_than_the_header_says_are_read(syntax: UID, encode: Any) -> None:
    """Cut to 10 bits they wrapped: bright places became dark."""
    samples = read(FILM, 10, syntax, encode(FILM, 12))
    assert samples.dtype == np.uint16
    order = np.argsort(FILM.ravel(), kind="stable")
    assert (np.diff(samples.ravel()[order].astype(int)) >= 0).all()
    assert len(np.unique(samples)) == len(np.unique(FILM))


@UNSIGNED
def test_fewer_bits_than_the_header_says_are_as_good(syntax: UID, encode: Any) -> None:
    assert (read(FILM, 16, syntax, encode(FILM, 12)) == FILM).all()
    assert (read(FILM, 12, syntax, encode(FILM, 12), HighBit=15) == FILM).all()


def test_a_sign_that_is_repeated_above_the_stored_bits_is_a_sign() -> None:
    words = SIGNED.view(np.uint16)
    for syntax, encode in ((dicoms.JPEG_LS, jpeg_ls), (dicoms.LOSSLESS_SV1, lossless)):
        assert (read(SIGNED, 12, syntax, encode(words, 16)) == FILM).all()


def test_codes_at_the_upper_end_of_a_codestreams_word_come_down() -> None:
    for syntax, encode in ((dicoms.JPEG_LS, jpeg_ls), (dicoms.LOSSLESS_SV1, lossless)):
        assert (read(FILM, 12, syntax, encode(FILM << 4, 16), HighBit=15) == FILM).all()


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
def test_a_jpeg_of_three_channels_that_is_said_to_be_grey_is_grey(photometric: str) -> None:
    film = drawn()
    grey = read(film, 8, dicoms.BASELINE, jpeg_of(film), photometric=photometric)
    three = jpeg_of(np.dstack([film] * 3))
    samples = read(film, 8, dicoms.BASELINE, three, photometric=photometric)
    assert np.abs(samples.astype(int) - grey).max() <= 1
    exact = bytes(imagecodecs.jpeg2k_encode(np.dstack([film] * 3), level=0, codecformat="J2K"))
    expected = film if photometric == "MONOCHROME2" else 255 - film
    assert (read(film, 8, dicoms.JPEG_2000, exact, photometric=photometric) == expected).all()


def refusal(*arguments: Any, **tags: Any) -> Refusal:
    with pytest.raises(Refusal) as refused:
        read(*arguments, **tags)
    return refused.value


def test_three_channels_that_differ_are_no_grey() -> None:
    three = np.dstack([drawn(seed=seed) for seed in (1, 2, 3)])
    stream = bytes(imagecodecs.jpeg2k_encode(three, level=0, codecformat="J2K"))
    why = refusal(drawn(), 8, dicoms.JPEG_2000, stream)
    assert (why.code, why.came) == ("mismatch", "3 channels")


@UNSIGNED
def test_a_codestream_of_another_size_is_no_damage_but_a_contradiction(
    syntax: UID, encode: Any
) -> None:
    why = refusal(FILM, 12, syntax, encode(FILM[:-1], 12))
    assert (why.code, why.wanted, why.came) == ("mismatch", "80 x 96 pixels", "80 x 95 pixels")


#: Uneven along rows, as films are, and passing its middle in each of them.
WAVES = (2048 + 1900 * np.sin(np.add.outer(np.arange(96) / 40, np.arange(160) / 9))).astype("<u2")


def other_sign(codes: NDArray[Any], stored: int) -> NDArray[Any]:
    """Return the words of unsigned codes as int16, or of signed ones as uint16: the same bits."""
    words = codes.view(np.uint16) & ((1 << stored) - 1)
    return words.view(np.int16 if codes.dtype.kind == "u" else np.uint16)


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
@pytest.mark.parametrize("stored", [12, 16])
@pytest.mark.parametrize("signed", [False, True])
def test_a_sign_that_makes_samples_wrap_is_not_believed(
    stored: int, photometric: str, *, signed: bool
) -> None:
    film = WAVES << (stored - 12)
    true = (film.astype(np.int32) - (1 << stored >> 1)).astype(np.int16) if signed else film
    wrong = other_sign(true, stored)
    codes = wrong.view(np.uint16)
    honest = read_file(dicom_of(true, stored, photometric=photometric), LIMIT).samples
    streams: list[tuple[UID, bytes | None]] = [
        (dicoms.EXPLICIT, None),
        (dicoms.BIG_ENDIAN, None),
        (dicoms.RLE, None),
    ]
    if stored == 12:
        streams += [
            (dicoms.JPEG_LS, jpeg_ls(codes, 12)),
            (dicoms.LOSSLESS_SV1, lossless(codes, 12)),
        ]
    top = (1 << stored) - 1
    assert (honest == (film if photometric == "MONOCHROME2" else top - film)).all()
    for syntax, pixels in streams:
        came = dicom_of(wrong, stored, syntax=syntax, pixels=pixels, photometric=photometric)
        assert (read_file(came, LIMIT).samples == honest).all()


def honest_films() -> list[tuple[str, NDArray[Any], dict[str, Any]]]:
    low = WAVES // 4
    letters = low.copy()
    letters[20:60:2, 20:140:3] = 4095
    columns, border = WAVES.copy(), np.pad(low + 1, 20, constant_values=4095)
    columns[:, ::7] = 4095
    saturated = np.clip((WAVES.astype(int) - 1500) * 4, 0, 4095).astype(np.uint16)
    black_and_white = np.where(WAVES > 2048, 4095, 0).astype(np.uint16)
    return [
        ("plain", WAVES, {}),
        ("letters on a dark film", letters, {}),
        ("padding at the far end", border, {"PixelPaddingValue": 4095}),
        ("padding that nothing names", border, {}),
        ("padded columns", columns, {"PixelPaddingValue": 4095}),
        ("padded columns that nothing names", columns, {}),
        ("steep, black beside white", saturated, {}),
        ("black and white", black_and_white, {}),
        ("dark", low, {}),
    ]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("name", "film", "tags"), honest_films())
def test_a_sign_that_is_true_is_kept_however_steep_the_film(
    name: str, film: NDArray[Any], tags: dict[str, int], *, signed: bool
) -> None:
    codes = (film.astype(np.int32) - 2048).astype(np.int16) if signed else film
    said: dict[str, Any] = {tag: value - 2048 * signed for tag, value in tags.items()}
    samples = read_file(dicom_of(codes, 12, **said), LIMIT).samples
    assert (samples == film).all(), name
