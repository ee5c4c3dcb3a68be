"""The JSON body of a request, taken as it was sent: nothing is guessed, nothing passed over.

A body that is folded up (Content-Encoding), of another kind than JSON, or in which a name stands
twice is refused with what was wanted and what came. Of two verdicts on one finding no reader said
which is meant. Numbers, texts and truths stay what they are: that is the models' part
(web/api/shapes.py, `Body`).
Sources: RFC 9110 8.4 and 15.5.16, RFC 8259 4.
"""

import json
from collections import Counter
from typing import Any, Final

import orjson
from flask import Flask, Request, request

from schemas.findings import FINDINGS
from web.problems import Problem

_AS_IT_IS: Final = "identity"
#: Codings that an answer may name: what else a client writes there may be anything.
_CODINGS: Final = frozenset(
    {"gzip", "x-gzip", "compress", "x-compress", "deflate", "br", "zstd", "aws-chunked"}
)
_JSON: Final = "application/json"
#: What stands in a place for a name that is none of ours: it may be anybody's.
_UNKNOWN: Final = "?"


class ApiRequest(Request):
    """A request whose JSON is read strictly."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:  # noqa: FBT001, FBT002 - Flask's own
        """Return what the body says. Raises Problem 415 and 422, whatever is asked for."""
        del force, silent
        return strict_json(self.get_data(cache=cache), self.mimetype)


def install(app: Flask) -> None:
    """Read every body so, and refuse those that are folded up."""
    app.request_class = ApiRequest
    app.before_request(_check_coding)


def strict_json(data: bytes, media: str) -> Any:
    """Return what a body says. Raises Problem 415 for no JSON, 422 for one that is not sound."""
    if media != _JSON and not (media.startswith("application/") and media.endswith("+json")):
        raise Problem(
            415,
            f"Wanted {_JSON}, came {repr(media[:80]) if media else 'no Content-Type'}.",
            headers={"Accept": _JSON},
        )
    try:
        # orjson holds to RFC 8259 (no NaN, no half of a surrogate pair, UTF-8); json tells twins.
        orjson.loads(data)
        said = json.loads(data, object_pairs_hook=_Object)
        twin = _twin(said)
    except (ValueError, RecursionError):
        raise Problem(422, "Wanted a body of JSON (RFC 8259) in UTF-8, came another.") from None
    if not isinstance(said, _Object):
        # A text with JSON in it, too: nobody unpacks twice.
        raise Problem(422, "Wanted a JSON object, came another value.")
    if twin:
        raise Problem(
            422,
            f"The request was not understood: {twin}: it stands there twice.",
            errors=((twin, "it stands there twice"),),
        )
    return said


class _Object(dict[str, Any]):
    """A JSON object that remembers the first name that stands in it twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.twin: str | None = None
        if len(self) < len(pairs):
            counted = Counter(name for name, _ in pairs)
            self.twin = next(name for name, count in counted.items() if count > 1)


def _twin(said: Any, place: tuple[str, ...] = ()) -> str:
    """Return where a name stands twice, "" where none does."""
    if isinstance(said, _Object):
        if said.twin is not None:
            return ".".join([*place, _ours(said.twin)])
        inner = [(_ours(name), value) for name, value in said.items()]
    elif isinstance(said, list):
        inner = [(str(number), value) for number, value in enumerate(said)]
    else:
        return ""
    return next((found for name, value in inner if (found := _twin(value, (*place, name)))), "")


def _ours(name: str) -> str:
    """Return a name that our own models have, else a sign for any other."""
    return name if name in FINDINGS or name in _fields() else _UNKNOWN


def _fields() -> frozenset[str]:
    from web.api.shapes import Body

    return frozenset(name for model in Body.__subclasses__() for name in model.model_fields)


def _check_coding() -> None:
    """Refuse a body that is to be unfolded first: nobody would say how large it becomes."""
    said = request.headers.get("Content-Encoding", "")
    codings = [coding.strip().lower() for coding in said.split(",") if coding.strip()]
    odd = next((coding for coding in codings if coding != _AS_IT_IS), None)
    if odd is not None:
        raise Problem(
            415,
            "Wanted a body as it is (Content-Encoding: identity, or none),"
            f" came {odd if odd in _CODINGS else 'another coding'}.",
            headers={"Accept-Encoding": _AS_IT_IS},
        )
