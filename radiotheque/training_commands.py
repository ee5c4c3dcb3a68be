"""`radiotheque train|compare|evaluate|export|import-torchxrayvision`: run in their environment.

TensorFlow lives in an environment of its own (requirements/training.txt), which the first use
installs. The words are passed on as they came: their one home is training/commands/.
"""

import argparse
from typing import Any, Final

COMMANDS: Final[dict[str, str]] = {
    "train": "fit a backbone on films with labels: a run with model, figures and report",
    "compare": "fit several backbones on one split: what each is worth, and what is chance",
    "evaluate": "judge a run's model on other films with labels: metrics and report",
    "import-torchxrayvision": "make a run of a published chest network's file",
}


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add each command; `radiotheque train --help` is answered by the training environment."""
    for name, said in COMMANDS.items():
        # No prefix: every word after the command, `--help` too, belongs to the other parser.
        parser = commands.add_parser(name, help=said, add_help=False, prefix_chars="\0")
        parser.add_argument("words", nargs="*")
        parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Run the command in the training environment, from where it was typed; its exit status."""
    from stack.cache import clone_root
    from stack.installs import training_env
    from stack.run import run_in_terminal

    python = training_env() / "bin" / "python"
    settings = {"PYTHONPATH": str(clone_root()), "TF_CPP_MIN_LOG_LEVEL": "2"}
    words = [python, "-m", "training", chosen.command, *chosen.words]
    return run_in_terminal(words, settings)
