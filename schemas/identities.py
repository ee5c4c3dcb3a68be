"""How things are named so that doing a thing twice names it once.

A receipt is (bucket, key, versionId); a film is its grey samples; an event is its natural key.
All identifiers are derived, so a repeated step lands on the same row.
"""

import hashlib
import hmac
import uuid
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.drop_paths import one_form

#: Our uuid5 namespace. Changing it would rename every receipt and event: never do.
NAMESPACE: Final = uuid.UUID("6f0c2c5e-2f5b-5d0e-9a43-7d6d1a6f3b11")

Samples = NDArray[np.uint8] | NDArray[np.uint16]


def receipt_id(bucket: str, key: str, version: str) -> uuid.UUID:
    """Return the id of the receipt for one version of one object."""
    # NUL cannot occur in any of the three, so two triples never share a name.
    return uuid.uuid5(NAMESPACE, f"receipt\0{bucket}\0{key}\0{version}")


def event_id(event_type: str, natural_key: str) -> uuid.UUID:
    """Return the id of an event of this type (a topic's name) about this natural key."""
    return uuid.uuid5(NAMESPACE, f"event\0{event_type}\0{natural_key}")


def film_id(samples: Samples) -> str:
    """Return the film's id: 64 hex digits of SHA-256 over its samples as we store them.

    Input: uint8 or uint16 (height, width), one grey channel, upright, bright = dense, after
    rescale and before any window. Hashed: "film1", width, height and bits as little-endian
    uint32, then the samples row by row, little-endian. Bits are 8 or 16, from the dtype.
    """
    if samples.ndim != 2 or samples.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"wanted uint8 or uint16 (H, W), came {samples.dtype} {samples.shape}")
    height, width = samples.shape
    bits = samples.dtype.itemsize * 8
    digest = hashlib.sha256(b"film1")
    digest.update(np.array([width, height, bits], dtype="<u4").tobytes())
    little: NDArray[Any] = samples.astype(samples.dtype.newbyteorder("<"), copy=False)
    digest.update(np.ascontiguousarray(little).tobytes())
    return digest.hexdigest()


def keyed_code(secret: str, *parts: str) -> str:
    """Return a pseudonym: 32 hex digits of HMAC-SHA-256 under the site's secret."""
    return _keyed(secret, "\0".join(part.strip() for part in parts))


def key_code(secret: str, bucket: str, key: str) -> str:
    """Return the code by which the receipts of an object are found; a key's blanks count.

    Names that look the same are the same: macOS writes them in NFD, most else in NFC.
    """
    return former_key_code(secret, bucket, one_form(key))


def former_key_code(secret: str, bucket: str, key: str) -> str:
    """Return the code that a key had before names of one look had one; of NFC it is the same."""
    return _keyed(secret, f"object\0{bucket}\0{key}")


def raw_code(secret: str, reading: str, raw: bytes) -> str:
    """Return the code by which dropped bytes are known again; `reading` is how they are read."""
    return _keyed(secret, f"raw\0{reading}\0{hashlib.sha256(raw).hexdigest()}")


def _keyed(secret: str, text: str) -> str:
    # A code of half a surrogate pair, too: whoever writes an id so writes it so each time.
    message = text.encode(errors="surrogatepass")
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()[:32]


def patient_code(secret: str, issuer: str, identity: str) -> str:
    """Return a patient's pseudonym under the site's secret.

    `identity` is the id as the issuer (a hospital, a data set) writes it; blanks around it do not
    count. Raises ValueError for an empty one: it would make all nameless films one patient.
    """
    if not identity.strip():
        raise ValueError("wanted a patient's id, came an empty one")
    return keyed_code(secret, "patient", issuer, identity)
