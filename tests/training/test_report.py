"""The report of a run: one page with everything in it, the same bytes each time."""

import csv
import json
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from schemas.findings import FINDINGS, FRENCH
from tests.training.drawn_scores import NOT_ASSESSED, draw_predictions
from tests.training.environment import run_training
from training.evaluate.curves import LONGEST, curves
from training.evaluate.label_rule import LabelRule

pytestmark = pytest.mark.training


class Page(HTMLParser):
    """Elements in their order: (tag, attributes), texts by the element they stand in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            self.texts.setdefault(self._open[-1], []).append(data.strip())

    def count(self, tag: str) -> int:
        return sum(each == tag for each, _ in self.elements)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("reported")
    assert run_training("tests.training.reported", made).returncode == 0
    return made


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    return Page((folder / "one" / "report.html").read_text())


def test_equal_films_and_settings_give_equal_files(folder: Path) -> None:
    names = {"predictions.csv", "metrics.json", "curves.csv", "report.html"}
    assert {each.name for each in (folder / "one").iterdir()} == names | {"logs"}
    for name in names:
        one, two = ((folder / which / name).read_bytes() for which in ("one", "two"))
        assert one == two, name


def test_the_page_asks_nothing_of_a_network_and_runs_nothing(folder: Path, page: Page) -> None:
    assert not page.count("script")
    links = {"href", "src", "xlink:href"}
    for tag, attributes in page.elements:
        for name in links & attributes.keys():
            assert str(attributes[name]).startswith(("#", "data:")), (tag, attributes)
    text = (folder / "one" / "report.html").read_text()
    assert "default-src 'none'" in text
    assert "@import" not in text
    assert "url(http" not in text
    assert "MobileNetV2 &lt;features&gt;" in text


def test_tables_have_captions_plots_have_titles_and_ids_are_given_once(page: Page) -> None:
    assert page.count("table") == page.count("caption") > 5
    assert page.count("svg") == page.count("desc") > 30
    ids = [str(attributes["id"]) for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in page.elements:
        if tag == "svg":
            assert set(str(attributes["aria-labelledby"]).split()) <= set(ids)
        if tag == "a":
            assert str(attributes["href"]).removeprefix("#") in ids


def test_the_page_has_table_1_and_figure_3_s_form(folder: Path, page: Page) -> None:
    headings = page.texts["th"]
    for word in (
        *("Positive", "Uncertain", "Negative", "Not mentioned"),
        *("Precision", "Recall", "F1", "Support"),
        *("micro average", "macro average", "weighted average", "samples average"),
    ):
        assert word in headings, word
    for name in FINDINGS:
        assert headings.count(name) >= 3
        assert FRENCH[name] == name or FRENCH[name] in page.texts["small"]
    assert "not assessed" in page.texts["small"]
    metrics = json.loads((folder / "one" / "metrics.json").read_text())
    cells = page.texts["td"]
    for key in ("precision", "recall", "f1"):
        assert f"{metrics['findings']['Edema'][key]:.2f}" in cells
    assert f"{metrics['competition_five']:.3f}" in page.texts["dd"]
    said = " ".join(page.texts["p"])
    assert "2 problems are named" in said
    assert "3 lateral films were left out" in said


def test_fine_tuning_s_log_is_drawn_but_for_how_fast_it_was(folder: Path, page: Page) -> None:
    assert "loss from 0.700 to 0.625" in page.texts["desc"]
    assert "images per second" not in (folder / "one" / "report.html").read_text()


def test_curves_hold_every_threshold_and_begin_and_end_where_they_must(folder: Path) -> None:
    with (folder / "one" / "curves.csv").open() as file:
        lines = list(csv.DictReader(file))
    mine = [line for line in lines if line["finding"] == "Edema"]
    roc = [(float(each["x"]), float(each["y"])) for each in mine if each["curve"] == "roc"]
    assert roc[0] == (0, 0)
    assert roc[-1] == (1, 1)
    assert roc == sorted(roc)
    area = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(roc))
    metrics = json.loads((folder / "one" / "metrics.json").read_text())["findings"]["Edema"]
    assert area == pytest.approx(metrics["auroc"], abs=1e-4)
    precision = [each for each in mine if each["curve"] == "pr"]
    assert float(precision[-1]["x"]) == 1
    assert len([each for each in mine if each["curve"] == "reliability"]) == 10
    named = {line["finding"] for line in lines}
    assert named == set(FINDINGS) - {NOT_ASSESSED, "Pleural Other"}


def test_a_long_curve_is_thinned_between_its_ends() -> None:
    drawn = draw_predictions(films=3000)
    drawn.scores[:, 0] = np.clip(drawn.scores[:, 0] - 1e-6 * np.arange(3000), 0, 1)
    roc = curves(drawn, LabelRule())[0]
    assert (roc.finding, roc.kind) == ("No Finding", "roc")
    assert len(roc.x) == LONGEST + 1
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
