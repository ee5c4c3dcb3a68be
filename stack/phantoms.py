"""Synthetic chest films: a drawn thorax that shows nobody, for demos, tests and benches.

Tissue thickness is drawn part by part (body, lungs, heart, spine, ribs, clavicles, vessels),
summed, and turned into brightness as a film does: bright = dense. Each seed is another phantom;
some carry a drawn opacity, effusion, large heart or pneumothorax. "PHANTOM" stands in a corner.
These are no anatomical or physical models: a classifier's answer on them means nothing. They are
drawn like films just enough to pass the input check by its own rule (docs/adr/0085).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

#: float32 or float64 (side, side).
Plane = NDArray[np.floating[Any]]

DRAWN_FINDINGS: Final = ("none", "opacity", "effusion", "large heart", "pneumothorax")
LABEL: Final = "PHANTOM"
#: The film shows this share of the drawn sheet, from this share of its height on.
_SHOWN: Final = 0.75
_TOP: Final = 0.057


@dataclass(frozen=True)
class Build:
    """What one seed decides: proportions as shares of the side, and the drawn finding."""

    tilt: float
    chest: float
    lung: float
    diaphragm: float
    heart: float
    finding: str
    side_sign: float

    @classmethod
    def of(cls, seed: int) -> "Build":
        """Return the build of this seed; the drawn finding goes round with the seed."""
        rng = np.random.default_rng([seed, 1])
        finding = DRAWN_FINDINGS[seed % len(DRAWN_FINDINGS)]
        return cls(
            tilt=float(rng.uniform(-0.04, 0.04)),
            chest=float(rng.uniform(0.40, 0.46)),
            lung=float(rng.uniform(0.155, 0.185)),
            diaphragm=float(rng.uniform(0.70, 0.80)),
            heart=float(rng.uniform(0.10, 0.13)) * (1.6 if finding == "large heart" else 1.0),
            finding=finding,
            side_sign=float(rng.choice([-1.0, 1.0])),
        )


def draw(seed: int, side: int = 1024) -> NDArray[np.uint16]:
    """Return a phantom: uint16 (side, side), 0..4095 (12 bits used), bright = dense."""
    rng = np.random.default_rng([seed, 2])
    build = Build.of(seed)
    y, x = np.meshgrid(
        np.linspace(_TOP, _TOP + _SHOWN, side, dtype=np.float32),
        np.linspace(-_SHOWN / 2, _SHOWN / 2, side, dtype=np.float32),
        indexing="ij",
    )
    x = x + build.tilt * (y - 0.5)
    lungs, air = _lungs(x, y, build)
    tissue = _body(x, y, build) - 0.7 * air + 0.73 * _heart(x, y, build) + 0.93 * _spine(x, y)
    tissue += 0.1 * _shown(_bones(side, build))
    tissue += 0.16 * _shown(_vessels(rng, side, build)) * lungs
    tissue += _finding(x, y, lungs, build, rng)
    tissue += 0.07 * _clouds(rng, side) * (tissue > 0.05)
    film = 1 - np.exp(-1.5 * np.clip(tissue, 0, None))
    # More on a finer film: as much of it is left when the film is made smaller.
    film += rng.normal(0, 0.0066 * side / 512, film.shape).astype(np.float32)
    film = np.clip(film / 0.96, 0, 1)
    return labelled((film * 4095).astype(np.uint16))


def _shown(drawn: Plane) -> Plane:
    """Return the part of a full drawing that the film shows, as large as the film."""
    side = len(drawn)
    left = (1 - _SHOWN) / 2 * side
    part = (left, _TOP * side, left + _SHOWN * side, (_TOP + _SHOWN) * side)
    picture = Image.fromarray(np.asarray(drawn, np.float32))
    shown: Plane = np.asarray(picture.resize((side, side), Image.Resampling.BICUBIC, box=part))
    return shown


def _clouds(rng: np.random.Generator, side: int) -> Plane:
    """Return the unevenness of real tissue: smooth noise of many sizes, about -1..1."""
    total = np.zeros((side, side), np.float32)
    for cells in (4, 8, 16, 32, 64, 128):
        coarse = Image.fromarray(rng.uniform(-1, 1, (cells, cells)).astype(np.float32))
        smooth = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC))
        total += smooth * np.float32((4 / cells) ** 0.8)
    return total


def _soft(edge: Plane, width: float) -> Plane:
    """Return 0..1: 1 where `edge` is well below 0, a smooth step as wide as `width`."""
    steep: Plane = 1 / (1 + np.exp(np.clip(edge / width, -40, 40)))
    return steep


def _ellipse(x: Plane, y: Plane, at: tuple[float, float], size: tuple[float, float]) -> Plane:
    """Return how far outside the ellipse each point is: below 0 inside, 0 on its edge."""
    far: Plane = np.hypot((x - at[0]) / size[0], (y - at[1]) / size[1]) - 1
    return far


def _body(x: Plane, y: Plane, build: Build) -> Plane:
    trunk = _soft(_ellipse(x, y, (0, 0.78), (build.chest, 0.80)), 0.02)
    shoulders = _soft(_ellipse(x, y, (0, 0.36), (0.56, 0.27)), 0.03)
    neck = _soft(_ellipse(x, y, (0, 0.02), (0.13, 0.28)), 0.05)
    outline = np.maximum(np.maximum(trunk, shoulders * 0.9), neck * 0.95)
    belly = _soft(0.80 - y, 0.06)
    body: Plane = outline * (0.95 + 0.32 * belly)
    return body


def _lungs(x: Plane, y: Plane, build: Build) -> tuple[Plane, Plane]:
    """Return where the lungs are (0..1), and how much tissue their air takes away."""
    both = np.zeros_like(x)
    for sign in (-1.0, 1.0):
        inside = _soft(_ellipse(x, y, (sign * 0.205, 0.50), (build.lung, 0.38)), 0.05)
        dome = build.diaphragm - (0.02 if sign < 0 else 0.0)
        floor = y - dome + 0.09 * (1 - ((x - sign * 0.2) / 0.2) ** 2)
        both = np.maximum(both, inside * _soft(floor, 0.008))
    return both, 0.60 * both


def _heart(x: Plane, y: Plane, build: Build) -> Plane:
    ventricle = _soft(_ellipse(x, y, (0.055, 0.66), (build.heart + 0.02, 0.145)), 0.06)
    atrium = _soft(_ellipse(x, y, (-0.045, 0.66), (build.heart * 0.6, 0.12)), 0.08)
    vessels = _soft(_ellipse(x, y, (0.02, 0.42), (0.055, 0.20)), 0.12)
    arch = _soft(_ellipse(x, y, (0.055, 0.36), (0.045, 0.055)), 0.12)
    heart: Plane = 0.5 * np.maximum.reduce([ventricle, atrium, vessels * 0.9, arch])
    return heart


def _spine(x: Plane, y: Plane) -> Plane:
    column = _soft(np.abs(x) - 0.032, 0.006) * (0.75 + 0.25 * np.cos(y * 100))
    trachea = _soft(np.abs(x + 0.003) - 0.017, 0.005) * _soft(np.abs(y - 0.17) - 0.2, 0.02)
    spine: Plane = 0.26 * column - 0.20 * trachea
    return spine


def _bones(side: int, build: Build) -> Plane:
    """Return ribs and clavicles, 0..1 where one lies alone, drawn as thick arcs and softened.

    A rib goes up and out from the spine, down at the flank and, fainter, back towards the middle.
    """
    bones = np.zeros((side, side), np.float32)
    reach = build.chest - 0.035
    thick = max(2, int(side * 0.01))
    for rib in range(10):
        canvas = Image.new("L", (side, side), 0)
        pen = ImageDraw.Draw(canvas)
        top = 0.13 + rib * 0.062
        wide = reach * min(1.0, 0.5 + rib * 0.085)
        turn = np.linspace(0, np.pi / 2, 40)
        out = 0.03 + (wide - 0.03) * np.sin(turn)
        down = top - 0.03 * np.sin(2 * turn) + 0.10 * (1 - np.cos(turn))
        back = np.linspace(0, 1, 30)
        inwards = wide * (1 - 0.62 * back)
        lower = down[-1] + 0.02 * np.sin(np.pi * back) + 0.085 * back
        for sign in (-1.0, 1.0):
            for across, along, grey in ((out, down, 150), (inwards, lower, 75)):
                points = [
                    (float((0.5 + sign * u) * side), float(v * side))
                    for u, v in zip(across, along, strict=True)
                ]
                pen.line(points, fill=grey, width=thick, joint="curve")
        bones += np.asarray(canvas, np.float32) / 255
    canvas = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(canvas)
    for sign in (-1.0, 1.0):
        points = [
            (
                side * (0.5 + sign * along),
                side * (0.215 - 0.10 * along + 0.025 * np.sin(9 * along)),
            )
            for along in np.linspace(0.035, 0.36, 40)
        ]
        pen.line(points, fill=230, width=max(2, int(side * 0.022)), joint="curve")
    bones += np.asarray(canvas, np.float32) / 255
    both = Image.fromarray((np.clip(bones, 0, 2) * 127).astype(np.uint8))
    soft = both.filter(ImageFilter.GaussianBlur(side * 0.003))
    softened: Plane = np.asarray(soft, np.float32) / 127
    return softened


def _vessels(rng: np.random.Generator, side: int, build: Build) -> Plane:
    """Return branching vessels out of both hila, as tissue to add inside the lungs."""
    canvas = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(canvas)

    def branch(at: tuple[float, float], angle: float, width: float, length: float) -> None:
        if width < 0.0012 or length < 0.01:
            return
        to = (at[0] + length * np.cos(angle), at[1] + length * np.sin(angle))
        line = [(at[0] * side, at[1] * side), (to[0] * side, to[1] * side)]
        pen.line(line, fill=int(60 + 9000 * width), width=max(1, int(width * side)))
        for _ in range(2):
            turn = float(rng.normal(0, 0.45))
            branch(to, angle + turn, width * 0.72, length * float(rng.uniform(0.65, 0.95)))

    for sign in (-1.0, 1.0):
        for start in np.linspace(-1.2, 1.2, 6):
            angle = (0.0 if sign > 0 else np.pi) + float(start)
            branch((0.5 + sign * 0.07, 0.47), angle, 0.010, build.lung * 0.42)
    soft = canvas.filter(ImageFilter.GaussianBlur(side * 0.0025))
    vessels: Plane = np.asarray(soft, np.float32) / 255 * 0.42
    return vessels


def _finding(x: Plane, y: Plane, lungs: Plane, build: Build, rng: np.random.Generator) -> Plane:
    """Return what the drawn finding adds (or takes away), as tissue."""
    at = build.side_sign * 0.21
    if build.finding == "opacity":
        centre = (at + float(rng.uniform(-0.05, 0.05)), float(rng.uniform(0.42, 0.62)))
        size = float(rng.uniform(0.05, 0.09))
        blob: Plane = 0.38 * _soft(_ellipse(x, y, centre, (size, size * 0.9)), 0.25) * lungs
        return blob
    if build.finding == "effusion":
        level = build.diaphragm - 0.10 + 0.5 * np.maximum(0, 0.10 - np.abs(x - at * 1.7))
        effusion: Plane = 0.5 * _soft(level - y, 0.02) * _soft(-x * build.side_sign, 0.01) * lungs
        return effusion
    if build.finding == "pneumothorax":
        rim = _ellipse(x, y, (at * 0.93, 0.54), (build.lung * 0.86, 0.37))
        gone: Plane = -0.10 * (1 - _soft(rim, 0.01)) * lungs * _soft(-x * build.side_sign, 0.01)
        return gone
    return np.zeros_like(x)


def labelled(film: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return the film with "PHANTOM" burned in at the upper left, small but readable."""
    side = film.shape[0]
    mark = Image.new("L", (side, side), 0)
    font = ImageFont.load_default(size=max(10, side // 40))
    ImageDraw.Draw(mark).text((side * 0.02, side * 0.015), LABEL, fill=255, font=font)
    written: NDArray[np.uint16] = np.where(np.asarray(mark) > 127, np.uint16(3900), film)
    return written


def to_8_bits(film: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Return a 12-bit phantom as 8 bits, 0..255."""
    eight: NDArray[np.uint8] = (film >> 4).astype(np.uint8)
    return eight


def write_film(path: Path, film: NDArray[Any]) -> None:
    """Write a uint8 or uint16 film as PNG, or a uint8 one as JPEG, by the path's ending."""
    picture = Image.fromarray(film)
    if path.suffix == ".jpg":
        picture.save(path, quality=92)
    else:
        picture.save(path, compress_level=6)


def write_films(folder: Path, count: int, first_seed: int = 1, side: int = 768) -> list[Path]:
    """Write `count` phantoms of seeds from `first_seed` on; return their paths.

    Of every four, two are JPEG, one is an 8-bit PNG and one a 16-bit PNG (12 bits used).
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for seed in range(first_seed, first_seed + count):
        film = draw(seed, side)
        kind = seed % 4
        path = folder / f"phantom-{seed:05d}.{'jpg' if kind < 2 else 'png'}"
        write_film(path, film if kind == 3 else to_8_bits(film))
        paths.append(path)
    return paths
