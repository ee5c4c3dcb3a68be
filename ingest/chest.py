"""Is it a chest film, and what is odd about it? Asked of the live model before a film is accepted.

The model's pooled features are compared with those of the films it was fitted on
(schemas/film_check.py). What is far from all of them is refused, what is farther than good films
are is in doubt, and so is what a head learned from pictures of other things calls one: neither has
a row, so neither is ever analysed. Drawn phantoms pass by this rule like any film. A film that is
said to be lateral is not compared; of one that looks lateral nothing is assessed.
"""

import hashlib
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.errors import BadObject, Doubt, NotFound, Refusal, Unavailable
from schemas.film_check import FLAGGED, CheckNumbers, is_inverted, known_checks, pixel_checks
from schemas.models import CHECK_FILE, FilmCheck, ModelManifest, model_key
from store.ports import Models, Objects
from store.records import View

log = logging.getLogger(__name__)

_WANTED: Final = "a frontal chest film, or one said to be lateral"


class Tensor(Protocol):
    """What makes the model's input of the film: ingest.renditions.Developed.model_input."""

    def __call__(self, side: int, *, inverted: bool = False) -> NDArray[np.uint8]:
        """Return uint8 (side, side), the greys turned over where `inverted`."""
        ...


class PooledFeatures(Protocol):
    """What asks the served model: workers.triton.TritonModel, or the fake one."""

    def pooled(
        self, images: NDArray[np.uint8], version: str, *, urgent: bool
    ) -> NDArray[np.float16]:
        """Return float16 (n, d) for uint8 (n, side, side). Raises Unavailable."""
        ...


@dataclass(frozen=True)
class _Numbers:
    """What belongs to one version; `numbers` is None where it judges no films."""

    label: str
    side: int
    limits: FilmCheck | None
    numbers: CheckNumbers | None


class ChestCheck:
    """Judges films with the live model's numbers, read once per version. For many threads."""

    def __init__(self, models: Models, objects: Objects, asked: PooledFeatures) -> None:
        """Read nothing yet."""
        self._models = models
        self._objects = objects
        self._asked = asked
        self._known: _Numbers | None = None
        self._lock = threading.Lock()

    def side(self) -> int:
        """Return the side of the tensor last asked for, of the live model's at first, else 0.

        It saves the film's being read again, nothing depends on it: asked of PostgreSQL for every
        film, it would cost more than a version of another side does, which reads one film twice.
        """
        known = self._known
        if known is not None:
            return known.side
        live = self._models.live()
        return live.manifest.side if live else 0

    def judge(
        self,
        tensor: Tensor,
        *,
        view: View | None,
        age: int | None,
        urgent: bool,
        passed: bool = False,
        oriented: bool = False,
        side_view: bool = False,
    ) -> dict[str, float]:
        """Return what is said of the film, by name of the check (0..1, how sure).

        tensor: makes the model's input of the film; called only where it is needed. A film whose
        greys are inverted is judged turned over, as it will be shown and scored.
        view, age (years): what is known of the film. urgent: a person waits for it. passed: it
        is known to be one, only what is odd about it is asked. oriented: its file says how it
        lies, and the tensor is turned accordingly. side_view: that it lies as a lateral film
        does: then it is one, held where its view or its pixels gainsay it; once let pass it
        stays one until a steward corrects that.
        Raises Refusal for what is no chest film, Doubt where a steward must look, Unavailable
        when no model is live or a service is down.
        """
        known = known_checks(view="LATERAL" if side_view else view, age=age)
        if view == "LATERAL":
            return known
        live = self._models.live()
        if live is None:
            raise Unavailable("triton", "no model is live yet")
        manifest = live.manifest
        found = self._numbers(manifest)
        if found.numbers is None or found.limits is None:
            if side_view and view is not None and not passed:
                raise _lies_as_lateral(view)
            return known

        def look(*, inverted: bool) -> NDArray[np.float16]:
            image = tensor(manifest.side, inverted=inverted)[None]
            return self._asked.pooled(image, str(manifest.version), urgent=urgent)

        features = look(inverted=False)
        said = pixel_checks(found.numbers, features)
        if is_inverted(said):
            turned = look(inverted=True)
            again = pixel_checks(found.numbers, turned)
            # A picture that looks inverted either way round is odd, not inverted.
            sure = round(said["inverted"] * (1 - again["inverted"]), 3)
            if is_inverted({"inverted": sure}):
                features, said = turned, again
            said["inverted"] = sure
        lateral, other = (float(sure) for sure in found.numbers.kinds(features)[0])
        if not passed:
            distance = float(found.numbers.distances(features)[0])
            # What is said to be lateral is not compared with frontal films.
            unlike = None if side_view else _unlike(distance, other, found.limits)
            doubt = _lies_otherwise(said) if oriented else None
            gainsaid = side_view and lateral < FLAGGED
            doubt = doubt or unlike or _contradicted(view, lateral)
            doubt = doubt or (_lies_as_lateral(view) if gainsaid else None)
            if doubt is not None:
                doubt.inverted = is_inverted(said)
                raise doubt
        # Below a flag the pixels do not say that it is frontal: a later drop's view may.
        looks = not side_view and lateral >= FLAGGED
        return known | said | ({"lateral": round(lateral, 3)} if looks else {})

    def _numbers(self, manifest: ModelManifest) -> _Numbers:
        """Return the version's numbers, read when it is first asked for."""
        with self._lock:
            if self._known is None or self._known.label != manifest.label:
                self._known = self._read(manifest)
            return self._known

    def _read(self, manifest: ModelManifest) -> _Numbers:
        """Read the numbers. Raises Unavailable while they are missing or are other ones.

        To judge nothing instead would let through whatever comes until somebody reads a log.
        """
        if manifest.check is None:
            log.warning(
                "The live model has no input check: films are not judged",
                extra={"model": manifest.label},
            )
            return _Numbers(manifest.label, manifest.side, None, None)
        try:
            data = self._objects.read("models", model_key(manifest, CHECK_FILE))
        except (NotFound, BadObject):
            raise Unavailable(
                "models", f"{manifest.label}: {CHECK_FILE} cannot be read from the object store"
            ) from None
        came = hashlib.sha256(data).hexdigest()
        if came != manifest.check.sha256:
            raise Unavailable(
                "models",
                f"{manifest.label}: wanted {CHECK_FILE} of {manifest.check.sha256}, came {came}",
            )
        numbers = CheckNumbers.from_bytes(data)
        return _Numbers(manifest.label, manifest.side, manifest.check, numbers)


def _lies_otherwise(said: Mapping[str, float]) -> Doubt | None:
    """Return the doubt about a film that lies otherwise than its file says.

    A film mirrored from left to right looks like one of another person: pixels do not tell.
    """
    if said["rotated"] < FLAGGED:
        return None
    return Doubt(
        "orientation",
        wanted="a film that lies as its header says",
        came="one that is turned to judge by its pixels",
    )


def _unlike(distance: float, other: float, limits: FilmCheck) -> Doubt | None:
    """Return the doubt about a picture that is unlike chest films, by distance or by its head.

    Raises Refusal for one too far from those we know, or too surely something else.
    """
    if distance > limits.sure or other > limits.sure_not_chest:
        raise Refusal("not-a-chest", wanted=_WANTED, came="a picture unlike any we know")
    if distance > limits.in_doubt or other >= FLAGGED:
        return Doubt("not-a-chest", wanted=_WANTED, came="a picture unlike most we know")
    return None


def _contradicted(view: View | None, lateral: float) -> Doubt | None:
    """Return the doubt about a film that is said to be frontal and looks lateral."""
    if view is None or lateral < FLAGGED:
        return None
    return Doubt(
        "view-disagrees",
        wanted="a film that looks as its view says",
        came=f"view {view} of a film that looks lateral",
    )


def _lies_as_lateral(view: View | None) -> Doubt:
    """Return the doubt about a film that lies as a lateral one and is none by view or pixels."""
    if view is not None:
        return Doubt(
            "orientation",
            wanted="a film that lies as its header says",
            came=f"view {view}, the orientation of a lateral film",
        )
    return Doubt(
        "orientation",
        wanted="a film that lies as its header says",
        came="one that looks frontal, the orientation of a lateral film",
    )
