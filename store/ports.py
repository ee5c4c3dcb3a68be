"""The stores as their users see them: one Protocol per subject.

Real ones are in the files named after their subject; fakes with the same behaviour are in
tests/fakes/. One contract test runs on both. Every method is one transaction; a method that
takes `events` puts them in the outbox in that same transaction. All may raise Unavailable;
those of a person also Forbidden, NotFound and Conflict; bad values raise Dead. Whatever writes of
a film raises Erased (a NotFound) once that film was erased.

A film that is private is there for the accounts of its own site alone: for another account every
method leaves it out, or raises NotFound as if it were not there. `account` None is a program,
which sees every film; web's login role may not leave it out (Forbidden).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from schemas.envelope import Message
from schemas.models import ModelManifest
from schemas.provenance import Sharing
from store.filling import Filling
from store.records import (
    Account,
    Analysis,
    AuditRow,
    Candidate,
    Comment,
    Drop,
    Erasure,
    Fact,
    Film,
    FilmDetail,
    FilmPage,
    LabelRow,
    LabelSource,
    Letter,
    LetterState,
    ModelRow,
    ModelState,
    Neighbour,
    Once,
    OutboxRow,
    Part,
    Reading,
    Receipt,
    ReceiptState,
    Rendition,
    Role,
    SaidBefore,
)
from store.records_manifests import ManifestLine, ManifestSummary


class Receipts(Protocol):
    """Drops and what became of them."""

    def open_many(self, drops: Sequence[Drop]) -> list[Receipt]:
        """Return each drop's receipt as it now stands, made in state `received` where new."""
        ...

    def open_with_event(self, drops: Sequence[Drop]) -> list[Receipt]:
        """The same, with `object.uploaded` for each receipt that is new (web, reconciler)."""
        ...

    def get(self, receipt: UUID, *, account: UUID | None = None) -> Receipt | None:
        """Return one receipt; to an account its own, to stewards and admins those of their site.

        A film that this account does not see is not named in it.
        """
        ...

    def find(
        self, bucket: str, key: str, limit: int = 50, *, account: UUID | None = None
    ) -> list[Receipt]:
        """Return the receipts of one object, newest first; compared by a keyed code of the key.

        To an account as `get` does.
        """
        ...

    def missing(self, drops: Sequence[Drop]) -> list[Drop]:
        """Return those of the drops that have no receipt yet (reconciler)."""
        ...

    def accept(
        self,
        receipt: Receipt,
        film: Film,
        events: Sequence[Message],
        *,
        also: Sequence[str] = (),
        contradicts: Sequence[Fact] = (),
        raw_code: str | None = None,
        by_bytes: bool = False,
    ) -> ReceiptState:
        """Store the film's row (once), tie the receipt to it, say the events.

        What was missing of a known film (patient, study, view, facts) is filled from this one;
        nothing is overwritten. Where they disagree the receipt says so in `contradicts`, with
        what the caller found, and a film of two patients is flagged `conflict`; a drop of another
        patient or study fills nothing. `also` are other codes of this drop's patient and study.
        `raw_code` is kept for `same_bytes`. by_bytes: the film was found by it; where it is gone
        by now, nothing is done and `received` comes back.

        Returns the receipt's new state: `accepted`; `analysed` when the film already has an
        analysis by the live model (then no work is asked: `analysis.requested*` among the events
        is left out); `rejected` with code `erased` when the film's tombstone stands, or that of
        the patient it says. A receipt in a later state keeps it; its events are said again.
        """
        ...

    def reject(
        self, receipt: Receipt, *, code: str, wanted: str, came: str, events: Sequence[Message]
    ) -> ReceiptState:
        """End the receipt as `rejected`, unless it has a later state. Returns its state."""
        ...

    def same_bytes(self, raw_code: str, site: str) -> SaidBefore | None:
        """Return what the first drop with this code said of its film, at this site.

        Only of a drop that was taken, whose film is here, and whose form told nothing of patient,
        exam and view.
        """
        ...

    def set_aside(self, receipt: Receipt) -> None:
        """Note that a drop's film takes long to decode. Repeatable; it is the last then."""
        ...

    def slow(self, limit: int) -> list[Receipt]:
        """Return drops that were set aside and are not at their end, longest first."""
        ...

    def kept(self, limit: int) -> list[Receipt]:
        """Return drops that were taken and whose `keep_until` is over, longest first."""
        ...

    def let_go(self, receipts: Sequence[UUID]) -> None:
        """Note that their versions are gone from dropzone: `kept` returns them no more."""
        ...

    def recent(self, account: UUID, limit: int = 100) -> list[Receipt]:
        """Return the account's own newest receipts (stewards and admins: their whole site's)."""
        ...


class Quarantine(Protocol):
    """Drops that wait for a steward, and what of refused ones may be deleted.

    A held drop is not a film yet: its bytes are in the bucket `quarantine`, under its receipt's
    id. Stewards and admins of its site decide.
    """

    def hold(
        self, receipt: Receipt, *, code: str, wanted: str, came: str, events: Sequence[Message]
    ) -> ReceiptState:
        """Make the receipt `quarantined`, unless it has a later state. Returns its state."""
        ...

    def waiting(
        self, *, account: UUID, limit: int = 50, after: UUID | None = None
    ) -> list[Receipt]:
        """Return what waits at the account's site, longest first, after that receipt."""
        ...

    def look(self, receipt: UUID, *, account: UUID) -> None:
        """Write to the audit that its picture was looked at.

        Raises NotFound for none of the site, Conflict unless it is `quarantined`; so do the
        decisions.
        """
        ...

    def release(
        self, receipt: UUID, *, account: UUID, black_out: Sequence[Part], event: Message
    ) -> None:
        """Let it come in again, as `received`, with parts of the film blacked out.

        `event` is its `object.uploaded`. Nothing holds it again.
        """
        ...

    def refuse(self, receipt: UUID, *, account: UUID, note: str) -> None:
        """End it as `rejected` with code `refused`; `note`, 1 to 500 characters, says why.

        The note is for its depositor alone: the event does not have it.
        """
        ...

    def expire(self, *, days: float, limit: int) -> int:
        """End what has waited longer, as `rejected` with code `expired`; return how many."""
        ...

    def unreadable(self, limit: int = ...) -> list[Receipt]:
        """Return drops that were refused as `unreadable-object`, longest first."""
        ...

    def again(self, receipt: UUID, *, event: Message) -> None:
        """Let one of these come in again, as `received`; `event` is its `object.uploaded`.

        Raises Conflict for any other.
        """
        ...

    def spent(self, *, days: float, limit: int) -> list[Receipt]:
        """Return refused drops whose bytes may go: after so long, of held ones at once.

        What could not be read is none of them.
        """
        ...

    def swept(self, receipt: UUID) -> None:
        """Note that its bytes are deleted."""
        ...


class Manifests(Protocol):
    """What manifests of bulk drops say of films, before or after these come."""

    def wait(self, manifest: Receipt) -> None:
        """Note that a manifest waits to be read. Repeatable."""
        ...

    def waiting(self, limit: int) -> list[Receipt]:
        """Return the first that are not at their end: what a person waits for, then by age."""
        ...

    def put(self, manifest: Receipt, lines: Sequence[ManifestLine]) -> None:
        """Keep a page of lines; none meets its film before `end`. Repeatable.

        Lines of one manifest on one film are one line in which what contradicts is left out
        (store/manifest_lines.py).
        """
        ...

    def end(self, manifest: Receipt, summary: ManifestSummary) -> None:
        """Let the lines meet the films that are here, and make the receipt `manifest`. Repeatable.

        A film that comes later meets its line by `Receipts.accept`, under one lock per key. A
        line fills what is missing of a film and adds labels (author `manifest`); it overwrites
        nothing but what an earlier manifest told of a finding under the same path, and where it
        disagrees the film's receipt says so. Of a film that comes later, only the newest line is
        asked, and of findings on which that is silent the one before. `summary.fates` is not
        read: `get` counts them.
        """
        ...

    def ending(self, manifest: Receipt, summary: ManifestSummary) -> Iterator[None]:
        """Do as `end` does, in pieces, each a short transaction; done when there are no more."""
        ...

    def get(self, receipt: UUID, *, account: UUID | None = None) -> ManifestSummary | None:
        """Return what became of a manifest, to whoever knows of its receipt."""
        ...


class Films(Protocol):
    """Films, their labels and their lists, as people and programs read them."""

    def get(self, film: str) -> Film | None:
        """Return one film's row."""
        ...

    def many(self, films: Sequence[str]) -> dict[str, Film]:
        """Return the rows of those that exist (workers)."""
        ...

    def seen(self, films: Sequence[str], *, account: UUID | None) -> dict[str, Film]:
        """Return the rows of those that exist and that this account sees."""
        ...

    def share(
        self, film: str, sharing: Sharing, licence: str | None, *, account: UUID | None
    ) -> Film:
        """Say who may see a film, and under which licence (of schemas/provenance.py).

        By a steward of the film's own site, or an admin who sees it. Raises Conflict when a film
        whose text check is not `clean` would leave `private`, or an open one would have no
        licence; Forbidden, NotFound.
        """
        ...

    def detail(self, film: str, *, account: UUID) -> FilmDetail:
        """Return all of one film and write `film.opened` to the audit. Raises NotFound."""
        ...

    def page(
        self,
        *,
        account: UUID,
        finding: str | None = None,
        minimum: float | None = None,
        label: int | None = None,
        source: LabelSource | None = None,
        state: str | None = None,
        updated_since: datetime | None = None,
        limit: int = 50,
        after: int | None = None,
    ) -> FilmPage:
        """Return a page, newest first, by keyset.

        `finding` with `minimum` (probability by the shown model), with `label` (1, 0, -1; with
        `source` of the label) or with `state` (suspected, borderline, not_suspected,
        not_assessed, unreliable); `state` alone also takes `analysed`, `waiting`, `read`,
        `unread`.
        """
        ...

    def rows(self, films: Sequence[str], *, account: UUID) -> FilmPage:
        """Return these films' rows in this order, leaving out those that are gone."""
        ...

    def add_labels(self, film: str, labels: Sequence[LabelRow]) -> None:
        """Add or replace labels of one source and author."""
        ...

    def remove_label(self, film: str, finding: str, source: LabelSource, author: str) -> None:
        """Remove one label."""
        ...

    def erase(self, film: str, *, account: UUID | None) -> None:
        """Remove the film's rows, leave a tombstone and `radiograph.erased`; who, as for share.

        Its receipts end as `rejected` with code `erased`, without key, file name and what the
        drop said; an Erasure keeps what there is to remove. Raises NotFound.
        """
        ...

    def lift_erasure(self, film: str, *, account: UUID | None) -> None:
        """Remove a tombstone, so that the film may be dropped again. Stewards, admins.

        Raises NotFound when it was not erased, Conflict while its objects are being removed.
        """
        ...

    def overrule(self, film: str, check: str, *, holds: bool, account: UUID | None) -> None:
        """Put a steward's word in the place of what the input check says. Stewards, admins.

        `check` is one of schemas.film_check.CORRECTED; its sureness becomes 1 or 0, and the audit
        keeps what it was. A film that becomes lateral, or is no more, loses its analyses: it is
        analysed anew. Raises NotFound.
        """
        ...

    def without_analysis(self, limit: int) -> list[str]:
        """Return films that the live model has not analysed and nobody waits for (reconciler).

        A film asked for in the last 10 minutes is waited for. Those waited for and those
        returned are together at most `limit`. A film with a dead letter of group `analyse`, open
        or discarded, from the time of this live model is passed over.
        """
        ...


class Patients(Protocol):
    """Patients by their pseudonym, which is all that is known of them."""

    def films(self, patient: str, *, account: UUID | None) -> list[str]:
        """Return the patient's films that this account decides over, oldest first."""
        ...

    def disputed(self, patient: str, *, account: UUID | None) -> list[str]:
        """Return films that a drop gives to this patient, though the row gives them to another."""
        ...

    def erase(self, patient: str, *, account: UUID | None) -> list[str]:
        """Erase every film of the patient in one transaction, and refuse new ones; return them.

        Every film that this account decides over (Films.share); the command line all.
        Each leaves its tombstone and event, as by `Films.erase`. Erasing again is done: no film
        is returned. Raises NotFound for a patient who has no film and was not erased.
        """
        ...

    def lift(self, patient: str, *, account: UUID | None) -> None:
        """Let the patient's films be dropped again, those erased with the patient too.

        Raises NotFound when the patient was not erased, Conflict while objects are being removed.
        """
        ...


class Erasures(Protocol):
    """Erased films whose objects are still to be removed (worker `erase`)."""

    def get(self, film: str) -> Erasure | None:
        """Return what there is to remove of a film; None when all is done."""
        ...

    def done(self, film: str) -> None:
        """Remember that the first pass is done."""
        ...

    def due(self, limit: int) -> list[Erasure]:
        """Return those whose second pass is due, longest due first."""
        ...

    def end(self, film: str) -> None:
        """Forget a film whose second pass is done; one that is not due yet stays."""
        ...


class Analyses(Protocol):
    """What models say of films."""

    def save(self, analyses: Sequence[Analysis], events: Sequence[Message]) -> None:
        """Store each analysis and its embedding once, move receipts to `analysed`, say events.

        An erased film is passed over without error. Wakes `receipt` listeners. Raises Unavailable
        for a film that searches would not find, since it lacks the embedding version they use:
        they moved after the caller had read Models.working; and for one whose `anew` is another.
        """
        ...

    def done(self, films: Sequence[str], model: int) -> set[str]:
        """Return those of the films which this model version has analysed."""
        ...

    def get(
        self, film: str, model: int | None = None, *, account: UUID | None = None
    ) -> Analysis | None:
        """Return one analysis: of this version, else the live one's, else the newest."""
        ...

    def request(self, films: Sequence[str], events: Sequence[Message]) -> None:
        """Put analysis requests in the outbox (reconciler)."""
        ...


class Vectors(Protocol):
    """Nearest films by embedding (pgvector)."""

    def nearest(
        self,
        film: str,
        *,
        count: int,
        finding: str | None = None,
        same_patient: bool = False,
        account: UUID | None = None,
        site: str | None = None,
    ) -> tuple[str, list[Candidate]]:
        """Return the embedding version searched and the nearest films, most alike first.

        Only films that the account sees; without an account, that accounts of `site` see.
        The film itself is left out; films of its patient too unless `same_patient` (compared by
        IS DISTINCT FROM: films without patient are strangers). `finding` keeps films that a
        physician or an import labels present, or, unlabelled, the shown model suspects. A filter
        that leaves under 20,000 films is searched exactly, else by iterative scan, and exactly
        where that finds too few; similarities are exact. Raises NotFound when the film has no
        embedding.
        """
        ...

    def alike(
        self, films: Sequence[str], least: float, *, account: UUID | None = None
    ) -> set[frozenset[str]]:
        """Return the pairs among these films whose cosine is over `least`, searched version."""
        ...

    def embedded(self, films: Sequence[str], version: str) -> set[str]:
        """Return those of the films that have an embedding of this version."""
        ...

    def version(self) -> str | None:
        """Return the embedding version that searches use, None before the first model."""
        ...

    def add(self, film: str, version: str, embedding: NDArray[np.float32]) -> None:
        """Add or replace one embedding, float32 (512,), unit length. NotFound without film."""
        ...

    def remove(self, film: str, version: str) -> None:
        """Remove one embedding."""
        ...


class Readings(Protocol):
    """What people say of films."""

    def record(
        self,
        film: str,
        labels: Mapping[str, int],
        *,
        account: UUID,
        answer_visible: bool,
        model: str | None,
        once: Once | None = None,
    ) -> Reading:
        """Save a reading with one `validation.recorded` per verdict, in one transaction.

        With `once`, the same asked again within a day gives the first reading and makes nothing.
        Raises InFlight while the first is being done, KeyReused for a key of something else.

        `answer_visible` is what the caller says; the row says yes as well when the server has
        shown this account the film's scores. `others_visible` is decided by the server.
        Radiologists, stewards and admins only.
        """
        ...

    def shown(self, film: str, *, account: UUID, answer: bool, others: bool) -> None:
        """Remember that this account has been shown the scores, or others' verdicts."""
        ...

    def comment(self, film: str, text: str, *, account: UUID, once: Once | None = None) -> Comment:
        """Add a comment with `comment.recorded`. Every role but viewer. `once` as in `record`.

        Raises NotFound where the comment that the same request made was removed since.
        """
        ...

    def remove_comment(self, comment: UUID, *, account: UUID | None) -> None:
        """Remove one's own comment; whoever decides over its film (Films.share) any."""
        ...


class Accounts(Protocol):
    """People and programs that sign in.

    `by` is None only for the command line (login role radiotheque_operator), and for anybody
    while there is no account at all. The last admin stays (Conflict).
    """

    def add(
        self,
        name: str,
        role: Role,
        password_hash: str,
        *,
        by: UUID | None,
        site: str | None = None,
    ) -> Account:
        """Add an account, of this installation's site unless another is said.

        `by` is an admin, of the same site. Names are unique, upper case like lower.
        """
        ...

    def remove(self, account: UUID, *, by: UUID | None) -> None:
        """Remove an account; what it said stays under its pseudonym."""
        ...

    def set_role(self, account: UUID, role: Role, *, by: UUID | None) -> Account:
        """Give another role."""
        ...

    def set_password(self, account: UUID, password_hash: str, *, by: UUID | None) -> None:
        """Change a password (one's own, or any by an admin; None from the command line)."""
        ...

    def get(self, account: UUID) -> Account | None:
        """Return an account that may sign in."""
        ...

    def for_sign_in(self, name: str) -> tuple[Account, str] | None:
        """Return the account and its password hash, None if unknown or disabled."""
        ...

    def signed_in(self, account: UUID | None, name: str, *, success: bool) -> None:
        """Write a sign-in, or a refused one, to the audit."""
        ...

    def add_token(
        self, account: UUID, token_sha256: bytes, label: str, *, by: UUID | None
    ) -> UUID:
        """Add a bearer token, of which only the hash is kept."""
        ...

    def by_token(self, token_sha256: bytes) -> Account | None:
        """Return the account a token stands for."""
        ...

    def remove_token(self, token: UUID, *, by: UUID | None) -> None:
        """Remove a token."""
        ...

    def list(self, *, by: UUID | None) -> list[Account]:
        """Return all accounts (admins)."""
        ...


class Letters(Protocol):
    """Dead letters."""

    def add(self, letter: Letter, events: Sequence[Message]) -> None:
        """Keep a dead letter once per origin and group, with its event; its receipt fails."""
        ...

    def list(
        self,
        state: LetterState | None = "open",
        limit: int = 100,
        *,
        account: UUID | None = None,
    ) -> list[Letter]:
        """Return letters, newest first; to stewards and admins, not those of other sites' drops.

        A letter that names neither a drop nor a film is every steward's.
        """
        ...

    def get(self, letter: UUID, *, account: UUID | None = None) -> Letter | None:
        """Return one letter, to an account as `list` does."""
        ...

    def replay(self, letter: UUID, *, account: UUID | None) -> Letter:
        """Mark it replayed and publish its bytes again (outbox), with header `replay-for`.

        `account` is a steward or admin, None from the command line. Raises NotFound, Conflict.
        """
        ...

    def discard(self, letter: UUID, *, account: UUID | None) -> Letter:
        """Mark it discarded."""
        ...

    def open_count(self) -> int:
        """Return how many are open."""
        ...


class Models(Protocol):
    """Registered model versions."""

    def live(self) -> ModelRow | None:
        """Return the live version."""
        ...

    def wanted(self) -> list[ModelRow]:
        """Return the rows live, former and candidate: what Triton should have loaded."""
        ...

    def get(self, version: int) -> ModelRow | None:
        """Return one version in whatever state, None where there is none."""
        ...

    def working(self) -> list[ModelRow]:
        """Return the models that a new film is given to, the live one first; [] without one.

        The second, if any, is the newest (a candidate last) of the embedding version that
        searches still use while the live model's is being filled.
        """
        ...

    def all(self) -> list[ModelRow]:
        """Return every registered version, in order."""
        ...

    def filling(self) -> Filling | None:
        """Return how far the live model's embeddings are; None when searches use them."""
        ...

    def register(self, manifest: ModelManifest, state: ModelState) -> ModelRow:
        """Add a version. Registering it again with the same manifest changes nothing."""
        ...

    def set_live(self, version: int) -> ModelRow:
        """Make a version live; the one before becomes `former`.

        Its analyses are shown at once. Searches move to its embeddings when they find every film
        by them: now, or when `Films.without_analysis` next looks.
        """
        ...


class Outbox(Protocol):
    """Messages that wait to be published."""

    def add(self, messages: Sequence[Message]) -> None:
        """Say these again (a repeat), in a transaction of their own."""
        ...

    def pending(self, limit: int) -> list[OutboxRow]:
        """Return the oldest unpublished ones; none while another relay holds the lock."""
        ...

    def published(self, numbers: Sequence[int]) -> None:
        """Mark as published."""
        ...

    def depth(self) -> int:
        """Return how many wait."""
        ...

    def purge(self, older_than_s: float) -> int:
        """Delete those published longer ago than this; return how many."""
        ...


class Signals(Protocol):
    """PostgreSQL's NOTIFY, as a wake-up only: what is true is read from rows."""

    def listen(self, channel: str, timeout_s: float) -> Iterable[str]:
        """Yield payloads of `outbox` or `receipt` until the time is over or the caller stops."""
        ...


class Audit(Protocol):
    """The append-only journal."""

    def list(self, *, by: UUID | None, limit: int = 100) -> list[AuditRow]:
        """Return the newest rows (admins, stewards; the command line all of them).

        Of a site: what its people did and what was done to its films.
        """
        ...

    def write(self, account: UUID | None, action: str, subject: str | None) -> None:
        """Append what no other function writes by itself (image or list downloaded)."""
        ...


class Rows(Protocol):
    """All of PostgreSQL, by subject. Made by `store.rows.connect(settings)`."""

    @property
    def receipts(self) -> Receipts:
        """Return drops and what became of them."""
        ...

    @property
    def quarantine(self) -> Quarantine:
        """Return what waits for a steward."""
        ...

    @property
    def manifests(self) -> Manifests:
        """Return what manifests say of films."""
        ...

    @property
    def films(self) -> Films:
        """Return films, their labels and lists."""
        ...

    @property
    def analyses(self) -> Analyses:
        """Return what models say of films."""
        ...

    @property
    def vectors(self) -> Vectors:
        """Return nearest films by embedding."""
        ...

    @property
    def readings(self) -> Readings:
        """Return what people say of films."""
        ...

    @property
    def accounts(self) -> Accounts:
        """Return people and programs."""
        ...

    @property
    def letters(self) -> Letters:
        """Return dead letters."""
        ...

    @property
    def models(self) -> Models:
        """Return model versions."""
        ...

    @property
    def outbox(self) -> Outbox:
        """Return messages that wait to be published."""
        ...

    @property
    def signals(self) -> Signals:
        """Return wake-ups."""
        ...

    @property
    def audit(self) -> Audit:
        """Return the journal."""
        ...

    @property
    def patients(self) -> Patients:
        """Return patients by their pseudonym."""
        ...

    @property
    def erasures(self) -> Erasures:
        """Return what is still to be removed."""
        ...

    def ping(self) -> None:
        """Raise Unavailable unless the database answers."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


class Objects(Protocol):
    """Buckets of objects. Bucket names are the plain ones; Settings.bucket adds the prefix.

    Every call raises Unavailable while the store is down, and, about one object, BadObject for
    one that a store which works cannot give, take or remove.
    """

    def put(
        self,
        bucket: str,
        key: str,
        data: bytes,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        """Store bytes; return the version id ("" in an unversioned bucket).

        `metadata` is kept with them and is in dropzone's notification: ASCII, no private word.
        """
        ...

    def chunks(
        self, bucket: str, key: str, version: str | None = None, limit_bytes: int = ...
    ) -> Iterator[bytes]:
        """Yield an object piece by piece, so that its size needs no memory.

        Raises NotFound when it is gone, ValueError when over the limit: before any piece.
        """
        ...

    def metadata(self, bucket: str, key: str, version: str | None = None) -> dict[str, str]:
        """Return what was said with an object, by names in small letters. Raises NotFound.

        Its media type is among it, as `Content-Type`.
        """
        ...

    def put_file(
        self, bucket: str, key: str, path: Path, metadata: Mapping[str, str] | None = None
    ) -> str:
        """Store a file without reading it whole into memory; return the version id."""
        ...

    def read(
        self, bucket: str, key: str, version: str | None = None, limit_bytes: int = ...
    ) -> bytes:
        """Return an object. Raises NotFound when it is gone, ValueError when over the limit.

        The limit holds for what is stored, which is what is read: nothing decodes it. Without
        one, no more than a gigabyte is read.
        """
        ...

    def remove(self, bucket: str, key: str, version: str | None = None) -> None:
        """Remove an object, or one version of it. Removing what is gone is done."""
        ...

    def versions(self, bucket: str, prefix: str = "") -> Iterable[tuple[str, str, int, datetime]]:
        """Yield (key, version, size, last modified), delete markers left out."""
        ...

    def ping(self) -> None:
        """Raise Unavailable unless the store answers."""
        ...


class Cache(Protocol):
    """Redis: ids and similarities only. Losing it loses only time."""

    def get_similar(self, key: str) -> tuple[Neighbour, ...] | None:
        """Return a cached answer; None when there is none or the cache is down."""
        ...

    def put_similar(self, key: str, answer: Sequence[Neighbour], ttl_s: int) -> None:
        """Keep an answer; does nothing when the cache is down."""
        ...

    def forget(self, film: str) -> None:
        """Remove every answer about this film or with it in (erasure).

        Raises Unavailable when the cache is down: what is kept there would come back with it.
        """
        ...

    def ping(self) -> None:
        """Raise Unavailable unless the cache answers."""
        ...


class Publisher(Protocol):
    """What the relay writes to."""

    def publish(self, rows: Sequence[OutboxRow]) -> list[int]:
        """Publish and wait; return the numbers of the rows that the brokers have."""
        ...


Clock = Callable[[], float]


def held_key(receipt: UUID | str, what: str) -> str:
    """Return the key in bucket `quarantine` of a held drop's `raw` file or `display` picture."""
    return f"{receipt}/{what}"


def rendition_key(film: str, rendition: Rendition) -> str:
    """Return the key in bucket `radiographs`: 2-digit fan-out, film, rendition and extension."""
    extension = "png" if rendition == "full" else "jpg"
    return f"{film[:2]}/{film}/{rendition}.{extension}"
