"""Quarantine on the real services: a doubtful drop waits, is masked, goes on or is deleted."""

import io
import json
import time
from contextlib import closing

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ingest.black_out import black_out
from ingest.housekeeper import Housekeeper
from schemas.identities import film_id
from stack.phantoms import draw, to_8_bits
from store.objects import connect as connect_objects
from store.ports import held_key, rendition_key
from store.rows import connect as connect_rows
from tests.ingest.dicoms import dicom_of
from tests.private_site import Site
from tests.services import WholeStack
from tests.waiting import eventually
from tests.web.test_api_uploads import MULTIPART, body_of

MASK = (0.0, 0.0, 0.5, 0.1)


def doubtful(seed: int) -> tuple[NDArray[np.uint8], bytes]:
    """Return a phantom of this run alone and a DX file of it that says text is burned in."""
    samples = to_8_bits(draw(seed, 512))
    grain = np.random.default_rng(time.time_ns()).integers(0, 6, samples.shape, np.uint8)
    codes = np.where(samples < 240, samples + grain, samples).astype(np.uint8)
    return codes, dicom_of(codes, BurnedInAnnotation="YES")


def receipt_now(site: Site, receipt: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(site.ask("GET", f"/receipts/{receipt}"))
    return found


@pytest.mark.services
@pytest.mark.timeout(240)
def test_a_doubtful_drop_waits_is_masked_let_pass_and_analysed_on_the_real_services(
    whole_stack: WholeStack,
) -> None:
    eventually(whole_stack.is_healthy, 90, every_s=1, what="all healthy")
    site = Site(whole_stack)
    (samples, passing), (_, refused) = doubtful(61), doubtful(62)
    body = body_of(("a.dcm", passing), ("b.dcm", refused))
    taken = json.loads(site.ask("POST", "/radiographs", body, MULTIPART))["receipts"]
    first, second = (row["id"] for row in taken)

    def both_held() -> bool:
        return all(receipt_now(site, each)["state"] == "quarantined" for each in (first, second))

    eventually(both_held, 60, every_s=0.3, what="both in quarantine")
    listed = {row["id"] for row in json.loads(site.ask("GET", "/quarantine?limit=200"))["items"]}
    assert {first, second} <= listed
    shown = site.store.read("quarantine", held_key(first, "display"))
    with Image.open(io.BytesIO(shown)) as picture:
        assert picture.size == (512, 512)

    part = dict(zip(("left", "top", "width", "height"), MASK, strict=True))
    release = json.dumps({"black_out": [part]}).encode()
    assert site.ask("POST", f"/receipts/{first}/release", release) == ""
    assert site.ask("POST", f"/receipts/{second}/refuse", b'{"note": "nom lisible"}') == ""
    eventually(
        lambda: receipt_now(site, first)["state"] == "analysed", 60, every_s=0.3, what="analysed"
    )
    wanted = film_id(black_out(samples, [MASK]))
    assert receipt_now(site, first)["radiograph"] == wanted
    full = site.store.read("radiographs", rendition_key(wanted, "full"))
    with Image.open(io.BytesIO(full)) as kept:
        assert (np.asarray(kept)[:51, :256] == samples.min()).all()

    settings = whole_stack.settings.model_copy(update={"postgres_user": "radiotheque_reconciler"})
    with closing(connect_rows(settings)) as rows:
        Housekeeper(settings, rows, connect_objects(settings)).once()
    left = {key.split("/")[0] for key, _, _, _ in site.store.versions("quarantine")}
    assert not {first, second} & left
