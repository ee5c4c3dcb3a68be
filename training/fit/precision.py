"""Whether fine-tuning computes in bfloat16: where the hardware has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import keras
import tensorflow as tf

#: Tensor cores take bfloat16 from this compute capability on (NVIDIA's Ampere).
_CAPABILITY: Final = (8, 0)
#: Linux' names for processors that multiply matrices in bfloat16.
_FLAGS: Final = frozenset({"amx_bf16"})


def chosen() -> str:
    """Return Keras' dtype policy for fine-tuning here: "mixed_bfloat16" or "float32".

    Weights and their sums stay float32 in both; a fitted network is kept and served in float32.
    """
    gpus: list[Any] = tf.config.list_physical_devices("GPU")
    if gpus:
        details = (tf.config.experimental.get_device_details(gpu) for gpu in gpus)
        able = all(each.get("compute_capability", (0, 0)) >= _CAPABILITY for each in details)
    else:
        able = bool(_FLAGS & _processor_flags(Path("/proc/cpuinfo")))
    return "mixed_bfloat16" if able else "float32"


@contextmanager
def policy(name: str) -> Iterator[None]:
    """Let layers that are made inside compute by this policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _processor_flags(file: Path) -> frozenset[str]:
    if not file.exists():
        return frozenset()
    lines = file.read_text(encoding="utf-8").splitlines()
    flags = next((line for line in lines if line.startswith("flags")), "")
    return frozenset(flags.split())
