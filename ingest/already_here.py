"""Bytes that were dropped before: taken without decoding, looking for text or asking the model.

A receipt keeps a code of the bytes its film was read from. Where a drop's bytes have the code of
an earlier drop of the same site, what that one said is what this one says, and the film is here.
The bytes are read whole and hashed: an ETag is MD5, which anybody can make collide, and of a
multipart upload or an encrypted one it is no hash of the bytes at all.

Not where something besides the bytes had a part in it: a form that names patient, exam or view, on
either side; a drop that was held, released or blacked out; a film nobody has looked for text in.
Such a drop goes the whole way, as does every one after the readers have changed.
"""

import hashlib
import importlib.util
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

from schemas.identities import raw_code
from store.ports import Rows
from store.records import Receipt, SaidBefore

#: What makes a film and its facts of a file's bytes: modules of ours, and the decoders they call.
READERS: Final = (
    "ingest.black_out",
    "ingest.colour",
    "ingest.deidentify",
    "ingest.film_of_file",
    "ingest.readers",
    "ingest.renditions",
    "ingest.says",
    "schemas.facts",
    "schemas.film_turns",
    "schemas.greys",
    "schemas.identities",
    "schemas.presentation",
    "schemas.pseudonyms",
)
DECODERS: Final = ("imagecodecs", "numpy", "pillow", "pydicom")


class AlreadyHere:
    """Knows the bytes of earlier drops."""

    def __init__(self, rows: Rows, secret: str, *, look_for_text: bool) -> None:
        self._rows = rows
        self._secret = secret
        self._look_for_text = look_for_text

    def code(self, receipt: Receipt, raw: bytes) -> str | None:
        """Return the code of a drop's bytes; None where they alone do not make the film."""
        if receipt.black_out or receipt.code is not None:
            return None
        return raw_code(self._secret, reading(), raw)

    def find(self, receipt: Receipt, code: str | None) -> SaidBefore | None:
        """Return what this drop says of a film that is here, None where it has to be read anew."""
        form = receipt.form
        told = (form.patient, form.study, form.study_date, form.view)
        if code is None or receipt.held_at is not None or any(told):
            return None
        before = self._rows.receipts.same_bytes(code, receipt.site)
        here = self._rows.films.get(before.film.id) if before else None
        if before is None or here is None:
            return None
        if self._look_for_text and here.text_check != "clean":
            return None
        return replace(
            before,
            film=replace(
                here,
                # The file's own words, as they were when these bytes were read.
                patient=before.film.patient,
                study=before.film.study,
                view=before.film.view,
                facts=before.film.facts,
                flags=(),
                # This drop's.
                site=receipt.site,
                source=form.source or receipt.source,
                licence=form.licence,
                sharing=form.sharing or "private",
            ),
        )


@cache
def reading() -> str:
    """Return what stands for how bytes are read now: another one where a reader has changed."""
    made_of = hashlib.sha256()
    for name in READERS:
        for path in sources(name):
            made_of.update(path.name.encode() + b"\0" + path.read_bytes())
    made_of.update(repr([(name, version(name)) for name in DECODERS]).encode())
    return made_of.hexdigest()


def sources(name: str) -> list[Path]:
    """Return the files of a module, or of a package."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"wanted {name}, which reads films")
    path = Path(found.origin)
    return sorted(path.parent.glob("*.py")) if path.name == "__init__.py" else [path]
