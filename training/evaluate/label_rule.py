"""What an evaluation takes for the truth: labels as 1, 0 or unknown, by one stated rule.

The rule is not the policy of the fit (training/fit/policies.py): two runs of different policies
are compared on the same truth.
"""

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from schemas.findings import Label
from training.fit.policies import consistent, truth
from training.fit.run_settings import RunSettings

Taken = Literal["ignore", "zeros", "ones"]
_VALUES: Final[dict[Taken, float]] = {"zeros": 0.0, "ones": 1.0, "ignore": np.nan}


class LabelRule(BaseModel):
    """What becomes of labels that are neither present nor absent.

    uncertain:     left out of every figure unless stated: nobody knows what is right there. The
                   original's report counted them as present.
    not_mentioned: absent unless stated, as in CheXpert's own comparisons: a report names what is
                   seen. Left out, most findings keep next to no film without them. No Finding
                   that is not mentioned is left out either way, and it is absent beside any
                   pathology (training/fit/policies.py says why).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    uncertain: Taken = "ignore"
    not_mentioned: Literal["zeros", "ignore"] = "zeros"

    @classmethod
    def of(cls, settings: RunSettings) -> "LabelRule":
        """Return the rule by which a run judges itself: its own choice for what is not mentioned.

        The original's preset counts uncertain as present; every other run leaves it out.
        """
        uncertain: Taken = "ones" if settings.preset == "original" else "ignore"
        return cls(uncertain=uncertain, not_mentioned=settings.not_mentioned)

    def truth(self, labels: NDArray[np.int8]) -> NDArray[np.float64]:
        """Return float64 (n, 14): 1 present, 0 absent, NaN left out."""
        settled = consistent(labels)
        known = truth(settled, self.not_mentioned)
        known[settled == Label.UNCERTAIN] = _VALUES[self.uncertain]
        return known
