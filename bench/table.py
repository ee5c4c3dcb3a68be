"""The bench's arithmetic and its one table: figures in, ratios and lines out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Target:
    """A design goal (no gate): at most `wanted`, or at least so much."""

    name: str
    wanted: float
    at_least: bool = False

    @property
    def said(self) -> str:
        """Return what is wanted, in words."""
        return f"{'≥' if self.at_least else '≤'} {self.wanted:g}"

    def reached_by(self, value: float) -> bool:
        """Return whether this value is as good as wanted, or better."""
        return value >= self.wanted if self.at_least else value <= self.wanted


TARGETS: Final = (
    Target("films a second, in bulk / the original's shape", 8.0, at_least=True),
    Target("processor time, all processes / alone", 2.0),
    Target("upload to findings, p50 (s)", 0.4),
    Target("upload to findings, p99 (s)", 1.0),
    Target("look-alikes among 100,000, not cached, p50 (ms)", 10.0),
    Target("the same, recall@10 against exact, least", 0.95, at_least=True),
    Target("the same, cached, p50 (ms)", 5.0),
    Target("slowest list of 100,000 films / of 1,000", 1.5),
)
#: What a bench cannot show, and what does.
ELSEWHERE: Final = (
    "films lost or doubled by any kill: none, by tests/test_kills.py and tests/test_outages.py",
    "refitting on 100,000 stored features, request to release: nothing asks for it yet",
)


def ratios(figures: Mapping[str, Any]) -> dict[str, float]:
    """Return what is compared with the targets, by their names; without a library, fewer."""
    whole = sum(figures["processor_s_per_film"].values())
    original = figures["original_shape"]["films_per_s"]
    found = {
        "films a second, in bulk / the original's shape": figures["bulk_films_per_s"] / original,
        "processor time, all processes / alone": whole / figures["alone_s_per_film"]["whole"],
        "upload to findings, p50 (s)": figures["upload_to_findings_p50_s"],
        "upload to findings, p99 (s)": figures["upload_to_findings_p99_s"],
    }
    library = figures.get("library")
    if library is None:
        return found
    similar = library["similar"]
    return found | {
        "look-alikes among 100,000, not cached, p50 (ms)": similar["no filter"]["k12"][
            "uncached_p50_ms"
        ],
        "the same, recall@10 against exact, least": min(
            kind["recall_at_10"] for kind in similar.values()
        ),
        "the same, cached, p50 (ms)": similar["no filter"]["k12"]["cached_p50_ms"],
        "slowest list of 100,000 films / of 1,000": max(
            question["ratio"] for question in library["lists"].values()
        ),
    }


def lines(figures: Mapping[str, Any]) -> list[str]:
    """Return the table, line by line."""
    said = [f"{'':48} {'came':>8} {'wanted':>8}"]
    came = ratios(figures)
    for target in TARGETS:
        value = came.get(target.name)
        if value is None:
            said.append(f"{target.name:48} {'—':>8} {target.said:>8}  not measured (--library 0)")
            continue
        short = "" if target.reached_by(value) else "  short of it"
        said.append(f"{target.name:48} {value:8.3g} {target.said:>8}{short}")
    said += ELSEWHERE
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
