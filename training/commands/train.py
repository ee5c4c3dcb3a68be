"""`radiotheque train DATA ... --out RUN`: fit one backbone on a collection."""

import argparse
import hashlib
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import ValidationError

from schemas.findings import INDEX
from training.errors import WrongInput
from training.fit.presets import PRESETS, with_preset
from training.fit.run_settings import Fit, Policy, RunSettings
from training.quiet_import import import_tensorflow
from training.run_folder import RunFolder

POLICIES: Final = get_args(Policy)


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add `train`."""
    parser = commands.add_parser(
        "train", help="fit a backbone on films with labels: a run's folder with model and report"
    )
    parser.add_argument(
        "data",
        metavar="DATA",
        help="a folder with train.csv (and valid.csv) in CheXpert's form, or with labels.csv;"
        " or the word library (films fetched into the state folder, or into --snapshot DIR)",
    )
    parser.add_argument("--backbone", required=True, metavar="NAME")
    add_settings(parser)
    parser.add_argument("--out", required=True, type=Path, metavar="RUN", help="a new folder")
    parser.add_argument(
        "--resume", action="store_true", help="go on with the run of these flags in --out"
    )
    parser.set_defaults(run=run)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add every flag that decides what a run comes to but the backbone, and --cache.

    A flag that was not said is None: RunSettings has the defaults, a preset may set others.
    """
    defaults = {name: field.default for name, field in RunSettings.model_fields.items()}

    def told(words: str, name: str) -> str:
        return f"{words} (default: {defaults[name]})"

    parser.add_argument("--fit", choices=get_args(Fit), help=told("what is fitted", "fit"))
    parser.add_argument(
        "--policy",
        metavar="POLICY[,Finding=POLICY...]",
        help=told(f"what becomes of uncertain labels: {', '.join(POLICIES)}", "policy"),
    )
    parser.add_argument(
        "--not-mentioned",
        choices=("zeros", "ignore"),
        help=told("what becomes of findings that a report does not mention", "not_mentioned"),
    )
    parser.add_argument(
        "--balance",
        choices=("none", "weights"),
        help=told("whether both answers of a finding weigh alike", "balance"),
    )
    parser.add_argument(
        "--side", type=int, metavar="N", help="pixels; the backbone's own unless said"
    )
    parser.add_argument("--seed", type=int, metavar="N", help=told("of all chance", "seed"))
    parser.add_argument(
        "--weights",
        metavar="imagenet|none|FILE",
        help=told("what the backbone starts from", "weights"),
    )
    parser.add_argument("--preset", choices=PRESETS, help="flags of a published training")
    parser.add_argument("--laterals", action="store_const", const=True, help="keep lateral films")
    parser.add_argument(
        "--test-films",
        type=int,
        metavar="N",
        help=told("held out where the collection holds none out itself", "test_films"),
    )
    parser.add_argument(
        "--from-stage",
        type=int,
        metavar="K",
        help=told("fine-tuning begins at this stage of the backbone", "from_stage"),
    )
    parser.add_argument("--epochs", type=int, metavar="N", help=told("at most", "epochs"))
    parser.add_argument("--batch", type=int, metavar="N", help=told("films a step", "batch"))
    parser.add_argument("--rate", type=float, metavar="R", help=told("the highest", "rate"))
    parser.add_argument(
        "--patience",
        type=int,
        metavar="N",
        help=told("epochs without a better validation AUROC", "patience"),
    )
    parser.add_argument(
        "--no-augment",
        dest="augment",
        action="store_const",
        const=False,
        help="fine-tune on films as they are, neither turned nor shifted nor made lighter",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        help="where films and features are kept for later runs"
        " (default: training-cache beside --out)",
    )


def settings_of(chosen: argparse.Namespace, backbone: str) -> RunSettings:
    """Return the settings that these flags make. Raises WrongInput, which names the flag."""
    names = set(RunSettings.model_fields) - {"backbone", "policy", "policies", "weights"}
    said: dict[str, Any] = {
        name: getattr(chosen, name)
        for name in names - {"preset"}
        if getattr(chosen, name, None) is not None
    }
    if chosen.policy is not None:
        said["policy"], said["policies"] = policies_of(chosen.policy)
    if chosen.weights is not None:
        said["weights"] = weights_said(chosen.weights)
    if chosen.preset is not None:
        said = with_preset(chosen.preset, said)
    try:
        made = RunSettings.model_validate({**said, "backbone": backbone})
    except ValidationError as error:
        fault = error.errors()[0]
        flag = "--" + str(fault["loc"][0]).replace("_", "-")
        raise WrongInput(f"{flag}: {fault['msg']}; came {fault['input']!r}") from None
    import_tensorflow()
    from training import backbones

    side = said.get("side", backbones.named(backbone).side)
    return made.model_copy(update={"side": side})


def policies_of(words: str) -> tuple[str, dict[str, str]]:
    """Return the policy and those of single findings. words: `POLICY[,Finding=POLICY...]`."""
    general, *others = words.split(",")
    own: dict[str, str] = {}
    for word in others:
        finding, _, policy = word.partition("=")
        if finding.strip() not in INDEX:
            raise WrongInput(
                f"--policy: wanted Finding=POLICY of {', '.join(INDEX)}; came {word!r}"
            )
        if finding.strip() in own:
            raise WrongInput(f"--policy: wanted each finding once, came {finding.strip()} again")
        own[finding.strip()] = policy.strip()
    for policy in (general.strip(), *own.values()):
        if policy not in POLICIES:
            raise WrongInput(f"--policy: wanted one of {', '.join(POLICIES)}; came {policy!r}")
    return general.strip(), own


def weights_said(words: str) -> str:
    """Return what settings.json says of --weights: a file by its SHA-256."""
    if words in {"imagenet", "none"}:
        return words
    try:
        with Path(words).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        said = f"--weights: wanted imagenet, none or a file; {words}: {error.strerror}"
        raise WrongInput(said) from None


def run(chosen: argparse.Namespace) -> None:
    """Train; say where the run lies."""
    if chosen.resume:
        RunFolder.begun(chosen.out)
    else:
        RunFolder.check_new(chosen.out)
    settings = settings_of(chosen, chosen.backbone)
    from training.fit.run import train

    made = train(
        Path(chosen.data),
        settings,
        chosen.out,
        weights=chosen.weights,
        cache=chosen.cache,
        resume=chosen.resume,
    )
    print(made.path)
