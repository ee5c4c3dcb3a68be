"""Asks Triton for a film's scores: the only file that knows tritonclient.

One `TritonModel` holds one gRPC channel and is made once per process, never per request and never
before a fork. Every request names its version. Many requests may be in flight at once (`submit`),
so that Triton's dynamic batcher has something to batch; priority 1 is what a person waits for,
priority 2 is bulk. What can go wrong comes out as one of two things: `Unavailable` (Triton is
down, loading, overloaded or does not have that version yet: wait and ask again) or an ordinary
exception (our request or the model's code is wrong).
"""

import json
import logging
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from google.protobuf import json_format, text_format
from numpy.typing import NDArray
from tritonclient import grpc as triton
from tritonclient.grpc import model_config_pb2
from tritonclient.utils import InferenceServerException

from schemas.errors import Unavailable
from schemas.findings import FINDINGS
from schemas.models import EMBEDDING_WIDTH, TRITON_MODEL
from workers.triton_config import SIDE_PARAMETER, Config

log = logging.getLogger(__name__)

URGENT: Final = 1
BULK: Final = 2

#: What a person waits for fails fast; Triton itself answers in tens of milliseconds.
TIMEOUT_S: Final = 20.0

_CHANNEL: Final = [
    ("grpc.max_send_message_length", triton.MAX_GRPC_MESSAGE_SIZE),
    ("grpc.max_receive_message_length", triton.MAX_GRPC_MESSAGE_SIZE),
    # gRPC's own back-off grows to two minutes: Triton back after an outage would sit idle.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # A proxy named in the environment must not be asked for a service of ours.
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
]
#: Triton's restricted protocols open to this header (stack/services.py gives its value).
HEADER: Final = "triton-secret"
_OUTPUTS: Final = ("probabilities", "embedding", "features", "activation")
_WORLD_IS_WRONG: Final = frozenset(
    {
        "StatusCode.UNAVAILABLE",
        "StatusCode.DEADLINE_EXCEEDED",
        "StatusCode.NOT_FOUND",
        "StatusCode.RESOURCE_EXHAUSTED",
        "StatusCode.CANCELLED",
        "StatusCode.ABORTED",
        "StatusCode.UNKNOWN",
    }
)


@dataclass(frozen=True)
class Scores:
    """What the model says of n films, row by row.

    probabilities: float32 (n, 14), calibrated, 0..1, NaN where not assessed; CheXpert's order.
    embedding:     float32 (n, 512), each row of length 1.
    features:      float16 (n, d), the pooled features the heads read.
    activation:    float32 (n, 14, h, w), class activation maps; 0 where not assessed.
    """

    probabilities: NDArray[np.float32]
    embedding: NDArray[np.float32]
    features: NDArray[np.float16]
    activation: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.probabilities)


class TritonModel:
    """The served model `chest`, reached over gRPC. Safe to share between threads."""

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        """Open a channel to `host:port`; nothing is sent until the first question."""
        self._client = triton.InferenceServerClient(url, channel_args=_CHANNEL)
        self._timeout_s = timeout_s
        self._sides: dict[str, int] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the channel; requests in flight fail with Unavailable."""
        self._client.close()

    def ready(self, version: str) -> bool:
        """Return whether Triton answers and serves this version now; never raises."""
        try:
            return bool(
                self._client.is_model_ready(
                    TRITON_MODEL, version, client_timeout=min(self._timeout_s, 2.0)
                )
            )
        except InferenceServerException:
            return False

    def side(self, version: str) -> int:
        """Return the side in pixels of the version's input, from the served configuration.

        Versions of one model may differ in it, and Triton keeps one shape for all, so each
        version's side is a parameter (workers/triton_config.py). Remembered: a served version is
        never edited. Raises Unavailable for a version that is not loaded.
        """
        with self._lock:
            known = self._sides.get(version)
        if known is not None:
            return known
        try:
            answer = self._client.get_model_config(
                TRITON_MODEL, version, client_timeout=self._timeout_s
            )
        except InferenceServerException as error:
            raise _translated(error, version) from error
        parameters = answer.config.parameters
        name = f"{SIDE_PARAMETER}{version}"
        if name not in parameters:
            raise Unavailable("triton", f"version {version}: not among the versions served")
        side = int(parameters[name].string_value)
        with self._lock:
            self._sides[version] = side
        return side

    def score(self, images: NDArray[np.uint8], version: str, priority: int = URGENT) -> Scores:
        """Return the scores of n films, in their order, in one request.

        images: uint8 (n, side, side), 0..255, bright = dense, 1 to 8 films.
        version: Triton's numeric version as text. priority: URGENT (1) or BULK (2).
        Raises Unavailable, or ValueError for images of another shape or kind.
        """
        return self.submit(images, version, priority).result(self._timeout_s + 5)

    def pooled(
        self, images: NDArray[np.uint8], version: str, *, urgent: bool
    ) -> NDArray[np.float16]:
        """Return the pooled features of n films, float16 (n, d); see `score`."""
        return self.score(images, version, URGENT if urgent else BULK).features

    def submit(
        self, images: NDArray[np.uint8], version: str, priority: int = URGENT
    ) -> Future[Scores]:
        """Send one request and return at once with the future of its scores; see `score`."""
        side = self.side(version)
        if images.dtype != np.uint8 or images.shape != (len(images), side, side):
            raise ValueError(
                f"wanted uint8 (n, {side}, {side}), came {images.dtype} {images.shape}"
            )
        tensor = triton.InferInput("image", list(images.shape), "UINT8")
        tensor.set_data_from_numpy(np.ascontiguousarray(images))
        future: Future[Scores] = Future()

        def answered(result: Any, error: InferenceServerException | None) -> None:
            if error is not None:
                future.set_exception(_translated(error, version))
                return
            try:
                scores = Scores(*(result.as_numpy(name) for name in _OUTPUTS))
                _check(scores, len(images))
            except Exception as problem:  # noqa: BLE001 - the asker must hear of it, not gRPC
                future.set_exception(problem)
            else:
                future.set_result(scores)

        try:
            self._client.async_infer(
                TRITON_MODEL,
                [tensor],
                answered,
                model_version=version,
                outputs=[triton.InferRequestedOutput(name) for name in _OUTPUTS],
                priority=priority,
                client_timeout=self._timeout_s,
            )
        except InferenceServerException as error:
            raise _translated(error, version) from error
        except ValueError as error:  # what a closed channel answers
            raise Unavailable("triton", f"version {version}: {error}") from error
        return future


class TritonControl:
    """Loads and looks at what Triton serves, by a secret: a loaded model is code that runs."""

    def __init__(self, url: str, secret: str, *, timeout_s: float = 120.0) -> None:
        """Open a channel to `host:port`; nothing is sent until the first question."""
        self._client = triton.InferenceServerClient(url, channel_args=_CHANNEL)
        self._headers = {f"triton-grpc-protocol-{HEADER}": secret}
        self._timeout_s = timeout_s

    def close(self) -> None:
        """Close the channel."""
        self._client.close()

    def ready_versions(self) -> frozenset[int]:
        """Return the versions of our model that Triton serves now. Raises Unavailable."""
        try:
            index = self._client.get_model_repository_index(
                headers=self._headers, client_timeout=10.0
            )
        except InferenceServerException as error:
            raise _translated(error, "any") from error
        return frozenset(
            int(entry.version)
            for entry in index.models
            if entry.name == TRITON_MODEL and entry.state == "READY" and entry.version
        )

    def load(self, config: Config) -> None:
        """Make Triton serve exactly the versions of `config`, from its model repository.

        What is already served goes on being served until the new ones are ready, and stays when
        they fail. Raises Unavailable when Triton does not answer, ValueError with Triton's words
        when it refuses the model.
        """
        try:
            self._client.load_model(
                TRITON_MODEL,
                headers=self._headers,
                config=json.dumps(config),
                client_timeout=self._timeout_s,
            )
        except InferenceServerException as error:
            if error.status() in {"StatusCode.INVALID_ARGUMENT", "StatusCode.INTERNAL"}:
                raise ValueError(f"triton refused to load: {error.message()}") from error
            raise _translated(error, "any") from error


def config_text(config: Config) -> str:
    """Return the configuration in the text form of config.pbtxt, for people to read.

    Raises json_format.ParseError for anything that is not a Triton ModelConfig.
    """
    message = json_format.ParseDict(config, model_config_pb2.ModelConfig())
    text: str = text_format.MessageToString(message)
    return text


def _check(scores: Scores, films: int) -> None:
    """Hold an answer to the tensor contract, so that a wrong model never reaches the rows."""
    if scores.probabilities.shape != (films, len(FINDINGS)):
        raise ValueError(
            f"wanted probabilities ({films}, {len(FINDINGS)}), came {scores.probabilities.shape}"
        )
    if scores.embedding.shape != (films, EMBEDDING_WIDTH):
        raise ValueError(
            f"wanted embedding ({films}, {EMBEDDING_WIDTH}), came {scores.embedding.shape}"
        )
    if not np.isfinite(scores.embedding).all():
        raise ValueError("wanted a finite embedding, came NaN or infinity")


def _translated(error: InferenceServerException, version: str) -> Exception:
    """Return the error the caller acts on: Unavailable when waiting can help, else RuntimeError.

    Triton answers a version it does not have with NOT_FOUND, UNAVAILABLE or, for an unknown
    model, INVALID_ARGUMENT with "unknown model". INTERNAL is both a connection reset and a model
    whose code raised; only the second says "Failed to process", and of those a dead backend
    process ("Stub process") is started again by Triton.
    """
    status = error.status() or ""
    message = error.message() or ""
    text = f"version {version}: {message.splitlines()[0] if message else status}"
    unknown_version = "unknown model" in message.lower()
    code_raised = "Failed to process" in message and "Stub process" not in message
    if status in _WORLD_IS_WRONG or unknown_version:
        return Unavailable("triton", text)
    if status == "StatusCode.INTERNAL" and not code_raised:
        return Unavailable("triton", text)
    return RuntimeError(f"triton: {text}")
