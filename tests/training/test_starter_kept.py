"""What the repository keeps of the starter model: small, whole, and what its papers say."""

import hashlib

import numpy as np
import pytest

from schemas.film_check import FROM_PIXELS, KINDS, CheckNumbers
from schemas.findings import FINDINGS
from schemas.model_card import ModelCard
from schemas.models import EMBEDDING_WIDTH, ModelManifest
from tests.requirements import ROOT
from training.data.nih import ASSESSED
from training.evaluate.alerts import count, raised_at
from training.evaluate.metrics import macro_auroc, sigmoid
from training.fit.linear import Heads
from training.starter.kept_films import KeptFilms

KEPT = ROOT / "triton_models" / "starter"
CARD = ROOT / "docs" / "model-card-starter.md"


def manifest() -> ModelManifest:
    return ModelManifest.model_validate_json((KEPT / "model.json").read_bytes())


def test_all_of_it_is_under_13_mb_and_fits_the_manifest() -> None:
    # 16 MB in all of history: what is committed once stays.
    assert sum(path.stat().st_size for path in KEPT.iterdir()) < 13_000_000
    said = manifest()
    with np.load(KEPT / "projection.npz", allow_pickle=False) as kept:
        projection = kept["projection"]
    assert projection.dtype == np.float16
    assert projection.shape == (said.features, EMBEDDING_WIDTH)
    assert (np.abs(projection.astype(np.float64)).sum(axis=0) > 0).all()
    with np.load(KEPT / "kernels.npz", allow_pickle=False) as kernels:
        assert {kernels[name].dtype for name in kernels.files} == {np.dtype(np.float16)}
        assert "_conv_head" in kernels.files


def test_the_heads_are_under_300_kb_and_fit_the_manifest() -> None:
    assert (KEPT / "heads.npz").stat().st_size < 300_000
    said = manifest()
    with np.load(KEPT / "heads.npz", allow_pickle=False) as heads:
        assert tuple(heads["names"]) == said.assessed
        assert heads["weights"].shape == (said.features, len(said.assessed))
        assert heads["mean"].shape == heads["scale"].shape == (said.features,)
        assert (heads["scale"] > 0).all()
        assert (heads["map_scale"] > 0).all()
        assert all(np.isfinite(heads[name]).all() for name in heads.files if name != "names")


def test_of_the_films_features_labels_and_parts_are_kept_and_say_the_manifest_s_figures() -> None:
    said = manifest()
    kept = KeptFilms.load(KEPT / "features.npz")
    assert kept.features.shape == (1133, said.features)
    assert kept.apart.sum() == 239
    assert len(set(kept.patients[kept.apart])) == 191
    truth = kept.truth()
    crossed = macro_auroc(truth[~kept.apart], kept.out_of_fold)
    assert abs(crossed - said.figures["cross_validation.macro_auroc"]) < 1e-3
    with np.load(KEPT / "heads.npz", allow_pickle=False) as heads:
        standard = (kept.features[kept.apart].astype(np.float64) - heads["mean"]) / heads["scale"]
        scores = sigmoid(standard @ heads["weights"] + heads["bias"])
    held_out = macro_auroc(truth[kept.apart], scores)
    assert abs(held_out - said.figures["held_out.macro_auroc"]) < 1e-3


def test_out_of_fold_it_reaches_what_was_aimed_at() -> None:
    assert manifest().figures["cross_validation.macro_auroc"] >= 0.745


def test_the_manifest_assesses_eleven_and_gives_each_its_operating_points() -> None:
    said = manifest()
    assert said.assessed == ASSESSED
    assert set(said.operating_points) == set(ASSESSED)
    assert said.label == "starter/4"
    gaps = {
        name
        for name, points in zip(FINDINGS, said.thresholds(), strict=True)
        if points == (None, None)
    }
    assert gaps == {"Enlarged Cardiomediastinum", "Fracture", "Support Devices"}
    for points in said.operating_points.values():
        assert (points.sensitive.sensitivity or 0) >= 0.9
        youden, other = (
            (point.sensitivity or 0) + (point.specificity or 0)
            for point in (points.alert, points.sensitive)
        )
        assert youden >= other
        assert points.specific is not None
        assert (points.specific.specificity or 0) >= 0.95


def test_alerts_are_few_and_mostly_right_on_films_that_chose_no_threshold() -> None:
    card = ModelCard.model_validate_json((KEPT / "card.json").read_bytes())
    told = {(each.point, each.basis): each for each in card.alerts}
    for basis in ("cross_validation", "nested", "held_out"):
        now = told["specific", basis]
        assert now.false_per_film_without is not None
        assert now.false_per_film_without <= 0.3
        assert now.right is not None
        assert now.right >= 0.5
    before = told["alert", "held_out"]
    assert before.false_per_film_without is not None
    assert before.false_per_film_without > 1


def test_the_card_s_alerts_are_those_of_the_kept_scores_and_the_manifest_s_points() -> None:
    said, kept = manifest(), KeptFilms.load(KEPT / "features.npz")
    scores = Heads.load(KEPT / "heads.npz").scores(kept.features[kept.apart])
    assert said.card is not None
    reliable = {name for name, verdict in said.card.reliability.items() if verdict == "reliable"}
    limits = {
        name: each.specific.threshold
        for name, each in said.operating_points.items()
        if each.specific
    }
    found = count(kept.told()[kept.apart], ASSESSED, raised_at(scores, ASSESSED, limits, reliable))
    card = ModelCard.model_validate_json((KEPT / "card.json").read_bytes())
    alerts = {(each.point, each.basis): each for each in card.alerts}
    told = alerts["specific", "held_out"]
    assert (told.films_without, told.alerts) == (found.films_without, found.alerts)
    assert told.right == pytest.approx(found.right, abs=1e-4)
    page = CARD.read_text()
    assert "## How many alerts films get" in page
    for each in card.findings:
        assert [point.point for point in each.points] == ["sensitive", "alert", "specific"]
        assert each.points[2].threshold == limits[each.finding]
        assert f"| {each.finding} | `specific` | {limits[each.finding]:g} |" in page


def test_the_figures_are_macro_auroc_with_interval_in_cross_validation_and_held_out() -> None:
    figures = manifest().figures
    for where in ("cross_validation", "held_out"):
        low, middle, high = (figures[f"{where}.macro_auroc{end}"] for end in ("_low", "", "_high"))
        assert 0.5 < low < middle < high < 1
        each = [figures[f"{where}.auroc:{name}"] for name in ASSESSED]
        assert abs(float(np.mean(each)) - middle) < 1e-3


def test_the_model_card_shows_the_manifests_figures_and_its_limits() -> None:
    card = CARD.read_text()
    figures = manifest().figures
    for where in ("cross_validation", "held_out"):
        for name in ASSESSED:
            row = next(line for line in card.splitlines() if line.startswith(f"| {name} |"))
            assert f" {figures[f'{where}.auroc:{name}']:.3f} " in row
        assert f"**{figures[f'{where}.macro_auroc']:.3f} (" in card
    for word in ("not a medical device", "## Limits", "mined from reports", "not assessed"):
        assert word in card


def test_the_input_check_passes_995_of_1000_films_by_patient_and_its_limits_hold() -> None:
    check = manifest().check
    assert check is not None
    assert check.figures["cross_validation.passed"] >= 0.995
    assert check.figures["held_out.passed:upright"] >= 0.99
    assert check.figures["cross_validation.films"] > 800
    assert 0 < check.in_doubt < check.sure
    for kind in ("upright", "trimmed", "inverted", "turned-90", "turned-180", "turned-270"):
        assert check.figures[f"held_out.rejected:{kind}"] == 0
    for name in FROM_PIXELS:
        assert check.figures[f"held_out.auroc:{name}"] > 0.99
        assert check.figures[f"held_out.false_flags:{name}"] <= 0.005


def test_drawn_others_never_pass_the_input_check_and_drawn_phantoms_always_do() -> None:
    check = manifest().check
    assert check is not None
    kinds = {name.split(":")[1] for name in check.figures if name.startswith("drawn.films:")}
    assert kinds >= {"hand", "hip", "teeth", "abdomen", "landscape", "noise", "phantom-16"}
    for kind in kinds:
        fates = ("rejected", "quarantined", "flagged")
        caught = [check.figures[f"drawn.{fate}:{kind}"] for fate in fates]
        assert sum(caught) == (0 if kind.startswith("phantom") else 1), kind
    assert sum(check.figures[f"drawn.rejected:{kind}"] == 1 for kind in kinds) >= 3


def test_real_pictures_of_other_things_wait_or_are_refused() -> None:
    # Each is judged by a head that knows none of its collection.
    check = manifest().check
    assert check is not None
    figures = check.figures
    assert figures["pictures.films:modern"] > 50
    caught = [figures[f"pictures.{fate}:modern"] for fate in ("rejected", "quarantined")]
    assert sum(caught) >= 0.95
    # Prints of the first years, bones dark, are told apart and said apart.
    prints = [figures[f"pictures.{fate}:historical"] for fate in ("rejected", "quarantined")]
    assert 0.7 < sum(prints) <= 1


def test_real_lateral_films_are_flagged_or_wait_and_none_was_fitted_on() -> None:
    check = manifest().check
    assert check is not None
    assert check.figures["lateral.films"] == 6
    seen = [check.figures[f"lateral.{fate}"] for fate in ("flagged", "quarantined")]
    assert sum(seen) >= 0.9
    assert check.figures["lateral.rejected"] == 0


def test_at_most_one_frontal_film_in_200_is_refused_held_or_flagged_by_all_of_it() -> None:
    check = manifest().check
    assert check is not None
    figures = check.figures
    films = {where: figures[f"{where}.films"] for where in ("cross_validation", "held_out")}
    assert sum(films.values()) == 1133
    raised = sum(count * figures[f"{where}.alarms"] for where, count in films.items())
    assert raised / 1133 <= 1 / 200
    for where in films:
        assert figures[f"{where}.alarms:lateral"] == 0


def test_the_input_check_s_numbers_are_small_and_fit_manifest_and_card() -> None:
    said = manifest()
    assert said.check is not None
    data = (KEPT / "check.npz").read_bytes()
    assert len(data) < 250_000
    assert hashlib.sha256(data).hexdigest() == said.check.sha256
    numbers = CheckNumbers.from_bytes(data)
    assert numbers.mean.shape == numbers.scale.shape == (said.features,)
    assert (numbers.scale > 0).all()
    assert numbers.kind_weights is not None
    assert numbers.kind_weights.shape == (said.features, len(KINDS))
    axes = numbers.axes.astype(np.float64)
    np.testing.assert_allclose(axes @ axes.T, np.eye(len(axes)), atol=0.01)
    card = CARD.read_text()
    assert f"{said.check.figures['cross_validation.passed']:.4f} of" in card
    assert f"Beyond {said.check.in_doubt:.3f} it waits for a steward" in card


def test_the_card_is_the_manifest_s_and_says_the_manifest_s_figures() -> None:
    said = manifest()
    assert said.card is not None
    data = (KEPT / "card.json").read_bytes()
    assert len(data) < 150_000
    assert hashlib.sha256(data).hexdigest() == said.card.sha256
    card = ModelCard.model_validate_json(data)
    assert card.reliability() == said.card.reliability
    assert tuple(each.finding for each in card.findings) == said.assessed
    assert (card.name, card.version) == (said.name, said.version)
    for each in card.findings:
        for where, worth in (
            ("cross_validation", each.cross_validation),
            ("held_out", each.held_out),
        ):
            assert worth.auroc.value is not None
            figure = said.figures[f"{where}.auroc:{each.finding}"]
            assert abs(worth.auroc.value - figure) < 2e-3
        verdict = "unreliable" if (each.cross_validation.auroc.low or 0) < 0.65 else "reliable"
        if (each.held_out.auroc.high or 1) >= 0.65:
            assert each.reliability == verdict


def test_the_page_marks_every_unreliable_finding() -> None:
    text = CARD.read_text()
    for name, verdict in manifest().card.reliability.items():  # type: ignore[union-attr]
        row = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
        assert row.endswith(f"| {verdict} |")
