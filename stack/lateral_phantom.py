"""A drawn chest seen from the side, for showing and testing what happens to lateral films."""

import numpy as np
from numpy.typing import NDArray

from stack.other_films import Sheet


def draw_lateral(seed: int, side: int = 768) -> NDArray[np.uint16]:
    """Return a lateral phantom: uint16 (side, side), 0..4095, bright = dense; it faces left."""
    rng = np.random.default_rng([seed, 9])
    sheet = Sheet(side)
    deep = float(rng.uniform(0.27, 0.31))
    low = float(rng.uniform(0.74, 0.8))
    sheet.blob((0.5, 0.58), (deep + 0.07, 0.62), 0.72, soft=0.03)
    sheet.blob((0.5, 0.12), (0.3, 0.16), 0.5, soft=0.08)
    sheet.blob((0.5, 0.5), (deep - 0.04, 0.36), -0.5, soft=0.05)
    for lift in (0.0, 0.025):
        dome = low + lift + 0.18 * (sheet.x - 0.45) ** 2 / 0.09
        inside = np.abs(sheet.x - 0.5) < deep
        sheet.tissue += np.where(
            inside, 0.26 / (1 + np.exp(np.clip((dome - sheet.y) / 0.008, -40, 40))), 0
        )
    sheet.blob((0.41, 0.62), (0.13, 0.15), 0.34, turn=0.5, soft=0.08)
    sheet.blob((0.5, 0.37), (0.05, 0.12), 0.18, soft=0.15)
    sheet.flesh([(0.5, 0.02), (0.53, 0.36)], 0.035, -0.16, 0.006)
    for level in range(13):
        down = 0.06 + 0.07 * level
        back = 0.5 + deep - 0.06 + 0.05 * np.sin(np.pi * down)
        sheet.blob((float(back), down), (0.034, 0.03), 0.3, soft=0.1)
    sheet.bone([(0.5 - deep + 0.04, 0.22), (0.5 - deep - 0.01, 0.6)], 0.022, 0.3)
    for rib in range(8):
        start = (0.5 + deep - 0.02, 0.12 + 0.075 * rib)
        middle = (0.5, 0.2 + 0.08 * rib)
        end = (0.5 - deep + 0.03, 0.33 + 0.07 * rib)
        sheet.flesh([start, middle, end], 0.016, 0.12, 0.003)
    return sheet.film(rng)
