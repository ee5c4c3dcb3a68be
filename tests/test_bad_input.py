"""Whatever is dropped ends as a film or with a reason: the table of bad input, and odd keys."""

import io
import time
from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest
from minio import Minio

from ingest.decoder import Decoder
from ingest.handler import IngestHandler
from schemas.errors import RadiothequeError
from stack import control
from store.objects import connect as connect_objects
from store.records import Receipt
from store.rows import PostgresRows
from store.rows import connect as connect_rows
from tests.bad_input import BAD, Bad, spoiled
from tests.dropping import drop_settings, films
from tests.fakes.chest import FakeChest
from tests.fakes.settings import fake_settings
from tests.ingest.test_handler import House
from tests.services import WholeStack
from tests.waiting import eventually
from web.language import LANGUAGES
from web.reasons import reason_of

KINDS = ("png", "jpeg", "dicom")
#: Keys of good films; the last is 900 bytes in segments under 255.
KEYS = (
    "a film.png", "a+b.png", "100%2F.png", "été/Épaule œuvre.png", "🫁/🩻.png",
    "/".join(["x" * 200] * 4) + "/" + "y" * 96,
)  # fmt: skip


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with closing(Decoder(fake_settings(decode_memory_bytes=400 << 20))) as opened:
        yield opened


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_bad_input_ends_rejected_with_its_code_and_reasons(decoder: Decoder, bad: Bad) -> None:
    house = House(fake_settings(pixel_limit=64_000_000))
    handler = IngestHandler(house.settings, house.rows, house.objects, decoder, FakeChest())
    record = house.drop(bad.name, bad.make())
    handler.handle([record])
    receipt = house.receipt(record)
    assert receipt.state == "rejected"
    assert receipt.code in bad.codes
    assert [row.topic for row in house.rows.outbox.messages] == ["radiograph.rejected"]
    for language in LANGUAGES:
        reason = reason_of(receipt, language)
        assert reason is not None
        wanted, came = ("attendu", "reçu") if language == "fr" else ("wanted", "came")
        assert f"{wanted} " in reason["message"]
        assert f"{came} " in reason["message"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_500_spoiled_files_end_as_films_or_with_a_reason_in_living_children(
    decoder: Decoder, kind: str
) -> None:
    house = House(fake_settings(pixel_limit=64_000_000))
    handler = IngestHandler(house.settings, house.rows, house.objects, decoder, FakeChest())
    records = [
        house.drop(f"{number}", data) for number, data in enumerate(spoiled(kind, 500, seed=7))
    ]
    for start in range(0, len(records), 50):
        handler.handle(records[start : start + 50])
    states = {house.receipt(record).state for record in records}
    assert states <= {"accepted", "rejected", "quarantined"}
    assert "rejected" in states
    assert all(house.receipt(record).code for record in records
               if house.receipt(record).state == "rejected")  # fmt: skip


class Bucket:
    """Drops into the real bucket, and their receipts."""

    def __init__(self, whole: WholeStack) -> None:
        self.whole = whole
        self.prefix = f"bad-{time.time_ns()}"
        self.objects = connect_objects(drop_settings(whole))
        settings = whole.settings.model_copy(update={"postgres_user": "radiotheque_operator"})
        self.rows: PostgresRows = connect_rows(settings)

    def drop(self, name: str, data: bytes) -> str:
        key = f"{self.prefix}/{name}"
        self.objects.put("dropzone", key, data)
        return key

    def receipts(self, key: str) -> list[Receipt]:
        return self.rows.receipts.find("dropzone", key)

    def wait(self, keys: Sequence[str], each: int = 1) -> dict[str, list[Receipt]]:
        """Return the receipts of every key once all are at their ends."""

        def ended() -> bool:
            return all(
                len(found := self.receipts(key)) == each
                and all(row.state not in {"received", "accepted"} for row in found)
                for key in keys
            )

        eventually(ended, 150, every_s=1, what="every drop at its end")
        return {key: self.receipts(key) for key in keys}


@pytest.fixture
def bucket(whole_stack: WholeStack) -> Iterator[Bucket]:
    eventually(whole_stack.is_healthy, 90, every_s=1, what="all healthy")
    opened = Bucket(whole_stack)
    yield opened
    opened.rows.close()


def pid_of(whole: WholeStack, name: str) -> int:
    pids: dict[str, int] = {row["name"]: row["pid"] for row in whole.status()["processes"]}
    return pids[name]


def put_oddly(whole: WholeStack, bucket: Bucket) -> None:
    """Put a film under an encoding that it has not, and a folder's marker, as clients do."""
    settings = drop_settings(whole)
    client = Minio(
        settings.s3_endpoint,
        settings.s3_access_key.get_secret_value(),
        settings.s3_secret_key.get_secret_value(),
        secure=False,
    )
    [(_, film)] = films(1, seed=61)
    for name, data in (("a film, said to be gzip.png", film), ("folder/", b"")):
        client.put_object(
            settings.bucket("dropzone"),
            f"{bucket.prefix}/{name}",
            io.BytesIO(data),
            len(data),
            metadata={"Content-Encoding": "gzip"},
        )


@pytest.mark.services
@pytest.mark.timeout(300)
def test_bad_and_spoiled_files_in_the_real_bucket_stop_nobody(
    whole_stack: WholeStack, bucket: Bucket
) -> None:
    """Every line of the table, one over the size limit, and spoiled ones of each kind."""
    before = pid_of(whole_stack, "ingest")
    letters = bucket.rows.letters.open_count()
    codes = {bucket.drop(bad.name, bad.make()): bad.codes for bad in BAD}
    large = bytes(whole_stack.settings.file_limit_bytes + 1)
    codes[bucket.drop("over.png", large)] = frozenset({"too-large"})
    put_oddly(whole_stack, bucket)
    broken = [
        bucket.drop(f"{kind}/{number}", data)
        for kind in KINDS
        for number, data in enumerate(spoiled(kind, 12, seed=11))
    ]
    gzipped = f"{bucket.prefix}/a film, said to be gzip.png"
    [as_gzip] = bucket.wait([gzipped])[gzipped]
    assert as_gzip.state == "analysed"
    assert bucket.receipts(f"{bucket.prefix}/folder/") == []
    for key, [receipt] in bucket.wait([*codes, *broken]).items():
        if key in codes:
            assert (receipt.state, receipt.code in codes[key]) == ("rejected", True), key
        assert receipt.state in {"analysed", "rejected", "quarantined"}, key
    assert bucket.rows.letters.open_count() == letters
    assert pid_of(whole_stack, "ingest") == before


@pytest.mark.services
@pytest.mark.timeout(240)
def test_odd_keys_are_analysed_and_impossible_ones_refused_by_the_store(bucket: Bucket) -> None:
    made = films(len(KEYS), seed=59)
    keys = [bucket.drop(key, data) for key, (_, data) in zip(KEYS, made, strict=True)]
    for key, [receipt] in bucket.wait(keys).items():
        assert receipt.state == "analysed", (key, receipt)
    for impossible in ("x" * 256, "../a.png", "a/../../b.png"):
        with pytest.raises((RadiothequeError, ValueError)):
            bucket.objects.put("dropzone", impossible, made[0][1])


@pytest.mark.services
@pytest.mark.timeout(240)
def test_drops_of_one_film_have_a_receipt_each_and_a_version_that_went_says_so(
    whole_stack: WholeStack, bucket: Bucket
) -> None:
    [(film, data), (_, gone)] = films(2, seed=67)
    supervised = control.connect(whole_stack.state)
    supervised.stop("ingest")
    eventually(lambda: supervised.processes()["ingest"].statename == "STOPPED", 60)
    try:
        keys = [bucket.drop(f"same/{number}.png", data) for number in range(3)]
        twice = bucket.drop("twice.png", data)
        bucket.drop("twice.png", data)
        lost = bucket.drop("lost.png", gone)
        admin = connect_objects(whole_stack.settings)
        for key, version, _, _ in admin.versions("dropzone", lost):
            admin.remove("dropzone", key, version)
    finally:
        supervised.start("ingest")
    found = bucket.wait(keys)
    receipts = [row for rows in found.values() for row in rows] + bucket.wait([twice], 2)[twice]
    assert len({row.id for row in receipts}) == 5
    assert {(row.state, row.film) for row in receipts} == {("analysed", film)}
    [receipt] = bucket.wait([lost])[lost]
    assert (receipt.state, receipt.code) == ("rejected", "object-gone")
