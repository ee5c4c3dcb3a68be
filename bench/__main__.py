"""`make bench`: one run, one table, against the targets; JSON and a picture beside it.

Starts an installation of its own (state folder `.radiotheque-bench`), never a library's: bench
films would stay there. Ends it if it started it. About twenty minutes on two cores, half of them
for the made library of 100,000 films (`--library 0` leaves it out).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import alone, draw_targets, draw_time, original, processor, whole_way
from bench.library_of import read_seeds
from bench.own_installation import OURS, RESULTS, own_state, say
from bench.search_at_scale import FEATURES, MODEL, administrator, library
from bench.table import TARGETS, lines, ratios
from schemas.models import ModelManifest
from stack import control
from stack.installs import starter_model
from stack.phantoms import write_films
from stack.state import State


def measured(state: State, uploads: int, phantoms: int) -> dict[str, Any]:
    """Return every figure of one run on the installation that is up."""
    api = whole_way.connected()
    side = ModelManifest.model_validate_json((starter_model() / "model.json").read_bytes()).side
    seed = int(time.time()) % 1_000_000 * 1000
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        say(f"drawing {uploads + phantoms + 6} phantoms")
        write_films(folder / "one", uploads + 3, first_seed=seed)
        write_films(folder / "warm", 3, first_seed=seed + 400)
        write_films(folder / "many", phantoms, first_seed=seed + 500)
        films = sorted((folder / "one").iterdir())
        say(f"{uploads} uploads, one at a time")
        whole_way.uploads(api, films[:3])
        seconds, ids = whole_way.uploads(api, films[3:])
        say("look-alikes")
        cold = whole_way.similar(api, ids, again=False)
        warm = whole_way.similar(api, ids, again=True)
        whole_way.bulk(api, folder / "warm", drawn=True)
        say(f"{phantoms} films dropped in bulk")
        names = {
            process["pid"]: process["name"]
            for process in whole_way.front_door("status", "--json")["processes"]
            if process["pid"]
        }
        before = processor.look()
        count, took = whole_way.bulk(api, folder / "many", drawn=True)
        used = processor.spent(before, processor.look(), names)
        say("the same films alone, in one process")
        many = sorted((folder / "many").iterdir())
        stages = alone.stages(many[:25], side)
        say("the original's shape, each number of threads")
        first = original.films_per_second(state, many[:100])
    return {
        "uploads": uploads,
        "upload_to_findings_p50_s": statistics.median(seconds),
        "upload_to_findings_p99_s": whole_way.percentile(seconds, 0.99),
        "similar_uncached_p50_s": statistics.median(cold),
        "similar_cached_p50_s": statistics.median(warm),
        "bulk_films": count,
        "bulk_films_per_s": count / took,
        "processor_s_per_film": {name: value / count for name, value in used.items()},
        "alone_s_per_film": stages,
        "original_shape": first,
    }


def main() -> int:
    """Measure, print the table, write the JSON."""
    arguments = argparse.ArgumentParser(prog="make bench", description=__doc__)
    arguments.add_argument("--uploads", type=int, default=40)
    arguments.add_argument("--phantoms", type=int, default=200, help="dropped in bulk")
    arguments.add_argument("--library", type=int, default=100_000, help="films made, 0: none")
    arguments.add_argument("--asked", type=int, default=100, help="films of it asked about")
    chosen = arguments.parse_args()
    state = own_state()
    was_up = control.is_up(state)
    say(f"{'using' if was_up else 'starting'} the installation in {OURS}; twenty minutes or so")
    try:
        if not was_up:
            subprocess.run([whole_way.radiotheque(), "up"], check=True, stdout=sys.stderr)
        figures = measured(state, chosen.uploads, chosen.phantoms)
        if chosen.library:
            say(f"a library of {chosen.library:,} made films: searches and lists")
            settings, seeds = administrator(state), read_seeds(FEATURES, MODEL)
            figures["library"] = library(settings, seeds, films=chosen.library, asked=chosen.asked)
    finally:
        if not was_up:
            subprocess.run([whole_way.radiotheque(), "down"], check=True, stdout=sys.stderr)
    figures |= {"ratios": ratios(figures)}
    print("\n".join(lines(figures)))
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "bench.json").write_text(json.dumps(figures, indent=1) + "\n")
    (RESULTS / "time-of-a-film.svg").write_text(draw_time.draw(figures))
    (RESULTS / "targets.svg").write_text(draw_targets.draw(TARGETS, figures["ratios"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
