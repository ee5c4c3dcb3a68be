"""A folder with its manifest, on the real services, by the command line and the API."""

import json
import time
from pathlib import Path
from uuid import UUID

import pytest

from store.rows import connect as connect_rows
from tests.dropping import films
from tests.private_site import Site
from tests.services import WholeStack
from tests.waiting import eventually


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
