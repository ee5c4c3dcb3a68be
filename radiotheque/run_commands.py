"""`radiotheque run NAME`: each long-lived program of ours, put together from its parts.

A program gets its own login role of PostgreSQL, answers /healthz and /metrics on loopback, logs
JSON to standard output, and ends well on SIGTERM. Its exit code is 0 then, 3 when twenty records
in a row were set aside, 1 after an error nobody foresaw: the supervisor starts it again.
"""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Final

from store.settings import Settings, load_settings

log = logging.getLogger(__name__)

TOO_MANY_DEAD_CODE: Final = 3


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add `run`."""
    run = commands.add_parser("run", help="run one long-lived program in the foreground")
    run.add_argument("name", choices=sorted(PROGRAMS))
    run.set_defaults(run=run_program)


def run_program(chosen: argparse.Namespace) -> int:
    """Run a program until SIGTERM or SIGINT."""
    from radiotheque.json_logs import log_json

    log_json()
    name: str = chosen.name
    settings = load_settings(postgres_user=f"radiotheque_{name}")
    stop = threading.Event()
    if name != "web":  # gunicorn has handlers of its own
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    log.info("The program starts", extra={"program": name})
    code = _guarded(PROGRAMS[name], settings, stop)
    log.info("The program ends", extra={"program": name, "code": code})
    logging.shutdown()
    sys.stdout.flush()
    # A batch that outlived its drain, or a driver's thread, must not keep the process.
    os._exit(code)


def _guarded(
    program: Callable[[Settings, threading.Event], None],
    settings: Settings,
    stop: threading.Event,
) -> int:
    from workers.runtime import TooManyDead

    try:
        program(settings, stop)
    except TooManyDead as error:
        log.error("Too many dead records in a row", extra={"detail": str(error)})  # noqa: TRY400
        return TOO_MANY_DEAD_CODE
    except Exception:
        log.exception("The program fails in a way nobody foresaw")
        return 1
    return 0


def run_ingest(settings: Settings, stop: threading.Event) -> None:
    """Read drops into films."""
    from ingest.decoder import Decoder
    from ingest.handler import build
    from ingest.slow_films import NICER, SlowFilms
    from store.rows import connect
    from workers.triton import TritonModel

    with ExitStack() as close:
        triton = TritonModel(settings.triton_grpc)
        close.callback(triton.close)
        handler = build(settings, triton)
        close.callback(handler.close)
        rows = connect(settings)
        close.callback(rows.close)
        patient = Decoder(settings, nicer=NICER)
        close.callback(patient.close)
        slow = SlowFilms(rows.receipts, handler.apart(patient), settings.decode_processes)
        threading.Thread(target=slow.run, args=(stop,), name="SlowFilms", daemon=True).start()
        _work("ingest", handler, rows.letters, settings, stop, handler.figures.register)


def run_analyse(settings: Settings, stop: threading.Event) -> None:
    """Ask the live model about films."""
    from store.objects import MinioObjects
    from store.rows import connect
    from workers.analyse import AnalyseHandler
    from workers.triton import TritonModel

    with ExitStack() as close:
        rows = connect(settings)
        close.callback(rows.close)
        triton = TritonModel(settings.triton_grpc)
        close.callback(triton.close)
        handler = AnalyseHandler(settings, rows, MinioObjects(settings), triton)
        close.callback(handler.close)
        _work("analyse", handler, rows.letters, settings, stop)


def run_similar(settings: Settings, stop: threading.Event) -> None:
    """Fill the cache with the look-alikes of uploads."""
    from store.cache import RedisCache
    from store.rows import connect
    from store.similar import Similar
    from workers.similar import SimilarHandler

    with ExitStack() as close:
        rows = connect(settings)
        close.callback(rows.close)
        cache = RedisCache(settings)
        close.callback(cache.close)
        handler = SimilarHandler(Similar(settings, rows, cache))
        _work("similar", handler, rows.letters, settings, stop)


def run_erase(settings: Settings, stop: threading.Event) -> None:
    """Remove what is left of erased films, at once and once more later."""
    from store.cache import RedisCache
    from store.objects import MinioObjects
    from store.rows import connect
    from workers.erase import EraseHandler, SecondPass

    with ExitStack() as close:
        rows = connect(settings)
        close.callback(rows.close)
        cache = RedisCache(settings)
        close.callback(cache.close)
        handler = EraseHandler(rows.erasures, MinioObjects(settings), cache)
        second = SecondPass(handler, rows.erasures)
        clock = threading.Thread(target=second.run, args=(stop,), name="again", daemon=True)
        clock.start()
        _work("erase", handler, rows.letters, settings, stop)


def run_relay(settings: Settings, stop: threading.Event) -> None:
    """Publish the outbox."""
    from store.log import KafkaPublisher
    from store.rows import connect
    from workers.health import Health
    from workers.relay import Relay

    with ExitStack() as close:
        rows = connect(settings)
        close.callback(rows.close)
        publisher = KafkaPublisher(settings)
        close.callback(publisher.close)
        health = Health("relay")
        relay = Relay(rows, publisher, health)
        close.callback(health.serve(settings.metrics_port, relay.registry).close)
        relay.run(stop)


def run_reconciler(settings: Settings, stop: threading.Event) -> None:
    """Find what was lost or not analysed; read manifests; remove what is due."""
    from functools import partial

    from ingest.housekeeper import Housekeeper
    from ingest.manifest_reader import ManifestReader
    from ingest.reconciler import Reconciler
    from ingest.taken import TakenDrops
    from store.log import lag_of
    from store.objects import MinioObjects
    from store.rows import connect

    with ExitStack() as close:
        rows = connect(settings)
        close.callback(rows.close)
        objects = MinioObjects(settings)
        reconciler = Reconciler(settings, rows, objects, partial(lag_of, settings))
        beside = (
            Housekeeper(settings, rows, objects),
            TakenDrops(rows.receipts, objects),
            ManifestReader(settings, rows, objects),
        )
        for clock in beside:
            name = type(clock).__name__
            threading.Thread(target=clock.run, args=(stop,), name=name, daemon=True).start()
        close.callback(_say_healthy("reconciler", settings, reconciler.figures.register))
        reconciler.run(stop)


def run_models(settings: Settings, stop: threading.Event) -> None:
    """Keep Triton's loaded set equal to the rows."""
    from prometheus_client import CollectorRegistry

    from store.objects import MinioObjects
    from store.rows import connect
    from workers.health import Health
    from workers.models import ModelsProcess
    from workers.triton import TritonControl

    if settings.triton_repository is None:
        raise ValueError("wanted RADIOTHEQUE_TRITON_REPOSITORY, the folder Triton serves from")
    with ExitStack() as close:
        rows = connect(settings)
        close.callback(rows.close)
        control = TritonControl(settings.triton_grpc, settings.triton_secret.get_secret_value())
        close.callback(control.close)
        process = ModelsProcess(
            rows.models,
            MinioObjects(settings),
            control,
            repository=settings.triton_repository,
            backend=settings.triton_backend,
        )
        # Fetching and loading a model is one turn of its loop.
        health = Health("models", stuck_s=300.0)
        close.callback(health.serve(settings.metrics_port, CollectorRegistry()).close)
        process.run(stop, health)


def run_web(settings: Settings, stop: threading.Event) -> None:
    """Serve pages and API, by gunicorn, which handles signals itself."""
    del stop
    from stack.state import current_state
    from stack.status import take_status
    from web.app import serve

    serve(settings, lambda: take_status(current_state()))


def _work(  # noqa: PLR0917 - the parts of a worker
    name: str,
    handler: Any,
    letters: Any,
    settings: Settings,
    stop: threading.Event,
    register: Callable[[Any], None] | None = None,
) -> None:
    """Run the one loop around a handler until told to stop. `register`: the handler's figures."""
    from schemas.flow import GROUPS
    from store.log import Consumer
    from workers.health import Health
    from workers.metrics import WorkerMetrics
    from workers.runtime import Runtime

    lanes = next(lanes for lanes in GROUPS if lanes.group == name)
    health = Health(name)
    metrics = WorkerMetrics(name)
    if register is not None:
        register(metrics.registry)
    server = health.serve(settings.metrics_port, metrics.registry)
    consumer = Consumer(settings, lanes)
    runtime = Runtime(consumer, lanes, handler, letters, settings, metrics=metrics, health=health)
    try:
        runtime.run(stop)
    finally:
        server.close()


def _say_healthy(
    name: str, settings: Settings, register: Callable[[Any], None]
) -> Callable[[], None]:
    """Answer /healthz and /metrics for a program without records; return what ends that."""
    from prometheus_client import CollectorRegistry

    from workers.health import Health

    health = Health(name, stuck_s=float("inf"))
    health.wait_for("start", None)
    registry = CollectorRegistry()
    register(registry)
    return health.serve(settings.metrics_port, registry).close


PROGRAMS: Final[dict[str, Callable[[Settings, threading.Event], None]]] = {
    "analyse": run_analyse,
    "erase": run_erase,
    "ingest": run_ingest,
    "models": run_models,
    "reconciler": run_reconciler,
    "relay": run_relay,
    "similar": run_similar,
    "web": run_web,
}
