"""Why a film was refused, in words of the reader's language: what was wanted, what came.

Ingest says a code and two short English facts (schemas/errors.Refusal). Each code has a sentence
in both languages; the facts are put into French by web/facts.py.
"""

from typing import Final

from store.records import Receipt
from web.facts import fact
from web.language import Language

#: What the screen says for each code: French, English. `{wanted}` and `{came}` are ingest's.
SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "empty": (
        "Le fichier est vide : une image PNG, JPEG ou DICOM était attendue.",
        "The file is empty: a PNG, JPEG or DICOM picture was wanted.",
    ),
    "truncated": (
        "L'image est incomplète ou abîmée : attendu {wanted}, reçu {came}.",
        "The picture is incomplete or damaged: wanted {wanted}, came {came}.",
    ),
    "not-an-image": (
        "Ce fichier n'est pas une image lisible : attendu {wanted}, reçu {came}.",
        "This file is not a picture we can read: wanted {wanted}, came {came}.",
    ),
    "unsupported": (
        "Cette forme d'image n'est pas prise en charge : attendu {wanted}, reçu {came}.",
        "This kind of picture is not supported: wanted {wanted}, came {came}.",
    ),
    "too-large": (
        "Le cliché est trop grand : attendu {wanted}, reçu {came}.",
        "The film is too large: wanted {wanted}, came {came}.",
    ),
    "too-small": (
        "Le cliché est trop petit pour être lu : attendu {wanted}, reçu {came}.",
        "The film is too small to be read: wanted {wanted}, came {came}.",
    ),
    "decoder-limit": (
        "Le décodage de l'image a dépassé les limites : attendu {wanted}, reçu {came}.",
        "Decoding the picture went over the limits: wanted {wanted}, came {came}.",
    ),
    "not-dicom": (
        "Ce fichier se dit DICOM et ne l'est pas : attendu {wanted}, reçu {came}.",
        "This file says it is DICOM and is not: wanted {wanted}, came {came}.",
    ),
    "modality": (
        "Cet examen n'est pas une radiographie : attendu {wanted}, reçu {came}.",
        "This examination is not a radiograph: wanted {wanted}, came {came}.",
    ),
    "multi-frame": (
        "Ce fichier contient plusieurs images : attendu {wanted}, reçu {came}.",
        "This file holds several pictures: wanted {wanted}, came {came}.",
    ),
    "no-pixels": (
        "Ce fichier DICOM ne contient pas d'image : attendu {wanted}, reçu {came}.",
        "This DICOM file holds no picture: wanted {wanted}, came {came}.",
    ),
    "transfer-syntax": (
        "Cette compression DICOM n'est pas prise en charge : attendu {wanted}, reçu {came}.",
        "This DICOM compression is not supported: wanted {wanted}, came {came}.",
    ),
    "burned-in": (
        "Ce fichier dit que du texte est inscrit dans l'image : attendu {wanted}, reçu {came}.",
        "This file says that text is burned into it: wanted {wanted}, came {came}.",
    ),
    "screen-save": (
        "Cette image est une copie d'écran : attendu {wanted}, reçu {came}.",
        "This picture is a screen save: wanted {wanted}, came {came}.",
    ),
    "secondary-capture": (
        "Cette image ne vient pas d'un détecteur : attendu {wanted}, reçu {came}.",
        "This picture is not from a detector: wanted {wanted}, came {came}.",
    ),
    "not-a-chest": (
        "L'image ne ressemble pas à une radiographie du thorax : attendu {wanted}, reçu {came}.",
        "The picture does not look like a chest radiograph: wanted {wanted}, came {came}.",
    ),
    "object-gone": (
        "Le fichier a été retiré du dépôt avant d'être lu : attendu {wanted}, reçu {came}.",
        "The file was removed before it was read: wanted {wanted}, came {came}.",
    ),
    "erased": (
        "Ce cliché a été effacé à la demande : il faut l'accord d'un gestionnaire.",
        "This film was erased on request: a steward has to allow it again.",
    ),
    "quarantined": (
        "Le cliché attend la décision d'un gestionnaire.",
        "The film waits for a steward's decision.",
    ),
    "failed": (
        "Le traitement a échoué ; rien n'est perdu, un gestionnaire peut le rejouer.",
        "Processing failed; nothing is lost, a steward can replay it.",
    ),
}
_OTHER: Final = (
    "Le cliché a été refusé ({code}) : attendu {wanted}, reçu {came}.",
    "The film was refused ({code}): wanted {wanted}, came {came}.",
)
_UNSAID: Final = ("autre chose", "something else")


def reason_of(receipt: Receipt, language: Language) -> dict[str, str] | None:
    """Return code and message of a refused, quarantined or failed receipt, else None."""
    if receipt.state not in {"rejected", "quarantined", "failed"}:
        return None
    code = receipt.code or receipt.state
    place = 0 if language == "fr" else 1
    wanted = fact(receipt.wanted, language) if receipt.wanted else _UNSAID[place]
    came = fact(receipt.came, language) if receipt.came else _UNSAID[place]
    sentence = SENTENCES.get(code, _OTHER)[place]
    return {"code": code, "message": sentence.format(code=code, wanted=wanted, came=came)}
