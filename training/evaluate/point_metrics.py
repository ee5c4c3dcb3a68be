"""What operating points are worth, told in films: found, false alerts, share that is right."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from schemas.model_card import AlertsCard, PointCard, PointFigures, Reliability
from schemas.models import OperatingPoints
from training.evaluate.alerts import Alerts, count, raised_at

_DIGITS: Final = 4
_NESTED: Final = "nested."
#: In the order in which thresholds rise.
_POINTS: Final = ("sensitive", "alert", "specific")
Prevalence = tuple[float, Literal["collection", "these"]]
Basis = Literal["cross_validation", "held_out"]
#: Truth and scores of one finding, (n,) each; None where there are too few films to say.
Side = tuple[NDArray[np.floating], NDArray[np.floating]] | None


def point_figures(sensitivity: float, specificity: float, prevalence: float) -> PointFigures:
    """Return what alerts at these are worth, all 0..1.

    Share that is right: the positive predictive value, by Bayes' rule from all three.
    """
    found, false = sensitivity * prevalence, (1 - specificity) * (1 - prevalence)
    return PointFigures(
        found_of_100=round(100 * sensitivity),
        false_alerts_per_1000=round(1000 * false),
        right=round(found / (found + false), _DIGITS) if found + false > 0 else None,
    )


def point_cards(
    points: OperatingPoints, prevalence: Prevalence, crossed: Side, held_out: Side
) -> tuple[PointCard, ...]:
    """Return a card of each point that there is, judged on both sides."""
    cards = []
    for name in _POINTS:
        point = getattr(points, name)
        if point is not None:
            cards.append(
                PointCard(
                    point=name,
                    threshold=point.threshold,
                    prevalence=round(prevalence[0], _DIGITS),
                    prevalence_of=prevalence[1],
                    cross_validation=_judged(crossed, point.threshold, prevalence[0]),
                    held_out=_judged(held_out, point.threshold, prevalence[0]),
                )
            )
    return tuple(cards)


def _judged(side: Side, threshold: float, prevalence: float) -> PointFigures | None:
    if side is None:
        return None
    truth, scores = side
    raised = scores >= threshold
    with_it, without = raised[truth == 1], raised[truth == 0]
    return point_figures(float(with_it.mean()), 1 - float(without.mean()), prevalence)


def alerts_cards(
    labels: NDArray[np.integer],
    scores: NDArray[np.floating],
    points: Mapping[str, OperatingPoints],
    verdicts: Mapping[str, Reliability],
    basis: Basis,
) -> tuple[AlertsCard, ...]:
    """Return the alerts of films before and now.

    labels: (n, 14), as FilmTable's. scores: (n, k), columns as `points`. Before: every finding
    from `alert`. Now: reliable ones from `specific`; without such points there is no such card.
    """
    names = tuple(points)
    before = {name: each.alert.threshold for name, each in points.items()}
    now = {name: each.specific.threshold for name, each in points.items() if each.specific}
    reliable = {name for name, verdict in verdicts.items() if verdict == "reliable"}
    told = [alerts_card("alert", basis, _alerts(labels, scores, names, before, names))]
    if now:
        alerts = _alerts(labels, scores, names, now, reliable)
        told.append(alerts_card("specific", basis, alerts))
    return tuple(told)


def alerts_card(
    point: Literal["alert", "specific"],
    basis: Literal["cross_validation", "nested", "held_out"],
    alerts: Alerts,
) -> AlertsCard:
    """Return the counted alerts as the card has them."""
    figures = {
        name: None if value is None else round(value, _DIGITS)
        for name, value in (
            ("false_per_film_without", alerts.false_per_film_without),
            ("per_film_ill", alerts.per_film_ill),
            ("right", alerts.right),
        )
    }
    return AlertsCard(
        point=point,
        basis=basis,
        films_without=alerts.films_without,
        films_ill=alerts.films_ill,
        alerts=alerts.alerts,
        **figures,
    )


def nested_figures(alerts: Alerts) -> dict[str, float]:
    """Return nested alerts as a manifest's figures, for whoever writes the card."""
    return {
        f"{_NESTED}{name}": round(float(value), _DIGITS)
        for name, value in asdict(alerts).items()
        if value is not None
    }


def nested_alerts(figures: Mapping[str, float]) -> AlertsCard | None:
    """Return what `nested_figures` wrote; None where it wrote nothing."""
    said = {name: figures.get(f"{_NESTED}{name}") for name in Alerts.__dataclass_fields__}
    if said["alerts"] is None:
        return None
    return AlertsCard.model_validate({"point": "specific", "basis": "nested", **said})


def _alerts(
    labels: NDArray[np.integer],
    scores: NDArray[np.floating],
    names: Sequence[str],
    thresholds: Mapping[str, float],
    may: Sequence[str] | set[str],
) -> Alerts:
    return count(labels, names, raised_at(scores, names, thresholds, may))
