"""Writes the API's OpenAPI document: `python -m web.describe > web/openapi.json`."""

import json
import sys
from typing import Any

from web.api import application, install


def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document. Nothing is opened for it."""
    app = application()
    install(app)
    found: dict[str, Any] = app.api_doc
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=1, ensure_ascii=False, sort_keys=True) + "\n")
