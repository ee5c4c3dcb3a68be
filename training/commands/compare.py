"""`radiotheque compare DATA --backbones A,B,C --out DIR`: fit several, on one split."""

import argparse
from pathlib import Path
from typing import Any, Final

from training.commands.train import add_settings, settings_of
from training.errors import WrongInput
from training.fit.presets import ORIGINAL_BACKBONES
from training.run_folder import RunFolder

_ORIGINAL: Final = "original"


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add `compare`."""
    parser = commands.add_parser(
        "compare", help="fit several backbones on one split: one table of what each is worth"
    )
    parser.add_argument("data", metavar="DATA", help="films with labels, as for train")
    parser.add_argument(
        "--backbones",
        metavar="A,B,C",
        help=f"which; with --preset {_ORIGINAL} the report's five unless said",
    )
    add_settings(parser)
    parser.epilog = (
        "--weights may name single backbones here: WEIGHTS[,Backbone=WEIGHTS...], as in"
        " none,EfficientNetLite0=imagenet"
    )
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="a new folder, a run for each in it"
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with the comparison of these flags in --out"
    )
    parser.set_defaults(run=run)


def backbones_of(words: str | None, preset: str | None) -> tuple[str, ...]:
    """Return the backbones' names. Raises WrongInput for none, or one that is named twice."""
    if words is None:
        if preset == _ORIGINAL:
            return ORIGINAL_BACKBONES
        raise WrongInput(f"wanted --backbones A,B,C, or --preset {_ORIGINAL}; came neither")
    names = tuple(word.strip() for word in words.split(","))
    if "" in names:
        raise WrongInput(f"--backbones: wanted names with a comma between, came {words!r}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise WrongInput(f"--backbones: wanted each once, came {', '.join(twice)} again")
    return names


def weights_of(words: str | None, names: tuple[str, ...]) -> dict[str, str | None]:
    """Return what each backbone starts from. words: `WEIGHTS[,Backbone=WEIGHTS...]`, in any order.

    None is the default of `train`. Raises WrongInput for a backbone that is not compared.
    """
    general: str | None = None
    own: dict[str, str] = {}
    for word in (words or "").split(","):
        name, equals, weights = word.strip().partition("=")
        if not equals:
            general = name or general
        elif name in names:
            own[name] = weights
        else:
            raise WrongInput(
                f"--weights: wanted Backbone=WEIGHTS of {', '.join(names)}; came {word!r}"
            )
    return {name: own.get(name, general) for name in names}


def run(chosen: argparse.Namespace) -> None:
    """Fit each, compare them, print the table."""
    if not chosen.resume:
        RunFolder.check_new(chosen.out)
    names = backbones_of(chosen.backbones, chosen.preset)
    weights = weights_of(chosen.weights, names)
    settings = {}
    for name in names:
        mine = argparse.Namespace(**(vars(chosen) | {"weights": weights[name]}))
        settings[name] = settings_of(mine, name)
    from training.report.compared_runs import compare_runs

    print(
        compare_runs(
            Path(chosen.data),
            settings,
            chosen.out,
            weights=weights,
            cache=chosen.cache,
            resume=chosen.resume,
        )
    )
    print(chosen.out / "compare.html")
