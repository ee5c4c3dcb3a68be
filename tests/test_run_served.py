"""A trained run on the real services: added, made live, and a film analysed by it, end to end.

MobileNetV2 with random weights, at another side, feature width and map size than the starter.
"""

import io
import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from ingest.handler import IngestHandler, build
from radiotheque.__main__ import main
from schemas.envelope import to_message
from schemas.events import ObjectUploaded
from schemas.film_check import FROM_PIXELS
from schemas.models import ModelManifest
from stack.installs import starter_model
from store.log import Record
from store.objects import connect as connect_objects
from store.ports import Rows
from store.records import Drop, FormSays, Receipt
from store.rows import admin_connection
from store.rows import connect as connect_rows
from store.settings import PREFIX, Settings
from tests.dropping import films
from tests.own_triton import own_triton
from tests.services import admin_settings, as_role
from tests.training.environment import run_training
from tests.workers.making import record_of, request
from web.app import create_app, open_deps
from workers.analyse import AnalyseHandler
from workers.models import ModelsProcess, seed_starter
from workers.triton import TritonControl, TritonModel

pytestmark = [pytest.mark.services, pytest.mark.training, pytest.mark.timeout(400)]

SIDE = 96
ASSESSED = {"No Finding", "Cardiomegaly", "Edema", "Pneumonia", "Pleural Effusion"}


@dataclass
class House:
    """The real handlers on stores of this module alone, and a Triton that no other loads into."""

    settings: Settings
    rows: Rows
    process: ModelsProcess
    control: TritonControl
    ingest: IngestHandler
    analyse: AnalyseHandler
    client: FlaskClient
    token: str
    known: list[str] = field(default_factory=list)

    def drop(self, name: str, data: bytes) -> str:
        """Take in a film and analyse it, as the programs do; return its id."""
        objects = connect_objects(self.settings)
        version = objects.put("dropzone", name, data)
        drop = Drop("dropzone", name, version, len(data), "first", self.settings.site, "upload",
                    form=FormSays())  # fmt: skip
        [receipt] = self.rows.receipts.open_many([drop])
        message = to_message(ObjectUploaded(receipt=receipt.id), site=self.settings.site)
        self.ingest.handle([record_of(message)])
        taken = self.rows.receipts.get(receipt.id)
        assert taken is not None
        assert (taken.state, taken.code) == ("accepted", None)
        assert taken.film is not None
        self.analyse.handle(self._asked(taken))
        return taken.film

    def _asked(self, receipt: Receipt) -> list[Record]:
        """Return what ingest asked for this film."""
        rows = [row for row in self.rows.outbox.pending(1000) if row.topic == "analysis.requested"]
        return [
            Record(row.topic, 0, row.number, row.key, dict(row.headers), row.value, 0)
            for row in rows
            if json.loads(row.value or b"{}").get("receipt") == str(receipt.id)
        ]

    def fill(self) -> None:
        """Analyse old films as the reconciler has it done, until searches have moved."""
        for _ in range(10):
            if self.rows.models.filling() is None:
                return
            # As if minutes had passed: a film that was asked for a moment ago is not asked again.
            admin = admin_settings(self.settings)
            with admin_connection(admin, self.settings.postgres_database) as connection:
                connection.execute(b"UPDATE rad.film SET requested_at = NULL")
            asked = [record_of(request(film)) for film in self.rows.films.without_analysis(6)]
            self.analyse.handle(asked)
        raise AssertionError("searches never moved")

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, headers={"Authorization": f"Bearer {self.token}"})

    def api(self, path: str) -> Any:
        answer = self.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an exported run."""
    out = tmp_path_factory.mktemp("runs")
    made = run_training("tests.training.random_run", out, str(SIDE), "MobileNetV2")
    assert made.returncode == 0
    return out / "MobileNetV2"


@pytest.fixture(scope="module")
def house(module_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Return everything, with the starter live."""
    with ExitStack() as close:
        alone = close.enter_context(own_triton(module_settings, tmp_path_factory.mktemp("triton")))
        # No film here has text, and reading it takes longer than all the rest.
        settings = alone.model_copy(
            update={"starter_model": starter_model(), "look_for_text": False}
        )
        own = {role: as_role(settings, role) for role in ("operator", "models", "analyse", "web")}
        rows = {role: connect_rows(settings) for role, settings in own.items()}
        for each in rows.values():
            close.callback(each.close)
        objects = connect_objects(settings)
        seed_starter(settings, rows["operator"].models, objects)
        control = TritonControl(settings.triton_grpc, settings.triton_secret.get_secret_value())
        close.callback(control.close)
        assert settings.triton_repository is not None
        process = ModelsProcess(
            rows["models"].models, objects, control,
            repository=settings.triton_repository, backend=settings.triton_backend,
        )  # fmt: skip
        assert process.step() == frozenset()
        model = close.enter_context(TritonModel(settings.triton_grpc))
        ingest = build(as_role(settings, "ingest"), model)
        close.callback(ingest.close)
        analyse = AnalyseHandler(own["analyse"], rows["analyse"], objects, model)
        close.callback(analyse.close)
        token = secrets.token_urlsafe()
        account = rows["operator"].accounts.add("tester", "admin", "no password", by=None)
        digest = sha256(token.encode()).digest()
        rows["operator"].accounts.add_token(account.id, digest, "of a test", by=account.id)
        web = create_app(own["web"], open_deps(own["web"], dict))
        yield House(
            settings, rows["operator"], process, control, ingest, analyse,
            web.test_client(), token,
        )  # fmt: skip


@pytest.fixture
def radiotheque(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    """Return the command line on this module's stores: what it printed."""
    told = {
        "STATE": str(house.settings.state_dir),
        "POSTGRES_DATABASE": house.settings.postgres_database,
        "BUCKET_PREFIX": house.settings.bucket_prefix,
    }
    for name, value in told.items():
        monkeypatch.setenv(f"{PREFIX}{name}", value)

    def command(*words: str) -> str:
        capsys.readouterr()
        assert main(words) == 0
        return capsys.readouterr().out

    return command


def scored(findings: Sequence[Any]) -> set[str]:
    return {each["name"] for each in findings if each["probability"] is not None}


def check_states(findings: Sequence[Any]) -> None:
    """Hold each finding to the run's verdict on it: random weights are unreliable, and so said."""
    for each in findings:
        said = (each["reliability"], each["state"])
        known = each["name"] in ASSESSED
        assert said == (("unreliable", "unreliable") if known else (None, "not_assessed"))


def test_a_run_is_added_beside_the_starter_made_live_and_analyses_films_end_to_end(
    house: House, run: Path, radiotheque: Any
) -> None:
    starter = house.rows.models.live()
    assert starter is not None
    number = starter.manifest.version
    (_, old), (_, new), (_, later) = films(3, 50)
    first = house.drop("old.png", old)
    assert house.api(f"/radiographs/{first}")["model"]["label"] == starter.manifest.label

    # Added twice it is one candidate, which Triton serves beside the live one.
    for _ in range(2):
        said = radiotheque("models", "add", str(run))
        assert said == "mobilenetv2/1001 is a candidate; `models live 1001` releases it\n"
    assert house.process.step() == frozenset()
    assert house.control.ready_versions() == {number, 1001}

    # Live, searches stay with the starter's embeddings until every film has the run's.
    said = radiotheque("models", "live", "1001")
    manifest = ModelManifest.model_validate_json((run / "model.json").read_bytes())
    assert "mobilenetv2/1001 is live" in said
    assert "(1 of 1)" in said
    assert house.rows.vectors.version() == starter.manifest.embedding_version
    second = house.drop("new.png", new)
    assert house.rows.analyses.done([second], number) == {second}
    house.fill()
    assert house.rows.vectors.version() == manifest.embedding_version

    # Findings, by the run: those that it assesses, with its verdicts and states.
    film = house.api(f"/radiographs/{second}")
    assert (film["model"]["label"], film["model"]["live"]) == ("mobilenetv2/1001", True)
    assert film["model"]["embedding_version"] == manifest.embedding_version
    assert scored(film["findings"]) == ASSESSED
    check_states(film["findings"])
    # It has no input check: its films are not judged by their pixels, and pass.
    assert not set(film["checks"]) & set(FROM_PIXELS)

    # The map has the film's aspect whatever grid it was drawn from; not assessed there is none.
    answer = house.get(f"/api/v1/radiographs/{second}/activation?finding=Edema")
    assert answer.status_code == 200
    with Image.open(io.BytesIO(answer.data)) as shown:
        assert shown.width == shown.height
        assert np.asarray(shown)[:, :, 3].any()
    answer = house.get(f"/api/v1/radiographs/{second}/activation?finding=Fracture")
    assert answer.status_code == 404

    # Look-alikes: one phantom under two grains.
    last = house.drop("later.png", later)
    alike = house.api(f"/radiographs/{last}/similar")
    found = {each["id"] for each in alike["items"]}
    found |= {film for each in alike["items"] for film in each["duplicates"]}
    assert found == {first, second}

    # The model's page says that it has no card.
    page = house.get("/modele?version=1001")
    assert page.status_code == 200
    assert "mobilenetv2/1001" in page.text
    assert "pas de fiche" in page.text

    # And the way back.
    assert f"{starter.manifest.label} is live" in radiotheque("models", "live", str(number))
    house.fill()
    assert house.rows.vectors.version() == starter.manifest.embedding_version
    assert house.api(f"/radiographs/{last}")["model"]["version"] == number
