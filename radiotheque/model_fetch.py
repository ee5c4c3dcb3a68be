"""`radiotheque models fetch NAME`: a model that was trained on chest films, from its publisher."""

import argparse
import sys
from pathlib import Path
from typing import Any

from radiotheque.published_file import FetchError, fetch
from training.torchxrayvision.published import HOSTS, LICENCE, SETS


def register(actions: "argparse._SubParsersAction[Any]") -> None:
    """Add `models fetch`."""
    parser = actions.add_parser(
        "fetch", help="fetch a published chest model and import it: says what, asks --yes"
    )
    parser.add_argument("name", metavar="NAME", choices=SETS, help=", ".join(SETS))
    parser.add_argument("--out", type=Path, metavar="RUN", help="a new folder (default: NAME)")
    parser.add_argument("--yes", action="store_true", help="fetch it, and agree to its licence")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="where the file and its SHA-256 stay"
    )
    parser.add_argument("--refit", metavar="DATA", help="as for import-torchxrayvision")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Say what will be fetched; with --yes fetch, then import. Return the exit status."""
    published = SETS[chosen.name]
    out = chosen.out or Path(chosen.name)
    print(f"{published.name}: DenseNet121 by TorchXRayVision, trained on {published.films}")
    print(f"address: {published.address}")
    print(f"hosts:   {', '.join(HOSTS)}")
    print(f"licence: {LICENCE}")
    if not chosen.yes:
        print("nothing was fetched: --yes fetches it, about 28 MB, and agrees to the licence")
        return 0
    if out.exists():
        sys.stderr.write(f"radiotheque models fetch: --out: {out} exists\n")
        return 2
    file = (chosen.keep or kept_in()) / published.file
    try:
        digest = fetch(published.address, file, HOSTS)
    except FetchError as error:
        sys.stderr.write(f"radiotheque models fetch: {error}\n")
        return 2
    print(f"sha256:  {digest}, as recorded in {file.name}.sha256")
    words = [str(file), "--set", chosen.name, "--out", str(out)]
    return import_file([*words, *(("--refit", chosen.refit) if chosen.refit else ())])


def kept_in() -> Path:
    """Return where fetched files stay on this machine."""
    from stack.cache import cache_root

    return cache_root() / "torchxrayvision"


def import_file(words: list[str]) -> int:
    """Run `import-torchxrayvision` in its environment; return its exit status."""
    from radiotheque import training_commands

    return training_commands.run(argparse.Namespace(command="import-torchxrayvision", words=words))
