"""What is said of a manifest before its drop: what is not understood, which films are not here."""

import secrets
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from store.records_manifests import ManifestSummary

#: Absent films that are named; the rest is counted.
_SHOWN: Final = 20


def print_summary(path: Path, key: str, dropped: frozenset[str]) -> bool:
    """Print what of a manifest is not understood and which films it names are not dropped.

    Returns False, with the reason on standard error, for a file that is no manifest.
    """
    from ingest.manifest import Manifest
    from radiotheque.regular_files import open_file
    from schemas.drop_paths import one_form
    from schemas.errors import Refusal

    # Nothing is kept of these lines: the codes they make are nobody's.
    manifest = Manifest("dropzone", key, secret=secrets.token_hex(), site=None)
    here = {one_form(name) for name in dropped}
    folder = key[: key.rfind("/") + 1]
    absent: list[str] = []
    missing = 0
    # Where paths begin with the name of the folder that is dropped, which no key says.
    one_deeper: Counter[str] = Counter()
    try:
        with open_file(path) as file:
            for line in manifest.lines(iter(partial(file.read, 1 << 18), b"")):
                if here.isdisjoint(line.keys):
                    missing += 1
                    absent += [line.key] if len(absent) < _SHOWN else []
                    first, _, rest = line.key.removeprefix(folder).partition("/")
                    one_deeper[first] += f"{folder}{rest}" in here
    except OSError as error:
        print(f"drop: {path}: {error.strerror}", file=sys.stderr)
        return False
    except Refusal as refusal:
        print(f"drop: {path}: want {refusal.wanted}, got {refusal.came}", file=sys.stderr)
        return False
    _print_table(path.name, manifest.summary())
    if missing:
        print(f"  films that are not in this drop: {missing}")
    for name in absent:
        print(f"    {_shown(name)}")
    for first, count in one_deeper.most_common(1):
        if count:
            print(f"  they would be with --prefix {_shown(folder + first)}: {count}")
    return True


def _shown(name: str) -> str:
    """Return a path of the table without what a terminal would obey."""
    return name if name.isprintable() else ascii(name)


def _print_table(name: str, summary: "ManifestSummary") -> None:
    """Print how a manifest was understood and what of it was left out, by kind."""
    separators = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
    separator = separators[summary.separator or ","]
    print(f"{name}: {summary.lines} lines, {summary.encoding}, separated by {separator}")
    if summary.own_folder:
        print(f"  paths that begin with the folder's own name: {summary.own_folder}")
    if summary.unknown:
        print(f"  columns that are not known, and left: {', '.join(summary.unknown)}")
    if summary.malformed:
        print(f"  values that are not understood, and left: {summary.malformed}")
    for kind, count in summary.faults.items():
        print(f"  {kind}: {count}")
        for fault in summary.examples:
            if fault.kind == kind:
                where = f", {fault.column}" if fault.column else ""
                print(f"    line {fault.line}{where}: want {fault.wanted}")
