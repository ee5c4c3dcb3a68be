"""Drawn pictures that are no frontal chest film: what the input check must tell apart.

Body parts are drawn as the phantoms are (stack/phantoms.py): tissue thickness, summed, turned
into brightness as a film does, bright = dense, with the same word in a corner, so that neither
the drawing nor the word gives away which is a chest. Other pictures are what a folder holds by
mistake: a landscape, a page of text, a photograph, noise, an almost empty film. Each seed draws
another one. They show nobody, and are no anatomical models.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from stack.phantoms import labelled

#: float32 (side, side).
Plane = NDArray[np.floating[Any]]
Point = tuple[float, float]


class Sheet:
    """Tissue on a square sheet of `side` pixels; places and sizes are shares of the side."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.tissue = np.zeros((side, side), np.float32)
        y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
        self.x, self.y = x, y

    def blob(
        self, at: Point, size: Point, much: float, *, turn: float = 0.0, soft: float = 0.05
    ) -> None:
        """Add an ellipse of tissue; below 0 takes away, as air does."""
        across, down = self.x - at[0], self.y - at[1]
        u = across * np.cos(turn) + down * np.sin(turn)
        v = down * np.cos(turn) - across * np.sin(turn)
        edge = np.hypot(u / size[0], v / size[1]) - 1
        self.tissue += much / (1 + np.exp(np.clip(edge / soft, -40, 40)))

    def flesh(self, points: list[Point], wide: float, much: float, blur: float = 0.012) -> None:
        """Add a soft band along the points."""
        self.tissue += much * self._band(points, wide, blur)

    def bone(self, points: list[Point], wide: float, much: float) -> None:
        """Add a bone along the points: its rim is denser than its marrow."""
        rim = self._band(points, wide, 0.0025) - 0.55 * self._band(points, wide * 0.55, 0.004)
        self.tissue += much * rim

    def ring(self, at: Point, size: Point, wide: float, much: float, turn: float = 0.0) -> None:
        """Add a bony ring: an ellipse's outline."""
        angles = np.linspace(0, 2 * np.pi, 90)
        across, down = size[0] * np.cos(angles), size[1] * np.sin(angles)
        points = [
            (
                float(at[0] + u * np.cos(turn) - v * np.sin(turn)),
                float(at[1] + u * np.sin(turn) + v * np.cos(turn)),
            )
            for u, v in zip(across, down, strict=True)
        ]
        self.tissue += much * self._band(points, wide, 0.003)

    def film(self, rng: np.random.Generator) -> NDArray[np.uint16]:
        """Return the sheet as a film: uint16, 12 bits used, bright = dense, grain added."""
        film = 1 - np.exp(-1.5 * np.clip(self.tissue, 0, None))
        film += rng.normal(0, 0.006, film.shape).astype(np.float32)
        return labelled((np.clip(film / 0.96, 0, 1) * 4095).astype(np.uint16))

    def _band(self, points: list[Point], wide: float, blur: float) -> Plane:
        canvas = Image.new("L", (self.side, self.side), 0)
        pen = ImageDraw.Draw(canvas)
        thick = max(2, int(wide * self.side))
        places = [(u * self.side, v * self.side) for u, v in points]
        pen.line(places, fill=255, width=thick, joint="curve")
        for u, v in (places[0], places[-1]):
            half = thick / 2
            pen.ellipse((u - half, v - half, u + half, v + half), fill=255)
        soft = canvas.filter(ImageFilter.GaussianBlur(blur * self.side))
        band: Plane = np.asarray(soft, np.float32) / 255
        return band


def _along(start: Point, angle: float, length: float) -> Point:
    return start[0] + length * float(np.sin(angle)), start[1] - length * float(np.cos(angle))


def hand(rng: np.random.Generator, side: int) -> NDArray[np.uint16]:
    """Draw a hand: wrist, carpals, five rays of bones."""
    sheet = Sheet(side)
    lean, sign = float(rng.uniform(-0.2, 0.2)), float(rng.choice([-1.0, 1.0]))
    wrist = (0.5 + float(rng.uniform(-0.05, 0.05)), 0.74)
    sheet.flesh([_along(wrist, lean + np.pi, 0.3), wrist], 0.2, 0.35)
    sheet.blob(_along(wrist, lean, 0.14), (0.16, 0.19), 0.4, turn=lean)
    for number in range(8):
        at = (-0.06 + 0.04 * (number % 4), 0.05 * (number // 4))
        sheet.blob((wrist[0] + at[0], wrist[1] - at[1]), (0.026, 0.024), 0.42, soft=0.1)
    for offset in (-0.04, 0.035):
        start = (wrist[0] + offset, wrist[1] + 0.05)
        sheet.bone([start, _along(start, lean + np.pi, 0.3)], 0.045, 0.5)
    lengths = (0.14, 0.21, 0.23, 0.21, 0.17)
    for ray, length in enumerate(lengths):
        spread = sign * (-0.85 + 0.42 * ray if ray == 0 else -0.36 + 0.17 * ray) + lean
        spread += float(rng.uniform(-0.04, 0.04))
        joint = _along(wrist, spread, 0.06)
        sheet.flesh([joint, _along(joint, spread, length * 2.35)], 0.062, 0.28)
        for share in (1.0, 0.62, 0.4, 0.26):
            after = _along(joint, spread, length * share)
            sheet.bone([joint, after], 0.03 * (0.7 + 0.3 * share), 0.5)
            joint = _along(after, spread, 0.014)
    return sheet.film(rng)


def hip(rng: np.random.Generator, side: int) -> NDArray[np.uint16]:
    """Draw a pelvis: two wings, sacrum, sockets, thigh bones."""
    sheet = Sheet(side)
    sheet.blob((0.5, 0.5), (0.47, 0.62), 0.75, soft=0.03)
    tilt = float(rng.uniform(-0.05, 0.05))
    wide = float(rng.uniform(0.17, 0.21))
    for sign in (-1.0, 1.0):
        centre = 0.5 + sign * wide
        sheet.blob((centre, 0.3), (0.13, 0.17), 0.3, turn=sign * 0.6, soft=0.06)
        sheet.ring((centre, 0.3), (0.13, 0.18), 0.018, 0.3, turn=sign * 0.6)
        sheet.ring((0.5 + sign * 0.09, 0.72 + tilt), (0.062, 0.05), 0.03, 0.4, turn=sign * 0.5)
        socket = (0.5 + sign * (wide + 0.05), 0.57)
        sheet.ring(socket, (0.062, 0.062), 0.014, 0.3)
        sheet.blob(socket, (0.052, 0.052), 0.45, soft=0.08)
        neck = (socket[0] + sign * 0.09, socket[1] + 0.07)
        sheet.bone([socket, neck], 0.06, 0.45)
        sheet.bone([neck, (neck[0] - sign * 0.02, 1.02)], 0.07, 0.6)
        sheet.blob((neck[0] + sign * 0.015, neck[1] - 0.03), (0.035, 0.05), 0.35)
    sheet.bone([(0.44, 0.69), (0.56, 0.69)], 0.03, 0.35)
    for level in range(5):
        sheet.blob((0.5, 0.33 + 0.05 * level), (0.075 - 0.011 * level, 0.03), 0.32, soft=0.1)
    for level in range(3):
        sheet.blob((0.5, 0.03 + 0.095 * level), (0.06, 0.042), 0.38, soft=0.08)
    for _ in range(7):
        at = (float(rng.uniform(0.3, 0.7)), float(rng.uniform(0.05, 0.35)))
        sheet.blob(at, (0.045, 0.03), -0.16, turn=float(rng.uniform(0, 3)), soft=0.12)
    return sheet.film(rng)


def teeth(rng: np.random.Generator, side: int) -> NDArray[np.uint16]:
    """Draw a panoramic film of the teeth: two rows along a bow, both jaws."""
    sheet = Sheet(side)
    sheet.blob((0.5, 0.5), (0.62, 0.42), 0.55, soft=0.05)
    bow = float(rng.uniform(0.08, 0.14))
    places = np.linspace(0.08, 0.92, 60)

    def height(u: float, at: float) -> float:
        return float(at + bow * (1 - ((u - 0.5) / 0.42) ** 2))

    sheet.flesh([(float(u), height(float(u), 0.66)) for u in places], 0.1, 0.35)
    sheet.flesh([(float(u), height(float(u), 0.69)) for u in places], 0.022, 0.35, 0.004)
    sheet.flesh([(float(u), height(float(u), 0.30)) for u in places], 0.07, 0.25)
    for sign in (-1.0, 1.0):
        end = 0.5 + sign * 0.42
        sheet.bone([(end, 0.66), (end + sign * 0.03, 0.25)], 0.07, 0.4)
    for number, u in enumerate(np.linspace(0.14, 0.86, 16)):
        if rng.random() < 0.08:
            continue
        wide = 0.03 if 4 <= number <= 11 else 0.042
        for at, down in ((0.47, 1.0), (0.42, -1.0)):
            crown = height(float(u), at)
            long = 0.11 + float(rng.uniform(-0.012, 0.012))
            roots = (0.0,) if wide < 0.035 else (-0.011, 0.011)
            for root in roots:
                tip = (float(u) + root * 1.4, crown + down * long)
                sheet.flesh([(float(u) + root, crown), tip], wide * 0.55, 0.4, 0.003)
            sheet.blob((float(u), crown), (wide * 0.55, 0.026), 0.55, soft=0.06)
            if rng.random() < 0.15:
                sheet.blob((float(u), crown), (wide * 0.35, 0.014), 1.6, soft=0.08)
    return sheet.film(rng)


def abdomen(rng: np.random.Generator, side: int) -> NDArray[np.uint16]:
    """Draw an abdomen: lumbar spine, gas in the bowel, liver, kidneys, the wings below."""
    sheet = Sheet(side)
    sheet.blob((0.5, 0.5), (0.44, 0.75), 0.8, soft=0.03)
    sheet.blob((0.3, 0.16), (0.2, 0.16), 0.22, turn=0.4)
    for sign in (-1.0, 1.0):
        sheet.blob((0.5 + sign * 0.14, 0.34), (0.055, 0.1), 0.12, turn=sign * 0.2)
        sheet.flesh([(0.5 + sign * 0.03, 0.25), (0.5 + sign * 0.15, 0.8)], 0.06, 0.1)
        sheet.ring((0.5 + sign * 0.22, 0.87), (0.13, 0.14), 0.018, 0.28, turn=sign * 0.6)
        for rib in range(3):
            start = (0.5 + sign * 0.05, 0.02 + 0.07 * rib)
            sheet.bone([start, (0.5 + sign * 0.3, 0.1 + 0.07 * rib)], 0.018, 0.2)
    for level in range(8):
        at = 0.02 + 0.105 * level
        sheet.blob((0.5, at), (0.058, 0.042), 0.34, soft=0.07)
        sheet.bone([(0.4, at), (0.6, at)], 0.016, 0.18)
    for loop in range(int(rng.integers(10, 18))):
        frame = loop % 3 == 0
        place = (
            float(rng.choice([0.2, 0.8])) if frame else float(rng.uniform(0.28, 0.72)),
            float(rng.uniform(0.25, 0.85)),
        )
        size = (float(rng.uniform(0.02, 0.05)), float(rng.uniform(0.03, 0.06)))
        sheet.blob(place, size, -0.26, turn=float(rng.uniform(0, 3)), soft=0.1)
    return sheet.film(rng)


def skull(rng: np.random.Generator, side: int) -> NDArray[np.uint16]:
    """Draw a skull from the front: vault, orbits, nose, jaw."""
    sheet = Sheet(side)
    at = (0.5, 0.42)
    sheet.blob(at, (0.31, 0.38), 0.65, soft=0.03)
    sheet.ring(at, (0.3, 0.37), 0.022, 0.5)
    sheet.blob((0.5, 0.78), (0.19, 0.17), 0.45, soft=0.05)
    wide = float(rng.uniform(0.11, 0.13))
    for sign in (-1.0, 1.0):
        sheet.blob((0.5 + sign * wide, 0.5), (0.075, 0.06), -0.22, soft=0.08)
        sheet.ring((0.5 + sign * wide, 0.5), (0.078, 0.063), 0.012, 0.3)
        sheet.blob((0.5 + sign * 0.1, 0.62), (0.05, 0.05), -0.15, soft=0.1)
        sheet.bone([(0.5 + sign * 0.2, 0.62), (0.5 + sign * 0.12, 0.9)], 0.035, 0.4)
    sheet.blob((0.5, 0.6), (0.035, 0.07), -0.25, soft=0.1)
    for number in range(8):
        for level in (0.76, 0.8):
            sheet.blob((0.4 + 0.029 * number, level), (0.012, 0.022), 0.4, soft=0.08)
    return sheet.film(rng)


def knee(rng: np.random.Generator, side: int) -> NDArray[np.uint16]:
    """Draw a knee: thigh bone above, shin bones below, a gap between."""
    sheet = Sheet(side)
    lean = float(rng.uniform(-0.08, 0.08))
    joint = (0.5 + float(rng.uniform(-0.04, 0.04)), 0.5)
    sheet.flesh([_along(joint, lean, 0.6), _along(joint, lean + np.pi, 0.6)], 0.42, 0.5)
    sheet.bone([_along(joint, lean, 0.6), _along(joint, lean, 0.1)], 0.13, 0.6)
    sheet.bone([_along(joint, lean + np.pi, 0.6), _along(joint, lean + np.pi, 0.1)], 0.12, 0.6)
    for sign in (-1.0, 1.0):
        sheet.blob((joint[0] + sign * 0.065, 0.42), (0.075, 0.065), 0.4, soft=0.06)
        sheet.blob((joint[0] + sign * 0.065, 0.57), (0.075, 0.045), 0.4, soft=0.06)
    sheet.blob((joint[0], 0.38), (0.06, 0.07), 0.22, soft=0.1)
    calf = (joint[0] + 0.15, 0.62)
    sheet.bone([calf, (calf[0] + 0.01, 1.05)], 0.04, 0.4)
    return sheet.film(rng)


def landscape(rng: np.random.Generator, side: int) -> NDArray[np.uint16]:
    """Draw hills under a sky with clouds and a sun, in grey."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    grey = 0.85 - 0.35 * y + 0.12 * _clouds(rng, side)
    sun = (float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.08, 0.3)))
    grey = np.where(np.hypot(x - sun[0], y - sun[1]) < 0.06, 1.0, grey)
    for layer in range(4):
        line = 0.45 + 0.13 * layer
        for wave in range(1, 5):
            swing = float(rng.uniform(0.02, 0.09)) / wave
            line = line + swing * np.sin(2 * np.pi * wave * x + float(rng.uniform(0, 6.3)))
        shade = 0.55 - 0.12 * layer + 0.1 * _clouds(rng, side)
        grey = np.where(y > line, shade, grey)
    return _grey(grey, rng)


def photograph(rng: np.random.Generator, side: int) -> NDArray[np.uint16]:
    """Draw things on a table in side light: balls and boxes with shadows, in grey."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    grey = np.where(y > 0.55, 0.45 + 0.3 * x, 0.75 - 0.2 * x) + 0.05 * _clouds(rng, side)
    for _ in range(int(rng.integers(4, 9))):
        at = (float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.35, 0.85)))
        size = float(rng.uniform(0.05, 0.16))
        tone = float(rng.uniform(0.2, 0.95))
        u, v = (x - at[0]) / size, (y - at[1]) / size
        grey = np.where(np.hypot((u - 0.8) / 1.4, (v - 0.9) / 0.4) < 1, grey * 0.5, grey)
        if rng.random() < 0.5:
            light = np.clip(1 - np.hypot(u + 0.4, v + 0.4) / 1.6, 0.08, 1)
            grey = np.where(np.hypot(u, v) < 1, tone * light, grey)
        else:
            front = np.where(u < 0.2, tone, tone * 0.55)
            grey = np.where((np.abs(u) < 1) & (np.abs(v) < 0.8), front, grey)
    return _grey(grey, rng)


def page(rng: np.random.Generator, side: int) -> NDArray[np.uint16]:
    """Draw a scanned page: dark lines of made-up words on white."""
    sheet = Image.new("L", (side, side), 240)
    pen = ImageDraw.Draw(sheet)
    size = int(side * rng.uniform(0.018, 0.03))
    font = ImageFont.load_default(size=max(8, size))
    letters = "aeioulmnrstdcp"
    for line in range(int(side * 0.85 / (size * 1.5))):
        if rng.random() < 0.1:
            continue
        words = " ".join(
            "".join(letters[int(k)] for k in rng.integers(0, 14, rng.integers(2, 10)))
            for _ in range(int(side * 0.8 / (size * 3.4)))
        )
        pen.text((side * 0.08, side * 0.07 + line * size * 1.5), words, fill=30, font=font)
    return _grey(np.asarray(sheet, np.float32) / 255, rng)


def noise(rng: np.random.Generator, side: int) -> NDArray[np.uint16]:
    """Draw noise: fine or coarse."""
    coarse = int(rng.choice([1, 2, 4, 8, 16]))
    cells = rng.random((side // coarse + 1, side // coarse + 1)).astype(np.float32)
    grey = np.kron(cells, np.ones((coarse, coarse), np.float32))[:side, :side]
    return _grey(grey, rng)


def almost_blank(rng: np.random.Generator, side: int) -> NDArray[np.uint16]:
    """Draw an exposure without anybody: one slow slope, perhaps a collimator's edge."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    grey = 0.3 + float(rng.uniform(-0.2, 0.3)) * x + float(rng.uniform(-0.2, 0.3)) * y
    if rng.random() < 0.5:
        edge = float(rng.uniform(0.05, 0.2))
        inside = (np.abs(x - 0.5) < 0.5 - edge) & (np.abs(y - 0.5) < 0.5 - edge)
        grey = np.where(inside, grey, 0.02)
    return _grey(grey, rng)


def _clouds(rng: np.random.Generator, side: int) -> Plane:
    """Return smooth noise of several sizes, about -1..1."""
    total = np.zeros((side, side), np.float32)
    for cells in (3, 6, 12, 24):
        coarse = Image.fromarray(rng.uniform(-1, 1, (cells, cells)).astype(np.float32))
        smooth = coarse.resize((side, side), Image.Resampling.BICUBIC)
        total += np.asarray(smooth) * (3 / cells)
    return total


def _grey(grey: Plane, rng: np.random.Generator) -> NDArray[np.uint16]:
    film = grey + rng.normal(0, 0.006, grey.shape)
    return labelled((np.clip(film, 0, 1) * 4095).astype(np.uint16))


#: Every kind of picture that is no chest film, by its name.
KINDS: Final[dict[str, Callable[[np.random.Generator, int], NDArray[np.uint16]]]] = {
    "hand": hand,
    "hip": hip,
    "teeth": teeth,
    "abdomen": abdomen,
    "skull": skull,
    "knee": knee,
    "landscape": landscape,
    "photograph": photograph,
    "page": page,
    "noise": noise,
    "almost-blank": almost_blank,
}


def draw_other(kind: str, seed: int, side: int = 768) -> NDArray[np.uint16]:
    """Return a drawn picture of a kind: uint16 (side, side), 0..4095, bright = dense."""
    rng = np.random.default_rng([seed, list(KINDS).index(kind), 7])
    return KINDS[kind](rng, side)
