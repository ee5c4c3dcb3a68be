"""How every blueprint of the API is made, so that each file is only its subject."""

from typing import Any

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from web import auth
from web.api.shapes import ProblemOut
from web.problems import API_PREFIX, CONTENT_TYPE

#: What any of them may answer instead.
_PROBLEMS = (401, 403, 404, 409, 413, 415, 422, 429, 503)


def subject(name: str, says: str, *, guarded: bool = True) -> APIBlueprint:
    """Return a blueprint under /api/v1 that nobody enters without an account."""
    blueprint = APIBlueprint(
        f"api_{name.replace(' ', '_')}",
        "web.api",
        url_prefix=API_PREFIX,
        abp_tags=[Tag(name=name, description=says)],
        abp_security=[{"token": []}, {"session": []}],
        abp_responses={status: _problem() for status in _PROBLEMS},
    )
    # Before the request is even looked at: a stranger learns nothing from a validation error.
    if guarded:
        blueprint.before_request(_require_account)
    return blueprint


def _require_account() -> None:
    auth.current_account()


def _problem() -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{ProblemOut.__name__}"}
    return {"content": {CONTENT_TYPE: {"schema": schema}}}


def picture(*media_types: str) -> dict[str, Any]:
    """Return how OpenAPI describes an answer that is a picture."""
    binary = {"type": "string", "format": "binary"}
    return {"content": {media: {"schema": binary} for media in media_types}}


def table() -> dict[str, Any]:
    """Return how OpenAPI describes an answer that is comma-separated values."""
    return {"content": {"text/csv": {"schema": {"type": "string"}}}}
