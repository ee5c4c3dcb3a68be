"""Doing a thing twice names it once."""

import hashlib
import struct

import numpy as np
import pytest

from schemas.identities import film_id, keyed_code, receipt_id


def test_a_receipt_is_named_by_bucket_key_and_version() -> None:
    first = receipt_id("dropzone", "a/b.png", "v1")
    assert first == receipt_id("dropzone", "a/b.png", "v1")
    assert first.version == 5
    others = {
        receipt_id("dropzone", "a/b.png", "v2"),
        receipt_id("dropzone", "a/b.pn", "gv1"),
        receipt_id("dropzonea", "/b.png", "v1"),
    }
    assert len(others | {first}) == 4


def test_a_film_is_its_samples_their_shape_and_their_depth() -> None:
    samples = np.arange(6, dtype=np.uint16).reshape(2, 3)
    wanted = hashlib.sha256(
        b"film1" + struct.pack("<3I", 3, 2, 16) + samples.astype("<u2").tobytes()
    )
    assert film_id(samples) == wanted.hexdigest()
    big = samples.astype(">u2")
    assert film_id(np.asfortranarray(samples)) == film_id(samples)
    assert film_id(big.astype(np.uint16)) == film_id(samples)
    assert film_id(samples.T) != film_id(samples)
    assert film_id(samples.reshape(3, 2)) != film_id(samples)
    assert film_id(samples.astype(np.uint8)) != film_id(samples)


@pytest.mark.parametrize(
    "samples",
    [np.zeros((2, 2), np.float32), np.zeros((2, 2, 3), np.uint8), np.zeros(4, np.uint8)],
)
def test_anything_but_grey_samples_is_refused_with_what_came(samples: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"wanted uint8 or uint16 \(H, W\), came "):
        film_id(samples)


def test_a_pseudonym_needs_the_secret_and_ignores_spaces_around() -> None:
    code = keyed_code("secret", "issuer", " 123 ")
    assert code == keyed_code("secret", "issuer", "123")
    assert len(code) == 32
    assert "123" not in code
    assert code != keyed_code("other", "issuer", "123")
    assert code != keyed_code("secret", "issue", "r123")
