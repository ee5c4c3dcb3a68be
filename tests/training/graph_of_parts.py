"""Run in the training environment: a served graph of a small network, by hand and by Keras.

python -m tests.training.graph_of_parts OUT.json WORK
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from training.export.map_scale import push_of_places
from training.export.served_graph import embedding_version, in_float32, served_graph
from training.fit.linear import Heads

SIDE = 64
NAMES = ("Cardiomegaly", "Edema")


def network(policy: str) -> keras.Model:
    """Return a feature model of two pooled levels (4 and 6 channels), in this arithmetic."""
    keras.utils.set_random_seed(3)
    keras.config.set_dtype_policy(policy)
    image = keras.Input((SIDE, SIDE), dtype="uint8", name="image")
    grey = keras.ops.cast(image, "float32")
    x = keras.layers.Rescaling(1 / 255)(keras.layers.Reshape((SIDE, SIDE, 1))(grey))
    first = keras.layers.Conv2D(4, 3, 4, activation="relu")(x)
    last = keras.layers.Conv2D(6, 3, 4)(keras.layers.BatchNormalization()(first))
    pool = [keras.layers.GlobalAveragePooling2D()(level) for level in (first, last)]
    pooled = keras.layers.Concatenate()(pool)
    keras.config.set_dtype_policy("float32")
    return keras.Model(image, [pooled, last], name="small")


def gaps(graph: keras.Model, base: keras.Model, heads: Heads, projection: Any) -> dict[str, float]:
    """Return how far each output lies from what the heads say in float64, at most."""
    films = np.random.default_rng(5).integers(0, 256, (5, SIDE, SIDE), np.uint8)
    pooled, last = (np.asarray(answer) for answer in base(films))
    came = {name: np.asarray(answer) for name, answer in graph(films).items()}
    wanted = heads.standard(pooled) @ projection
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    known = ~np.isnan(came["probabilities"][0])
    shown = np.clip(push_of_places(last, heads) / heads.map_scale, 0, 1).transpose(0, 3, 1, 2)
    found = {
        "probabilities": np.abs(came["probabilities"][:, known] - heads.scores(pooled)).max(),
        "embedding": np.abs(came["embedding"] - wanted).max(),
        "features": np.abs(came["features"] - pooled.astype(np.float16)).max(),
        "activation": np.abs(came["activation"][:, known] - shown).max(),
        "not_assessed": np.abs(came["activation"][:, ~known]).max(),
    }
    return {name: float(gap) for name, gap in found.items()}


def refusal(base: keras.Model, heads: Heads, projection: Any) -> str:
    """Return what `served_graph` says of parts that do not fit."""
    try:
        served_graph(base, heads, projection, "small")
    except ValueError as error:
        return str(error)
    return ""


def main(out: Path, work: Path) -> None:
    """Write what the tests look at."""
    rng = np.random.default_rng(4)
    base = network("float32")
    d, k = 10, len(NAMES)
    heads = Heads(
        names=NAMES,
        mean=rng.normal(size=d).astype(np.float32),
        scale=rng.uniform(0.5, 2, d).astype(np.float32),
        weights=rng.normal(size=(d, k)).astype(np.float32),
        bias=rng.normal(size=k).astype(np.float32),
        map_scale=np.array([0.5, 3], np.float32),
    )
    projection = rng.normal(size=(d, 512)).astype(np.float32)
    graph = served_graph(base, heads, projection, "small")
    graph.save(work / "model.keras")
    again = keras.models.load_model(work / "model.keras")
    mixed = network("mixed_float16")
    plain = in_float32(mixed)
    films = rng.integers(0, 256, (3, SIDE, SIDE), np.uint8)
    other = replace(heads, weights=heads.weights * 2, map_scale=heads.map_scale * 2)
    moved = replace(heads, mean=heads.mean + 1)
    shifted = network("float32")
    shifted.set_weights([weight + 0.01 for weight in base.get_weights()])
    versions = {
        "as it is": embedding_version(graph, "small", heads),
        "read again": embedding_version(again, "small", heads),
        "other heads": embedding_version(
            served_graph(base, other, projection, "small"), "small", other
        ),
        "other centre": embedding_version(
            served_graph(base, moved, projection, "small"), "small", moved
        ),
        "other projection": embedding_version(
            served_graph(base, heads, projection * 2, "small"), "small", heads
        ),
        "other weights": embedding_version(
            served_graph(shifted, heads, projection, "small"), "small", heads
        ),
        "other backbone": embedding_version(graph, "tall", heads),
    }
    probabilities = np.asarray(graph(films)["probabilities"])
    said = {
        "gaps": gaps(graph, base, heads, projection),
        "read_again": gaps(again, base, heads, projection),
        "assessed": np.flatnonzero(~np.isnan(probabilities[0])).tolist(),
        "mixed": str(mixed.outputs[1].dtype),
        "served_mixed": gaps(served_graph(mixed, heads, projection, "s"), base, heads, projection),
        "plain": [str(each.dtype) for each in plain.outputs],
        "plain_gap": float(np.abs(np.asarray(plain(films)[0]) - np.asarray(base(films)[0])).max()),
        "refused": [
            refusal(base, heads, projection[:9]),
            refusal(base, replace(heads, mean=heads.mean[:9]), projection),
        ],
        "versions": versions,
    }
    out.write_text(json.dumps(said, indent=2))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
