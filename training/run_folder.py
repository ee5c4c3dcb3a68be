"""A run's folder: the names of its files, in one place."""

from dataclasses import dataclass
from pathlib import Path

from training.errors import WrongInput


def cache_of(out: Path, cache: Path | None) -> Path:
    """Return where films and features are kept: `training-cache` beside `out` unless said."""
    return cache or out.absolute().parent / "training-cache"


@dataclass(frozen=True)
class RunFolder:
    """What `train` leaves behind and `evaluate`, `export`, `compare` and `models add` read."""

    path: Path

    @classmethod
    def new(cls, path: Path) -> "RunFolder":
        """Make the folder. Raises WrongInput when there is something of that name."""
        cls.check_new(path)
        try:
            path.mkdir(parents=True)
        except OSError as error:
            raise WrongInput(f"--out: {path} cannot be made: {error.strerror}") from None
        return cls(path)

    @staticmethod
    def check_new(path: Path) -> None:
        """Raise WrongInput when there is something of that name."""
        if path.exists() or path.is_symlink():
            raise WrongInput(f"--out: wanted a new folder, came {path}, which exists")

    @classmethod
    def begun(cls, path: Path) -> "RunFolder":
        """Return the folder of a run that may go on. Raises WrongInput for another folder."""
        found = cls(path)
        if not found.settings.is_file():
            raise WrongInput(f"--resume: wanted the folder of a run, {path} has no settings.json")
        if found.done:
            raise WrongInput(f"--resume: the run in {path} is done")
        return found

    @classmethod
    def of(cls, path: Path) -> "RunFolder":
        """Return the folder of a run that is done. Raises WrongInput for another folder."""
        found = cls(path)
        for file in (found.settings, found.model):
            if not file.is_file():
                raise WrongInput(f"wanted the folder of a run, {path} has no {file.name}")
        return found

    @property
    def done(self) -> bool:
        """Whether `train` came to its end here: figures, report and served model are there."""
        return all(file.is_file() for file in (self.metrics, self.report, self.onnx))

    @property
    def settings(self) -> Path:
        """training/fit/run_settings.py."""
        return self.path / "settings.json"

    @property
    def split(self) -> Path:
        """`Path,patient,part`."""
        return self.path / "split.csv"

    @property
    def problems(self) -> Path:
        """`Path,reason`."""
        return self.path / "problems.csv"

    @property
    def predictions(self) -> Path:
        """training/evaluate/predictions.py."""
        return self.path / "predictions.csv"

    @property
    def points(self) -> Path:
        """The operating points: training/evaluate/points_file.py."""
        return self.path / "operating_points.json"

    @property
    def metrics(self) -> Path:
        """Every figure, undefined ones null."""
        return self.path / "metrics.json"

    @property
    def curves(self) -> Path:
        """The points of the ROC, precision and reliability curves."""
        return self.path / "curves.csv"

    @property
    def report(self) -> Path:
        """The same for people, one page that needs no network."""
        return self.path / "report.html"

    @property
    def heads(self) -> Path:
        """training/fit/linear.py."""
        return self.path / "heads.npz"

    @property
    def projection(self) -> Path:
        """float16 (d, 512): training/fit/projection.py."""
        return self.path / "projection.npz"

    @property
    def model(self) -> Path:
        """The served graph, as Keras keeps it."""
        return self.path / "model.keras"

    @property
    def onnx(self) -> Path:
        """The served graph, as it is served."""
        return self.path / "model.onnx"

    @property
    def manifest(self) -> Path:
        """schemas/models.py's ModelManifest."""
        return self.path / "model.json"

    @property
    def card(self) -> Path:
        """The model card, for people."""
        return self.path / "card.md"

    @property
    def checkpoints(self) -> Path:
        """Where fine-tuning keeps its place."""
        return self.path / "checkpoints"

    @property
    def logs(self) -> Path:
        """TensorBoard's."""
        return self.path / "logs"
