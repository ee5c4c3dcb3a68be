"""What may be wrong with a manifest, `labels.csv`: the kinds by which its faults are counted.

Part of the API: a manifest's summary counts by them, screens have a sentence for each in both
languages (web/manifests.py). A new one is added here first.
"""

from typing import Final, Literal, get_args

FaultKind = Literal[
    "path",
    "value",
    "day",
    "text",
    "site",
    "cells",
    "twin-column",
    "contradiction",
    "broken",
]
FAULT_KINDS: Final[tuple[FaultKind, ...]] = get_args(FaultKind)
#: Faults of one kind that are told with line and column; the rest is counted.
TOLD: Final = 10

#: How a manifest's text was written. `mixed`: some lines in UTF-8, others in Windows-1252.
TableEncoding = Literal["utf-8", "utf-16", "windows-1252", "mixed"]
Separator = Literal[",", ";", "\t", "|"]
SEPARATORS: Final[tuple[Separator, ...]] = get_args(Separator)
