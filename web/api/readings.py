"""What people say of a film: verdicts and comments."""

from typing import Any

from web.api.reading_shapes import CommentIn, OnceHeader, ReadingIn, ReadingSavedOut
from web.api.routes import subject
from web.api.shapes import CommentOut, FilmPath, IdPath
from web.auth import current_account
from web.deps import deps
from web.films import comment_json, known_models
from web.problems import Problem

readings = subject("readings", "Verdicts and comments by physicians.")


@readings.post("/radiographs/<film>/validations", responses={201: ReadingSavedOut})
def validate(path: FilmPath, header: OnceHeader, body: ReadingIn) -> tuple[dict[str, Any], int]:
    """Save a reading with all its verdicts at once; one `validation.recorded` for each.

    Sent again with the same Idempotency-Key, it is one reading.
    """
    reading = deps().rows.readings.record(
        path.film,
        body.labels,
        account=current_account().id,
        answer_visible=body.answer_visible,
        model=_model_label(body.model),
        once=header.once(path.film, body),
    )
    return {
        "id": str(reading.id),
        "validations": {name: str(number) for name, number in reading.validations.items()},
        "recorded_at": reading.recorded_at,
    }, 201


@readings.post("/radiographs/<film>/comments", responses={201: CommentOut})
def comment(path: FilmPath, header: OnceHeader, body: CommentIn) -> tuple[dict[str, Any], int]:
    """Add a comment. Every role but viewer. Sent again with the same key, it is one comment."""
    added = deps().rows.readings.comment(
        path.film,
        body.text,
        account=current_account().id,
        once=header.once(path.film, body),
    )
    return comment_json(added), 201


@readings.delete("/comments/<id>", responses={204: None})
def remove_comment(path: IdPath) -> tuple[str, int]:
    """Remove one's own comment; stewards and admins any."""
    deps().rows.readings.remove_comment(path.id, account=current_account().id)
    return "", 204


def _model_label(said: int | str | None) -> str | None:
    """Return the label of the model a reader saw, by its version or label. Raises Problem 422."""
    if said is None:
        return None
    models = known_models().all()
    by_version = {str(manifest.version): label for label, manifest in models.items()}
    label = said if said in models else by_version.get(str(said))
    if label is None:
        raise Problem(422, f"model: wanted one of {', '.join(models) or 'none yet'}.")
    return str(label)
