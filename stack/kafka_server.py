"""Kafka natively: one KRaft node from Maven's jars, its configuration and its formatted log."""

import shutil
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path

from stack.run import run
from stack.services import KAFKA_PROPERTIES
from stack.state import State, write_whole


def write_properties(state: State, words: Mapping[str, str]) -> Path:
    """Write server.properties, with the braces of KAFKA_PROPERTIES filled in; return its path."""
    path = state.data("kafka") / "server.properties"
    path.parent.mkdir(exist_ok=True)
    (path.parent / "tmp").mkdir(exist_ok=True)
    lines = [f"{key}={value.format_map(words)}" for key, value in KAFKA_PROPERTIES.items()]
    write_whole(path, "\n".join(lines) + "\n")
    return path


def format_log(state: State, jars: Path) -> None:
    """Give the node its cluster id and first metadata, unless it has them."""
    home = state.data("kafka")
    data = home / "data"
    if (data / "meta.properties").is_file() and not (home / "making").exists():
        return
    shutil.rmtree(data, ignore_errors=True)
    (home / "making").touch()
    cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # A leading dash would be read as an option.
    cluster = f"r{cluster[1:]}"
    run([
        "java", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", f"{jars}/*",
        "kafka.tools.StorageTool", "format", "--cluster-id", cluster,
        "--config", home / "server.properties", "--standalone",
    ])  # fmt: skip
    (home / "making").unlink()


def as_environment(words: Mapping[str, str]) -> dict[str, str]:
    """Return KAFKA_PROPERTIES as the variables that the apache/kafka image reads."""
    return {
        "KAFKA_" + key.replace(".", "_").upper(): value.format_map(words)
        for key, value in KAFKA_PROPERTIES.items()
    }
