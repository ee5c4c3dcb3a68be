"""What a schema may become under the same version: itself, with more optional fields."""

from collections.abc import Mapping
from typing import Any, Final

#: Words for people: they may change freely.
_WORDS: Final = frozenset({"title", "description", "examples"})


def breaks(old: Mapping[str, Any], new: Mapping[str, Any], where: str = "") -> list[str]:
    """Return what of the old schema the new one no longer says; empty when it fits.

    Both are JSON Schemas as pydantic writes them. A new optional property, a new definition and
    other words fit. All else does not: a property removed, required now or no longer, narrowed,
    widened (a reader of today would meet values it does not know) or of another type.
    """
    found = []
    for key in sorted((old.keys() | new.keys()) - _WORDS):
        place = f"{where}/{key}"
        was, now = old.get(key), new.get(key)
        if key in {"properties", "$defs"}:
            found += _of_names(was or {}, now or {}, place)
        elif key == "required":
            if set(was or ()) != set(now or ()):
                found.append(f"{place}: was {sorted(was or ())}, is {sorted(now or ())}")
        elif isinstance(was, Mapping) and isinstance(now, Mapping):
            found += breaks(was, now, place)
        elif (
            isinstance(was, list)
            and isinstance(now, list)
            and len(was) == len(now)
            and all(isinstance(item, Mapping) for item in was + now)
        ):
            for index, (one, other) in enumerate(zip(was, now, strict=True)):
                found += breaks(one, other, f"{place}/{index}")
        elif was != now:
            found.append(f"{place}: was {was!r}, is {now!r}")
    return found


def _of_names(old: Mapping[str, Any], new: Mapping[str, Any], where: str) -> list[str]:
    found = []
    for name, was in old.items():
        if name in new:
            found += breaks(was, new[name], f"{where}/{name}")
        else:
            found.append(f"{where}/{name}: is gone")
    return found
