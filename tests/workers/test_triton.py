"""The client's words for what Triton says, and the fake that stands in for it."""

import inspect

import numpy as np
import pytest
from tritonclient.utils import InferenceServerException

from schemas.errors import Unavailable
from schemas.findings import INDEX
from tests.fakes.triton import NOT_ASSESSED, FakeControl, FakeTriton
from workers.triton import BULK, URGENT, TritonControl, TritonModel, _translated

FAILED = "Failed to process the request(s) for model instance 'chest_0_0', message: "


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("UNAVAILABLE", "failed to connect to all addresses"),
        ("UNAVAILABLE", "Exceeds maximum queue size"),
        ("UNAVAILABLE", "Request timeout expired"),
        ("UNAVAILABLE", "Request for unknown model: 'chest' version 2 is not at ready state"),
        ("NOT_FOUND", "Request for unknown model: 'chest' version 7 is not found"),
        ("INVALID_ARGUMENT", "Request for unknown model: 'chest' is not found"),
        ("DEADLINE_EXCEEDED", "Deadline Exceeded"),
        ("INTERNAL", "Received RST_STREAM with error code 2"),
        ("INTERNAL", f"{FAILED}Stub process 'chest_0_0' is not healthy."),
        ("CANCELLED", "Channel closed!"),
    ],
)
def test_what_waiting_can_mend_is_unavailable(status: str, message: str) -> None:
    error = _translated(InferenceServerException(message, f"StatusCode.{status}"), "7")
    assert isinstance(error, Unavailable)
    assert error.service == "triton"
    assert "version 7" in str(error)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("INVALID_ARGUMENT", "unexpected shape for input 'image'"),
        ("INTERNAL", f"{FAILED}ValueError: a bug in the model's code"),
    ],
)
def test_a_wrong_request_or_a_wrong_model_is_not(status: str, message: str) -> None:
    error = _translated(InferenceServerException(message, f"StatusCode.{status}"), "7")
    assert not isinstance(error, Unavailable)
    assert "version 7" in str(error)


def test_a_triton_that_is_not_there_is_unavailable_at_once() -> None:
    with TritonModel("127.0.0.1:1", timeout_s=5) as model:
        with pytest.raises(Unavailable, match="triton: version 1"):
            model.score(np.zeros((1, 64, 64), np.uint8), "1")
        assert not model.ready("1")
    control = TritonControl("127.0.0.1:1", "secret")
    with pytest.raises(Unavailable):
        control.ready_versions()
    with pytest.raises(Unavailable):
        control.load({})
    control.close()


@pytest.mark.parametrize(
    ("real", "fake"), [(TritonModel, FakeTriton), (TritonControl, FakeControl)]
)
def test_the_fake_has_the_real_ones_methods(real: type, fake: type) -> None:
    def methods(kind: type) -> dict[str, inspect.Signature]:
        found = inspect.getmembers(kind, inspect.isfunction)
        return {name: inspect.signature(each) for name, each in found if name[0] != "_"}

    assert methods(fake) == methods(real)


def films(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, 64, 64), np.uint8)


def test_the_fake_scores_by_pixels_alone_and_keeps_the_contract() -> None:
    fake = FakeTriton()
    one, same = (fake.score(films(3), "1", BULK) for _ in range(2))
    assert len(one) == 3
    np.testing.assert_array_equal(one.embedding, same.embedding)
    np.testing.assert_allclose(np.linalg.norm(one.embedding, axis=1), 1, atol=1e-6)
    assert np.isnan(one.probabilities[:, [INDEX[name] for name in NOT_ASSESSED]]).all()
    known = one.probabilities[~np.isnan(one.probabilities)]
    assert known.min() >= 0
    assert known.max() <= 1
    assert one.activation.min() >= 0
    assert one.activation.max() <= 1
    assert fake.calls == [(3, "1", BULK), (3, "1", BULK)]


def test_the_fake_is_down_or_lacks_a_version_as_triton_would() -> None:
    fake = FakeTriton()
    with pytest.raises(Unavailable, match="version 2"):
        fake.side("2")
    fake.fail_next = 1
    future = fake.submit(films(1), "1", URGENT)
    assert isinstance(future.exception(), Unavailable)
    fake.down = True
    with pytest.raises(Unavailable):
        fake.score(films(1), "1")
    assert not fake.ready("1")
    fake.down = False
    with pytest.raises(ValueError, match=r"wanted uint8 \(n, 64, 64\)"):
        fake.score(np.zeros((1, 32, 32), np.uint8), "1")
