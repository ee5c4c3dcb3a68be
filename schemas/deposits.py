"""Where the files of one deposit, by browser or API, lie in dropzone: one opaque folder for it.

A film's key says nothing of its name: it is a keyed code of its path within the deposit. So ingest
finds the films of which a manifest speaks, and nobody else reads a name from a key. A manifest
lies under its own path, since what it says is meant from there.
"""

from typing import Final
from uuid import UUID

from schemas.drop_paths import one_form
from schemas.identities import keyed_code

#: What browsers and the API put lies there, and nobody who drops in bulk may.
UPLOADS: Final = "uploads/"


def deposit_folder(secret: str, account: UUID, deposit: UUID) -> str:
    """Return the folder of a deposit, without a slash at its end: nobody else's has it."""
    return f"{UPLOADS}{keyed_code(secret, 'deposit', str(account), str(deposit))}"


def film_key(secret: str, folder: str, path: str) -> str:
    """Return the key of a deposit's film by its path there."""
    return f"{folder}/{keyed_code(secret, 'path', one_form(path))}"


def place_of(key: str) -> tuple[str | None, str]:
    """Return a manifest's deposit and its path there; None and its key for one of the bucket."""
    deposit, slash, path = key.removeprefix(UPLOADS).partition("/")
    if key.startswith(UPLOADS) and slash:
        return f"{UPLOADS}{deposit}", path
    return None, key
