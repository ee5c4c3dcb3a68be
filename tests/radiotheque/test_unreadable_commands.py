"""`radiotheque unreadable`, on stores in memory."""

import json

import pytest

from radiotheque import store_commands
from radiotheque.__main__ import main
from tests.ingest.films import drawn, png_of
from tests.ingest.test_handler import House, uploaded


def test_what_could_not_be_read_is_listed_with_its_place_and_becomes_a_film_once_it_can(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    house = House()
    monkeypatch.setattr(store_commands, "operator_settings", lambda: house.settings)
    monkeypatch.setattr("store.rows.connect", lambda *_, **__: house.rows)
    monkeypatch.setattr(house.rows, "close", lambda: None)
    record = house.drop("north/a.png", png_of(drawn()))
    house.objects.bad.add(("dropzone", "north/a.png"))
    house.handler.handle([record])
    receipt = house.receipt(record)

    assert main(["unreadable", "list"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["receipt"], said["key"]) == (str(receipt.id), "north/a.png")
    house.objects.bad.clear()
    assert main(["unreadable", "again", "--all"]) == 0
    house.handler.handle([uploaded(house.said("object.uploaded")[-1])])
    assert house.receipt(record).state == "accepted"
    assert main(["unreadable", "again", str(receipt.id)]) == 1
    assert "could not be read" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["unreadable", "again"])
