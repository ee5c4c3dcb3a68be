"""MinIO's users and what each may do: our programs, and whoever drops films.

A depositor's key puts, lists, and reads back what lies under its own prefix: clients for bulk
drops look at each object after they have put it (`HEAD`, by the version they were told of), and
compare folders by listing. It removes nothing. What the browser uploads lies under UPLOADS and is
closed to all such keys.
"""

import json
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import urllib3
from minio import MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException

from schemas.deposits import UPLOADS
from schemas.errors import Conflict, NotFound, Unavailable
from store.objects import BUCKETS
from store.settings import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Before the name of a depositor's key, as MinIO's user and as its policy.
KEY_PREFIX: Final = "drop-"
_KEY_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
#: Without * and ?, which a policy would take for wildcards, and without folders of dots.
_PREFIX: Final = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]{0,99}/)+")

_OURS_ARN: Final = tuple(f"arn:aws:s3:::*{name}" for name in BUCKETS)
#: Of the buckets themselves. MinIO compares a pattern with "name/": without the last slash no
#: pattern ever fits, and listing is denied while objects are read and written.
_OURS_BUCKETS: Final = tuple(f"{arn}/" for arn in _OURS_ARN)
_PROGRAM_RIGHTS: Final = (
    {
        "Effect": "Allow",
        "Action": ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation"],
        "Resource": list(_OURS_BUCKETS),
    },
    {
        "Effect": "Allow",
        "Action": [
            "s3:GetObject",
            "s3:GetObjectVersion",
            "s3:PutObject",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
        ],
        "Resource": [f"{arn}/*" for arn in _OURS_ARN],
    },
)
_DROPZONE: Final = _OURS_ARN[0]
#: By version too: rclone asks for the version that its PUT made.
_DROP_ACTIONS: Final = (
    "s3:PutObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
    "s3:GetObject",
    "s3:GetObjectVersion",
)


@dataclass(frozen=True)
class DropKey:
    """A depositor's key: `name` as it was asked for, `user` as S3 clients have to give it."""

    name: str
    user: str
    prefix: str


def drop_rights(prefix: str) -> list[dict[str, Any]]:
    """Return the policy's statements for who drops under this prefix; "" is all but UPLOADS."""
    listing: dict[str, Any] = {
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": [f"{_DROPZONE}/"],
    }
    if prefix:
        listing["Condition"] = {"StringLike": {"s3:prefix": [f"{prefix}*"]}}
    return [
        {"Effect": "Allow", "Action": ["s3:GetBucketLocation"], "Resource": [f"{_DROPZONE}/"]},
        listing,
        {
            "Effect": "Allow",
            "Action": list(_DROP_ACTIONS),
            "Resource": [f"{_DROPZONE}/{prefix}*"],
        },
        {"Effect": "Deny", "Action": ["s3:*"], "Resource": [f"{_DROPZONE}/{UPLOADS}*"]},
    ]


def ensure_users(
    settings: Settings, *, program: tuple[str, str], dropper: tuple[str, str]
) -> None:
    """Make MinIO's two users, given as (name, secret); a second time changes nothing.

    `program` reads and writes our four buckets; `dropper` puts into dropzone, lists it, and reads
    there what is not the browser's. Needs MinIO's root user. The buckets of tests, which have a
    prefix, count as ours.
    """
    admin = _admin(settings)
    for user, policy, statements in (
        (program, "radiotheque-programs", _PROGRAM_RIGHTS),
        (dropper, "radiotheque-drop", drop_rights("")),
    ):
        _make(admin, user, policy, statements)
    log.info("The store's users are there")


def add_drop_key(settings: Settings, name: str, prefix: str, secret: str) -> DropKey:
    """Make a key that may drop under `prefix` (`site-a/`) alone. Needs MinIO's root user.

    Raises ValueError for a name or prefix that may not be, Conflict where there is such a key.
    """
    if not _KEY_NAME.fullmatch(name):
        raise ValueError(f"want a name of 2 to 40 small letters, digits and -, got {name!r}")
    if not _PREFIX.fullmatch(prefix) or prefix.startswith(UPLOADS):
        raise ValueError(
            f"want a prefix as site-a/2026/: folders of letters, digits, . _ -, each with its /,"
            f" not {UPLOADS}, which is the browser's; got {prefix!r}"
        )
    admin, user = _admin(settings), f"{KEY_PREFIX}{name}"
    if user in json.loads(_asked("users", admin.user_list)):
        raise Conflict(f"there is a key {name!r}: remove it first, or choose another name")
    _make(admin, (user, secret), user, drop_rights(prefix))
    return DropKey(name, user, prefix)


def drop_keys(settings: Settings) -> list[DropKey]:
    """Return the keys made by `add_drop_key`, by name. Needs MinIO's root user."""
    admin = _admin(settings)
    users = json.loads(_asked("users", admin.user_list))
    policies = json.loads(_asked("policies", admin.policy_list))
    # A user of that form that somebody made by hand has another policy: it is not ours.
    return [
        DropKey(user.removeprefix(KEY_PREFIX), user, _prefix_of(policies[user]))
        for user in sorted(users)
        if user.startswith(KEY_PREFIX) and user in policies
    ]


def remove_drop_key(settings: Settings, name: str) -> None:
    """Remove a key: from now on it opens nothing. Needs root. Raises NotFound."""
    if all(known.name != name for known in drop_keys(settings)):
        raise NotFound(f"there is no key {name!r}")
    admin, user = _admin(settings), f"{KEY_PREFIX}{name}"
    _asked("user", lambda: admin.user_remove(user))
    _asked("policy", lambda: admin.policy_remove(user))


def _prefix_of(policy: dict[str, Any]) -> str:
    """Return the prefix that a policy of `drop_rights` was made for."""
    for statement in policy["Statement"]:
        if "s3:PutObject" in statement["Action"]:
            resource: str = statement["Resource"][0]
            return resource.removeprefix(f"{_DROPZONE}/").removesuffix("*")
    return ""


def _make(
    admin: MinioAdmin, user: tuple[str, str], policy: str, statements: Sequence[dict[str, Any]]
) -> None:
    name, secret = user
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    # The policy first: a key is never there without its bounds.
    _asked("policy", lambda: admin.policy_add(policy, policy=document))
    _asked("user", lambda: admin.user_add(name, secret))
    _asked("rights", lambda: admin.policy_set(policy, user=name))


def _admin(settings: Settings) -> MinioAdmin:
    return MinioAdmin(
        endpoint=settings.s3_endpoint,
        credentials=StaticProvider(
            settings.s3_access_key.get_secret_value(), settings.s3_secret_key.get_secret_value()
        ),
        region=settings.s3_region,
        secure=settings.s3_secure,
    )


def _asked(what: str, call: Callable[[], T]) -> T:
    """Return the call's result; the client's errors as ours."""
    try:
        return call()
    except MinioAdminException as error:
        raise Unavailable("minio", f"{what}: {error}") from None
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Unavailable("minio", f"{what}: {type(error).__name__}") from None
