"""From a file's bytes to a film that can be stored: read, judged by plain rules, developed.

The decoding child and `radiotheque predict` do just this.
"""

from collections.abc import Iterable, Sequence

from ingest.black_out import black_out
from ingest.readers import read_file
from ingest.renditions import Developed, develop
from ingest.rules import check_film
from schemas.presentation import Presentation


def film_of_file(
    data: bytes,
    pixel_limit: int,
    parts: Iterable[Sequence[float]] = (),
    side: int = 0,
    presentation: Presentation | None = None,
) -> Developed:
    """Return the film in a file, parts of it blacked out, with a tensor of this side (0: none).

    It is shown as its file says, or as `presentation` does where that is settled already. Parts
    are drawn over the picture as the file has it shown. Raises Refusal.
    """
    decoded = read_file(data, pixel_limit)
    check_film(decoded)
    samples = black_out(decoded.samples, parts, decoded.presentation.orientation)
    how = presentation or decoded.presentation
    return develop(samples, decoded.says, side, how, decoded.curves)
