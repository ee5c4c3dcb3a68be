"""How often the activation map's strongest cell lies where a radiologist drew a box.

A map is a coarse grid over the whole film (10 x 10 cells for 320 pixels), so a hit is told twice:
the centre of the strongest cell is inside a box; or it is inside or one cell beside it, which is
as near as such a grid can be asked to come. Beside each stands chance: the share of all cells
that would count, which is what a map that knows nothing would reach.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.findings import INDEX
from schemas.model_card import Boxes, Figure
from training.data import nih
from training.data.outside import BOX_SIDE, Box
from training.evaluate.finding_metrics import FEWEST
from training.evaluate.metrics import wilson
from training.starter.evidence import Evidence


def judge_boxes(
    rows: Sequence[nih.Row], boxes: Sequence[Box], evidence: Evidence
) -> tuple[Boxes, ...]:
    """Return the hits by finding and by who drew. Films without a map are left out.

    Films are taken to be square, as NIH's are: the map's grid then covers the film and nothing
    else.
    """
    place = {row.path.stem: number for number, row in enumerate(rows)}
    maps = dict(zip(evidence.map_films, evidence.maps, strict=True))
    found = []
    for drawn_by in ("NIH", "RSNA"):
        for finding in nih.ASSESSED:
            mine = [b for b in boxes if (b.finding, b.drawn_by) == (finding, drawn_by)]
            films = sorted({box.film for box in mine} & maps.keys() & place.keys())
            if not films:
                continue
            grids = [
                cells([box for box in mine if box.film == film], *maps[film].shape[1:])
                for film in films
            ]
            tops = [strongest(maps[film][INDEX[finding]]) for film in films]
            hits, nears = (
                np.array([grid[which][top].mean() for grid, top in zip(grids, tops, strict=True)])
                for which in (0, 1)
            )
            patients = len({rows[place[film]].patient for film in films})
            found.append(
                Boxes(
                    finding=finding,
                    drawn_by=drawn_by,
                    films=len(films),
                    held_out=sum(nih.held_out(rows[place[film]].patient) for film in films),
                    inside=_share(hits, patients),
                    near=_share(nears, patients),
                    chance=round(float(np.mean([inside.mean() for inside, _ in grids])), 4),
                    chance_near=round(float(np.mean([near.mean() for _, near in grids])), 4),
                )
            )
    return tuple(found)


def _share(hits: NDArray[np.float64], patients: int) -> Figure:
    """Return the mean with Wilson's interval, each patient counted once.

    Not by drawing patients: where no map hits, every draw says none, and the interval would be a
    point that five films cannot know.
    """
    if patients < FEWEST:
        return Figure(value=None, why=f"{len(hits)} films: too few")
    share = float(hits.mean())
    low, high = wilson(share, patients)
    return Figure(value=round(share, 4), low=round(low, 4), high=round(high, 4))


def strongest(grid: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Return (h, w), True at the largest value; at all of them where several are equal.

    Of several each counts its part: the first alone would favour the upper left corner in maps
    that are cut at 1 or black all over.
    """
    return np.asarray(grid == grid.max())


def cells(
    boxes: Sequence[Box], height: int, width: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return two (h, w): cells whose centre is in any box, and those or one cell beside."""
    across = (np.arange(width) + 0.5) * BOX_SIDE / width
    down = (np.arange(height) + 0.5) * BOX_SIDE / height

    def within(margin: float) -> NDArray[np.bool_]:
        told = np.zeros((height, width), bool)
        for box in boxes:
            sideways, upright = margin * BOX_SIDE / width, margin * BOX_SIDE / height
            columns = (across >= box.x - sideways) & (across <= box.x + box.width + sideways)
            lines = (down >= box.y - upright) & (down <= box.y + box.height + upright)
            told |= lines[:, None] & columns[None, :]
        return told

    return within(0), within(1)
