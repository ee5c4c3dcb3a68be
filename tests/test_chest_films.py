"""Chest films and others through the real ingest, with the starter model on the real Triton."""

import io
import json
from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ingest.handler import IngestHandler, build
from schemas.envelope import to_message
from schemas.events import ObjectUploaded
from schemas.film_check import FROM_PIXELS
from schemas.identities import film_id
from stack.installs import starter_model
from stack.lateral_phantom import draw_lateral
from stack.other_films import draw_other
from stack.phantoms import draw, to_8_bits
from store.log import Record
from store.objects import connect as connect_objects
from store.ports import Objects, Rows
from store.records import Drop, FormSays, Receipt
from store.rows import connect as connect_rows
from store.settings import Settings
from tests.dropping import films
from tests.requirements import ROOT
from tests.services import as_role
from workers.models import ModelsProcess, seed_starter
from workers.triton import TritonControl, TritonModel

pytestmark = [pytest.mark.services, pytest.mark.timeout(180)]

#: Seeds that no figure of the model card was made with.
SEEDS = (50, 51)


class Ingest:
    """The real handler, and drops for it that no running program hears of."""

    def __init__(self, settings: Settings, handler: IngestHandler, rows: Rows) -> None:
        self.settings, self.handler, self.rows = settings, handler, rows
        self.objects: Objects = connect_objects(settings)

    def drop(self, key: str, data: bytes, form: FormSays | None = None) -> Receipt:
        """Take in a file as an upload; return its receipt at its end."""
        version = self.objects.put("dropzone", key, data)
        drop = Drop("dropzone", key, version, len(data), "first", self.settings.site, "upload",
                    form=form or FormSays())  # fmt: skip
        [receipt] = self.rows.receipts.open_many([drop])
        message = to_message(ObjectUploaded(receipt=receipt.id), site=self.settings.site)
        headers = {name: text.encode() for name, text in message.headers.items()}
        self.handler.handle(
            [Record(message.topic, 0, 0, message.key.encode(), headers, message.value, 0)]
        )
        found = self.rows.receipts.get(receipt.id)
        assert found is not None
        return found

    def said(self, receipt: Receipt) -> set[str]:
        """Return the topics of what was said of a receipt."""
        return {
            row.topic
            for row in self.rows.outbox.pending(10_000)
            if json.loads(row.value or b"{}").get("receipt") == str(receipt.id)
        }


@pytest.fixture(scope="module")
def ingest(module_settings: Settings) -> Iterator[Ingest]:
    """Return ingest with the starter model live, its numbers stored, and Triton serving it."""
    settings = module_settings.model_copy(update={"starter_model": starter_model()})
    assert settings.triton_repository is not None
    with ExitStack() as close:
        rows = connect_rows(as_role(settings, "operator"))
        close.callback(rows.close)
        objects = connect_objects(settings)
        seed_starter(settings, rows.models, objects)
        control = TritonControl(settings.triton_grpc, settings.triton_secret.get_secret_value())
        close.callback(control.close)
        process = ModelsProcess(
            rows.models, objects, control,
            repository=settings.triton_repository, backend=settings.triton_backend,
        )  # fmt: skip
        assert process.step() == frozenset()
        model = TritonModel(settings.triton_grpc)
        close.callback(model.close)
        handler = build(as_role(settings, "ingest"), model)
        close.callback(handler.close)
        yield Ingest(settings, handler, rows)


def png(film: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(film).save(out, "PNG", compress_level=1)
    return out.getvalue()


@pytest.mark.parametrize(
    "kind",
    ["hand", "hip", "teeth", "abdomen", "knee", "skull", "landscape", "photograph", "noise"],
)
def test_what_is_drawn_of_something_else_is_refused_or_waits_and_is_never_analysed(
    ingest: Ingest, kind: str
) -> None:
    for seed in SEEDS:
        film = draw_other(kind, seed, 512)
        receipt = ingest.drop(f"{kind}/{seed}", png(film))
        assert receipt.code == "not-a-chest"
        assert receipt.state in {"rejected", "quarantined"}
        assert ingest.said(receipt) == {f"radiograph.{receipt.state}"}
        assert ingest.rows.films.get(film_id(film)) is None


@pytest.mark.parametrize("side", [512, 1024])
def test_phantoms_of_8_and_16_bits_pass_by_the_same_rule_without_a_flag(
    ingest: Ingest, side: int
) -> None:
    for seed in SEEDS:
        phantom = draw(seed, side)
        for film in (phantom, to_8_bits(phantom)):
            receipt = ingest.drop(f"phantom/{seed}/{side}/{film.dtype}", png(film))
            assert (receipt.state, receipt.code) == ("accepted", None)
            kept = ingest.rows.films.get(film_id(film))
            assert kept is not None
            assert set(kept.checks) == set(FROM_PIXELS)
            assert kept.flagged == ()


def test_a_phantom_under_grain_passes_too(ingest: Ingest) -> None:
    for seed in SEEDS:
        [(_, data)] = films(1, seed)
        assert ingest.drop(f"grain/{seed}", data).state == "accepted"


@pytest.mark.parametrize(
    ("change", "flag"),
    [("inverted", "inverted"), ("on its side", "rotated"), ("upside down", "rotated")],
)
def test_an_inverted_or_turned_phantom_is_flagged_or_waits_for_a_steward(
    ingest: Ingest, change: str, flag: str
) -> None:
    for seed in SEEDS:
        film = to_8_bits(draw(seed, 512))
        film = {
            "inverted": 255 - film,
            "on its side": np.rot90(film),
            "upside down": np.rot90(film, 2),
        }[change]
        receipt = ingest.drop(f"{change}/{seed}", png(np.ascontiguousarray(film)))
        if receipt.film is None:
            # Its letter, turned, may be read as more than the letter of a side.
            assert receipt.state == "quarantined"
            assert receipt.code in {"not-a-chest", "burned-in-text"}
            continue
        kept = ingest.rows.films.get(receipt.film)
        assert kept is not None
        assert flag in kept.flagged


def test_a_lateral_film_is_told_by_its_pixels_and_one_said_to_be_frontal_waits(
    ingest: Ingest,
) -> None:
    for seed in SEEDS:
        film = draw_lateral(seed, 480)
        assert ingest.drop(f"lateral/{seed}", png(film), FormSays(view="PA")).code == (
            "view-disagrees"
        )
        assert ingest.drop(f"lateral/{seed}/unsaid", png(film)).state == "accepted"
        kept = ingest.rows.films.get(film_id(film))
        assert kept is not None
        assert kept.flagged == ("lateral",)


def test_a_lateral_film_is_kept_when_its_depositor_says_so(ingest: Ingest) -> None:
    film = draw_lateral(50, 512)
    receipt = ingest.drop("lateral/said", png(film), FormSays(view="LATERAL"))
    assert receipt.state == "accepted"
    kept = ingest.rows.films.get(film_id(film))
    assert kept is not None
    assert (dict(kept.checks), kept.flagged) == ({"lateral": 1.0}, ("lateral",))


@pytest.mark.parametrize("name", ["phantom-a.png", "phantom-b.jpg"])
def test_the_films_that_lie_ready_to_be_dropped_pass(ingest: Ingest, name: str) -> None:
    assert ingest.drop(f"demo/{name}", (ROOT / "demo" / name).read_bytes()).state == "accepted"
