"""What a model is worth, judged on films made by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from schemas.findings import FINDINGS
from schemas.model_card import Figure, ModelCard, Worth
from schemas.models import ModelManifest, OperatingPoint, OperatingPoints
from training.data import nih
from training.data.outside import Box, Outside, read_outside
from training.evaluate.alerts import Alerts
from training.evaluate.finding_metrics import of_films, reliability
from training.evaluate.groups import age_band
from training.evaluate.point_metrics import nested_figures, point_figures
from training.report.card_page import write_page
from training.starter.evidence import Evidence, never_seen
from training.starter.judge import judge, same_scores, short_source, write
from training.starter.map_metrics import judge_boxes

CASES = 300
SKILLED = nih.ASSESSED.index("Edema")
GUESSED = nih.ASSESSED.index("Atelectasis")


def made_rows() -> list[nih.Row]:
    """Return films of 150 patients, two each; Pneumothorax with one patient alone."""
    rng = np.random.default_rng(11)
    rows = []
    for number in range(CASES):
        patient = f"{number // 2:08d}"
        names = {nih.MAPPING[name][0] for name in nih.ASSESSED if rng.random() < 0.4}
        names -= {"Pneumothorax"}
        names |= {"Pneumothorax"} if number < 2 else set()
        rows.append(
            nih.Row(
                path=Path(f"films/{patient}_{number % 2:03d}.png"),
                findings=frozenset(names or {"Hernia"}),
                patient=patient,
                source=f"NIH via github owner/{'one' if number % 4 < 3 else 'two'} films",
                view="PA" if number % 3 else "AP",
                sex="F" if number % 5 else "M",
                age=20 + number % 60,
            )
        )
    return rows


def made_evidence(rows: list[nih.Row], *, skill: float = 2.5) -> Evidence:
    """Return scores that know Edema, guess Atelectasis, and know a little of the others."""
    rng = np.random.default_rng(12)
    columns = [FINDINGS.index(name) for name in nih.ASSESSED]
    truth = nih.label_table(rows)[:, columns]
    strength = np.full(len(columns), 1.0)
    strength[SKILLED], strength[GUESSED] = skill, 0.0
    odds = rng.normal(size=truth.shape) + strength * (truth - 0.5)
    scores = 1 / (1 + np.exp(-odds))
    apart = np.array([nih.held_out(row.patient) for row in rows])
    maps = np.zeros((1, 14, 4, 4), np.float32)
    maps[0, FINDINGS.index("Pneumonia"), 1, 2] = 1
    return Evidence(scores[~apart], scores[apart], (rows[0].path.stem,), maps)


def made_manifest() -> ModelManifest:
    point = OperatingPoint(threshold=0.5, sensitivity=0.7, specificity=0.7)
    both = OperatingPoints(alert=point, sensitive=point)
    return ModelManifest(
        name="starter", version=3, side=128, features=8, map_height=4, map_width=4,
        embedding_version="e", assessed=nih.ASSESSED, trained_on="films made by hand",
        operating_points=dict.fromkeys(nih.ASSESSED, both),
    )  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> list[nih.Row]:
    return made_rows()


@pytest.fixture(scope="module")
def card(rows: list[nih.Row]) -> ModelCard:
    return judge(rows, made_evidence(rows), made_manifest(), rounds=200)


def test_what_ranks_is_reliable_and_what_guesses_is_not(card: ModelCard) -> None:
    skilled, guessed = card.findings[SKILLED], card.findings[GUESSED]
    assert skilled.reliability == "reliable"
    assert guessed.reliability == "unreliable"
    assert skilled.cross_validation.auroc.low is not None
    assert skilled.cross_validation.auroc.low > 0.65
    assert card.reliability()["Atelectasis"] == "unreliable"


def test_a_finding_of_one_patient_has_no_figures_but_the_reason(card: ModelCard) -> None:
    rare = card.findings[nih.ASSESSED.index("Pneumothorax")]
    assert rare.reliability == "unreliable"
    for said in (rare.cross_validation, rare.held_out):
        for figure in (said.auroc, said.auprc, said.brier, said.slope, said.sensitivity):
            assert figure.value is figure.low is None
            assert "fewer than 5" in figure.why
        assert said.bins == ()
    assert rare.like_these is None


def test_the_two_sides_never_share_a_patient_and_hold_every_film(
    rows: list[nih.Row], card: ModelCard
) -> None:
    apart = [row for row in rows if nih.held_out(row.patient)]
    assert card.held_out.films == len(apart)
    assert card.cross_validation.films == len(rows) - len(apart)
    assert card.held_out.patients + card.cross_validation.patients == 150
    for each in card.findings:
        assert sum(b.films for b in each.cross_validation.bins) in {0, card.cross_validation.films}


def test_groups_part_the_films_and_those_of_few_say_nothing(card: ModelCard) -> None:
    for side in (card.cross_validation, card.held_out):
        for kind in ("view", "sex", "age", "source"):
            assert sum(g.films for g in side.groups if g.kind == kind) == side.films
        names = {(group.kind, group.name) for group in side.groups}
        assert {("view", "AP"), ("age", "60+"), ("source", "owner/two")} <= names
        for group in side.groups:
            assert group.findings["Pneumothorax"].value is None


def test_the_macro_is_the_mean_of_the_findings_that_have_a_figure(card: ModelCard) -> None:
    each = [f.cross_validation.auroc.value for f in card.findings]
    known = [value for value in each if value is not None]
    assert len(known) == 10
    assert card.cross_validation.macro_auroc.value == pytest.approx(np.mean(known), abs=1e-3)


def test_of_a_hundred_films_each_part_is_told_in_whole_films() -> None:
    said = of_films(100, 0.104, 0.72, 0.83, "held_out")
    assert (said.found, said.missed, said.false_alarms, said.quiet) == (7, 3, 15, 75)
    rare = of_films(1000, 0.0128, 0.75, 0.6, "held_out")
    assert (rare.found, rare.missed, rare.false_alarms, rare.quiet) == (10, 3, 395, 592)


def figures(low: float | None, high: float | None = None) -> Worth:
    known = Figure(value=0.7, low=low, high=high if high is not None else 0.9)
    none = Figure(value=None, why="few")
    return Worth(
        films=9, patients=9, positives=4, positive_patients=4,
        auroc=none if low is None else known, auprc=none, brier=none, calibration_error=none,
        slope=none, sensitivity=none, specificity=none,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("crossed", "held", "said"),
    [
        (figures(0.65), figures(0.4), "reliable"),  # few held-out films alone do not condemn
        (figures(0.6499), figures(0.8), "unreliable"),
        (figures(0.7), figures(0.4, 0.64), "unreliable"),
        (figures(0.7), figures(None), "reliable"),
        (figures(None), figures(0.8), "unreliable"),
    ],
)
def test_reliability_is_the_cross_validated_interval_s_unless_the_held_out_one_contradicts(
    crossed: Worth, held: Worth, said: str
) -> None:
    assert reliability(crossed.auroc, held.auroc) == said


def test_other_arithmetic_is_compared_on_the_held_out_films(rows: list[nih.Row]) -> None:
    plain = made_evidence(rows)
    rough = np.round(plain.held_out, 1)
    both = Evidence(
        plain.out_of_fold, plain.held_out, others={"bf16": rough}, speeds={"bf16": 1.5}
    )
    first, other = judge(rows, both, made_manifest(), rounds=50).precisions
    assert (first.name, first.largest_gap, first.speed) == ("f32", 0, 1)
    assert (other.name, other.speed) == ("bf16", 1.5)
    assert 0.04 < other.largest_gap <= 0.05
    assert other.macro_auroc.value != first.macro_auroc.value


def test_each_point_says_what_its_alerts_are_worth_at_a_stated_prevalence() -> None:
    # Of 1,000 films 20 have it: 16 are found, and 98 of the other 980 raise a false alert.
    said = point_figures(0.8, 0.9, 0.02)
    assert (said.found_of_100, said.false_alerts_per_1000) == (80, 98)
    assert said.right == pytest.approx(16 / 114, abs=1e-4)
    assert point_figures(0, 1, 0.02).right is None


def test_the_card_tells_each_point_of_each_finding_and_the_alerts_of_films(
    rows: list[nih.Row],
) -> None:
    both = made_manifest()
    specific = OperatingPoint(threshold=0.8, sensitivity=0.3, specificity=0.95)
    points = {
        name: each.model_copy(update={"specific": specific})
        for name, each in both.operating_points.items()
    }
    figures = nested_figures(Alerts(30, 0.25, 200, 0.5, 107, 0.75))
    three = both.model_copy(update={"operating_points": points, "figures": figures})
    made = made_evidence(rows)
    card = judge(rows, made, three, rounds=50)
    truth = nih.truth_table(nih.to_fit(rows))[:, SKILLED]
    for point, threshold in zip(card.findings[SKILLED].points[1:], (0.5, 0.8), strict=True):
        raised = made.out_of_fold[:, SKILLED] >= threshold
        assert point.cross_validation is not None
        wanted = round(100 * raised[truth == 1].mean())
        assert point.cross_validation.found_of_100 == wanted
        assert (point.prevalence, point.prevalence_of) == (0.0205, "collection")
    assert card.findings[nih.ASSESSED.index("Lung Opacity")].points[0].prevalence_of == "these"
    # One patient alone has it: there is nothing to say.
    rare = card.findings[nih.ASSESSED.index("Pneumothorax")]
    assert {point.held_out for point in rare.points} == {None}
    told = {(each.point, each.basis): each for each in card.alerts}
    assert set(told) == {
        ("alert", "cross_validation"), ("specific", "cross_validation"), ("alert", "held_out"),
        ("specific", "held_out"), ("specific", "nested"),
    }  # fmt: skip
    doubtful = {each.finding for each in card.findings if each.reliability == "unreliable"}
    assert "Atelectasis" in doubtful
    columns = [n for n, name in enumerate(nih.ASSESSED) if name not in {*doubtful, "No Finding"}]
    assert told["specific", "held_out"].alerts == (made.held_out[:, columns] >= 0.8).sum()
    assert told["alert", "held_out"].alerts == (made.held_out[:, 1:] >= 0.5).sum()
    assert told["specific", "nested"].alerts == 107
    # A model of before has neither such points nor such alerts.
    older = judge(rows, made, both, rounds=50)
    assert [point.point for point in older.findings[SKILLED].points] == ["sensitive", "alert"]
    assert {each.point for each in older.alerts} == {"alert"}


def test_a_card_of_other_scores_lends_nothing(rows: list[nih.Row], card: ModelCard) -> None:
    same_scores(card, judge(rows, made_evidence(rows), made_manifest(), rounds=50))
    other = judge(rows, made_evidence(rows, skill=2), made_manifest(), rounds=50)
    with pytest.raises(ValueError, match="Edema, cross_validation: wanted the AUROC of the card"):
        same_scores(card, other)


def test_evidence_of_other_films_is_refused_by_what_is_wrong(rows: list[nih.Row]) -> None:
    whole = made_evidence(rows)
    short = Evidence(whole.out_of_fold[1:], whole.held_out)
    with pytest.raises(ValueError, match="out_of_fold: wanted scores"):
        judge(rows, short, made_manifest())
    wild = Evidence(whole.out_of_fold * 3, whole.held_out)
    with pytest.raises(ValueError, match="from 0 to 1"):
        judge(rows, wild, made_manifest())
    strange = Evidence(whole.out_of_fold, whole.held_out, ("x",), whole.maps)
    with pytest.raises(ValueError, match=r"wanted maps of films of labels\.csv"):
        judge(rows, strange, made_manifest())


def test_evidence_is_kept_and_read_again(tmp_path: Path, rows: list[nih.Row]) -> None:
    made = made_evidence(rows)
    said = Evidence(made.out_of_fold, made.held_out, made.map_films, made.maps,
                    {"bf16": made.held_out}, {"bf16": 1.25})  # fmt: skip
    said.save(tmp_path / "evidence.npz")
    read = Evidence.load(tmp_path / "evidence.npz")
    np.testing.assert_array_equal(never_seen(read, rows), never_seen(said, rows))
    np.testing.assert_array_equal(read.maps, said.maps)
    assert (read.map_films, read.speeds) == (said.map_films, {"bf16": 1.25})
    np.testing.assert_array_equal(read.others["bf16"], said.held_out)


def write_outside(folder: Path, rows: list[nih.Row]) -> Outside:
    films = [row.path.stem for row in rows]
    boxes = ["name,split,finding,x,y,w,h", f"{films[0]}.png,dev,Pneumonia,512,256,256,256"]
    (folder / "nih_bbox_1024px.csv").write_text("\n".join(boxes))
    classes = ["name,split,rsna_id,rsna_class,boxes_xywh_1024,match_mse"]
    said = ["Lung Opacity", "No Lung Opacity / Not Normal", "Normal"]
    classes += [f"{film}.png,dev,i,{said[n % 3]},,1" for n, film in enumerate(films[:90])]
    classes.append(f'{films[90]}.png,dev,i,Lung Opacity,"[[0, 0, 1024, 1024]]",1')
    (folder / "rsna_pneumonia_radiologist_class.csv").write_text("\n".join(classes))
    names = sorted(nih.NIH_NAMES - {"No Finding"})
    lines = ["name,split," + ",".join(f"prob_{name}" for name in names)]
    for number, film in enumerate(films[:120]):
        known = [0.9 if name in rows[number].findings else 0.1 for name in names]
        lines.append(f"{film}.png,dev," + ",".join(map(str, known)))
    (folder / "reference_densenet121_predictions.csv").write_text("\n".join(lines))
    return read_outside(folder)


def test_radiologists_boxes_and_another_model_are_set_beside(
    tmp_path: Path, rows: list[nih.Row]
) -> None:
    outside = write_outside(tmp_path, rows)
    card = judge(rows, made_evidence(rows), made_manifest(), outside, rounds=50)
    reference = {each.finding: each for each in card.reference}
    assert reference["Edema"].theirs.value == 1
    assert reference["Lung Lesion"].theirs.value == 1
    assert reference["Edema"].films == 120
    assert reference["Pneumothorax"].ours.value is None
    against = {(each.finding, each.versus): each for each in card.radiologists}
    told = against["Pneumonia", "Lung Opacity : Normal"]
    assert (told.films, told.positives) == (61, 31)
    assert told.auroc.low is not None
    # One film with a box and a map is too few to say how often.
    (said,) = (each for each in card.boxes if each.finding == "Pneumonia")
    assert (said.films, said.inside.value, said.inside.why) == (1, None, "1 films: too few")


def test_the_strongest_cell_is_compared_with_boxes_on_its_own_coarse_grid() -> None:
    rows = [nih.Row(Path(f"{n}.png"), frozenset({"Pneumonia"}), f"{n:08d}", "s") for n in range(6)]
    maps = np.zeros((6, 14, 4, 4), np.uint8)
    # The one strong cell is row 1 and column 2 of 4: its centre is (640, 384) of 1024.
    maps[:, FINDINGS.index("Pneumonia"), 1, 2] = 255
    maps[5, FINDINGS.index("Pneumonia")] = np.eye(4, dtype=np.uint8)[3]  # a row at the bottom
    films = tuple(row.path.stem for row in rows)
    evidence = Evidence(np.zeros((0, 11)), np.zeros((0, 11)), films, maps)
    boxes = [
        Box(film, finding, "NIH", 512, 256, 256, 256)
        for film in films
        for finding in ("Pneumonia", "Lung Opacity")
    ]
    found = {each.finding: each for each in judge_boxes(rows, boxes, evidence)}
    assert found["Pneumonia"].inside.value == pytest.approx(5 / 6, abs=1e-4)
    assert found["Pneumonia"].chance == pytest.approx(1 / 16)
    assert found["Pneumonia"].chance_near == pytest.approx(9 / 16, abs=1e-4)
    # The map of Lung Opacity is black: every cell is as strong, which is no better than chance.
    assert found["Lung Opacity"].inside.value == pytest.approx(1 / 16, abs=1e-4)
    assert found["Lung Opacity"].near.value == pytest.approx(9 / 16, abs=1e-4)
    assert found["Pneumonia"].held_out == sum(nih.held_out(row.patient) for row in rows)


def test_an_unknown_word_outside_is_named(tmp_path: Path) -> None:
    lines = "name,split,finding,x,y,w,h\n7.png,dev,Oedema,1,1,1,1\n"
    (tmp_path / "nih_bbox_1024px.csv").write_text(lines)
    with pytest.raises(ValueError, match=r"box of 7\.png: wanted NIH's names, came 'Oedema'"):
        read_outside(tmp_path)


def test_the_card_is_kept_beside_the_manifest_that_has_its_hash_and_verdicts(
    tmp_path: Path, card: ModelCard
) -> None:
    said = write(card, made_manifest(), tmp_path)
    assert ModelCard.model_validate_json((tmp_path / "card.json").read_bytes()) == card
    assert ModelManifest.model_validate_json((tmp_path / "model.json").read_bytes()) == said
    assert said.reliability("Edema") == "reliable"
    assert said.reliability("Atelectasis") == "unreliable"
    assert said.reliability("Fracture") is None
    assert said.card is not None
    assert len(said.card.sha256) == 64
    assert json.loads((tmp_path / "model.json").read_text())["card"]["sha256"] == said.card.sha256


def test_the_page_says_the_card_s_figures_and_keeps_the_input_check(
    tmp_path: Path, card: ModelCard
) -> None:
    page = tmp_path / "card.md"
    page.write_text("# Old\n\n## The input check\n\nkept as it is\n")
    write_page(page, card, made_manifest())
    text = page.read_text()
    assert text.endswith("\n## The input check\n\nkept as it is\n")
    assert "# Old" not in text
    edema = next(line for line in text.splitlines() if line.startswith("| Edema |"))
    auroc = card.findings[SKILLED].cross_validation.auroc
    assert f"{auroc.value:.3f} ({auroc.low:.3f} to {auroc.high:.3f})" in edema
    assert "Not to be relied on: " in text
    assert "| sex | F |" in text


def test_bands_and_short_names() -> None:
    assert [age_band(age) for age in (0, 39, 40, 59, 60, 95, None)] == [
        "0-39", "0-39", "40-59", "40-59", "60+", "60+", None,
    ]  # fmt: skip
    assert short_source("NIH via github owner/name images") == "owner/name"
    assert short_source("our own hospital") == "our own hospital"
