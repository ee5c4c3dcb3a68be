"""The error tree. An error says what to do next, so that nobody branches on its text.

RadiothequeError
├── Dead            this record is wrong: set it aside with its reason, go on with the next
│   └── BadObject   one object that a store which works cannot give, take or remove
├── Refusal         this film is wrong: its receipt ends as `rejected` with a code and a reason
│   └── Doubt       a steward must look at it
├── Unavailable     a service is down: wait, repeat the step that failed, lose nothing
├── Forbidden       this account may not do that (HTTP 403)
├── NotFound        there is no such film, receipt, account … (HTTP 404)
│   └── Erased      it was erased on request: for whoever writes of it that is done
├── Conflict        it exists already, or is no longer in the state asked for (HTTP 409)
│   └── InFlight    the same request is being done now: ask again in a moment
└── KeyReused       an Idempotency-Key that was used for something else (HTTP 422)
"""

from typing import Final

from schemas.plain_text import shown

#: Characters of a refusal's fact, at most.
_FACT_LENGTH: Final = 200


class RadiothequeError(Exception):
    """The root of every error this project raises on purpose."""


class Dead(RadiothequeError):
    """A record that no retry can mend: undecodable, unknown type or version, refused by a row."""


class BadObject(Dead):
    """One object that its store cannot give, take or remove, though the store itself works.

    That is this object's fate and no outage; whoever needs it decides what that means. For a
    record it is the end, and no bug of ours: its letter is kept for the day the disk is mended.
    """


class Refusal(RadiothequeError):
    """A film that cannot be taken, for a reason its depositor can read.

    `code` is one of the fixed words of the API (schemas/refusals.py). `wanted` and `came` are
    short English facts with their figures, free of file names and patient data, of a closed
    vocabulary that screens put into French (web/facts.py). Words of a file that a fact names
    (a modality) lose what no row can keep.
    """

    def __init__(self, code: str, *, wanted: str, came: str) -> None:
        self.code = code
        self.wanted = shown(wanted, _FACT_LENGTH)
        self.came = shown(came, _FACT_LENGTH)
        super().__init__(f"{code}: wanted {self.wanted}, came {self.came}")


class Doubt(Refusal):
    """A film that is not taken yet: a steward looks at it and decides (quarantine).

    `inverted`: its greys are, so that the steward is shown it turned over.
    """

    inverted: bool = False


class Unavailable(RadiothequeError):
    """A service that does not answer now: connection refused, 5xx, disk full, model loading.

    `service` is kafka, minio, postgres, redis or triton.
    """

    def __init__(self, service: str, message: str) -> None:
        super().__init__(f"{service}: {message}")
        self.service = service


class Forbidden(RadiothequeError):
    """This account's role does not allow that. Held by the stored functions (SQLSTATE RD403)."""


class NotFound(RadiothequeError):
    """There is no such thing, or this account may not know of it (SQLSTATE RD404)."""


class Erased(NotFound):
    """The film was erased: nothing may be written of it any more (SQLSTATE RD410)."""


class Conflict(RadiothequeError):
    """It exists already, or is no longer in the state asked for (SQLSTATE RD409)."""


class InFlight(Conflict):
    """A request with the same Idempotency-Key is being done at this moment (SQLSTATE RD425)."""


class KeyReused(RadiothequeError):
    """This Idempotency-Key was used for another request (SQLSTATE RD422)."""
