"""What the input check is worth: the figures of the manifest and of the model card."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from schemas.film_check import FLAGGED, FROM_PIXELS, KINDS, CheckNumbers
from schemas.models import FilmCheck
from training.starter.check.film_changes import MEANS
from training.starter.check.films import Features, Films
from training.starter.check.kind_heads import logits

Sure = Mapping[str, NDArray[np.float64]]
Truths = NDArray[np.bool_]


@dataclass(frozen=True)
class OutOfFold:
    """What numbers say that knew none of a film's patient, by change: (n,) or (n, heads)."""

    far: Sure
    sure: Sure
    kinds: Sure

    def shifted(self, flags: NDArray[np.floating], kinds: NDArray[np.floating]) -> "OutOfFold":
        """Return it by the thresholds: `flags` added to the logits, `kinds` taken off them."""
        return OutOfFold(
            self.far,
            {name: _sureness(logits(found) + flags) for name, found in self.sure.items()},
            {name: _sureness(logits(found) - kinds) for name, found in self.kinds.items()},
        )


def all_figures(
    films: Films, found: OutOfFold, kept: CheckNumbers, check: FilmCheck, drawn: Features
) -> dict[str, float]:
    """Return the figures of films out of fold and held out, and of drawn films, four decimals."""
    figures = _film_figures(films, found, kept, check) | _drawn_figures(drawn, kept, check)
    return {name: round(figure, 4) for name, figure in figures.items()}


def verdicts(
    kept: CheckNumbers, check: FilmCheck, features: NDArray[np.float16]
) -> tuple[Truths, Truths]:
    """Return (n,) each: which are rejected, and which wait for a steward, as ingest/chest.py."""
    away = kept.distances(features)
    other = kept.kinds(features)[:, KINDS.index("not_chest")]
    rejected = (away > check.sure) | (other > check.sure_not_chest)
    return rejected, ~rejected & ((away > check.in_doubt) | (other >= FLAGGED))


def picture_figures(rejected: Truths, held: Truths, historical: Truths) -> dict[str, float]:
    """Return what becomes of real pictures of other things, modern ones and prints apart."""
    figures = {}
    for name, those in (("modern", ~historical), ("historical", historical)):
        if those.any():
            figures[f"pictures.films:{name}"] = float(those.sum())
            figures[f"pictures.rejected:{name}"] = round(float(rejected[those].mean()), 4)
            figures[f"pictures.quarantined:{name}"] = round(float(held[those].mean()), 4)
    return figures


def lateral_figures(
    kept: CheckNumbers, check: FilmCheck, features: NDArray[np.float16]
) -> dict[str, float]:
    """Return what becomes of real lateral films, which nothing was fitted on."""
    rejected, held = verdicts(kept, check, features)
    flagged = _laterals(kept, features)
    return {
        "lateral.films": float(len(features)),
        "lateral.rejected": round(float(rejected.mean()), 4),
        "lateral.quarantined": round(float(held.mean()), 4),
        "lateral.flagged": round(float((flagged & ~held & ~rejected).mean()), 4),
    }


def _film_figures(
    films: Films, found: OutOfFold, kept: CheckNumbers, check: FilmCheck
) -> dict[str, float]:
    apart = {name: part[films.apart] for name, part in films.changed.items()}
    held_out = OutOfFold(
        {name: kept.distances(part) for name, part in apart.items()},
        {name: kept.sureness(part) for name, part in apart.items()},
        {name: kept.kinds(part) for name, part in apart.items()},
    )
    figures = {
        "cross_validation.films": float((~films.apart).sum()),
        "cross_validation.passed": float((found.far["upright"] <= check.in_doubt).mean()),
        "held_out.films": float(films.apart.sum()),
        "held_out.patients": float(len(set(films.patients[films.apart]))),
    }
    for where, said in (("cross_validation", found), ("held_out", held_out)):
        alarms = _alarms(said, check)
        for name, raised in alarms.items():
            figures[f"{where}.alarms:{name}"] = float(raised.mean())
        figures[f"{where}.alarms"] = float(np.any(list(alarms.values()), axis=0).mean())
    for name, part in apart.items():
        rejected, held = verdicts(kept, check, part)
        figures[f"held_out.passed:{name}"] = float((~rejected & ~held).mean())
        figures[f"held_out.rejected:{name}"] = float(rejected.mean())
    for column, name in enumerate(FROM_PIXELS):
        yes = np.concatenate([held_out.sure[kind][:, column] for kind in MEANS[name]])
        others = [kind for kind in apart if kind not in MEANS[name]]
        no = np.concatenate([held_out.sure[kind][:, column] for kind in others])
        truth = np.repeat([1, 0], [len(yes), len(no)])
        figures[f"held_out.auroc:{name}"] = float(roc_auc_score(truth, np.append(yes, no)))
        figures[f"held_out.sensitivity:{name}"] = float((yes >= FLAGGED).mean())
        figures[f"held_out.false_flags:{name}"] = figures[f"held_out.alarms:{name}"]
    return figures


def _alarms(said: OutOfFold, check: FilmCheck) -> dict[str, Truths]:
    """Return which good films raise what, (n,) each: they should raise nothing.

    `inverted` as ingest says it, by two looks: as the film came, and turned over.
    """
    first = said.sure["upright"].copy()
    turned = said.sure["inverted"][:, FROM_PIXELS.index("inverted")]
    first[:, FROM_PIXELS.index("inverted")] *= 1 - turned
    kinds = said.kinds["upright"]
    return {
        "distance": said.far["upright"] > check.in_doubt,
        **{name: kinds[:, column] >= FLAGGED for column, name in enumerate(KINDS)},
        **{name: first[:, column] >= FLAGGED for column, name in enumerate(FROM_PIXELS)},
    }


def _drawn_figures(drawn: Features, kept: CheckNumbers, check: FilmCheck) -> dict[str, float]:
    figures = {}
    for kind, found in drawn.items():
        rejected, held = verdicts(kept, check, found)
        figures[f"drawn.films:{kind}"] = float(len(found))
        figures[f"drawn.rejected:{kind}"] = float(rejected.mean())
        figures[f"drawn.quarantined:{kind}"] = float(held.mean())
        figures[f"drawn.flagged:{kind}"] = float(
            (_laterals(kept, found) & ~rejected & ~held).mean()
        )
        figures[f"drawn.nearest:{kind}"] = float(kept.distances(found).min() / check.in_doubt)
    return figures


def _laterals(kept: CheckNumbers, features: NDArray[np.float16]) -> Truths:
    return np.asarray(kept.kinds(features)[:, KINDS.index("lateral")] >= FLAGGED)


def _sureness(found: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-found)))
