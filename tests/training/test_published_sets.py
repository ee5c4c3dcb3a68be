"""Which outputs of TorchXRayVision's sets make which findings; no TensorFlow needed."""

from urllib.parse import urlsplit

import pytest

from schemas.findings import FINDINGS
from training.torchxrayvision.mapping import outputs_of
from training.torchxrayvision.published import HOSTS, OUTPUTS, SETS, of_file

#: By hand, from the names that the publisher gives each set's outputs.
ALL = {
    "Enlarged Cardiomediastinum": (17,),
    "Cardiomegaly": (10,),
    "Lung Opacity": (16,),
    "Lung Lesion": (14,),
    "Edema": (4,),
    "Consolidation": (1,),
    "Pneumonia": (8,),
    "Atelectasis": (0,),
    "Pneumothorax": (3,),
    "Pleural Effusion": (7,),
    "Pleural Other": (9,),
    "Fracture": (15,),
}
_NIH_LACKS = {"Enlarged Cardiomediastinum", "Lung Opacity", "Fracture"}
_NIH = {name: places for name, places in ALL.items() if name not in _NIH_LACKS}
_CHEX = {name: places for name, places in ALL.items() if name != "Pleural Other"}
WANTED = {
    "densenet121-res224-all": ALL,
    "densenet121-res224-nih": _NIH | {"Lung Lesion": (11, 12)},
    "densenet121-res224-pc": _NIH | {"Lung Lesion": (11, 12), "Fracture": (15,)},
    "densenet121-res224-chex": _CHEX,
    "densenet121-res224-mimic_nb": _CHEX,
    "densenet121-res224-mimic_ch": _CHEX,
    "densenet121-res224-rsna": {"Lung Opacity": (16,), "Pneumonia": (8,)},
}


@pytest.mark.parametrize("name", sorted(SETS))
def test_each_set_makes_the_findings_that_it_was_trained_on(name: str) -> None:
    made = outputs_of(SETS[name].thresholds)
    assert made == WANTED[name]
    assert list(made) == [finding for finding in FINDINGS if finding in made]
    assert not {"No Finding", "Support Devices"} & set(made)


def test_every_set_is_here_with_its_address_and_points() -> None:
    assert set(SETS) == set(WANTED)
    for each in SETS.values():
        parts = urlsplit(each.address)
        assert (parts.scheme, parts.hostname) == ("https", HOSTS[0])
        assert set(each.thresholds) <= set(OUTPUTS)
        assert all(0 < at < 1 for at in each.thresholds.values())
        assert of_file(each.file) is each
        assert of_file(f"{each.name}.pt") is each
    assert of_file("model.pt") is None


def test_one_of_two_outputs_that_is_trained_is_enough() -> None:
    assert outputs_of({"Mass": 0.1}) == {"Lung Lesion": (12,)}
    assert outputs_of({"Mass": 0.1, "Nodule": 0.1, "Lung Lesion": 0.1}) == {"Lung Lesion": (14,)}
    assert outputs_of({"Hernia": 0.1}) == {}
