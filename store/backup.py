"""Save, restore and export: the whole database, or the library as tables for others.

`save` is PostgreSQL's own dump, restored into a database of another name or an empty one.
`export` is a zip of CSV files with a manifest: films, labels, embeddings, and what readers said.
Both read through the read-only role; an export holds no account names and no password hashes.
"""

import csv
import hashlib
import io
import json
import subprocess
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from schemas.errors import Conflict, Unavailable
from store.grants import EXPORT
from store.migrate import make_roles_and_database, migrate
from store.rows import Connection, admin_connection, connect, conninfo, read_connection
from store.settings import Settings

#: What an export holds: file and query. Films in conflict stay out until a steward decides.
TABLES: Final = {
    "films.csv": """
        SELECT id AS film, width, height, bits, site, source, patient, study, view, created_at
        FROM rad.film WHERE NOT 'conflict' = ANY (flags) ORDER BY position""",
    "labels.csv": """
        SELECT l.film, l.finding, l.value, l.source, l.author, l.recorded_at
        FROM rad.label l JOIN rad.film f ON f.id = l.film
        WHERE NOT 'conflict' = ANY (f.flags) ORDER BY l.position, l.finding, l.source, l.author""",
    "verdicts.csv": """
        SELECT v.id AS validation, r.id AS reading, r.film, v.finding, v.value,
            a.pseudonym AS reader, r.answer_visible, r.others_visible, r.model, r.recorded_at
        FROM rad.verdict v JOIN rad.reading r ON r.id = v.reading
        JOIN rad.account a ON a.id = r.account JOIN rad.film f ON f.id = r.film
        WHERE NOT 'conflict' = ANY (f.flags) ORDER BY r.recorded_at, r.id, v.finding""",
    "embeddings.csv": """
        SELECT f.id AS film, e.embedding_version, e.embedding::text AS embedding
        FROM rad.embedding e JOIN rad.film f ON f.position = e.position
        WHERE NOT 'conflict' = ANY (f.flags) ORDER BY e.embedding_version, e.position""",
}


def export(settings: Settings, target: Path) -> dict[str, int]:
    """Write the zip; return the number of rows of each file. All files show one moment.

    The file appears whole or not at all. Embedding values carry a half float's precision.
    """
    counts: dict[str, int] = {}
    digests: dict[str, str] = {}
    partial = target.with_name(f".{target.name}.partial")
    with read_connection(settings, EXPORT) as connection, connection.transaction():
        connection.execute(b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, query in TABLES.items():
                with archive.open(name, "w", force_zip64=True) as entry:
                    counts[name], digests[name] = _write_csv(connection, query, entry)
            manifest = {
                "site": settings.site,
                "exported_at": datetime.now(UTC).isoformat(),
                "rows": counts,
                "sha256": digests,
            }
            archive.writestr("manifest.json", json.dumps(manifest, indent=1))
    partial.replace(target)
    _journal(settings, "library.exported")
    return counts


def _write_csv(connection: Connection, query: str, entry: IO[bytes]) -> tuple[int, str]:
    digest = hashlib.sha256()
    rows = 0
    with connection.cursor(name="export") as cursor:
        cursor.execute(query.encode())
        assert cursor.description is not None
        names = [column.name for column in cursor.description]
        text = _line(names)
        digest.update(text)
        entry.write(text)
        for row in cursor:
            text = _line([row[name] for name in names])
            digest.update(text)
            entry.write(text)
            rows += 1
    return rows, digest.hexdigest()


def _line(values: Sequence[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue().encode()


def save(settings: Settings, target: Path, pg_dump: Path) -> None:
    """Write PostgreSQL's custom-format dump. The file appears whole or not at all."""
    partial = target.with_name(f".{target.name}.partial")
    text = conninfo(settings, user=EXPORT, password="", options="")
    password = settings.postgres_password.get_secret_value()
    command = [str(pg_dump), "--format=custom", f"--file={partial}", f"--dbname={text}"]
    _run(command, password)
    partial.chmod(0o600)
    partial.replace(target)
    _journal(settings, "database.saved")


def restore(settings: Settings, source: Path, pg_restore: Path) -> None:
    """Fill the settings' database, which must be new or empty, from a saved file.

    Raises Conflict when the database holds tables already.
    """
    if not source.is_file():
        raise FileNotFoundError(source)
    make_roles_and_database(settings)
    with admin_connection(settings, settings.postgres_database) as own:
        there = own.execute(b"SELECT 1 FROM pg_namespace WHERE nspname = 'rad'").fetchone()
    if there is not None:
        raise Conflict(f"{settings.postgres_database}: wanted an empty database, came a full one")
    assert settings.postgres_admin_password is not None
    text = conninfo(settings, user=settings.postgres_admin_user, password="", options="")
    command = [
        str(pg_restore),
        "--exit-on-error",
        "--single-transaction",
        f"--dbname={text}",
        str(source),
    ]
    _run(command, settings.postgres_admin_password.get_secret_value())
    # The functions are this version's own, whatever version saved the rows.
    migrate(settings)


def _run(command: list[str], password: str) -> None:
    # By environment: a command line can be read by everybody on the machine.
    done = subprocess.run(
        command, env={"PGPASSWORD": password}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = done.stderr.strip()
        if "connection to server" in said:
            raise Unavailable("postgres", said)
        raise RuntimeError(f"{Path(command[0]).name}: {said}")


def _journal(settings: Settings, action: str) -> None:
    rows = connect(settings, most=1)
    try:
        rows.audit.write(None, action, None)
    finally:
        rows.close()
