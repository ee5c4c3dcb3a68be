"""docker-compose.yml is the native stack on images. No Docker runs here: its parts are held."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from radiotheque.__main__ import parser
from stack import compose, passwords
from stack.passwords import read_secrets
from stack.services import KAFKA_PROPERTIES, SERVICES, postgres_options, usual_ports
from stack.settings_file import admin_environment, native_settings
from stack.state import State
from store.settings import load_settings

ROOT: Final = Path(__file__).resolve().parent.parent.parent
ASKED: Final = re.compile(r"\$\{([A-Z0-9_]+)(:\?[^}]*)?\}")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    text: dict[str, Any] = yaml.safe_load(compose.FILE.read_text())
    return dict(text["services"])


def every_text(node: object) -> list[str]:
    if isinstance(node, dict):
        return [text for value in node.values() for text in every_text(value)]
    if isinstance(node, list):
        return [text for value in node for text in every_text(value)]
    return [node] if isinstance(node, str) else []


def test_the_compose_file_is_the_one_generated_now() -> None:
    assert compose.FILE.read_text() == compose.generated()


def test_the_compose_file_fits_the_compose_schema() -> None:
    tool = Path(sys.executable).parent / "check-jsonschema"
    done = subprocess.run(
        [tool, "--builtin-schema", "vendor.compose-spec", compose.FILE],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["Dockerfile.app", "Dockerfile.training"])
def test_dockerfiles_are_clean_and_end_as_a_user(name: str) -> None:
    path = ROOT / "deploy" / name
    tool = Path(sys.executable).parent / "hadolint"
    done = subprocess.run(
        [tool, "--failure-threshold", "info", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    text = path.read_text()
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE)[-1] == "10001:10001"
    assert "--require-hashes" in text
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE)
    assert copied
    assert all((ROOT / source).exists() for line in copied for source in line.split())


def test_every_process_of_the_table_is_there_in_its_order(services: dict[str, Any]) -> None:
    in_file = [name for name in services if name in {service.name for service in SERVICES}]
    assert in_file == [service.name for service in SERVICES]
    extra = services.keys() - set(in_file)
    assert extra == {"starter", "prepare", "triton-gpu", "models-gpu"}


def test_commands_of_our_containers_are_commands_of_the_command_line(
    services: dict[str, Any],
) -> None:
    commands = [
        entry["command"] for entry in services.values() if entry["image"] == compose.APP_IMAGE
    ]
    assert ["radiotheque", "prepare"] in commands
    assert len(commands) == len([s for s in SERVICES if s.ours]) + len({"prepare", "models-gpu"})
    for command in commands:
        assert command[0] == "radiotheque"
        assert callable(parser().parse_args(command[1:]).run)


def test_settings_differ_from_the_native_ones_only_in_hosts_folders_and_backend() -> None:
    secrets = {name: compose.secret(name) for name in passwords.SECRETS}
    state = State(Path("/state"))
    native = native_settings(state, usual_ports(), secrets, Path("/state/starter"))

    in_compose = compose.settings()

    assert in_compose.keys() == native.keys()
    differing = {name for name in native if native[name] != in_compose[name]}
    hosts = {"KAFKA_BOOTSTRAP", "S3_ENDPOINT", "POSTGRES_HOST", "REDIS_URL", "TRITON_GRPC",
             "TRITON_HTTP"}  # fmt: skip
    folders = {"STATE_DIR", "TRITON_REPOSITORY", "STARTER_MODEL"}
    assert differing == {f"RADIOTHEQUE_{name}" for name in hosts | folders | {"TRITON_BACKEND"}}
    for name in hosts:
        host = re.compile(r"127\.0\.0\.1|\b(kafka|minio|postgres|valkey|triton)\b")
        key = f"RADIOTHEQUE_{name}"
        tail = r"(:\d+.*)?$"
        assert host.search(native[key])
        assert re.search(tail, native[key])
        assert native[key].replace("127.0.0.1", "") == re.sub(
            r"(^|@)(kafka|minio|postgres|valkey|triton)", r"\1", in_compose[key]
        )


def test_our_containers_get_the_settings_their_process_gets(services: dict[str, Any]) -> None:
    for service in SERVICES:
        if service.ours:
            given = services[service.name]["environment"]
            assert compose.settings().items() <= given.items(), service.name
            own = given.keys() - compose.settings().keys()
            assert own == service.compose_environment.keys()
            assert service.environment.keys() <= service.compose_environment.keys()


def test_services_are_configured_as_natively(services: dict[str, Any]) -> None:
    kafka = services["kafka"]["environment"]
    for name, value in KAFKA_PROPERTIES.items():
        if name not in compose.KAFKA_INSTEAD:
            assert kafka[f"KAFKA_{name.replace('.', '_').upper()}"] == value
    assert services["postgres"]["command"] == ["postgres", *postgres_options()]
    minio = services["minio"]["environment"]
    assert minio["MINIO_NOTIFY_KAFKA_QUEUE_LIMIT_RAD"] == "1000000"
    assert minio["MINIO_API_SYNC_EVENTS"] == "on"


def test_triton_has_the_same_switches_as_natively(services: dict[str, Any]) -> None:
    native = next(service for service in SERVICES if service.name == "triton").command
    switches = {word.partition("=")[0] for word in native if word.startswith("--")}
    for name in ("triton", "triton-gpu"):
        given = {word.partition("=")[0] for word in services[name]["command"][1:]}
        # Where its backends lie is the image's own affair.
        assert switches - given == {
            "--backend-directory", "--cache-directory", "--backend-config",
        }  # fmt: skip
        assert given <= switches


def test_profiles_choose_triton_and_its_backend(services: dict[str, Any]) -> None:
    for name, profile in (("triton", "cpu"), ("models", "cpu"), ("triton-gpu", "gpu"),
                          ("models-gpu", "gpu")):  # fmt: skip
        assert services[name]["profiles"] == [profile]
    backend = "RADIOTHEQUE_TRITON_BACKEND"
    assert services["models"]["environment"][backend] == "openvino"
    assert services["models-gpu"]["environment"][backend] == "onnxruntime"
    assert services["triton-gpu"]["networks"]["default"]["aliases"] == ["triton"]
    devices = services["triton-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert devices[0]["capabilities"] == ["gpu"]
    others = {name for name, entry in services.items() if "profiles" not in entry}
    assert {"web", "analyse", "ingest", "kafka"} <= others


def test_everything_waited_for_is_there_and_no_wait_is_circular(services: dict[str, Any]) -> None:
    waits = {name: set(entry.get("depends_on", {})) for name, entry in services.items()}
    assert set().union(*waits.values()) <= services.keys()
    started: set[str] = set()
    while len(started) < len(services):
        ready = {name for name in waits.keys() - started if waits[name] <= started}
        assert ready, f"these wait for each other: {waits.keys() - started}"
        started |= ready
    for name, entry in services.items():
        for need, how in entry.get("depends_on", {}).items():
            assert how.get("required", True) != ("profiles" in services[need]), (name, need)


def test_every_long_lived_container_is_watched_limited_and_kept(services: dict[str, Any]) -> None:
    for name in services.keys() - {"starter", "prepare"}:
        entry = services[name]
        assert entry["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}, name
        assert entry["mem_limit"], name
        assert entry["restart"] == "unless-stopped", name
    for name in ("starter", "prepare"):
        assert services[name]["restart"] == "no"
    assert services["postgres"]["stop_signal"] == "SIGINT"


def test_ports_are_published_on_loopback_only(services: dict[str, Any]) -> None:
    ports = [port for entry in services.values() for port in entry.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_images_are_pinned(services: dict[str, Any]) -> None:
    for entry in services.values():
        name, _, tag = entry["image"].partition("@")[0].rpartition(":")
        assert name
        assert re.search(r"\d", tag), entry["image"]
    assert "@sha256:" in services["kafka"]["image"]
    assert "@sha256:" in services["minio"]["image"]


def test_every_secret_is_asked_for_without_a_default(services: dict[str, Any]) -> None:
    asked = [match for text in every_text(services) for match in ASKED.finditer(text)]
    assert asked
    assert all(match[2] for match in asked)
    loose = [text for text in every_text(services) if "$" in ASKED.sub("", text)]
    assert not loose
    used = {match[1].lower() for match in asked}
    assert used == passwords.SECRETS.keys() - {"supervisor_password"}


def test_make_secrets_makes_what_the_file_asks_for_once(tmp_path: Path) -> None:
    script = ROOT / "deploy" / "make-secrets.sh"
    file = tmp_path / "env"
    subprocess.run([script, file], capture_output=True, check=True)
    first = file.read_text()
    said = subprocess.run([script, file], capture_output=True, text=True, check=True).stdout
    assert file.read_text() == first
    lines = dict(line.split("=", 1) for line in first.splitlines())
    assert file.stat().st_mode & 0o777 == 0o600
    assert lines.pop("COMPOSE_PROFILES") == "cpu"
    asked = {match[1] for match in ASKED.finditer(compose.FILE.read_text())}
    assert lines.keys() == asked
    assert len(set(lines.values())) == len(lines)
    assert all(len(value) >= 20 for value in lines.values())
    assert lines["WEB_PASSWORD"] in said


def in_container(service: dict[str, Any], state: Path) -> dict[str, str]:
    given = {
        name: ASKED.sub(lambda match: f"made-{match[1].lower()}", value)
        for name, value in service["environment"].items()
    }
    return {"PATH": os.environ["PATH"], **given, "RADIOTHEQUE_STATE_DIR": str(state)}


def test_the_entrypoint_gives_a_program_its_settings(
    services: dict[str, Any], tmp_path: Path
) -> None:
    environ = in_container(services["ingest"], tmp_path)
    subprocess.run(
        [ROOT / "deploy" / "entrypoint.sh", "true"], env=environ, cwd=tmp_path, check=True
    )

    settings = load_settings({"RADIOTHEQUE_STATE": str(tmp_path)})

    assert settings.postgres_user == "radiotheque_ingest"
    assert settings.s3_secret_key.get_secret_value() == "made-s3_program_secret"
    assert settings.metrics_port == usual_ports()["ingest_metrics"]
    assert (tmp_path / "settings.env").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "secrets.json").exists()


def test_the_entrypoint_gives_prepare_the_keys_and_keeps_them_from_the_programs(
    services: dict[str, Any], tmp_path: Path
) -> None:
    environ = in_container(services["prepare"], tmp_path)
    said = subprocess.run(
        [ROOT / "deploy" / "entrypoint.sh", "env"],
        env=environ, cwd=tmp_path, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    handed = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)

    native = admin_environment({name: f"made-{name}" for name in passwords.SECRETS})
    assert native.items() <= handed.items()
    kept = (tmp_path / "settings.env").read_text()
    assert not [value for value in native.values() if f"={value}\n" in kept]
    assert read_secrets(State(tmp_path)) == {
        name: f"made-{name}" for name in compose.FIRST_SECRETS
    }
    assert json.loads((tmp_path / "secrets.json").read_text())
    assert load_settings(handed).postgres_admin_password is not None


def test_an_unknown_secret_is_refused() -> None:
    with pytest.raises(ValueError, match=r"wanted one of .*; came 'colour'"):
        compose.secret("colour")
