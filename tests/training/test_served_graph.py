"""The served graph of any feature model (training/export/served_graph.py), by TensorFlow."""

import json
from typing import Any

import pytest

from schemas.findings import INDEX
from tests.training.environment import run_training

pytestmark = [pytest.mark.training, pytest.mark.timeout(200)]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what tests/training/graph_of_parts.py found."""
    work = tmp_path_factory.mktemp("graph")
    done = run_training("tests.training.graph_of_parts", work / "said.json", work)
    assert done.returncode == 0
    found: dict[str, Any] = json.loads((work / "said.json").read_text())
    return found


@pytest.mark.parametrize("which", ["gaps", "read_again"])
def test_the_graph_says_what_heads_and_projection_say_of_the_pooled_features(
    said: dict[str, Any], which: str
) -> None:
    for output, gap in said[which].items():
        assert gap < 1e-5, output


def test_only_the_findings_of_the_heads_are_assessed(said: dict[str, Any]) -> None:
    assert said["assessed"] == [INDEX["Cardiomegaly"], INDEX["Edema"]]


def test_a_network_trained_in_mixed_precision_is_served_in_float32(said: dict[str, Any]) -> None:
    assert said["mixed"] == "float16"
    assert said["plain"] == ["float32", "float32"]
    assert said["plain_gap"] < 1e-6
    assert max(said["served_mixed"].values()) < 1e-5


def test_parts_that_do_not_fit_are_refused_with_what_was_wanted(said: dict[str, Any]) -> None:
    projection, mean = said["refused"]
    assert projection == "projection: wanted (10,), came (9,)"
    assert mean == "pooled features: wanted (None, 9), came (None, 10)"


def test_the_embedding_version_follows_network_centre_and_projection_but_not_the_heads(
    said: dict[str, Any],
) -> None:
    versions = said["versions"]
    own = versions["as it is"]
    assert len(own) == 16
    assert versions["read again"] == versions["other heads"] == own
    kinds = ("centre", "projection", "weights", "backbone")
    others = {versions[f"other {what}"] for what in kinds}
    assert len(others | {own}) == 5
