"""The site engineer's commands, on a real database."""

import io
import json
from pathlib import Path

import pytest

from radiotheque import store_commands
from radiotheque.__main__ import main
from schemas.identities import patient_code
from store.rows import connect
from store.settings import Settings
from tests.store.conftest import database, migrated
from tests.store.made import Library, film, library

__all__ = ["database", "migrated"]

pytestmark = pytest.mark.services


@pytest.fixture
def shelf(database: Settings, monkeypatch: pytest.MonkeyPatch) -> Library:
    at_once = database.model_copy(update={"erase_again_s": 0.0})
    monkeypatch.setattr(store_commands, "operator_settings", lambda: at_once)
    rows = connect(at_once)
    full = library(rows)
    full.accept(film(1))
    full.analyse(film(1))
    return full


def test_an_account_is_added_used_and_removed(
    shelf: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a long password\n"))
    assert main(["account", "add", "Zoé", "--role", "steward"]) == 0
    assert main(["account", "role", "zoé", "viewer"]) == 0
    assert main(["account", "remove", "Zoé"]) == 0
    assert main(["account", "remove", "Zoé"]) == 1
    assert "there is none" in capsys.readouterr().err
    actions = [row.action for row in shelf.rows.audit.list(by=None, limit=3)]
    assert actions == ["account.removed", "account.role", "account.added"]
    shelf.rows.close()


def test_a_patient_is_erased_by_pseudonym_or_by_an_id_that_is_never_shown(
    shelf: Library,
    database: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    secret = database.site_secret.get_secret_value()
    code = patient_code(secret, database.site, "Dupont-1939")
    other = patient_code(secret, "CHU", "Dupont-1939")
    shelf.accept(film(2, patient=code))
    shelf.accept(film(3, patient=other))

    assert main(["patient", "erase", "--id", " Dupont-1939 ", "--issuer", "elsewhere"]) == 1
    assert main(["patient", "erase", "--id", " Dupont-1939 "]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "patient": code, "erased": [film(2).id], "near": [], "disputed": [],
    }  # fmt: skip
    monkeypatch.setattr("sys.stdin", io.StringIO("Dupont-1939\n"))
    assert main(["patient", "erase", "--id", "-", "--issuer", "CHU"]) == 0
    assert json.loads(capsys.readouterr().out)["erased"] == [film(3).id]
    assert main(["patient", "erase", other]) == 0
    assert json.loads(capsys.readouterr().out)["erased"] == []
    for wrong in ([], [other, "--id", "x"], ["Dupont-1939"], ["--id", " "]):
        assert main(["patient", "erase", *wrong]) == 1
    assert "Dupont" not in said.out + said.err + capsys.readouterr().err + caplog.text

    assert main(["patient", "lift", other]) == 1
    assert "goes on until" in capsys.readouterr().err
    shelf.rows.erasures.end(film(3).id)
    assert main(["patient", "lift", "--id", "Dupont-1939", "--issuer", "CHU"]) == 0
    assert shelf.accept(film(3, patient=other), seed=9).state == "accepted"
    shelf.rows.close()


def test_labels_comments_embeddings_and_films_are_added_and_removed(
    shelf: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = film(1).id
    label = [name, "Edema", "--author", "nih"]
    assert main(["label", "add", *label, "--value", "-1"]) == 0
    assert main(["comment", "add", name, "Ada", "flou"]) == 0
    comment = capsys.readouterr().out.strip()
    detail = shelf.rows.films.detail(name, account=shelf.admin.id)
    assert [(row.finding, row.value) for row in detail.row.labels] == [("Edema", -1)]
    assert [str(row.id) for row in detail.comments] == [comment]
    assert main(["label", "remove", *label]) == 0
    assert main(["comment", "remove", comment]) == 0
    assert main(["embedding", "remove", name, "e1"]) == 0
    numbers = tmp_path / "vector.json"
    numbers.write_text(str([1.0] + [0.0] * 511))
    assert main(["embedding", "add", name, "e1", "--file", str(numbers)]) == 0
    numbers.write_text("[1, 2]")
    assert main(["embedding", "add", name, "e1", "--file", str(numbers)]) == 1
    assert main(["film", "remove", name]) == 0
    assert main(["film", "remove", name]) == 1
    assert main(["film", "lift", name]) == 1
    assert "goes on until" in capsys.readouterr().err
    shelf.rows.erasures.end(name)
    assert main(["film", "lift", name]) == 0
    assert main(["export", str(tmp_path / "library.zip")]) == 0
    assert "films.csv: 0 rows" in capsys.readouterr().out
    shelf.rows.close()
