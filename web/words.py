"""The one catalogue of words on screen, French first, English second.

A word is asked for by its key and never written in a template. Findings are translated here for
screens only: the API, files and rows keep CheXpert's English names in every language. Screens say
*score*, never a probability or a percentage, and never that a film is normal.
"""

from dataclasses import dataclass
from typing import Final

from schemas.findings import FINDINGS, FRENCH
from schemas.provenance import STATEMENTS
from web.language import LANGUAGES, Language
from web.words_alerts import ALERT_WORDS
from web.words_card import CARD_WORDS
from web.words_manifest import MANIFEST_WORDS

#: What helps to recognise a finding, where its name does not say it all: French, English.
_FINDING_HELP: Final[dict[str, tuple[str, str]]] = {
    "Cardiomegaly": (
        "index cardiothoracique > 0,5 en PA",
        "cardiothoracic ratio > 0.5 on a PA film",
    ),
    "Lung Opacity": (
        "englobe œdème, condensation, pneumopathie, nodule ou masse, atélectasie",
        "stands above edema, consolidation, pneumonia, lung lesion, atelectasis",
    ),
    "Lung Lesion": (
        "lésion focale",
        "nodule or mass",
    ),
    "Pleural Effusion": (
        "liquidien",
        "fluid",
    ),
    "Pleural Other": (
        "épaississement, plaque, calcification",
        "thickening, plaque, calcification",
    ),
    "Fracture": (
        "côte, clavicule, rachis",
        "rib, clavicle, spine",
    ),
    "Support Devices": (
        "sonde, cathéter, drain, stimulateur",
        "tube, catheter, drain, pacemaker",
    ),
}
#: Each finding's name on screen and what helps to recognise it: (French, English), (help, help).
FINDING_WORDS: Final[dict[str, tuple[tuple[str, str], tuple[str, str]]]] = {
    name: ((FRENCH[name], name), _FINDING_HELP.get(name, ("", ""))) for name in FINDINGS
}

#: Every other word: key, French, English. A part in braces is filled by the caller.
CATALOGUE: Final[dict[str, tuple[str, str]]] = {
    # Everywhere
    "app": ("Radiothèque", "Radiothèque"),
    "research": (
        "Usage de recherche, n'est pas un dispositif médical.",
        "Research use, not a medical device.",
    ),
    "skip": ("Aller au contenu", "Skip to content"),
    "nav": ("Navigation principale", "Main navigation"),
    "nav.deposit": ("Dépôt", "Deposit"),
    "nav.films": ("Clichés", "Films"),
    "nav.system": ("Système", "System"),
    "nav.model": ("Modèle", "Model"),
    "nav.quarantine": ("Quarantaine", "Quarantine"),
    "language": ("Langue", "Language"),
    "account": ("Compte", "Account"),
    "sign_out": ("Se déconnecter", "Sign out"),
    "close": ("Fermer", "Close"),
    "film": ("Cliché", "Film"),
    "pseudonymised": ("Clichés pseudonymisés.", "Films are pseudonymised."),
    "role.viewer": ("consultation", "viewer"),
    "role.radiologist": ("radiologue", "radiologist"),
    "role.steward": ("gestionnaire", "steward"),
    "role.admin": ("administrateur", "admin"),
    "error.network": (
        "Le serveur ne répond pas. Vérifiez la connexion, puis réessayez.",
        "The server does not answer. Check the connection, then try again.",
    ),
    "error.signed_out": (
        "La session a expiré. Connectez-vous de nouveau.",
        "The session has expired. Sign in again.",
    ),
    # Sign in
    "sign_in": ("Connexion", "Sign in"),
    "sign_in.do": ("Se connecter", "Sign in"),
    "sign_in.lead": (
        (
            "Une bibliothèque ouverte de radiographies thoraciques, lues par des médecins avec un "
            "modèle."
        ),
        "An open library of chest radiographs, read by physicians together with a model.",
    ),
    "sign_in.name": ("Nom du compte", "Account name"),
    "sign_in.password": ("Mot de passe", "Password"),
    "sign_in.bad": (
        "Nom de compte ou mot de passe incorrect.",
        "Wrong account name or password.",
    ),
    "sign_in.slow": (
        "Trop d'essais. Attendez une minute, puis réessayez.",
        "Too many attempts. Wait a minute, then try again.",
    ),
    # Errors
    "error.400": ("Demande incorrecte", "Bad request"),
    "error.401": ("Connexion nécessaire", "Sign-in needed"),
    "error.403": ("Accès refusé", "Access refused"),
    "error.404": ("Page introuvable", "Page not found"),
    "error.405": ("Action impossible ici", "Not possible here"),
    "error.409": ("Déjà modifié", "Already changed"),
    "error.413": ("Envoi trop lourd", "Too large"),
    "error.422": ("Demande incorrecte", "Bad request"),
    "error.429": ("Trop de demandes", "Too many requests"),
    "error.500": ("Erreur interne", "Internal error"),
    "error.502": ("Fichier illisible", "Unreadable file"),
    "error.503": ("Service indisponible", "Service unavailable"),
    "error.400.help": (
        "La page a peut-être expiré. Revenez en arrière, rechargez-la et recommencez.",
        "The page may have expired. Go back, reload it and try again.",
    ),
    "error.401.help": ("Connectez-vous pour continuer.", "Sign in to go on."),
    "error.403.help": (
        "Votre rôle ne permet pas cette action. Un administrateur peut le changer.",
        "Your role does not allow this. An admin can change it.",
    ),
    "error.404.help": (
        "Le cliché ou la page n'existe pas, ou a été effacé.",
        "The film or page does not exist, or was erased.",
    ),
    "error.405.help": ("Revenez à la page d'avant.", "Go back to the page before."),
    "error.409.help": (
        "Quelqu'un l'a changé entre-temps. Rechargez la page.",
        "Somebody changed it in the meantime. Reload the page.",
    ),
    "error.413.help": (
        "Envoyez moins de fichiers à la fois, ou des fichiers plus petits.",
        "Send fewer files at once, or smaller ones.",
    ),
    "error.422.help": (
        "Une valeur n'est pas acceptée. Vérifiez les filtres choisis.",
        "A value is not accepted. Check the chosen filters.",
    ),
    "error.429.help": (
        "Attendez un instant, puis réessayez.",
        "Wait a moment, then try again.",
    ),
    "error.500.help": (
        "L'incident est dans le journal du serveur. Rien de déposé n'est perdu.",
        "The incident is in the server's log. Nothing deposited is lost.",
    ),
    "error.502.help": (
        "Le stockage ne peut pas rendre ce fichier ; un gestionnaire doit voir pourquoi.",
        "The store cannot give this file back; a steward has to see why.",
    ),
    "error.503.help": (
        (
            "Un service est arrêté. Rien n'est perdu : réessayez dans un instant ou voyez la page "
            "Système."
        ),
        "A service is down. Nothing is lost: try again in a moment, or see the System page.",
    ),
    "error.home": ("Revenir aux clichés", "Back to the films"),
    # Provenance
    "provenance": ("Provenance", "Provenance"),
    "provenance.site": ("Site", "Site"),
    "provenance.source": ("Source", "Source"),
    "provenance.licence": ("Licence", "Licence"),
    "provenance.sharing": ("Partage", "Sharing"),
    "provenance.stated": ("Attestation", "Statement"),
    "provenance.no_licence": ("aucune", "none"),
    "provenance.no_statement": ("aucune (dépôt par le bucket)", "none (dropped into the bucket)"),
    "provenance.stated_on": ("version {version}, {when}", "version {version}, {when}"),
    "provenance.change": ("Changer le partage", "Change sharing"),
    "provenance.save": ("Enregistrer le partage", "Save sharing"),
    "provenance.saved": ("Partage enregistré.", "Sharing saved."),
    "provenance.not_clean": (
        "Reste privé : il n'est pas vérifié qu'aucun texte n'y est lisible.",
        "Stays private: it is not shown that no text can be read in it.",
    ),
    "sharing.private": ("Privé : ce site seulement", "Private: this site only"),
    "sharing.library": ("Bibliothèque : tous les sites", "Library: every site"),
    "sharing.open": ("Ouvert : sous une licence", "Open: under a licence"),
    **{f"statement.{version}": pair for version, pair in STATEMENTS.items()},
    # Dépôt
    "deposit": ("Dépôt", "Deposit"),
    "deposit.lead": (
        (
            "Déposez des clichés PNG, JPEG, TIFF, JPEG XL ou DICOM : les signes suspectés, leur"
            " place et les clichés similaires suivent en quelques instants."
        ),
        (
            "Drop PNG, JPEG, TIFF, JPEG XL or DICOM films: the suspected findings, where they are"
            " and the most similar films follow in moments."
        ),
    ),
    "deposit.zone": (
        "Glissez ici des fichiers ou des dossiers",
        "Drag files or folders here",
    ),
    "deposit.or": ("ou", "or"),
    "deposit.files": ("Choisir des fichiers", "Choose files"),
    "deposit.folder": ("Choisir un dossier", "Choose a folder"),
    "deposit.limits": (
        (
            "Jusqu'à {file} Mo par fichier, autant de fichiers que voulu. Le type est reconnu au "
            "contenu, pas au nom."
        ),
        (
            "Up to {file} MB a file, as many files as you like. Type is told by content, not by "
            "name."
        ),
    ),
    "deposit.private": (
        (
            "Les métadonnées sont retirées à l'arrivée. Ne déposez pas d'image où un nom est "
            "incrusté."
        ),
        "Metadata are removed on arrival. Do not deposit an image with a name burnt into it.",
    ),
    "deposit.table": (
        "Un tableau labels.csv, déposé avec ses clichés ou juste après, dit ce que l'on en sait.",
        "A table labels.csv, dropped with its films or just after, says what is known of them.",
    ),
    "deposit.about": (
        "Patient, date et incidence (facultatif, hors DICOM)",
        "Patient, date and view (optional, not for DICOM)",
    ),
    "deposit.about_help": (
        (
            "Vaut pour les prochains fichiers déposés, tous du même patient ; les champs sont "
            "ensuite vidés. Le code du patient est haché à l'arrivée, avec une clé du site : "
            "il n'est jamais gardé tel quel. Pas de nom ici. Un fichier DICOM dit cela lui-même "
            "et l'emporte."
        ),
        (
            "Holds for the files dropped next, all of one patient; the fields are then emptied. "
            "The patient's code is hashed on arrival, with a key of the site: it is never kept "
            "as it is. No name here. A DICOM file says this itself and wins."
        ),
    ),
    "deposit.patient": ("Code du patient", "Patient code"),
    "deposit.exam_date": ("Date de l'examen", "Exam date"),
    "deposit.exam_date_help": (
        (
            "Avec un code de patient seulement : la date est gardée décalée, d'un nombre de "
            "semaines propre au patient."
        ),
        "With a patient code only: the date is kept shifted, by weeks of the patient's own.",
    ),
    "deposit.view": ("Incidence", "View"),
    "deposit.about_used": (
        "Fichiers concernés : {count}. Les champs ont été vidés.",
        "Files concerned: {count}. The fields were emptied.",
    ),
    "deposit.statement_first": (
        "Cochez d'abord l'attestation : rien n'a été envoyé.",
        "Tick the statement first: nothing was sent.",
    ),
    "deposit.origin": (
        "Provenance et partage (facultatif)",
        "Provenance and sharing (optional)",
    ),
    "deposit.origin_help": (
        (
            "Vaut pour tous les fichiers déposés depuis cette page. Un cliché ne quitte votre "
            "site que si aucun texte n'y est trouvé ; sinon il reste privé et le reçu le dit."
        ),
        (
            "Holds for all files dropped from this page. A film leaves your site only if no text "
            "is found in it; otherwise it stays private and its receipt says so."
        ),
    ),
    "deposit.source_help": (
        "Nom de la collection : minuscules, chiffres, . _ -",
        "The collection's name: small letters, digits, . _ -",
    ),
    "deposit.source_wrong": (
        "Source : minuscules, chiffres, . _ - seulement ; rien n'a été envoyé.",
        "Source: small letters, digits, . _ - only; nothing was sent.",
    ),
    "deposit.licence_first": (
        "Un cliché ouvert a une licence : choisissez-la d'abord.",
        "An open film has a licence: choose it first.",
    ),
    "deposit.kept_private": (
        "gardé privé : il n'est pas vérifié qu'aucun texte n'y est lisible",
        "kept private: it is not shown that no text can be read in it",
    ),
    "deposit.already_here": ("déjà présent", "already here"),
    "deposit.contradicts": (
        "ne concorde pas avec ce qui était connu : {facts}",
        "disagrees with what was known: {facts}",
    ),
    "deposit.fact.patient": ("patient", "patient"),
    "deposit.fact.study": ("examen", "study"),
    "deposit.fact.view": ("incidence", "view"),
    "deposit.fact.sex": ("sexe", "sex"),
    "deposit.fact.age": ("âge", "age"),
    "deposit.forbidden": (
        "Votre rôle (consultation) ne permet pas de déposer.",
        "Your role (viewer) does not allow depositing.",
    ),
    "deposit.summary": (
        "{sent} envoyés, {received} reçus, {analysed} analysés, {refused} refusés",
        "{sent} sent, {received} received, {analysed} analysed, {refused} rejected",
    ),
    "deposit.received": ("reçus", "received"),
    "deposit.analysed": ("analysés", "analysed"),
    "deposit.refused": ("refusés", "rejected"),
    "deposit.chosen": ("choisis", "chosen"),
    "deposit.list": ("Fichiers déposés", "Deposited files"),
    "deposit.recent": ("Dépôts récents", "Recent deposits"),
    "deposit.none": ("Rien n'a encore été déposé.", "Nothing has been deposited yet."),
    "deposit.left": (
        (
            "{count} fichier(s) laissé(s) de côté : ce ne sont pas des clichés (DICOMDIR,"
            " programmes, pages…)."
        ),
        "{count} file(s) left: they are no films (DICOMDIR, programs, pages, …).",
    ),
    "deposit.no_file": (
        "Aucun fichier dans ce qui a été glissé.",
        "There is no file in what was dropped.",
    ),
    "deposit.unreadable": (
        "{count} fichiers ou dossiers n'ont pas pu être lus par le navigateur.",
        "{count} files or folders could not be read by the browser.",
    ),
    "deposit.too_large": (
        "{size} Mo : la limite est de {limit} Mo par fichier.",
        "{size} MB: the limit is {limit} MB a file.",
    ),
    "deposit.retry": ("Renvoyer", "Send again"),
    "deposit.retry_all": (
        "Renvoyer tout ce qui n'est pas parti",
        "Send again all that did not leave",
    ),
    "deposit.again_in": ("nouvel essai dans {seconds} s", "trying again in {seconds} s"),
    "deposit.open": ("Ouvrir le cliché", "Open the film"),
    "deposit.manifest": ("Voir le bilan", "See the summary"),
    "state.waiting": ("en attente", "waiting"),
    "state.sending": ("envoi", "sending"),
    "state.received": ("reçu", "received"),
    "state.accepted": ("accepté, analyse en cours", "accepted, being analysed"),
    "state.analysed": ("analysé", "analysed"),
    "state.rejected": ("refusé", "rejected"),
    "state.quarantined": ("en quarantaine", "quarantined"),
    "state.failed": ("en échec", "failed"),
    "state.manifest": ("manifeste lu", "manifest read"),
    "state.unsent": ("non envoyé", "not sent"),
    # Quarantaine
    "quarantine": ("Quarantaine", "Quarantine"),
    "quarantine.lead": (
        (
            "Ces clichés douteux ne sont pas encore entrés : regardez chacun, masquez ce qui nomme"
            " un patient, puis laissez passer ou refusez. Sans décision, un cliché est supprimé"
            " après {days} jours."
        ),
        (
            "These doubtful films have not come in yet: look at each, black out what names a"
            " patient, then let it pass or refuse it. Without a decision a film is deleted after"
            " {days} days."
        ),
    ),
    "quarantine.empty": ("Aucun cliché n'attend de décision.", "No film waits for a decision."),
    "quarantine.more": (
        "D'autres clichés suivent : rechargez la page après ces décisions.",
        "More films follow: load the page again after these decisions.",
    ),
    "quarantine.picture": ("Cliché en quarantaine", "Film in quarantine"),
    "quarantine.since": ("En attente depuis le", "Waiting since"),
    "quarantine.file": ("Fichier :", "File:"),
    "quarantine.mask": ("Ajouter un masque", "Add a mask"),
    "quarantine.mask_help": (
        (
            "Tracez un masque sur le cliché, ou ajoutez-en un ; flèches : déplacer, Maj +"
            " flèches : dimensionner, Suppr : retirer. Ce qui est masqué l'est pour toujours."
        ),
        (
            "Draw a mask on the film, or add one; arrows move it, Shift + arrows size it, Delete"
            " removes it. What is blacked out is so for good."
        ),
    ),
    "quarantine.mask_at": (
        "Masque, en centièmes : gauche {left}, haut {top}, largeur {width}, hauteur {height}",
        "Mask, in hundredths: left {left}, top {top}, width {width}, height {height}",
    ),
    "quarantine.masks": ("{count} zone(s) masquée(s)", "{count} part(s) blacked out"),
    "quarantine.release": ("Laisser passer", "Let it pass"),
    "quarantine.refuse": ("Refuser et supprimer", "Refuse and delete"),
    "quarantine.note": (
        "Motif du refus, pour le déposant (sans nom de patient)",
        "Why it is refused, for its depositor (no patient's name)",
    ),
    "quarantine.released": (
        "Le cliché suit son chemin, comme un dépôt.",
        "The film goes on, as a deposit does.",
    ),
    "quarantine.refused": (
        "Le cliché est refusé, son fichier va être supprimé.",
        "The film is refused, its file will be deleted.",
    ),
    # Findings
    "group.lungs": ("Poumons", "Lungs"),
    "group.pleura": ("Plèvre", "Pleura"),
    "group.heart": ("Cœur et médiastin", "Heart and mediastinum"),
    "group.bones": ("Os", "Bones"),
    "group.devices": ("Matériel", "Devices"),
    "group.conclusion": ("Conclusion", "Conclusion"),
    "finding": ("Signe", "Finding"),
    "findings": ("Signes", "Findings"),
    "score": ("score", "score"),
    "threshold": ("seuil", "threshold"),
    "suspected": ("suspecté", "suspected"),
    "borderline": ("limite", "borderline"),
    "not_suspected": ("non suspecté", "not suspected"),
    "not_assessed": ("non évalué", "not assessed"),
    "unreliable": ("peu fiable", "unreliable"),
    "label.1": ("présent", "present"),
    "label.0": ("absent", "absent"),
    "label.-1": ("douteux", "uncertain"),
    "label.none": ("non renseigné", "not mentioned"),
    "source.physician": ("validé par un médecin", "physician's"),
    "source.imported": ("étiquette importée", "imported label"),
    "source.synthetic": ("synthétique", "synthetic"),
    "view.PA": ("PA", "PA"),
    "view.AP": ("AP", "AP"),
    "view.LATERAL": ("profil", "lateral"),
    "view.none": ("incidence inconnue", "view unknown"),
    "view.PA.help": ("postéro-antérieur", "postero-anterior"),
    "view.AP.help": ("souvent au lit", "often at the bedside"),
    # Clichés
    "films": ("Clichés", "Films"),
    "films.filter": ("Filtrer les clichés", "Filter the films"),
    "films.any_finding": ("tous les signes", "any finding"),
    "films.state": ("État", "State"),
    "films.any": ("indifférent", "any"),
    "films.label": ("Étiquette", "Label"),
    "films.minimum": ("Score minimal", "Minimum score"),
    "films.apply": ("Filtrer", "Filter"),
    "films.clear": ("Tout voir", "Show all"),
    "films.film_state": ("Clichés", "Films"),
    "films.of_finding": ("Selon le modèle", "As the model says"),
    "films.analysed": ("analysés", "analysed"),
    "films.waiting": ("en attente d'analyse", "waiting for analysis"),
    "films.read": ("lus", "read"),
    "films.unread": ("à lire", "to read"),
    "films.next": ("Page suivante", "Next page"),
    "films.first": ("Revenir au début", "Back to the start"),
    "films.empty": ("Aucun cliché pour ces critères.", "No film for these criteria."),
    "films.empty_library": (
        "La bibliothèque est vide. Déposez un premier cliché.",
        "The library is empty. Deposit a first film.",
    ),
    "films.empty_do": ("Déposer des clichés", "Deposit films"),
    "films.count": ("{count} clichés sur cette page", "{count} films on this page"),
    "films.keys": (
        "Flèches pour se déplacer, Entrée pour ouvrir.",
        "Arrows to move, Enter to open.",
    ),
    "films.none_suspected": ("Aucun signe suspecté", "No finding suspected"),
    "films.more": ("et {count} de plus", "and {count} more"),
    "films.validated": ("validé par un médecin", "read by a physician"),
    "films.in_waiting": ("analyse en attente", "analysis waiting"),
    "films.need_finding": (
        "Choisissez un signe pour filtrer par état, étiquette ou score.",
        "Choose a finding to filter by state, label or score.",
    ),
    "films.bad_minimum": (
        "Le score minimal va de 0 à 1 ; reçu : {came}.",
        "The minimum score goes from 0 to 1; came: {came}.",
    ),
    "films.bad_after": (
        "L'adresse de cette page est incorrecte : liste reprise au début.",
        "This page's address is wrong: the list starts again.",
    ),
    # Lecture
    "reading": ("Lecture", "Reading"),
    "reading.previous": ("Cliché précédent", "Previous film"),
    "reading.next": ("Cliché suivant", "Next film"),
    "reading.list": ("Liste", "List"),
    "reading.deposited": ("déposé le {when}", "deposited on {when}"),
    "reading.copy": ("Code du cliché", "Film code"),
    "known": ("Ce qui est connu", "What is known"),
    "known.view": ("Incidence", "View"),
    "known.sex": ("Sexe", "Sex"),
    "known.sex.F": ("féminin", "female"),
    "known.sex.M": ("masculin", "male"),
    "known.sex.O": ("autre", "other"),
    "known.age": ("Âge", "Age"),
    "known.year": ("{years} an", "{years} year"),
    "known.years": ("{years} ans", "{years} years"),
    "known.oldest": ("{years} ans ou plus", "{years} years or over"),
    "known.date": ("Date de l'examen", "Exam date"),
    "known.shifted": (
        "{date} (décalée de quelques semaines, la même pour tous les clichés du patient)",
        "{date} (shifted by some weeks, the same for all of the patient's films)",
    ),
    "known.spacing": ("Taille du pixel", "Pixel spacing"),
    "known.orientation": ("Orientation", "Orientation"),
    "known.device": ("Appareil", "Device"),
    "known.modality": ("Modalité", "Modality"),
    "checks": ("Contrôle du cliché", "Film check"),
    "checks.none": ("Rien d'inhabituel n'est signalé.", "Nothing unusual is reported."),
    "checks.overrule": ("Corriger le contrôle", "Correct the check"),
    "checks.holds": ("C'est le cas", "It is so"),
    "checks.not": ("Ce n'est pas le cas", "It is not so"),
    "check.lateral": ("Cliché de profil", "Lateral film"),
    "check.inverted": ("Niveaux de gris inversés", "Inverted greys"),
    "check.rotated": ("Cliché tourné", "Rotated film"),
    "check.cropped": ("Champ coupé", "Cropped film"),
    "check.turned": ("Redressé selon son en-tête", "Turned as its header says"),
    "check.child": ("Enfant (moins de 18 ans)", "Child (under 18)"),
    "check.certain": ("certain", "certain"),
    "check.almost": ("presque certain", "almost certain"),
    "check.likely": ("vraisemblable", "likely"),
    "reading.lateral": (
        "Cliché de profil : les modèles ne connaissent que la face, aucun signe n'est évalué.",
        "Lateral film: the models know frontal films only, no finding is assessed.",
    ),
    "reading.inverted": (
        "Cliché reçu en négatif : il est affiché, et évalué, niveaux de gris rétablis.",
        "This film came as a negative: it is shown, and scored, with its greys turned over.",
    ),
    "reading.inverted.undo": ("Rétablir tel que reçu", "Undo: as it came"),
    "reading.waiting": (
        "Analyse en attente. Les signes s'afficheront ici d'eux-mêmes.",
        "Waiting for analysis. The findings will show here by themselves.",
    ),
    "reading.model": ("Modèle {model}", "Model {model}"),
    "reading.old_model": (
        "Analyse par {model}, qui n'est plus le modèle en service.",
        "Analysed by {model}, which is no longer the live model.",
    ),
    "reading.scale": (
        (
            "Barre : score, échelle logistique. « Limite » commence au premier trait, le seuil "
            "sensible ; « suspecté » au second, {second}. Un signe peu fiable n'alerte jamais."
        ),
        (
            "Bar: score, logistic scale. “Borderline” begins at the first line, the sensitive "
            "threshold; “suspected” at the second, {second}. An unreliable finding never alerts."
        ),
    ),
    "reading.thresholds": (
        "limite à partir de {borderline}, suspecté à partir de {suspected}",
        "borderline from {borderline}, suspected from {suspected}",
    ),
    "reading.point": (
        "Suspecté à partir de {threshold} : sensibilité {sensitivity}, spécificité {specificity}",
        "Suspected from {threshold}: sensitivity {sensitivity}, specificity {specificity}",
    ),
    "reading.point.unknown": (
        "Suspecté à partir de {threshold} ; sa sensibilité n'a pas été mesurée",
        "Suspected from {threshold}; its sensitivity has not been measured",
    ),
    "reading.point.specific": ("le seuil spécifique", "the specific threshold"),
    "reading.point.alert": ("le seuil d'alerte", "the alert threshold"),
    "reading.no_alert": ("sans alerte", "no alert"),
    "reading.verdict": ("Votre lecture : {finding}", "Your reading: {finding}"),
    "reading.map": ("Carte", "Map"),
    "reading.map_of": ("Carte d'activation : {finding}", "Heat map: {finding}"),
    "reading.save": ("Enregistrer la lecture", "Save reading"),
    "reading.none_chosen": (
        "Choisissez présent, absent ou douteux pour au moins un signe.",
        "Choose present, absent or uncertain for at least one finding.",
    ),
    "reading.chosen": ("{count} signes renseignés", "{count} findings marked"),
    "reading.saved": ("Lecture enregistrée.", "Reading saved."),
    "reading.forbidden": (
        "Votre rôle (consultation) ne permet pas d'enregistrer une lecture.",
        "Your role (viewer) does not allow saving a reading.",
    ),
    "reading.about": (
        "Dites ce que vous voyez sur le cliché, non si le modèle a raison.",
        "Say what you see on the film, not whether the model is right.",
    ),
    "reading.readings": ("Lectures", "Readings"),
    "reading.no_reading": ("Aucune lecture enregistrée.", "No reading saved yet."),
    "reading.imported": ("Étiquettes importées", "Imported labels"),
    "reading.by": ("{name}, le {when}", "{name}, on {when}"),
    "reading.saw_answer": ("scores affichés", "scores shown"),
    "reading.saw_nothing": ("à l'aveugle", "blind"),
    "reading.unsaved": (
        "Des choix ne sont pas enregistrés.",
        "Some choices are not saved.",
    ),
    "comments": ("Commentaires", "Comments"),
    "comments.none": ("Aucun commentaire.", "No comment yet."),
    "comments.write": ("Votre commentaire", "Your comment"),
    "comments.warning": (
        "N'écrivez ni nom, ni date de naissance, ni autre donnée du patient.",
        "Write no name, date of birth or other patient data.",
    ),
    "comments.add": ("Commenter", "Comment"),
    "comments.remove": ("Supprimer", "Remove"),
    "comments.remove_sure": ("Supprimer ce commentaire ?", "Remove this comment?"),
    "comments.added": ("Commentaire ajouté.", "Comment added."),
    "comments.removed": ("Commentaire supprimé.", "Comment removed."),
    "comments.empty": ("Le commentaire est vide.", "The comment is empty."),
    "cancel": ("Annuler", "Cancel"),
    "erase": ("Effacement", "Erasure"),
    "erase.about": (
        "Pour les gestionnaires : retire ce cliché partout, définitivement.",
        "For stewards: removes this film everywhere, for good.",
    ),
    "erase.film": ("Effacer ce cliché…", "Erase this film…"),
    "erase.sure": ("Effacer le cliché {film} ?", "Erase film {film}?"),
    "erase.what": (
        (
            "Le cliché, ses analyses, ses lectures et ses commentaires disparaissent et ne "
            "reviennent pas. Déposé à nouveau, il sera refusé tant qu'un gestionnaire ne l'aura "
            "pas autorisé."
        ),
        (
            "The film, its analyses, readings and comments go and do not come back. Dropped "
            "again, it is refused until a steward allows it."
        ),
    ),
    "erase.now": ("Effacer définitivement", "Erase for good"),
    "similar": ("Clichés similaires", "Similar films"),
    "similar.finding": ("Seulement avec", "Only with"),
    "similar.same_patient": (
        "Inclure les clichés du même patient",
        "Include films of the same patient",
    ),
    "similar.loading": ("Recherche en cours…", "Searching…"),
    "similar.none": (
        "Aucun cliché similaire pour ces critères.",
        "No similar film for these criteria.",
    ),
    "similar.failed": (
        "La recherche n'a pas abouti.",
        "The search did not succeed.",
    ),
    "similar.waiting": (
        "La recherche s'ouvre une fois le cliché analysé.",
        "The search opens once the film is analysed.",
    ),
    "similar.value": ("similarité {value}", "similarity {value}"),
    "similar.duplicate": ("1 quasi-doublon replié", "1 near-duplicate folded"),
    "similar.duplicates": ("{count} quasi-doublons repliés", "{count} near-duplicates folded"),
    "similar.count": ("{count} clichés similaires", "{count} similar films"),
    "retry": ("Réessayer", "Try again"),
    # The viewer
    "viewer": ("Cliché, agrandissable et déplaçable", "Film, can be zoomed and panned"),
    "viewer.tools": ("Outils d'affichage", "Display tools"),
    "viewer.zoom_in": ("Agrandir", "Zoom in"),
    "viewer.zoom_out": ("Réduire", "Zoom out"),
    "viewer.reset": ("Réinitialiser", "Reset"),
    "viewer.invert": ("Inverser", "Invert"),
    "viewer.width": ("Largeur", "Width"),
    "viewer.level": ("Centre", "Level"),
    "viewer.opacity": ("Opacité", "Opacity"),
    "viewer.map": ("Carte d'activation", "Heat map"),
    "viewer.low": ("faible", "low"),
    "viewer.high": ("forte", "high"),
    "viewer.legend": (
        "Où le modèle appuie son score ; n'est pas un contour de lésion.",
        "Where the model grounds its score; not the outline of a lesion.",
    ),
    "viewer.loading": ("Chargement du cliché…", "Loading the film…"),
    "viewer.failed": ("Le cliché n'a pas pu être chargé.", "The film could not be loaded."),
    "viewer.map_failed": (
        "La carte d'activation n'a pas pu être chargée.",
        "The heat map could not be loaded.",
    ),
    "viewer.full": ("Pleine profondeur (PNG)", "Full depth (PNG)"),
    "viewer.zoom": ("Zoom {value}", "Zoom {value}"),
    # Keyboard help
    "keys": ("Raccourcis clavier", "Keyboard shortcuts"),
    "keys.on": ("Raccourcis à une touche actifs", "Single-key shortcuts on"),
    "keys.film": ("Le cliché", "The film"),
    "keys.findings": ("Les signes", "The findings"),
    "keys.help": ("cette aide", "this help"),
    "keys.zoom": ("agrandir, réduire", "zoom in, out"),
    "keys.pan": ("déplacer (cliché actif)", "pan (film focused)"),
    "keys.reset": ("réinitialiser", "reset"),
    "keys.invert": ("inverser", "invert"),
    "keys.width": ("fenêtrage : largeur - / +", "window: width - / +"),
    "keys.level": ("fenêtrage : centre - / +", "window: level - / +"),
    "keys.map": ("carte d'activation du signe", "heat map of the finding"),
    "keys.move": ("signe suivant, précédent", "next, previous finding"),
    "keys.present": ("présent", "present"),
    "keys.absent": ("absent", "absent"),
    "keys.uncertain": ("douteux", "uncertain"),
    "keys.clear": ("non renseigné", "not mentioned"),
    "keys.save": ("enregistrer la lecture", "save reading"),
    "keys.next": ("cliché suivant, précédent", "next, previous film"),
    "keys.mouse": (
        "Souris : molette pour agrandir, glisser pour déplacer, Maj + glisser pour le fenêtrage.",
        "Mouse: wheel to zoom, drag to pan, Shift + drag for the window.",
    ),
    "key.shift": ("Maj", "Shift"),
    "key.arrows": ("flèches", "arrows"),
    # Système
    "system": ("Système", "System"),
    "system.lead": (
        "Ce qui tourne, ce qui attend et ce qui a échoué.",
        "What runs, what waits and what failed.",
    ),
    "system.updated": ("Mis à jour à {when}", "Updated at {when}"),
    "system.stale": (
        "Pas de nouvelles du serveur depuis {when}.",
        "No news from the server since {when}.",
    ),
    "system.pause": ("Suspendre la mise à jour", "Pause updating"),
    "system.resume": ("Reprendre la mise à jour", "Resume updating"),
    "system.processes": ("Processus", "Processes"),
    "system.process": ("Processus", "Process"),
    "system.state": ("État", "State"),
    "system.pid": ("PID", "PID"),
    "system.restarts": ("Redémarrages", "Restarts"),
    "system.no_process": (
        "Aucun processus connu d'ici : voyez `radiotheque status`.",
        "No process known from here: see `radiotheque status`.",
    ),
    "process.running": ("en marche", "running"),
    "process.healthy": ("en marche, répond", "healthy"),
    "process.starting": ("démarre", "starting"),
    "process.backoff": ("en panne, redémarrage prévu", "failed, will restart"),
    "process.stopped": ("arrêté", "stopped"),
    "system.topics": ("Sujets et retard", "Topics and lag"),
    "system.topic": ("Sujet", "Topic"),
    "system.group": ("Groupe", "Group"),
    "system.lag": ("Retard", "Lag"),
    "system.no_topic": (
        "Kafka ne répond pas : le retard est inconnu.",
        "Kafka does not answer: the lag is unknown.",
    ),
    "system.letters": ("Messages en échec", "Dead letters"),
    "system.no_letter": ("Aucun message en échec.", "No dead letter."),
    "system.letters_unknown": (
        "PostgreSQL ne répond pas : la liste est indisponible pour l'instant.",
        "PostgreSQL does not answer: the list is unavailable for now.",
    ),
    "system.letters_hidden": (
        "{count} messages en échec. Les gestionnaires peuvent les rejouer.",
        "{count} dead letters. Stewards can replay them.",
    ),
    "system.attempts": ("Essais", "Attempts"),
    "system.replay": ("Rejouer", "Replay"),
    "system.discard": ("Écarter", "Discard"),
    "system.replay_this": ("Rejouer le message {origin}", "Replay the record {origin}"),
    "system.discard_this": ("Écarter le message {origin}", "Discard the record {origin}"),
    "system.replayed": ("Message rejoué.", "Record replayed."),
    "system.discarded": ("Message écarté.", "Record discarded."),
    "system.conflict": (
        "Ce message a déjà été rejoué ou écarté.",
        "This record was already replayed or discarded.",
    ),
    "system.gone": ("Ce message n'existe plus.", "This record no longer exists."),
    "system.model": ("Modèle en service", "Live model"),
    "system.no_model": ("Aucun modèle en service.", "No live model."),
    "system.filling": (
        "Images semblables : {done} clichés sur {films} prêts, l'ancienne recherche sert encore.",
        "Look-alikes: {done} of {films} films are ready, the former search still serves.",
    ),
    "system.model_version": ("version {version}", "version {version}"),
    "system.all_well": ("Tout tourne", "Everything runs"),
    "system.some_down": (
        "{count} à surveiller",
        "{count} to look at",
    ),
    "system.unknown": ("État inconnu", "State unknown"),
    **CARD_WORDS,
    **ALERT_WORDS,
    **MANIFEST_WORDS,
}

#: Keys whose words the browser's modules need; they travel in the page, in its language.
_BROWSER: Final = (
    "error.", "deposit.", "state.", "label.", "similar.", "comments.", "viewer.", "view.",
    "provenance.saved", "system.updated", "system.stale", "system.pause", "system.resume",
    "reading.saved", "reading.none_chosen", "reading.chosen", "reading.map_of",
    "reading.unsaved", "films.none_suspected", "films.in_waiting", "films.more", "retry",
    "suspected", "borderline", "source.", "quarantine.mask", "quarantine.released",
    "quarantine.refused",
)  # fmt: skip


@dataclass(frozen=True)
class Words:
    """The catalogue in one language. `words("films.count", count=3)` gives the words."""

    language: Language

    def __call__(self, key: str, **parts: object) -> str:
        """Return the words of a key. Raises KeyError for a key that is not in the catalogue."""
        return CATALOGUE[key][LANGUAGES.index(self.language)].format(**parts)

    def finding(self, name: str) -> str:
        """Return a finding's name on screen. Raises KeyError for a name that is not CheXpert's."""
        return FINDING_WORDS[name][0][LANGUAGES.index(self.language)]

    def finding_help(self, name: str) -> str:
        """Return what helps to recognise a finding, "" where its name says it all."""
        return FINDING_WORDS[name][1][LANGUAGES.index(self.language)]

    def for_browser(self) -> dict[str, str]:
        """Return the raw words that the browser's modules fill in by themselves."""
        place = LANGUAGES.index(self.language)
        texts = {key: pair[place] for key, pair in CATALOGUE.items() if key.startswith(_BROWSER)}
        return texts | {f"finding.{name}": self.finding(name) for name in FINDINGS}
