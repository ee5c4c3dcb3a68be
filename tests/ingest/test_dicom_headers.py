"""2,000 odd DICOM headers: each ends as a film or as a refusal, and a film as one and the same.

Elements are written byte by byte: any representation, length and value where the standard wants a
certain one, in tags that say how samples are stored, meant, shown and turned.
"""

import struct
from collections import Counter
from typing import Final

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.deidentify import deidentify
from ingest.film_of_file import film_of_file
from ingest.suspicion import check_says
from schemas.errors import Refusal
from schemas.film_tensor import film_tensor
from schemas.presentation import Presentation
from store.records import FormSays
from tests.ingest import dicoms
from tests.ingest.films import drawn

LIMIT: Final = 1_000_000
SIDE: Final = 32
#: A part of the picture that a steward blacks out.
PART: Final = (0.1, 0.2, 0.3, 0.1)
EIGHT, SIXTEEN = drawn(80, 64), drawn(80, 64, np.uint16) >> 4
SIGNED = (SIXTEEN.astype(np.int32) - 2048).astype(np.int16)
#: Pixels by transfer syntax, as they stand in the element.
PIXELS: Final = {
    dicoms.EXPLICIT: (EIGHT.tobytes(), SIXTEEN.tobytes(), SIGNED.tobytes()),
    dicoms.IMPLICIT: (SIXTEEN.tobytes(),),
    dicoms.BIG_ENDIAN: (SIXTEEN.astype(">u2").tobytes(),),
    **{
        syntax: (dicoms.encoded(SIXTEEN, 12, syntax), dicoms.encoded(EIGHT, 8, syntax))
        for syntax in (dicoms.RLE, dicoms.LOSSLESS_SV1, dicoms.JPEG_LS, dicoms.JPEG_2000)
    },
    dicoms.BASELINE: (dicoms.encoded(EIGHT, 8, dicoms.BASELINE),),
}
_LONG: Final = frozenset({b"OB", b"OW", b"SQ", b"UN", b"UT"})
_PLAIN: Final = {
    0x00080016: (b"UI", dicoms.DX.encode() + b"\0"),
    0x00080060: (b"CS", b"DX"),
    0x00280004: (b"CS", b"MONOCHROME2 "),
}

words = st.integers(0, 65_535)
word_lists = st.lists(words, max_size=4).map(lambda found: struct.pack(f"<{len(found)}H", *found))
numerals = st.one_of(
    st.floats(width=32).map(str),
    st.integers(-70_000, 70_000).map(str),
    st.sampled_from(["", " ", "nan", "-inf", "1e400", "1e-320", "0", "-0", "1,5", "0x10", "--1"]),
)
number_texts = st.lists(numerals, max_size=4).map(lambda found: "\\".join(found).encode())
terms = st.sampled_from(
    [b"MONOCHROME1", b"MONOCHROME2", b"RGB", b"PALETTE COLOR", b"YBR_FULL", b"YBR_FULL_422",
     b"INVERSE", b"IDENTITY", b"SIGMOID", b"LINEAR_EXACT", b"L\\F", b"F\\R", b"R\\H", b"P\\F",
     b"L\\L", b"\\", b"LFP\\FA", b"CR", b"DR", b"SC", b"YES", b"\xff\xfe", b"DERIVED\\PRIMARY"]
)  # fmt: skip
anything = st.binary(max_size=24)
representations = st.sampled_from(
    [b"US", b"SS", b"DS", b"IS", b"CS", b"UI", b"OB", b"OW", b"UN", b"SQ", b"FD", b"LO", b"ZZ"]
)
sensible_words = st.sampled_from([0, 1, 2, 8, 10, 11, 12, 15, 16, 64, 80, 4095, 32_768])
as_words = st.one_of(sensible_words.map(lambda one: struct.pack("<H", one)), word_lists)
#: Rows, columns, channels, planes, bits, sign, padding.
_NUMBERS: Final = (
    0x00280002, 0x00280006, 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102,
    0x00280103, 0x00280120, 0x00280121,
)  # fmt: skip
#: Spacings, windows, rescale.
_DECIMALS: Final = (
    0x00181164, 0x00182010, 0x00280030, 0x00281050, 0x00281051, 0x00281052, 0x00281053,
)  # fmt: skip
#: Frames, aspect.
_INTEGERS: Final = (0x00280008, 0x00280034)
#: Kind of image, modality, part, view, orientation, photometric, text, VOI function, polarity.
_TERMS: Final = (
    0x00080008, 0x00080060, 0x00180015, 0x00185101, 0x00200020, 0x00280004, 0x00280301,
    0x00281056, 0x20500020,
)  # fmt: skip
#: Tags with how their values are usually made.
TAGS: Final = {
    **dict.fromkeys(_NUMBERS, (b"US", as_words)),
    **dict.fromkeys(_DECIMALS, (b"DS", number_texts)),
    **dict.fromkeys(_INTEGERS, (b"IS", number_texts)),
    **dict.fromkeys(_TERMS, (b"CS", terms)),
}
#: How samples are really stored, which a header mostly says.
STORED: Final = (0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102, 0x00280103)


def element(tag: int, kind: bytes, value: bytes, syntax: str, length: int | None = None) -> bytes:
    """Return one element; a length that is given is said, whatever it is."""
    order = ">" if syntax == dicoms.BIG_ENDIAN else "<"
    value += b"\0" * (len(value) % 2)
    said = len(value) if length is None else length
    head = struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF)
    if syntax == dicoms.IMPLICIT:
        return head + struct.pack("<I", said) + value
    if kind in _LONG:
        return head + kind + b"\0\0" + struct.pack(f"{order}I", said & 0xFFFFFFFF) + value
    return head + kind + struct.pack(f"{order}H", said & 0xFFFF) + value


@st.composite
def tables(draw: st.DrawFn, syntax: str) -> bytes:
    """Return a sequence of one item with a lookup table, seldom a whole one."""
    count = draw(st.sampled_from([0, 1, 2, 256, 4096, 65_535]))
    bits = draw(st.sampled_from([0, 8, 12, 16, 255]))
    descriptor = struct.pack("<HHH", count, draw(words), bits)
    size = draw(st.sampled_from([0, 1, 2 * count, 2 * count, 2 * count, count]))
    entries = np.linspace(*draw(st.tuples(words, words)), max(1, size // 2)).astype("<u2")
    item = element(0x00283002, b"US", descriptor, syntax)
    item += element(0x00283006, b"OW", entries.tobytes()[:size], syntax)
    return element(0xFFFEE000, b"", item, dicoms.IMPLICIT)


@st.composite
def headers(draw: st.DrawFn) -> bytes:
    """Return a whole file with an odd header."""
    syntax = draw(st.sampled_from([*PIXELS]))
    pixels = draw(st.sampled_from(PIXELS[syntax]))
    narrow = len(pixels) in {EIGHT.size, 0} or syntax == dicoms.BASELINE
    bits = 8 if narrow else 12
    true = (80, 64, 8 if narrow else 16, bits, bits - 1, 0)
    made = {tag: (b"US", struct.pack("<H", one)) for tag, one in zip(STORED, true, strict=True)}
    made |= _PLAIN
    for tag in draw(st.lists(st.sampled_from([*TAGS]), max_size=6, unique=True)):
        kind, values = TAGS[tag]
        made[tag] = kind, draw(values)
    if draw(st.integers(0, 3)) == 0:
        odd = draw(st.sampled_from([*TAGS]))
        made[odd] = draw(representations), draw(anything)
    for tag in (0x00283000, 0x00283010):
        if draw(st.integers(0, 3)) == 0:
            made[tag] = b"SQ", draw(tables(syntax))
    parts = []
    for tag, (kind, value) in sorted(made.items()):
        wrong = draw(st.integers(0, 60)) == 0
        length = draw(st.sampled_from([0, 1, 3, 65_535, 0xFFFFFFFF])) if wrong else None
        swapped = value
        if kind == b"US" and syntax == dicoms.BIG_ENDIAN:
            swapped = b"".join(value[at : at + 2][::-1] for at in range(0, len(value), 2))
        parts.append(element(tag, kind, swapped, syntax, length))
    meta = element(0x00020010, b"UI", syntax.encode(), dicoms.EXPLICIT)
    if syntax in {dicoms.EXPLICIT, dicoms.IMPLICIT, dicoms.BIG_ENDIAN}:
        end = element(0x7FE00010, b"OW", pixels, syntax)
    else:
        fragments = element(0xFFFEE000, b"", b"", dicoms.IMPLICIT)
        fragments += element(0xFFFEE000, b"", pixels, dicoms.IMPLICIT)
        end = element(0x7FE00010, b"OB", fragments, syntax, 0xFFFFFFFF)
    return bytes(128) + b"DICM" + meta + b"".join(parts) + end


def end_of(data: bytes) -> str:
    """Return how a file ends: the code of its refusal, or film. Raises what should not be."""
    try:
        film = film_of_file(data, LIMIT, [PART], SIDE)
        check_says(film.says)
    except Refusal as refusal:
        return refusal.code
    how = film.presentation
    told = FormSays()
    known = deidentify(film.says, told, secret="s", data_set="x", presentation=how).facts
    # What goes through rows and events is what was developed, and gives the same tensor again.
    kept = type(known).model_validate_json(known.model_dump_json()).presentation
    assert kept == how
    assert isinstance(kept, Presentation)
    assert film_tensor(film.full, SIDE, film.film, kept).tobytes() == film.tensor
    return "film"


def test_2000_odd_headers_end_as_films_or_refusals() -> None:
    ends: Counter[str] = Counter()

    @settings(
        max_examples=2000,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=headers())
    def every_header(data: bytes) -> None:
        ends[end_of(data)] += 1

    every_header()
    # It would show nothing if most were refused at the door, or none.
    assert ends["film"] > 400
    assert len(ends) > 8
