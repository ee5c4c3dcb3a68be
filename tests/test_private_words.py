"""A patient's words through every way in, then looked for in all that is kept, told or logged."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ingest.readers import read_film
from ingest.renditions import develop
from radiotheque.json_logs import JsonFormatter
from schemas.flow import TOPICS
from schemas.pseudonyms import patient_code
from store.objects import BUCKETS
from tests import test_loop
from tests.private_site import Reader, Site, form_body, said_by
from tests.private_words import Patient, Search, spellings
from tests.services import WholeStack
from tests.waiting import eventually
from tests.web import conftest as webs
from tests.web.test_api_uploads import MULTIPART
from tests.workers.making import samples


def picture(seed: int, side: int = 96) -> Image.Image:
    return Image.fromarray(samples(seed).repeat(2, axis=0).repeat(2, axis=1)[:side, :side])


def test_the_search_finds_every_spelling_it_looks_for() -> None:
    patient = Patient()
    for word in patient.words:
        for how, needle in spellings(word).items():
            search = Search(patient)
            search.look("here", b"..\x00" + needle + b"\xff..")
            assert any(how in found and word in found for found in search.found)
    for data in (
        patient.png(picture(1)),
        patient.jpeg(picture(1)),
        patient.dicom(picture(1)),
    ):
        search = Search(patient)
        search.look("the file", data)
        assert {patient.family, patient.code, patient.uid} <= {
            found.split("'")[1] for found in search.found
        }
    search = Search(patient)
    search.look("nothing", bytes(range(256)) * 100 + b"1953 2017 Eponine Zoe PX-0042")
    assert search.found == []


def test_in_memory_no_word_of_a_patient_outlives_its_way_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # As the programs log. Pillow, asked for more, would quote the EXIF it reads.
    caplog.set_level(logging.INFO)
    patient, reader = Patient(), Reader()
    monkeypatch.setattr(test_loop, "Decoder", lambda: reader)
    system = test_loop.System()
    monkeypatch.setattr(webs, "FakeRows", lambda: system.rows)
    monkeypatch.setattr(webs, "FakeObjects", lambda: system.objects)
    web = webs.build(tmp_path)

    system.objects.put("dropzone", patient.key, patient.dicom(picture(1)))
    system.objects.put("dropzone", f"lot/{patient.code}.jpg", patient.jpeg(picture(2)))
    system.objects.put("dropzone", "lot/labels.csv", patient.manifest())
    answers = [
        web.post(
            "/radiographs",
            "radiologist",
            data=form_body(patient, patient.png(picture(3)), **said_by(patient)),
            content_type=MULTIPART,
        )
    ]
    assert answers[0].status_code == 202
    refused = form_body(patient, b"", patient=patient.code, view=patient.family)
    answers.append(web.post("/radiographs", data=refused, content_type=MULTIPART))
    assert answers[1].status_code == 422
    system.come_to_rest()
    tables = system.rows.tables
    assert {row.state for row in tables.receipts.values()} == {"analysed", "manifest"}
    for film in tables.films:
        assert web.post(f"/radiographs/{film}/comments", json={"text": patient.sentence}).json
        # What stewards see is what everybody sees, but for comments and receipts.
        answers.append(web.get(f"/radiographs/{film}/similar"))
    answers.append(web.get("/receipts", query_string={"key": patient.key, "bucket": "elsewhere"}))
    answers.append(web.get("/radiographs", "viewer"))
    system.come_to_rest()

    assert not any(tables.letters)
    known = patient_code("s", patient.family, patient.code)
    assert known in {film.patient for film in tables.films.values()}
    search = Search(patient)
    rows: Any = dict(vars(tables))
    # The fake keeps keys where the database keeps their codes.
    assert len(rows.pop("lines")) == 1
    for receipt in rows.pop("receipts").values():
        search.look("receipt", repr(replace(receipt, key="", filename="")))
    for comment in rows.pop("comments").values():
        search.look("comment", repr(replace(comment, text="")))
    for name, table in rows.items():
        search.look(f"table {name}", repr(table))
    seen = {topic for topic, _ in system.log.records if system.log.records[topic, _]}
    for (topic, _), kept in system.log.records.items():
        if topic != "object.created":
            for record in kept:
                search.look(f"topic {topic}", repr(asdict(record)))
                search.look_all(f"topic {topic}", (record.key, record.value))
    assert {"radiograph.received", "radiograph.analysed", "comment.recorded"} <= seen
    assert search.look_all("objects", objects_of(system.objects)) >= 9
    assert search.look_all("cache", (repr(row) for row in system.cache.kept.items()))
    formatter = JsonFormatter()
    assert search.look_all("logs", (formatter.format(line) for line in caplog.records))
    uploaded = answers[0].json["receipts"][0]
    assert uploaded.pop("filename").startswith(patient.family)
    search.look("an answer", repr(uploaded))
    search.look_all("answers", (answer.text for answer in answers[1:]))
    assert search.found == []


def objects_of(objects: Any) -> Iterator[bytes | str]:
    """Yield keys and contents of every version of every object."""
    for bucket in BUCKETS:
        for key, version, _, _ in objects.versions(bucket):
            yield key
            yield objects.read(bucket, key, version)


def test_our_pictures_hold_pixels_and_nothing_else() -> None:
    patient = Patient()
    for data in (patient.png(picture(1)), patient.jpeg(picture(1))):
        made = develop(read_film(data, 64_000_000))
        for kept in (made.full, made.display, made.thumbnail):
            with Image.open(io.BytesIO(kept)) as shown:
                shown.load()
                assert not shown.getexif()
                assert set(shown.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.services
@pytest.mark.timeout(300)
def test_on_the_real_services_no_word_of_a_patient_outlives_its_way_in(
    whole_stack: WholeStack,
) -> None:
    eventually(whole_stack.is_healthy, 90, every_s=1, what="all healthy")
    patient = Patient()
    library = Site(whole_stack)
    library.drop_in_bulk(patient)
    uploads = library.upload(patient)
    library.ask_and_err(patient)
    receipts = eventually(lambda: library.finished(patient), 120, every_s=0.5, what="all analysed")
    films = {str(receipt["film"]) for receipt in receipts}
    assert len(films) == 4
    comment = json.dumps({"text": patient.sentence}).encode()
    for film in films:
        # The comment itself is answered with its text.
        assert patient.code in library.ask("POST", f"/radiographs/{film}/comments", comment)
    answers = [library.ask("GET", f"/radiographs/{film}/similar") for film in films]
    eventually(library.is_quiet, 60, every_s=0.5, what="nothing waits in the outbox")
    eventually(lambda: library.has_let_go(patient), 60, every_s=0.5, what="taken drops are gone")

    search = Search(patient)
    search.look_all("answers", answers)
    search.look_all("addresses", (row["url"] for row in uploads))
    assert library.rows(search) > 30
    topics = {
        topic.name: search.look_all(f"topic {topic.name}", library.records(topic.name))
        for topic in TOPICS
        if topic.name != "object.created"
    }
    for said in ("object.uploaded", "radiograph.received", "radiograph.analysed",
                 "radiograph.rejected", "comment.recorded"):  # fmt: skip
        assert topics[said] > 0, said
    # Who looks finds it where it may stand: the search is not blind.
    named = Search(patient)
    named.look_all("object.created", library.records("object.created"))
    assert named.found
    refused = {(row["bucket"], row["key"]) for row in library.receipts(patient) if row["code"]}
    assert len(refused) == 1
    objects = search.look_all("objects", library.objects(refused))
    assert objects >= 2 * 3 * len(films)
    assert search.look_all("cache", library.cache()) > 0
    assert search.look_all("logs", library.logs()) > 5
    assert search.found == []
