"""Recall against time for the settings of the index, measured in PostgreSQL itself and drawn."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.library_rows import build_index, copy_vectors
from store.rows import Connection, admin_connection
from store.settings import Settings

M: Final = (8, 16, 24, 32)
EF_CONSTRUCTION: Final = (64, 128, 200)
EF_SEARCH: Final = (20, 40, 60, 80, 100, 150, 200)
#: Candidates of the index on signs alone that are ranked again by their whole vectors.
WIDTHS: Final = (50, 100, 200, 400)
_TURNS: Final = 3
_AT: Final = 10

_NEAREST: Final = (
    "SELECT position FROM {table} WHERE position <> %s ORDER BY embedding <#>"
    " (SELECT embedding FROM {table} WHERE position = %s) LIMIT 10"
)
_BY_SIGNS: Final = (
    "SELECT position FROM (SELECT position, embedding FROM {table} WHERE position <> %s"
    " ORDER BY binary_quantize(embedding)::bit(512) <~> (SELECT"
    " binary_quantize(embedding)::bit(512) FROM {table} WHERE position = %s) LIMIT {width})"
    " AS near"
    " ORDER BY embedding <#> (SELECT embedding FROM {table} WHERE position = %s) LIMIT 10"
)


def curve(
    settings: Settings,
    embeddings: NDArray[np.float32],
    asked: NDArray[np.intp],
    grid: Sequence[tuple[int, int]],
    say: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Return a point for each setting of the grid: recall at ten, p50, build time, bytes.

    embeddings: float32 (n, 512), in a table of their own, one index at a time.
    """
    stored = embeddings.astype(np.float16).astype(np.float32)
    wanted = []
    for film in asked:
        cosines = stored @ stored[film]
        cosines[film] = -2
        wanted.append(set((np.argpartition(cosines, -_AT)[-_AT:] + 1).tolist()))
    points = []
    with admin_connection(settings, settings.postgres_database) as own:
        own.execute(b"SET search_path = rad, ext")
        own.execute(b"SET enable_seqscan = off")
        own.execute(b"DROP TABLE IF EXISTS tried")
        own.execute(
            b"CREATE TABLE tried (version text, position bigint PRIMARY KEY,"
            b" embedding halfvec(512) NOT NULL)"
        )
        copy_vectors(own, "tried (version, position, embedding)", "tried", embeddings, 1)
        own.execute(b"VACUUM ANALYZE tried")
        for m, ef_construction in grid:
            made_by = (
                "CREATE INDEX tried_hnsw ON tried USING hnsw (embedding halfvec_ip_ops)"
                f" WITH (m = {m}, ef_construction = {ef_construction})"
            )
            took, size = build_index(settings, made_by, "tried_hnsw")
            for ef in EF_SEARCH:
                own.execute(f"SET hnsw.ef_search = {ef}".encode())
                query = _NEAREST.format(table="tried")
                share, p50 = _measured(own, query, 2, asked, wanted)
                points.append(
                    {
                        "m": m,
                        "ef_construction": ef_construction,
                        "ef_search": ef,
                        "recall_at_10": share,
                        "p50_ms": p50,
                        "build_s": took,
                        "bytes": size,
                    }
                )
            own.execute(b"DROP INDEX tried_hnsw")
            say(f"m {m}, ef_construction {ef_construction}: {points[-1]}")
        points += _by_signs(own, asked, wanted)
        own.execute(b"DROP TABLE tried")
    return points


def _by_signs(
    own: Connection, asked: NDArray[np.intp], wanted: list[set[int]]
) -> list[dict[str, Any]]:
    """Return the points of an index on the vectors' signs with a second ranking."""
    began = time.monotonic()
    own.execute(
        b"CREATE INDEX tried_signs ON tried USING hnsw"
        b" ((binary_quantize(embedding)::bit(512)) bit_hamming_ops)"
        b" WITH (m = 16, ef_construction = 128)"
    )
    took = time.monotonic() - began
    (size,) = own.execute(b"SELECT pg_relation_size('tried_signs') AS size").fetchall()
    points = []
    for width in WIDTHS:
        own.execute(f"SET hnsw.ef_search = {width}".encode())
        query = _BY_SIGNS.format(table="tried", width=width)
        share, p50 = _measured(own, query, 3, asked, wanted)
        points.append(
            {
                "m": 16,
                "ef_construction": 128,
                "width": width,
                "recall_at_10": share,
                "p50_ms": p50,
                "build_s": round(took, 1),
                "bytes": int(size["size"]),
            }
        )
    own.execute(b"DROP INDEX tried_signs")
    return points


def _measured(
    own: Connection, query: str, values: int, asked: NDArray[np.intp], wanted: list[set[int]]
) -> tuple[float, float]:
    """Return recall and the median of each film's best of three times in ms."""
    text = query.encode()
    shares, best = [], []
    for film, exactly in zip(asked, wanted, strict=True):
        place = [int(film) + 1] * values
        took = []
        for _ in range(_TURNS):
            began = time.perf_counter()
            rows = own.execute(text, place).fetchall()
            took.append(1000 * (time.perf_counter() - began))
        shares.append(len(exactly & {row["position"] for row in rows}) / _AT)
        best.append(min(took))
    return round(statistics.fmean(shares), 4), round(statistics.median(best), 3)
