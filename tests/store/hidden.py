"""What a stranger may ask of a private film: every granted function that takes or gives one.

Each call is made with an account and a `Subject`: the private film and all that hangs on it, or
one of the same shape that never was. A stranger must not be able to tell the two apart.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from schemas.envelope import to_message
from schemas.events import ObjectUploaded
from store.ports import Rows
from store.records import Account, Film, Once, Role
from tests.fakes.rows_tables import now


@dataclass(frozen=True)
class Subject:
    """A film and what hangs on it, by their names."""

    film: str
    erased: str
    patient: str
    disputed: str
    erased_patient: str
    comment: UUID
    receipt: UUID
    letter: UUID
    key: str
    held: UUID
    manifest: UUID


@dataclass
class House:
    """A store with the films of two sites, as its command line and as web see it."""

    rows: Rows
    web: Rows
    theirs: Subject
    nobodys: Subject
    film: Film
    own: Film
    people: dict[str, dict[Role, Account]]

    def direct(self, function: str, **values: Any) -> Any:
        """Call a function as web's login role; on fakes, what stands for it: the whole film."""
        database = getattr(self.web, "database", None)
        if database is None:
            return self.web.films.detail(values["film"], account=values["account"])
        return database.rows(function, **values)


Call = Callable[[House, Account, Subject], Any]


def _ids(rows: Any, film: str) -> list[str]:
    return [row.film.id for row in rows.items if row.film.id == film]


def _page(**filters: Any) -> Call:
    def call(house: House, who: Account, subject: Subject) -> Any:
        given = {name: value() if callable(value) else value for name, value in filters.items()}
        found = house.web.films.page(account=who.id, **given)
        first = house.web.films.page(account=who.id, **given | {"limit": 1})
        # That there is a next page would say that there is a film to fill it.
        return _ids(found, subject.film), _ids(first, subject.film)

    return call


def _nearest_of_own(house: House, who: Account, subject: Subject) -> Any:
    version, near = house.web.vectors.nearest(house.own.id, count=9, account=who.id)
    return version, [row for row in near if row.film == subject.film]


def _alike(house: House, who: Account, subject: Subject) -> Any:
    pairs = house.web.vectors.alike([subject.film, house.own.id], -2.0, account=who.id)
    return [pair for pair in pairs if subject.film in pair]


def _record(house: House, who: Account, subject: Subject) -> Any:
    house.web.readings.record(
        subject.film, {"Edema": 1}, account=who.id, answer_visible=False, model=None
    )


def _comment(house: House, who: Account, subject: Subject) -> Any:
    house.web.readings.comment(subject.film, "seen", account=who.id)


def _record_once(house: House, who: Account, subject: Subject) -> Any:
    once = Once("a key", b"a reading")
    house.web.readings.record(
        subject.film, {"Edema": 1}, account=who.id, answer_visible=False, model=None, once=once
    )


def _keep_once(house: House, who: Account, subject: Subject) -> Any:
    code, made = bytes(32), UUID(int=1)
    house.direct(
        "once_keep", film=subject.film, account=who.id, kind="reading", key=code, said=code,
        made=made,
    )  # fmt: skip


def _release(house: House, who: Account, subject: Subject) -> Any:
    event = to_message(ObjectUploaded(receipt=subject.held), site="north")
    house.web.quarantine.release(subject.held, account=who.id, black_out=[], event=event)


#: By function of schema api: what is asked of it. What takes no account is below.
HIDDEN: Final[dict[str, tuple[Call, ...]]] = {
    "analyses_get": (lambda h, who, s: h.web.analyses.get(s.film, account=who.id),),
    "audit_list": (
        lambda h, who, s: [row for row in h.web.audit.list(by=who.id) if row.subject == s.film],
    ),
    "audit_write": (lambda h, who, s: h.web.audit.write(who.id, "image.downloaded", s.film),),
    "comments_add": (_comment,),
    "comments_of": (lambda h, who, s: h.direct("comments_of", film=s.film, account=who.id),),
    "comments_remove": (
        lambda h, who, s: h.web.readings.remove_comment(s.comment, account=who.id),
    ),
    "films_erase": (lambda h, who, s: h.web.films.erase(s.film, account=who.id),),
    "films_lift_erasure": (lambda h, who, s: h.web.films.lift_erasure(s.erased, account=who.id),),
    "films_open": (
        lambda h, who, s: h.web.films.detail(s.film, account=who.id),
        # Erased: that it was is told only to whoever could have seen it.
        lambda h, who, s: h.web.readings.shown(s.erased, account=who.id, answer=True, others=True),
    ),
    "films_overrule": (
        lambda h, who, s: h.web.films.overrule(s.film, "inverted", holds=True, account=who.id),
    ),
    "films_page": (
        _page(),
        _page(finding="Edema", minimum=0.5),
        _page(finding="Edema", label=1),
        _page(finding="Edema", source="imported"),
        _page(finding="Edema", state="suspected"),
        _page(state="analysed"),
        _page(state="read"),
        _page(updated_since=lambda: now().replace(year=2000)),
    ),
    "films_provenance": (
        lambda h, who, s: h.direct("films_provenance", film=s.film, account=who.id),
    ),
    "films_rows": (
        lambda h, who, s: _ids(h.web.films.rows([h.own.id, s.film], account=who.id), s.film),
    ),
    "films_seen": (lambda h, who, s: h.web.films.seen([s.film], account=who.id),),
    "films_share": (
        lambda h, who, s: h.web.films.share(s.film, "library", "CC0-1.0", account=who.id),
        lambda h, who, s: h.web.films.share(s.film, "private", None, account=who.id),
    ),
    "letters_discard": (lambda h, who, s: h.web.letters.discard(s.letter, account=who.id),),
    "letters_get": (lambda h, who, s: h.web.letters.get(s.letter, account=who.id),),
    "letters_list": (
        lambda h, who, s: [
            row for row in h.web.letters.list(None, account=who.id) if row.id == s.letter
        ],
    ),
    "letters_replay": (lambda h, who, s: h.web.letters.replay(s.letter, account=who.id),),
    "manifests_get": (lambda h, who, s: h.web.manifests.get(s.manifest, account=who.id),),
    "patients_disputed": (lambda h, who, s: h.web.patients.disputed(s.disputed, account=who.id),),
    "patients_erase": (lambda h, who, s: h.web.patients.erase(s.patient, account=who.id),),
    "patients_films": (lambda h, who, s: h.web.patients.films(s.patient, account=who.id),),
    "patients_lift": (lambda h, who, s: h.web.patients.lift(s.erased_patient, account=who.id),),
    "quarantine_look": (lambda h, who, s: h.web.quarantine.look(s.held, account=who.id),),
    "quarantine_refuse": (
        lambda h, who, s: h.web.quarantine.refuse(s.held, account=who.id, note="no"),
    ),
    "quarantine_release": (_release,),
    "quarantine_waiting": (
        lambda h, who, s: [
            row for row in h.web.quarantine.waiting(account=who.id) if row.id == s.held
        ],
    ),
    "readings_of": (lambda h, who, s: h.direct("readings_of", film=s.film, account=who.id),),
    "once_find": (_record_once,),
    "once_keep": (_keep_once,),
    "readings_record": (_record,),
    "readings_shown": (
        lambda h, who, s: h.web.readings.shown(s.film, account=who.id, answer=True, others=True),
    ),
    "receipts_find": (lambda h, who, s: h.web.receipts.find("dropzone", s.key, account=who.id),),
    "receipts_get": (lambda h, who, s: h.web.receipts.get(s.receipt, account=who.id),),
    "receipts_recent": (
        lambda h, who, s: [row for row in h.web.receipts.recent(who.id) if row.id == s.receipt],
    ),
    "vectors_alike": (_alike,),
    "vectors_nearest": (
        _nearest_of_own,
        lambda h, who, s: h.web.vectors.nearest(s.film, count=9, account=who.id),
    ),
}

#: What web may call that gives no film and takes none, and why.
NO_FILM: Final[dict[str, str]] = {
    "accounts_add": "accounts only",
    "accounts_add_token": "accounts only",
    "accounts_by_token": "accounts only",
    "accounts_for_sign_in": "accounts only",
    "accounts_get": "accounts only",
    "accounts_list": "accounts only",
    "accounts_remove": "accounts only",
    "accounts_remove_token": "accounts only",
    "accounts_set_password": "accounts only",
    "accounts_set_role": "accounts only",
    "accounts_signed_in": "accounts only",
    "letters_open_count": "one number of the whole installation",
    "models_get": "models only",
    "models_live": "models only",
    "models_wanted": "models only",
    "outbox_add": "takes messages that web has made of what it just did",
    "outbox_depth": "one number of the whole installation",
    "receipts_open": "makes the receipt of an object that web itself put under a new key",
    "vectors_version": "the name of an embedding version",
}

#: What only programs may call: they take no account, and work on every film.
PROGRAMS: Final = frozenset(
    {
        "analyses_done",
        "analyses_request",
        "analyses_save",
        "erasures_done",
        "erasures_due",
        "erasures_end",
        "erasures_get",
        "films_add_labels",
        "films_many",
        "films_without_analysis",
        "letters_add",
        "manifests_end",
        "manifests_hold",
        "manifests_join",
        "manifests_put",
        "manifests_read",
        "manifests_wait",
        "manifests_waiting",
        "models_all",
        "models_register",
        "models_set_live",
        "models_working",
        "outbox_pending",
        "outbox_published",
        "outbox_purge",
        "outbox_take",
        "quarantine_expire",
        "quarantine_hold",
        "quarantine_spent",
        "quarantine_swept",
        "receipts_accept",
        "receipts_kept",
        "receipts_let_go",
        "receipts_missing",
        "receipts_reject",
        "receipts_same_bytes",
        "receipts_set_aside",
        "receipts_slow",
        "vectors_embedded",
    }
)
