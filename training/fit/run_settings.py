"""The settings of one training run: what the command line said, kept as `settings.json`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.findings import FINDINGS

Fit = Literal["features", "fine-tune"]
Policy = Literal["ignore", "zeros", "ones", "self-trained", "multi-class"]


class RunSettings(BaseModel):
    """Whatever decides what a run comes to, and nothing else: no path of films, no time.

    The same films, settings and machine give an equal metrics.json.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    backbone: str
    fit: Fit = "features"
    #: What becomes of "uncertain" (Irvin et al. 2019, section 3.1).
    policy: Policy = "ones"
    #: Findings with a policy of their own.
    policies: dict[Annotated[str, Field(pattern="|".join(FINDINGS))], Policy] = {}
    #: What becomes of a finding that a report does not mention.
    not_mentioned: Literal["zeros", "ignore"] = "zeros"
    balance: Literal["none", "weights"] = "weights"
    side: Annotated[int, Field(ge=64, le=1024)] = 224
    #: Keras takes no larger one.
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    #: imagenet, none, or the SHA-256 of a file of weights.
    weights: str = "imagenet"
    laterals: bool = False
    test_films: Annotated[int, Field(ge=0)] = 200
    #: Fine-tuning begins at this stage of the backbone (training/backbones/__init__.py).
    from_stage: Annotated[int, Field(ge=0)] = 0
    #: Where it is not 0: only so many last layers with kernels are trained, whatever the stage.
    last_layers: Annotated[int, Field(ge=0)] = 0
    epochs: Annotated[int, Field(ge=1)] = 10
    batch: Annotated[int, Field(ge=1)] = 32
    rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 5e-4
    #: Epochs without a better validation AUROC after which fine-tuning ends.
    patience: Annotated[int, Field(ge=1)] = 3
    augment: bool = True
    preset: str = ""

    def policy_of(self, finding: str) -> Policy:
        """Return the policy for one finding."""
        return self.policies.get(finding, self.policy)

    def save(self, file: Path) -> None:
        """Write settings.json."""
        file.write_text(self.model_dump_json(indent=2) + "\n")

    @classmethod
    def load(cls, file: Path) -> "RunSettings":
        """Return what `save` wrote."""
        return cls.model_validate_json(file.read_bytes())
