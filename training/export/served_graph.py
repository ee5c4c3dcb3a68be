"""The graph that is served: any feature model, its linear heads and its projection.

What goes in and comes out is schemas/models.py's tensor contract, whole: no caller scales, pools
or normalises anything.
"""

import hashlib
from collections.abc import Callable
from typing import Any, Final

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from schemas.findings import FINDINGS, INDEX
from training.fit.linear import Heads

OUTPUTS: Final = ("probabilities", "embedding", "features", "activation")
#: Layers of the graph that are no part of the network: heads, the map's heads, the projection.
_HEADS: Final = "heads"
_MAP: Final = "map"
_PROJECTION: Final = "projection"


def served_graph(
    feature_model: keras.Model,
    heads: Heads,
    projection: NDArray[np.floating],
    name: str,
    *,
    as_released: bool = False,
    rescale: Callable[[Any, Any], Any] | None = None,
) -> keras.Model:
    """Return the served graph: a dictionary of the four outputs by name.

    feature_model: uint8 (n, side, side) -> pooled features (n, d), then the last level
    (n, h, w, c), the mean over whose places is the last c of them. One that was trained in mixed
    precision is served in float32 (`in_float32`).
    projection: (d, 512), of features scaled as the heads scale them.
    as_released: the map by a matrix product, as the starter's bytes have it. Of others that is
    exported in one of two ways, as the exporter's sets fall out; a convolution in one alone.
    rescale: what becomes of probabilities (n, 14), given standardised features (n, d) too.

    probabilities (n, 14): sigmoid of the linear heads, NaN where `heads.names` lacks a finding.
    embedding (n, 512): features centred, scaled, projected, then divided by their length.
    features (n, d) float16: the pooled features before centring.
    activation (n, 14, h, w), 0..1: the class activation map (Zhou et al. 2016) of the last level.
        A finding's logit is a sum over pooled channels, and pooling is a mean over places, so the
        logit is a mean over places too: the place's push is the last level's channels there,
        centred and scaled as the heads do, times their weights. Pushes towards "no" are 0; 1 is
        `heads.map_scale`, one figure per finding, so that a faint map stays faint from film to
        film. What is pooled at finer levels has no part in it. 0 where not assessed.

    Raises ValueError where the parts do not fit each other.
    """
    base = in_float32(feature_model)
    pooled, last = base.outputs
    _check(pooled, heads, projection)
    standard = _scaled(pooled, heads.mean, heads.scale)
    wide, bias, gaps, map_scale = _fourteen(heads)

    known = ops.sigmoid(_times(standard, wide, _HEADS) + bias)
    if rescale is not None:
        known = rescale(known, standard)
    # NaN is added after the sigmoid: some runtimes clamp its argument and would turn NaN into 1.
    probabilities = known + gaps

    projected = _times(standard, projection.astype(np.float32), _PROJECTION)
    length = ops.sqrt(ops.sum(ops.square(projected), axis=1, keepdims=True))
    embedding = projected / ops.maximum(length, 1e-12)

    channels = last.shape[-1]
    places = _scaled(last, heads.mean[-channels:], heads.scale[-channels:])
    push_of = wide[-channels:] / map_scale
    push = _times(places, push_of, _MAP) if as_released else _at_each_place(places, push_of)
    activation = ops.transpose(ops.clip(push, 0.0, 1.0), (0, 3, 1, 2))

    answers = {
        "probabilities": probabilities,
        "embedding": embedding,
        "features": ops.cast(pooled, "float16"),
        "activation": activation,
    }
    named = {
        name: layers.Identity(name=name, dtype=tensor.dtype)(tensor)
        for name, tensor in answers.items()
    }
    return keras.Model(base.input, named, name=name)


def in_float32(model: keras.Model) -> keras.Model:
    """Return the same model computing in float32: one trained in mixed precision is served so.

    Its variables are float32 already; what changes is what its layers compute in.
    """
    config = model.get_config()
    wanted = _float32_config(config)
    if wanted == config:
        return model
    plain = type(model).from_config(wanted)
    plain.set_weights(model.get_weights())
    return plain


def embedding_version(graph: keras.Model, backbone: str, heads: Heads) -> str:
    """Return 16 hex digits of all that a served graph's embedding depends on.

    Two of one version can be compared. That is the network with its side and its weights, the
    centring and scaling, the projection; not the heads' weights, so that refitted heads keep the
    library's embeddings. backbone: its name, which says what no weight does (its own scaling of
    the greys, how its layers hang together).
    """
    levels = {name: tuple(graph.output[name].shape[1:]) for name in ("features", "activation")}
    side = graph.input.shape[1]
    digest = hashlib.sha256(f"{backbone} side={side} {levels} unit-length".encode())
    digest.update(heads.mean.astype("<f4").tobytes())
    digest.update(heads.scale.astype("<f4").tobytes())
    for layer in graph.layers:
        if layer.name not in {_HEADS, _MAP}:
            for weight in layer.get_weights():
                digest.update(str(weight.shape).encode() + weight.astype("<f4").tobytes())
    return digest.hexdigest()[:16]


def _check(pooled: Any, heads: Heads, projection: NDArray[np.floating]) -> None:
    """Raise ValueError, which says what was wanted, where a part is of another width."""
    width = len(heads.mean)
    for what, wanted, came in (
        ("pooled features", (None, width), tuple(pooled.shape)),
        ("weights", (width, len(heads.names)), heads.weights.shape),
        ("projection", (width,), projection.shape[:1]),
    ):
        if came != wanted:
            raise ValueError(f"{what}: wanted {wanted}, came {came}")


def _times(tensor: Any, matrix: NDArray[np.float32], name: str) -> Any:
    """Return tensor @ matrix by a layer, so that what Keras saves holds the numbers as weights."""
    layer = layers.Dense(matrix.shape[1], use_bias=False, dtype="float32", name=name)
    answer = layer(tensor)
    layer.set_weights([matrix])
    layer.trainable = False
    return answer


def _at_each_place(tensor: Any, matrix: NDArray[np.float32]) -> Any:
    """Return tensor (n, h, w, c) @ matrix by a convolution of one place."""
    layer = layers.Conv2D(matrix.shape[1], 1, use_bias=False, dtype="float32", name=_MAP)
    answer = layer(tensor)
    layer.set_weights([matrix[None, None]])
    layer.trainable = False
    return answer


def _scaled(tensor: Any, mean: Any, scale: Any) -> Any:
    return (tensor - np.asarray(mean, np.float32)) * (1 / np.asarray(scale, np.float32))


def _fourteen(heads: Heads) -> tuple[Any, Any, Any, Any]:
    """Return weights (d, 14), bias, gaps (0 or NaN) and map scale (14,) in CheXpert's order."""
    columns = [INDEX[name] for name in heads.names]
    wide = np.zeros((len(heads.mean), len(FINDINGS)), np.float32)
    wide[:, columns] = heads.weights
    bias = np.zeros(len(FINDINGS), np.float32)
    bias[columns] = heads.bias
    gaps = np.full(len(FINDINGS), np.nan, np.float32)
    gaps[columns] = 0
    map_scale = np.ones(len(FINDINGS), np.float32)
    map_scale[columns] = heads.map_scale
    return wide, bias, gaps, map_scale


def _float32_config(config: Any) -> Any:
    """Return a model's configuration with every layer's policy replaced by float32."""
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            return config | {"config": {"name": "float32"}}
        return {key: _float32_config(value) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return type(config)(_float32_config(value) for value in config)
    return config
