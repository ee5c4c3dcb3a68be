"""Films with words burned in, and films with marks alone: what the look for text is measured on.

Each number draws another one: what is written, its size as a share of the film's height, light on
the film, dark on it, dark on a light plate or light on a dark one, where, and in which of three
typefaces. Names are invented.
"""

import unicodedata
from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

#: What names somebody or may: names, dates, numbers.
NAMES: Final = (
    "DUPONT Jeanne",
    "MARTIN^PAUL",
    "Durand, Eric",
    "LEFEVRE",
    "04/05/1961",
    "1961-05-04",
    "IPP 00123456",
    "ID: 7734 211",
    "Hopital Nord",
    "Dr Moreau 14:32",
    "NGUYEN T. 12/03/1950",
    "KOWALSKI ANNA F 067Y",
)
#: What films show of themselves.
MARKS: Final = ("L", "R", "AP", "PA", "AP PORTABLE", "PORTABLE", "SUPINE", "D", "ERECT")
#: Height of a capital letter's body with its room, as one over the film's height.
SHARES: Final = (100, 80, 64, 50, 40, 30, 20, 12)
PLACES: Final = ("corner", "border", "middle")
INKS: Final = ("light", "dark", "dark on a plate", "light on a plate", "grey")
FACES: Final = ("outline", "bitmap", "strokes")
#: Pillow's own outlines have no accents and draw an empty box for each. So those are drawn here:
#: strokes above a letter, x in its width and y in the text's height from the letter's top, up.
_ACCENTS: Final = {
    "\u0300": (((0.3, 0.26), (0.6, 0.1)),),
    "\u0301": (((0.4, 0.1), (0.7, 0.26)),),
    "\u0302": (((0.2, 0.1), (0.5, 0.25)), ((0.5, 0.25), (0.8, 0.1))),
    "\u0303": (((0.15, 0.1), (0.4, 0.2)), ((0.4, 0.2), (0.6, 0.12)), ((0.6, 0.12), (0.85, 0.22))),
    "\u0308": (((0.25, 0.16), (0.3, 0.16)), ((0.7, 0.16), (0.75, 0.16))),
}


@dataclass(frozen=True)
class Writing:
    """What is written on one film."""

    text: str
    share: int
    ink: str
    place: str
    face: str
    #: Quarter turns against the clock of the finished writing, and whether a mirror comes first.
    turns: int = 0
    mirrored: bool = False

    @classmethod
    def of(cls, number: int, texts: tuple[str, ...] = NAMES) -> "Writing":
        """Return the writing of this number: sizes go round, the rest is drawn by lot."""
        rng = np.random.default_rng([number, 78])
        return cls(
            text=texts[int(rng.integers(len(texts)))],
            share=SHARES[number % len(SHARES)],
            ink=INKS[int(rng.integers(len(INKS)))],
            place=PLACES[int(rng.integers(len(PLACES)))],
            face=FACES[int(rng.integers(len(FACES)))],
        )


def written(film: NDArray[np.uint8], writing: Writing, number: int) -> NDArray[np.uint8]:
    """Return the film, uint8 (h, w), with this burned in; `number` says where within its place."""
    if writing.turns or writing.mirrored:
        lying = np.ascontiguousarray(
            turned(film, writing.turns, mirrored=writing.mirrored, back=True)
        )
        plain = replace(writing, turns=0, mirrored=False)
        return np.ascontiguousarray(
            turned(written(lying, plain, number), writing.turns, mirrored=writing.mirrored)
        )
    rng = np.random.default_rng([number, 79])
    high = max(6, film.shape[0] // writing.share)
    mask = letters(writing, high)
    wide = int(film.shape[1] * 0.96)
    if mask.shape[1] > wide:
        small = (wide, max(1, mask.shape[0] * wide // mask.shape[1]))
        mask = np.asarray(Image.fromarray(mask).resize(small))
    top, left = place_of(writing.place, film.shape, mask.shape, rng)
    made = film.astype(np.float32)
    part = made[top : top + mask.shape[0], left : left + mask.shape[1]]
    around = float(np.median(part))
    ink, plate = {
        "light": (255.0, None),
        "dark": (0.0, None),
        "dark on a plate": (10.0, 235.0),
        "light on a plate": (245.0, 0.0),
        # A third of the range from what is around it.
        "grey": (around + (85 if around < 128 else -85), None),
    }[writing.ink]
    # White on white is not written at all.
    if writing.ink == "dark" and around < 80:
        ink = 255.0
    if writing.ink == "light" and around > 175:
        ink = 0.0
    if plate is not None:
        edge = max(1, high // 6)
        rows = slice(max(0, top - edge), top + mask.shape[0] + edge)
        made[rows, max(0, left - edge) : left + mask.shape[1] + edge] = plate
    share = mask.astype(np.float32) / 255
    part[:] = part * (1 - share) + ink * share
    return np.clip(np.rint(made), 0, 255).astype(np.uint8)


def turned(
    film: NDArray[np.uint8], turns: int, *, mirrored: bool, back: bool = False
) -> NDArray[np.uint8]:
    """Return the film mirrored left to right and then turned; with `back`, what undoes that."""
    if back:
        film = np.rot90(film, -turns)
    if mirrored:
        film = film[:, ::-1]
    return film if back else np.rot90(film, turns)


def marked(film: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    """Return the film with one or two marks that name nobody."""
    for turn in range(1 + number % 2):
        lot = number * 2 + turn
        mark = Writing.of(lot * 8 + 2 + lot % 5, MARKS)
        # The second on the other half of the film, and neither on a phantom's own word: marks
        # written over each other are words that nobody knows.
        half = film.shape[0] // 2
        part = slice(half, None) if turn else slice(film.shape[0] // 12, half)
        made = film.copy()
        made[part] = written(film[part], replace(mark, share=max(2, mark.share // 2)), lot)
        film = made
    return film


def letters(writing: Writing, high: int) -> NDArray[np.uint8]:
    """Return the text as uint8 (h, w), 0..255: how much ink is where, cut to its edges."""
    if writing.face == "strokes":
        scale = high / 30
        thick = max(1, round(high / 14))
        (wide, tall), low = cv2.getTextSize(writing.text, cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
        sheet = np.zeros((tall + low + 2 * thick, wide + 2 * thick), np.uint8)
        cv2.putText(
            sheet,
            writing.text,
            (thick, tall + thick),
            cv2.FONT_HERSHEY_SIMPLEX,
            scale,
            255,
            thick,
            cv2.LINE_AA,
        )
        return _cut(sheet)
    font: Any = ImageFont.load_default(size=high)
    if writing.face == "outline" and not writing.text.isascii():
        return _cut(_accented(writing.text, high, font))
    if writing.face == "bitmap":
        font = ImageFont.load_default_imagefont()
    left, top, right, bottom = (int(value) for value in font.getbbox(writing.text))
    picture = Image.new("L", (right - left + 4, bottom - top + 4), 0)
    ImageDraw.Draw(picture).text((2 - left, 2 - top), writing.text, fill=255, font=font)
    if writing.face == "bitmap":
        # Its letters are 11 pixels high: enlarged without smoothing, as old machines print.
        times = max(1, round(high / 11))
        picture = picture.resize(
            (picture.width * times, picture.height * times), Image.Resampling.NEAREST
        )
    return _cut(np.asarray(picture))


def _accented(text: str, high: int, font: Any) -> NDArray[np.uint8]:
    """Return text in outlines, its accents drawn above the letters, uint8 (h, w).

    What is no letter with an accent (Ø, ß) is left out, as the other typefaces do.
    """
    wide = int(font.getlength(text)) + 2 * high
    picture = Image.new("L", (wide, 2 * high), 0)
    pen, at = ImageDraw.Draw(picture), high / 2
    for sign in text:
        letter, *accents = list(unicodedata.normalize("NFD", sign))
        if not letter.isascii():
            continue
        pen.text((at, high / 2), letter, fill=255, font=font)
        left, top, right, _ = font.getbbox(letter)
        for accent in accents:
            for stroke in _ACCENTS[accent]:
                ends = [
                    (at + left + x * (right - left), high / 2 + top - y * high) for x, y in stroke
                ]
                pen.line(ends, fill=255, width=max(1, round(high / 12)))
        at += font.getlength(letter)
    return np.asarray(picture)


def _cut(sheet: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rows, columns = np.flatnonzero(sheet.any(1)), np.flatnonzero(sheet.any(0))
    return sheet[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def place_of(
    place: str, film: tuple[int, ...], mask: tuple[int, ...], rng: np.random.Generator
) -> tuple[int, int]:
    """Return the row and column of the mask's upper left corner, within the film."""
    room = [max(0, size - own) for size, own in zip(film, mask, strict=True)]
    near = [min(left, size // 50) for left, size in zip(room, film, strict=True)]
    ends = [(low, max(low, left - low)) for low, left in zip(near, room, strict=True)]
    corner = [pair[int(rng.integers(2))] for pair in ends]
    if place == "corner":
        return corner[0], corner[1]
    free = [int(rng.integers(left + 1)) for left in room]
    if place == "middle":
        return free[0], free[1]
    return (free[0], corner[1]) if rng.integers(2) else (corner[0], free[1])
