from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from ingest.black_out import black_out as blacked_out
from ingest.decoder import TakesLong
from ingest.deidentify import deidentify
from ingest.handler import IngestHandler
from ingest.manifest_reader import ManifestReader
from ingest.readers import read_film
from ingest.renditions import Developed, develop
from ingest.says import FileSays
from ingest.taken import TakenDrops
from schemas.deposits import deposit_folder, film_key
from schemas.envelope import Message, from_record
from schemas.errors import Dead, Doubt, Refusal, Unavailable
from schemas.events import RadiographReceived, RadiographRejected
from schemas.identities import film_id
from schemas.presentation import AS_STORED, Presentation
from store.log import Record
from store.ports import rendition_key
from store.records import Drop, Film, FormSays, Part, Receipt, ReceiptState, Rendition
from store.records_manifests import LineFates
from store.settings import Settings
from tests.fakes.chest import SIDE, FakeChest
from tests.fakes.objects import FakeObjects, notification
from tests.fakes.rows import FakeRows
from tests.fakes.settings import fake_settings
from tests.ingest.films import drawn, jpeg_of, png_of

HARD_KEYS = ("a b/c+d.png", "100%2F.png", "été/🫁.png")
RENDITIONS: tuple[Rendition, ...] = ("full", "display", "thumbnail")


class DevelopedHere:
    """Develops in this process; `seen` counts, `closed` remembers."""

    def __init__(self) -> None:
        self.seen = 0
        self.closed = False
        self.says = FileSays("png")
        #: What is in films that take long.
        self.slow = b"takes long"
        self.presentation = AS_STORED

    def develop(
        self,
        data: bytes,
        black_out: Sequence[Part] = (),
        side: int = 0,
        presentation: Presentation | None = None,
        *,
        patient: bool = False,
    ) -> Developed:
        self.seen += 1
        if self.slow in data and not patient:
            raise TakesLong
        if data == b"bug":
            raise ZeroDivisionError
        how = presentation or self.presentation
        samples = blacked_out(read_film(data, 1_000_000), black_out, self.presentation.orientation)
        return develop(samples, self.says, side, how)

    def close(self) -> None:
        self.closed = True


class House:
    """The handler on stores in memory, and the records that drops make."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or fake_settings()
        self.told: list[Record] = []
        self.objects = FakeObjects(on_put=self._tell)
        self.rows = FakeRows()
        self.decoder = DevelopedHere()
        self.chest = FakeChest()
        self.handler = IngestHandler(
            self.settings, self.rows, self.objects, self.decoder, self.chest
        )

    def _tell(self, key: str, value: bytes) -> None:
        self.told.append(created(value, len(self.told), key.encode()))

    def drop(self, key: str, data: bytes) -> Record:
        self.objects.put("dropzone", key, data)
        return self.told[-1]

    def receipt(self, record: Record) -> Receipt:
        identity = self.handler.receipt_of(record)
        assert identity is not None
        receipt = self.rows.receipts.get(identity)
        assert receipt is not None
        return receipt

    def read_manifests(self) -> None:
        """Read what waits to its end, and let go what is due."""
        reader = ManifestReader(self.settings, self.rows, self.objects)
        while reader.turn():
            pass
        TakenDrops(self.rows.receipts, self.objects).once()

    def said(self, topic: str) -> list[Message]:
        return [message for message in self.rows.outbox.messages if message.topic == topic]

    def raw(self) -> list[str]:
        return [key for key, _, _, _ in self.objects.versions("dropzone")]


def created(value: bytes, offset: int = 0, key: bytes = b"dropzone/x") -> Record:
    return Record("object.created", 0, offset, key, {}, value, 0)


def uploaded(message: Message) -> Record:
    headers = {name: value.encode() for name, value in message.headers.items()}
    return Record(message.topic, 0, 0, message.key.encode(), headers, message.value, 0)


@pytest.fixture
def house() -> House:
    return House()


@pytest.mark.parametrize("key", HARD_KEYS)
def test_a_dropped_film_is_stored_and_its_raw_version_goes_last(house: House, key: str) -> None:
    film = drawn()
    record = house.drop(key, png_of(film))
    house.handler.handle([record])
    receipt = house.receipt(record)
    assert (receipt.state, receipt.film) == ("accepted", film_id(film))
    keys = {rendition_key(film_id(film), rendition) for rendition in RENDITIONS}
    assert set(house.objects.keys("radiographs")) == keys
    assert house.objects.calls[-1][:2] == ("remove", "dropzone")
    assert house.raw() == []
    row = house.rows.films.get(film_id(film))
    assert row is not None
    assert (row.width, row.height, row.bits, len(row.signature)) == (72, 80, 8, 1024)


def test_a_bulk_drop_says_received_and_asks_in_the_bulk_lane(house: House) -> None:
    record = house.drop("a", png_of(drawn()))
    house.handler.handle([record])
    receipt = house.receipt(record)
    [received] = house.said("radiograph.received")
    event = from_record(*_carried(received)).event
    assert isinstance(event, RadiographReceived)
    assert (event.receipt, event.received_at) == (receipt.id, receipt.created_at)
    assert len(house.said("analysis.requested.bulk")) == 1
    assert house.said("analysis.requested") == []


def _carried(message: Message) -> tuple[str, dict[str, bytes], bytes]:
    headers = {name: value.encode() for name, value in message.headers.items()}
    return message.topic, headers, message.value


def test_an_upload_goes_by_the_first_lane_with_its_cause(house: House) -> None:
    version = house.objects.put("dropzone", "uploads/1", jpeg_of(drawn()))
    drop = Drop("dropzone", "uploads/1", version, 9, "first", "test", "upload", "Dupont.jpg")
    house.rows.receipts.open_with_event([drop])
    [asked] = house.said("object.uploaded")
    house.handler.handle([uploaded(asked)])
    [requested] = house.said("analysis.requested")
    assert requested.headers["ce_causeid"] == str(asked.id)
    # MinIO's own notification of the same version comes later: a repeat.
    house.handler.handle([house.told[-1]])
    assert house.decoder.seen == 1
    assert len(house.said("analysis.requested")) == 1
    assert house.receipt(house.told[-1]).filename == "Dupont.jpg"
    assert not any(b"Dupont" in message.value for message in house.rows.outbox.messages)


def test_the_same_record_five_times_is_one_film_decoded_once(house: House) -> None:
    record = house.drop("a", png_of(drawn()))
    house.handler.handle([record, record])
    for _ in range(3):
        house.handler.handle([record])
    assert house.decoder.seen == 1
    assert len(house.said("radiograph.received")) == 1


def test_the_same_film_five_times_is_one_film_with_five_receipts(house: House) -> None:
    film = drawn()
    files = [png_of(film), png_of(film, compress_level=9), png_of(film, dpi=(72, 72))]
    records = [house.drop(f"{place}.png", files[place % 3]) for place in range(5)]
    house.handler.handle(records)
    assert {house.receipt(record).film for record in records} == {film_id(film)}
    assert len(house.rows.tables.films) == 1
    assert len(house.objects.keys("radiographs")) == 3
    assert house.raw() == []


TURNED = Presentation(orientation=8, pixel_aspect=2.0)


def test_how_a_film_is_shown_is_in_its_row_and_its_event(house: House) -> None:
    house.decoder.presentation = TURNED
    house.handler.handle([house.drop("a.png", png_of(drawn()))])
    row = house.rows.films.get(film_id(drawn()))
    assert row is not None
    assert row.facts.presentation == TURNED
    assert row.facts.shown_as.shown_size(row.width, row.height) == (160, 72)
    event = from_record(*_carried(house.said("radiograph.received")[0])).event
    assert isinstance(event, RadiographReceived)
    assert event.facts is not None
    assert event.facts.presentation == TURNED


def test_a_film_that_is_turned_says_so_and_one_that_is_not_says_nothing(house: House) -> None:
    house.chest.says = {"cropped": 0.7}
    for number, how in enumerate((AS_STORED, TURNED)):
        house.decoder.presentation = how
        house.handler.handle([house.drop(f"{number}.png", png_of(drawn(seed=number)))])
        row = house.rows.films.get(film_id(drawn(seed=number)))
        assert row is not None
        flags = ("cropped", "turned") if number else ("cropped",)
        event = from_record(*_carried(house.said("radiograph.received")[-1])).event
        assert isinstance(event, RadiographReceived)
        assert row.flagged == event.flags == flags
        assert row.checks == event.checks


@pytest.mark.parametrize(
    ("said", "oriented", "side_view"),
    [
        (("F", "L"), True, False),
        (("L", "F"), True, False),
        (("LA", "F"), True, False),
        (("A", "F"), True, True),
        (("H", "PL"), True, True),
        (("A", "L"), False, False),
        (("L", "L"), False, False),
        ((), False, False),
    ],
)
def test_whoever_judges_a_film_is_told_whether_its_file_says_how_it_lies(
    house: House, said: tuple[str, ...], *, oriented: bool, side_view: bool
) -> None:
    house.decoder.says = FileSays("dicom", orientation=said)
    house.handler.handle([house.drop("a.png", png_of(drawn()))])
    assert house.chest.oriented == [oriented]
    assert house.chest.side_view == [side_view]


@pytest.mark.parametrize(("first", "then"), [(AS_STORED, TURNED), (TURNED, AS_STORED)])
def test_the_same_samples_that_are_to_be_shown_otherwise_are_shown_as_they_were(
    house: House, first: Presentation, then: Presentation
) -> None:
    house.decoder.presentation = first
    house.handler.handle([house.drop("a.png", png_of(drawn()))])
    film = film_id(drawn())
    shown = {
        key: house.objects.read("radiographs", key) for key in house.objects.keys("radiographs")
    }
    house.decoder.presentation = then
    house.handler.handle([house.drop("b.png", png_of(drawn()))])
    row = house.rows.films.get(film)
    assert row is not None
    assert row.facts.shown_as == first
    assert {key: house.objects.read("radiographs", key) for key in shown} == shown
    for said in house.said("radiograph.received"):
        event = from_record(*_carried(said)).event
        assert isinstance(event, RadiographReceived)
        assert event.facts is not None
        assert event.facts.presentation == first


def test_pictures_are_drawn_anew_where_another_drop_of_the_samples_was_first_just_now(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.decoder.presentation = TURNED
    house.handler.handle([house.drop("a.png", png_of(drawn()))])
    key = rendition_key(film_id(drawn()), "display")
    shown = house.objects.read("radiographs", key)
    house.decoder.presentation = AS_STORED
    get = house.rows.films.get
    seen: list[str] = []

    def not_yet(film: str) -> Film | None:
        seen.append(film)
        return get(film) if house.receipt(record).state == "accepted" else None

    monkeypatch.setattr(house.rows.films, "get", not_yet)
    record = house.drop("b.png", png_of(drawn()))
    house.handler.handle([record])
    assert len(seen) > 1
    assert house.objects.read("radiographs", key) == shown


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_versions_under_one_key_are_two_drops_in_any_order(
    house: House, order: tuple[int, int]
) -> None:
    records = [house.drop("same.png", png_of(drawn(seed=seed))) for seed in (1, 2)]
    house.handler.handle([records[order[0]]])
    assert len(house.raw()) == 1
    house.handler.handle([records[order[1]]])
    films = [house.receipt(record).film for record in records]
    assert films == [film_id(drawn(seed=seed)) for seed in (1, 2)]
    assert house.raw() == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"no picture", "not-an-image"),
        (png_of(drawn())[:-30], "truncated"),
        (png_of(drawn(60, 200)), "too-small"),
        (b"GIF89a" + bytes(100), "unsupported"),
    ],
)
def test_a_refused_drop_says_why_and_its_raw_version_stays(
    house: House, data: bytes, code: str
) -> None:
    record = house.drop("Dupont.png", data)
    house.handler.handle([record])
    receipt = house.receipt(record)
    assert (receipt.state, receipt.code) == ("rejected", code)
    assert receipt.wanted
    assert receipt.came
    [message] = house.said("radiograph.rejected")
    event = from_record(*_carried(message)).event
    assert isinstance(event, RadiographRejected)
    assert (event.code, event.receipt) == (code, receipt.id)
    assert "Dupont" not in message.value.decode()
    assert house.raw() == ["Dupont.png"]
    house.handler.handle([record])
    assert len(house.said("radiograph.rejected")) == 1


def test_a_file_over_the_limit_is_not_read() -> None:
    house = House(fake_settings(file_limit_bytes=100))
    record = house.drop("a", png_of(drawn()))
    house.handler.handle([record])
    assert house.receipt(record).code == "too-large"
    assert house.decoder.seen == 0


def test_an_object_that_is_gone_is_refused_unless_its_receipt_went_further(house: House) -> None:
    record = house.drop("a", png_of(drawn()))
    [(_, version, _, _)] = house.objects.versions("dropzone")
    house.objects.remove("dropzone", "a", version)
    house.handler.handle([record])
    assert house.receipt(record).code == "object-gone"
    good = house.drop("b", png_of(drawn()))
    house.handler.handle([good])
    house.handler.handle([good])
    assert house.receipt(good).state == "accepted"


def test_one_bad_film_in_a_batch_leaves_the_others_alone(house: House) -> None:
    films = [png_of(drawn(seed=seed)) for seed in range(6)]
    records = [house.drop(str(place), data) for place, data in enumerate([*films, b"bad"])]
    house.handler.handle(records)
    states = [house.receipt(record).state for record in records]
    assert states == ["accepted"] * 6 + ["rejected"]


@pytest.mark.parametrize("step", range(5))
def test_an_outage_at_any_step_is_raised_and_a_repeat_ends_the_film(step: int) -> None:
    house = House()
    record = house.drop("a", png_of(drawn()))
    break_after(house.objects, step)
    # read, three puts, remove
    with pytest.raises(Unavailable):
        house.handler.handle([record])
    house.handler.handle([record])
    assert house.receipt(record).state == "accepted"
    assert house.raw() == []
    assert len(house.said("radiograph.received")) == 1
    assert len(house.objects.keys("radiographs")) == 3


def break_after(objects: FakeObjects, answers: int) -> None:
    """Let this many more calls through, then fail one."""
    plain: Callable[[str, str, str], object] = objects._answered
    left = [answers]

    def counted(operation: str, bucket: str, key: str) -> object:
        if left[0] == 0:
            objects.fail_next = 1
        left[0] -= 1
        return plain(operation, bucket, key)

    objects._answered = counted  # type: ignore[assignment,method-assign]


def test_films_of_a_batch_that_were_finished_stay_finished(house: House) -> None:
    records = [house.drop(str(seed), png_of(drawn(seed=seed))) for seed in range(4)]
    house.objects.fail_next = 1
    with pytest.raises(Unavailable):
        house.handler.handle(records)
    states = sorted(house.receipt(record).state for record in records)
    assert states == ["accepted", "accepted", "accepted", "received"]
    house.handler.handle(records)
    assert house.decoder.seen == 4


def test_an_unexpected_error_is_raised_for_the_runtime_to_judge(house: House) -> None:
    with pytest.raises(ZeroDivisionError):
        house.handler.handle([house.drop("a", b"bug")])


def test_an_erased_film_leaves_nothing_behind(house: House) -> None:
    film = drawn()
    house.rows.tables.tombstones[film_id(film)] = None
    record = house.drop("a", png_of(film))
    house.handler.handle([record])
    assert house.receipt(record).code == "erased"
    assert house.objects.keys("radiographs") == []
    assert house.raw() == []


def test_a_drop_refused_for_its_patient_leaves_a_film_that_was_here_without_one(
    house: House,
) -> None:
    film = drawn()
    house.handler.handle([house.drop("a", png_of(film))])
    before = house.objects.keys("radiographs")
    record = house.drop("b", png_of(film))
    refused = house.rows.receipts.accept

    def accept(
        receipt: Receipt, film: Film, events: Sequence[Message], **others: Any
    ) -> ReceiptState:
        return refused(receipt, replace(film, patient="p1"), events, **others)

    house.rows.tables.tombstones["patient/p1"] = None
    house.rows.receipts.accept = accept  # type: ignore[method-assign]
    house.handler.handle([record])

    assert house.receipt(record).code == "erased"
    assert house.objects.keys("radiographs") == before != []
    assert house.raw() == []


def test_an_erased_film_is_forgotten_after_a_cut_as_well(house: House) -> None:
    film = drawn()
    house.rows.tables.tombstones[film_id(film)] = None
    record = house.drop("a", png_of(film))
    # read, three puts; then removing fails
    break_after(house.objects, 5)
    with pytest.raises(Unavailable):
        house.handler.handle([record])
    house.handler.handle([record])
    assert house.objects.keys("radiographs") == []
    assert house.raw() == []
    house.handler.handle([record])
    assert house.receipt(record).code == "erased"


def test_objects_of_other_buckets_make_no_receipt(house: House) -> None:
    record = created(notification("elsewhere", "a", "v", 1))
    house.handler.handle([record])
    assert house.handler.receipt_of(record) is None
    assert not house.rows.tables.receipts


def test_records_that_are_not_ours_are_dead(house: House) -> None:
    with pytest.raises(Dead):
        house.handler.handle([created(b"noise")])
    noise = Record("object.uploaded", 0, 0, None, {}, b"noise", 0)
    with pytest.raises(Dead):
        house.handler.handle([noise])
    assert house.handler.receipt_of(noise) is None
    assert house.handler.receipt_of(created(b"noise")) is None


def test_an_upload_without_a_receipt_is_dead(house: House) -> None:
    other = House()
    other.rows.receipts.open_with_event([Drop("dropzone", "k", "v", 1, "first", "test", "upload")])
    [asked] = other.said("object.uploaded")
    with pytest.raises(Dead, match="no receipt"):
        house.handler.handle([uploaded(asked)])
    assert house.handler.receipt_of(uploaded(asked)) is not None


def test_close_ends_the_decoder(house: House) -> None:
    house.handler.close()
    assert house.decoder.closed


SAYS = FileSays(
    "dicom",
    patient_id="PAT-needle",
    birth_date="19500607",
    sex="M",
    study="1.2.840.777",
    study_date="20180910",
    view="LL",
)


def test_what_a_file_says_is_kept_as_codes_in_row_and_event(house: House) -> None:
    house.decoder.says = SAYS
    record = house.drop("a", png_of(drawn()))
    house.handler.handle([record])
    row = house.rows.films.get(film_id(drawn()))
    [message] = house.said("radiograph.received")
    event = from_record(*_carried(message)).event
    assert row is not None
    assert isinstance(event, RadiographReceived)
    known = deidentify(
        SAYS, FormSays(), secret="test-site-secret", data_set=house.receipt(record).site
    )
    assert (row.patient, row.study, row.view) == (known.patient, known.study, "LATERAL")
    assert (event.patient, event.study, event.view) == (row.patient, row.study, row.view)
    assert event.facts == row.facts == known.facts
    assert row.facts.age == 68
    for private in (b"PAT-needle", b"19500607", b"20180910", b"2018-09-10", b"1.2.840.777"):
        assert private not in message.value


def test_what_the_form_said_reaches_the_film_and_where_it_disagrees_the_receipt(
    house: House,
) -> None:
    version = house.objects.put("dropzone", "uploads/1", png_of(drawn()))
    form = FormSays("a code", "a study", date(2018, 3, 1), "PA")
    drop = Drop("dropzone", "uploads/1", version, 9, "first", "test", "upload", form=form)
    house.rows.receipts.open_with_event([drop])
    house.handler.handle([uploaded(house.said("object.uploaded")[0])])
    row = house.rows.films.get(film_id(drawn()))
    assert row is not None
    assert (row.patient, row.study, row.view) == ("a code", "a study", "PA")
    assert row.facts.study_date == date(2018, 3, 1)

    house.decoder.says = SAYS
    version = house.objects.put("dropzone", "uploads/2", png_of(drawn(seed=2)))
    drop = Drop("dropzone", "uploads/2", version, 9, "first", "test", "upload", form=form)
    [receipt] = house.rows.receipts.open_with_event([drop])
    house.handler.handle([uploaded(house.said("object.uploaded")[1])])
    after = house.rows.receipts.get(receipt.id)
    assert after is not None
    assert after.contradicts == ("patient",)


@pytest.mark.parametrize("kind", [Refusal, Doubt])
def test_what_may_be_no_chest_film_has_no_row_no_pictures_and_is_never_analysed(
    house: House, kind: type[Refusal]
) -> None:
    house.chest.raises = kind("not-a-chest", wanted="a chest radiograph", came="a hand")
    record = house.drop("a", png_of(drawn()))
    house.handler.handle([record])
    receipt = house.receipt(record)
    assert receipt.state in {"rejected", "quarantined"}
    assert receipt.code == "not-a-chest"
    assert house.rows.tables.films == {}
    assert house.objects.keys("radiographs") == []
    assert house.said("analysis.requested.bulk") == house.said("radiograph.received") == []


def test_what_the_check_says_is_kept_with_the_film_and_told(house: House) -> None:
    house.decoder.says = FileSays("dicom", view="RL", age="016Y")
    house.chest.says = {"inverted": 0.93, "rotated": 0.1}
    record = house.drop("a", png_of(drawn()))
    house.handler.handle([record])
    row = house.rows.films.get(film_id(drawn()))
    assert row is not None
    said = {"lateral": 1.0, "child": 1.0, "inverted": 0.93, "rotated": 0.1}
    assert dict(row.checks) == said
    [received] = house.said("radiograph.received")
    event = from_record(*_carried(received)).event
    assert isinstance(event, RadiographReceived)
    assert event.checks == said
    assert event.flags == ("lateral", "inverted", "child")


def test_what_a_person_waits_for_is_judged_first(house: House) -> None:
    version = house.objects.put("dropzone", "uploads/1", png_of(drawn()))
    drop = Drop("dropzone", "uploads/1", version, 9, "first", "test", "upload")
    house.rows.receipts.open_with_event([drop])
    bulk = house.drop("a", png_of(drawn(seed=2)))
    house.handler.handle([uploaded(house.said("object.uploaded")[0]), bulk])
    assert sorted(house.chest.asked) == [((SIDE, SIDE), False), ((SIDE, SIDE), True)]


def test_a_film_waits_while_the_model_does_not_answer(house: House) -> None:
    def away(*_: Any, **__: Any) -> dict[str, float]:
        raise Unavailable("triton", "connection refused")

    record = house.drop("a", png_of(drawn()))
    judge, house.chest.judge = house.chest.judge, away  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        house.handler.handle([record])
    assert house.receipt(record).state == "received"
    assert house.objects.keys("radiographs") == []
    house.chest.judge = judge  # type: ignore[method-assign]
    house.handler.handle([record])
    assert house.receipt(record).state == "accepted"


def test_where_it_comes_from_reaches_the_film_which_stays_private_until_it_is_clean(
    house: House,
) -> None:
    says = {"statement": "2026-11", "source": "nih", "licence": "CC0-1.0", "sharing": "open"}
    house.objects.put("dropzone", "a", png_of(drawn()), metadata=says)
    house.handler.handle([created(house.objects.notifications[-1])])
    row = house.rows.films.get(film_id(drawn()))
    assert row is not None
    assert (row.source, row.licence, row.sharing) == ("nih", "CC0-1.0", "private")
    [receipt] = house.rows.receipts.find("dropzone", "a")
    assert (receipt.statement, receipt.kept_private) == ("2026-11", True)


def test_a_manifest_is_read_joined_and_removed_and_its_films_go_on(house: House) -> None:
    early = house.drop("lot/a.png", png_of(drawn(seed=1)))
    house.handler.handle([early])
    table = (
        b"Path,Sex,Age,PatientID,Edema,Remarque\n"
        b"a.png,Female,61,PX-1,1.0,x\nb.png,Male,old,PX-2,,x\nc.png,,,,,\n"
    )
    record = house.drop("lot/labels.csv", table)
    house.handler.handle([record])
    house.read_manifests()
    house.handler.handle([house.drop("lot/b.png", png_of(drawn(seed=2)))])
    receipt = house.receipt(record)
    assert (receipt.state, receipt.code, receipt.film) == ("manifest", None, None)
    assert "lot/labels.csv" not in house.raw()
    first, second = (house.rows.films.get(film_id(drawn(seed=seed))) for seed in (1, 2))
    assert first is not None
    assert second is not None
    assert (first.facts.sex, first.facts.age, second.facts.sex) == ("F", 61, "M")
    assert first.patient != second.patient
    assert "PX-1" not in repr(vars(house.rows.tables))
    summary = house.rows.manifests.get(receipt.id)
    assert summary is not None
    assert (summary.lines, summary.malformed) == (3, 1)
    assert summary.fates == LineFates(found=2, absent=1, absent_lines=(4,))
    assert summary.unknown == ("Remarque",)
    house.handler.handle([record])
    assert house.receipt(record).state == "manifest"


@pytest.mark.parametrize("first", ["films", "table"])
def test_a_deposit_s_manifest_speaks_of_its_films_by_their_paths(house: House, first: str) -> None:
    secret = house.settings.site_secret.get_secret_value()
    folder = deposit_folder(secret, uuid4(), uuid4())
    table = b"Path;Edema\nlot/a.png;1,0\nsous\\\xe9t\xe9.png;0,0\nc.png;1,0\n"
    films = {
        film_key(secret, folder, "lot/a.png"): 1,
        film_key(secret, folder, "lot/sous/été.png"): 2,
    }
    files = [(key, png_of(drawn(seed=seed))) for key, seed in films.items()]
    files.insert(0 if first == "table" else 2, (f"{folder}/lot/labels.csv", table))
    records = [house.drop(key, data) for key, data in files]
    for record in records:
        house.handler.handle([record])
        house.read_manifests()
    labels = {
        (film, finding): row.value
        for (film, finding, _, author), row in house.rows.tables.labels.items()
        if author == "manifest"
    }
    assert labels == {
        (film_id(drawn(seed=1)), "Edema"): 1,
        (film_id(drawn(seed=2)), "Edema"): 0,
    }
    receipt = next(house.receipt(row) for row in records if house.receipt(row).state == "manifest")
    summary = house.rows.manifests.get(receipt.id)
    assert summary is not None
    assert summary.fates == LineFates(found=2, absent=1, absent_lines=(4,))
    assert (summary.own_folder, summary.encoding) == (1, "windows-1252")


@pytest.mark.parametrize(
    ("data", "code"), [(b"Sex,Age\nF,3\n", "manifest"), (b"", "manifest"), (None, "object-gone")]
)
def test_a_manifest_that_cannot_be_read_is_refused(
    house: House, data: bytes | None, code: str
) -> None:
    record = house.drop("labels.csv", data or b"x")
    if data is None:
        [(key, version, _, _)] = house.objects.versions("dropzone")
        house.objects.remove("dropzone", key, version)
    house.handler.handle([record])
    house.read_manifests()
    assert (house.receipt(record).state, house.receipt(record).code) == ("rejected", code)
