"""The real services for the search for private words: every way in, every place to look."""

import json
import socket
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
import redis
from PIL import Image

from ingest.film_of_file import film_of_file
from ingest.renditions import Developed
from schemas.errors import Dead
from schemas.presentation import Presentation
from schemas.provenance import STATEMENT_VERSION
from stack.phantoms import draw, to_8_bits
from store.objects import BUCKETS
from store.objects import connect as connect_objects
from store.records import Drop, Part
from store.rows import Connection, admin_connection
from store.rows import connect as connect_rows
from tests import services
from tests.dropping import drop_settings
from tests.private_words import Patient, Search
from tests.services import WholeStack
from tests.test_subscribers import records
from tests.web.test_api_uploads import MULTIPART

#: Columns that hold words of depositors and readers as they came, and nothing else may.
MAY_HOLD = {"receipt": ("key", "filename"), "comment": ("text",)}


class Reader:
    """Reads and develops in this process, as a decoding child does."""

    def develop(
        self,
        data: bytes,
        black_out: Sequence[Part] = (),
        side: int = 0,
        presentation: Presentation | None = None,
        *,
        patient: bool = False,
    ) -> Developed:
        del patient
        return film_of_file(data, 64_000_000, black_out, side, presentation)

    def close(self) -> None:
        """Nothing to close."""


def form_body(patient: Patient, data: bytes, /, **fields: str) -> bytes:
    """Return an upload whose form and file name say it all."""
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in fields.items()
    ]
    name = patient.key.replace("/", " ")
    head = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    return b"".join([*parts, head.encode(), data, b"\r\n--x--\r\n"])


def said_by(patient: Patient) -> dict[str, str]:
    return {
        "patient": patient.code,
        "exam_date": patient.day.isoformat(),
        "view": "PA",
        "statement": STATEMENT_VERSION,
    }


class Site:
    """The real stores, every way in, and every place to look."""

    def __init__(self, whole: WholeStack) -> None:
        self.whole = whole
        self.admin = services.admin_settings(whole.settings).model_copy(
            update={"postgres_database": whole.settings.postgres_database}
        )
        self.store = connect_objects(self.admin)

    def ask(self, method: str, path: str, data: bytes | None = None, kind: str = "") -> str:
        """Return the API's answer, whatever its status."""
        headers = {
            "Authorization": f"Bearer {self.whole.token}",
            "Content-Type": kind or "application/json",
        }
        request = urllib.request.Request(
            f"{self.whole.web_url}/api/v1{path}", data=data, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return error.read().decode()

    def drop_in_bulk(self, patient: Patient) -> None:
        """Drop a PNG, a JPEG, a DICOM and what is no film, under keys that say it all."""
        dropper = connect_objects(drop_settings(self.whole))
        folder = f"{patient.family} {patient.given}"
        dropper.put("dropzone", patient.key, patient.png(unique(patient, 1)))
        dropper.put("dropzone", f"{folder}/{patient.code}.jpg", patient.jpeg(unique(patient, 2)))
        dropper.put("dropzone", f"dicom/{patient.key}", patient.dicom(unique(patient, 4)))
        dropper.put("dropzone", f"{folder}/labels.csv", patient.manifest())
        dropper.put("dropzone", f"{folder}/{patient.sentence[:80]}", patient.sentence.encode())

    def upload(self, patient: Patient) -> list[dict[str, str]]:
        """Upload a film with a form that says it all."""
        body = form_body(patient, patient.png(unique(patient, 3)), **said_by(patient))
        rows = json.loads(self.ask("POST", "/radiographs", body, MULTIPART))["receipts"]
        return [dict(row) for row in rows]

    def ask_and_err(self, patient: Patient) -> None:
        """Put the words into addresses, fields and rows that are refused."""
        self.ask("GET", f"/receipts?key={quote(patient.key)}")
        self.ask("GET", f"/receipts?key={quote(patient.key)}&{quote(patient.family)}=1")
        self.ask("GET", f"/radiographs/{quote(patient.family)}")
        body = form_body(patient, b"x", patient=patient.code, view=patient.family)
        assert patient.family not in self.ask("POST", "/radiographs", body, MULTIPART)
        host, port = self.whole.settings.web_host, self.whole.settings.web_port
        with socket.create_connection((host, port), timeout=10) as wire:
            wire.sendall(f"GET /?key={patient.sentence} HTTP/1.1\r\n\r\n".encode())
            assert wire.recv(1000)
        settings = self.whole.settings.model_copy(update={"postgres_user": "radiotheque_ingest"})
        impossible = Drop("dropzone", patient.key, "v", -1, "bulk", settings.site, "bucket")
        with closing(connect_rows(settings)) as rows, pytest.raises(Dead) as dead:
            rows.receipts.open_many([impossible])
        assert patient.family not in str(dead.value)

    def receipts(self, patient: Patient) -> list[dict[str, Any]]:
        """Return the receipts whose keys or file names say it."""
        with self._connection() as connection:
            return connection.execute(
                b"SELECT * FROM rad.receipt WHERE concat(key, filename) LIKE %s",
                [f"%{patient.family}%"],
            ).fetchall()

    def finished(self, patient: Patient) -> list[dict[str, Any]]:
        """Return the analysed receipts once all have come to their ends, else none."""
        rows = self.receipts(patient)
        done = [row for row in rows if row["state"] == "analysed"]
        over = len(rows) == 6 and len(done) == 4 and any(row["code"] for row in rows)
        return done if over else []

    def has_let_go(self, patient: Patient) -> bool:
        """Return whether what was taken of the patient's drops is gone from dropzone."""
        return all(row["keep_until"] is None or row["code"] for row in self.receipts(patient))

    def is_quiet(self) -> bool:
        """Return whether all that was said has been published."""
        with self._connection() as connection:
            [row] = connection.execute(
                b"SELECT count(*) AS waiting FROM rad.outbox WHERE published_at IS NULL"
            ).fetchall()
        return bool(row["waiting"] == 0)

    def rows(self, search: Search) -> int:
        """Look through every row of every table but the columns that may hold such words."""
        seen = 0
        with self._connection() as connection:
            tables = connection.execute(
                b"SELECT c.relname AS name FROM pg_class c WHERE c.relkind IN ('r', 'p')"
                b" AND c.relnamespace = 'rad'::regnamespace AND NOT c.relispartition"
            ).fetchall()
            for name in sorted(row["name"] for row in tables):
                columns = list(MAY_HOLD.get(name, ()))
                found = connection.execute(
                    f"SELECT (to_jsonb(t) - %s::text[])::text AS text FROM rad.{name} t".encode(),
                    [columns],
                ).fetchall()
                seen += search.look_all(f"table {name}", (row["text"] for row in found))
        return seen

    def _connection(self) -> Connection:
        return admin_connection(self.admin, self.admin.postgres_database)

    def records(self, topic: str) -> Iterator[bytes]:
        """Yield all of every record that a topic holds."""
        for record in records(self.whole, topic):
            headers = record.headers() or []
            pairs = headers.items() if isinstance(headers, dict) else headers
            said = [part for name, value in pairs for part in (name.encode(), value)]
            parts = [record.key(), record.value(), *said]
            yield b"\n".join(
                part.encode() if isinstance(part, str) else part or b"" for part in parts
            )

    def objects(self, but: set[tuple[str, str]]) -> Iterator[bytes | str]:
        """Yield keys and contents of every version; `but` are refused drops, kept as they came."""
        for bucket in BUCKETS:
            for key, version, _, _ in self.store.versions(bucket):
                if (bucket, key) not in but:
                    yield key
                    yield self.store.read(bucket, key, version)

    def cache(self) -> Iterator[bytes]:
        """Yield every key and value of the cache."""
        asked: Any = redis.Redis.from_url(self.whole.settings.redis_url.get_secret_value())
        with closing(asked):
            for key in asked.scan_iter():
                yield key
                kind = asked.type(key)
                kept = asked.hgetall(key) if kind == b"hash" else {b"": asked.get(key) or b""}
                for name, value in kept.items():
                    yield b"%s\n%s" % (name, value)

    def logs(self) -> Iterator[bytes]:
        """Yield every log of every process."""
        for path in sorted(self.whole.state.logs.iterdir()):
            yield path.read_bytes()


def unique(patient: Patient, number: int) -> Image.Image:
    """Return a phantom that is this run's own, so that its films are new."""
    seed = zlib.crc32(f"{patient.code}/{number}".encode())
    base = to_8_bits(draw(number, 512)).astype(np.int16)
    grain = np.random.default_rng(seed).integers(-2, 3, base.shape, dtype=np.int16)
    return Image.fromarray(np.clip(base + grain, 0, 255).astype(np.uint8))
