"""The bench's arithmetic and its one table: figures in, ratios and lines out."""

from collections.abc import Mapping
from typing import Any, Final

#: What is wanted, by name of a ratio or figure (design goals, not gates): at most so much.
TARGETS: Final = {
    "processor time, all processes / alone": 2.0,
    "upload to findings, p50 (s)": 0.4,
    "upload to findings, p99 (s)": 1.0,
    "look-alikes through HTTP, not cached, p50 (ms)": 10.0,
    "look-alikes through HTTP, cached, p50 (ms)": 5.0,
}
#: The same, at least so much.
AT_LEAST: Final = {
    "films a second, in bulk / the original's shape": 8.0,
}


def ratios(figures: Mapping[str, Any]) -> dict[str, float]:
    """Return what is compared with the targets, by their names."""
    whole = sum(figures["processor_s_per_film"].values())
    original = figures["original_shape"]["films_per_s"]
    return {
        "films a second, in bulk / the original's shape": figures["bulk_films_per_s"] / original,
        "processor time, all processes / alone": whole / figures["alone_s_per_film"]["whole"],
        "upload to findings, p50 (s)": figures["upload_to_findings_p50_s"],
        "upload to findings, p99 (s)": figures["upload_to_findings_p99_s"],
        "look-alikes through HTTP, not cached, p50 (ms)": 1000 * figures["similar_uncached_p50_s"],
        "look-alikes through HTTP, cached, p50 (ms)": 1000 * figures["similar_cached_p50_s"],
    }


def lines(figures: Mapping[str, Any]) -> list[str]:
    """Return the table, line by line."""
    said = [f"{'':48} {'came':>8} {'wanted':>8}"]
    for name, value in ratios(figures).items():
        least = AT_LEAST.get(name)
        wanted = f"≥ {least:g}" if least is not None else f"≤ {TARGETS[name]:g}"
        reached = value >= least if least is not None else value <= TARGETS[name]
        said.append(f"{name:48} {value:8.3g} {wanted:>8}{'' if reached else '  short of it'}")
    ours, theirs = figures["bulk_films_per_s"], figures["original_shape"]["films_per_s"]
    said.append(
        f"{figures['bulk_films']} films dropped in bulk: {ours:.2f} films/s,"
        f" by the original's shape: {theirs:.2f}"
    )
    for title, key in (
        ("Processor time of one film, by process", "processor_s_per_film"),
        ("The same film alone, in one process, by stage", "alone_s_per_film"),
    ):
        said += ["", f"{title:48} {'ms':>8}"]
        said += [f"{name:48} {1000 * value:8.1f}" for name, value in figures[key].items()]
    whole = sum(figures["processor_s_per_film"].values())
    said.insert(
        len(said) - len(figures["alone_s_per_film"]) - 2, f"{'all':48} {1000 * whole:8.1f}"
    )
    return said
