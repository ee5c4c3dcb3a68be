"""The processor time of every process of an installation, from /proc: who used how much meanwhile.

Utime, stime and those of children that have ended (fields 14 to 17 of /proc/PID/stat, in clock
ticks), of each supervised process and all that descends from it: decoding children are `ingest`,
and PostgreSQL's processes, which hide their environment, are `postgres`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Used:
    """One process: who started it, and the processor time it has used, in clock ticks."""

    parent: int
    ticks: int


def parsed(stat: str) -> Used:
    """Return what a line of /proc/PID/stat says."""
    # The second field is the name in brackets, which may itself hold spaces and brackets.
    fields = stat[stat.rindex(")") + 2 :].split()
    return Used(parent=int(fields[1]), ticks=sum(int(field) for field in fields[11:15]))


def look() -> dict[int, Used]:
    """Return every living process of the machine, by pid."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = parsed((entry / "stat").read_text())
            except (FileNotFoundError, ProcessLookupError):
                continue  # ended meanwhile: its parent has its time
    return found


def spent(
    before: Mapping[int, Used], after: Mapping[int, Used], names: Mapping[int, str]
) -> dict[str, float]:
    """Return seconds by name of the supervised process, the most first.

    names: the supervised processes, by pid. What descends from none of them is not counted. A
    process that was not there before counts whole; one that has ended counts by its parent.
    """
    per_second = os.sysconf("SC_CLK_TCK")
    seconds: dict[str, float] = {}
    for pid, used in after.items():
        had = before[pid].ticks if pid in before else 0
        name = _name(pid, after, names)
        if name is not None:
            seconds[name] = seconds.get(name, 0.0) + (used.ticks - had) / per_second
    return dict(sorted(seconds.items(), key=lambda pair: -pair[1]))


def _name(pid: int, known: Mapping[int, Used], names: Mapping[int, str]) -> str | None:
    while pid in known:
        if pid in names:
            return names[pid]
        pid = known[pid].parent
    return None
