"""Model cards as the web reads them: out of the bucket `models`, by their manifest's hash."""

import hashlib
import threading
from typing import Final

from flask import Flask, current_app
from pydantic import ValidationError

from schemas.errors import BadObject, NotFound, Unavailable
from schemas.model_card import ModelCard
from schemas.models import CARD_FILE, ModelManifest, model_key
from store.ports import Objects

_EXTENSION: Final = "radiotheque.cards"
_BUCKET: Final = "models"
#: Cards kept in memory: those somebody looks at are the live model's and a few before it.
_KEPT: Final = 8


class KnownCards:
    """Cards by their hash, each read once: a card never changes, another one has another hash."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._known: dict[str, ModelCard] = {}
        self._lock = threading.Lock()

    def of(self, manifest: ModelManifest) -> ModelCard | None:
        """Return the version's card, None when nobody measured its worth.

        Raises Unavailable while the object store is down, or has no such card or another one:
        figures of some other model would be worse than none.
        """
        if manifest.card is None:
            return None
        wanted = manifest.card.sha256
        with self._lock:
            if wanted in self._known:
                return self._known[wanted]
        card = self._read(manifest, wanted)
        with self._lock:
            while len(self._known) >= _KEPT:
                self._known.pop(next(iter(self._known)))
            self._known[wanted] = card
        return card

    def _read(self, manifest: ModelManifest, wanted: str) -> ModelCard:
        try:
            data = self._objects.read(_BUCKET, model_key(manifest, CARD_FILE))
        except (NotFound, BadObject):
            raise Unavailable(
                "models", f"{manifest.label}: {CARD_FILE} cannot be read from the object store"
            ) from None
        came = hashlib.sha256(data).hexdigest()
        if came != wanted:
            raise Unavailable(
                "models", f"{manifest.label}: wanted {CARD_FILE} of {wanted}, came {came}"
            )
        try:
            return ModelCard.model_validate_json(data)
        except ValidationError as error:
            raise Unavailable(
                "models", f"{manifest.label}: {CARD_FILE} is no card that this program can read"
            ) from error


def install(app: Flask, cards: KnownCards) -> None:
    """Keep the memory of cards on the application."""
    app.extensions[_EXTENSION] = cards


def known_cards() -> KnownCards:
    """Return the running application's memory of cards."""
    found: KnownCards = current_app.extensions[_EXTENSION]
    return found
