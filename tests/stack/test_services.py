import configparser
import shlex
from pathlib import Path

import pytest

from schemas.flow import GROUPS, TOPICS
from stack.kafka_server import as_environment, write_properties
from stack.native import Installed, fill, supervisor_conf, words_for
from stack.passwords import ensure_secrets
from stack.services import BY_NAME, KAFKA_PROPERTIES, SERVICES, usual_ports
from stack.settings_file import native_settings, write_settings
from stack.state import State
from store.settings import Settings, load_settings, read_env_file

SECRET_FREE = ("kafka", "minio", "postgres", "models", "relay", "ingest", "web")


@pytest.fixture
def state(tmp_path: Path) -> State:
    # A percent sign and a space, as a folder of a person may have them.
    state = State(tmp_path / "50% of films")
    state.create()
    return state


@pytest.fixture
def conf(state: State) -> configparser.RawConfigParser:
    secrets = ensure_secrets(state)
    installed = Installed(Path("/k"), Path("/m"), Path("/t"), None)
    words = words_for(state, usual_ports(), secrets, installed)
    parsed = configparser.RawConfigParser(inline_comment_prefixes=(" ;",))
    parsed.read_string(supervisor_conf(state, usual_ports(), secrets, words))
    return parsed


def test_needs_name_processes_that_come_before() -> None:
    seen: set[str] = set()
    for service in SERVICES:
        assert set(service.needs) <= seen, service.name
        seen.add(service.name)


def test_every_consumer_group_has_its_process() -> None:
    assert {lanes.group for lanes in GROUPS} <= set(BY_NAME)
    assert {reader for topic in TOPICS for reader in topic.readers} <= set(BY_NAME)


def test_web_stops_first_then_workers_then_relay_then_services() -> None:
    waves = {name: BY_NAME[name].stop_wave for name in BY_NAME}
    workers = {waves[name] for name in ("ingest", "analyse", "similar", "reconciler", "models")}
    services = {service.stop_wave for service in SERVICES if not service.ours}
    assert [{waves["web"]}, workers, {waves["relay"]}, services] == [{1}, {2}, {3}, {4}]


def test_postgres_is_stopped_by_sigint(conf: configparser.RawConfigParser) -> None:
    assert conf["program:postgres"]["stopsignal"] == "INT"


def test_every_process_is_supervised_and_its_wait_stays_under_half_a_minute(
    conf: configparser.RawConfigParser,
) -> None:
    for service in SERVICES:
        section = conf[f"program:{service.name}"]
        assert section["autorestart"] == "true"
        # The supervisor waits one second more after each failed start.
        assert int(section["startretries"]) <= 30
        assert "{" not in section["command"]


def test_percent_signs_of_a_folder_are_escaped(
    conf: configparser.RawConfigParser, state: State
) -> None:
    text = conf["program:minio"]["command"]
    assert "%%" in text
    assert str(state.data("minio") / "data") in shlex.split(text.replace("%%", "%"))


def test_no_secret_stands_on_a_command_line_but_tritons(
    conf: configparser.RawConfigParser, state: State
) -> None:
    """Everybody on the machine can read command lines. Triton takes its header in no other way."""
    secrets = ensure_secrets(state)
    for name in SECRET_FREE:
        command = conf[f"program:{name}"]["command"]
        assert not [key for key, secret in secrets.items() if secret in command], name


def test_files_with_secrets_are_for_their_owner_alone(state: State) -> None:
    secrets = ensure_secrets(state)
    write_settings(state, native_settings(state, usual_ports(), secrets, None))
    for path in (state.secrets_file, state.settings_file):
        assert path.stat().st_mode & 0o777 == 0o600


def test_secrets_are_made_once(state: State) -> None:
    assert ensure_secrets(state) == ensure_secrets(state)


def test_a_damaged_secrets_file_is_not_made_anew(state: State) -> None:
    state.secrets_file.write_text('{"site_secret": "abc')
    with pytest.raises(ValueError, match=r"secrets.json: want a JSON object, got damaged JSON"):
        ensure_secrets(state)


def test_the_settings_file_is_all_that_a_program_needs(state: State) -> None:
    secrets = ensure_secrets(state)
    write_settings(state, native_settings(state, usual_ports(), secrets, None))
    settings = load_settings({"RADIOTHEQUE_STATE": str(state.root)})
    assert isinstance(settings, Settings)
    assert settings.kafka_bootstrap == "127.0.0.1:9092"
    assert settings.state_dir == state.root


def test_what_a_person_chose_at_up_is_kept(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    decided = native_settings(state, usual_ports(), ensure_secrets(state), None)
    monkeypatch.setenv("RADIOTHEQUE_SITE", "north")
    write_settings(state, decided)
    monkeypatch.delenv("RADIOTHEQUE_SITE")
    write_settings(state, decided)
    assert read_env_file(state.settings_file)["RADIOTHEQUE_SITE"] == "north"


def test_a_misspelt_setting_stops_the_start(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RADIOTHEQUE_STIE", "north")
    with pytest.raises(ValueError, match="RADIOTHEQUE_STIE"):
        write_settings(state, {})


def test_one_word_may_stand_for_several_or_for_none() -> None:
    words = {"prefix": ["setpriv", "--reuid=65534"], "port": "5432", "nothing": list[str]()}
    command = ("{prefix}", "postgres", "{nothing}", "-c", "port={port}")
    assert fill(command, words) == ["setpriv", "--reuid=65534", "postgres", "-c", "port=5432"]


def test_kafka_reads_the_same_settings_natively_and_in_its_image(state: State) -> None:
    words = {
        "kafka_host": "127.0.0.1",
        "kafka_listen": "127.0.0.1",
        "kafka_port": "9092",
        "kafka_controller_port": "9093",
        "kafka_data": "/d",
    }
    lines = write_properties(state, words).read_text().splitlines()
    native = dict(line.split("=", 1) for line in lines)
    image = as_environment(words)
    assert set(native) == set(KAFKA_PROPERTIES)
    assert image["KAFKA_ADVERTISED_LISTENERS"] == native["advertised.listeners"]
    assert len(image) == len(native)
