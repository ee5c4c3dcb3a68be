"""What the database itself holds: rights, the journal, repeatable migrations."""

from collections.abc import Iterator

import pytest

from schemas.errors import Forbidden
from store.grants import EXPORT, GRANTS, LOGINS, OPERATOR
from store.migrate import migrate
from store.rows import Connection, admin_connection, connect
from store.settings import Settings
from tests.store.conftest import as_role
from tests.store.made import library

pytestmark = pytest.mark.services


@pytest.fixture
def admin(database: Settings) -> Iterator[Connection]:
    with admin_connection(database, database.postgres_database) as connection:
        yield connection


def test_every_function_of_the_api_is_a_definers_with_a_fixed_path(admin: Connection) -> None:
    rows = admin.execute(
        b"SELECT proname, prosecdef, proconfig, proacl::text AS acl, rolname AS owner"
        b" FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner"
        b" WHERE pronamespace = 'api'::regnamespace"
    ).fetchall()
    assert len(rows) > 50
    for row in rows:
        assert row["prosecdef"], row["proname"]
        assert "search_path=rad, ext, pg_temp" in row["proconfig"], row["proname"]
        assert row["owner"] == "rad_api", row["proname"]
        # An entry without a role before the = is PUBLIC's; no list at all is PUBLIC's default.
        assert row["acl"] is not None, row["proname"]
        assert "{=" not in row["acl"], row["proname"]
        assert ",=" not in row["acl"], row["proname"]


def test_each_program_may_call_its_own_functions_and_no_other(admin: Connection) -> None:
    rows = admin.execute(
        b"SELECT r.rolname, array_agg(p.proname::text) AS functions"
        b" FROM pg_roles r JOIN pg_proc p"
        b" ON has_function_privilege(r.oid, p.oid, 'EXECUTE')"
        b" WHERE r.rolname LIKE 'radiotheque_%%' AND p.pronamespace = 'api'::regnamespace"
        b" GROUP BY r.rolname",
        [],
    ).fetchall()
    found = {row["rolname"]: set(row["functions"]) for row in rows}
    everything = found.pop(OPERATOR)
    assert found == {role: set(names) for role, names in GRANTS.items() if role != OPERATOR}
    assert set().union(*found.values()) <= everything


def test_no_program_has_a_right_on_a_table_and_export_may_only_read(admin: Connection) -> None:
    rows = admin.execute(
        b"SELECT r.rolname, c.relname, priv FROM pg_roles r, pg_class c,"
        b" unnest(ARRAY['SELECT','INSERT','UPDATE','DELETE','TRUNCATE']) AS priv"
        b" WHERE r.rolname LIKE 'radiotheque_%%' AND c.relnamespace = 'rad'::regnamespace"
        b" AND c.relkind IN ('r', 'p') AND has_table_privilege(r.oid, c.oid, priv)",
        [],
    ).fetchall()
    assert {(row["rolname"], row["priv"]) for row in rows} == {(EXPORT, "SELECT")}


def test_no_login_role_is_more_than_a_login(admin: Connection) -> None:
    rows = admin.execute(
        b"SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)"
        b" AND NOT rolsuper AND NOT rolcreatedb AND NOT rolcreaterole AND rolcanlogin",
        [list(LOGINS)],
    ).fetchall()
    assert {row["rolname"] for row in rows} == set(LOGINS)


def test_a_program_is_refused_anothers_function(database: Settings) -> None:
    similar = connect(as_role(database, "radiotheque_similar"))
    with pytest.raises(Forbidden, match="accounts_list"):
        similar.accounts.list(by=None)
    similar.close()


@pytest.mark.parametrize(
    "text", ["UPDATE rad.audit SET action = 'x'", "DELETE FROM rad.audit", "TRUNCATE rad.audit"]
)
def test_the_journal_cannot_be_changed_even_by_the_administrator(
    database: Settings, admin: Connection, text: str
) -> None:
    rows = connect(database)
    library(rows)
    admin.execute(b"SET session_replication_role = origin")
    with pytest.raises(Exception, match="append-only"):
        admin.execute(text.encode())
    rows.close()


def test_migrating_again_changes_nothing_and_programs_go_on(database: Settings) -> None:
    rows = connect(database)
    shelf = library(rows)
    # Often enough that the driver has prepared the statement before the function is made anew.
    for _ in range(8):
        before = rows.accounts.list(by=shelf.admin.id)
    with admin_connection(database, database.postgres_database) as admin:
        admin.execute(b"COMMENT ON SCHEMA api IS 'made of other files'")
    migrate(database)
    assert rows.accounts.list(by=shelf.admin.id) == before
    rows.close()


def test_functions_that_are_those_of_the_files_are_left_alone(database: Settings) -> None:
    # A program that calls a function at the moment it is replaced does not find it.
    text = b"SELECT 'api.models_wanted'::regproc::oid AS oid"
    with admin_connection(database, database.postgres_database) as admin:
        before = admin.execute(text).fetchall()
        migrate(database)
        assert admin.execute(text).fetchall() == before
        admin.execute(b"COMMENT ON SCHEMA api IS 'made of other files'")
        migrate(database)
        assert admin.execute(text).fetchall() != before
