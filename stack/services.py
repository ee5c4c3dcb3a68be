"""The one table of every long-lived process, in the order data meets them.

The native stack's configuration and docker-compose.yml are both generated from it, so a process,
its health check and its limits are said once. Braces are filled in when the configuration is
written: natively with the ports, folders and secrets of the state folder, in compose with names
of the compose network and its secrets (see stack/native.py for the words natively known).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

#: How a process is asked whether it is healthy; stack/health.py has one function for each.
Probe = Literal["kafka", "http", "postgres", "valkey"]


@dataclass(frozen=True)
class Port:
    """A port by name: the usual number, which is also the one inside a container."""

    name: str
    usual: int
    published: bool = True


@dataclass(frozen=True)
class Health:
    """A health check: what is spoken, on which port, for http on which path."""

    probe: Probe
    port: str
    path: str = ""


@dataclass(frozen=True)
class Service:
    """One process.

    `command` and `environment` are the native ones; `compose_*` those of the container, an empty
    `compose_command` leaving the image's own. `needs` are processes that must be healthy first.
    `stop_wave`: lower waves are stopped first, and the next waits until they are gone.
    `memory_mb` is the container's limit.
    """

    name: str
    says: str
    ports: tuple[Port, ...]
    health: Health
    command: tuple[str, ...]
    image: str
    memory_mb: int
    stop_wave: int
    environment: Mapping[str, str] = field(default_factory=dict)
    compose_command: tuple[str, ...] = ()
    compose_environment: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    stop_signal: Literal["TERM", "INT"] = "TERM"
    stop_wait_s: int = 20
    ours: bool = False


#: Kafka's settings, as server.properties natively and as KAFKA_* variables in the image.
KAFKA_PROPERTIES: Final[Mapping[str, str]] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.bootstrap.servers": "{kafka_host}:{kafka_controller_port}",
    "listeners": (
        "PLAINTEXT://{kafka_listen}:{kafka_port},CONTROLLER://{kafka_listen}:{kafka_controller_port}"
    ),
    "advertised.listeners": "PLAINTEXT://{kafka_host}:{kafka_port}",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "log.dirs": "{kafka_data}",
    # One broker: its own topics cannot have three copies.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "6",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    # A misspelt topic is an error, not a new topic.
    "auto.create.topics.enable": "false",
    # A film that came is not lost with the page cache when the machine, not Kafka, falls.
    "log.flush.interval.ms": "1000",
    # Segments of 64 MB: retention works by whole segments, and 1 GB ones would keep a demo full.
    "log.segment.bytes": "67108864",
}

POSTGRES_SETTINGS: Final[Mapping[str, str]] = {
    # For 2 cores and 8 GB shared with everything else; fsync and synchronous_commit stay on.
    "max_connections": "100",
    "shared_buffers": "512MB",
    "effective_cache_size": "2GB",
    "work_mem": "16MB",
    # An HNSW index of 100,000 films is built in memory with this much.
    "maintenance_work_mem": "512MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "10min",
    "random_page_cost": "1.1",
    "jit": "off",
    "password_encryption": "scram-sha-256",
    "log_min_duration_statement": "1000",
    # Statements hold film codes and comments: no log line may carry them.
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    # A row that breaks a rule would be quoted whole, with its key and its file's name.
    "log_error_verbosity": "terse",
}

MINIO_ENVIRONMENT: Final[Mapping[str, str]] = {
    "MINIO_ROOT_USER": "{minio_root_user}",
    "MINIO_ROOT_PASSWORD": "{minio_root_password}",
    "MINIO_REGION": "us-east-1",
    "MINIO_NOTIFY_KAFKA_ENABLE_RAD": "on",
    "MINIO_NOTIFY_KAFKA_BROKERS_RAD": "{kafka_host}:{kafka_port}",
    "MINIO_NOTIFY_KAFKA_TOPIC_RAD": "object.created",
    # An event waits on disk while Kafka is away, and is there before the PUT answers.
    "MINIO_NOTIFY_KAFKA_QUEUE_DIR_RAD": "{minio_queue}",
    "MINIO_NOTIFY_KAFKA_QUEUE_LIMIT_RAD": "1000000",
    "MINIO_API_SYNC_EVENTS": "on",
    "MINIO_BROWSER": "on",
    "MINIO_UPDATE": "off",
    "MINIO_CALLHOME_ENABLE": "off",
}


#: An answer takes 15 kB. A larger cache would keep those of films that were erased for longer.
TRITON_CACHE_BYTES: Final = 32 * 2**20

#: Loading a model runs its code: what loads, or reaches memory and logs, needs this header.
TRITON_RESTRICTED: Final = (
    "model-repository,shared-memory,trace,logging:triton-secret={triton_secret}"
)


def postgres_options() -> tuple[str, ...]:
    """Return PostgreSQL's settings as words of its command."""
    pairs = ((f"{key}={value}") for key, value in POSTGRES_SETTINGS.items())
    return tuple(word for pair in pairs for word in ("-c", pair))


def triton_command(program: str, host: str, repository: str) -> tuple[str, ...]:
    """Return Triton's command: explicit control, and a load API that only the secret opens.

    Its cache holds the answers of some 2,200 films: ingest and analyse ask of the same film one
    soon after the other (ADR 0027).
    """
    return (
        program,
        f"--model-repository={repository}",
        "--model-control-mode=explicit",
        f"--http-address={host}",
        "--http-port={triton_http_port}",
        f"--grpc-address={host}",
        "--grpc-port={triton_grpc_port}",
        f"--metrics-address={host}",
        "--metrics-port={triton_metrics_port}",
        f"--http-restricted-api={TRITON_RESTRICTED}",
        f"--grpc-restricted-protocol={TRITON_RESTRICTED}",
        f"--cache-config=local,size={TRITON_CACHE_BYTES}",
        "--allow-gpu-metrics=false",
        "--log-verbose=0",
    )


def our_program(
    name: str,
    says: str,
    metrics_port: int,
    *,
    memory_mb: int,
    needs: tuple[str, ...],
    stop_wave: int = 2,
) -> Service:
    """Return the row of one worker of ours: `radiotheque run NAME`."""
    return Service(
        name=name,
        says=says,
        ports=(Port(f"{name}_metrics", metrics_port, published=False),),
        health=Health("http", f"{name}_metrics", "/healthz"),
        command=("{bin}/radiotheque", "run", name),
        environment={
            "RADIOTHEQUE_POSTGRES_USER": f"radiotheque_{name}",
            "RADIOTHEQUE_METRICS_PORT": f"{{{name}_metrics_port}}",
        },
        image="radiotheque",
        compose_command=("radiotheque", "run", name),
        compose_environment={
            "RADIOTHEQUE_POSTGRES_USER": f"radiotheque_{name}",
            "RADIOTHEQUE_METRICS_PORT": f"{{{name}_metrics_port}}",
        },
        memory_mb=memory_mb,
        stop_wave=stop_wave,
        needs=needs,
        ours=True,
    )


#: Every long-lived process, in the order data meets them.
SERVICES: Final[tuple[Service, ...]] = (
    Service(
        name="kafka",
        says="Carries every event between the programs (Apache Kafka, KRaft, one node).",
        ports=(Port("kafka", 9092), Port("kafka_controller", 9093, published=False)),
        health=Health("kafka", "kafka"),
        command=(
            "java", "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError",
            "-Djava.io.tmpdir={kafka_tmp}", "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-cp", "{kafka_jars}/*", "kafka.Kafka", "{kafka_properties}",
        ),
        image="apache/kafka:4.3.1@sha256:"
        "77e3df9054047a88b520d0cc46e16696d3b22022e1d580aeccd2632df6532837",
        memory_mb=1024,
        stop_wave=4,
        stop_wait_s=30,
    ),
    Service(
        name="minio",
        says="Keeps every object: drops, films, models. Tells Kafka of each drop (S3).",
        ports=(Port("minio", 9000), Port("minio_console", 9001)),
        health=Health("http", "minio", "/minio/health/live"),
        command=(
            "{minio}", "server", "{minio_data}", "--quiet", "--address", "127.0.0.1:{minio_port}",
            "--console-address", "127.0.0.1:{minio_console_port}",
        ),
        environment=MINIO_ENVIRONMENT,
        image="docker.io/pgsty/silo:RELEASE.2026-09-16T00-00-00Z@sha256:"
        "635197cb9f36d01bee221d34d1c7d7960f6a95c48b0b6c01d99cd13bdae51a46",
        compose_command=("server", "/data", "--console-address", ":9001"),
        compose_environment=MINIO_ENVIRONMENT,
        memory_mb=1024,
        stop_wave=4,
    ),
    Service(
        name="postgres",
        says="Keeps every row and embedding (PostgreSQL 18 with pgvector).",
        ports=(Port("postgres", 5432),),
        health=Health("postgres", "postgres"),
        command=(
            # As root this is `setpriv ...`, otherwise nothing: see stack/postgres_server.py.
            "{postgres_prefix}", "{postgres}", "-D", "{postgres_data}",
            "-c", "port={postgres_port}", "-c", "listen_addresses=127.0.0.1",
            # No socket in the file system: a path over 107 bytes would stop the start.
            "-c", "unix_socket_directories=", *postgres_options(),
        ),
        image="pgvector/pgvector:0.8.6-pg18-trixie",
        compose_command=("postgres", *postgres_options()),
        compose_environment={
            "POSTGRES_PASSWORD": "{postgres_admin_password}",
            "POSTGRES_DB": "radiotheque",
            "POSTGRES_INITDB_ARGS": "--auth-host=scram-sha-256 --encoding=UTF8",
        },
        memory_mb=2048,
        stop_wave=4,
        # SIGINT is PostgreSQL's fast stop: it ends sessions instead of waiting for them.
        stop_signal="INT",
        stop_wait_s=60,
    ),
    Service(
        name="valkey",
        says="Keeps answers of look-alikes for a while (Valkey, the open Redis).",
        ports=(Port("valkey", 6379),),
        health=Health("valkey", "valkey"),
        command=("{valkey}", "{valkey_conf}"),
        image="docker.io/valkey/valkey:9.0.6",
        compose_command=(
            "valkey-server", "--requirepass", "{valkey_password}", "--save", "",
            "--appendonly", "no", "--maxmemory", "256mb", "--maxmemory-policy", "allkeys-lfu",
        ),
        memory_mb=320,
        stop_wave=4,
    ),
    Service(
        name="triton",
        says="Answers what the models see in a film (Triton Inference Server).",
        ports=(
            Port("triton_http", 8000), Port("triton_grpc", 8001),
            Port("triton_metrics", 8002, published=False),
        ),
        health=Health("http", "triton_http", "/v2/health/ready"),
        command=(
            *triton_command("{triton}/bin/tritonserver", "127.0.0.1", "{triton_models}"),
            "--backend-directory={triton}/backends",
            "--cache-directory={triton}/caches",
            "--backend-config=python,shm-region-prefix-name={triton_shared_memory}",
        ),
        environment={"LD_LIBRARY_PATH": "{triton_libraries}", "PATH": "{triton_env}/bin:{path}"},
        image="nvcr.io/nvidia/tritonserver:26.09-py3",
        compose_command=triton_command("tritonserver", "0.0.0.0", "/models"),  # noqa: S104 - inside its container
        memory_mb=1536,
        stop_wave=4,
    ),
    our_program(
        "models", "Keeps the models that Triton has loaded equal to the registered ones.",
        9101, memory_mb=256, needs=("minio", "postgres", "triton"),
    ),
    our_program(
        "relay", "Publishes the outbox: what was written with a row reaches Kafka.",
        9102, memory_mb=256, needs=("kafka", "postgres"), stop_wave=3,
    ),
    our_program(
        "ingest", "Checks each drop, pseudonymises it and stores the film.",
        9103, memory_mb=1024, needs=("kafka", "minio", "postgres", "triton"),
    ),
    our_program(
        "analyse", "Asks Triton about each film and stores what it says.",
        9104, memory_mb=512, needs=("kafka", "minio", "postgres", "triton"),
    ),
    our_program(
        "similar", "Finds the most alike films of each new one.",
        9105, memory_mb=256, needs=("kafka", "postgres", "valkey"),
    ),
    our_program(
        "reconciler", "Finds drops nobody told of and films not analysed; reads manifests.",
        9106, memory_mb=256, needs=("kafka", "minio", "postgres"),
    ),
    our_program(
        "erase", "Removes the objects and cached answers of erased films, twice.",
        9107, memory_mb=256, needs=("kafka", "minio", "postgres", "valkey"),
    ),
    Service(
        name="web",
        says="Shows everything to people, and to programs under /api/v1.",
        ports=(Port("web", 8080),),
        health=Health("http", "web", "/healthz"),
        command=("{bin}/radiotheque", "run", "web"),
        environment={"RADIOTHEQUE_POSTGRES_USER": "radiotheque_web"},
        image="radiotheque",
        compose_command=("radiotheque", "run", "web"),
        compose_environment={
            "RADIOTHEQUE_POSTGRES_USER": "radiotheque_web",
            "RADIOTHEQUE_WEB_HOST": "0.0.0.0",  # noqa: S104 - inside its container
        },
        memory_mb=768,
        stop_wave=1,
        needs=("kafka", "minio", "postgres", "valkey"),
        ours=True,
    ),
)  # fmt: skip

BY_NAME: Final = {service.name: service for service in SERVICES}


def usual_ports() -> dict[str, int]:
    """Return every port by name with its usual number, the supervisor's own last."""
    ports = {port.name: port.usual for service in SERVICES for port in service.ports}
    return ports | {"supervisor": 9110}
