"""What f32, bf16 and int8 cost and bring: macro AUROC and milliseconds a film, on this processor.

    python -m training.evaluate.precision_evaluation MODEL_DIR FILMS_DIR
        [--json FILE] [--calibration N] [--most N]

Films held out are never opened. Of the others, those of some patients calibrate int8 and the rest
are scored. The heads are refitted by folds on the f32 features and asked about the films left
out, with the features of each precision: so no head has seen the film it scores, nor learned to
bear a precision's errors. int8 is allowed only within 0.005 macro AUROC of f32.

bf16 is OpenVINO's INFERENCE_PRECISION_HINT; what the compiled model then says it computes in is
printed beside, since a processor without bfloat16 (AVX-512 BF16 or AMX) stays with f32. int8 is
static, in QDQ form, for convolutions and sums alone: what comes after pooling stays as it is.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
import openvino
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from schemas.models import ModelManifest
from training.data.nih import Row, film, read_rows, to_fit, truth_table
from training.evaluate.metrics import macro_auroc
from training.fit.heads import CHOSEN, fit, folds

#: What int8 may lose of f32's macro AUROC.
ALLOWED: Final = 0.005
_BATCH: Final = 8
_ROUNDS: Final = 15

Outputs = Mapping[str, NDArray[Any]]
Run = Callable[[NDArray[np.uint8]], Outputs]


@dataclass(frozen=True)
class Precision:
    """One row of the table.

    `computes` is what the engine says it computes in. `ms_1` and `ms_8` are milliseconds a film,
    alone and in a batch of eight: medians, measured in turn with the others. `ratio_8` is the
    median of each round's `ms_8` over that of f32 under OpenVINO in the same round.
    `embedding_cosine` is the least cosine between a film's embedding and its f32 one.
    """

    name: str
    computes: str
    macro_auroc: float
    loss: float
    embedding_cosine: float
    ms_1: float
    ms_8: float
    ratio_8: float


class _Films(CalibrationDataReader):  # type: ignore[misc] # ONNX Runtime has no types
    """Hands the calibration films over, one at a time."""

    def __init__(self, tensors: Sequence[NDArray[np.uint8]]) -> None:
        self._rest = iter(tensors)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        tensor = next(self._rest, None)
        return None if tensor is None else {"image": tensor[None]}


def quantised(model: Path, calibration: Sequence[NDArray[np.uint8]], out: Path) -> Path:
    """Write `model` with int8 convolutions and sums to `out`, calibrated on these tensors.

    calibration: uint8 (side, side), each as the model takes it.
    """
    prepared = out.with_suffix(".prepared.onnx")
    quant_pre_process(model, prepared, skip_symbolic_shape=True)
    quantize_static(
        prepared,
        out,
        _Films(calibration),
        quant_format=QuantFormat.QDQ,
        nodes_to_quantize=_backbone(prepared),
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    prepared.unlink()
    return out


def _backbone(model: Path) -> list[str]:
    """Return the convolutions and the sums of two of their answers; a head's bias is no such sum.

    A head's bias is NaN where a finding is not assessed, which no integer can be.
    """
    graph = onnx.load(model).graph
    constants = {each.name for each in graph.initializer}
    return [
        node.name
        for node in graph.node
        if node.op_type == "Conv" or (node.op_type == "Add" and not constants & set(node.input))
    ]


def by_openvino(model: Path, hint: str, threads: int = 2) -> tuple[Run, str]:
    """Return what runs the model, compiled as natively, and the precision it says it has."""
    core = openvino.Core()
    compiled = core.compile_model(
        model,
        "CPU",
        {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": hint,
        },
    )
    request = compiled.create_infer_request()
    names = [each.get_any_name() for each in compiled.outputs]

    def run(images: NDArray[np.uint8]) -> Outputs:
        answers = request.infer({"image": images}, share_inputs=True)
        return {name: np.array(answers[name]) for name in names}

    said = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    return run, f"OpenVINO {said}"


def by_onnxruntime(model: Path, threads: int = 2) -> tuple[Run, str]:
    """Return what runs the model with ONNX Runtime on the processor."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Its threads spin on when they are done: half of a core that the next engine then lacks.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]

    def run(images: NDArray[np.uint8]) -> Outputs:
        return dict(zip(names, session.run(names, {"image": images}), strict=True))

    return run, "ONNX Runtime"


def measure(
    folder: Path,
    rows: Sequence[Row],
    *,
    calibration: int = 128,
    most: int | None = None,
    rounds: int = _ROUNDS,
) -> list[Precision]:
    """Return the table, f32 under OpenVINO first; `most` films are scored, all by default.

    Raises ValueError with too few films.
    """
    side = ModelManifest.model_validate_json((folder / "model.json").read_bytes()).side
    fitted = to_fit(rows)
    aside = _patients_for(fitted, calibration)
    used = [film(row, side) for row in fitted if row.patient in aside]
    scored = [row for row in fitted if row.patient not in aside][:most]
    tensors = np.stack([film(row, side) for row in scored])
    truth = truth_table(scored)
    patients = [row.patient for row in scored]
    with tempfile.TemporaryDirectory() as scratch:
        int8 = quantised(folder / "model.onnx", used, Path(scratch) / "int8.onnx")
        engines = {
            "f32": by_openvino(folder / "model.onnx", "f32"),
            "bf16": by_openvino(folder / "model.onnx", "bf16"),
            "int8": by_openvino(int8, "f32"),
            "f32, ONNX Runtime": by_onnxruntime(folder / "model.onnx"),
            "int8, ONNX Runtime": by_onnxruntime(int8),
        }
        features, embeddings = {}, {}
        for name, (run, _) in engines.items():
            answers = [
                run(tensors[start : start + _BATCH]) for start in range(0, len(tensors), _BATCH)
            ]
            features[name] = np.concatenate([each["features"] for each in answers])
            embeddings[name] = np.concatenate([each["embedding"] for each in answers])
        aurocs = out_of_fold_aurocs(features, "f32", truth, patients)
        times = _times({name: run for name, (run, _) in engines.items()}, tensors, rounds)
    return [
        Precision(
            name=name,
            computes=computes,
            macro_auroc=aurocs[name],
            loss=aurocs["f32"] - aurocs[name],
            embedding_cosine=float((embeddings[name] * embeddings["f32"]).sum(axis=1).min()),
            ms_1=statistics.median(times[name, 1]),
            ms_8=statistics.median(times[name, _BATCH]),
            ratio_8=statistics.median(
                mine / base
                for mine, base in zip(times[name, _BATCH], times["f32", _BATCH], strict=True)
            ),
        )
        for name, (_, computes) in engines.items()
    ]


def out_of_fold_aurocs(
    features: Mapping[str, NDArray[np.floating]],
    reference: str,
    truth: NDArray[np.floating],
    patients: Sequence[str],
) -> dict[str, float]:
    """Return the macro AUROC of each table of features under the reference's out-of-fold heads.

    features: float (n, d) by name. truth: (n, k) of 0 and 1. One patient's films share a fold.
    """
    strengths = [CHOSEN] * truth.shape[1]
    logits = {name: np.full(truth.shape, np.nan) for name in features}
    for fitted_on, left_out in folds(truth, patients):
        heads = fit(features[reference][fitted_on], truth[fitted_on], strengths)
        for name, table in features.items():
            logits[name][left_out] = heads.logits(table[left_out])
    return {name: macro_auroc(truth, table) for name, table in logits.items()}


def _patients_for(rows: Sequence[Row], films: int) -> set[str]:
    """Return patients, from the last one up, who have this many films together."""
    chosen: set[str] = set()
    for row in reversed(rows):
        if sum(1 for each in rows if each.patient in chosen) >= films:
            break
        chosen.add(row.patient)
    if not 0 < films < len(rows) - films:
        raise ValueError(f"wanted more than {2 * films} films to fit, came {len(rows)}")
    return chosen


def _times(
    runs: Mapping[str, Run], tensors: NDArray[np.uint8], rounds: int
) -> dict[tuple[str, int], list[float]]:
    """Return milliseconds a film by name and batch, each engine asked once a round.

    In another order each round: nobody always follows the same one.
    """
    order = np.random.default_rng(1)
    names = list(runs)
    found: dict[tuple[str, int], list[float]] = {}
    for size in (1, _BATCH):
        images = tensors[:size]
        for run in runs.values():
            run(images)
        for _ in range(rounds):
            for place in order.permutation(len(names)):
                name = names[place]
                began = time.perf_counter()
                runs[name](images)
                took = (time.perf_counter() - began) * 1000 / size
                found.setdefault((name, size), []).append(took)
    return found


def table(found: Sequence[Precision]) -> str:
    """Return the table in Markdown."""
    lines = [
        "| | computes in | macro AUROC | loss | least cosine | ms, alone | ms, of 8 | of f32 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {each.name} | {each.computes} | {each.macro_auroc:.4f} | {each.loss:+.4f}"
        f" | {each.embedding_cosine:.4f} | {each.ms_1:.1f} | {each.ms_8:.1f}"
        f" | {each.ratio_8:.2f} |"
        for each in found
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the table and whether int8 is allowed; write JSON where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("films", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--calibration", type=int, default=128, help="films that calibrate int8")
    parser.add_argument("--most", type=int, help="score the first so many films only")
    chosen = parser.parse_args()
    rows = read_rows(chosen.films)
    found = measure(chosen.model, rows, calibration=chosen.calibration, most=chosen.most)
    allowed = next(each.loss for each in found if each.name == "int8") <= ALLOWED
    said = "allowed" if allowed else "not allowed"
    print(table(found))
    print(f"int8 is {said}: wanted within {ALLOWED} macro AUROC of f32")
    if chosen.json:
        kept = {"int8_allowed": allowed, "precisions": [asdict(each) for each in found]}
        chosen.json.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
