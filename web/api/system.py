"""The state of the system, with any service down."""

from typing import Any

from flask import Blueprint, current_app

from web.api.routes import subject
from web.api.shapes import StatusOut
from web.auth import account_for_status
from web.deps import deps

# It checks by itself who asks: with PostgreSQL down nobody could be looked up (web/auth.py).
system = subject("system", "Processes, lag, dead letters, model.", guarded=False)
description = Blueprint("description", __name__)


@system.get("/system", responses={200: StatusOut})
def status() -> dict[str, Any]:
    """Return what `radiotheque status --json` prints. Answers with any service down."""
    account_for_status()
    return deps().status()


@description.get("/api/v1/openapi.json")
def openapi() -> dict[str, Any]:
    """Return the API's OpenAPI 3.1 document."""
    document: dict[str, Any] = current_app.api_doc  # type: ignore[attr-defined]  # OpenAPI's own
    return document
