"""How everything is, as one JSON object: `radiotheque status --json`.

Every probe runs at the same time with a short timeout, so the answer comes within about two
seconds with every service down. What cannot be known then is null.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, Final

from schemas.flow import TOPICS
from stack import control
from stack.health import is_healthy
from stack.passwords import read_secrets
from stack.ports import read_ports
from stack.services import SERVICES, Service
from stack.state import State, read_json

#: How long a running process that does not answer yet counts as starting.
STARTING_FOR_S: Final = 60
ANSWER_WITHIN_S: Final = 2.5
WELL: Final = frozenset({"running", "healthy"})


def take_status(state: State) -> dict[str, Any]:
    """Return the status. It never raises for a service that is down."""
    ports = read_ports(state)
    answers = ask_together(
        {
            "processes": lambda: processes(state, ports),
            "topics": lambda: topics(state),
            "rows": lambda: rows(state),
        },
        ANSWER_WITHIN_S,
    )
    from_rows = answers["rows"] or {"dead_letters": None, "model": None}
    return {
        "web": {"url": url(ports, "web")},
        "s3": {"endpoint": url(ports, "minio")},
        "kafka": {"bootstrap": f"127.0.0.1:{ports['kafka']}" if "kafka" in ports else None},
        "processes": answers["processes"] or [as_stopped(service) for service in SERVICES],
        "topics": answers["topics"] or unknown_topics(),
        **from_rows,
    }


def is_well(status: Mapping[str, Any]) -> bool:
    """Return whether every process is running or healthy."""
    return all(process["state"] in WELL for process in status["processes"])


def url(ports: Mapping[str, int], name: str) -> str | None:
    """Return a service's address; None before its port is chosen."""
    return f"http://127.0.0.1:{ports[name]}" if name in ports else None


def ask_together(questions: Mapping[str, Callable[[], Any]], within_s: float) -> dict[str, Any]:
    """Ask every question in a thread of its own; an answer that is late or fails is None.

    The threads are daemons: a probe that hangs does not keep the program from ending.
    """
    answers: dict[str, Any] = dict.fromkeys(questions)

    def ask(name: str, question: Callable[[], Any]) -> None:
        try:
            answers[name] = question()
        except Exception:  # noqa: BLE001 - whatever is down, the status says the rest
            answers[name] = None

    threads = [threading.Thread(target=ask, args=pair, daemon=True) for pair in questions.items()]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + within_s
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return dict(answers)


def as_stopped(service: Service) -> dict[str, Any]:
    """Return the entry of a process that does not run."""
    return {"name": service.name, "state": "stopped", "pid": None, "restarts": 0}


def processes(state: State, ports: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return every long-lived process with its state, in the table's order.

    healthy: answers its health check. starting: began under a minute ago and does not answer yet.
    running: lives, and does not answer. backoff: ended by itself, will be started again. stopped.
    """
    try:
        supervised = control.connect(state, timeout_s=1.0).processes()
    except control.AWAY:
        return [as_stopped(service) for service in SERVICES]
    secrets = read_secrets(state)
    restarts = read_json(state.restarts_file)
    running = [
        service
        for service in SERVICES
        if service.name in supervised
        and supervised[service.name].statename in {"STARTING", "RUNNING"}
    ]
    healthy = ask_together(
        {service.name: partial(is_healthy, service.health, ports, secrets) for service in running},
        1.3,
    )
    return [
        {
            "name": service.name,
            "state": state_of(
                supervised.get(service.name), healthy=bool(healthy.get(service.name))
            ),
            "pid": supervised[service.name].pid or None if service.name in supervised else None,
            "restarts": int(restarts.get(service.name, 0)),
        }
        for service in SERVICES
    ]


def state_of(process: control.Supervised | None, *, healthy: bool) -> str:
    """Return the status' word for what the supervisor and the health check say."""
    if process is None:
        return "stopped"
    match process.statename:
        case "STARTING" | "RUNNING" if healthy:
            return "healthy"
        case "RUNNING":
            return "starting" if process.seconds < STARTING_FOR_S else "running"
        case "STARTING":
            return "starting"
        case "BACKOFF" | "EXITED" | "FATAL":
            return "backoff"
        case _:
            return "stopped"


def unknown_topics() -> list[dict[str, Any]]:
    """Return every topic with its groups' lag unknown."""
    return [{"name": topic.name, "lag": dict.fromkeys(topic.readers)} for topic in TOPICS]


def topics(state: State) -> list[dict[str, Any]]:
    """Return every topic with its lag by group."""
    from store.log import lag
    from store.settings import load_settings

    settings = load_settings({"RADIOTHEQUE_STATE": str(state.root)})
    known = lag(settings)
    return [
        {"name": entry["name"], "lag": known.get(entry["name"], entry["lag"])}
        for entry in unknown_topics()
    ]


def rows(state: State) -> dict[str, Any]:
    """Return the number of open dead letters and the live model."""
    from store.rows import connect
    from store.settings import load_settings

    role = "radiotheque_operator"
    database = connect(load_settings({"RADIOTHEQUE_STATE": str(state.root)}, postgres_user=role))
    try:
        live, filling = database.models.live(), database.models.filling()
        model = live and {
            "name": live.manifest.name,
            "version": live.manifest.version,
            "filling": filling and asdict(filling),
        }
        return {"dead_letters": database.letters.open_count(), "model": model}
    finally:
        database.close()


def filled(model: Mapping[str, Any] | None) -> str:
    """Return what is said of a model whose embeddings searches do not use yet."""
    filling = model and model.get("filling")
    if not filling:
        return ""
    done = filling["films"] - filling["missing"]
    return f" (embeddings: {done} of {filling['films']} films; searches use the former ones)"


def as_table(status: Mapping[str, Any]) -> str:
    """Return the status as a person reads it."""
    lines = [f"{'process':<12} {'state':<9} {'pid':>8} {'restarts':>9}"]
    lines += [
        f"{entry['name']:<12} {entry['state']:<9} {entry['pid'] or '-':>8} {entry['restarts']:>9}"
        for entry in status["processes"]
    ]
    waiting = [
        f"{topic['name']} ({group}): {count}"
        for topic in status["topics"]
        for group, count in topic["lag"].items()
        if count
    ]
    model = status["model"]
    named = f"{model['name']}/{model['version']}" if model else "none live"
    letters = "unknown" if status["dead_letters"] is None else status["dead_letters"]
    lines += [
        "",
        f"waiting      {', '.join(waiting) or 'nothing'}",
        f"dead letters {letters}",
        f"model        {named}{filled(model)}",
        f"web          {status['web']['url'] or '(never started)'}",
        f"bucket       {status['s3']['endpoint'] or '(never started)'}",
    ]
    return "\n".join(lines)
