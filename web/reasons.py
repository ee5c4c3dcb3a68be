"""Why a film was refused, in words of the reader's language: what was wanted, what came.

Ingest says a code (schemas/refusals.py) and two short English facts (schemas/errors.Refusal).
Each code has a sentence in both languages, and the facts follow it, put into French by
web/facts.py. A fact without a French form (of an older or newer version) is left out of a
French screen: the code's sentence stands without it, and the English stays in the event.
"""

from typing import Final

from store.records import Receipt
from web.facts import french_of
from web.language import Language

#: What the screen says for each code: French, English. `wanted` and `came` are put behind it.
SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "empty": ("Le fichier est vide", "The file is empty"),
    "truncated": (
        "L'image est incomplète ou abîmée",
        "The picture is incomplete or damaged",
    ),
    "not-an-image": (
        "Ce fichier n'est pas une image lisible",
        "This file is not a picture we can read",
    ),
    "unsupported": (
        "Cette forme d'image n'est pas prise en charge",
        "This kind of picture is not supported",
    ),
    "too-large": ("Le cliché est trop grand", "The film is too large"),
    "too-small": ("Le cliché est trop petit pour être lu", "The film is too small to be read"),
    "decoder-limit": (
        "Le décodage de l'image a dépassé les limites",
        "Decoding the picture went over the limits",
    ),
    "manifest": (
        "Ce manifeste (labels.csv) n'est pas lisible",
        "This manifest (labels.csv) cannot be read",
    ),
    "object-gone": (
        "Le fichier a été retiré du dépôt avant d'être lu",
        "The file was removed before it was read",
    ),
    "unreadable-object": (
        "Le stockage ne rend pas ce fichier, qui y reste ; un gestionnaire doit voir pourquoi",
        "The store cannot give this file back, and keeps it; a steward has to see why",
    ),
    "not-dicom": (
        "Ce fichier DICOM n'en est pas un",
        "This file is marked as DICOM and is none",
    ),
    "modality": (
        "Ce n'est pas une radiographie standard",
        "This is no plain radiograph",
    ),
    "multi-frame": (
        "Le fichier contient plusieurs images",
        "The file holds several pictures",
    ),
    "no-pixels": ("Le fichier ne contient pas d'image", "The file holds no picture"),
    "transfer-syntax": (
        "La compression de ce fichier DICOM n'est pas prise en charge",
        "The compression of this DICOM file is not supported",
    ),
    "mismatch": (
        "L'en-tête du fichier et son image se contredisent",
        "The file's header and its picture contradict each other",
    ),
    "aspect": (
        "Le cliché est trop allongé pour être un thorax",
        "The film is too long and narrow for a chest",
    ),
    "blank": ("Le cliché ne montre rien", "The film shows nothing"),
    "not-a-film": ("Ce n'est pas une radiographie", "This is no radiograph"),
    "not-a-chest": (
        "L'image ne ressemble pas à une radiographie du thorax",
        "The picture does not look like a radiograph of a chest",
    ),
    "orientation": (
        "L'orientation annoncée n'est pas celle de l'image ; un gestionnaire doit décider",
        "The orientation that is said is not the picture's; a steward has to decide",
    ),
    "view-disagrees": (
        "Le cliché paraît de profil mais est dit de face ; un gestionnaire doit décider",
        "The film looks lateral but is said to be frontal; a steward has to decide",
    ),
    "burned-in": (
        "Le fichier signale un nom incrusté dans l'image ; un gestionnaire doit décider",
        "The file says that a name is burnt into the picture; a steward has to decide",
    ),
    "burned-in-text": (
        "Du texte est incrusté dans l'image ; un gestionnaire doit décider",
        "There is text burnt into the picture; a steward has to decide",
    ),
    "secondary-capture": (
        "L'image est une capture et peut montrer un nom ; un gestionnaire doit décider",
        "The picture is a secondary capture and may show a name; a steward has to decide",
    ),
    "screen-save": (
        "L'image est une copie d'écran et peut montrer un nom ; un gestionnaire doit décider",
        "The picture is a screen save and may show a name; a steward has to decide",
    ),
    "refused": (
        "Un gestionnaire a refusé ce cliché",
        "A steward refused this film",
    ),
    "erased": (
        "Ce cliché a été effacé à la demande ; un gestionnaire doit l'admettre de nouveau",
        "This film was erased on request; a steward has to allow it again",
    ),
    "expired": (
        "Aucun gestionnaire n'a décidé à temps de ce cliché",
        "No steward decided on this film in time",
    ),
    # States of a receipt that may have no code.
    "quarantined": (
        "Le cliché attend la décision d'un gestionnaire",
        "The film waits for a steward's decision",
    ),
    "failed": (
        "Le traitement a échoué ; rien n'est perdu, un gestionnaire peut le rejouer",
        "Processing failed; nothing is lost, a steward can replay it",
    ),
}
_OTHER: Final = ("Le cliché a été refusé ({code})", "The film was refused ({code})")
_WANTED: Final = ("attendu {fact}", "wanted {fact}")
_CAME: Final = ("reçu {fact}", "came {fact}")
_COLON: Final = (" : ", ": ")


def reason_of(receipt: Receipt, language: Language) -> dict[str, str] | None:
    """Return code and message of a refused, quarantined or failed receipt, else None."""
    if receipt.state not in {"rejected", "quarantined", "failed"}:
        return None
    code = receipt.code or receipt.state
    said = message(code, receipt.wanted, receipt.came, language)
    if receipt.note:
        said += f" « {receipt.note} »" if language == "fr" else f" “{receipt.note}”"
    return {"code": code, "message": said}


def message(code: str, wanted: str | None, came: str | None, language: Language) -> str:
    """Return a code's sentence with its facts, as far as the language has them."""
    place = 0 if language == "fr" else 1
    head = SENTENCES.get(code, _OTHER)[place].format(code=code)
    facts = [
        said[place].format(fact=known)
        for said, english in ((_WANTED, wanted), (_CAME, came))
        if english and (known := english if language == "en" else french_of(english))
    ]
    return f"{head}{_COLON[place] if facts else ''}{', '.join(facts)}."
