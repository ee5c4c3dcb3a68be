"""Pictures of a film: its renditions and the heat map of a finding."""

from typing import Final

from flask import Response

from schemas.errors import NotFound
from schemas.findings import finding_index
from store.ports import rendition_key
from store.records import Account, Film
from web import heatmap
from web.answers import is_known
from web.api.routes import picture, subject
from web.api.shapes import ActivationQuery, FilmPath, ImageQuery
from web.auth import current_account
from web.deps import deps

images = subject("pictures", "A film's renditions and heat maps.")

#: A rendition of a film never changes: its id is its samples.
RENDITION_CACHE: Final = "private, max-age=86400, immutable"
#: A heat map does, with the model.
MAP_CACHE: Final = "private, max-age=60"
BUCKET: Final = "radiographs"


@images.get("/radiographs/<film>/image", responses={200: picture("image/png", "image/jpeg")})
def image(path: FilmPath, query: ImageQuery) -> Response:
    """Return a rendition: `full` (PNG at full depth), `display` or `thumbnail` (JPEG)."""
    account = current_account()
    film = _film(path.film, account)
    etag = f"{film.id}-{query.rendition}"
    response = Response(headers={"Cache-Control": RENDITION_CACHE})
    if is_known(response, etag):
        return response
    # First the object, then the audit: what could not be shown was not seen.
    response.set_data(deps().objects.read(BUCKET, rendition_key(film.id, query.rendition)))
    response.content_type = "image/png" if query.rendition == "full" else "image/jpeg"
    if query.rendition == "full":
        deps().rows.audit.write(account.id, "image.downloaded", film.id)
    return response


@images.get("/radiographs/<film>/activation", responses={200: picture("image/png")})
def activation(path: FilmPath, query: ActivationQuery) -> Response:
    """Return where the model sees a finding: PNG, RGBA, with the film's aspect.

    Not found when the film has no analysis yet, or its model does not assess the finding.
    """
    account = current_account()
    film = _film(path.film, account)
    analysis = deps().rows.analyses.get(film.id, account=account.id)
    index = finding_index(query.finding)
    if analysis is None:
        raise NotFound(f"film {film.id}: it has no analysis yet")
    if not analysis.probabilities[index] >= 0:
        raise NotFound(f"film {film.id}: {query.finding} is not assessed")
    deps().rows.readings.shown(film.id, account=account.id, answer=True, others=False)
    etag = f"{film.id}-{analysis.model_label.replace('/', '-')}-{index}"
    response = Response(content_type="image/png", headers={"Cache-Control": MAP_CACHE})
    if is_known(response, etag):
        return response
    activation = analysis.activation[index]
    response.set_data(heatmap.draw(activation, film.width, film.height, film.facts.shown_as))
    return response


def _film(film: str, account: Account) -> Film:
    """Return a film's row: a picture of an erased film is gone with it. Raises NotFound."""
    found = deps().rows.films.seen([film], account=account.id).get(film)
    if found is None:
        raise NotFound(f"film {film}: there is none")
    return found
