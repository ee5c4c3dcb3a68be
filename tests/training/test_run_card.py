"""card.md: what a run says of itself, with every figure out of its own files."""

from pathlib import Path

import numpy as np
import pytest

from schemas.findings import FINDINGS, INDEX
from schemas.models import RUN_VERSIONS, ModelManifest, OperatingPoint, OperatingPoints
from training.data.table import NO_AGE, FilmTable
from training.evaluate.evaluation import evaluate
from training.evaluate.predictions import Predictions
from training.fit.run_settings import RunSettings
from training.report.run_card import write_run_card
from training.run_folder import RunFolder

FILMS = 60
ASSESSED = ("Edema", "Fracture")


def words(text: str) -> "np.ndarray[tuple[int], np.dtype[np.str_]]":
    return np.array([text] * FILMS)


def predictions() -> Predictions:
    """Return those of thirty patients: Edema is seen well, Fracture has one patient with it."""
    rng = np.random.default_rng(1)
    labels = np.zeros((FILMS, 14), np.int8)
    labels[::3, INDEX["Edema"]] = 1
    labels[0, INDEX["Fracture"]] = 1
    scores = np.full((FILMS, 14), np.nan)
    for name in ASSESSED:
        truth = labels[:, INDEX[name]]
        scores[:, INDEX[name]] = np.clip(0.3 + 0.4 * truth + rng.normal(0, 0.1, FILMS), 0, 1)
    table = FilmTable(
        paths=np.array([f"{number}.png" for number in range(FILMS)]),
        files=words(""),
        patients=np.array([f"p{number // 2}" for number in range(FILMS)]),
        labels=labels,
        views=words("AP"),
        sexes=words(""),
        ages=np.full(FILMS, NO_AGE, np.int16),
        sources=words("a drawn collection"),
        fixed=words(""),
    )
    parts = np.array(["train"] * 20 + ["test"] * 40)
    return Predictions(table, parts, scores)


def points() -> dict[str, OperatingPoints]:
    low, high = (
        OperatingPoint(threshold=threshold, sensitivity=0.9, specificity=0.7)
        for threshold in (0.25, 0.45)
    )
    return {"Edema": OperatingPoints(alert=high, sensitive=low, specific=high)}


def manifest() -> ModelManifest:
    return ModelManifest(
        name="mobilenetv2",
        version=RUN_VERSIONS,
        side=96,
        features=1280,
        map_height=3,
        map_width=3,
        embedding_version="0123456789abcdef",
        assessed=ASSESSED,
        operating_points=points(),
        sha256="ab" * 32,
        verdicts={"Edema": "reliable", "Fracture": "unreliable"},
    )


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    run = RunFolder.new(tmp_path / "run")
    settings = RunSettings(
        backbone="MobileNetV2", side=96, weights="none", policies={"Edema": "zeros"}, seed=7
    )
    settings.save(run.settings)
    return run


def row(card: str, begin: str) -> str:
    (found,) = [line for line in card.splitlines() if line.startswith(begin)]
    return found


def test_the_card_tells_use_data_split_policy_figures_points_groups_and_limits(
    run: RunFolder,
) -> None:
    predictions().save(run.predictions)
    metrics = evaluate(predictions(), "test", points(), rounds=50)
    metrics.save(run.metrics)
    write_run_card(run, manifest())
    card = run.card.read_text()
    assert "**Usage recherche : n'est pas un dispositif médical.**" in card
    assert "**Research use: not a medical device.**" in card
    assert "MobileNetV2, weights `none`, frozen" in card
    assert "a drawn collection" in card
    assert row(card, "| train |") == "| train | 20 | 10 |"
    assert row(card, "| test |") == "| test | 40 | 20 |"
    assert row(card, "- **Uncertain labels**") == "- **Uncertain labels**: `ones`; Edema: zeros."
    assert "Seed**: 7" in card
    edema = metrics.findings["Edema"]
    told = f"{edema.auroc:.3f} ({edema.auroc_low:.3f} to {edema.auroc_high:.3f})"
    assert told in row(card, "| Edema | 13 / 27 |")
    assert "| reliable |" in row(card, "| Edema | 13 / 27 |")
    for name in ("sensitive", "alert", "specific"):
        point = edema.operating_points[name]
        assert f"{point.sensitivity:.3f} (" in row(card, f"| Edema | `{name}` |")
    assert row(card, "| view AP |").startswith("| view AP | 40 | 20 | ")
    assert "- Unreliable, so it alerts nobody: Fracture." in card
    assert "- Fewer than 5 patients with it or without: Fracture." in card
    not_assessed = row(card, "- **Not assessed**")
    assert not_assessed.count(",") == len(FINDINGS) - len(ASSESSED) - 1


def test_a_figure_that_is_not_there_is_said_to_be_missing(run: RunFolder) -> None:
    predictions().save(run.predictions)
    evaluate(predictions(), "test", points(), rounds=50).save(run.metrics)
    write_run_card(run, manifest())
    card = run.card.read_text()
    # No film of the part has a fracture, so there is no AUROC; nor was a point chosen.
    assert row(card, "| Fracture | 0 / 40 |").startswith("| Fracture | 0 / 40 | missing | missing")
    assert row(card, "| Fracture | missing |")
    assert "competition five" in card
    assert row(card, "Mean AUROC of the competition five").endswith(": missing.")
    assert "nan" not in card.lower()


def test_a_run_without_figures_says_so(run: RunFolder) -> None:
    write_run_card(run, manifest())
    card = run.card.read_text()
    assert "missing: the run has no predictions.csv" in card
    assert "missing: the run has no metrics.json" in card
    assert "nothing can be concluded from its scores" in card
