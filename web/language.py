"""Which language this request is answered in: French first, English second."""

from typing import Final, Literal, cast

from flask import has_request_context, request, session

Language = Literal["fr", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("fr", "en")
SESSION_KEY: Final = "language"


def current_language() -> Language:
    """Return the session's chosen language, else the best of Accept-Language, else French."""
    if not has_request_context():
        return "fr"
    chosen = session.get(SESSION_KEY)
    if chosen in LANGUAGES:
        return cast("Language", chosen)
    best = request.accept_languages.best_match(LANGUAGES, default="fr")
    return cast("Language", best)


def choose_language(language: str) -> None:
    """Keep a language in the session. Raises ValueError for one that is not ours."""
    if language not in LANGUAGES:
        raise ValueError(f"wanted one of {', '.join(LANGUAGES)}; came {language!r}")
    session[SESSION_KEY] = language
