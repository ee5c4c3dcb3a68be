"""The process beside Triton: keeps what it serves equal to what the rows say.

Rows live, former and candidate name the versions; their weights lie in the bucket `models` under
`<name>/<version>/`. At start and every ten seconds the loaded set is compared with the rows, and
where they differ the missing versions are fetched, checked against the SHA-256 of their manifest,
laid out in Triton's repository and loaded through the API that only our secret opens. So a Triton
that was restarted, empty, is filled again without anybody's hand.
"""

import hashlib
import logging
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from schemas.errors import BadObject, Conflict, NotFound, Unavailable
from schemas.models import (
    CARD_FILE,
    CHECK_FILE,
    RUN_VERSIONS,
    TRITON_MODEL,
    ModelManifest,
    model_key,
)
from store.ports import Models, Objects
from store.records import ModelRow, ModelState
from store.settings import Settings
from workers.backoff import Backoff
from workers.health import Health
from workers.model_file import check_model_file
from workers.triton import config_text
from workers.triton_config import CHEST, Config, render

log = logging.getLogger(__name__)

BUCKET: Final = "models"
EVERY_S: Final = 10.0
_WHO: Final = "models"
#: Steps (five minutes) before versions that Triton refused are tried again: each try loads anew.
_PATIENCE: Final = 30


class Control(Protocol):
    """What of Triton is needed here; workers.triton.TritonControl or the fake."""

    def ready_versions(self) -> frozenset[int]:
        """Return the versions served now."""
        ...

    def load(self, config: Config) -> None:
        """Serve exactly the versions of the configuration."""
        ...


class ModelsProcess:
    """Makes Triton's loaded set equal to the rows, again and again."""

    def __init__(
        self,
        models: Models,
        objects: Objects,
        control: Control,
        *,
        repository: Path,
        backend: str,
    ) -> None:
        self._models = models
        self._objects = objects
        self._control = control
        self._repository = repository
        self._backend = backend
        self._whole: set[int] = set()
        self._refused: frozenset[int] = frozenset()
        self._patience = 0

    def run(self, stop: threading.Event, health: Health, every_s: float = EVERY_S) -> None:
        """Repeat `step` until stopped; a service that is down is waited for, however long."""
        backoff = Backoff()
        while not stop.is_set():
            try:
                missing = self.step()
            except Unavailable as error:
                wait_s = min(backoff.next_s(), every_s)
                health.wait_for(_WHO, error.service)
                log.warning("A service is down; trying again.", extra={"reason": str(error)})
            else:
                backoff.reset()
                wait_s = every_s
                health.wait_for(_WHO, "a model that Triton refuses" if missing else None)
            health.turned()
            stop.wait(wait_s)

    def step(self) -> frozenset[int]:
        """Compare and mend once; return the wanted versions that are not served all the same.

        Order: 1. files of each wanted version, whole and checked; 2. the configuration; 3. Triton
        loads; 4. folders that no row wants go. A version whose weights are gone or damaged, or
        that Triton refuses, is left out with an error in the log: it must not keep the others
        from being served, least of all the live one. Raises Unavailable.
        """
        rows = self._models.wanted()
        wanted = {row.manifest.version for row in rows}
        served = self._control.ready_versions()
        if served == wanted:
            return frozenset()
        if served and served == wanted - self._refused and self._patience > 0:
            self._patience -= 1
            return frozenset(wanted - served)
        if not rows:
            return frozenset()
        usable = [row for row in rows if self._lay_out(row.manifest)]
        for attempt in _attempts(usable):
            manifests = [row.manifest for row in attempt]
            config = render(self._backend, manifests)
            self._write_config(config)
            versions = [manifest.version for manifest in manifests]
            log.info("Triton loads the model.", extra={"versions": versions})
            try:
                self._control.load(config)
            except ValueError as error:
                log.error(  # noqa: TRY400 - Triton's words say it, not our stack
                    "Triton refused these versions; fewer are tried.",
                    extra={"versions": versions, "reason": str(error)},
                )
                continue
            # Triton passes over a version whose folder it cannot read, without an error.
            served = self._control.ready_versions()
            self._refused = frozenset(wanted - served)
            self._patience = _PATIENCE
            self._clear(wanted)
            log.info("Triton serves the model.", extra={"versions": sorted(served)})
            return self._refused
        self._refused = frozenset()
        return frozenset(wanted - served)

    def _lay_out(self, manifest: ModelManifest) -> bool:
        """Put a version's folder into the repository, once; return whether it is whole.

        Made beside and renamed, so that Triton never sees half a version.
        """
        place = self._repository / TRITON_MODEL / str(manifest.version)
        if manifest.version in self._whole and place.is_dir():
            return True
        if place.is_dir() and _sha256(place / "model.onnx") == manifest.sha256:
            self._whole.add(manifest.version)
            return True
        try:
            weights = self._objects.read(BUCKET, model_key(manifest, "model.onnx"))
        except (NotFound, BadObject) as error:
            log.error(  # noqa: TRY400 - which model says it all
                "The model's weights are not in the object store, or cannot be read.",
                extra={"model": manifest.label, "reason": str(error)},
            )
            return False
        found = hashlib.sha256(weights).hexdigest()
        if found != manifest.sha256:
            log.error(
                "The model's weights are not those it was registered with.",
                extra={"model": manifest.label, "wanted": manifest.sha256, "came": found},
            )
            return False
        try:
            check_model_file(weights, manifest)
        except ValueError as error:
            log.error(  # noqa: TRY400 - what is wrong with the file says it all
                "The model's file is none that Triton could serve.",
                extra={"model": manifest.label, "reason": str(error)},
            )
            return False
        staging = self._repository / ".staging" / str(manifest.version)
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        (staging / "model.onnx").write_bytes(weights)
        (staging / "model.json").write_bytes(_json(manifest))
        if self._backend == "python":
            shutil.copyfile(CHEST / "python" / "model.py", staging / "model.py")
        place.parent.mkdir(exist_ok=True)
        # Only a damaged folder is still there, and Triton does not serve it.
        shutil.rmtree(place, ignore_errors=True)
        staging.rename(place)
        self._whole.add(manifest.version)
        return True

    def _write_config(self, config: Config) -> None:
        """Leave the configuration for people to read; Triton gets it with the load request."""
        path = self._repository / TRITON_MODEL / "config.pbtxt"
        fresh = path.with_suffix(".new")
        fresh.write_text(config_text(config))
        fresh.replace(path)

    def _clear(self, wanted: set[int]) -> None:
        for place in (self._repository / TRITON_MODEL).iterdir():
            if place.name.isdecimal() and int(place.name) not in wanted:
                shutil.rmtree(place)
                self._whole.discard(int(place.name))


def _attempts(rows: Sequence[ModelRow]) -> list[list[ModelRow]]:
    """Return what to ask Triton for: all; then without candidates; then the live one alone."""
    attempts = []
    for states in ({"live", "former", "candidate"}, {"live", "former"}, {"live"}):
        chosen = [row for row in rows if row.state in states]
        if chosen and chosen not in attempts:
            attempts.append(chosen)
    return attempts


def seed_starter(settings: Settings, models: Models, objects: Objects) -> ModelRow:
    """Return the live model, made from the built starter model when none is live.

    Raises ValueError without a starter folder; else as `store_model`.
    """
    live = models.live()
    if live is not None:
        log.info("A model is live already.", extra={"model": live.manifest.label})
        return live
    folder = settings.starter_model
    if folder is None:
        raise ValueError("wanted RADIOTHEQUE_STARTER_MODEL, the built model's folder; came none")
    row = store_model(folder, models, objects, "live")
    log.info("The starter model is stored and live.", extra={"model": row.manifest.label})
    return row


def store_model(folder: Path, models: Models, objects: Objects, state: ModelState) -> ModelRow:
    """Return the folder's model, its files stored in the bucket `models`, registered.

    Its files come first: a row never names weights that are not there. Doing it twice changes
    nothing. A training run gets its number here (docs/adr/0147). Raises ValueError when a file is
    not that of its manifest, Conflict when its version is another model's, FileNotFoundError
    without a manifest.
    """
    said = ModelManifest.model_validate_json((folder / "model.json").read_bytes())
    manifest = numbered(said, [row.manifest for row in models.all()])
    wanted = {"model.onnx": manifest.sha256}
    if manifest.check is not None:
        wanted[CHECK_FILE] = manifest.check.sha256
    if manifest.card is not None:
        wanted[CARD_FILE] = manifest.card.sha256
    for file, sha256 in wanted.items():
        found = _sha256(folder / file)
        if found != sha256:
            raise ValueError(f"{folder}: wanted {file} of {sha256}, came {found}")
    for known in models.all():
        # Before anything is put: a registered version's files are never written over.
        if known.manifest.version == manifest.version and known.manifest != manifest:
            raise Conflict(f"model version {manifest.version}: another manifest has it")
    for file in wanted:
        objects.put_file(BUCKET, model_key(manifest, file), folder / file)
    text = (folder / "model.json").read_bytes() if manifest == said else _json(manifest)
    objects.put(BUCKET, model_key(manifest, "model.json"), text)
    return models.register(manifest, state)


def numbered(said: ModelManifest, known: Sequence[ModelManifest]) -> ModelManifest:
    """Return the manifest with the number that it has, or gets, among the registered ones.

    The project's own models come with their number. A training run comes with none that means
    anything: it has the number under which the same was registered before, or gets the next one
    from RUN_VERSIONS on.
    """
    if said.version < RUN_VERSIONS:
        return said
    for other in known:
        same = said.model_copy(update={"version": other.version})
        if same == other:
            return same
    runs = [other.version for other in known if other.version >= RUN_VERSIONS]
    return said.model_copy(update={"version": max(runs, default=RUN_VERSIONS - 1) + 1})


def _json(manifest: ModelManifest) -> bytes:
    return (manifest.model_dump_json(indent=2) + "\n").encode()


def _sha256(path: Path) -> str:
    """Return the file's SHA-256 in hex, "" when there is no such file."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
