"""Pictures of a film: its renditions and the heat map of a finding."""

from typing import Final

from flask import Response

from schemas.errors import NotFound
from schemas.film_check import is_inverted
from schemas.findings import finding_index
from schemas.greys import jpeg_turned_over
from store.ports import rendition_key
from store.records import Account, Film
from web import heatmap
from web.answers import is_known
from web.api.routes import picture, subject
from web.api.shapes import ActivationQuery, FilmPath, ImageQuery
from web.auth import current_account
from web.deps import deps

images = subject("pictures", "A film's renditions and heat maps.")

#: A rendition of a film never changes, asked for one way round: its id is its samples.
RENDITION_CACHE: Final = "private, max-age=86400, immutable"
#: Which way round it is shown does, with a steward's word.
SHOWN_CACHE: Final = "private, max-age=60"
#: A heat map does, with the model.
MAP_CACHE: Final = "private, max-age=60"
BUCKET: Final = "radiographs"


@images.get("/radiographs/<film>/image", responses={200: picture("image/png", "image/jpeg")})
def image(path: FilmPath, query: ImageQuery) -> Response:
    """Return a rendition: `full` (PNG at full depth), `display` or `thumbnail` (JPEG).

    Of a film whose greys came inverted the last two are turned over, unless `inverted` says which.
    """
    account = current_account()
    film = _film(path.film, account)
    full = query.rendition == "full"
    inverted = not full and (
        is_inverted(film.checks) if query.inverted is None else query.inverted
    )
    etag = f"{film.id}-{query.rendition}{'-inverted' if inverted else ''}"
    always = full or query.inverted is not None
    response = Response(headers={"Cache-Control": RENDITION_CACHE if always else SHOWN_CACHE})
    if is_known(response, etag):
        return response
    # First the object, then the audit: what could not be shown was not seen.
    data = deps().objects.read(BUCKET, rendition_key(film.id, query.rendition))
    if inverted:
        data = jpeg_turned_over(data, film.width, film.height, film.facts.shown_as)
    response.set_data(data)
    response.content_type = "image/png" if full else "image/jpeg"
    if full:
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
    # One model's map of a film that was turned over since is another map.
    etag = f"{film.id}-{analysis.model_label.replace('/', '-')}-{index}-{film.anew}"
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
