"""Pictures that are no films, and films that come in colour, drawn for tests."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from stack.phantoms import draw, to_8_bits

#: What a scan or a display may make of grey: black's colour and white's.
TINTS = {
    "bluish base": ((5, 10, 60), (190, 220, 255)),
    "sepia print": ((40, 20, 5), (255, 240, 200)),
    "green phosphor": ((0, 20, 0), (150, 255, 160)),
}


def phantom(seed: int = 1, side: int = 256) -> NDArray[np.uint8]:
    """Return a phantom film of 8 bits."""
    return to_8_bits(draw(seed, side))


def tinted(grey: NDArray[np.uint8], tint: str, noise: float = 0.0) -> NDArray[np.uint8]:
    """Return uint8 (h, w, 3): the film as a scanner with this tint and noise gives it."""
    black, white = (np.array(colour, np.float64) for colour in TINTS[tint])
    colours = black + (white - black) * (grey[..., None] / 255)
    colours += np.random.default_rng(5).normal(0, noise, colours.shape)
    made: NDArray[np.uint8] = np.clip(colours, 0, 255).astype(np.uint8)
    return made


def with_arrow(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the film with a yellow arrow and a red box drawn over it, as workstations do."""
    picture = Image.fromarray(grey).convert("RGB")
    pen = ImageDraw.Draw(picture)
    side = min(grey.shape)
    pen.line([(side * 0.2, side * 0.2), (side * 0.5, side * 0.5)], fill=(255, 230, 0), width=4)
    pen.rectangle([side * 0.6, side * 0.6, side * 0.8, side * 0.7], outline=(255, 0, 0), width=3)
    return np.asarray(picture)


def landscape(side: int = 256) -> NDArray[np.uint8]:
    """Return uint8 (side, side, 3): sky, sun, hills, a lake and a meadow."""
    picture = Image.new("RGB", (side, side), (120, 170, 235))
    pen = ImageDraw.Draw(picture)

    def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x * side, y * side) for x, y in points]

    pen.ellipse(at((0.7, 0.08), (0.82, 0.2)), fill=(255, 235, 120))
    pen.polygon(at((0, 0.55), (0.3, 0.25), (0.6, 0.55)), fill=(110, 95, 90))
    pen.polygon(at((0.4, 0.55), (0.8, 0.3), (1, 0.55)), fill=(85, 110, 95))
    pen.rectangle(at((0, 0.55), (1, 0.7)), fill=(40, 90, 160))
    pen.rectangle(at((0, 0.7), (1, 1)), fill=(70, 140, 50))
    return _grained(picture.filter(ImageFilter.GaussianBlur(side / 120)))


def photograph(side: int = 256) -> NDArray[np.uint8]:
    """Return uint8 (side, side, 3): a table with fruit under a lamp, colours of every hue."""
    picture = Image.new("RGB", (side, side), (150, 110, 70))
    pen = ImageDraw.Draw(picture)
    rng = np.random.default_rng(9)
    for colour in (
        (200, 40, 30),
        (240, 180, 20),
        (60, 150, 50),
        (120, 40, 120),
        (30, 80, 190),
    ) * 4:
        x, y = rng.uniform(0, 0.85, 2) * side
        pen.ellipse([x, y, x + side * 0.2, y + side * 0.2], fill=colour)
    return _grained(picture.filter(ImageFilter.GaussianBlur(side / 100)))


def _grained(picture: Image.Image) -> NDArray[np.uint8]:
    colours = np.asarray(picture).astype(np.float64)
    colours *= np.linspace(1.1, 0.7, colours.shape[1])[None, :, None]
    colours += np.random.default_rng(3).normal(0, 4, colours.shape)
    made: NDArray[np.uint8] = np.clip(colours, 0, 255).astype(np.uint8)
    return made


def lettered(side: int = 256) -> NDArray[np.uint8]:
    """Return an unexposed film on which only the side's lead letter shows."""
    picture = Image.new("L", (side, side), 9)
    ImageDraw.Draw(picture).rectangle([side * 0.8, side * 0.1, side * 0.88, side * 0.2], fill=240)
    return np.asarray(picture)
