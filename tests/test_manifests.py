"""A folder with its manifest, on the real services, by the command line and the API."""

import json
import time
from pathlib import Path
from uuid import UUID

import pytest

from store.rows import connect as connect_rows
from tests.dropping import analysed, films
from tests.private_site import Site
from tests.services import WholeStack
from tests.test_kills import kill
from tests.waiting import eventually
from tests.web.test_api_uploads import MULTIPART, body_of

#: Lines that take longer to read than two films, on a quick machine too.
LONG = 60_000


@pytest.mark.services
@pytest.mark.timeout(200)
def test_a_folder_with_its_manifest_is_known_whole_on_the_real_services(
    whole_stack: WholeStack, tmp_path: Path
) -> None:
    eventually(whole_stack.is_healthy, 90, every_s=1, what="all healthy")
    made = films(3, seed=79)
    for number, (_, data) in enumerate(made):
        (tmp_path / f"{number}.png").write_bytes(data)
    (tmp_path / "labels.csv").write_text(
        "Path,Sex,Age,AP/PA,PatientID,Edema,Fracture,Remarque\n"
        "0.png,Female,61,PA,PX-1,1.0,-1.0,x\n"
        "1.png,Male,old,AP,PX-1,,0.0,x\n"
        "7.png,Male,40,AP,PX-2,,,x\n"
    )
    prefix = f"manifest-{time.time_ns()}"
    said = whole_stack.command("drop", str(tmp_path), "--prefix", prefix, "--i-am-authorised")
    assert said.returncode == 0, said.stderr
    assert "films that are not in this drop: 1" in said.stdout
    site = Site(whole_stack)
    settings = whole_stack.settings.model_copy(update={"postgres_user": "radiotheque_operator"})
    rows = connect_rows(settings)

    def states() -> dict[str, tuple[str, UUID]]:
        names = ["labels.csv", *(f"{number}.png" for number in range(3))]
        found = {name: rows.receipts.find("dropzone", f"{prefix}/{name}") for name in names}
        return {name: (of[0].state, of[0].id) for name, of in found.items() if of}

    def ended() -> bool:
        return [state for state, _ in states().values()] == ["manifest"] + ["analysed"] * 3

    try:
        eventually(ended, 90, every_s=0.5, what="manifest read and films analysed")
        shown = [json.loads(site.ask("GET", f"/radiographs/{film}")) for film, _ in made]
        assert [row["view"] for row in shown] == ["PA", "AP", None]
        stored = [rows.films.get(film) for film, _ in made]
        patients = [film.patient for film in stored if film is not None]
        assert patients[0] == patients[1] is not None
        assert patients[2] is None
        labels = {(row["finding"], row["label"]) for row in shown[0]["labels"]}
        assert {("Edema", 1), ("Fracture", -1)} <= labels
        _, receipt = states()["labels.csv"]
        told = json.loads(site.ask("GET", f"/receipts/{receipt}/manifest"))
        assert (told["lines"], told["absent"], told["malformed"]) == (3, 1, 1)
        assert told["unknown_columns"] == ["Remarque"]
        eventually(
            lambda: not list(site.store.versions("dropzone", prefix)), 60, what="all objects gone"
        )
    finally:
        rows.close()


@pytest.mark.services
@pytest.mark.timeout(300)
def test_films_of_both_lanes_go_on_beside_a_long_manifest_whose_reader_is_killed(
    whole_stack: WholeStack,
) -> None:
    eventually(whole_stack.is_healthy, 90, every_s=1, what="all healthy")
    before, beside, browsers = films(3, seed=int(time.time()) % 10_000)
    prefix = f"long-{time.time_ns()}"
    site = Site(whole_stack)
    settings = whole_stack.settings.model_copy(update={"postgres_user": "radiotheque_operator"})
    rows = connect_rows(settings)

    def state(name: str) -> str:
        found = rows.receipts.find("dropzone", f"{prefix}/{name}")
        return found[0].state if found else ""

    def is_done(film: str) -> bool:
        return analysed(whole_stack, [film]) == {film}

    try:
        site.store.put("dropzone", f"{prefix}/p1.png", before[1], "image/png")
        eventually(lambda: is_done(before[0]), 60, what="the film before")
        lines = b"".join(b"p%d.png,1\n" % line for line in range(1, LONG + 1))
        site.store.put("dropzone", f"{prefix}/labels.csv", b"Path,Edema\n" + lines, "text/csv")
        eventually(lambda: state("labels.csv") == "received", 30, what="the manifest waits")
        kill(whole_stack, "reconciler")
        last = f"{prefix}/p{LONG}.png"
        site.store.put("dropzone", last, beside[1], "image/png")
        site.ask("POST", "/radiographs", body_of(("b.png", browsers[1])), MULTIPART)
        eventually(lambda: is_done(browsers[0]), 60, what="the browser's film")
        eventually(lambda: is_done(beside[0]), 60, what="the bucket's film")
        assert state("labels.csv") == "received", "the manifest was too short to show anything"
        eventually(whole_stack.is_healthy, 90, every_s=1, what="the reader is back")
        kill(whole_stack, "reconciler")
        eventually(lambda: state("labels.csv") == "manifest", 150, every_s=0.5, what="read")
        for film in (before[0], beside[0]):
            told = json.loads(site.ask("GET", f"/radiographs/{film}"))["labels"]
            assert [row["label"] for row in told if row["finding"] == "Edema"] == [1]
        receipt = rows.receipts.find("dropzone", f"{prefix}/labels.csv")[0].id
        summary = json.loads(site.ask("GET", f"/receipts/{receipt}/manifest"))
        counts = [summary[name] for name in ("lines", "found", "absent", "repeated")]
        assert counts == [LONG, 2, LONG - 2, 0]
    finally:
        rows.close()
