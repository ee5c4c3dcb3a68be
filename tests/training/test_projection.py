"""The seeded projection."""

import hashlib

import numpy as np
import pytest

from training.projection import projection


def test_columns_are_orthonormal_and_cosines_survive() -> None:
    frame = projection(640).astype(np.float64)
    np.testing.assert_allclose(frame.T @ frame, np.eye(512), atol=1e-4)


def test_it_is_the_same_numbers_on_every_machine() -> None:
    found = hashlib.sha256(projection(640).tobytes()).hexdigest()
    assert found == "3b2a3a267d916ac10afd9e0f730f638e5f9d0235820a46e94360c31b0223940b"


def test_too_few_features_are_refused() -> None:
    with pytest.raises(ValueError, match="wanted at least 512 features, came 100"):
        projection(100)
