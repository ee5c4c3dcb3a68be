"""Numbers of an input check for tests: fitted on nothing, each answer known beforehand."""

import hashlib

import numpy as np

from schemas.film_check import FROM_PIXELS, CheckNumbers
from schemas.models import FilmCheck, ModelManifest


def plain_numbers(width: int) -> CheckNumbers:
    """Return numbers by which features that are all x lie |x| away; no flag is ever sure."""
    return CheckNumbers(
        mean=np.zeros(width, np.float32),
        scale=np.ones(width, np.float32),
        axes=np.eye(2, width, dtype=np.float16),
        spread=np.ones(2, np.float32),
        rest=np.asarray(1, np.float32),
        weights=np.zeros((width, len(FROM_PIXELS)), np.float32),
        bias=np.array([-3, -2, -1], np.float32),
    )


def with_check(
    manifest: ModelManifest,
    *,
    in_doubt: float = 2.0,
    sure: float = 3.0,
    numbers: CheckNumbers | None = None,
) -> tuple[ModelManifest, bytes]:
    """Return the manifest with an input check, and the file that belongs to it."""
    data = (numbers or plain_numbers(manifest.features)).to_bytes()
    check = FilmCheck(sha256=hashlib.sha256(data).hexdigest(), in_doubt=in_doubt, sure=sure)
    return manifest.model_copy(update={"check": check}), data
