"""The JSON API under /api/v1: one file per subject, described by /api/v1/openapi.json."""

from typing import Final

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI

from web.answers import OrJson
from web.api.accounts import accounts
from web.api.images import images
from web.api.letters import letters
from web.api.patients import patients
from web.api.quarantine import quarantine
from web.api.radiographs import radiographs
from web.api.readings import readings
from web.api.receipts import receipts
from web.api.shapes import ProblemOut
from web.api.system import description, system
from web.problems import from_validation

VERSION: Final = "1.0.0"
#: Bytes of a body that is not an upload; an upload has limits of its own.
BODY_LIMIT: Final = 1 << 20


def application() -> OpenAPI:
    """Return a Flask application that the API's blueprints describe themselves to."""
    app = OpenAPI(
        "web",
        info=Info(
            title="Radiothèque",
            version=VERSION,
            description="An open library of chest radiographs. Research use, not a medical device."
            " Errors are RFC 9457 problem details. Send a bearer token, or the session's cookie"
            " with its CSRF token in the header X-CSRFToken.",
        ),
        security_schemes={
            "token": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": "radiotheque"},
        },
        validation_error_status=422,
        validation_error_model=ProblemOut,
        validation_error_callback=from_validation,
        doc_ui=False,
    )
    app.json = OrJson(app)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.config["MAX_FORM_MEMORY_SIZE"] = BODY_LIMIT
    return app


def install(app: OpenAPI) -> None:
    """Register every subject and the document that describes them."""
    for subject in (
        receipts, quarantine, radiographs, images, readings, patients, accounts, letters, system,
    ):  # fmt: skip
        _add(app, subject)
    app.register_blueprint(description)


def _add(app: OpenAPI, subject: APIBlueprint) -> None:
    """Register a subject. Two of them may share an address (GET and POST of /radiographs).

    flask-openapi3 keeps the operations of the last one only.
    """
    before = dict(app.paths)
    app.register_api(subject)
    for path, known in before.items():
        for method in known.model_fields_set - app.paths[path].model_fields_set:
            setattr(app.paths[path], method, getattr(known, method))
