"""Fine-tunes the backbone's later blocks on films, by a recipe that is data.

The batch norms stay as ImageNet left them, statistics and scales: with a few hundred films their
running means would learn the collection. What is trained is the convolutions' kernels.

A linear head is fitted first on frozen features and then trained with the blocks: a head that
starts at random spoils good features before it is any good (Kumar et al. 2022, arXiv 2202.10054).
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.backbones.efficientnet_lite import LEVELS, weights_file
from training.backbones.torch_weights import read_state_dict
from training.fit import heads as fitting
from training.fit.augmentation import LIMITS, changed
from training.fit.linear import Linear
from training.fit.projection import half
from training.starter.fitted import Kernels
from training.starter.folded_lite import FoldedLite

#: The strength of the head fitted first (training/fit/heads.py); chosen on frozen features.
FIRST_STRENGTH: Final = 3e-4


@dataclass(frozen=True)
class Recipe:
    """How to fine-tune. The starter's: docs/adr/0026."""

    side: int = 320
    #: Blocks before this one stay ImageNet's.
    first_block: int = 4
    epochs: int = 10
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
    head: Linear


@dataclass(frozen=True)
class Early:
    """What blocks that stand still give, for every epoch's copy of every film.

    x: float16 (epochs, n, h, w, c), what the first trained block gets. before: float32
    (epochs, n, e), the pooled levels before it.
    """

    x: NDArray[np.float16]
    before: NDArray[np.float32]


def early_outputs(films: NDArray[np.uint8], recipe: Recipe, folder: Path) -> Early:
    """Return the early blocks' part of all epochs; a quarter of each training step was theirs.

    It is kept in `folder`, and read from there when it is whole: every fold needs the same.
    """
    done, growing = folder / "before.npy", folder / "x.npy"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        net = FoldedLite(read_state_dict(weights_file()), recipe.first_block)
        stream = tf.random.Generator.from_seed(recipe.seed)

        def early(part: Any) -> tuple[Any, Any]:
            x, before = net.early(augmented(part, stream), LEVELS)
            return tf.cast(x, tf.float16), before

        step: Any = tf.function(early)
        shapes = [answer.shape[1:] for answer in step(films[: recipe.batch])]
        count = (recipe.epochs, len(films))
        x = np.lib.format.open_memmap(growing, "w+", np.float16, (*count, *shapes[0]))
        before = np.zeros((*count, *shapes[1]), np.float32)
        for epoch in range(recipe.epochs):
            for start in range(0, len(films), recipe.batch):
                part = slice(start, start + recipe.batch)
                x[epoch, part], before[epoch, part] = (a.numpy() for a in step(films[part]))
            print(f"  early blocks of epoch {epoch + 1} / {recipe.epochs}", flush=True)
        x.flush()
        np.save(done, before)
    return Early(np.load(growing, mmap_mode="r"), np.load(done))


@dataclass(frozen=True)
class Tables:
    """Of the films that may be fitted on, in one order.

    films: uint8 (n, side, side). plain: float32 (n, d), pooled features with ImageNet's weights.
    truth: (n, k) of 0 and 1. beside: (n, m) in 0..1, learned as further answers of the head with
    weight `Recipe.beside` and then left out. early: `early_outputs` of the films.
    """

    films: NDArray[np.uint8]
    plain: NDArray[np.float32]
    truth: NDArray[np.float32]
    beside: NDArray[np.float32]
    early: Early


def fine_tune(tables: Tables, fitted_on: NDArray[np.intp], recipe: Recipe) -> Tuned:
    """Return the kernels and the head that `recipe` learns from the films `fitted_on`."""
    truth, beside = tables.truth[fitted_on], tables.beside[fitted_on]
    answers = np.concatenate([truth, beside], axis=1)
    net = FoldedLite(read_state_dict(weights_file()), recipe.first_block)
    first = fitting.fit(tables.plain[fitted_on], truth, [FIRST_STRENGTH] * truth.shape[1])
    # What is known besides starts at "cannot tell".
    wider = ((0, 0), (0, beside.shape[1]))
    weights = tf.Variable(np.pad(first.weights, wider).astype(np.float32))
    bias = tf.Variable(np.pad(first.bias, wider[1]).astype(np.float32))
    mean, scale = (tf.constant(each.astype(np.float32)) for each in (first.mean, first.scale))
    when_yes, when_no = _costs(answers, truth.shape[1], recipe)
    stream = tf.random.Generator.from_seed(recipe.seed)
    trained = [*net.variables.values(), weights, bias]

    steps = recipe.epochs * (len(fitted_on) // recipe.batch)
    optimizer = _optimizer(steps, recipe)
    optimizer.build(trained)
    average = [tf.Variable(variable) for variable in trained]

    def learn(came: Any, before: Any, wanted: Any, keep: Any) -> Any:
        with tf.GradientTape() as tape:
            features = (net.late(tf.cast(came, tf.float32), before, LEVELS) - mean) / scale
            seeds = stream.make_seeds(1)[:, 0]
            features = tf.nn.experimental.stateless_dropout(features, recipe.dropout, seeds)
            soft = wanted * (1 - 2 * recipe.smoothing) + recipe.smoothing
            each = tf.nn.sigmoid_cross_entropy_with_logits(soft, features @ weights + bias)
            each *= wanted * when_yes + (1 - wanted) * when_no
            loss = tf.reduce_mean(tf.reduce_sum(each, axis=1))
        optimizer.apply(tape.gradient(loss, trained), trained)
        for mean_so_far, variable in zip(average, trained, strict=True):
            mean_so_far.assign(keep * mean_so_far + (1 - keep) * variable)
        return loss

    step: Any = tf.function(learn)
    began = time.monotonic()
    for number, (epoch, places) in enumerate(_batches(len(fitted_on), recipe)):
        films = fitted_on[places]
        x, before = tables.early.x[epoch][films], tables.early.before[epoch][films]
        # The first steps' weights are forgotten sooner, or they would weigh for hundreds.
        keep = min(recipe.averaged, (1 + number) / (10 + number)) if recipe.averaged else 0.0
        loss = step(x, before, answers[places], tf.constant(keep, tf.float32))
        if number % 20 == 19:
            took = (time.monotonic() - began) / (number + 1)
            print(f"  step {number + 1} / {steps}: loss {loss:.4f}, {took:.2f} s each", flush=True)
    *kernels, weights_now, bias_now = (variable.numpy() for variable in average)
    ours = slice(truth.shape[1])
    head = Linear(
        first.mean, first.scale, weights_now[:, ours].astype(float), bias_now[ours].astype(float)
    )
    # Rounded before anything is judged, so that what is kept is what was judged.
    rounded = [half(kernel).astype(np.float32) for kernel in kernels]
    return Tuned(dict(zip(net.variables, rounded, strict=True)), head)


def _costs(answers: NDArray[np.float32], ours: int, recipe: Recipe) -> tuple[Any, Any]:
    """Return what a wrong yes and a wrong no of each answer cost, (answers,) each.

    The first `ours` answers share a weight of 1, the others `recipe.beside`.
    """
    extra = answers.shape[1] - ours
    counts = np.repeat([1 / ours, recipe.beside / max(extra, 1)], [ours, extra])
    share = np.clip(answers.mean(axis=0), 0.01, 0.99)
    when_yes, when_no = (
        (counts * (0.5 / part) ** recipe.balance).astype(np.float32) for part in (share, 1 - share)
    )
    return tf.constant(when_yes), tf.constant(when_no)


def _optimizer(steps: int, recipe: Recipe) -> keras.optimizers.Optimizer:
    warm = steps // 10
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.rate / 20, steps - warm, warmup_target=recipe.rate, warmup_steps=warm
    )
    return keras.optimizers.AdamW(schedule, weight_decay=recipe.decay)


def _batches(count: int, recipe: Recipe) -> Iterator[tuple[int, NDArray[np.intp]]]:
    rng = np.random.default_rng(recipe.seed)
    for epoch in range(recipe.epochs):
        order = rng.permutation(count)
        for number in range(count // recipe.batch):
            yield epoch, np.sort(order[number * recipe.batch : (number + 1) * recipe.batch])


def augmented(films: Any, stream: Any) -> Any:
    """Return float (n, side, side, 1), changed within training/fit/augmentation.py's limits."""
    count = tf.shape(films)[0]
    each = [stream.uniform((count,), low, high) for low, high in LIMITS.values()]
    return changed(films, tf.stack(each, axis=1))


def pooled_features(
    net: FoldedLite, films: NDArray[np.uint8], batch: int = 32
) -> NDArray[np.float32]:
    """Return the pooled features float32 (n, d) of films (n, side, side)."""

    def whole(part: Any) -> Any:
        grey = tf.cast(part, tf.float32)[..., None]
        return net.late(*net.early(grey, LEVELS), LEVELS)

    side = films.shape[1]
    step: Any = tf.function(whole, [tf.TensorSpec((None, side, side), tf.uint8)])
    parts = [step(films[start : start + batch]) for start in range(0, len(films), batch)]
    return np.concatenate([part.numpy() for part in parts])
