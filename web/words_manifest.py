"""The words of a manifest's summary, a part of the one catalogue (web/words.py)."""

from typing import Final

MANIFEST_WORDS: Final[dict[str, tuple[str, str]]] = {
    "manifest": ("Bilan du manifeste", "Summary of the manifest"),
    "manifest.lead": (
        "Ce qui a été lu de {name}, et ce que chaque ligne est devenue.",
        "What was read of {name}, and what became of each line.",
    ),
    "manifest.back": ("Retour au dépôt", "Back to deposits"),
    "manifest.csv": ("Télécharger le bilan (CSV)", "Download the summary (CSV)"),
    "manifest.understood": ("Comment le tableau a été compris", "How the table was understood"),
    "manifest.encoding": ("Codage du texte", "Text encoding"),
    "manifest.separator": ("Séparateur", "Separator"),
    "manifest.encoding.utf-8": ("UTF-8", "UTF-8"),
    "manifest.encoding.utf-16": ("UTF-16", "UTF-16"),
    "manifest.encoding.windows-1252": ("Windows-1252", "Windows-1252"),
    "manifest.encoding.mixed": (
        "UTF-8 et Windows-1252, selon les lignes",
        "UTF-8 and Windows-1252, by line",
    ),
    "manifest.separator.,": ("virgule", "comma"),
    "manifest.separator.;": ("point-virgule", "semicolon"),
    "manifest.separator.\t": ("tabulation", "tab"),
    "manifest.separator.|": ("barre verticale", "vertical bar"),
    "manifest.own_folder": (
        "Chemins qui commencent par le dossier du manifeste, lus sans lui",
        "Paths that begin with the manifest's own folder, read without it",
    ),
    "manifest.unknown": ("Colonnes inconnues, non lues", "Unknown columns, not read"),
    "manifest.lines": ("Ce que les lignes sont devenues", "What became of the lines"),
    "manifest.what": ("Lignes", "Lines"),
    "manifest.count": ("Nombre", "Count"),
    "manifest.line": ("Ligne", "Line"),
    "manifest.column": ("Colonne", "Column"),
    "manifest.wanted": ("Attendu", "Wanted"),
    "manifest.whole_line": ("toute la ligne", "the whole line"),
    "manifest.fate.lines": ("dans le tableau", "in the table"),
    "manifest.fate.found": ("ont trouvé leur cliché", "found their film"),
    "manifest.fate.pending": (
        "ont un cliché en cours d'examen ou en quarantaine",
        "have a film that is being looked at or in quarantine",
    ),
    "manifest.fate.absent": (
        "attendent un cliché que personne n'a encore déposé",
        "wait for a film that nobody has dropped yet",
    ),
    "manifest.fate.refused": (
        "ne trouveront pas leur cliché : il a été refusé",
        "will not find their film: it was refused",
    ),
    "manifest.fate.unusable": (
        "ne trouveront pas leur cliché : sans chemin utilisable, ou illisibles",
        "will not find their film: without a path that can be used, or unreadable",
    ),
    "manifest.fate.repeated": (
        "répètent le chemin d'une autre ligne",
        "repeat the path of another line",
    ),
    "manifest.fate.changed": (
        "changent ce qu'un manifeste antérieur disait (déjà comptées)",
        "change what an earlier manifest said (counted above)",
    ),
    "manifest.fate.replaced": (
        "sont suivies d'un manifeste plus récent sur le même chemin (déjà comptées)",
        "are followed by a later manifest on the same path (counted above)",
    ),
    "manifest.absent_lines": (
        "Premières lignes qui attendent : {lines}",
        "First lines that wait: {lines}",
    ),
    "manifest.faults": ("Ce qui a été laissé de côté", "What was left out"),
    "manifest.no_faults": ("Rien n'a été laissé de côté.", "Nothing was left out."),
    "manifest.first": (
        "{kind}\N{NO-BREAK SPACE}: les {count} premiers cas",
        "{kind}: the first {count} cases",
    ),
    "manifest.first_one": (
        "{kind}\N{NO-BREAK SPACE}: le premier cas",
        "{kind}: the first case",
    ),
    "manifest.kind": ("Défaut", "Fault"),
    "manifest.kind.path": ("chemin inutilisable", "path that cannot be used"),
    "manifest.kind.value": ("valeur incomprise", "value not understood"),
    "manifest.kind.day": ("jour qui n'existe pas", "day that does not exist"),
    "manifest.kind.text": ("caractères interdits", "characters that no text has"),
    "manifest.kind.site": ("autre site", "another site"),
    "manifest.kind.cells": ("cellules en trop", "too many cells"),
    "manifest.kind.twin-column": ("colonne en double", "column that is there twice"),
    "manifest.kind.contradiction": ("lignes contradictoires", "lines that contradict each other"),
    "manifest.kind.broken": ("ligne illisible", "line that cannot be read"),
}
