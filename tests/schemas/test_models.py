"""What a model's manifest says of scores, with and without the point `specific`."""

import json

import pytest

from schemas.findings import FINDINGS, INDEX
from schemas.models import ModelManifest
from tests.store.made import manifest, with_specific

SCORES = (0.2, 0.3, 0.6, 0.8)


@pytest.mark.parametrize(
    ("model", "states"),
    [
        (with_specific(manifest()), ["not_suspected", "borderline", "borderline", "suspected"]),
        # A model of before keeps the thresholds that it was released with.
        (manifest(), ["not_suspected", "borderline", "suspected", "suspected"]),
    ],
)
def test_suspected_starts_at_specific_and_at_alert_for_a_model_of_before(
    model: ModelManifest, states: list[str]
) -> None:
    assert [model.states([score] * 14)[INDEX["Edema"]] for score in SCORES] == states


def test_no_score_makes_an_unreliable_finding_suspected() -> None:
    states = dict(
        zip(FINDINGS, with_specific(manifest(), "Edema").states([0.99] * 14), strict=True)
    )
    assert states["Edema"] == "unreliable"
    assert states["Pneumonia"] == "suspected"
    assert states["Fracture"] == "not_assessed"


def test_a_model_without_card_says_by_itself_what_is_unreliable() -> None:
    before = with_specific(manifest())
    told = before.model_dump() | {"verdicts": {"Edema": "unreliable"}}
    said = ModelManifest.model_validate(told | {"card": None})
    assert said.reliability("Edema") == "unreliable"
    assert said.reliability("Pneumonia") is None
    assert said.states([0.99] * 14)[INDEX["Edema"]] == "unreliable"
    # A card was measured on more films, and outranks it.
    carded = ModelManifest.model_validate(told)
    assert carded.states([0.99] * 14)[INDEX["Edema"]] == "suspected"
    assert "verdicts" not in before.model_dump()


def test_a_manifest_of_before_is_read_and_written_as_it_was() -> None:
    # In rows manifests are compared whole: a key more would make the same model another one.
    before = manifest().model_dump(mode="json")
    assert "specific" not in before["operating_points"]["Edema"]
    assert ModelManifest.model_validate(before).model_dump(mode="json") == before
    said = with_specific(manifest()).model_dump_json()
    assert json.loads(said)["operating_points"]["Edema"]["specific"]["threshold"] == 0.75
    assert ModelManifest.model_validate_json(said) == with_specific(manifest())
