import json

import pytest

from ingest.notification import drop_of
from schemas.errors import Dead
from schemas.provenance import STATEMENT_VERSION, DepositorSays
from store.records import Drop, FormSays
from tests.fakes.objects import notification
from tests.fakes.settings import fake_settings


def _put(named: dict[str, object]) -> bytes:
    record = {
        "eventName": "s3:ObjectCreated:Put",
        "s3": {"bucket": {"name": "t1-dropzone"}, "object": named},
    }
    return json.dumps({"Records": [record]}).encode()


SETTINGS = fake_settings(site="north", bucket_prefix="t1-")


@pytest.mark.parametrize(
    "key",
    [
        "film.png",
        "a folder/a film.png",
        "a+b.png",
        "100%.png",
        "a%2Fb.png",
        "Prénom/été.png",
        "🫁.png",
        "dossier/%20+%2B.png",
    ],
)
def test_a_key_comes_out_as_it_was_put(key: str) -> None:
    drop = drop_of(notification("t1-dropzone", key, "v1", 7), SETTINGS)
    assert isinstance(drop, Drop)
    assert (drop.bucket, drop.key, drop.version, drop.size) == ("dropzone", key, "v1", 7)
    assert (drop.lane, drop.site) == ("bulk", "north")


def test_the_same_notification_twice_is_the_same_drop() -> None:
    value = notification("t1-dropzone", "a", "v1", 7)
    assert drop_of(value, SETTINGS) == drop_of(value, SETTINGS)


def test_other_buckets_are_passed_over() -> None:
    assert drop_of(notification("dropzone", "a", "v1", 7), SETTINGS) is None
    assert drop_of(notification("t1-radiographs", "a", "v1", 7), SETTINGS) is None


def test_what_is_not_a_creation_is_passed_over() -> None:
    said = json.loads(notification("t1-dropzone", "a", "v1", 7))
    said["Records"][0]["eventName"] = "s3:ObjectRemoved:Delete"
    assert drop_of(json.dumps(said).encode(), SETTINGS) is None


def test_an_unversioned_object_has_an_empty_version() -> None:
    said = json.loads(notification("t1-dropzone", "a", "v1", 7))
    del said["Records"][0]["s3"]["object"]["versionId"]
    drop = drop_of(json.dumps(said).encode(), SETTINGS)
    assert isinstance(drop, Drop)
    assert drop.version == ""


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"not json",
        b"[]",
        b"{}",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"Records": []}',
        b'{"Records": [{"eventName": "s3:ObjectCreated:Put"}]}',
        _put({"key": "Dupont", "size": "x"}),
        _put({"key": ""}),
        _put({"key": "Dupont", "size": 1 << 63}),
        _put({"key": "\ud800Dupont"}),
        bytes(range(256)) * 4096,
    ],
)
def test_another_form_is_dead_and_its_content_stays_unsaid(value: bytes | None) -> None:
    with pytest.raises(Dead, match=r"object\.created: wanted MinIO") as error:
        drop_of(value, SETTINGS)
    assert "Dupont" not in str(error.value)
    assert error.value.__suppress_context__


def test_what_a_depositor_says_in_metadata_is_in_the_drop() -> None:
    says = DepositorSays(
        statement=STATEMENT_VERSION, source="nih-cxr14", licence="CC0-1.0", sharing="library"
    )
    drop = drop_of(notification("t1-dropzone", "a", "v1", 7, says.metadata()), SETTINGS)
    assert isinstance(drop, Drop)
    assert drop.statement == STATEMENT_VERSION
    assert drop.form == FormSays(source="nih-cxr14", licence="CC0-1.0", sharing="library")
    plain = drop_of(notification("t1-dropzone", "a", "v1", 7), SETTINGS)
    assert isinstance(plain, Drop)
    assert (plain.statement, plain.form) == (None, FormSays())


def test_metadata_that_is_not_understood_is_left_out_and_the_log_says_which_field(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = {
        "statement": "I may",
        "source": "Dupont Jean",
        "licence": "mine",
        "sharing": "open",
        "patient": "Dupont",
    }
    drop = drop_of(notification("t1-dropzone", "a", "v1", 7, said), SETTINGS)
    assert isinstance(drop, Drop)
    assert (drop.statement, drop.form) == (None, FormSays(sharing="open"))
    fields = [record.__dict__.get("field") for record in caplog.records]
    assert fields == ["statement", "source", "licence"]
    assert "Dupont" not in repr([record.__dict__ for record in caplog.records])


@pytest.mark.parametrize(
    ("escaped", "kept"),
    [
        ("%ff%fe.png", "%ff%fe.png"),
        ("a%00b.png", "a%00b.png"),
        ("a\0b.png", "ab.png"),
        ("\0", "%"),
        ("%41" * 1025, ("%41" * 342)[:1024]),
        ("é" * 600, "é" * 512),
    ],
)
def test_a_key_that_no_object_can_have_is_one_that_rows_can_keep(escaped: str, kept: str) -> None:
    drop = drop_of(_put({"key": escaped, "versionId": "v\0" + "x" * 2000}), SETTINGS)
    assert isinstance(drop, Drop)
    assert drop.key == kept
    assert drop.version == ("v" + "x" * 2000)[:1024]


@pytest.mark.parametrize("key", ["\u202aC:films/a.png", "a\u2066b.png", "\u200f\u05d0.png"])
def test_a_key_is_an_address_and_stays_as_it_is(key: str) -> None:
    drop = drop_of(notification("t1-dropzone", key, "v1", 7), SETTINGS)
    assert isinstance(drop, Drop)
    assert drop.key == key
