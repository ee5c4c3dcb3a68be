"""A path has one form, however a table or a browser writes it; what leads nowhere has none."""

import random
from uuid import UUID

import pytest

from schemas.deposits import deposit_folder, film_key, place_of
from schemas.drop_paths import one_form, plain_path


@pytest.mark.parametrize(
    "written",
    [
        "lot/\u00e9.png",
        "./lot//e\u0301.png",
        "/lot/e\u0301.png",
        "lot\\e\u0301.png",
        ".\\lot\\\u00e9.png",
    ],
)
def test_a_path_has_one_form(written: str) -> None:
    assert plain_path(written) == "lot/\u00e9.png"


@pytest.mark.parametrize(
    "written",
    ["", "/", ".", "..", "a/../b", "C:\\a.png", "c:/a.png", "a\0b", "a\nb", "a\x7fb",
     "\ufffd", chr(0xD800), "x" * 256, "é" * 128, "a/" * 500],
)  # fmt: skip
def test_what_leads_nowhere_below_its_folder_has_none(written: str) -> None:
    assert plain_path(written) is None


def test_any_text_has_one_form_or_none_and_a_form_is_its_own() -> None:
    rng = random.Random(13)
    signs = "ab.. //\\:\0\n e\u0301\u00e9\u202e\ud800\ufffd\u1100\u1161\U0001f4a9"
    paths = {plain_path("".join(rng.choices(signs, k=rng.randint(0, 12)))) for _ in range(5000)}
    assert len(paths) > 500
    for path in paths - {None}:
        assert path is not None
        assert plain_path(path) == path == one_form(path)
        assert film_key("secret", "uploads/x", path).encode()


def test_a_manifest_s_key_says_its_deposit_and_its_path_there() -> None:
    assert place_of("uploads/abc/lot/a/labels.csv") == ("uploads/abc", "lot/a/labels.csv")
    for key in ("labels.csv", "lot/labels.csv", "uploads/labels.csv", "my/uploads/x/labels.csv"):
        assert place_of(key) == (None, key)


def test_a_deposit_s_folder_says_neither_account_nor_number() -> None:
    account, deposit = UUID(int=1), UUID(int=2)
    folder = deposit_folder("secret", account, deposit)
    assert folder.startswith("uploads/")
    assert str(account) not in folder
    assert deposit.hex not in folder
    others = {
        deposit_folder("other", account, deposit),
        deposit_folder("secret", deposit, deposit),
        deposit_folder("secret", account, account),
    }
    assert folder not in others
    assert len(others) == 3
