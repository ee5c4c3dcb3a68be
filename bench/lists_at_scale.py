"""Lists and filters of a large library against those of a small one, through HTTP."""

import statistics
from typing import Any, Final

from bench.similar_at_scale import Api
from bench.whole_way import percentile

#: What a list may be asked for. A place in the middle is added for each library.
QUESTIONS: Final = {
    "newest": "",
    "finding, least score 0.5": "&finding=Lung%20Opacity&min=0.5",
    "finding, rare score": "&finding=Edema&min=0.5",
    "label 1": "&finding=Lung%20Lesion&label=1",
    "label 1 by physicians": "&finding=Edema&label=1&source=physician",
    "source imported": "&finding=Atelectasis&source=imported",
    "suspected": "&finding=Pleural%20Effusion&state=suspected",
    "borderline": "&finding=Pleural%20Other&state=borderline",
    "not assessed": "&finding=Fracture&state=not_assessed",
    "waiting": "&state=waiting",
    "read": "&state=read",
    "unread": "&state=unread",
    "updated since": "&updated_since={recent}",
    "finding, score and label": "&finding=Pneumonia&min=0.2&label=1",
}
LIMIT: Final = 50


def compare(large: Api, small: Api, turns: int) -> dict[str, Any]:
    """Return p50 and p99 of each question in both libraries, asked in turn, and their ratio."""
    found: dict[str, Any] = {}
    libraries = {"large": large, "small": small}
    middle, recent = {}, {}
    for name, api in libraries.items():
        (newest,) = api.get("/radiographs?limit=1")[1]["items"]
        recent[name] = newest["updated_at"].replace("+", "%2B")
        # A list's `next` is a place: half of the newest one is the middle.
        middle[name] = int(api.get("/radiographs?limit=1")[1]["next"]) // 2
    asked = QUESTIONS | {"from the middle": "&after={middle}"}
    for question, how in asked.items():
        times: dict[str, list[float]] = {name: [] for name in libraries}
        filters = {
            name: how.format(middle=middle[name], recent=recent[name]) for name in libraries
        }
        # The same number of films from both: a page of three is no measure of one of fifty.
        rows = min(
            len(api.get(f"/radiographs?limit={LIMIT}{filters[name]}")[1]["items"])
            for name, api in libraries.items()
        )
        for _ in range(turns):
            for name, api in libraries.items():
                path = f"/radiographs?limit={max(1, rows)}{filters[name]}"
                times[name].append(api.get(path)[0])
        medians = {name: statistics.median(values) for name, values in times.items()}
        found[question] = {
            "films": rows,
            "large_p50_ms": round(medians["large"], 2),
            "large_p99_ms": round(percentile(times["large"], 0.99), 2),
            "small_p50_ms": round(medians["small"], 2),
            "ratio": round(medians["large"] / medians["small"], 3),
        }
    return found
