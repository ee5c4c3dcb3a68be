"""One contract on both object stores: the fake of tests and the real one."""

import gzip
import io
import json
import tracemalloc
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote_plus

import pytest
from minio import Minio

from schemas.errors import BadObject, Dead, NotFound, Unavailable
from stack.state import State
from store.objects import CREATED, MEDIA, OLD_VERSIONS_DAYS, connect, ensure_buckets
from store.ports import Objects
from store.settings import Settings
from tests.fakes.objects import FakeObjects
from tests.fakes.settings import fake_settings

HARD_KEYS = (
    "plain.png",
    "with space/a+b.png",
    "100% %2F.png",
    "Prénom/été.png",
    "emoji 🫁/x.png",
    "quote'\"&<>?#=;.png",
    "UPPER/lower/.hidden",
)


@pytest.fixture(params=["fake", pytest.param("minio", marks=pytest.mark.services)])
def objects(request: pytest.FixtureRequest) -> Objects:
    if request.param == "fake":
        return FakeObjects()
    return connect(request.getfixturevalue("module_settings"))


@pytest.fixture
def key() -> str:
    return f"{uuid.uuid4()}/film.png"


def test_what_is_put_is_read_back(objects: Objects, key: str) -> None:
    version = objects.put("radiographs", key, b"film", "image/png")
    assert version == ""
    assert objects.read("radiographs", key) == b"film"


def test_an_unversioned_object_is_replaced_and_removed(objects: Objects, key: str) -> None:
    objects.put("radiographs", key, b"one")
    objects.put("radiographs", key, b"two")
    assert objects.read("radiographs", key) == b"two"
    objects.remove("radiographs", key)
    with pytest.raises(NotFound):
        objects.read("radiographs", key)


def test_dropzone_keeps_each_version_and_removing_one_leaves_the_other(
    objects: Objects, key: str
) -> None:
    first = objects.put("dropzone", key, b"one")
    second = objects.put("dropzone", key, b"two")
    assert first != second
    assert objects.read("dropzone", key, first) == b"one"
    objects.remove("dropzone", key, first)
    assert objects.read("dropzone", key, second) == b"two"
    with pytest.raises(NotFound):
        objects.read("dropzone", key, first)


def test_removing_twice_is_done_twice(objects: Objects, key: str) -> None:
    version = objects.put("dropzone", key, b"one")
    objects.remove("dropzone", key, version)
    objects.remove("dropzone", key, version)
    objects.remove("radiographs", "never there")
    with pytest.raises(NotFound):
        objects.read("dropzone", key)


def test_removing_without_a_version_leaves_a_marker_and_the_version(
    objects: Objects, key: str
) -> None:
    version = objects.put("dropzone", key, b"one")
    objects.remove("dropzone", key)
    with pytest.raises(NotFound):
        objects.read("dropzone", key)
    assert objects.read("dropzone", key, version) == b"one"
    listed = [(name, which) for name, which, _, _ in objects.versions("dropzone", key)]
    assert listed == [(key, version)]


def test_an_object_over_the_limit_is_not_read(objects: Objects, key: str) -> None:
    objects.put("dropzone", key, b"12345")
    assert objects.read("dropzone", key, limit_bytes=5) == b"12345"
    with pytest.raises(ValueError, match="at most 4 bytes"):
        objects.read("dropzone", key, limit_bytes=4)


def test_an_empty_object_is_kept(objects: Objects, key: str) -> None:
    objects.put("dropzone", key, b"")
    assert objects.read("dropzone", key, limit_bytes=10) == b""


def test_a_file_of_many_megabytes_is_put_whole(objects: Objects, key: str, tmp_path: Path) -> None:
    data = bytes(range(256)) * (6 << 12)
    (tmp_path / "film").write_bytes(data)
    version = objects.put_file("dropzone", key, tmp_path / "film")
    assert objects.read("dropzone", key, version) == data
    assert objects.read("dropzone", key, objects.put("dropzone", key, data)) == data


@pytest.mark.parametrize("name", HARD_KEYS)
def test_hard_keys_are_listed_and_read_as_they_are(objects: Objects, name: str) -> None:
    prefix = f"{uuid.uuid4()}/"
    version = objects.put("dropzone", prefix + name, b"film")
    [(key, listed, size, modified)] = objects.versions("dropzone", prefix)
    assert (key, listed, size) == (prefix + name, version, 4)
    assert abs(datetime.now(UTC) - modified) < timedelta(minutes=5)
    assert objects.read("dropzone", prefix + name, version) == b"film"


def test_versions_lists_every_version_under_a_prefix(objects: Objects) -> None:
    prefix = f"{uuid.uuid4()}/"
    made = {
        (key, objects.put("dropzone", key, b"x"))
        for key in (f"{prefix}a", f"{prefix}b/c", f"{prefix}a")
    }
    listed = {(key, version) for key, version, _, _ in objects.versions("dropzone", prefix)}
    assert listed == made


@pytest.mark.parametrize("media", ["application/x-directory", "application/octet-stream"])
def test_a_folders_marker_is_listed_with_what_it_says(objects: Objects, media: str) -> None:
    prefix = f"{uuid.uuid4()}/"
    version = objects.put("dropzone", f"{prefix}dir/", b"", media)
    [(key, listed, size, _)] = objects.versions("dropzone", prefix)
    # MinIO keeps no versions of a key that ends so.
    assert (key, listed, size) == (f"{prefix}dir/", version or "null", 0)
    assert objects.metadata("dropzone", key, listed) == {MEDIA: media}


def test_both_answer_a_ping(objects: Objects) -> None:
    objects.ping()


def test_a_bad_object_of_the_fake_fails_and_no_other_does() -> None:
    objects = FakeObjects()
    for name in ("bad", "good"):
        objects.put("dropzone", name, b"film")
    objects.bad.add(("dropzone", "bad"))
    for call in (objects.read, objects.metadata, objects.remove):
        with pytest.raises(BadObject):
            call("dropzone", "bad")
    assert objects.read("dropzone", "good") == b"film"


def test_a_fake_that_is_down_says_so_to_everything() -> None:
    objects = FakeObjects()
    objects.down = True
    with pytest.raises(Unavailable, match="minio"):
        objects.put("dropzone", "a", b"")
    with pytest.raises(Unavailable):
        list(objects.versions("dropzone"))


def test_the_fake_tells_of_puts_in_dropzone_only() -> None:
    told: list[tuple[str, bytes]] = []
    objects = FakeObjects(on_put=lambda key, value: told.append((key, value)))
    objects.put("radiographs", "a", b"")
    version = objects.put("dropzone", "a b+é.png", b"12")
    [(key, value)] = told
    assert key == "dropzone/a b+é.png"
    said = json.loads(value)["Records"][0]["s3"]
    assert unquote_plus(said["object"]["key"]) == "a b+é.png"
    assert (said["object"]["versionId"], said["object"]["size"]) == (version, 2)


def test_a_store_that_does_not_answer_is_unavailable() -> None:
    objects = connect(fake_settings())
    with pytest.raises(Unavailable, match="minio: read") as error:
        objects.read("dropzone", "Dupont Jean.png")
    assert "Dupont" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


@pytest.mark.services
def test_a_version_that_cannot_be_is_dead_and_a_wrong_key_is_a_wait(
    module_settings: Settings,
) -> None:
    with pytest.raises(Dead, match="InvalidArgument"):
        connect(module_settings).read("dropzone", "a", "no-version")
    wrong = module_settings.model_copy(update={"bucket_prefix": "not-there-"})
    with pytest.raises(Unavailable, match="NoSuchBucket"):
        connect(wrong).read("dropzone", "a")


@pytest.mark.services
def test_minio_gives_an_object_as_stored_whatever_encoding_it_was_put_with(
    module_settings: Settings, key: str
) -> None:
    plain, packed = b"\x89PNG no gzip", gzip.compress(bytes(64 << 20))
    client = plain_client(module_settings)
    objects = connect(module_settings)
    for data in (plain, packed):
        client.put_object(
            module_settings.bucket("dropzone"),
            key,
            io.BytesIO(data),
            len(data),
            metadata={"Content-Encoding": "gzip"},
        )
        tracemalloc.start()
        assert objects.read("dropzone", key, limit_bytes=1 << 20) == data
        assert b"".join(objects.chunks("dropzone", key)) == data
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
        tracemalloc.stop()


@pytest.mark.services
@pytest.mark.parametrize("size", [1000, 1 << 20], ids=["inline", "apart"])
def test_an_object_damaged_on_minios_disk_is_a_bad_one_and_the_others_are_read(
    module_settings: Settings, size: int
) -> None:
    objects = connect(module_settings)
    bad, good = f"{uuid.uuid4()}", f"{uuid.uuid4()}"
    for key in (bad, good):
        objects.put("radiographs", key, bytes(size))
    kept = State(module_settings.state_dir).data("minio")
    [place] = kept.rglob(f"{module_settings.bucket('radiographs')}/{bad}")
    # Small objects lie in their metadata, the bytes at its end; larger ones in a file beside it.
    file = next(place.rglob("part.1"), place / "xl.meta")
    data = bytearray(file.read_bytes())
    data[-100] ^= 255
    file.write_bytes(data)
    with pytest.raises(BadObject):
        objects.read("radiographs", bad)
    with pytest.raises(BadObject):
        list(objects.chunks("radiographs", bad))
    assert objects.read("radiographs", good) == bytes(size)


def plain_client(settings: Settings) -> Minio:
    return Minio(
        settings.s3_endpoint,
        settings.s3_access_key.get_secret_value(),
        settings.s3_secret_key.get_secret_value(),
        secure=False,
    )


@pytest.mark.services
def test_buckets_are_prepared_twice_with_versions_rules_and_notification(
    stack: Settings, module_settings: Settings
) -> None:
    from tests.services import admin_settings

    admin = admin_settings(stack).model_copy(
        update={"bucket_prefix": module_settings.bucket_prefix}
    )
    ensure_buckets(admin)
    ensure_buckets(admin)
    minio = plain_client(admin)
    dropzone = admin.bucket("dropzone")
    assert minio.get_bucket_versioning(dropzone).status == "Enabled"
    assert minio.get_bucket_versioning(admin.bucket("radiographs")).status != "Enabled"
    lifecycle = minio.get_bucket_lifecycle(dropzone)
    assert lifecycle is not None
    [rule] = lifecycle.rules
    assert rule.noncurrent_version_expiration is not None
    assert rule.noncurrent_version_expiration.noncurrent_days == OLD_VERSIONS_DAYS
    assert rule.expiration is not None
    assert rule.expiration.expired_object_delete_marker
    [queue] = minio.get_bucket_notification(dropzone).queue_config_list
    assert set(queue.events) == set(CREATED)


def test_what_is_said_with_an_object_is_kept_with_its_version(
    objects: Objects, key: str, tmp_path: Path
) -> None:
    first = objects.put("dropzone", key, b"a", metadata={"statement": "2026-11"})
    (tmp_path / "film").write_bytes(b"b")
    second = objects.put_file("dropzone", key, tmp_path / "film", {"sharing": "open"})
    media = {MEDIA: "application/octet-stream"}
    assert objects.metadata("dropzone", key, first) == {"statement": "2026-11"} | media
    assert objects.metadata("dropzone", key, second) == {"sharing": "open"} | media
    assert objects.metadata("dropzone", key) == {"sharing": "open"} | media
    objects.remove("dropzone", key, first)
    with pytest.raises(NotFound):
        objects.metadata("dropzone", key, first)
