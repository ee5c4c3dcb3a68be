"""Presets: what a published training did, as flags."""

import pytest

from training.errors import WrongInput
from training.fit.presets import ORIGINAL_BACKBONES, with_preset
from training.fit.run_settings import RunSettings


def test_the_original_s_preset_is_what_its_report_did() -> None:
    made = RunSettings(backbone="Xception", **with_preset("original", {"epochs": 4}))
    assert (made.side, made.policy, made.policies) == (224, "ones", {})
    assert (made.fit, made.last_layers, made.augment) == ("fine-tune", 2, False)
    assert (made.test_films, made.balance, made.not_mentioned) == (200, "none", "zeros")
    assert (made.preset, made.epochs) == ("original", 4)
    assert len(ORIGINAL_BACKBONES) == 5


@pytest.mark.parametrize("said", [{"policy": "zeros"}, {"augment": True}, {"test_films": 10}])
def test_a_flag_that_gainsays_the_preset_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(WrongInput, match="--preset original sets"):
        with_preset("original", said)
