"""What a decoding child tells of a bug of ours: where it is, and no word of the film."""

import pytest

from ingest import decoding_child, film_of_file
from ingest.readers import Decoded


def test_a_bug_is_told_by_kind_and_place_without_its_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read_badly(data: bytes, pixel_limit: int) -> Decoded:
        said = int(data) if pixel_limit == 0 else data.decode()
        raise ValueError(f"invalid value {said!r}")

    monkeypatch.setattr(film_of_file, "read_file", read_badly)
    asked = {"black_out": [], "side": 0, "presentation": None}
    for limit in (0, 10):
        head, blobs = decoding_child._outcome(b"Dupont^Jeanne", asked, limit)
        assert blobs == []
        assert head["bug"].endswith("ValueError")
        assert "test_decoding_child.py" in head["bug"]
        assert "Dupont" not in head["bug"]
