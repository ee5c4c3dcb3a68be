"""The shape of the system that this one began as: one Flask process that does it all, in turn.

    TRAINING_PYTHON -m bench.original_shape < SETTINGS

For each film that is posted: decode, Keras `predict`, one durable insert of findings and
embedding, answer. Model, decoding and tensor are ours, so that only the shape differs. SETTINGS is
one JSON object: `dsn`, `port`, `threads` (TensorFlow's; 0: its own choice) and `packages`, the
folder of the application's packages: Flask and psycopg come from there, TensorFlow from this
interpreter. It prints a line when it listens, and runs until it is ended.
"""

import json
import sys
from typing import Any, Final

_PIXELS: Final = 100_000_000
_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS original (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " findings real[] NOT NULL, embedding real[] NOT NULL)"
)
_INSERT: Final = "INSERT INTO original (findings, embedding) VALUES (%s, %s) RETURNING id"


def application(model: Any, connection: Any, side: int) -> Any:
    """Return the Flask application: POST /films with a film's file as body."""
    from flask import Flask, request

    from ingest.readers import read_file
    from schemas.film_tensor import to_tensor

    app = Flask("original")

    @app.post("/films")
    def film() -> dict[str, Any]:
        decoded = read_file(request.get_data(), _PIXELS)
        answers = model.predict(to_tensor(decoded.samples, side)[None], verbose=0)
        values = [answers[name][0].tolist() for name in ("probabilities", "embedding")]
        (number,) = connection.execute(_INSERT, values).fetchone()
        return {"id": number, "findings": len(values[0])}

    return app


def main() -> None:
    """Serve until ended."""
    settings = json.load(sys.stdin)
    sys.path.append(settings["packages"])
    import psycopg

    from schemas.models import ModelManifest
    from training.starter.fitted import KEPT, Fitted
    from training.starter.graph import starter_model, with_threads

    with_threads(settings["threads"])
    side = ModelManifest.model_validate_json((KEPT / "model.json").read_bytes()).side
    model = starter_model(Fitted.load(KEPT), side)
    # Each insert is a transaction of its own, and on disk before the answer, as ours are.
    with psycopg.connect(settings["dsn"], autocommit=True) as connection:
        connection.execute(_TABLE)
        app = application(model, connection, side)
        print("listening", flush=True)
        app.run("127.0.0.1", settings["port"], threaded=False)


if __name__ == "__main__":
    main()
