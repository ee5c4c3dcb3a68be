"""operating_points.json: the thresholds that a run chose, which evaluation and export read.

They are chosen on the validation part, with what they were worth there; metrics.json says what
they are worth on other films.
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from schemas.models import OperatingPoints
from training.errors import WrongInput

_FORM = TypeAdapter(dict[str, OperatingPoints])


def save_points(points: Mapping[str, OperatingPoints], file: Path) -> None:
    """Write the points of each finding by its name."""
    file.write_bytes(_FORM.dump_json(dict(points), indent=2) + b"\n")


def load_points(file: Path) -> dict[str, OperatingPoints]:
    """Return what `save_points` wrote. Raises WrongInput for another file, or none."""
    try:
        return _FORM.validate_json(file.read_bytes())
    except FileNotFoundError:
        raise WrongInput(f"wanted the operating points of a run, there is no {file}") from None
    except ValidationError as error:
        said = error.errors()[0]
        raise WrongInput(f"{file}: {'.'.join(map(str, said['loc']))}: {said['msg']}") from None
