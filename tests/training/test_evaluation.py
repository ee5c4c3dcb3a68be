"""What a run is worth: figures of metrics.json against hand-made and slow ones."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from schemas.findings import FINDINGS
from tests.training.drawn_scores import NOT_ASSESSED, draw_points, draw_predictions
from training.data.table import NOT_MENTIONED
from training.errors import WrongInput
from training.evaluate import bootstrap, metrics
from training.evaluate.evaluation import evaluate
from training.evaluate.label_rule import LabelRule
from training.evaluate.one_finding import predictive_values
from training.evaluate.run_metrics import COMPETITION_FIVE, RunMetrics

ROUNDS = 100


@pytest.fixture(scope="module")
def said() -> RunMetrics:
    return evaluate(draw_predictions(), "test", draw_points(), rounds=ROUNDS)


def test_the_file_has_the_stated_keys_and_null_for_what_is_undefined(
    said: RunMetrics, tmp_path: Path
) -> None:
    said.save(tmp_path / "metrics.json")
    text = (tmp_path / "metrics.json").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text
    read = json.loads(text)
    assert tuple(read["findings"]) == FINDINGS
    wanted = {
        "auroc", "auroc_low", "auroc_high", "auprc", "precision", "recall", "f1", "support",
        "ece", "brier", "operating_points",
    }  # fmt: skip
    for finding in read["findings"].values():
        assert wanted <= finding.keys()
    for average in ("macro", "micro", "weighted", "samples"):
        assert {"auroc", "auprc", "precision", "recall", "f1"} <= read[average].keys()
        assert all(0 <= value <= 1 for value in read[average].values())
    assert read["competition_five"] == pytest.approx(
        np.mean([read["findings"][name]["auroc"] for name in COMPETITION_FIVE]), abs=1e-5
    )
    # No film of the part has it: there is no area to tell, and no recall.
    absent = read["findings"]["Pleural Other"]
    assert absent["support"] == 0
    assert absent["auroc"] is absent["auroc_low"] is absent["auprc"] is absent["recall"] is None
    unknown = read["findings"][NOT_ASSESSED]
    assert unknown["support"] > 0
    assert unknown["auroc"] is unknown["precision"] is unknown["ece"] is None
    assert unknown["operating_points"] == {}


def test_equal_predictions_give_an_equal_file(said: RunMetrics, tmp_path: Path) -> None:
    again = evaluate(draw_predictions(), "test", draw_points(), rounds=ROUNDS)
    said.save(tmp_path / "one.json")
    again.save(tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert RunMetrics.load(tmp_path / "one.json") == again


def test_only_the_part_s_films_count_and_unknown_labels_are_left_out(said: RunMetrics) -> None:
    mine = draw_predictions().of("test")
    assert said.films == 80
    assert said.patients == 40
    for column, (name, finding) in enumerate(said.findings.items()):
        if name == "No Finding":
            continue
        labels = mine.table.labels[:, column]
        assert finding.support == (labels == 1).sum(), name
        assert finding.left_out == (labels == -1).sum(), name
        assert finding.negatives == np.isin(labels, (0, NOT_MENTIONED)).sum(), name


def test_a_finding_s_areas_are_those_of_its_known_films_within_their_interval(
    said: RunMetrics,
) -> None:
    mine = draw_predictions().of("test")
    column = FINDINGS.index("Edema")
    known = mine.table.labels[:, column] != -1
    truth = (mine.table.labels[known, column] == 1).astype(float)
    scores = mine.scores[known, column]
    edema = said.findings["Edema"]
    assert edema.auroc == pytest.approx(metrics.auroc(truth, scores), abs=1e-6)
    assert edema.brier == pytest.approx(np.mean((truth - scores) ** 2), abs=1e-6)
    assert edema.ece == pytest.approx(metrics.calibration_error(truth, scores), abs=1e-6)
    assert edema.auroc_low is not None
    assert edema.auroc_high is not None
    assert edema.auroc_low < edema.auroc < edema.auroc_high  # type: ignore[operator]
    # Each round draws patients of the whole part, whichever finding is asked for.
    weights = bootstrap.draws(mine.table.patients.tolist(), ROUNDS)[:, known]
    slow = [
        metrics.auroc(np.repeat(truth, w.astype(int)), np.repeat(scores, w.astype(int)))
        for w in weights[1:]
    ]
    wanted = np.percentile(slow, [2.5, 97.5])
    np.testing.assert_allclose([edema.auroc_low, edema.auroc_high], wanted, atol=1e-6)
    assert sum(each.films for each in edema.bins) == known.sum()


def test_what_becomes_of_uncertain_and_not_mentioned_labels_is_a_stated_rule() -> None:
    labels = np.zeros((5, 14), np.int8)
    labels[:, FINDINGS.index("Edema")] = (1, 0, -1, NOT_MENTIONED, 0)
    labels[:, FINDINGS.index("No Finding")] = (1, 1, 1, 1, NOT_MENTIONED)
    for rule, edema, healthy in (
        (LabelRule(), [1, 0, np.nan, 0, 0], [0, 1, 0, 1, np.nan]),
        (LabelRule(uncertain="ones"), [1, 0, 1, 0, 0], [0, 1, 0, 1, np.nan]),
        (
            LabelRule(uncertain="zeros", not_mentioned="ignore"),
            [1, 0, 0, np.nan, 0],
            [0, 1, 0, 1, np.nan],
        ),
    ):
        truth = rule.truth(labels)
        np.testing.assert_array_equal(truth[:, FINDINGS.index("Edema")], edema)
        # Beside a pathology, sure or not, there is no No Finding; silence says nothing of it.
        np.testing.assert_array_equal(truth[:, FINDINGS.index("No Finding")], healthy)
    as_positive = evaluate(
        draw_predictions(), "test", {}, rule=LabelRule(uncertain="ones"), rounds=2
    )
    drawn = draw_predictions().of("test").table.labels[:, FINDINGS.index("Edema")]
    assert as_positive.findings["Edema"].support == np.isin(drawn, (1, -1)).sum()
    assert as_positive.findings["Edema"].left_out == 0
    assert as_positive.labels.uncertain == "ones"


def test_precision_and_recall_are_told_at_the_stated_threshold() -> None:
    some = evaluate(draw_predictions(), "test", {}, rounds=2)
    assert some.findings["Edema"].decision_threshold == 0.5
    none = evaluate(draw_predictions(), "test", {}, decision={"Edema": 1.0}, rounds=2)
    edema = none.findings["Edema"]
    assert (edema.decision_threshold, edema.recall, edema.f1) == (1.0, 0, 0)
    # No score says present, so there is no share of them that is right.
    assert edema.precision is None
    assert none.findings["Consolidation"] == some.findings["Consolidation"]


def test_a_point_is_told_on_these_films_and_at_the_stated_prevalence(said: RunMetrics) -> None:
    mine = draw_predictions().of("test")
    column = FINDINGS.index("Edema")
    labels, raised = mine.table.labels[:, column], mine.scores[:, column] >= 0.3
    point = said.findings["Edema"].operating_points["sensitive"]
    assert point.threshold == 0.3
    assert point.sensitivity == pytest.approx(raised[labels == 1].mean(), abs=1e-6)
    absent = np.isin(labels, (0, NOT_MENTIONED))
    assert point.specificity == pytest.approx((~raised)[absent].mean(), abs=1e-6)
    assert point.found == (raised & (labels == 1)).sum()
    assert point.false_alerts == (raised & absent).sum()
    # At the films' own prevalence the predictive value is the plain share.
    plain = point.found / (point.found + point.false_alerts)
    assert point.positive_predictive_value == pytest.approx(plain, abs=1e-6)
    rare = evaluate(
        draw_predictions(), "test", draw_points(), prevalence={"Edema": 0.02}, rounds=2
    )
    asked = rare.findings["Edema"].operating_points["sensitive"]
    assert asked.prevalence == 0.02
    assert asked.positive_predictive_value is not None
    assert asked.positive_predictive_value < plain / 2


def test_alerts_are_those_of_the_findings_that_may_alert() -> None:
    drawn = draw_predictions()
    told = evaluate(drawn, "all", draw_points(), reliable={"Edema", "No Finding"}, rounds=2)
    column = FINDINGS.index("Edema")
    assert set(told.alerts) == {"alert", "sensitive"}
    assert told.alerting == ("Edema",)
    nobody = evaluate(drawn, "all", draw_points(), reliable=(), rounds=2)
    assert nobody.alerting == ()
    assert nobody.alerts["alert"].alerts == 0
    assert told.alerts["alert"].alerts == (drawn.scores[:, column] >= 0.5).sum()
    every = evaluate(drawn, "all", draw_points(), rounds=2)
    assert every.alerts["alert"].alerts > 5 * told.alerts["alert"].alerts
    assert every.alerts["sensitive"].alerts > every.alerts["alert"].alerts


def test_predictive_values_by_hand() -> None:
    # 1000 films, 100 with it: 90 found, 10 missed; 900 without: 720 quiet, 180 alarms.
    positive, negative = predictive_values(0.9, 0.8, 0.1)
    assert positive == pytest.approx(90 / 270)
    assert negative == pytest.approx(720 / 730)
    assert np.isnan(predictive_values(0.0, 1.0, 0.1)[0])


def test_groups_part_the_films_and_those_of_few_patients_say_nothing(said: RunMetrics) -> None:
    films = {
        kind: sum(group.films for group in said.groups if group.kind == kind)
        for kind in ("view", "sex", "age")
    }
    ages = draw_predictions().of("test").table.ages
    assert films == {"view": 80, "sex": 80, "age": int((ages >= 0).sum())}
    names = [(group.kind, group.name) for group in said.groups]
    assert ("view", "AP") in names
    assert ("age", "60+") in names
    for group in said.groups:
        assert group.findings["Pleural Other"].auroc is None
        assert group.findings[NOT_ASSESSED].auroc is None
        assert group.macro_auroc is not None
        known = [each.auroc for each in group.findings.values() if each.auroc is not None]
        assert group.macro_auroc == pytest.approx(np.mean(known), abs=1e-5)


def test_the_headline_is_null_unless_all_five_have_an_area() -> None:
    drawn = draw_predictions()
    labels = drawn.table.labels.copy()
    labels[:, FINDINGS.index("Edema")] = 0
    without = replace(drawn, table=replace(drawn.table, labels=labels))
    found = evaluate(without, "test", {}, rounds=2)
    assert found.competition_five is found.competition_five_low is None
    assert found.macro.auroc is not None


def test_a_part_without_films_and_a_score_that_is_none_are_refused() -> None:
    drawn = draw_predictions()
    with pytest.raises(WrongInput, match="films of the part 'valid'"):
        evaluate(drawn, "valid", {})
    scores = drawn.scores.copy()
    scores[-1, 2] = 1.2
    with pytest.raises(WrongInput, match=r"patient00079/film1\.jpg: .* Cardiomegaly .* came 1\.2"):
        evaluate(replace(drawn, scores=scores), "test", {})


def test_a_model_that_assesses_nothing_has_no_averages() -> None:
    drawn = draw_predictions()
    blind = replace(drawn, scores=np.full_like(drawn.scores, np.nan))
    found = evaluate(blind, "all", {}, rounds=2)
    assert found.films == 160
    assert set(found.samples.model_dump().values()) == {None}
    assert found.macro.f1 is found.micro.auroc is None


def test_blocks_of_rounds_give_the_rounds_of_one_block() -> None:
    patients = [str(n // 3) for n in range(90)]
    whole = bootstrap.draws(patients, 20)
    np.testing.assert_array_equal(
        np.concatenate(list(bootstrap.draw_blocks(patients, 20, cells=4 * 90))), whole
    )
    assert len(list(bootstrap.draw_blocks(patients, 20, cells=1))) == 21
