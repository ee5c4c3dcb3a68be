"""Where films come from and who may see them: licences, the depositor's statement, sharing.

The one home of each: the screens, the API, the command line and the stores take them from here.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Sharing = Literal["private", "library", "open"]
TextCheck = Literal["unseen", "clean", "found"]

#: Licences a film may have, by their SPDX identifier (https://spdx.org/licenses).
Licence = Literal[
    "CC0-1.0",
    "CC-BY-4.0",
    "CC-BY-SA-4.0",
    "CC-BY-NC-4.0",
    "CC-BY-NC-SA-4.0",
    "CC-BY-NC-ND-4.0",
    "PDDL-1.0",
    "ODC-By-1.0",
]
LICENCES: Final[tuple[str, ...]] = get_args(Licence)

#: What a depositor states, by version: French, then English. A version's words never change:
#: receipts name it. Another wording is another version, and the newest is asked for.
STATEMENTS: Final[dict[str, tuple[str, str]]] = {
    "2026-11": (
        "Je suis autorisé à déposer ces clichés et aucun nom n'y est lisible.",
        "I am authorised to deposit these films and no name can be read in them.",
    ),
}
#: The version that *Dépôt* asks for.
STATEMENT_VERSION: Final = "2026-11"


#: A collection's name: it goes into events, so it is one plain word.
SourceName = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$",
        description="the collection the films come from: small letters, digits, . _ -",
    ),
]


class DepositorSays(BaseModel):
    """What a depositor says of the films beside the films: in a form, or in an object's metadata.

    `statement` is a version of STATEMENTS; `sharing` is a wish (allowed_sharing).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    statement: str | None = Field(None, pattern=f"^({'|'.join(STATEMENTS)})$")
    source: SourceName | None = None
    licence: Licence | None = None
    sharing: Sharing | None = None

    def metadata(self) -> Mapping[str, str]:
        """Return it as an object's metadata, for a drop into the bucket."""
        said: dict[str, str] = self.model_dump(exclude_none=True)
        return said


def allowed_sharing(wished: Sharing, text_check: TextCheck, licence: str | None) -> Sharing:
    """Return what becomes of a wish: private unless the film is clean, and if open, licensed.

    The database holds the same (trigger film_keeps_private).
    """
    if text_check != "clean" or (wished == "open" and licence is None):
        return "private"
    return wished
