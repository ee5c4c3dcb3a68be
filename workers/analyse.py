"""analysis.requested ─> radiograph.analysed: what the live model says of films.

    requests ─> films not yet analysed ─> stored PNGs ─> tensors ─> Triton ─> one transaction

The models are read once per batch and every request to Triton names its version. While searches
still use another embedding version than the live model's, a new film is also given to a model of
that one: else searches would not find it until they move. Reading and scaling
pictures runs in threads while Triton already computes: each film is a request, sent as soon as it
is ready, so that many are in flight and Triton batches them. Ingest has asked the live model of
the same film just before: Triton answers that from its cache, which knows requests, not films, so
that two films in one request would be computed again.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final, Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from schemas.envelope import Message, Received, to_message
from schemas.errors import Dead, NotFound, Unavailable
from schemas.events import AnalysisRequested, RadiographAnalysed, ScoredFinding
from schemas.film_check import is_inverted, is_lateral
from schemas.film_tensor import film_tensor, preprocessing_hash
from schemas.findings import FINDINGS
from schemas.flow import GROUPS
from schemas.greys import tensor_turned_over
from schemas.models import ModelManifest
from store.log import Record
from store.ports import Objects, Rows, rendition_key
from store.records import Analysis, Film
from store.settings import Settings
from workers.reading import event_of
from workers.triton import BULK, URGENT, Scores

LANES: Final = next(lanes for lanes in GROUPS if lanes.group == "analyse")

_READERS: Final = 4
_ANSWER_S: Final = 60.0


class Scorer(Protocol):
    """What asks the model: workers.triton.TritonModel, or the fake one."""

    def side(self, version: str) -> int:
        """Return the side in pixels of the version's input."""
        ...

    def submit(self, images: NDArray[np.uint8], version: str, priority: int) -> Future[Scores]:
        """Send one request; return the future of its scores."""
        ...


class AnalyseHandler:
    """Scores and embeds films, each once per model version, so that searches find them."""

    def __init__(self, settings: Settings, rows: Rows, objects: Objects, triton: Scorer) -> None:
        self._site = settings.site
        self._rows = rows
        self._objects = objects
        self._triton = triton
        self._threads = ThreadPoolExecutor(_READERS, thread_name_prefix="stored-film")

    def close(self) -> None:
        """End the reading threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def handle(self, records: Sequence[Record]) -> None:
        """Analyse the films of these requests that the live model has not analysed yet.

        Raises Dead for a record that is no request or a film without its stored picture, or with
        one that cannot be read (BadObject: its letter is replayed once the disk is mended),
        Unavailable when a service is down, no model is live, Triton does not have it yet, or
        searches moved to another version or a film became lateral meanwhile: the batch is then
        done again.
        """
        asked = _by_film(records)
        working = [row.manifest for row in self._rows.models.working()]
        if not working:
            raise Unavailable("triton", "no model is live yet")
        manifest, *others = working
        done = self._rows.analyses.done(list(asked), manifest.version)
        films = self._rows.films.many([film for film in asked if film not in done])
        # A film that has no row any more was erased: nothing is left to do for it.
        if not films:
            return
        urgent = any(record.topic in LANES.first for record in records)
        priority = URGENT if urgent else BULK
        scored = self._scored(list(films.values()), manifest, priority)
        analyses: list[Analysis] = []
        events: list[Message] = []
        for film, scores in scored:
            request = asked[film.id]
            analysis = _analysis(film, scores, manifest)
            analyses.append(analysis)
            event = _event(film, analysis, manifest, awaited=_is_awaited(request))
            events.append(to_message(event, site=self._site, cause=request.id))
        for other in others:
            known = self._rows.vectors.embedded(list(films), other.embedding_version)
            lacking = [film for film in films.values() if film.id not in known]
            # Kept as any analysis, and not said: what is shown of the film is the live model's.
            for film, scores in self._scored(lacking, other, priority):
                analyses.append(_analysis(film, scores, other))
        self._rows.analyses.save(analyses, events)

    def receipt_of(self, record: Record) -> UUID | None:
        """Return the receipt a request was made for, if any."""
        event = event_of(record).event
        return event.receipt if isinstance(event, AnalysisRequested) else None

    def _scored(
        self, films: Sequence[Film], manifest: ModelManifest, priority: int
    ) -> Iterator[tuple[Film, Scores]]:
        """Yield each film that is still there with its scores (one row)."""
        if not films:
            # Nothing to ask: a version that Triton cannot serve beside the live one is not missed.
            return
        version = str(manifest.version)
        side = self._triton.side(version)
        sent: list[tuple[Film, Future[Scores]]] = []
        reading = [self._threads.submit(self._tensor, film, side) for film in films]
        for film, read in zip(films, reading, strict=True):
            tensor = read.result()
            if tensor is not None:
                sent.append((film, self._triton.submit(tensor[None], version, priority)))
        for film, future in sent:
            yield film, _answer(future)

    def _tensor(self, film: Film, side: int) -> NDArray[np.uint8] | None:
        """Return the model's input for a film; None if the film was erased meanwhile."""
        try:
            data = self._objects.read("radiographs", rendition_key(film.id, "full"))
        except NotFound as error:
            if self._rows.films.get(film.id) is None:
                return None
            raise Dead(f"film {film.id}: its stored picture is missing") from error
        tensor = film_tensor(data, side, film.id, film.facts.shown_as)
        if not is_inverted(film.checks):
            return tensor
        return tensor_turned_over(tensor, film.width, film.height, film.facts.shown_as)


def _by_film(records: Sequence[Record]) -> dict[str, Received]:
    """Return the first request for each film. Raises Dead for a record that is no request."""
    asked: dict[str, Received] = {}
    for record in records:
        received = event_of(record)
        if not isinstance(received.event, AnalysisRequested):
            raise Dead(f"{record.topic}: wanted an analysis request")
        asked.setdefault(received.event.radiograph, received)
    return asked


def _answer(future: Future[Scores]) -> Scores:
    try:
        return future.result(_ANSWER_S)
    except TimeoutError as error:
        raise Unavailable("triton", f"no answer in {_ANSWER_S:g} s") from error


def _analysis(film: Film, scores: Scores, manifest: ModelManifest) -> Analysis:
    """Return what is kept of a film's scores.

    No model has learned from lateral films: of one nothing is assessed, and no place is shown.
    """
    probabilities, activation = scores.probabilities[0], to_map(scores.activation[0])
    if is_lateral(film.view, film.checks):
        probabilities = np.full_like(probabilities, np.nan)
        activation = np.zeros_like(activation)
    return Analysis(
        film=film.id,
        model=manifest.version,
        model_label=manifest.label,
        embedding_version=manifest.embedding_version,
        preprocessing=preprocessing_hash(film.facts.shown_as, inverted=is_inverted(film.checks)),
        probabilities=probabilities,
        embedding=scores.embedding[0],
        features=scores.features[0],
        activation=activation,
        analysed_at=datetime.now(UTC),
        anew=film.anew,
    )


def to_map(activation: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return class activation maps as they are kept: uint8 (14, h, w), 0..255.

    What speaks against a finding (below 0) is 0; each finding's strongest place is 255, so that
    maps show where, and the probability says how much. A finding without any stays 0.
    """
    positive = np.maximum(np.nan_to_num(activation), 0)
    strongest = positive.max(axis=(1, 2), keepdims=True)
    scaled = positive * (255 / np.where(strongest > 0, strongest, 1))
    kept: NDArray[np.uint8] = np.rint(scaled).astype(np.uint8)
    return kept


def _is_awaited(request: Received) -> bool:
    return request.event.topic in LANES.first


def _event(
    film: Film, analysis: Analysis, manifest: ModelManifest, *, awaited: bool
) -> RadiographAnalysed:
    found: list[ScoredFinding] = []
    scores = [
        None if np.isnan(value) else min(1.0, max(0.0, float(value)))
        for value in analysis.probabilities
    ]
    for name, score, state in zip(FINDINGS, scores, manifest.states(scores), strict=True):
        found.append(
            ScoredFinding(
                name=name,
                probability=score,
                # Who reads only the four words of before must not meet an alert.
                state="not_assessed" if state == "unreliable" else state,
                shown_as=state,
                reliability=manifest.reliability(name),
            )
        )
    return RadiographAnalysed(
        radiograph=film.id,
        patient=film.patient,
        study=film.study,
        site=film.site,
        source=film.source,
        view=film.view,
        width=film.width,
        height=film.height,
        bits=film.bits,
        flags=film.flagged,
        facts=film.facts,
        checks=dict(film.checks),
        model=analysis.model_label,
        embedding_version=analysis.embedding_version,
        preprocessing=analysis.preprocessing,
        findings=tuple(found),
        analysed_at=analysis.analysed_at or datetime.now(UTC),
        awaited=awaited,
        anew=film.anew,
    )
