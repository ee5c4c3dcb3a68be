"""Fine-tunes a backbone on films: its stages from one on, with a head that began fitted.

AdamW with a rate that rises, then falls along a cosine (Loshchilov and Hutter 2019); the weights
of the epoch with the highest validation AUROC are kept, and `patience` epochs without a higher
one end it. All that is drawn follows from the seed, the epoch and the step.
"""

import hashlib
import time
from dataclasses import dataclass, field, replace
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.backbones import Backbone
from training.errors import Stopped, WrongInput
from training.evaluate.metrics import macro_auroc
from training.fit import augmentation, checkpoint, distribution, first_head, precision
from training.fit.checkpoint import Place
from training.fit.film_stream import Films, stream
from training.fit.run_settings import RunSettings
from training.fit.step_progress import StepProgress
from training.fit.targets import Targets
from training.fit.tuned_network import TunedNetwork, Tuning
from training.run_folder import RunFolder

#: The share of pooled features left out at random, as the starter's (docs/adr/0026).
DROPOUT: Final = 0.2
#: Seconds of steps after which a checkpoint is written within an epoch.
CHECKPOINT_S: Final = 300.0


def fine_tune(  # noqa: PLR0917 - what a fit is of, in the order of its steps
    model: keras.Model,
    backbone: Backbone,
    pixels: NDArray[np.uint8],
    targets: Targets,
    train: NDArray[np.intp],
    valid: NDArray[np.intp],
    settings: RunSettings,
    run: RunFolder,
    *,
    strategy: Any | None = None,
    checkpoint_s: float = CHECKPOINT_S,
) -> None:
    """Change the weights of `model` (feature_model.py) to those that the training films teach.

    pixels: uint8 (n, side, side), targets: of n films; train, valid: places among them. A
    checkpoint in the run's folder is gone on from: killed at any moment and called again with the
    same words on the same machine, it ends with the same weights, bit for bit. Without a
    validation film that tells anything, the last epoch's weights are kept, and it says so.
    Raises WrongInput for no training film, a stage that is not there, or another run's checkpoint,
    and Stopped when another process of the run is gone.
    """
    if not len(train):
        raise WrongInput("fine-tuning: wanted films to train on, came none")
    if settings.from_stage >= len(backbone.stages):
        raise WrongInput(
            f"--from-stage: wanted 0 to {len(backbone.stages) - 1} of {backbone.name},"
            f" came {settings.from_stage}"
        )
    keras.utils.set_random_seed(settings.seed)
    tf.config.experimental.enable_op_determinism()
    chosen = distribution.chosen() if strategy is None else strategy
    fit = _Fit(model, backbone, pixels, targets, train, valid, settings, run, chosen)
    try:
        fit.go(checkpoint_s)
    # What TensorFlow raises when another process of TF_CONFIG is gone.
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError) as error:
        why = " ".join(str(error).split())[:200]
        raise Stopped(
            f"another process of this run is gone ({why}); start them all again with --resume"
        ) from error


@dataclass
class _Fit:
    model: Any
    backbone: Backbone
    pixels: NDArray[np.uint8]
    targets: Targets
    train: NDArray[np.intp]
    valid: NDArray[np.intp]
    settings: RunSettings
    run: RunFolder
    strategy: Any
    network: TunedNetwork = field(init=False)
    films: Films = field(init=False)
    progress: StepProgress = field(init=False)

    def go(self, checkpoint_s: float) -> None:
        """Fine-tune from the beginning or from the checkpoint to the end."""
        settings, folder = self.settings, self.run.checkpoints
        of = _fingerprint(settings, self.pixels, self.targets, self.train, self.valid)
        found = checkpoint.load(folder, of)
        place = Place(of, precision.chosen()) if found is None else found[0]
        self.network = self._network(place.precision)
        self.films = Films(
            self.pixels,
            self.targets,
            self.train,
            self.network.width,
            settings.batch,
            DROPOUT,
            settings.augment,
            settings.seed,
        )
        steps = self.films.steps
        left = (settings.epochs - place.epoch) * steps - place.step
        self.progress = StepProgress(self.run.logs, left, told=self._chief)
        if found is None:
            self._begin()
        self.network.put(self.network.arrays() if found is None else found[1])
        place = self._agreed(place)
        self.progress.note(self._stated(place))
        while not place.done:
            place = self._epoch(place, checkpoint_s)
        best = self.network.weights()
        if place.best_epoch is not None and self._chief:
            best = checkpoint.load_best(folder, place.best_epoch)
        self.model.set_weights(distribution.of_the_chief(self.strategy, best))

    @property
    def _chief(self) -> bool:
        return distribution.is_chief(self.strategy)

    def _network(self, policy: str) -> TunedNetwork:
        settings = self.settings
        three = np.flatnonzero(self.targets.uncertain.any(axis=0)).tolist()
        tuning = Tuning(
            self.backbone,
            self.pixels.shape[1],
            settings.from_stage,
            len(self.targets.names),
            tuple(three),
            settings.rate,
            settings.epochs * -(-len(self.train) // settings.batch),
            policy,
            settings.last_layers,
        )
        return TunedNetwork(tuning, self.strategy)

    def _begin(self) -> None:
        """Give the network the model's weights and a head fitted on its features."""
        self.network.model.set_weights(self.model.get_weights())
        rng = np.random.default_rng(self.settings.seed)
        places = np.sort(rng.permutation(self.train)[: first_head.MOST_FILMS])
        self.progress.note(f"fitting the first head on features of {len(places)} films")
        features, _ = self.network.look(_Rows(self.pixels, places), self.settings.batch)
        targets = self.targets.take(places)
        self.network.put_head(first_head.fit(features, targets, self.network.three))

    def _epoch(self, place: Place, checkpoint_s: float) -> Place:
        """Do the rest of an epoch; return the place after it."""
        folder, epochs, steps = self.run.checkpoints, self.settings.epochs, self.films.steps
        kept = time.monotonic()
        figures = {}
        for batch in stream(self.films, place.epoch, place.step, self.strategy):
            loss = self.network.step(batch)
            place = replace(place, step=place.step + 1)
            where = f"epoch {place.epoch + 1} / {epochs}, step {place.step} / {steps}"
            self.progress.step(place.epoch * steps + place.step, self.films.batch, loss, where)
            if self._chief and time.monotonic() - kept >= checkpoint_s:
                checkpoint.save(folder, place, self.network.arrays())
                kept = time.monotonic()
            if place.step == steps:
                figures["loss"] = float(loss)
        judged = np.array(self._judged())
        score = float(distribution.of_the_chief(self.strategy, [judged])[0])
        after = place.after_epoch(score, self.settings.patience, epochs)
        if self._chief:
            if after.best_epoch == place.epoch:
                checkpoint.save_best(folder, place.epoch, self.network.weights())
            checkpoint.save(folder, after, self.network.arrays())
            checkpoint.forget_worse(folder, after.best_epoch)
        if np.isfinite(score):
            figures["validation_macro_auroc"] = score
        self.progress.figures(after.epoch * steps, figures)
        self._told(after, score)
        return after

    def _judged(self) -> float:
        """Return the macro AUROC of the validation films' known labels, NaN where none tells."""
        if not len(self.valid):
            return float("nan")
        _, scores = self.network.look(_Rows(self.pixels, self.valid), self.settings.batch)
        targets = self.targets.take(self.valid)
        known = (targets.weights > 0) & ~targets.uncertain
        return macro_auroc(np.where(known, targets.values >= 0.5, np.nan), scores)

    def _agreed(self, place: Place) -> Place:
        """Return the chief's place: the others have no checkpoint of their own."""
        best = -1.0 if place.best is None else place.best
        best_epoch = -1 if place.best_epoch is None else place.best_epoch
        numbers = np.array(
            [place.epoch, place.step, best, best_epoch, place.waited, place.done], np.float64
        )
        came = distribution.of_the_chief(self.strategy, [numbers])[0]
        return replace(
            place,
            epoch=int(came[0]),
            step=int(came[1]),
            best=None if came[3] < 0 else float(came[2]),
            best_epoch=None if came[3] < 0 else int(came[3]),
            waited=int(came[4]),
            done=bool(came[5]),
        )

    def _stated(self, place: Place) -> str:
        last = self.settings.last_layers
        stage = self.backbone.stages[self.settings.from_stage]
        what = f"its last {last} layers with kernels" if last else f"from stage {stage}"
        devices = self.strategy.num_replicas_in_sync
        changes = augmentation.STATED if self.settings.augment else "films are left as they are"
        return (
            f"{self.backbone.name}, {what}, {place.precision},"
            f" {devices} device{'s' if devices > 1 else ''},"
            f" from epoch {place.epoch + 1}, step {place.step + 1} on; {changes}"
        )

    def _told(self, after: Place, score: float) -> None:
        if np.isnan(score):
            words = "no validation film tells anything: the last epoch's weights are kept"
        else:
            words = f"validation AUROC {score:.4f} (best {after.best:.4f})"
        rest = "done" if after.done else f"{self.progress.left()} left at most"
        self.progress.note(f"epoch {after.epoch} / {self.settings.epochs}: {words}, {rest}")


class _Rows:
    """Some films of a memory map as an array that is read slice by slice."""

    def __init__(self, pixels: NDArray[np.uint8], places: NDArray[np.intp]) -> None:
        self._pixels, self._places = pixels, places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, part: slice) -> NDArray[np.uint8]:
        return np.asarray(self._pixels[self._places[part]])


def _fingerprint(
    settings: RunSettings,
    pixels: NDArray[np.uint8],
    targets: Targets,
    train: NDArray[np.intp],
    valid: NDArray[np.intp],
) -> str:
    digest = hashlib.sha256(settings.model_dump_json().encode())
    digest.update(f"{pixels.shape} {targets.names}".encode())
    for array in (targets.values, targets.weights, targets.uncertain, train, valid):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
