"""Among many vectors the search walks the index, with the settings that were measured."""

from collections.abc import Iterator

import numpy as np
import pytest

from schemas.models import EMBEDDING_WIDTH
from store.rows import Connection, admin_connection
from store.settings import Settings
from tests.store.conftest import filled

pytestmark = pytest.mark.services

FILMS = 1000
#: docs/search-at-scale.md
CHOSEN = {"m": "16", "ef_construction": "128", "ef_search": "100"}
FILL = (
    """
    INSERT INTO film (id, width, height, bits, site, source, signature, patient)
    SELECT encode(sha256(i::text::bytea), 'hex'), 512, 512, 8, 'local', 'drop',
        decode(repeat('00', 1024), 'hex'), 'p' || i / 2 FROM generate_series(1, %s) AS i
    """,
    """
    INSERT INTO card (position, film, seen_by, present)
    SELECT position, id, '', ARRAY(SELECT true FROM generate_series(1, 14)) FROM film
    """,
    """
    INSERT INTO embedding (embedding_version, position, embedding)
    SELECT 'e1', position, l2_normalize(ARRAY(SELECT (random() - 0.5)::real
        FROM generate_series(1, 512) WHERE position > 0)::halfvec(512)) FROM film
    """,
    "UPDATE setting SET search_version = 'e1'",
)


@pytest.fixture(scope="module")
def full(migrated: Settings) -> Iterator[tuple[Settings, Connection]]:
    with filled(migrated, FILL, FILMS) as admin:
        yield migrated, admin


def partition(admin: Connection) -> str:
    """Return the name of the table of version e1's vectors; other modules leave theirs behind."""
    (row,) = admin.execute(
        b"SELECT ('embedding_' || left(md5('e1'), 12))::regclass::text AS name"
    ).fetchall()
    return str(row["name"])


def scans(admin: Connection) -> tuple[int, int]:
    """Return how often the index of vectors was walked, and how often a table was read whole."""
    admin.execute(b"SELECT pg_stat_force_next_flush()")
    (row,) = admin.execute(
        b"SELECT (SELECT sum(idx_scan) FROM pg_stat_user_indexes"
        b" WHERE indexrelname LIKE 'embedding%%hnsw') AS walks,"
        b" (SELECT sum(seq_scan) FROM pg_stat_user_tables WHERE schemaname = 'rad'"
        b" AND (relname IN ('film', 'card') OR relname LIKE 'embedding%%')) AS whole"
    ).fetchall()
    return int(row["walks"]), int(row["whole"])


def nearest(admin: Connection, film: str, count: int) -> list[str]:
    rows = admin.execute(
        b"SELECT film FROM api.vectors_nearest(%s, %s, NULL, false, NULL, 'local')", [film, count]
    ).fetchall()
    return [row["film"] for row in rows[1:]]


@pytest.mark.parametrize("known", [False, True], ids=["no figures yet", "analysed"])
def test_a_search_without_filter_walks_the_index_and_reads_no_table_whole(
    full: tuple[Settings, Connection], *, known: bool
) -> None:
    settings, admin = full
    if known:
        admin.execute(b"ANALYZE film, card, embedding")
    with admin_connection(settings, settings.postgres_database) as fresh:
        fresh.execute(b"SET search_path = rad, ext")
        films = [
            row["id"] for row in fresh.execute(b"SELECT id FROM film LIMIT 10 OFFSET 7").fetchall()
        ]
        before = scans(fresh)
        for film in films:
            assert len(nearest(fresh, film, 32)) == 32
        after = scans(fresh)
    assert after[0] - before[0] == len(films)
    assert after[1] == before[1]


def test_nearly_all_of_the_exact_ten_are_found(full: tuple[Settings, Connection]) -> None:
    _, admin = full
    rows = admin.execute(
        b"SELECT f.id, f.patient, e.embedding::real[] AS vector"
        b" FROM embedding e JOIN film f USING (position)"
    ).fetchall()
    ids = np.array([row["id"] for row in rows])
    patients = np.array([row["patient"] for row in rows])
    vectors = np.array([row["vector"] for row in rows], np.float32)
    assert vectors.shape == (FILMS, EMBEDDING_WIDTH)
    shares = []
    for place in range(0, FILMS, 25):
        cosines = vectors @ vectors[place]
        cosines[patients == patients[place]] = -2
        wanted = set(ids[np.argsort(-cosines)[:10]].tolist())
        found = nearest(admin, str(ids[place]), 10)
        shares.append(len(wanted & set(found)) / 10)
    assert np.mean(shares) >= 0.95


def test_the_index_and_its_walk_have_the_settings_that_were_chosen(
    full: tuple[Settings, Connection],
) -> None:
    _, admin = full
    (index,) = admin.execute(
        b"SELECT pg_get_indexdef(%s::regclass) AS text", [f"{partition(admin)}_hnsw"]
    ).fetchall()
    assert "halfvec_ip_ops" in index["text"]
    for name in ("m", "ef_construction"):
        assert f"{name}='{CHOSEN[name]}'" in index["text"]
    (walk,) = admin.execute(
        b"SELECT proconfig AS settings FROM pg_proc WHERE oid = 'rules.nearest_by_index'::regproc"
    ).fetchall()
    assert f"hnsw.ef_search={CHOSEN['ef_search']}" in walk["settings"]
    assert "hnsw.iterative_scan=relaxed_order" in walk["settings"]
