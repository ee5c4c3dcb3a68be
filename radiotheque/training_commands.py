"""`radiotheque train|compare|evaluate|export|import-torchxrayvision`: run in their environment.

TensorFlow lives in an environment of its own (requirements/training.txt), which the first use
installs. The words are passed on as they came: their one home is training/commands/. That
environment knows no store: where DATA is the word `library`, the library's labelled films are
fetched into a folder here, and the folder takes the word's place.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

COMMANDS: Final[dict[str, str]] = {
    "train": "fit a backbone on films with labels: a run with model, figures and report",
    "compare": "fit several backbones on one split: what each is worth, and what is chance",
    "evaluate": "judge a run's model on other films with labels: metrics and report",
    "import-torchxrayvision": "make a run of a published chest network's file",
}

LIBRARY: Final = "library"
SNAPSHOT: Final = "--snapshot"
#: Commands that take DATA, and how many words stand before it.
_DATA: Final = {"train": 0, "compare": 0, "evaluate": 1}
#: Flags that no value follows; a test holds them to training/commands/.
WITHOUT_VALUE: Final = frozenset({"--resume", "--laterals", "--no-augment"})


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add each command; `radiotheque train --help` is answered by the training environment."""
    for name, said in COMMANDS.items():
        # No prefix: every word after the command, `--help` too, belongs to the other parser.
        parser = commands.add_parser(name, help=said, add_help=False, prefix_chars="\0")
        parser.add_argument("words", nargs="*")
        parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Run the command in the training environment, from where it was typed; its exit status.

    Where its DATA is the word `library`, a snapshot of the library is taken first.
    """
    from stack.cache import clone_root
    from stack.installs import training_env
    from stack.run import run_in_terminal

    words = list(chosen.words)
    place = data_place(chosen.command, words)
    if place is not None and words[place] == LIBRARY:
        try:
            words = _with_snapshot(chosen.command, words)
        except ValueError as error:
            print(f"radiotheque {chosen.command}: {error}", file=sys.stderr)
            return 2
    python = training_env() / "bin" / "python"
    settings = {"PYTHONPATH": str(clone_root()), "TF_CPP_MIN_LOG_LEVEL": "2"}
    return run_in_terminal([python, "-m", "training", chosen.command, *words], settings)


def data_place(command: str, words: Sequence[str]) -> int | None:
    """Return where among the words DATA stands, None where it is not there or help is asked."""
    wanted = _DATA.get(command)
    if wanted is None or {"-h", "--help"} & set(words):
        return None
    before = ""
    for place, word in enumerate(words):
        value_of = before.startswith("--") and "=" not in before and before not in WITHOUT_VALUE
        before = "" if value_of else word
        if value_of or word.startswith("--"):
            continue
        if wanted == 0:
            return place
        wanted -= 1
    return None


def _with_snapshot(command: str, words: Sequence[str]) -> list[str]:
    """Return the words with a snapshot's folder in the place of `library`, --snapshot left out.

    Raises ValueError, one line, where no snapshot can be taken.
    """
    from radiotheque.library_snapshot import SnapshotRefusedError, library_snapshot
    from schemas.errors import RadiothequeError

    left, chosen = _without_flag(words, SNAPSHOT)
    place = data_place(command, left)
    assert place is not None
    try:
        snapshot = library_snapshot(None if chosen is None else Path(chosen))
    except SnapshotRefusedError as error:
        raise ValueError(str(error)) from None
    except OSError as error:
        raise ValueError(f"the library's snapshot cannot be written: {error}") from None
    except (RadiothequeError, ValueError) as error:
        said = " ".join(str(error).split())
        raise ValueError(f"library: wanted the stack to run (`radiotheque up`): {said}") from None
    print(f"library: {snapshot}", file=sys.stderr)
    left[place] = str(snapshot.folder)
    return left


def _without_flag(words: Sequence[str], flag: str) -> tuple[list[str], str | None]:
    """Return the words without a flag and its value, and the last value it had."""
    left: list[str] = []
    value = None
    coming = iter(words)
    for word in coming:
        name, equals, said = word.partition("=")
        if name != flag:
            left.append(word)
            continue
        value = said if equals else next(coming, "")
        if not value:
            raise ValueError(f"wanted {flag} DIR, came {flag} alone")
    return left, value
