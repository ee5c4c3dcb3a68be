"""`radiotheque import-torchxrayvision FILE --out RUN`: a published chest network as a run."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from training.quiet_import import import_tensorflow
from training.run_folder import RunFolder
from training.torchxrayvision.published import SETS


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add `import-torchxrayvision`."""
    parser = commands.add_parser(
        "import-torchxrayvision",
        help="make a run of a DenseNet121 that TorchXRayVision published; PyTorch is not needed",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a .pt file of its publisher")
    parser.add_argument("--out", required=True, type=Path, metavar="RUN", help="a new folder")
    parser.add_argument(
        "--set",
        metavar="NAME",
        help=f"which of the published sets it is, where the file's name does not say so:"
        f" {', '.join(SETS)}",
    )
    parser.add_argument(
        "--refit",
        metavar="DATA",
        help="labelled films, as for train: calibrate, choose the operating points and judge on"
        " them; without them the publisher's points are kept",
    )
    parser.add_argument(
        "--side", type=int, default=224, metavar="N", help="pixels (default: 224, as trained)"
    )
    parser.add_argument(
        "--test-films", type=int, default=200, metavar="N", help="of --refit, held out to judge"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the split of --refit")
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="decoded films (default: as for train)"
    )
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> None:
    """Import; say where the run lies and how it is added."""
    RunFolder.check_new(chosen.out)
    import_tensorflow()
    from training.torchxrayvision.imported import read_network, write_run

    imported = read_network(chosen.file, chosen.side, chosen.set)
    if chosen.refit:
        from training.torchxrayvision.refitted import write_refitted

        split = {"test_films": chosen.test_films, "seed": chosen.seed}
        imported = replace(imported, settings=imported.settings.model_copy(update=split))
        made = write_refitted(imported, Path(chosen.refit), chosen.out, chosen.cache)
    else:
        made = write_run(imported, chosen.out)
    print(made.path)
    print(f"`radiotheque models add {made.path}` adds it to a running system")
