"""What an evaluation takes for the truth: labels as 1, 0 or unknown, by one stated rule.

The rule is not the policy of the fit (training/fit/policies.py): two runs of different policies
are compared on the same truth.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from schemas.findings import Label
from training.data.table import NOT_MENTIONED

_VALUES = {"zeros": 0.0, "ones": 1.0, "ignore": np.nan}


class LabelRule(BaseModel):
    """What becomes of labels that are neither present nor absent.

    uncertain:     left out of every figure unless stated: nobody knows what is right there. The
                   original's report counted them as present.
    not_mentioned: absent unless stated, as in CheXpert's own comparisons: a report names what is
                   seen. Left out, most findings keep next to no film without them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    uncertain: Literal["ignore", "zeros", "ones"] = "ignore"
    not_mentioned: Literal["zeros", "ignore"] = "zeros"

    def truth(self, labels: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return float64 of the labels' shape: 1 present, 0 absent, NaN left out."""
        return np.select(
            [
                labels == Label.PRESENT,
                labels == Label.ABSENT,
                labels == Label.UNCERTAIN,
                labels == NOT_MENTIONED,
            ],
            [1.0, 0.0, _VALUES[self.uncertain], _VALUES[self.not_mentioned]],
            default=np.nan,
        )
