"""JPEG films: 8 bits, grey, colour or CMYK, baseline or progressive.

The file is taken apart first (jpeg_segments): size and kind are known before a pixel is decoded,
and the decoder gets what carries samples and nothing else. Colour becomes grey inside the decoder
(its Y channel is BT.601 luma). Profiles (ICC) are passed over. A second picture in the file (MPO)
is passed over too: it is a preview or a gain map.

libjpeg fills with grey what a scan's data have no more bits for, and says nothing. So where an
end may have been cut off, samples are made again with a filler behind each scan's data, which a
picture that is all there never reads; where the end is not marked, with two opposite ones.
Source: ITU-T T.81, annexes B and F.2.2.
"""

import io
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL.JpegImagePlugin import JpegImageFile

from ingest.checks import check_size
from ingest.colour import SAMPLE_SIDE, coloured_share, sample_of
from ingest.readers.grey import luma
from ingest.readers.jpeg_segments import WANTED, Segments, take_apart
from ingest.readers.picture import Picture
from schemas.errors import Refusal

SIGNATURE: Final = b"\xff\xd8"

#: SOF markers of Huffman-coded DCT. Others are lossless, differential or arithmetic-coded.
_DECODABLE: Final = frozenset({0xC0, 0xC1, 0xC2})
_PROGRESSIVE: Final = 0xC2
_BLOCK: Final = 8
#: Two fillers that differ in every bit; neither holds a marker, nor a byte that needs stuffing.
FILLERS: Final = tuple(
    bytes(byte ^ turned for byte in np.random.default_rng(8).integers(1, 255, 512).tolist())
    for turned in (0, 255)
)


def read(data: bytes, pixel_limit: int) -> Picture:
    """Return a JPEG's picture, uint8. Raises Refusal."""
    segments = take_apart(data)
    marker, bits, height, width, channels = segments.frame
    if marker not in _DECODABLE or bits != 8:
        raise Refusal(
            "unsupported",
            wanted="a baseline or progressive JPEG of 8 bits",
            came=f"one of kind SOF{marker - 0xC0} at {bits} bits",
        )
    if channels not in {1, 3, 4} or not width or not height:
        raise Refusal(
            "unsupported",
            wanted="1, 3 or 4 channels and a size in the header",
            came=f"{channels} channels, {width} x {height} pixels",
        )
    check_size(width, height, pixel_limit)
    try:
        grey = _whole_grey(segments)
        coloured = coloured_share(_colours(segments)) if channels > 1 else 0.0
    except (MemoryError, Refusal):
        raise
    except Exception as error:  # noqa: BLE001 - Pillow raises many kinds: the file is not whole
        raise Refusal(
            "truncated", wanted=WANTED, came=f"one that cannot be decoded ({type(error).__name__})"
        ) from None
    return Picture.upright(grey, segments.orientation, coloured, segments.aspect)


def grey_of(data: bytes, size: tuple[int, int], *, rgb: bool = False) -> NDArray[Any]:
    """Return the grey of a JPEG of 8 bits and this (width, height), as a DICOM file holds one.

    rgb: its file says that its channels are red, green and blue, which is believed where the JPEG
    says nothing of them: else they are luma and two differences. EXIF is passed over.
    Raises Refusal `truncated` where samples are missing, ValueError where the size is another, and
    what Pillow raises.
    """
    segments = take_apart(data)
    if (segments.frame.width, segments.frame.height) != size:
        raise ValueError("the decoder sees another size")
    if rgb and segments.frame.channels == 3 and not segments.says_colours:
        segments = segments.in_rgb()
    return _whole_grey(segments)


def _whole_grey(segments: Segments) -> NDArray[Any]:
    """Return the grey samples. Raises Refusal `truncated` where some of them are the filler's."""
    if not segments.complete:
        raise Refusal("truncated", wanted=WANTED, came="one that ends before its last scan")
    grey = _grey(_open(segments.whole(), segments))
    for filler in _fillers(segments, grey):
        if not (_grey(_open(segments.whole(filler), segments)) == grey).all():
            raise Refusal("truncated", wanted=WANTED, came="one that ends within its samples")
    return grey


def _fillers(segments: Segments, grey: NDArray[Any]) -> tuple[bytes, ...]:
    """Return the fillers to try: none costs a film whose end is marked and looks like one."""
    if not segments.ended:
        return FILLERS
    progressive = segments.frame.marker == _PROGRESSIVE
    return FILLERS[:1] if progressive or _ends_flat(grey) else ()


def _ends_flat(grey: NDArray[Any]) -> bool:
    """Return whether the last block is one shade, as it is where data ended before it."""
    height, width = grey.shape
    last = grey[(height - 1) // _BLOCK * _BLOCK :, (width - 1) // _BLOCK * _BLOCK :]
    return bool((last == last[0, 0]).all())


def _open(data: bytes, segments: Segments) -> JpegImageFile:
    picture = JpegImageFile(io.BytesIO(data))
    if picture.size != (segments.frame.width, segments.frame.height):
        raise ValueError("the decoder sees another size")
    return picture


def _grey(picture: JpegImageFile) -> NDArray[Any]:
    if picture.mode == "CMYK":
        # Plainly R = 255 - min(255, C + K): Pillow's, and no printer made this film.
        return luma(np.asarray(picture.convert("RGB")))
    picture.draft("L", None)
    return np.asarray(picture)


def _colours(segments: Segments) -> NDArray[np.uint8]:
    """Return the sample of colours: decoded again at an eighth, since the grey had none."""
    picture = _open(segments.whole(), segments)
    picture.draft("RGB", (SAMPLE_SIDE, SAMPLE_SIDE))
    return sample_of(np.asarray(picture.convert("RGB")))
