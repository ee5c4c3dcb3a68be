"""What one film costs alone, in one process: what the whole pipeline is compared with.

Decoding, the renditions that are kept, the model's tensor and one inference, on one thread, with
nothing around it. The looks for text and for a chest are not in it: they are told beside.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final, TypeVar

import onnxruntime

from bench.text_look import held
from ingest.readers import read_file
from ingest.renditions import develop
from ingest.text_in_film import TextLook
from ingest.text_reader import RapidReader
from schemas.film_tensor import film_tensor, to_tensor
from stack.installs import starter_model

_PIXELS: Final = 100_000_000
T = TypeVar("T")


def stages(films: Sequence[Path], side: int) -> dict[str, float]:
    """Return the median processor time of each stage, in seconds a film.

    films: PNG and JPEG files. side: of the model's tensor. `whole` is the sum that a film needs.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(starter_model() / "model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    look = TextLook([RapidReader()])
    took: dict[str, list[float]] = {
        name: []
        for name in ("decode", "renditions", "tensor", "inference", "text look", "PNG again")
    }

    for number, path in enumerate(films):
        clock = _Clock(took if number else None)
        decoded = clock("decode", partial(read_file, path.read_bytes(), _PIXELS))
        film = clock("renditions", partial(develop, decoded.samples))
        tensor = clock("tensor", partial(to_tensor, decoded.samples, side))
        clock("inference", partial(session.run, None, {"image": tensor[None]}))
        clock("text look", partial(held, look, film))
        clock("PNG again", partial(film_tensor, film.full, side, film.film))
    figures = {name: median(values) for name, values in took.items()}
    needed = ("decode", "renditions", "tensor", "inference")
    return figures | {"whole": sum(figures[name] for name in needed)}


class _Clock:
    """Runs a stage and keeps its processor time; the first film warms up and is not kept."""

    def __init__(self, took: dict[str, list[float]] | None) -> None:
        self._took = took

    def __call__(self, name: str, stage: Callable[[], T]) -> T:
        began = time.process_time()
        made = stage()
        if self._took is not None:
            self._took[name].append(time.process_time() - began)
        return made
