"""*Comprendre le modèle*: a model version's card in words a physician reads."""

from collections.abc import Sequence
from typing import Any, Final

from flask import Blueprint, render_template, request

from schemas.errors import NotFound
from schemas.findings import FINDINGS, READING_ORDER
from schemas.model_card import ModelCard, PointCard
from schemas.models import ModelManifest
from web.auth import current_account
from web.cards import known_cards
from web.deps import deps
from web.films import known_models
from web.language import current_language
from web.pages.card_drawn import GROUP_KINDS, Chart, interval, squares
from web.pages.formats import number
from web.words import Words

model: Final = Blueprint("model", __name__)
_LONGEST_VERSION: Final = 9
_READ: Final = tuple(name for _, names in READING_ORDER for name in names)


@model.get("/modele")
def page() -> str:
    """Show the live version's card, or that of `?version=`."""
    current_account()
    live = deps().rows.models.live()
    known = {each.version for each in known_models().all().values()}
    asked = request.args.get("version", "")
    row = deps().rows.models.get(_number(asked)) if asked else live
    if asked and row is None:
        raise NotFound(f"model version {asked[:_LONGEST_VERSION]!r}: there is none")
    shown = row.manifest if row else None
    return render_template("model.html", **view(shown, live.manifest if live else None, known))


def view(
    shown: ModelManifest | None,
    live: ModelManifest | None,
    known: set[int],
) -> dict[str, Any]:
    """Return what the template draws; `card` is None where there is none."""
    card = known_cards().of(shown) if shown else None
    return {
        "manifest": shown,
        "live": live is not None and shown is not None and live.version == shown.version,
        "versions": sorted(known | ({shown.version} if shown else set())),
        "missing": [name for name in FINDINGS if shown and name not in shown.assessed],
        "card": card,
        **(card_view(card) if card else {}),
    }


def card_view(card: ModelCard) -> dict[str, Any]:
    """Return the card in reading order, with what is drawn of it."""
    by_name = {each.finding: each for each in card.findings}
    ordered = [by_name[name] for name in _READ if name in by_name]
    held = {(group.kind, group.name): group for group in card.held_out.groups}
    groups = [
        (kind, [(group, held.get((kind, group.name))) for group in card.cross_validation.groups
                if group.kind == kind])
        for kind in GROUP_KINDS
    ]  # fmt: skip
    return {
        "findings": ordered,
        "named": named,
        "versus": versus,
        "unreliable": [each.finding for each in ordered if each.reliability == "unreliable"],
        "interval": interval,
        "squares": squares,
        # A card of before has no points, and nothing is said of its alerts.
        "with_points": [each for each in ordered if each.points],
        "alerts": [
            each
            for each in sorted(card.alerts, key=lambda one: one.point, reverse=True)
            if each.basis == "held_out"
            and None not in {each.false_per_film_without, each.per_film_ill, each.right}
        ],
        "two": two,
        "point_words": _POINT_WORDS,
        "alert_words": _ALERT_WORDS,
        "charts": {each.finding: Chart.of(each.held_out.bins) for each in ordered},
        "groups": [(kind, pairs) for kind, pairs in groups if pairs],
        "weakest": weakest_source(card),
        "eyes": [each for each in card.radiologists if each.finding == "No Finding"],
        "boxes": sorted(card.boxes, key=lambda each: _READ.index(each.finding)),
        "reference": sorted(card.reference, key=lambda each: _READ.index(each.finding)),
    }


def named(findings: Sequence[str]) -> str:
    """Return the findings' names on screen, one after another."""
    words = Words(current_language())
    return ", ".join(words.finding(name) for name in findings)


#: Words of the operating points, and of how many alerts films get from them.
_POINT_WORDS: Final = {
    "sensitive": "model.points.sensitive",
    "alert": "model.points.alert",
    "specific": "model.points.specific",
}
_ALERT_WORDS: Final = {"alert": "model.alerts.alert", "specific": "model.alerts.specific"}


def two(point: PointCard, figure: str) -> str:
    """Return a point's figure in cross-validation and held out, on screen."""
    language = current_language()
    told = []
    for side in (point.cross_validation, point.held_out):
        value = getattr(side, figure) if side else None
        said = str(value) if isinstance(value, int) else None
        told.append(said or ("—" if value is None else number(value, language)))
    return " / ".join(told)


def versus(said: str) -> str:
    """Return which of RSNA's classes is told from which, on screen."""
    words = Words(current_language())
    one, others = said.split(" : ")
    other = ", ".join(words(f"model.eyes.{name}") for name in others.split(" + "))
    return words("model.eyes.against", one=words(f"model.eyes.{one}"), other=other)


def weakest_source(card: ModelCard) -> tuple[str, float] | None:
    """Return the collection within which the scores rank worst, and its mean AUROC."""
    known = [
        (group.name, group.macro.value)
        for group in card.cross_validation.groups
        if group.kind == "source" and group.macro.value is not None
    ]
    return min(known, key=lambda pair: pair[1]) if len(known) > 1 else None


def _number(version: str) -> int:
    """Return the version's number, 0 (which no version has) for what is none."""
    fits = version.isascii() and version.isdecimal() and len(version) <= _LONGEST_VERSION
    return int(version) if fits else 0
