"""How MinIO's client is asked: one pool of connections, bodies as stored, its errors as ours."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, S3Error, ServerError

from schemas.errors import Dead, NotFound, Unavailable
from store.object_tries import Fault
from store.settings import Settings

T = TypeVar("T")

_GONE: Final = frozenset({"NoSuchKey", "NoSuchVersion", "MethodNotAllowed"})
#: Answers about the installation, never about one object: waiting (for a person) mends them.
_OURS: Final = frozenset(
    {
        "NoSuchBucket",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "RequestTimeTooSkewed",
        "XMinioStorageFull",
        "XMinioAdminBucketQuotaExceeded",
        "XMinioServerNotInitialized",
        "SlowDown",
    }
)
#: Errors of the client that say that nobody listens there.
_UNREACHED: Final = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.SSLError,
)
_THREADS: Final = 32
#: Seconds without an answer to what is not a read.
_READ_S: Final = 30.0


class _AsStored(urllib3.PoolManager):
    """Gives bodies as they lie in the store.

    A header names an encoding because somebody said so when the object was put: believed, one
    that is wrong would make the object unreadable, and a true one a thousand times its size.
    """

    def urlopen(self, *asked: Any, **how: Any) -> urllib3.BaseHTTPResponse:
        """Ask as ever, and decode nothing."""
        return super().urlopen(*asked, decode_content=False, **how)


def client(settings: Settings, read_s: float = _READ_S, *, again: bool = True) -> Minio:
    """Return a client that waits so many seconds for each answer, or part of one.

    `again`: it asks twice more by itself where a store answers that it is busy.
    """
    pool = _AsStored(
        timeout=urllib3.Timeout(connect=3, read=read_s),
        maxsize=_THREADS,
        # Few: repeating with patience is the runtime's, which says meanwhile what it waits for.
        retries=urllib3.Retry(
            total=2,
            # What was reached and then failed may be one object's doing: told by whoever asked.
            read=0,
            backoff_factor=0.1,
            status_forcelist=(502, 503, 504) if again else (),
            raise_on_status=False,
            # MinIO says 503, come again in a minute, of an object that is damaged, too.
            respect_retry_after_header=False,
        ),
    )
    return Minio(
        settings.s3_endpoint,
        access_key=settings.s3_access_key.get_secret_value(),
        secret_key=settings.s3_secret_key.get_secret_value(),
        secure=settings.s3_secure,
        # Said, so that no request first asks where the bucket is.
        region=settings.s3_region,
        http_client=pool,
    )


def asked(operation: str, call: Callable[[], T]) -> T:
    """Return the result of a call that is about no single object; the client's errors as ours."""
    try:
        return answered(operation, call)
    except Fault as fault:
        if 400 <= fault.status < 500:
            raise Dead(f"minio: {fault}") from None
        raise Unavailable("minio", str(fault)) from None


def answered(operation: str, call: Callable[[], T]) -> T:
    """Return the call's result. Raises NotFound, Unavailable, and Fault: whose, is not known.

    `from None`: the client's messages hold the object's key, and a chained error is logged whole.
    """
    try:
        return call()
    except S3Error as error:
        status = error.response.status if error.response is not None else 0
        said = f"{operation}: {error.code} ({status})"
        if error.code in _GONE:
            raise NotFound(f"minio: {said}") from None
        if error.code in _OURS:
            raise Unavailable("minio", said) from None
        raise Fault(said, status) from None
    except (InvalidResponseError, ServerError):
        raise Fault(f"{operation}: an answer that is not S3") from None
    except urllib3.exceptions.HTTPError as error:
        cause = getattr(error, "reason", None) or error
        said = f"{operation}: {type(cause).__name__}"
        if isinstance(cause, _UNREACHED):
            raise Unavailable("minio", said) from None
        raise Fault(said) from None
    except OSError as error:
        raise Fault(f"{operation}: {type(error).__name__}") from None
