"""What is looked at in a model's file before Triton is asked to load it."""

import pytest
from onnx import TensorProto

from tests.workers.model_files import model_file
from tests.workers.test_models import manifest
from workers.model_file import check_model_file


def test_a_file_of_the_contract_passes() -> None:
    check_model_file(model_file(manifest()), manifest())


@pytest.mark.parametrize("weights", [b"", b"this is no model", b"\x00" * 64, b"%PDF-1.7"])
def test_what_is_no_onnx_is_refused(weights: bytes) -> None:
    with pytest.raises(ValueError, match="wanted an ONNX model"):
        check_model_file(weights, manifest())


def test_half_a_file_is_refused() -> None:
    whole = model_file(manifest())
    with pytest.raises(ValueError, match="wanted"):
        check_model_file(whole[: len(whole) // 2], manifest())


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"without": "features"}, "wanted the outputs"),
        ({"sizes": {"image": [224, 224]}}, r"image: wanted sizes \[320, 320\]"),
        ({"sizes": {"probabilities": [13]}}, r"probabilities: wanted sizes \[14\]"),
        ({"sizes": {"embedding": [512, 1]}}, "embedding: wanted sizes"),
        ({"elements": {"image": TensorProto.FLOAT}}, "image: wanted element type 2"),
    ],
)
def test_other_tensors_than_the_contracts_are_refused(broken: dict, said: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match=said):
        check_model_file(model_file(manifest(), **broken), manifest())
