"""What is looked at in a decoded film before it is taken: its file's words, the chest, text.

The cheapest look comes first. A doubt is a steward's to settle, once: a drop that was let pass,
and later drops of a film that is here, raise none.
"""

from dataclasses import dataclass
from typing import Protocol

from ingest.chest import Tensor
from ingest.deidentify import Known
from ingest.renditions import Developed
from ingest.suspicion import check_says
from ingest.text_in_film import TextLook
from schemas.errors import Doubt
from schemas.film_check import is_inverted
from schemas.film_turns import is_side_view, turn_of
from schemas.provenance import TextCheck
from store.ports import Films
from store.records import View


class Judge(Protocol):
    """What says whether a film is a chest film: ingest.chest.ChestCheck, or a test's own."""

    def side(self) -> int:
        """Return the side of the tensor that it will want, 0 while that is not known."""
        ...

    def judge(
        self,
        tensor: Tensor,
        *,
        view: View | None,
        age: int | None,
        urgent: bool,
        passed: bool,
        oriented: bool,
        side_view: bool,
    ) -> dict[str, float]:
        """Return the film's checks. Raises Refusal, Doubt unless it is passed, Unavailable."""
        ...


@dataclass(frozen=True)
class Looked:
    """What was seen: checks by name (0..1, how sure), and whether there is text."""

    checks: dict[str, float]
    text_check: TextCheck


class Looks:
    """All looks, in their order. `text` is None where a site does not look for text."""

    def __init__(self, films: Films, chest: Judge, text: TextLook | None) -> None:
        self._films = films
        self._chest = chest
        self._text = text

    def side(self) -> int:
        """Return the side of the tensor that a film should be developed with."""
        return self._chest.side()

    def look(self, film: Developed, known: Known, *, released: bool, urgent: bool) -> Looked:
        """Return what was seen of a film. Raises Refusal, Doubt, Unavailable.

        released: a steward let this drop pass. urgent: a person waits for it.
        """
        here = self._films.get(film.film)
        passed = released or here is not None
        if not passed:
            check_says(film.says)
        checks = self._chest.judge(
            film.model_input,
            view=known.view,
            age=known.facts.age,
            urgent=urgent,
            passed=passed,
            oriented=turn_of(film.says.orientation) is not None,
            side_view=is_side_view(film.says.orientation),
        )
        # Whoever let it pass has seen all of it.
        clean = released or (here is not None and here.text_check == "clean")
        if not clean and self._text is not None:
            try:
                self._text.check(film)
            except Doubt as doubt:
                doubt.inverted = is_inverted(checks)
                raise
            clean = True
        return Looked(checks, "clean" if clean else "unseen")
