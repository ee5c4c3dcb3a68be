"""DICOM films: CR, DX and secondary captures, known by content, with or without preamble.

The way of a film: the container is opened and its tags read (dicom_file), what the header
announces is checked (dicom_header), pixels are decoded (dicom_pixels) and become grey samples,
bright = dense (dicom_grey). How they are shown (dicom_shown, dicom_voi) and what the file says of
itself (dicom_says) goes with them.
"""

import warnings
from typing import Final

from ingest.readers.dicom_file import open_file
from ingest.readers.dicom_grey import Film, film_of
from ingest.readers.dicom_header import check
from ingest.readers.dicom_pixels import decode
from ingest.readers.dicom_says import says_of
from ingest.says import FileSays

#: Tags of a deflated file may take so much besides its pixels.
_TAGS_ROOM: Final = 16 << 20


def read(data: bytes, pixel_limit: int) -> tuple[Film, FileSays] | None:
    """Return a film and what its file says of itself; None: no DICOM.

    Raises Refusal: `not-dicom`, `modality`, `multi-frame`, `no-pixels`, `transfer-syntax`,
    `truncated`, `unsupported`, `too-large`, `too-small`.
    """
    with warnings.catch_warnings():
        # pydicom converts values late and warns of those that are odd, with their text.
        warnings.simplefilter("ignore")
        opened = open_file(data, 2 * pixel_limit + _TAGS_ROOM)
        if opened is None:
            return None
        header = check(opened, pixel_limit)
        encoded, header = decode(opened, header)
        film = film_of(encoded, header, opened.tags, little=opened.little_endian)
        return film, says_of(opened.tags, header.modality, film.window)
