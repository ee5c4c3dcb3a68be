"""A film's path, as tables and browsers write it and as keys have it: one form for all.

The form: Unicode NFC (macOS writes names in NFD; Unicode Standard Annex 15), "/" between folders,
nothing empty and no "." among them.
"""

import re
import unicodedata
from typing import Final

#: Bytes of a path: S3 allows a key 1,024, of which a deposit's folder takes some.
_PATH_MAX: Final = 980
#: Bytes of a folder's or file's name, as file systems and MinIO have it.
_NAME_MAX: Final = 255
_ODD: Final = re.compile("[\x00-\x1f\x7f\ufffd\ud800-\udfff]")
_DRIVE: Final = re.compile(r"[A-Za-z]:")


def one_form(text: str) -> str:
    """Return a name or key in NFC: two that look the same are the same."""
    return unicodedata.normalize("NFC", text)


def plain_path(text: str) -> str | None:
    r"""Return a path in its one form: `.\été\a.png` is `été/a.png`.

    None for one that leads nowhere below its folder: empty, with `..`, from a drive's root
    (`C:\a.png`), longer than a key may be, or with a character that no name of a file has.
    """
    parts = one_form(text).replace("\\", "/").split("/")
    named = [part for part in parts if part not in {"", "."}]
    path = "/".join(named)
    if not path or ".." in named or _DRIVE.fullmatch(named[0]) or _ODD.search(path):
        return None
    if len(path.encode()) > _PATH_MAX or any(len(part.encode()) > _NAME_MAX for part in named):
        return None
    return path
