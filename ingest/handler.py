"""From a drop to a stored film: what the worker `ingest` does with each record.

The order makes every step repeatable and nothing lost: receipt; objects; rows and events in one
transaction; only then the raw version goes, and after it the offset. Cut anywhere, the record
comes again: a receipt past `received` is not decoded again, and of its drop only the raw
version, if it is still there, is left to remove. A bulk drop's raw version goes later, when the
moment in its receipt has come (ingest/taken.py).
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Protocol
from uuid import UUID

from ingest.already_here import AlreadyHere
from ingest.chest import ChestCheck, PooledFeatures
from ingest.decoder import Decoder, Patience, TakesLong
from ingest.deidentify import Known, deidentify
from ingest.figures import IngestFigures
from ingest.looks import Judge, Looks
from ingest.notification import Folder, drop_of
from ingest.quarantine import Quarantine
from ingest.raw_files import RawFiles
from ingest.ready import Ready, events_of, row_of
from ingest.refuse import reject
from ingest.renditions import Developed
from ingest.text_in_film import TextLook
from ingest.text_marks import Marks
from ingest.text_reader import RapidReader
from schemas.envelope import from_record
from schemas.errors import Dead, Doubt, Refusal
from schemas.events import ObjectUploaded
from schemas.film_files import is_manifest
from schemas.identities import receipt_id
from schemas.presentation import Presentation
from store.log import Record
from store.objects import connect as connect_objects
from store.ports import Objects, Rows, rendition_key
from store.records import Drop, Part, Receipt, ReceiptState, Rendition
from store.rows import connect as connect_rows
from store.settings import Settings

log = logging.getLogger(__name__)

_THREADS: Final = 8
#: States in which the film is durable or known to be: the raw version may go.
_STORED: Final = frozenset({"accepted", "analysed"})
#: States in which all that was dropped lies in another place: so may it, too.
_KEPT_ELSEWHERE: Final = frozenset({"quarantined", "manifest"})
_MEDIA: Final[dict[Rendition, str]] = {
    "full": "image/png",
    "display": "image/jpeg",
    "thumbnail": "image/jpeg",
}


class Developer(Protocol):
    """What turns a file's bytes into a film: ingest.decoder.Decoder, or a test's own."""

    def develop(
        self,
        data: bytes,
        black_out: Sequence[Part] = (),
        side: int = 0,
        presentation: Presentation | None = None,
        *,
        patient: bool = False,
    ) -> Developed:
        """Return the film, parts blacked out, for a model of this side. Raises Refusal.

        It is shown as its file says, or as the presentation does. Raises TakesLong unless one is
        patient with it.
        """
        ...

    def close(self) -> None:
        """End what was started."""
        ...


@dataclass(frozen=True)
class _Task:
    """One receipt to bring to its end, and the event that asked for it, if it was ours."""

    receipt: Receipt
    cause: UUID | None


class IngestHandler:
    """Brings the drops of a batch to their ends, several at a time."""

    def __init__(
        self,
        settings: Settings,
        rows: Rows,
        objects: Objects,
        decoder: Developer,
        chest: Judge,
        *,
        text: TextLook | None = None,
        is_patient: bool = False,
    ) -> None:
        """`is_patient`: films that were set aside are for us, too."""
        self._settings = settings
        self._secret = settings.site_secret.get_secret_value()
        self._rows = rows
        self._objects = objects
        self._decoder = decoder
        self._quarantine = Quarantine(rows, objects)
        self._raw = RawFiles(objects, self._quarantine, settings.file_limit_bytes)
        self._looks = Looks(rows.films, chest, text)
        self._apart = partial(
            IngestHandler, settings, rows, objects, chest=chest, text=text, is_patient=True
        )
        self._is_patient = is_patient
        self._already = AlreadyHere(rows, self._secret, look_for_text=text is not None)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="ingest")
        self.figures = IngestFigures()

    def handle(self, records: Sequence[Record]) -> None:
        """Bring every record's drop to its end.

        Raises Dead for a record that is not MinIO's or ours, Unavailable when a service is down:
        then the films that were finished stay so, and a repeat passes them over.
        """
        tasks = {task.receipt.id: task for task in self._tasks(records)}
        self._all([partial(self._finish, task) for task in tasks.values()])

    def finish(self, receipt: Receipt) -> None:
        """Bring one drop to its end, for whoever has its receipt. Raises as `handle` does."""
        self._finish(_Task(receipt, None))

    def apart(self, decoder: Developer) -> "IngestHandler":
        """Return another handler on the same parts, for films that were set aside."""
        return self._apart(decoder)

    def receipt_of(self, record: Record) -> UUID | None:
        """Return the receipt a record is about, None where it does not say."""
        try:
            if record.topic == "object.created":
                drop = drop_of(record.value, self._settings)
                if not isinstance(drop, Drop):
                    return None
                return receipt_id(drop.bucket, drop.key, drop.version)
            event = from_record(record.topic, record.headers, record.value or b"").event
        except Dead:
            return None
        return event.receipt if isinstance(event, ObjectUploaded) else None

    def close(self) -> None:
        """End the threads, the decoding children and the connections."""
        self._threads.shutdown()
        self._decoder.close()
        self._rows.close()

    def _tasks(self, records: Sequence[Record]) -> list[_Task]:
        """Return what the records ask for; receipts of new drops are opened in one call."""
        drops = []
        uploads = []
        folders = 0
        for record in records:
            if record.topic == "object.created":
                drop = drop_of(record.value, self._settings)
                if isinstance(drop, Drop):
                    drops.append(drop)
                folders += isinstance(drop, Folder)
            else:
                uploads.append(self._uploaded(record))
        if folders:
            self.figures.folders.inc(folders)
            log.info("Folder markers are passed over", extra={"records": folders})
        opened = self._rows.receipts.open_many(drops) if drops else []
        return uploads + [_Task(receipt, None) for receipt in opened]

    def _uploaded(self, record: Record) -> _Task:
        received = from_record(record.topic, record.headers, record.value or b"")
        if not isinstance(received.event, ObjectUploaded):
            raise Dead(f"ingest: wanted object.uploaded, came {record.topic}")
        receipt = self._rows.receipts.get(received.event.receipt)
        if receipt is None:
            # It was written in one transaction with the event.
            raise Dead(f"object.uploaded: there is no receipt {received.event.receipt}")
        return _Task(receipt, received.id)

    def _finish(self, task: _Task) -> None:
        receipt = task.receipt
        if receipt.state in _STORED:
            self._remove_raw(receipt)
            return
        if receipt.state in _KEPT_ELSEWHERE:
            self._raw.remove_dropped(receipt)
            return
        if not self._is_mine(receipt):
            return
        if is_manifest(receipt.key):
            # It may be long, and films do not wait for it: ingest/manifest_reader.py reads it.
            self._rows.manifests.wait(receipt)
            return
        try:
            raw = self._raw.read(receipt)
        except Refusal as refusal:
            self._reject(task, refusal)
            return
        code = self._already.code(receipt, raw)
        if self._take_known(task, code):
            return
        ready = self._read(task, raw)
        if ready is not None:
            self._store(task, ready, code)

    def _is_mine(self, receipt: Receipt) -> bool:
        """Return whether a drop is still to be read, and by us: one that takes long is, apart."""
        if receipt.state != "received":
            # Erased, its raw version may still be there: nothing of it stays.
            return receipt.code == "erased"
        return receipt.slow_at is None or self._is_patient

    def _take_known(self, task: _Task, code: str | None) -> bool:
        """Take a drop whose bytes were taken before; False where they have to be read."""
        receipt = task.receipt
        said = self._already.find(receipt, code)
        if said is None:
            return False
        events = events_of(said.film, receipt, task.cause)
        state = self._rows.receipts.accept(
            receipt, said.film, events, also=said.also, raw_code=code, by_bytes=True
        )
        if state == "received":
            return False
        log.info("A drop is here already", extra={"receipt": str(receipt.id), "state": state})
        self._end(receipt, said.film.id, state)
        return True

    def _read(self, task: _Task, raw: bytes) -> Ready | None:
        """Return a drop's film; None where it is refused, forgotten, or waits for a steward."""
        receipt = task.receipt
        try:
            film = self._decoder.develop(
                raw,
                receipt.black_out,
                self._looks.side(),
                patient=self._is_patient or receipt.code == "erased",
            )
        except TakesLong:
            # Others wait for this batch: ingest/slow_films.py waits for this film.
            self._rows.receipts.set_aside(receipt)
            log.info("A film takes long and is set aside", extra={"receipt": str(receipt.id)})
            return None
        except Refusal as refusal:
            self._reject(task, refusal)
            return None
        if receipt.code == "erased":
            # We were cut before its raw version, which goes last, was removed.
            self._forget(receipt, film.film)
            return None
        kept = self._kept(receipt, film)
        try:
            looked = self._looks.look(
                film,
                kept,
                released=receipt.released_at is not None,
                urgent=receipt.lane == "first",
            )
            return self._as_kept(receipt, Ready(raw, film, kept, looked))
        except Doubt as doubt:
            state = self._quarantine.hold(receipt, doubt, raw, film, task.cause)
            if state == "quarantined":
                self._raw.remove_dropped(receipt)
        except Refusal as refusal:
            self._reject(task, refusal)
        return None

    def _store(self, task: _Task, ready: Ready, code: str | None) -> None:
        """Store a film, and end its receipt as the rows say."""
        receipt, film, kept = task.receipt, ready.film, ready.known
        self._put(film)
        row = row_of(ready, receipt)
        state = self._rows.receipts.accept(
            receipt,
            row,
            events_of(row, receipt, task.cause),
            also=kept.also,
            contradicts=kept.contradicts,
            raw_code=code,
        )
        log.info("A film is stored", extra={"receipt": str(receipt.id), "state": state})
        if state in _STORED:
            # Another drop of the same samples may have been first since we looked.
            shown = self._as_kept(receipt, ready)
            if shown is not ready:
                self._put(shown.film)
        self._end(receipt, film.film, state)

    def _end(self, receipt: Receipt, film: str, state: ReceiptState) -> None:
        """Remove what is not needed any more of a drop that was to be taken."""
        if state in _STORED:
            self._remove_raw(receipt)
        elif state == "rejected":
            known = self._rows.receipts.get(receipt.id)
            # Refused otherwise, by another worker: the renditions may be a good film's.
            if known is not None and known.code == "erased":
                self._forget(receipt, film)

    def _as_kept(self, receipt: Receipt, ready: Ready) -> Ready:
        """Return a film that is here as it is shown there: the first drop has said how."""
        here = self._rows.films.get(ready.film.film)
        if here is None or here.facts.shown_as == ready.film.presentation:
            return ready
        film = self._decoder.develop(
            ready.raw, receipt.black_out, 0, here.facts.shown_as, patient=True
        )
        return replace(ready, film=film, known=self._kept(receipt, film))

    def _forget(self, receipt: Receipt, film: str) -> None:
        """Remove what we stored of an erased film: unlike other refused drops, nothing stays."""
        # Refused for its patient only, the same film may be here by a drop that names no patient:
        # then the renditions are that one's, and erasing it is a steward's decision.
        if self._rows.films.get(film) is None:
            for rendition in _MEDIA:
                self._objects.remove("radiographs", rendition_key(film, rendition))
        # An erased film's bytes wait for no client.
        self._remove_raw(replace(receipt, keep_until=None))

    def _kept(self, receipt: Receipt, film: Developed) -> Known:
        """Return what may be kept of what the file and the form say. The rest ends here."""
        return deidentify(
            film.says,
            receipt.form,
            secret=self._secret,
            data_set=receipt.site,
            presentation=film.presentation,
        )

    def _put(self, film: Developed) -> None:
        for rendition, media in _MEDIA.items():
            data: bytes = getattr(film, rendition)
            self._objects.put("radiographs", rendition_key(film.film, rendition), data, media)

    def _remove_raw(self, receipt: Receipt) -> None:
        self._raw.remove_dropped(receipt)
        self._quarantine.remove(receipt)

    def _reject(self, task: _Task, refusal: Refusal) -> None:
        reject(self._rows.receipts, task.receipt, refusal, task.cause)

    def _all(self, steps: Sequence[Callable[[], None]]) -> None:
        """Run every step to its end, several at a time, then raise the first error, if any."""
        running = [self._threads.submit(step) for step in steps]
        errors = [error for future in running if (error := future.exception()) is not None]
        if errors:
            raise errors[0]


def build(settings: Settings, model: PooledFeatures) -> IngestHandler:
    """Return the handler on the real stores and decoding children, which asks this model.

    Its `close` ends the children and the connections.
    """
    rows, objects = connect_rows(settings), connect_objects(settings)
    chest = ChestCheck(rows.models, objects, model)
    text = None
    if settings.look_for_text:
        # As many readers as decoding children: a film is decoded, or looked at, on each core.
        readers = [RapidReader() for _ in range(settings.decode_processes)]
        text = TextLook(readers, Marks(settings.own_marks.split(",")))
    decoder = Decoder(settings, patience=Patience())
    return IngestHandler(settings, rows, objects, decoder, chest, text=text)
