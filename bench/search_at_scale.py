"""Measure searches and lists in a library of 100,000 films made from real ones.

`python -m bench.search_at_scale [--films N] [--features FILE] [--asked N] [--json FILE]`
`python -m bench.search_at_scale --grid SVG [--films N] ...` tries the settings of the index.

It runs on an installation that is up (`make demo`): its PostgreSQL is configured as everybody's.
What is measured has databases of its own, which are dropped at the end, come what may, and a web
process of its own on them. Films to perturb are those whose features the starter model keeps.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.draw_curve import draw
from bench.index_curve import EF_CONSTRUCTION, M, curve
from bench.library_of import Seeds, make, read_seeds, without_neighbourhoods
from bench.library_rows import SITES, build_index, fill, throw_away
from bench.lists_at_scale import compare
from bench.similar_at_scale import measure, served
from schemas.models import ModelManifest
from stack.cache import clone_root
from stack.passwords import read_secrets
from stack.settings_file import admin_environment
from stack.state import State, current_state
from store.settings import PREFIX, Settings, load_settings

SMALL: Final = 1000
MODEL: Final = clone_root() / "triton_models" / "starter"
FEATURES: Final = MODEL / "features.npz"
_TURNS: Final = 30


def administrator(state: State) -> Settings:
    """Return an installation's settings with the keys of PostgreSQL's administrator."""
    keys = admin_environment(read_secrets(state))
    return load_settings({f"{PREFIX}STATE": str(state.root), **keys})


def say(text: str) -> None:
    """Show progress."""
    print(text, file=sys.stderr, flush=True)


def library(
    settings: Settings, seeds: Seeds, *, films: int, asked: int, turns: int = _TURNS
) -> dict[str, Any]:
    """Return all figures of a large library and of its lists against a small one's.

    settings: an administrator's, of an installation that is up. asked: films whose look-alikes
    are asked for. turns: how often each list is asked for.
    """
    manifest = ModelManifest.model_validate_json((MODEL / "model.json").read_text())
    large, small = make(seeds, films, say), make(seeds, SMALL, say)
    with (
        throw_away(settings, "bench_large") as large_one,
        throw_away(settings, "bench_small") as small_one,
    ):
        filled = fill(large_one, large, manifest, say)
        took, size = build_index(large_one, filled.index, f"{filled.partition}_hnsw")
        few = fill(small_one, small, manifest, say)
        build_index(small_one, few.index, f"{few.partition}_hnsw")
        say(f"the index is built in {took} s: {size} bytes")
        found = measure(large_one, large, filled, asked)
        with served(large_one) as of_large, served(small_one) as of_small:
            here = SITES[0]
            compare(of_large[here], of_small[here], 3)
            lists = compare(of_large[here], of_small[here], turns)
    return {
        "films": films,
        "seeds": len(seeds.embeddings),
        "radius_median": round(large.radius_median, 4),
        "radius_spread": large.radius_spread,
        "nearest_cosine_quantiles": {
            "at": [0.05, 0.25, 0.5, 0.75, 0.95],
            "real": large.quantiles_real,
            "expected": large.quantiles_expected,
            "made": large.quantiles_made,
        },
        "rows_s": round(filled.rows_s, 1),
        "index_s": took,
        "index_bytes": size,
        "index": filled.index,
        "similar": found,
        "lists": lists,
    }


def grid(settings: Settings, seeds: Seeds, chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the points of every index in the hardest library, and draw them."""
    embeddings = without_neighbourhoods(seeds, chosen.films)
    asked = np.random.default_rng(11).choice(chosen.films, chosen.asked, replace=False)
    tried = [(m, ef) for m in chosen.m for ef in chosen.ef_construction]
    with throw_away(settings, "bench_grid") as own:
        points = curve(own, embeddings, asked, tried, say)
    title = f"Ten nearest of {chosen.films:,} vectors without neighbourhoods"
    chosen.grid.write_text(draw(points, title))
    return points


def main() -> int:
    """Measure, print, write the JSON."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--films", type=int, default=100_000)
    arguments.add_argument(
        "--features", type=Path, default=FEATURES, help=".npz (bench/library_of.py)"
    )
    arguments.add_argument("--asked", type=int, default=200, help="films asked about")
    arguments.add_argument("--turns", type=int, default=_TURNS, help="of each list")
    arguments.add_argument("--grid", type=Path, metavar="SVG", help="draw recall against time")
    arguments.add_argument("--m", type=int, nargs="+", default=M)
    arguments.add_argument("--ef-construction", type=int, nargs="+", default=EF_CONSTRUCTION)
    arguments.add_argument("--json", type=Path)
    chosen = arguments.parse_args()
    settings = administrator(current_state())
    seeds = read_seeds(chosen.features, MODEL)
    found: Any
    if chosen.grid:
        found = grid(settings, seeds, chosen)
    else:
        found = library(
            settings, seeds, films=chosen.films, asked=chosen.asked, turns=chosen.turns
        )
    text = json.dumps(found, indent=1) + "\n"
    sys.stdout.write(text)
    if chosen.json:
        chosen.json.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
