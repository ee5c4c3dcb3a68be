"""Analyses: kept once, whole; the shown one is the live model's."""

import numpy as np
import pytest

from schemas.errors import Dead
from schemas.findings import FINDINGS
from tests.store.made import Library, analysed, analysis, film, manifest


def test_an_analysis_comes_back_as_it_was(shelf: Library) -> None:
    shelf.accept(film(1))
    kept = shelf.analyse(film(1), seed=7, Edema=0.8)
    found = shelf.rows.analyses.get(film(1).id)
    assert found is not None
    assert np.array_equal(found.probabilities, kept.probabilities, equal_nan=True)
    assert np.array_equal(found.features, kept.features)
    assert np.array_equal(found.activation, kept.activation)
    assert np.abs(found.embedding - kept.embedding).max() < 1e-3
    assert found.analysed_at is not None
    assert (found.model_label, found.preprocessing) == ("starter/1", "p1")


def test_saving_twice_keeps_the_first_and_says_it_once(shelf: Library) -> None:
    receipt = shelf.accept(film(1))
    shelf.forget_outbox()
    shelf.analyse(film(1), Edema=0.8)
    shelf.analyse(film(1), Edema=0.2)
    found = shelf.rows.analyses.get(film(1).id)
    assert found is not None
    assert found.probabilities[FINDINGS.index("Edema")] == np.float32(0.8)
    assert shelf.topics() == ["radiograph.analysed"]
    assert shelf.now(receipt).state == "analysed"


def test_a_batch_keeps_each_film_and_passes_over_an_erased_one(shelf: Library) -> None:
    for seed in range(3):
        shelf.accept(film(seed))
    shelf.rows.films.erase(film(1).id, account=shelf.admin.id)
    shelf.forget_outbox()
    batch = [analysis(film(seed).id, seed=seed) for seed in range(3)]
    shelf.rows.analyses.save(batch, [analysed(film(seed)) for seed in range(3)])
    done = shelf.rows.analyses.done([film(seed).id for seed in range(3)], 1)
    assert done == {film(0).id, film(2).id}
    assert {row.key for row in shelf.rows.outbox.pending(10)} == {
        film(0).id.encode(),
        film(2).id.encode(),
    }


def test_an_analysis_by_a_model_nobody_registered_is_dead(shelf: Library) -> None:
    shelf.accept(film(1))
    with pytest.raises(Dead):
        shelf.rows.analyses.save([analysis(film(1).id, model=9)], [])
    assert shelf.rows.analyses.done([film(1).id], 9) == set()


def test_a_film_shows_the_live_models_analysis_else_its_newest(shelf: Library) -> None:
    shelf.accept(film(1))
    shelf.analyse(film(1), Edema=0.9)
    shelf.rows.models.register(manifest(2), "candidate")
    shelf.rows.analyses.save([analysis(film(1).id, model=2, scores={"Edema": 0.1})], [])

    def shown() -> tuple[str | None, int]:
        row = shelf.rows.films.rows([film(1).id], account=shelf.admin.id).items[0]
        found = shelf.rows.analyses.get(film(1).id)
        assert found is not None
        return row.model, found.model

    assert shown() == ("starter/1", 1)
    shelf.rows.models.set_live(2)
    assert shown() == ("starter/2", 2)
    one = shelf.rows.analyses.get(film(1).id, 1)
    assert one is not None
    assert one.model == 1
    assert shelf.rows.analyses.get(film(1).id, 3) is None
