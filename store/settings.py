"""Every setting of every program, in one frozen class.

It is built once in each entry point (`load_settings`) and passed down. Each setting is the
environment variable RADIOTHEQUE_<NAME>; an unknown one stops the start, so that a misspelt name
never passes in silence. The native stack writes them to `<state>/settings.env`.
This is the only file of the product that reads the environment.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX: Final = "RADIOTHEQUE_"
#: Variables of the command line and the native stack, not settings of the programs.
NOT_SETTINGS: Final = frozenset({"STATE", "CACHE", "TEST_STATE"})

Port = Annotated[int, Field(ge=1, le=65535)]


class Settings(BaseSettings):
    """The settings, each with its unit. Secrets have no default and never show in a repr."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix=PREFIX)

    site: str = Field("local", description="this site's code; the source of its events")
    site_secret: SecretStr = Field(description="keys the pseudonyms of patients and studies")
    state_dir: Path = Field(description="folder of everything this installation keeps locally")

    kafka_bootstrap: str = Field(description="host:port of a Kafka broker")
    topic_prefix: str = Field("", description="put before every topic and group of ours (tests)")
    object_created_topic: str = Field(
        "object.created", description="the topic MinIO itself writes to, never prefixed"
    )
    consumer_slot: str = Field(
        "0", description="which of several same workers this is; its static group member id"
    )

    s3_endpoint: str = Field(description="host:port of the object store")
    s3_secure: bool = Field(default=False, description="TLS to the object store")
    s3_access_key: SecretStr
    s3_secret_key: SecretStr
    s3_region: str = "us-east-1"
    s3_notify_arn: str = Field("arn:minio:sqs::RAD:kafka", description="MinIO's Kafka target")
    bucket_prefix: str = Field("", description="put before every bucket's name (tests)")

    postgres_host: str = "127.0.0.1"
    postgres_port: Port = 5432
    postgres_database: str = "radiotheque"
    postgres_user: str = Field("radiotheque_web", description="login role of this program")
    postgres_password: SecretStr = Field(description="password of all our login roles")
    postgres_admin_user: str = Field("postgres", description="used by `radiotheque migrate` only")
    postgres_admin_password: SecretStr | None = Field(
        default=None, description="given to `radiotheque migrate` only"
    )

    redis_url: SecretStr = Field(description="redis://:password@host:port/0")
    cache_prefix: str = Field("rad", description="put before every cache key")
    similar_ttl_s: Annotated[int, Field(ge=1, le=50)] = Field(
        45, description="seconds an answer of look-alikes is kept: new films show within 60 s"
    )

    triton_grpc: str = Field("127.0.0.1:8001", description="host:port")
    triton_http: str = Field("127.0.0.1:8000", description="host:port")
    triton_secret: SecretStr = Field(description="header value that opens the model load API")
    triton_repository: Path | None = Field(
        default=None, description="folder Triton serves from; the models process renders into it"
    )
    triton_backend: str = Field("python", description="onnxruntime, openvino or python (native)")
    starter_model: Path | None = Field(
        default=None, description="folder of the built starter model (model.onnx, model.json)"
    )

    web_host: str = "127.0.0.1"
    web_port: Port = 8080
    web_secret: SecretStr = Field(description="signs sessions and CSRF tokens")
    web_secure_cookies: bool = Field(default=False, description="true behind TLS")
    web_threads: Annotated[int, Field(ge=2)] = Field(32, description="threads of the web server")
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        0, description="where this worker answers /healthz and /metrics; 0 = a free one"
    )

    file_limit_bytes: Annotated[int, Field(ge=1)] = Field(
        64 << 20, description="bytes of one uploaded file, at most"
    )
    request_limit_bytes: Annotated[int, Field(ge=1)] = Field(
        512 << 20, description="bytes of one upload request, at most"
    )
    request_limit_files: Annotated[int, Field(ge=1)] = Field(
        100, description="files of one upload request, at most"
    )
    pixel_limit: Annotated[int, Field(ge=1)] = Field(
        64_000_000, description="width times height, checked before decoding"
    )
    decode_timeout_s: Annotated[float, Field(gt=0)] = Field(
        20.0, description="seconds that decoding one film may take"
    )
    decode_memory_bytes: Annotated[int, Field(ge=1)] = Field(
        2 << 30, description="address space one decoding child may use"
    )
    decode_processes: Annotated[int, Field(ge=1)] = Field(
        2, description="decoding children, and as many for slow films"
    )
    batch_films: Annotated[int, Field(ge=1, le=256)] = Field(
        32, description="films of one batch, at most"
    )

    look_for_text: bool = Field(
        default=True, description="look for text in films; without it none may leave private"
    )

    own_marks: str = Field(
        "",
        pattern=r"^$|^[^,0-9]*[^\W\d_]{2}[^,0-9]*(,[^,0-9]*[^\W\d_]{2}[^,0-9]*)*$",
        description="words and phrases of this site that films show of how they were taken and"
        " that name nobody, between commas",
    )

    reconcile_every_s: Annotated[float, Field(gt=0)] = Field(
        20.0, description="seconds between two rounds of the reconciler"
    )
    reconcile_older_s: Annotated[float, Field(ge=0)] = Field(
        60.0, description="age at which a version without a receipt counts as forgotten"
    )
    reconcile_lag_limit: Annotated[int, Field(ge=0)] = Field(
        100, description="lag of object.created above which the reconciler only waits"
    )
    reanalysis_limit: Annotated[int, Field(ge=1)] = Field(
        500, description="analyses the reconciler leaves outstanding at most"
    )

    keep_taken_s: Annotated[float, Field(ge=0)] = Field(
        30.0,
        description="seconds a bulk drop stays readable for its depositor once it was taken",
    )
    refused_days: Annotated[float, Field(ge=0)] = Field(
        7.0, description="days after which the bytes of a refused drop are deleted"
    )
    quarantined_days: Annotated[float, Field(ge=0)] = Field(
        30.0, description="days a drop waits for a steward before it is refused and deleted"
    )
    sweep_every_s: Annotated[float, Field(gt=0)] = Field(
        600.0, description="seconds between two rounds of deleting what has had its days"
    )
    erase_again_s: Annotated[float, Field(ge=0)] = Field(
        600.0, description="seconds after which an erased film's objects are removed once more"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing by itself: `load_settings` reads the environment once, by hand."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    def topic(self, name: str) -> str:
        """Return the topic's real name. MinIO's own topic is shared and never prefixed."""
        if name == "object.created":
            return self.object_created_topic
        return f"{self.topic_prefix}{name}"

    def bucket(self, name: str) -> str:
        """Return the bucket's real name: of dropzone, quarantine, radiographs, models."""
        return f"{self.bucket_prefix}{name}"


def read_env_file(path: Path) -> dict[str, str]:
    """Return NAME=value lines of a file; none when there is no such file."""
    if not path.is_file():
        return {}
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def state_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Return the state folder: RADIOTHEQUE_STATE, else `.radiotheque` in this clone."""
    chosen = (os.environ if environ is None else environ).get(f"{PREFIX}STATE")
    return Path(chosen) if chosen else Path(__file__).resolve().parent.parent / ".radiotheque"


def load_settings(environ: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Return the settings from `<state>/settings.env`, then the environment, then overrides.

    Raises ValueError naming every unknown RADIOTHEQUE_* variable; pydantic's ValidationError
    (which names the setting, never a secret's value) for a bad one.
    """
    given = dict(os.environ if environ is None else environ)
    merged = read_env_file(state_dir(given) / "settings.env") | given
    values: dict[str, object] = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in merged.items()
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in NOT_SETTINGS
    }
    unknown = sorted(set(values) - set(Settings.model_fields))
    if unknown:
        names = ", ".join(PREFIX + name.upper() for name in unknown)
        raise ValueError(f"unknown settings: {names}; known ones are in docs/settings.md")
    values.setdefault("state_dir", str(state_dir(given)))
    return Settings.model_validate(values | overrides)
