"""`radiotheque events tail`: how a record is printed."""

from radiotheque.event_commands import as_json
from store.log import Record
from tests.workers.making import record_of, request


def test_an_event_is_printed_with_its_data_as_json() -> None:
    shown = as_json(record_of(request("0" * 64), 7))

    assert shown["topic"] == "analysis.requested.bulk"
    assert shown["offset"] == 7
    assert shown["headers"]["ce_type"] == "org.radiotheque.analysis.requested.bulk.v1"
    assert shown["data"]["radiograph"] == "0" * 64


def test_noise_is_printed_as_text_where_it_is_text_else_as_base64() -> None:
    def data(value: bytes | None) -> object:
        return as_json(Record("dead.letter", 0, 0, None, {"h": b"\xff"}, value, 0))["data"]

    assert data(b"<xml/>") == "<xml/>"
    assert data(b"\x00\xff") == {"base64": "AP8="}
    assert data(None) is None
