"""What each key to the object store opens, on the real MinIO."""

import secrets
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from pydantic import SecretStr

from schemas.errors import Conflict, NotFound, RadiothequeError
from stack import passwords
from stack.passwords import read_secrets
from stack.state import State
from store.object_users import add_drop_key, drop_keys, ensure_users, remove_drop_key
from store.objects import MinioObjects, connect
from store.settings import Settings
from tests.fakes.settings import fake_settings
from tests.services import admin_settings

services = pytest.mark.services


def with_key(settings: Settings, user: str, secret: str) -> MinioObjects:
    keys: dict[str, Any] = {"s3_access_key": SecretStr(user), "s3_secret_key": SecretStr(secret)}
    return connect(settings.model_copy(update=keys))


@pytest.fixture
def root(module_settings: Settings) -> Settings:
    """Return settings with MinIO's root key, the module's own buckets, and its two users made."""
    admin = admin_settings(module_settings, module_settings.cache_prefix)
    kept = read_secrets(State(module_settings.state_dir))
    ensure_users(
        admin,
        program=(passwords.S3_PROGRAM_USER, kept["s3_program_secret"]),
        dropper=(passwords.S3_DROP_USER, kept["s3_drop_secret"]),
    )
    return admin


@pytest.fixture
def name(root: Settings) -> Iterator[str]:
    name = f"t-{uuid.uuid4().hex[:8]}"
    yield name
    if any(key.name == name for key in drop_keys(root)):
        remove_drop_key(root, name)


def assert_denied(*calls: Callable[[], object]) -> None:
    for call in calls:
        with pytest.raises(RadiothequeError, match=r"AccessDenied|InvalidAccessKeyId"):
            call()


@services
def test_a_depositors_key_puts_lists_and_reads_under_its_prefix_and_nothing_else(
    module_settings: Settings, root: Settings, name: str
) -> None:
    secret = secrets.token_hex(20)
    key = add_drop_key(root, name, f"{name}/", secret)
    ours, film = connect(module_settings), f"{name}/x"
    others = ("site-b/x", f"{name}b/x", "uploads/x")
    for other in others:
        ours.put("dropzone", other, b"other")
    mine = with_key(module_settings, key.user, secret)

    first = mine.put("dropzone", film, b"first")
    mine.put("dropzone", film, b"second")
    assert mine.read("dropzone", film) == b"second"
    # rclone looks at the version that its own PUT made, whatever came after it.
    assert mine.read("dropzone", film, first) == b"first"
    assert "statement" not in mine.metadata("dropzone", film)
    with pytest.raises(NotFound):
        mine.read("dropzone", f"{name}/none")
    assert {found for found, *_ in mine.versions("dropzone", f"{name}/")} == {film}

    assert_denied(
        lambda: mine.remove("dropzone", film),
        lambda: mine.remove("dropzone", film, first),
        *(partial(mine.read, "dropzone", other) for other in others),
        *(partial(mine.put, "dropzone", other, b"mine") for other in others),
        *(
            lambda prefix=prefix: list(mine.versions("dropzone", prefix))
            for prefix in ("", name, "site-b/", "uploads/")
        ),
        lambda: mine.put("radiographs", film, b"mine"),
        lambda: list(mine.versions("radiographs", f"{name}/")),
    )


@services
def test_the_shipped_key_reads_back_what_is_no_browsers_and_removes_nothing(
    module_settings: Settings, root: Settings
) -> None:
    assert root
    connect(module_settings).put("dropzone", "uploads/x", b"a browser's")
    kept = read_secrets(State(module_settings.state_dir))
    dropper = with_key(module_settings, passwords.S3_DROP_USER, kept["s3_drop_secret"])
    version = dropper.put("dropzone", "any/x", b"mine")
    assert dropper.read("dropzone", "any/x", version) == b"mine"
    assert_denied(
        lambda: dropper.read("dropzone", "uploads/x"),
        lambda: dropper.put("dropzone", "uploads/x", b"mine"),
        lambda: dropper.remove("dropzone", "any/x", version),
        lambda: dropper.read("quarantine", "x"),
        lambda: dropper.read("radiographs", "x"),
        lambda: dropper.put("models", "x", b"mine"),
    )


@services
def test_keys_are_listed_made_once_and_open_nothing_once_removed(
    module_settings: Settings, root: Settings, name: str
) -> None:
    secret = secrets.token_hex(20)
    key = add_drop_key(root, name, "site-a/2026/", secret)
    assert (key.name, key.user, key.prefix) == (name, f"drop-{name}", "site-a/2026/")
    assert key in drop_keys(root)
    with pytest.raises(Conflict, match=name):
        add_drop_key(root, name, "site-b/", secrets.token_hex(20))
    mine = with_key(module_settings, key.user, secret)
    mine.put("dropzone", "site-a/2026/x", b"mine")
    remove_drop_key(root, name)
    assert key not in drop_keys(root)
    assert_denied(lambda: mine.put("dropzone", "site-a/2026/x", b"mine"))
    with pytest.raises(NotFound, match=name):
        remove_drop_key(root, name)


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("Site", "site-a/"),
        ("a", "site-a/"),
        ("-site", "site-a/"),
        ("site/a", "site-a/"),
        *(
            ("site-a", prefix)
            for prefix in ("", "/", "site-a", "/site-a/", "*/", "a?/", "../", "a//", "é/", "a b/")
        ),
        ("site-a", "uploads/"),
        ("site-a", "uploads/2026/"),
    ],
)
def test_a_name_or_prefix_that_may_not_be_is_said_before_anything_is_asked(
    name: str, prefix: str
) -> None:
    with pytest.raises(ValueError, match=r"want a (name|prefix)"):
        add_drop_key(fake_settings(), name, prefix, "secret")
