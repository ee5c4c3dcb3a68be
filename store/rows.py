"""PostgreSQL: the one file that speaks to its driver.

Programs reach the database through the functions of schema `api` only. `connect(settings)` gives
every subject of `store.ports.Rows`; nothing is opened before the first call. A driver's error
becomes ours by its SQLSTATE: the record is wrong (Dead), the server is down (Unavailable), or a
function refused (RD403 and others).
"""

import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import orjson
import psycopg
import psycopg_pool
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb, set_json_loads

from schemas.errors import (
    Conflict,
    Dead,
    Erased,
    Forbidden,
    InFlight,
    KeyReused,
    NotFound,
    RadiothequeError,
    Unavailable,
)
from store.settings import Settings

Row = dict[str, Any]
T = TypeVar("T")
Connection = psycopg.Connection[Row]

#: Deadlock and serialisation: the server undid a correct transaction, which may just try again.
_TRY_AGAIN: Final = frozenset({"40001", "40P01"})
_TRIES: Final = 4
_REFUSALS: Final[dict[str, type[RadiothequeError]]] = {
    "RD403": Forbidden,
    "RD404": NotFound,
    "RD409": Conflict,
    "RD410": Erased,
    "RD422": KeyReused,
    "RD425": InFlight,
    "42501": Forbidden,
}


def json_value(value: object) -> Jsonb:
    """Return a value as a jsonb parameter."""
    return Jsonb(value)


def translate(error: psycopg.Error) -> RadiothequeError | None:
    """Return our error for the driver's; None for a bug of ours (SQLSTATE 42 and the like)."""
    state = error.sqlstate
    text = (error.diag.message_primary or str(error)).strip().split("\n")[0]
    if state in _REFUSALS:
        return _REFUSALS[state](text)
    if state is None:
        return _without_state(error, text)
    if state[:2] in {"22", "23"}:
        return Dead(f"refused by the database ({state}): {text}")
    # 3D, 3F and 42883: no database, schema or function yet, since migrations are still to run.
    down = {"08", "28", "3D", "3F", "40", "53", "55", "57", "58"}
    if state[:2] in down or state == "42883":
        return Unavailable("postgres", f"{text} ({state})")
    return None


def _without_state(error: psycopg.Error, text: str) -> RadiothequeError | None:
    """Return our error where the server said nothing: the connection broke, or none was free.

    Only a value that cannot even be sent (a NUL in a text) is the record's own fault.
    """
    if isinstance(error, psycopg.DataError):
        return Dead(f"a value that PostgreSQL cannot keep: {text}")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return Unavailable("postgres", text)
    return None


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into ours."""
    try:
        yield
    except psycopg.Error as error:
        ours = translate(error)
        if ours is None:
            raise
        raise ours from error


def conninfo(settings: Settings, **others: str) -> str:
    """Return the connection string of this program's login role, or with others' values.

    An empty value is left out, as a password that is handed over by environment.
    """
    values = {
        "host": settings.postgres_host,
        "port": str(settings.postgres_port),
        "dbname": settings.postgres_database,
        "user": settings.postgres_user,
        "password": settings.postgres_password.get_secret_value(),
        "connect_timeout": "5",
        "options": "-c timezone=UTC",
        "application_name": settings.postgres_user,
        # A server that vanished without a word is noticed within half a minute.
        "keepalives_idle": "10",
        "keepalives_interval": "5",
        "keepalives_count": "3",
        "tcp_user_timeout": "20000",
    }
    chosen = {name: value for name, value in (values | others).items() if value}
    return psycopg.conninfo.make_conninfo("", **chosen)


def admin_connection(settings: Settings, database: str) -> Connection:
    """Return an autocommitting connection of the server's administrator, for migrations."""
    if settings.postgres_admin_password is None:
        raise ValueError("wanted RADIOTHEQUE_POSTGRES_ADMIN_PASSWORD, came nothing")
    text = conninfo(
        settings,
        dbname=database,
        user=settings.postgres_admin_user,
        password=settings.postgres_admin_password.get_secret_value(),
        application_name="radiotheque migrate",
    )
    with translated():
        return psycopg.Connection[Row].connect(text, autocommit=True, row_factory=dict_row)


def read_connection(settings: Settings, role: str) -> Connection:
    """Return a connection of the read-only role, for exports."""
    text = conninfo(settings, user=role, application_name=role)
    with translated():
        return psycopg.Connection[Row].connect(text, autocommit=True, row_factory=dict_row)


def still_there(connection: Connection) -> None:
    """Raise the driver's OperationalError when the server has ended this pooled connection.

    Between calls a server is silent; one that ends a connection says so or closes it, which a
    look at the socket shows. Only then is it asked: to ask each time made every call two trips.
    """
    look = select.poll()
    look.register(connection.fileno(), select.POLLIN)
    if look.poll(0):
        psycopg_pool.ConnectionPool.check_connection(connection)


def _read_json_by_orjson(connection: Connection) -> None:
    # A page of fifty films has a hundred and fifty documents: json took a tenth of its time.
    set_json_loads(orjson.loads, connection)


class Call:
    """Calls of stored functions inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, function: str, **values: Any) -> list[Row]:
        """Return what `api.<function>` gives for these values (without their prefix `p_`)."""
        names = ", ".join(f"p_{name} => %({name})s" for name in values)
        query = f"SELECT * FROM api.{function}({names})"  # noqa: S608 - our own names only
        return self._connection.execute(query.encode(), values).fetchall()

    def row(self, function: str, **values: Any) -> Row | None:
        """Return its only row, None when there is none."""
        found = self.rows(function, **values)
        return found[0] if found else None

    def value(self, function: str, **values: Any) -> Any:
        """Return its only value."""
        (only,) = self.rows(function, **values)
        return only[function]


class Database:
    """A small pool of connections, opened at the first call."""

    def __init__(self, settings: Settings, *, most: int = 8, timeout_s: float = 5.0) -> None:
        self._settings = settings
        self._timeout_s = timeout_s
        self._most = most
        self._pool: psycopg_pool.ConnectionPool[Connection] | None = None
        self._lock = threading.Lock()

    def _opened(self) -> "psycopg_pool.ConnectionPool[Connection]":
        with self._lock:
            if self._pool is None:
                self._pool = psycopg_pool.ConnectionPool(
                    conninfo(self._settings),
                    connection_class=psycopg.Connection[Row],
                    kwargs={"row_factory": dict_row, "autocommit": True},
                    min_size=1,
                    max_size=self._most,
                    timeout=self._timeout_s,
                    # A restarted server leaves dead connections in the pool: none is handed out.
                    check=still_there,
                    configure=_read_json_by_orjson,
                    # The pool's back-off doubles up to this: work goes on soon after an outage.
                    reconnect_timeout=5.0,
                    max_idle=300.0,
                    open=True,
                    name=self._settings.postgres_user,
                )
            return self._pool

    def once(self, work: Callable[[Call], T], *, together: bool) -> T:
        """Run work on a pooled connection; `together`: its calls are one transaction.

        A deadlock or serialisation failure is tried again a few times: the server undid it all.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                with self._opened().connection() as connection:
                    if not together:
                        return work(Call(connection))
                    with connection.transaction():
                        return work(Call(connection))
            except psycopg.Error as error:
                if error.sqlstate in _TRY_AGAIN and attempt < _TRIES:
                    continue
                ours = translate(error)
                if ours is None:
                    raise
                raise ours from error

    def rows(self, function: str, **values: Any) -> list[Row]:
        """Call one function in a transaction of its own; return its rows."""
        return self.once(lambda call: call.rows(function, **values), together=False)

    def row(self, function: str, **values: Any) -> Row | None:
        """Call one function; return its only row, None when there is none."""
        return self.once(lambda call: call.row(function, **values), together=False)

    def value(self, function: str, **values: Any) -> Any:
        """Call one function; return its only value."""
        return self.once(lambda call: call.value(function, **values), together=False)

    def transaction(self, work: Callable[[Call], T]) -> T:
        """Run several calls as one transaction. `work` may run again: it must only call."""
        return self.once(work, together=True)

    def ping(self) -> None:
        """Raise Unavailable unless the server answers."""
        with translated(), self._opened().connection() as connection:
            connection.execute("SELECT 1")

    def own_connection(self) -> Connection:
        """Return a connection outside the pool, autocommitting: for what lasts (locks, LISTEN)."""
        with translated():
            return psycopg.Connection[Row].connect(
                conninfo(self._settings), autocommit=True, row_factory=dict_row
            )

    def close(self) -> None:
        """Close every pooled connection."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()


class PostgresRows:
    """Implements store.ports.Rows."""

    def __init__(
        self, database: Database, *, site: str, secret: str, erase_again_s: float
    ) -> None:
        # The subjects import this file: they are met here, not at the top.
        from store.accounts import PostgresAccounts
        from store.analyses import PostgresAnalyses
        from store.audit import PostgresAudit
        from store.erasures import PostgresErasures
        from store.films import PostgresFilms
        from store.letters import PostgresLetters
        from store.manifests import PostgresManifests
        from store.models import PostgresModels
        from store.outbox import PostgresOutbox
        from store.patients import PostgresPatients
        from store.quarantine import PostgresQuarantine
        from store.readings import PostgresReadings
        from store.receipts import PostgresReceipts
        from store.signals import PostgresSignals
        from store.vectors import PostgresVectors

        self.database = database
        self.receipts = PostgresReceipts(database, secret)
        self.quarantine = PostgresQuarantine(database)
        self.manifests = PostgresManifests(database, secret)
        self.films = PostgresFilms(database, site, secret, erase_again_s)
        self.analyses = PostgresAnalyses(database)
        self.vectors = PostgresVectors(database, secret)
        self.readings = PostgresReadings(database, site, secret)
        self.accounts = PostgresAccounts(database, site)
        self.letters = PostgresLetters(database)
        self.models = PostgresModels(database)
        self.outbox = PostgresOutbox(database)
        self.signals = PostgresSignals(database)
        self.audit = PostgresAudit(database)
        self.patients = PostgresPatients(database, site, secret, erase_again_s)
        self.erasures = PostgresErasures(database)

    def ping(self) -> None:
        """Raise Unavailable unless the database answers."""
        self.database.ping()

    def close(self) -> None:
        """Close every connection."""
        self.outbox.close()
        self.signals.close()
        self.database.close()


def connect(settings: Settings, *, most: int = 8, timeout_s: float = 5.0) -> PostgresRows:
    """Return all of PostgreSQL as the settings' login role. Nothing is opened yet.

    `most` connections at once; a call waits `timeout_s` for one before it is Unavailable.
    """
    database = Database(settings, most=most, timeout_s=timeout_s)
    secret = settings.site_secret.get_secret_value()
    return PostgresRows(
        database, site=settings.site, secret=secret, erase_again_s=settings.erase_again_s
    )
