"""`radiotheque drop-keys`: made once with its secret shown, listed without it, and removed."""

import json
import uuid

import pytest
from pydantic import SecretStr

from radiotheque.__main__ import main
from schemas.errors import RadiothequeError
from store.objects import connect
from store.settings import Settings


@pytest.mark.services
def test_a_key_is_made_shown_once_listed_and_removed(
    stack: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RADIOTHEQUE_STATE", str(stack.state_dir))
    name = f"t-{uuid.uuid4().hex[:8]}"
    add = ["drop-keys", "add", name, "--prefix", f"{name}/"]
    assert main([*add, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["access_key"], made["prefix"]) == (f"drop-{name}", f"{name}/")

    keys = {
        "s3_access_key": SecretStr(made["access_key"]),
        "s3_secret_key": SecretStr(made["secret_key"]),
    }
    mine = connect(stack.model_copy(update=keys))
    assert list(mine.versions("dropzone", f"{name}/")) == []

    assert main(["drop-keys", "list"]) == 0
    listed = capsys.readouterr().out
    row = {"name": name, "user": made["access_key"], "prefix": made["prefix"]}
    assert row in [json.loads(line) for line in listed.splitlines()]
    assert made["secret_key"] not in listed

    assert main(add) == 2
    assert "there is a key" in capsys.readouterr().err
    assert main(["drop-keys", "remove", name]) == 0
    assert main(["drop-keys", "remove", name]) == 2
    with pytest.raises(RadiothequeError):
        list(mine.versions("dropzone", f"{name}/"))
    assert main(["drop-keys", "add", name, "--prefix", "uploads/"]) == 2
    assert "want a prefix" in capsys.readouterr().err
