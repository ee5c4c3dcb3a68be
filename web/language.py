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
    for wanted, _ in request.accept_languages:  # the most wanted first
        primary = wanted.partition("-")[0].lower()  # en-GB is served by en
        if primary in LANGUAGES:
            return primary
    return "fr"


def choose_language(language: str) -> None:
    """Keep a language in the session. Raises ValueError for one that is not ours."""
    if language not in LANGUAGES:
        raise ValueError(f"wanted one of {', '.join(LANGUAGES)}; came {language!r}")
    session[SESSION_KEY] = language
