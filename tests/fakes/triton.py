"""Triton in memory: scores from the pixels alone, and control of what is loaded.

Same film, same scores; alike films, alike rows.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

from schemas.errors import Unavailable
from schemas.findings import FINDINGS, INDEX
from schemas.models import EMBEDDING_WIDTH
from workers.triton import BULK, URGENT, Scores
from workers.triton_config import Config

#: The starter model's own gaps, so that "not assessed" is met in every test.
NOT_ASSESSED = ("Enlarged Cardiomediastinum", "Fracture", "Support Devices")
FEATURES = 64
MAP = 4
_GRID = 8


class FakeTriton:
    """Stands in for workers.triton.TritonModel.

    `versions` is what is loaded; `down` makes every question raise Unavailable, as a stopped
    Triton would; `fail_next` makes that many of the next ones do so; `calls` records
    (films, version, priority) of each request that was answered; `before` is called with the
    version before each; `seeds` gives a version embeddings unlike those of the others.
    """

    def __init__(self, side: int = 64, versions: Sequence[str] = ("1",)) -> None:
        self.versions = set(versions)
        self.down = False
        self.fail_next = 0
        self.calls: list[tuple[int, str, int]] = []
        self.before: Callable[[str], object] = str
        self.seeds: dict[str, int] = {}
        self._side = side
        rng = np.random.default_rng(20_261_123)
        self._to_features = rng.normal(size=(_GRID * _GRID, FEATURES))
        self._to_embedding = rng.normal(size=(FEATURES, EMBEDDING_WIDTH))
        self._to_findings = rng.normal(size=(FEATURES, len(FINDINGS)))

    def close(self) -> None:
        """Nothing to close."""

    def ready(self, version: str) -> bool:
        return not self.down and version in self.versions

    def side(self, version: str) -> int:
        self._available(version)
        return self._side

    def score(self, images: NDArray[np.uint8], version: str, priority: int = URGENT) -> Scores:
        return self.submit(images, version, priority).result()

    def pooled(
        self, images: NDArray[np.uint8], version: str, *, urgent: bool
    ) -> NDArray[np.float16]:
        return self.score(images, version, URGENT if urgent else BULK).features

    def submit(
        self, images: NDArray[np.uint8], version: str, priority: int = URGENT
    ) -> Future[Scores]:
        self._available(version)
        side = self._side
        if images.dtype != np.uint8 or images.shape != (len(images), side, side):
            raise ValueError(
                f"wanted uint8 (n, {side}, {side}), came {images.dtype} {images.shape}"
            )
        future: Future[Scores] = Future()
        if self.fail_next:
            self.fail_next -= 1
            future.set_exception(Unavailable("triton", "told to fail"))
            return future
        self.before(version)
        self.calls.append((len(images), version, priority))
        future.set_result(self._scores(images, version))
        return future

    def _available(self, version: str) -> None:
        if self.down:
            raise Unavailable("triton", "connection refused")
        if version not in self.versions:
            raise Unavailable("triton", f"version {version}: not loaded")

    def _projection(self, version: str) -> NDArray[np.float64]:
        if version not in self.seeds:
            return self._to_embedding
        rng = np.random.default_rng(self.seeds[version])
        return rng.normal(size=(FEATURES, EMBEDDING_WIDTH))

    def _scores(self, images: NDArray[np.uint8], version: str) -> Scores:
        count = len(images)
        cell = self._side // _GRID
        cut = images[:, : cell * _GRID, : cell * _GRID].astype(np.float64) / 255
        grid = cut.reshape(count, _GRID, cell, _GRID, cell).mean(axis=(2, 4))
        features = grid.reshape(count, -1) @ self._to_features
        embedding = features @ self._projection(version) + 1e-6
        embedding /= np.linalg.norm(embedding, axis=1, keepdims=True)
        probabilities = 1 / (1 + np.exp(-(features @ self._to_findings) / 4))
        probabilities[:, [INDEX[name] for name in NOT_ASSESSED]] = np.nan
        coarse = grid.reshape(count, 1, MAP, 2, MAP, 2).mean(axis=(3, 5))
        activation = np.nan_to_num(probabilities)[:, :, None, None] * coarse
        return Scores(
            probabilities.astype(np.float32),
            embedding.astype(np.float32),
            features.astype(np.float16),
            activation.astype(np.float32),
        )


class FakeControl:
    """Stands in for workers.triton.TritonControl.

    `served` is what is loaded; `refuses` are versions whose load raises ValueError, `passes_over`
    versions that it leaves out in silence, as Triton does with a folder it cannot read; `loads`
    records the versions of each load that was asked for; `down` makes every call Unavailable.
    """

    def __init__(self) -> None:
        self.served: frozenset[int] = frozenset()
        self.refuses: set[int] = set()
        self.passes_over: set[int] = set()
        self.loads: list[tuple[int, ...]] = []
        self.down = False

    def close(self) -> None:
        """Nothing to close."""

    def ready_versions(self) -> frozenset[int]:
        self._up()
        return self.served

    def load(self, config: Config) -> None:
        self._up()
        versions = tuple(config["version_policy"]["specific"]["versions"])
        self.loads.append(versions)
        if self.refuses.intersection(versions):
            raise ValueError("triton refused to load: told to")
        self.served = frozenset(versions) - self.passes_over

    def _up(self) -> None:
        if self.down:
            raise Unavailable("triton", "connection refused")
