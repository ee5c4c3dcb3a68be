"""Fine-tunes the backbone's later blocks on films, by a recipe that is data.

The batch norms stay as ImageNet left them, statistics and scales: with a few hundred films their
running means would learn the collection. What is trained is the convolutions' kernels.

A linear head is fitted first on frozen features and then trained with the blocks: a head that
starts at random spoils good features before it is any good (Kumar et al. 2022, arXiv 2202.10054).
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training import heads as fitting
from training.efficientnet_lite import weights_file
from training.fitted import Kernels, half
from training.folded_lite import FoldedLite
from training.starter_model import LEVELS
from training.torch_weights import read_state_dict

#: The strength of the head fitted first (training/heads.py); chosen on frozen features.
FIRST_STRENGTH: Final = 3e-4


@dataclass(frozen=True)
class Recipe:
    """How to fine-tune. Chosen by cross-validation: docs/starter-model.md."""

    side: int = 320
    #: Blocks before this one stay ImageNet's.
    first_block: int = 4
    epochs: int = 12
    batch: int = 32
    #: AdamW's highest rate, after a tenth of the steps; then a cosine to nothing.
    rate: float = 5e-4
    decay: float = 0.05
    #: Each step keeps this share of the averaged weights (Polyak); 0 keeps the last weights.
    averaged: float = 0.98
    #: A mined label of 1 or 0 is learned as 1 - s or s.
    smoothing: float = 0.0
    #: Weight of what else the labels say: NIH's other findings, view, sex, age.
    beside: float = 0.0
    #: The share of pooled features left out at random.
    dropout: float = 0.2
    #: 0: every film counts alike; 1: both answers of a finding count alike.
    balance: float = 0.5
    seed: int = 1


@dataclass(frozen=True)
class Tuned:
    """kernels: what changed, numbers that float16 holds. head: on pooled features (d,) -> (k,)."""

    kernels: Kernels
    head: fitting.Linear


def early_outputs(films: NDArray[np.uint8], recipe: Recipe, path: Path) -> NDArray[np.float16]:
    """Return what the first trained block gets, for every epoch's copy of every film.

    float16 (epochs, n, h, w, c), kept in `path` and read from there if it is whole: blocks that
    stand still give the same every time, and a third of a training step is theirs.
    """
    if path.exists():
        return np.load(path, mmap_mode="r")
    net = FoldedLite(read_state_dict(weights_file()), recipe.first_block)
    stream = tf.random.Generator.from_seed(recipe.seed)
    step = tf.function(lambda part: tf.cast(net.early(augmented(part, stream)), tf.float16))
    height, width, channels = step(films[:1]).shape[1:]
    shape = (recipe.epochs, len(films), height, width, channels)
    growing = path.with_suffix(".part.npy")
    found = np.lib.format.open_memmap(growing, "w+", np.float16, shape)
    for epoch in range(recipe.epochs):
        for start in range(0, len(films), recipe.batch):
            part = slice(start, start + recipe.batch)
            found[epoch, part] = step(films[part]).numpy()
        print(f"  early blocks of epoch {epoch + 1} / {recipe.epochs}", flush=True)
    found.flush()
    growing.rename(path)
    return np.load(path, mmap_mode="r")


def fine_tune(
    plain: NDArray[np.floating],
    early: NDArray[np.float16],
    truth: NDArray[np.float32],
    beside: NDArray[np.float32],
    fitted_on: NDArray[np.intp],
    recipe: Recipe,
) -> Tuned:
    """Return the kernels and the head that `recipe` learns from the films `fitted_on`.

    plain (n, d): the films' pooled features with ImageNet's weights. early: `early_outputs` of the
    same films. truth (n, k) of 0 and 1; beside (n, m) in 0..1, learned as further answers of the
    head with weight `recipe.beside` and then left out.
    """
    plain, truth, beside = plain[fitted_on], truth[fitted_on], beside[fitted_on]
    net = FoldedLite(read_state_dict(weights_file()), recipe.first_block)
    first = fitting.fit(plain, truth, [FIRST_STRENGTH] * truth.shape[1])
    answers = np.concatenate([truth, beside], axis=1)
    extra = beside.shape[1]
    weights = tf.Variable(np.pad(first.weights, ((0, 0), (0, extra))).astype(np.float32))
    bias = tf.Variable(np.pad(first.bias, (0, extra)).astype(np.float32))
    mean = tf.constant(first.mean.astype(np.float32))
    scale = tf.constant(first.scale.astype(np.float32))
    share = np.clip(answers.mean(axis=0), 0.01, 0.99)
    when_yes = tf.constant(((0.5 / share) ** recipe.balance).astype(np.float32))
    when_no = tf.constant(((0.5 / (1 - share)) ** recipe.balance).astype(np.float32))
    counts = np.concatenate(
        [
            np.full(truth.shape[1], 1 / truth.shape[1]),
            np.full(extra, recipe.beside / max(extra, 1)),
        ]
    ).astype(np.float32)

    steps = recipe.epochs * (len(plain) // recipe.batch)
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.rate / 20, steps - steps // 10, warmup_target=recipe.rate, warmup_steps=steps // 10
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=recipe.decay)
    trained = [*net.variables.values(), weights, bias]
    stream = tf.random.Generator.from_seed(recipe.seed)

    @tf.function
    def step(came: Any, wanted: Any) -> Any:
        with tf.GradientTape() as tape:
            x = _pooled(net.levels(tf.cast(came, tf.float32), LEVELS))
            x = tf.nn.experimental.stateless_dropout(
                (x - mean) / scale, recipe.dropout, stream.make_seeds(1)[:, 0]
            )
            logits = x @ weights + bias
            soft = wanted * (1 - 2 * recipe.smoothing) + recipe.smoothing
            each = tf.nn.sigmoid_cross_entropy_with_logits(soft, logits)
            each *= wanted * when_yes + (1 - wanted) * when_no
            loss = tf.reduce_mean(tf.reduce_sum(each * counts, axis=1))
        return loss, tape.gradient(loss, trained)

    optimizer.build(trained)
    kept = [variable.numpy() for variable in trained]
    began = time.monotonic()
    for number, (epoch, places) in enumerate(_batches(len(plain), recipe)):
        loss, gradients = step(early[epoch][fitted_on[places]], answers[places])
        optimizer.apply(gradients, trained)
        # The first steps' weights are forgotten sooner, or they would weigh for hundreds.
        share_kept = min(recipe.averaged, (1 + number) / (10 + number)) if recipe.averaged else 0.0
        for place, variable in enumerate(trained):
            kept[place] = share_kept * kept[place] + (1 - share_kept) * variable.numpy()
        if number % 20 == 19:
            took = (time.monotonic() - began) / (number + 1)
            print(f"  step {number + 1} / {steps}: loss {loss:.4f}, {took:.2f} s each", flush=True)
    mine = slice(truth.shape[1])
    head = fitting.Linear(
        first.mean, first.scale, kept[-2][:, mine].astype(float), kept[-1][mine].astype(float)
    )
    # Rounded before anything is judged, so that what is kept is what was judged.
    rounded = [half(kernel).astype(np.float32) for kernel in kept[: len(net.variables)]]
    return Tuned(dict(zip(net.variables, rounded, strict=True)), head)


def _batches(count: int, recipe: Recipe) -> Iterator[tuple[int, NDArray[np.intp]]]:
    rng = np.random.default_rng(recipe.seed)
    for epoch in range(recipe.epochs):
        order = rng.permutation(count)
        for number in range(count // recipe.batch):
            yield epoch, np.sort(order[number * recipe.batch : (number + 1) * recipe.batch])


def augmented(films: Any, stream: Any) -> Any:
    """Return float (n, side, side, 1): turned, shifted, zoomed, lighter or darker; no flips."""
    count = tf.shape(films)[0]
    side = tf.cast(tf.shape(films)[1], tf.float32)

    def drawn(low: float, high: float) -> Any:
        return stream.uniform((count,), low, high)

    angle, zoom = drawn(-0.17, 0.17), drawn(0.88, 1.1)
    across, down = drawn(-0.06, 0.06) * side, drawn(-0.06, 0.06) * side
    cosine, sine, middle = tf.cos(angle) * zoom, tf.sin(angle) * zoom, (side - 1) / 2
    nothing = tf.zeros_like(angle)
    transform = tf.stack(
        [
            cosine, -sine, middle - cosine * middle + sine * middle + across,
            sine, cosine, middle - sine * middle - cosine * middle + down,
            nothing, nothing,
        ],
        axis=1,
    )
    grey = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(films, tf.float32)[..., None],
        transforms=transform,
        output_shape=tf.shape(films)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )
    contrast = drawn(0.8, 1.25)[:, None, None, None]
    light = drawn(-20.0, 20.0)[:, None, None, None]
    return tf.clip_by_value((grey - 127) * contrast + 127 + light, 0.0, 255.0)


def pooled(net: FoldedLite, films: NDArray[np.uint8], batch: int = 32) -> NDArray[np.float32]:
    """Return the pooled features float32 (n, d) of films (n, side, side)."""

    @tf.function
    def step(part: Any) -> Any:
        grey = tf.cast(part, tf.float32)[..., None]
        return _pooled(net.levels(net.early(grey), LEVELS))

    parts = [step(films[start : start + batch]) for start in range(0, len(films), batch)]
    return np.concatenate([part.numpy() for part in parts])


def _pooled(levels: Sequence[Any]) -> Any:
    return tf.concat([tf.reduce_mean(level, axis=(1, 2)) for level in levels], axis=1)
