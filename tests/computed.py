"""What Triton says it has computed: its own counters, of all models and versions.

Triton counts after it has answered: wait for a count, do not read it at once.
"""

import re
import urllib.request
from dataclasses import dataclass

from stack.ports import read_ports
from stack.state import State


@dataclass(frozen=True)
class Computed:
    """Films that went through a model, in how many executions; and answers from the cache."""

    films: int
    executions: int
    answered_from_cache: int


def computed(state: State) -> Computed:
    """Return the counters of the Triton of a state folder, since it started."""
    port = read_ports(state)["triton_metrics"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return Computed(
        films=_sum(text, "nv_inference_count"),
        executions=_sum(text, "nv_inference_exec_count"),
        answered_from_cache=_sum(text, "nv_cache_num_hits_per_model"),
    )


def _sum(text: str, name: str) -> int:
    values = re.findall(rf"^{name}\{{[^}}]*\}} (\S+)$", text, re.MULTILINE)
    return int(sum(float(value) for value in values))
