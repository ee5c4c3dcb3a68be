"""One contract for both: every test that asks for `rows` runs on the fake and on PostgreSQL."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from store.migrate import drop_database, migrate
from store.ports import Rows
from store.rows import Connection, admin_connection, connect
from store.settings import Settings
from tests import services
from tests.fakes.rows import FakeRows
from tests.store.made import Library, library

BOTH = ["fake", pytest.param("postgres", marks=pytest.mark.services)]


@pytest.fixture(scope="session")
def migrated(stack: Settings) -> Iterator[Settings]:
    """Return administrator's settings of a database of this run alone, migrated."""
    name = f"s{uuid.uuid4().hex[:12]}"
    admin = services.admin_settings(stack).model_copy(
        update={"postgres_database": name, "postgres_user": "radiotheque_operator"}
    )
    migrate(admin)
    yield admin
    drop_database(admin, name)


@pytest.fixture
def database(migrated: Settings) -> Settings:
    """Return administrator's settings of a database in which there is nothing yet."""
    with admin_connection(migrated, migrated.postgres_database) as connection:
        empty(connection)
    return migrated


def empty(connection: Connection) -> None:
    """Delete every row. Far cheaper than a database for each test, of 200 small files each."""
    tables = connection.execute(
        b"SELECT c.oid::regclass::text AS name FROM pg_class c"
        b" WHERE c.relnamespace = 'rad'::regnamespace AND c.relkind = 'r'"
        b" AND c.relname <> 'setting'"
    ).fetchall()
    # Without triggers: they keep the audit and the order of foreign keys.
    connection.execute(b"SET session_replication_role = replica")
    for table in tables:
        connection.execute(f"DELETE FROM {table['name']}".encode())
    connection.execute(b"UPDATE rad.setting SET search_version = NULL")


@contextmanager
def filled(migrated: Settings, statements: Sequence[str], films: int) -> Iterator[Connection]:
    """Give the database a library's models and films of SQL alone; yield its administrator.

    The first statement takes the number of films. Every row goes at the end.
    """
    with admin_connection(migrated, migrated.postgres_database) as admin:
        empty(admin)
        rows = connect(migrated)
        library(rows)
        rows.close()
        admin.execute(b"SET search_path = rad, ext")
        admin.execute(b"INSERT INTO site (code) VALUES ('local') ON CONFLICT DO NOTHING")
        admin.execute(statements[0].encode(), [films])
        for text in statements[1:]:
            admin.execute(text.encode())
        yield admin
        empty(admin)


def as_role(settings: Settings, role: str) -> Settings:
    """Return the settings of another login role."""
    return settings.model_copy(update={"postgres_user": role})


@pytest.fixture(params=BOTH)
def rows(request: pytest.FixtureRequest) -> Iterator[Rows]:
    """Return an empty store, as the command line sees it."""
    if request.param == "fake":
        yield FakeRows(operator=True)
        return
    real = connect(request.getfixturevalue("database"))
    yield real
    real.close()


@pytest.fixture(params=BOTH)
def web_rows(request: pytest.FixtureRequest) -> Iterator[Rows]:
    """Return an empty store, as the web application sees it."""
    if request.param == "fake":
        yield FakeRows()
        return
    real = connect(as_role(request.getfixturevalue("database"), "radiotheque_web"))
    yield real
    real.close()


@pytest.fixture(params=BOTH)
def hasty(request: pytest.FixtureRequest) -> Iterator[Library]:
    """Return a store with an admin and a live model, whose second passes are due at once."""
    if request.param == "fake":
        fake = FakeRows(operator=True)
        fake.tables.erase_again_s = 0.0
        yield library(fake)
        return
    settings: Settings = request.getfixturevalue("database")
    real = connect(settings.model_copy(update={"erase_again_s": 0.0}))
    yield library(real)
    real.close()


@pytest.fixture
def shelf(rows: Rows) -> Library:
    """Return a store with an admin and a live model."""
    return library(rows)
