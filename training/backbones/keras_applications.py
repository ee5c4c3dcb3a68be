"""Backbones out of keras.applications: the film's scaling in front, no classifier behind."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import keras
import numpy as np
from keras import layers

from training.backbones import Backbone, register
from training.backbones.given_weights import load
from training.errors import WrongInput

#: The layer that the first stage begins with: all of a network's own layers come after it.
SCALED: Final = "scaled"
#: Of ImageNet in 0..1, red, green, blue (keras.applications.imagenet_utils, mode "torch").
_MEAN: Final = np.array([0.485, 0.456, 0.406])
_SPREAD: Final = np.array([0.229, 0.224, 0.225])
#: Seconds that a server may be silent before its weights "cannot be fetched".
_SILENT: Final = 30

Scaling = Literal["tf", "torch"]


def keras_backbone(
    name: str,
    application: Callable[..., Any],
    *,
    side: int,
    scaling: Scaling,
    stages: tuple[str, ...],
) -> Backbone:
    """Register and return the network that `application` (keras.applications.NAME) makes.

    scaling: as Keras' own weights want it; "tf": x / 127.5 - 1, "torch": x / 255, then ImageNet's
    mean and spread of each channel. stages: names of its layers, after the whole network's.
    """

    def build(pixels: int, weights: str) -> keras.Model:
        grey = keras.Input((pixels, pixels, 1), name="grey")
        x = layers.Concatenate(name="three_channels")([grey, grey, grey])
        x = _scaled(scaling)(x)
        made: dict[str, Any] = {"include_top": False, "input_tensor": x}
        made |= {"input_shape": (pixels, pixels, 3)}
        try:
            with _fetched(name):
                kept = "imagenet" if weights == "imagenet" else None
                network = application(weights=kept, **made)
        except ValueError as error:
            raise WrongInput(f"{name}: --side {pixels}: {error}") from error
        if weights not in {"imagenet", "none"}:
            load(network, Path(weights))
        return keras.Model(grey, [network.output], name=name.lower())

    return register(Backbone(name, side, build, (SCALED, *stages)))


def _scaled(scaling: Scaling) -> layers.Layer:
    if scaling == "tf":
        return layers.Rescaling(1 / 127.5, offset=-1.0, name=SCALED)
    scale, offset = 1 / (255 * _SPREAD), -_MEAN / _SPREAD
    return layers.Rescaling(scale.tolist(), offset=offset.tolist(), name=SCALED)


@contextmanager
def _fetched(name: str) -> Iterator[None]:
    """Say what could not be fetched, and what to do about it."""
    silent = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SILENT)
    try:
        yield
    except ValueError:
        raise
    # Keras raises a bare Exception when a fetch fails, and an OSError when its folder does.
    except Exception as error:
        address = re.search(r"https?://\S+\.h5", str(error))
        if not isinstance(error, OSError) and address is None:
            raise
        file = f"the file {address.group().rsplit('/', 1)[1]}" if address else "its _notop.h5 file"
        came = " ".join(str(error).split())[:300]
        raise WrongInput(
            f"the ImageNet weights of {name} cannot be fetched ({came}); get {file} where it can"
            " be had, bring it here and say `--weights FILE`, or begin at random: `--weights none`"
        ) from error
    finally:
        socket.setdefaulttimeout(silent)
