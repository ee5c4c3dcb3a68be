"""Records of manifests: what the store keeps and returns of a labels.csv."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.facts import KnownFacts
from schemas.manifest_faults import FaultKind, Separator, TableEncoding
from schemas.provenance import Sharing
from store.records import View


@dataclass(frozen=True)
class ManifestLine:
    """What a manifest says of the film that is dropped under a key, as it may be kept.

    `second_key` is the other one that the line's path may mean; `line` is the number of the line.
    `labels` are 1, 0 or -1 by finding; what is None is not said. `left` are columns in which
    lines of this manifest on this film contradict each other, by the line that did so first:
    none of their values stands.
    """

    bucket: str
    key: str
    second_key: str | None = None
    line: int = 0
    patient: str | None = None
    study: str | None = None
    view: View | None = None
    facts: KnownFacts = field(default_factory=KnownFacts)
    also: tuple[str, ...] = ()
    source: str | None = None
    licence: str | None = None
    sharing: Sharing | None = None
    labels: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """Return every key that the line may mean."""
        return (self.key,) if self.second_key is None else (self.key, self.second_key)


@dataclass(frozen=True)
class ManifestFault:
    """A value that was left out: its line (of the file, from 1), its column, what was wanted.

    `column` is empty where the whole line was left out.
    """

    line: int
    column: str
    wanted: str
    kind: FaultKind = "value"


@dataclass(frozen=True)
class LineFates:
    """What became of a manifest's lines: each is counted once in the first five.

    found: the film is here. pending: a drop of it is being looked at, or waits for a steward.
    refused: every drop of it was refused. absent: nobody has dropped it yet, it waits; the first
    of these by number in `absent_lines`. repeated: an earlier line of the table has the same path.
    Besides: changed says otherwise than an earlier manifest, replaced: a later manifest has a line
    on the same path. Lines without a path that can be used are faults and in none of these.
    """

    found: int = 0
    pending: int = 0
    refused: int = 0
    absent: int = 0
    repeated: int = 0
    changed: int = 0
    replaced: int = 0
    absent_lines: tuple[int, ...] = ()


@dataclass(frozen=True)
class ManifestSummary:
    """What became of a manifest.

    lines: those under the header that are not blank; usable: of these, those with a path;
    own_folder: of these, those whose path began with the manifest's own folder. faults: values
    left out, by kind; examples: the first of each kind. encoding, separator: as understood; None
    of manifests that were read before it was told.
    """

    lines: int
    unknown: tuple[str, ...] = ()
    faults: Mapping[FaultKind, int] = field(default_factory=dict)
    examples: tuple[ManifestFault, ...] = ()
    encoding: TableEncoding | None = None
    separator: Separator | None = None
    usable: int = 0
    own_folder: int = 0
    fates: LineFates = field(default_factory=LineFates)

    @property
    def malformed(self) -> int:
        """Return how many faults there are, of all kinds together."""
        return sum(self.faults.values())
