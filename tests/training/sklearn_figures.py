"""Run in the training environment: scikit-learn's figures of drawn predictions, as JSON.

python -m tests.training.sklearn_figures OUT.json

Labels are all known, since scikit-learn has no word for one that is not.
"""

import json
import sys
from pathlib import Path

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    classification_report,
    roc_auc_score,
)

from schemas.findings import FINDINGS
from tests.training.drawn_scores import NOT_ASSESSED, draw_predictions
from training.fit.policies import consistent

ABSENT = "Pleural Other"


def figures() -> dict[str, dict[str, dict[str, float]]]:
    """Return `classification_report`'s figures, and areas by finding and average."""
    mine = draw_predictions().of("test")
    columns = [n for n, name in enumerate(FINDINGS) if name != NOT_ASSESSED]
    names = [FINDINGS[n] for n in columns]
    labels = consistent(mine.table.labels)[:, columns]
    truth, scores = (labels == 1).astype(int), mine.scores[:, columns]
    report = classification_report(
        truth, scores >= 0.5, target_names=names, output_dict=True, zero_division=0
    )
    areas: dict[str, dict[str, float]] = {}
    for n, name in enumerate(names):
        if name != ABSENT:
            areas[name] = {
                "auroc": roc_auc_score(truth[:, n], scores[:, n]),
                "auprc": average_precision_score(truth[:, n], scores[:, n]),
                "brier": brier_score_loss(truth[:, n], scores[:, n]),
            }
    there = [n for n, name in enumerate(names) if name != ABSENT]
    # A film of one class only has no AUROC, and one with no finding no AUPRC: left out.
    both = (truth[:, there].min(axis=1) == 0) & (truth[:, there].max(axis=1) == 1)
    for average in ("macro", "micro", "weighted", "samples"):
        films = both if average == "samples" else np.ones(len(truth), bool)
        chosen = list(range(len(names))) if average in {"micro", "samples"} else there
        cells = np.ix_(films, np.array(chosen))
        areas[average] = {
            "auroc": roc_auc_score(truth[cells], scores[cells], average=average),
            "auprc": average_precision_score(truth[cells], scores[cells], average=average),
        }
    return {"report": report, "areas": areas}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(figures(), default=float))
