"""What a fit learns from: labels after a policy has dealt with the uncertain ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Targets:
    """Of n films and the k findings of `names`.

    values:    float32 (n, k), 0..1; between them where a label is soft (self-trained).
    weights:   float32 (n, k), 0 where a label is left out of the loss; balanced otherwise.
    uncertain: bool (n, k): the third class of a finding under `multi-class`, all false under
               every other policy. A film's probability is then p1 / (p0 + p1).
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]
    weights: NDArray[np.float32]
    uncertain: NDArray[np.bool_]

    def take(self, which: NDArray[np.intp]) -> "Targets":
        """Return the targets of these films."""
        return Targets(self.names, self.values[which], self.weights[which], self.uncertain[which])
