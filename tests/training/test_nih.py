"""NIH's labels, told in CheXpert's words."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from schemas.findings import FINDINGS
from training.data import nih

HEADER = "file,findings,patient_id,view,sex,age,licence,source\n"


def present(*names: str) -> set[str]:
    row = nih.labels(frozenset(names))
    return {name for name, value in zip(FINDINGS, row, strict=True) if value == 1}


@pytest.mark.parametrize(
    ("ours", "came"),
    [
        (("No Finding",), {"No Finding"}),
        (("Effusion",), {"Pleural Effusion"}),
        (("Nodule",), {"Lung Lesion", "Lung Opacity"}),
        (("Mass",), {"Lung Lesion", "Lung Opacity"}),
        (("Pleural_Thickening",), {"Pleural Other"}),
        (("Infiltration",), {"Lung Opacity"}),
        (("Consolidation",), {"Consolidation", "Lung Opacity"}),
        (("Pneumonia",), {"Pneumonia", "Lung Opacity"}),
        (("Atelectasis",), {"Atelectasis", "Lung Opacity"}),
        (("Edema",), {"Edema", "Lung Opacity"}),
        (("Cardiomegaly", "Pneumothorax"), {"Cardiomegaly", "Pneumothorax"}),
        (("Hernia", "Fibrosis", "Emphysema"), set()),
    ],
)
def test_each_nih_name_means_its_chexpert_findings(ours: tuple[str, ...], came: set[str]) -> None:
    assert present(*ours) == came


def test_what_nih_does_not_label_is_not_assessed_and_never_absent() -> None:
    row = nih.labels(frozenset({"No Finding"}))
    gaps = {name for name, value in zip(FINDINGS, row, strict=True) if np.isnan(value)}
    assert gaps == {"Enlarged Cardiomediastinum", "Fracture", "Support Devices"}
    assert gaps == set(FINDINGS) - set(nih.ASSESSED)


def test_every_nih_name_of_the_mapping_is_one_of_nihs_fifteen() -> None:
    assert {each for names in nih.MAPPING.values() for each in names} <= nih.NIH_NAMES


def test_a_patient_is_held_out_for_ever_and_one_in_five_is() -> None:
    chosen = [patient for patient in range(5000) if nih.held_out(f"{patient:08d}")]
    assert chosen[:5] == [4, 5, 13, 21, 23]
    assert 900 < len(chosen) < 1100


def test_rows_are_read_in_order(tmp_path: Path) -> None:
    lines = "a.png,Edema|Mass,007,PA,M,50,open,site one\nb.png,No Finding,008,AP,F,60,open,two\n"
    (tmp_path / "labels.csv").write_text(HEADER + lines)
    first, second = nih.read_rows(tmp_path)
    assert first.path == tmp_path / "a.png"
    assert first.findings == {"Edema", "Mass"}
    assert (second.patient, second.source) == ("008", "two")
    assert nih.label_table([first, second]).shape == (2, 14)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a.png,Oedema,007,PA,M,50,open,s", "line 2: wanted NIH's names, came.*Oedema"),
        ("a.png,Edema,,PA,M,50,open,s", "line 2: wanted a patient_id"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, words: str) -> None:
    (tmp_path / "labels.csv").write_text(f"{HEADER}{line}\n")
    with pytest.raises(ValueError, match=words):
        nih.read_rows(tmp_path)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,findings,patient_id,source,view,sex\n")
    with pytest.raises(ValueError, match=r"\['age'\] are missing"):
        nih.read_rows(tmp_path)


def test_a_film_becomes_the_models_tensor(tmp_path: Path) -> None:
    Image.new("L", (100, 50), 200).save(tmp_path / "a.png")
    row = nih.Row(tmp_path / "a.png", frozenset({"Edema"}), "007", "s")
    tensor = nih.film(row, 64)
    assert tensor.shape == (64, 64)
    assert tensor[32, 32] == 200
    assert tensor[0, 0] == 0
