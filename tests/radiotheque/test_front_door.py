"""The commands a person types, on the whole running system."""

import json
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from ingest.readers import read_film
from schemas.errors import RadiothequeError
from schemas.findings import FINDINGS
from schemas.identities import film_id
from schemas.provenance import STATEMENT_VERSION
from stack.other_films import draw_other
from stack.phantoms import draw, to_8_bits, write_film, write_films
from store.objects import connect as connect_objects
from store.rows import connect as connect_rows
from store.settings import PREFIX, load_settings
from tests.services import WholeStack
from tests.waiting import eventually

pytestmark = pytest.mark.services


def test_secrets_open_what_they_say_and_the_s3_user_may_only_drop(
    whole_stack: WholeStack,
) -> None:
    # When the secrets are asked for
    said = json.loads(whole_stack.command("secrets", "--json").stdout)

    # Then they are those of the interface
    assert set(said["s3"]) == {"access_key", "secret_key"}
    assert set(said["web"]) == {"user", "password", "token"}

    # And the S3 user puts into dropzone, reads back, and neither removes nor goes elsewhere
    objects = connect_objects(
        load_settings(
            {f"{PREFIX}STATE": str(whole_stack.state.root)},
            s3_access_key=said["s3"]["access_key"],
            s3_secret_key=said["s3"]["secret_key"],
        )
    )
    objects.put("dropzone", "front-door/not-a-film.txt", b"not a film")
    assert [key for key, *_ in objects.versions("dropzone", "front-door/")] == [
        "front-door/not-a-film.txt"
    ]
    assert objects.read("dropzone", "front-door/not-a-film.txt") == b"not a film"
    with pytest.raises(RadiothequeError):
        objects.remove("dropzone", "front-door/not-a-film.txt")
    with pytest.raises(RadiothequeError):
        objects.put("radiographs", "front-door.png", b"not a film")


def test_a_dropped_folder_is_analysed_and_predict_says_the_same_storing_nothing(
    whole_stack: WholeStack, tmp_path: Path
) -> None:
    # Given a folder of films in a folder
    paths = write_films(tmp_path / "films" / "été 2026", 4, first_seed=7000, side=256)
    limit = whole_stack.settings.pixel_limit
    films = {str(path): film_id(read_film(path.read_bytes(), limit)) for path in paths}
    settings = whole_stack.settings.model_copy(update={"postgres_user": "radiotheque_operator"})
    rows = connect_rows(settings)
    try:
        # When predict is asked first
        asked = whole_stack.command("predict", *films)
        assert asked.returncode == 0, asked.stderr
        answers = [json.loads(line) for line in asked.stdout.splitlines()]

        # Then it names the films and none is stored
        assert {answer["file"]: answer["radiograph"] for answer in answers} == films
        assert rows.films.many(list(films.values())) == {}

        # When the folder is dropped
        says = ("--source", "phantom", "--licence", "CC0-1.0", "--sharing", "open")
        dropped = whole_stack.command(
            "drop", str(tmp_path / "films"), "--prefix", "front-door", "--i-am-authorised", *says
        )
        assert dropped.returncode == 0, dropped.stderr

        # Then every film ends with the scores that predict gave
        live = rows.models.live()
        assert live is not None
        version = live.manifest.version
        wanted = set(films.values())
        eventually(lambda: rows.analyses.done(list(wanted), version) == wanted, 60)
        for answer in answers:
            analysis = rows.analyses.get(answer["radiograph"])
            assert analysis is not None
            kept = rows.films.get(answer["radiograph"])
            assert kept is not None
            assert answer["checks"] == pytest.approx(dict(kept.checks), abs=1e-3)
            assert tuple(answer["flags"]) == kept.flagged
            said = {each["name"]: each["probability"] for each in answer["findings"]}
            for name, stored in zip(FINDINGS, analysis.probabilities, strict=True):
                if said[name] is None:
                    assert stored != stored  # noqa: PLR0124 - NaN: not assessed
                else:
                    assert said[name] == pytest.approx(float(stored), abs=1e-4)

            # And with the states that rows and pages give it, unreliable ones apart
            states = {each["name"]: each["state"] for each in answer["findings"]}
            assert tuple(states.values()) == live.manifest.states(list(said.values()))
            doubtful = {name for name, state in states.items() if state == "unreliable"}
            assert doubtful == {
                each["name"] for each in answer["findings"] if each["reliability"] == "unreliable"
            }
            assert len(doubtful) == 5

        # And what was stated came with MinIO's notification
        for row in rows.films.many(list(films.values())).values():
            assert (row.source, row.licence) == ("phantom", "CC0-1.0")
        key = f"front-door/été 2026/{paths[0].name}"
        (receipt,) = rows.receipts.find("dropzone", key)
        assert receipt.statement == STATEMENT_VERSION
        assert receipt.form.sharing == "open"
    finally:
        rows.close()


def test_what_cannot_be_dropped_or_predicted_is_said(
    whole_stack: WholeStack, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.png"
    letter.write_text("not a film")
    gone = str(tmp_path / "gone.png")
    asked = whole_stack.command("predict", gone, str(letter))
    assert asked.returncode == 1
    missing, refused = (json.loads(line) for line in asked.stdout.splitlines())
    assert missing == {"file": gone, "unreadable": "No such file or directory"}
    assert refused["refused"]["code"] == "not-an-image"
    assert f"predict: not done: {gone}" in asked.stderr
    hand = tmp_path / "hand.png"
    write_film(hand, draw_other("hand", 50, 512))
    asked = whole_stack.command("predict", str(hand))
    assert asked.returncode == 1
    assert json.loads(asked.stdout)["refused"]["code"] == "not-a-chest"
    named = tmp_path / "named.png"
    write_film(named, to_8_bits(draw(50, 512)))
    with Image.open(named) as picture:
        ImageDraw.Draw(picture).text((20, 440), "DUPONT 04/05/1961", fill=255, font_size=14)
        picture.save(named)
    asked = whole_stack.command("predict", str(named))
    assert json.loads(asked.stdout)["refused"]["code"] == "burned-in-text"
    empty = whole_stack.command("drop", str(tmp_path / "nothing-here"))
    assert empty.returncode == 2
    assert "want a folder" in empty.stderr


def test_a_key_that_the_store_refuses_is_shown_with_its_own_words(
    whole_stack: WholeStack, tmp_path: Path
) -> None:
    # Each folder may be; all of them together are longer than a key, which S3 ends at 1,024.
    (tmp_path / ("y" * 80)).mkdir()
    write_films(tmp_path / ("y" * 80), 1)
    prefix = "/".join(["x" * 240] * 4)
    dropped = whole_stack.command("drop", str(tmp_path), "--prefix", prefix, "--i-am-authorised")
    assert dropped.returncode == 1
    assert "0 of 1 files are in the bucket" in dropped.stdout
    lines = dropped.stderr.splitlines()
    [said] = [line for line in lines if "refused" in line and "phantom-00001" in line]
    assert "key" in said.lower(), said
