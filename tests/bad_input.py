"""What people drop that is no film: one table, for tests in memory and on the real services.

Each file is made when it is asked for, and is of this run alone where `seed` changes it.
"""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stack.phantoms import draw, to_8_bits
from tests.ingest.dicoms import EXPLICIT, dataset_of, dicom_of, file_of
from tests.ingest.films import drawn, grown, jpeg_of, png_of
from tests.ingest.pictures import landscape, photograph

#: A whole film of 12 bits, for files that are spoiled in one place.
_FILM: Final = drawn(dtype=np.uint16) >> 4
_CT: Final = "1.2.840.10008.5.1.4.1.1.2"


@dataclass(frozen=True)
class Bad:
    """A file that is no film, and the codes one of which its refusal has."""

    name: str
    make: Callable[[], bytes]
    codes: frozenset[str]


def _bad(name: str, codes: str, make: Callable[[], bytes]) -> Bad:
    return Bad(name, make, frozenset(codes.split()))


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("film.png", png_of(drawn()))
    return out.getvalue()


def _animation() -> bytes:
    out = io.BytesIO()
    frames = [Image.fromarray(drawn(seed=seed)) for seed in (1, 2, 3)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def _one_shade_bomb() -> bytes:
    # 62 million pixels in 60 kB; a palette with transparency is a gigabyte on its way to grey.
    out = io.BytesIO()
    picture = Image.new("P", (7_900, 7_900))
    picture.putpalette([0, 0, 0, 255, 255, 255])
    picture.save(out, "PNG", transparency=0)
    return out.getvalue()


def _colour(picture: Callable[[int], NDArray[np.uint8]]) -> bytes:
    return jpeg_of(picture(512))


_SVG: Final = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>'

#: By what is wrong, in the order of the requirements.
BAD: Final = (
    _bad("empty.png", "empty", lambda: b""),
    _bad("truncated.png", "truncated", lambda: png_of(drawn())[:2000]),
    _bad("truncated.jpg", "truncated", lambda: jpeg_of(drawn())[:-900]),
    _bad("text.png", "not-an-image", lambda: "Compte rendu : rien à signaler.\n".encode() * 20),
    _bad("archive.zip", "unsupported", _zip),
    _bad("report.pdf", "unsupported", lambda: b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"),
    _bad("page.html", "not-an-image", lambda: b"<!DOCTYPE html><html><body>x</body></html>"),
    _bad("drawing.svg", "unsupported", lambda: _SVG),
    _bad("animated.gif", "unsupported", _animation),
    _bad("huge.png", "too-large", lambda: grown(png_of(drawn()), 60_000, 60_000)),
    _bad("bomb.png", "decoder-limit too-large blank", _one_shade_bomb),
    _bad("blank.png", "blank", lambda: png_of(np.full((512, 512), 90, np.uint8))),
    _bad("small.png", "too-small", lambda: png_of(drawn(63, 90))),
    _bad("long.png", "aspect", lambda: png_of(drawn(100, 450))),
    _bad("photograph.jpg", "not-a-film", lambda: _colour(photograph)),
    _bad("landscape.jpg", "not-a-film", lambda: _colour(landscape)),
    _bad("frames.dcm", "multi-frame", lambda: dicom_of(_FILM, 12, NumberOfFrames=2)),
    _bad("ct.dcm", "modality", lambda: dicom_of(_FILM, 12, SOPClassUID=_CT, Modality="CT")),
    _bad("tags.dcm", "no-pixels", lambda: file_of(dataset_of(_FILM, 12), EXPLICIT)),
    _bad(
        "syntax.dcm",
        "transfer-syntax",
        lambda: dicom_of(_FILM, 12).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.9.9.9\0"),
    ),
    _bad("noise.dcm", "not-dicom", lambda: bytes(128) + b"DICM" + _noise(4000)),
)


def _noise(size: int) -> bytes:
    return np.random.default_rng(4).bytes(size)


def spoiled(kind: str, count: int, seed: int) -> list[bytes]:
    """Return `count` copies of a good film of a kind, each with random bytes changed.

    kind: png, jpeg or dicom. Half of the changes hit the first 300 bytes: headers are short, and
    would seldom be hit.
    """
    samples = to_8_bits(draw(seed, 256))
    makers: dict[str, Callable[[NDArray[np.uint8]], bytes]] = {
        "png": png_of,
        "jpeg": jpeg_of,
        "dicom": dicom_of,
    }
    good = makers[kind](samples)
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        broken = bytearray(good)
        reach = len(broken) if rng.random() < 0.5 else min(300, len(broken))
        for _ in range(rng.integers(1, 5)):
            broken[rng.integers(reach)] ^= int(rng.integers(1, 256))
        made.append(bytes(broken))
    return made
