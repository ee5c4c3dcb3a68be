"""Networks that turn a film into features. One file each, which registers itself when imported.

A seventh backbone is one file more: every module of this package is imported when a name is
looked up, and each calls `register`.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.errors import WrongInput


@dataclass(frozen=True)
class Backbone:
    """A network as the command line names it.

    side:  pixels of the film's side that it was made for.
    build: build(side, weights) gives a keras.Model. In: float (n, side, side, 1), grey, 0..255;
           the network's own scaling and its three channels are inside. Out: a list of levels,
           (n, h, w, c) each; pooled features are the means over places of all of them, one after
           another, and the activation map is the last one's. weights: "imagenet", "none" (random
           by Keras' seed) or the path of a file. Raises WrongInput where those cannot be had.
    stages: names of the layers with which its stages begin, from the film on; fine-tuning
           "from stage k" trains stages[k] and all that comes after it.
    """

    name: str
    side: int
    build: Callable[[int, str], Any]
    stages: tuple[str, ...]


_REGISTERED: dict[str, Backbone] = {}


def register(backbone: Backbone) -> Backbone:
    """Make the backbone known by its name. Raises ValueError for a name that is taken."""
    if backbone.name in _REGISTERED:
        raise ValueError(f"wanted a new name, came {backbone.name!r}, which is registered")
    _REGISTERED[backbone.name] = backbone
    return backbone


def names() -> tuple[str, ...]:
    """Return the names of all backbones, in alphabetical order."""
    for found in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"{__name__}.{found.name}")
    return tuple(sorted(_REGISTERED))


def named(name: str) -> Backbone:
    """Return the backbone of this name. Raises WrongInput, which lists the names, for another."""
    known = names()
    if name not in known:
        raise WrongInput(f"wanted a backbone of {', '.join(known)}; came {name!r}")
    return _REGISTERED[name]
