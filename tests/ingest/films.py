"""Films drawn for tests, and files of them in every kind."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def drawn(
    height: int = 80, width: int = 72, dtype: type = np.uint8, seed: int = 1
) -> NDArray[Any]:
    """Return a small film with a gradient and noise, its corners all different."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    grey = (x * 2 + y) / (2 * width + height) * 0.8 + rng.random((height, width)) * 0.2
    made: NDArray[Any] = (grey * np.iinfo(dtype).max).astype(dtype)
    return made


def png_of(samples: NDArray[Any], **options: Any) -> bytes:
    """Return a PNG by Pillow."""
    out = io.BytesIO()
    Image.fromarray(samples).save(out, "PNG", **options)
    return out.getvalue()


def jpeg_of(samples: NDArray[Any], **options: Any) -> bytes:
    """Return a JPEG by Pillow."""
    out = io.BytesIO()
    Image.fromarray(samples).save(out, "JPEG", **({"quality": 95} | options))
    return out.getvalue()


def raw_png(
    channels: NDArray[Any], kind: int, extra: tuple[tuple[bytes, bytes], ...] = ()
) -> bytes:
    """Return a PNG of uint8 or uint16 (h, w, channels) by the specification, with Paeth's filter.

    `extra` are chunks put before the pixels.
    """
    height, width = channels.shape[:2]
    depth = channels.dtype.itemsize * 8
    plain = np.ascontiguousarray(channels.astype(channels.dtype.newbyteorder(">")))
    rows = plain.view(np.uint8).reshape(height, -1).astype(np.int16)
    step = rows.shape[1] // width
    above = np.zeros_like(rows)
    above[1:] = rows[:-1]
    left, corner = np.zeros_like(rows), np.zeros_like(rows)
    left[:, step:] = rows[:, :-step]
    corner[:, step:] = above[:, :-step]
    guess = left + above - corner
    far = [np.abs(guess - other) for other in (left, above, corner)]
    best = np.where(
        (far[0] <= far[1]) & (far[0] <= far[2]), left, np.where(far[1] <= far[2], above, corner)
    )
    filtered = ((rows - best) % 256).astype(np.uint8)
    lines = np.hstack([np.full((height, 1), 4, np.uint8), filtered])
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def chunk(name: bytes, body: bytes) -> bytes:
    """Return one chunk of a PNG, with its checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def grown(png: bytes, width: int, height: int) -> bytes:
    """Return the PNG announcing another size in its header."""
    kind = png[24:29]
    header = struct.pack(">II", width, height) + kind
    return png[:8] + chunk(b"IHDR", header) + png[33:]
