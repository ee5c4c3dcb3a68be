"""The made library in a database of its own: written by COPY, dropped at the end.

The tables are written past their functions and triggers, as their owner would: 100,000 films by
the front door would take hours. What the functions keep in step (cards, what is present) is
computed here by the same rules. Analyses carry a shortened map and features: no search and no
list reads them.
"""

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.library_of import NOT_MENTIONED, Made
from schemas.findings import FINDINGS
from schemas.models import ModelManifest
from store.migrate import drop_database, migrate
from store.rows import Connection, admin_connection, connect
from store.settings import Settings

#: Sites of the made library; who asks is of the first. Shares of films private to each.
SITES: Final = ("here", "there", "islet")
PRIVATE: Final = (0.05, 0.23, 0.02)
_BATCH: Final = 5000
_FILM: Final = (
    "film (id, position, width, height, bits, site, source, signature, patient, view,"
    " text_check, sharing, created_at)"
)
_CARD: Final = (
    "card (position, film, updated_at, model, scores, states, present, readings, comments,"
    " seen_by)"
)
_COPY_HEAD: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)


@dataclass(frozen=True)
class Filled:
    """What was written: `seen_by` (n,), `present` (n, 14).

    `index` makes the index of vectors as the product defines it; it is not there yet.
    """

    seen_by: NDArray[np.str_]
    present: NDArray[np.bool_]
    partition: str
    index: str
    rows_s: float


@contextmanager
def throw_away(settings: Settings, name: str) -> Iterator[Settings]:
    """Make a database for administrator's settings; drop it at the end, come what may."""
    own = settings.model_copy(
        update={"postgres_database": name, "postgres_user": "radiotheque_operator"}
    )
    drop_database(own, name)
    try:
        migrate(own)
        yield own
    finally:
        drop_database(own, name)


def fill(
    settings: Settings, made: Made, manifest: ModelManifest, say: Callable[[str], None]
) -> Filled:
    """Write the films into a migrated database that has none; no index of vectors is made."""
    began = time.monotonic()
    rows = connect(settings)
    rows.models.register(manifest, "live")
    rows.close()
    count = len(made.ids)
    rng = np.random.default_rng(7)
    site = rng.choice(SITES, count, p=(0.6, 0.3, 0.1))
    seen_by = np.full(count, "", "<U8")
    luck = rng.random(count)
    edges = np.cumsum((0.0, *PRIVATE))
    for number, name in enumerate(SITES):
        mine = (luck >= edges[number]) & (luck < edges[number + 1])
        site[mine] = seen_by[mine] = name
    present = _present(made, manifest)
    states = _states(made.probabilities, manifest)
    columns = _Columns(manifest.version, site, seen_by, present, states)
    with admin_connection(settings, settings.postgres_database) as own:
        own.execute(b"SET search_path = rad, ext")
        # As a restore does: no trigger, no foreign key looked up row by row.
        own.execute(b"SET session_replication_role = replica")
        own.execute(b"INSERT INTO site (code) SELECT unnest(%s::text[])", [list(SITES)])
        partition = _partition(own)
        (made_by,) = own.execute(
            b"SELECT pg_get_indexdef(%s::regclass) AS text", [f"{partition}_hnsw"]
        ).fetchall()
        own.execute(f"DROP INDEX {partition}_hnsw".encode())
        for start in range(0, count, _BATCH):
            some = range(start, min(count, start + _BATCH))
            _films(own, made, columns, some, rng)
            say(f"{some.stop} of {count} films are written")
        vectors = "embedding (embedding_version, position, embedding)"
        copy_vectors(own, vectors, manifest.embedding_version, made.embeddings, 1)
        own.execute(b"SELECT setval(pg_get_serial_sequence('film', 'position'), %s)", [count])
        own.execute(b"UPDATE setting SET search_version = %s", [manifest.embedding_version])
        own.execute(b"VACUUM ANALYZE")
    took = time.monotonic() - began
    return Filled(seen_by, present, partition, made_by["text"], took)


def _partition(own: Connection) -> str:
    (row,) = own.execute(
        b"SELECT inhrelid::regclass::text AS name FROM pg_inherits"
        b" WHERE inhparent = 'rad.embedding'::regclass"
    ).fetchall()
    return str(row["name"])


def _states(scores: NDArray[np.float32], manifest: ModelManifest) -> NDArray[np.int8]:
    """Return the states' numbers (rules.refresh_cards), places in schemas.findings.STATES."""
    states = np.zeros(scores.shape, np.int8)
    for place, (suspected, borderline) in enumerate(manifest.thresholds()):
        if suspected is not None and borderline is not None:
            one = scores[:, place]
            known = np.where(one >= borderline, 2, 1)
            known = np.where(one >= suspected, 3, known)
            known = np.full_like(known, 4) if manifest.unreliable()[place] else known
            states[:, place] = np.where(np.isnan(one), 0, known)
    return states


def _present(made: Made, manifest: ModelManifest) -> NDArray[np.bool_]:
    """Return whether each finding counts as present: labelled so or, unlabelled, suspected."""
    suspected = _states(made.probabilities, manifest) == 3
    return np.asarray(np.where(made.labels == NOT_MENTIONED, suspected, made.labels == 1))


@dataclass(frozen=True)
class _Columns:
    """What rows are made of besides the made films: one value a film."""

    version: int
    site: NDArray[np.str_]
    seen_by: NDArray[np.str_]
    present: NDArray[np.bool_]
    states: NDArray[np.int8]


def _films(
    own: Connection, made: Made, columns: _Columns, some: range, rng: np.random.Generator
) -> None:
    """Write films, cards, analyses, labels."""
    first = datetime(2026, 1, 1, tzinfo=UTC)
    film, card, analysis, label = (io.StringIO() for _ in range(4))
    for i in some:
        name, place = made.ids[i], i + 1
        moment = (first + timedelta(seconds=60 * i)).isoformat()
        signature = made.signatures[i].tobytes().hex()
        sharing = "private" if columns.seen_by[i] else "library"
        film.write(
            f"{name}\t{place}\t512\t512\t8\t{columns.site[i]}\tmade\t\\\\x{signature}"
            f"\t{made.patients[i] or chr(92) + 'N'}\tPA\tclean\t{sharing}\t{moment}\n"
        )
        scores = ",".join("NULL" if np.isnan(p) else f"{p:.6g}" for p in made.probabilities[i])
        # One film in 200 waits for its analysis, one in fifty has been read.
        waits = rng.random() < 0.005
        shown = (
            "\\N\t\\N\t\\N\t\\N"
            if waits
            else (
                f"{columns.version}\t{{{scores}}}\t{_array(columns.states[i])}\t"
                f"{_array('t' if one else 'f' for one in columns.present[i])}"
            )
        )
        read = int(rng.random() < 0.02)
        card.write(f"{place}\t{name}\t{moment}\t{shown}\t{read}\t0\t{columns.seen_by[i]}\n")
        if not waits:
            analysis.write(f"{name}\t{columns.version}\tmade\t{{{scores}}}\t\\\\x00\t\\\\x00\n")
        for k in np.flatnonzero(made.labels[i] != NOT_MENTIONED):
            value = made.labels[i, k]
            label.write(f"{name}\t{FINDINGS[k]}\timported\tmade\t{value}\t{place}\n")
        if read:
            label.write(f"{name}\tEdema\tphysician\tr1\t{int(columns.present[i, 5])}\t{place}\n")
    tables: Sequence[tuple[str, io.StringIO]] = (
        (_FILM, film),
        (_CARD, card),
        ("analysis (film, model, preprocessing, probabilities, features, activation)", analysis),
        ("label (film, finding, source, author, value, position)", label),
    )
    for table, text in tables:
        with own.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
            copy.write(text.getvalue())


def _array(values: object) -> str:
    return "{" + ",".join(str(one) for one in values) + "}"  # type: ignore[attr-defined]


def copy_vectors(
    own: Connection, table: str, version: str, embeddings: NDArray[np.float32], first: int
) -> None:
    """Write (version, position, embedding) from position `first` on, by COPY's binary form.

    A halfvec is its width and 0, both int16, then the values as big-endian half floats.
    """
    name = version.encode()
    width = embeddings.shape[1]
    row = np.dtype(
        [
            ("fields", ">i2"),
            ("version_size", ">i4"),
            ("version", f"S{len(name)}"),
            ("position_size", ">i4"),
            ("position", ">i8"),
            ("size", ">i4"),
            ("width", ">i2"),
            ("unused", ">i2"),
            ("values", ">f2", (width,)),
        ]
    )
    with (
        own.cursor() as cursor,
        cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)".encode()) as copy,
    ):
        copy.write(_COPY_HEAD)
        for start in range(0, len(embeddings), _BATCH):
            values = embeddings[start : start + _BATCH]
            rows = np.zeros(len(values), row)
            rows["fields"], rows["version_size"], rows["version"] = 3, len(name), name
            rows["position_size"] = 8
            rows["position"] = first + start + np.arange(len(values))
            rows["size"], rows["width"] = 4 + 2 * width, width
            rows["values"] = values
            copy.write(rows.tobytes())
        copy.write(b"\xff\xff")


def build_index(settings: Settings, definition: str, name: str) -> tuple[float, int]:
    """Build an index by its definition; return seconds and bytes."""
    with admin_connection(settings, settings.postgres_database) as own:
        own.execute(b"SET search_path = rad, ext")
        began = time.monotonic()
        own.execute(definition.encode())
        took = time.monotonic() - began
        (size,) = own.execute(b"SELECT pg_relation_size(%s::regclass) AS size", [name]).fetchall()
        return round(took, 1), int(size["size"])
