"""With 20,000 films every filter of a page is served by an index, and both searches are right."""

import re
from collections.abc import Iterator

import pytest

from store.migrate import FUNCTIONS
from store.rows import Connection, connect
from store.settings import Settings
from tests.store.conftest import filled
from tests.store.made import Library, film

pytestmark = pytest.mark.services

FILMS = 20_000
FILL = (
    # Scores fall off steeply, as real ones do; one film in seven is labelled present.
    """
    INSERT INTO film (id, width, height, bits, site, source, signature)
    SELECT encode(sha256(i::text::bytea), 'hex'), 512, 512, 8, 'local', 'drop',
        decode(repeat('00', 1024), 'hex') FROM generate_series(1, %s) AS i
    """,
    """
    INSERT INTO card (position, film, seen_by, model, scores, states, present)
    SELECT position, id, CASE WHEN position % 3 = 0 THEN site ELSE '' END, 1, s.scores,
        ARRAY(SELECT 1 + 2 * (v > 0.7)::int FROM unnest(s.scores) AS v),
        ARRAY(SELECT true FROM generate_series(1, 14))
    FROM film, LATERAL (SELECT ARRAY(SELECT power(random(), 3)::real
        FROM generate_series(1, 14) WHERE position > 0) AS scores) AS s
    """,
    """
    INSERT INTO label SELECT id, 'Edema', 'imported', 'nih', (position % 7 = 0)::int, position
    FROM film
    """,
    """
    INSERT INTO label SELECT id, 'Edema', 'physician', 'r1', (position % 3 = 0)::int, position
    FROM film WHERE position % 50 = 0
    """,
)

#: Settings of the query's variables, and the index that must serve it.
CASES = [
    ({}, "card_seen_by"),
    ({"before": "100"}, "card_pkey"),
    ({"p_minimum": "0.5", "low": "0.5"}, "card_seen_by"),
    ({"p_minimum": "0.9999", "low": "0.9999"}, "card_score_6"),
    ({"wanted": "3", "p_state": "'suspected'"}, "card_"),
    ({"wanted": "0", "p_state": "'not_assessed'"}, "card_state_6"),
    ({"p_state": "'waiting'"}, "card_waiting"),
    ({"p_state": "'read'"}, "card_read"),
    ({"p_label": "1"}, "label_finding"),
    ({"p_label": "-1"}, "label_finding"),
    ({"p_source": "'synthetic'"}, "label_"),
    ({"p_label": "1", "p_source": "'physician'"}, "label_finding_source"),
    ({"p_updated_since": "now()"}, "card_updated"),
]
TYPES = {
    "p_updated_since": "timestamptz",
    "p_minimum": "float8",
    "low": "real",
    "wanted": "smallint",
    "p_state": "text",
    "p_label": "bigint",
    "p_source": "text",
    "p_finding": "text",
    "p_limit": "bigint",
    "before": "bigint",
    "k": "integer",
    "circles": "text[]",
}


@pytest.fixture(scope="module")
def full(migrated: Settings) -> Iterator[tuple[Settings, Connection]]:
    with filled(migrated, FILL, FILMS) as admin:
        admin.execute(b"SET plan_cache_mode = force_custom_plan")
        admin.execute(b"VACUUM ANALYZE film, card, label")
        yield migrated, admin


def queries() -> list[str]:
    """Return both queries of api.films_page: without labels, and with."""
    text = (FUNCTIONS / "films.sql").read_text()
    pattern = r"INTO films FROM \((.*?)\) AS page;"
    return re.findall(pattern, text, re.DOTALL)


@pytest.mark.parametrize(("given", "index"), CASES, ids=str)
def test_a_page_reads_an_index_and_never_all_films(
    full: tuple[Settings, Connection], given: dict[str, str], index: str
) -> None:
    _, admin = full
    values = {"before": "9223372036854775807", "p_limit": "51", "k": "6", "p_finding": "'Edema'"}
    values["circles"] = "ARRAY['', 'local']"
    if "p_source" in given and "p_label" not in given:
        values["p_finding"] = "NULL"
    values |= given
    query = queries()[bool({"p_label", "p_source"} & set(given))]
    for place, name in enumerate(TYPES, start=1):
        query = re.sub(rf"\b{name}\b", f"${place}", query)
    admin.execute(f"PREPARE page({', '.join(TYPES.values())}) AS {query}".encode())
    asked = ", ".join(values.get(name, "NULL") for name in TYPES)
    lines = admin.execute(f"EXPLAIN (ANALYZE, BUFFERS OFF) EXECUTE page({asked})".encode())
    plan = "\n".join(str(row["QUERY PLAN"]) for row in lines.fetchall())
    admin.execute(b"DEALLOCATE page")
    assert index in plan, plan
    assert "Seq Scan" not in plan, plan
    removed = sum(int(count) for count in re.findall(r"Rows Removed by Filter: (\d+)", plan))
    assert removed < FILMS / 10, plan


def test_a_finding_that_20_000_films_show_is_searched_by_the_index(
    full: tuple[Settings, Connection],
) -> None:
    settings, _ = full
    rows = connect(settings)
    person = rows.accounts.for_sign_in("ada")
    assert person is not None
    shelf = Library(rows, person[0])
    for seed in range(30):
        shelf.accept(film(seed))
        shelf.analyse(film(seed), seed=seed, Edema=0.9 if seed < 20 else 0.1)
    _, everything = rows.vectors.nearest(film(25).id, count=50)
    _, suspected = rows.vectors.nearest(film(25).id, count=50, finding="Edema")
    assert len(everything) == 29
    kept = {film(seed).id for seed in range(20)}
    assert [row.film for row in suspected] == [r.film for r in everything if r.film in kept]
    similarities = [row.similarity for row in everything]
    assert similarities == sorted(similarities, reverse=True)
    rows.close()
