"""Makes a database ours, and keeps it so: roles, tables, functions, rights.

`migrate(settings)` may run at any time and any number of times. In order: the login roles and the
database; schemas and the extension; the numbered migrations of store/migrations/ (dbmate, each
once); then, in one transaction, all functions of store/functions/ anew with their rights, so that
what is in the files is what runs. Where they are those of the files already they are left alone:
a program that calls one at the moment it is replaced does not find it. It signs in as the
server's administrator.
"""

import hashlib
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Final
from urllib.parse import quote

from schemas.errors import Unavailable
from schemas.identities import former_key_code, key_code
from store.grants import API, EXPORT, GRANTS, LOGINS, OPERATOR, OWNER
from store.rows import Connection, admin_connection, translated
from store.settings import Settings

_HERE: Final = Path(__file__).resolve().parent
MIGRATIONS: Final = _HERE / "migrations"
FUNCTIONS: Final = _HERE / "functions"
_NAME: Final = re.compile(r"^[a-z][a-z0-9_]{0,62}$")
#: Only one migration at a time runs on a server: roles belong to all of its databases.
_LOCK: Final = "SELECT pg_advisory_lock(hashtextextended('radiotheque.migrate', 0))"


def migrate(settings: Settings, *, database: str | None = None) -> None:
    """Bring a database (by default the settings' own) to what this program expects.

    Raises Unavailable when the server is down, ValueError without the administrator's password,
    RuntimeError with dbmate's words when a migration fails.
    """
    name = database or settings.postgres_database
    _check(name)
    with admin_connection(settings, "postgres") as server, translated():
        server.execute(_LOCK)
        _make_roles(server, settings.postgres_password.get_secret_value())
        _make_database(server, name)
        with admin_connection(settings, name) as own, translated():
            _make_schemas(own)
            _run_migrations(settings, name)
            wanted = _fingerprint()
            if _made_of(own) != wanted:
                _make_functions(own, wanted)
            _fill_key_codes(own, settings.site_secret.get_secret_value())


def make_roles_and_database(settings: Settings) -> None:
    """Make the login roles and an empty database, for a restore."""
    _check(settings.postgres_database)
    with admin_connection(settings, "postgres") as server, translated():
        server.execute(_LOCK)
        _make_roles(server, settings.postgres_password.get_secret_value())
        _make_database(server, settings.postgres_database)


def clone_database(settings: Settings, template: str, name: str) -> None:
    """Make a database as a copy of another one, which nobody may be using. For tests."""
    _check(template)
    _check(name)
    with admin_connection(settings, "postgres") as server, translated():
        # WAL_LOG writes pages through the log: no two checkpoints, so it takes milliseconds.
        text = f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log"
        server.execute(text.encode())
        _close_to_public(server, name)


def drop_database(settings: Settings, name: str) -> None:
    """Drop a database, ending whoever uses it. Dropping what is gone is done."""
    _check(name)
    with admin_connection(settings, "postgres") as server, translated():
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


def _check(name: str) -> None:
    if not _NAME.match(name):
        raise ValueError(f"database name: wanted a-z, 0-9 and _, came {name!r}")


def _make_roles(server: Connection, password: str) -> None:
    for role in (OWNER, API, *LOGINS):
        login = "LOGIN" if role in LOGINS else "NOLOGIN"
        known = server.execute(b"SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        verb = "ALTER" if known else "CREATE"
        server.execute(f"{verb} ROLE {role} {login} NOSUPERUSER NOCREATEDB NOCREATEROLE".encode())
    for role in LOGINS:
        row = server.execute(
            b"SELECT format('ALTER ROLE %%I PASSWORD %%L', %s::text, %s::text) AS text",
            [role, password],
        ).fetchone()
        assert row is not None
        server.execute(str(row["text"]).encode())


def _make_database(server: Connection, name: str) -> None:
    known = server.execute(b"SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    if known is None:
        # The built-in locale sorts the same on every machine, so indexes outlive an upgrade.
        text = (
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"
            " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C' LC_CTYPE 'C'"
        )
        server.execute(text.encode())
    _close_to_public(server, name)


def _close_to_public(server: Connection, name: str) -> None:
    server.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC".encode())
    server.execute(f"GRANT CONNECT ON DATABASE {name} TO {', '.join(LOGINS)}".encode())


def _make_schemas(own: Connection) -> None:
    own.execute(f"CREATE SCHEMA IF NOT EXISTS rad AUTHORIZATION {OWNER}".encode())
    own.execute(b"CREATE SCHEMA IF NOT EXISTS ext")
    own.execute(b"CREATE EXTENSION IF NOT EXISTS vector SCHEMA ext")
    own.execute(f"GRANT USAGE ON SCHEMA ext TO {OWNER}, {API}, {EXPORT}".encode())
    own.execute(f"GRANT USAGE ON SCHEMA rad TO {API}, {EXPORT}".encode())
    own.execute(b"REVOKE ALL ON SCHEMA public FROM PUBLIC")


def _run_migrations(settings: Settings, name: str) -> None:
    assert settings.postgres_admin_password is not None
    password = quote(settings.postgres_admin_password.get_secret_value(), safe="")
    user = quote(settings.postgres_admin_user, safe="")
    where = f"{settings.postgres_host}:{settings.postgres_port}/{name}"
    # By environment: a command line can be read by everybody on the machine.
    environment = {"DATABASE_URL": f"postgres://{user}:{password}@{where}?sslmode=disable"}
    dbmate = Path(sysconfig.get_path("scripts")) / "dbmate"
    command = [
        str(dbmate),
        "--no-dump-schema",
        "--migrations-dir",
        str(MIGRATIONS),
        "--migrations-table",
        "public.schema_migrations",
        "migrate",
    ]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).replace(password, "…").strip()
        if "connection refused" in said or "failed to connect" in said:
            raise Unavailable("postgres", said)
        raise RuntimeError(f"migrations of {name}: {said}")


def _fingerprint() -> str:
    """Return the SHA-256 of all that the functions and their rights are made of.

    The migrations too: a table made anew takes the functions that return its rows with it.
    """
    made_of = hashlib.sha256(Path(__file__).read_bytes())
    for path in [*sorted(FUNCTIONS.glob("*.sql")), *sorted(MIGRATIONS.glob("*.sql"))]:
        made_of.update(path.name.encode() + b"\0" + path.read_bytes())
    rights = {role: sorted(functions) for role, functions in GRANTS.items()}
    made_of.update(repr((OWNER, API, EXPORT, OPERATOR, sorted(rights.items()))).encode())
    return made_of.hexdigest()


def _made_of(own: Connection) -> str | None:
    """Return the fingerprint of what the database's functions were made of, if they are there."""
    row = own.execute(
        b"SELECT obj_description(to_regnamespace('api'), 'pg_namespace') AS made_of"
    ).fetchone()
    assert row is not None
    made_of: str | None = row["made_of"]
    return made_of


def _make_functions(own: Connection, fingerprint: str) -> None:
    # Only once the library is there does PostgreSQL let others than superusers set hnsw.*.
    own.execute(b"LOAD 'vector'")
    with own.transaction():
        own.execute(b"DROP SCHEMA IF EXISTS api CASCADE")
        own.execute(b"DROP SCHEMA IF EXISTS rules CASCADE")
        own.execute(f"CREATE SCHEMA api AUTHORIZATION {API}".encode())
        own.execute(f"CREATE SCHEMA rules AUTHORIZATION {API}".encode())
        own.execute(f"SET LOCAL ROLE {API}".encode())
        own.execute(b"SET LOCAL search_path = rad, ext, pg_temp")
        for path in sorted(FUNCTIONS.glob("*.sql")):
            own.execute(path.read_bytes())
        # Every public function gets its definer's rights and a fixed search path here, so that
        # none can be written without them.
        own.execute(
            b"""
            DO $$
            DECLARE f record;
            BEGIN
                FOR f IN SELECT p.oid::regprocedure AS name, n.nspname AS schema
                    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                    WHERE n.nspname IN ('api', 'rules')
                LOOP
                    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f.name);
                    IF f.schema = 'api' THEN
                        EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER', f.name);
                        EXECUTE format(
                            'ALTER FUNCTION %s SET search_path = rad, ext, pg_temp', f.name);
                    END IF;
                END LOOP;
            END $$
            """
        )
        for role, functions in GRANTS.items():
            own.execute(f"GRANT USAGE ON SCHEMA api TO {role}".encode())
            for function in sorted(functions):
                own.execute(f"GRANT EXECUTE ON FUNCTION api.{function} TO {role}".encode())
        own.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO {OPERATOR}".encode())
        own.execute(f"GRANT USAGE ON SCHEMA api, rules TO {EXPORT}".encode())
        own.execute(f"COMMENT ON SCHEMA api IS '{fingerprint}'".encode())
        own.execute(b"RESET ROLE")
        own.execute(f"GRANT USAGE ON SCHEMA public TO {EXPORT}".encode())
        own.execute(f"GRANT SELECT ON public.schema_migrations TO {EXPORT}".encode())


def _fill_key_codes(own: Connection, secret: str) -> None:
    """Give receipts that lack it the code that finds them, a page at a time.

    Those of before migration 0006 have none, and 0015 took it from keys that are not NFC: there
    the lines of manifests that wait under the former code go along.
    """
    while True:
        rows = own.execute(
            b"SELECT id, bucket, key FROM rad.receipt WHERE key_code IS NULL LIMIT 5000"
        ).fetchall()
        if not rows:
            return
        codes = [key_code(secret, row["bucket"], row["key"]) for row in rows]
        former = [former_key_code(secret, row["bucket"], row["key"]) for row in rows]
        own.execute(
            b"UPDATE rad.receipt r SET key_code = n.code"
            b" FROM unnest(%s::uuid[], %s::text[]) AS n(id, code) WHERE r.id = n.id",
            [[row["id"] for row in rows], codes],
        )
        own.execute(
            b"UPDATE rad.manifest_line l SET key_code = n.code"
            b" FROM (SELECT DISTINCT code, former FROM unnest(%s::text[], %s::text[])"
            b" AS n(code, former) WHERE code <> former) AS n WHERE l.key_code = n.former"
            b" AND NOT EXISTS (SELECT 1 FROM rad.manifest_line o"
            b" WHERE o.key_code = n.code AND o.manifest = l.manifest)",
            [codes, former],
        )
