"""The words of *Comprendre le modèle*, a part of the one catalogue (web/words.py)."""

from typing import Final

CARD_WORDS: Final[dict[str, tuple[str, str]]] = {
    "model": ("Comprendre le modèle", "Understanding the model"),
    "model.lead": (
        "Ce que le modèle a appris, ce qu'il vaut pour chaque signe, et où il se trompe.",
        "What the model learned, what it is worth for each finding, and where it fails.",
    ),
    "model.live": ("en service", "in service"),
    "model.not_live": ("pas en service", "not in service"),
    "model.versions": ("Autres versions", "Other versions"),
    "model.none": (
        "Aucun modèle n'est en service. Sa fiche paraîtra ici dès qu'il y en aura un.",
        "No model is in service. Its card will be here as soon as there is one.",
    ),
    "model.no_card": (
        (
            "Cette version n'a pas de fiche : ce qu'elle vaut n'est pas dit ici. N'en "
            "tirez aucune conclusion."
        ),
        ("This version has no card: what it is worth is not said here. Conclude nothing from it."),
    ),
    "model.reliable": ("Assez fiable", "Reliable enough"),
    "model.unreliable": ("Peu fiable", "Unreliable"),
    "model.unreliable.why": (
        (
            "Peu fiable : à l'épreuve, le modèle range ce signe à peine mieux que le hasard ; "
            "il n'alerte donc jamais."
        ),
        (
            "Unreliable: when tested, the model ranks this finding hardly better than chance; "
            "so it never alerts."
        ),
    ),
    "model.range": ("{value} ({low} à {high})", "{value} ({low} to {high})"),
    "model.too_few": ("trop peu de cas", "too few cases"),
    "model.brief": ("En bref", "In brief"),
    "model.brief.what": (
        (
            "Un programme de reconnaissance d'images (EfficientNet-Lite0) qui regarde le "
            "cliché en {side} × {side} points et donne un score à {count} signes. Il ne "
            "voit ni le patient, ni l'histoire, ni les examens antérieurs."
        ),
        (
            "An image recognition program (EfficientNet-Lite0) that looks at the film as "
            "{side} × {side} points and gives a score to {count} findings. It sees neither "
            "the patient, nor the history, nor prior studies."
        ),
    ),
    "model.brief.learned": (
        (
            "Il a appris sur {films} clichés de {patients} patients d'un seul hôpital "
            "américain (NIH ChestX-ray14)."
        ),
        (
            "It learned from {films} films of {patients} patients of one American hospital "
            "(NIH ChestX-ray14)."
        ),
    ),
    "model.brief.labels": (
        (
            "Ses étiquettes viennent de comptes rendus lus par un programme, pas de "
            "radiologues qui auraient revu les clichés. Elles sont contestées : être "
            "d'accord avec elles n'est pas avoir raison."
        ),
        (
            "Its labels come from reports read by a program, not from radiologists who "
            "looked at the films again. They are disputed: to agree with them is not to be "
            "right."
        ),
    ),
    "model.brief.judged": (
        (
            "Chaque cliché est jugé par un modèle qui n'a jamais vu ce patient (validation "
            "croisée). En plus, {films} clichés de {patients} autres patients n'ont servi à"
            " aucun choix : c'est le jeu de contrôle."
        ),
        (
            "Each film is judged by a model that never saw this patient (cross-validation)."
            " Besides, {films} films of {patients} other patients served for no choice at "
            "all: the hold-out set."
        ),
    ),
    "model.brief.missing": ("Non évalués : {names}.", "Not assessed: {names}."),
    "model.brief.unreliable": (
        "Signes peu fiables : {names}.",
        "Unreliable findings: {names}.",
    ),
    "model.worth": ("Ce qu'il vaut, signe par signe", "What it is worth, finding by finding"),
    "model.worth.auroc": (
        (
            "Prenez un cliché avec le signe et un cliché sans, au hasard. L'AUROC est la "
            "part des paires où le modèle donne le score le plus haut au cliché qui a le "
            "signe : 0,5, c'est pile ou face ; 1, aucune erreur. Une AUROC de 0,72 range "
            "bien 72 paires sur 100."
        ),
        (
            "Take one film with the finding and one without, at random. AUROC is the share "
            "of such pairs in which the model gives the higher score to the film that has "
            "the finding: 0.5 is tossing a coin; 1 is no error. An AUROC of 0.72 ranks 72 "
            "pairs of 100 rightly."
        ),
    ),
    "model.worth.interval": (
        (
            "Le trait est l'intervalle à 95 sur 100 (patients tirés au sort 1 000 fois). Un"
            " signe est dit peu fiable si son trait de validation croisée commence sous "
            "{line}, ou si tout son trait du jeu de contrôle est dessous."
        ),
        (
            "The line is the interval of 95 in 100 (patients drawn 1,000 times). A finding "
            "is called unreliable if its cross-validation line begins under {line}, or if "
            "its whole hold-out line lies under it."
        ),
    ),
    "model.worth.legend": (
        "Point plein : validation croisée. Point creux : jeu de contrôle. Tirets : {line}.",
        "Full dot: cross-validation. Hollow dot: hold-out set. Dashes: {line}.",
    ),
    "model.crossed": ("Validation croisée", "Cross-validation"),
    "model.held_out": ("Jeu de contrôle", "Hold-out set"),
    "model.auroc": ("AUROC", "AUROC"),
    "model.auprc": ("AUPRC", "AUPRC"),
    "model.with_finding": ("Clichés avec le signe", "Films with the finding"),
    "model.mean": ("Moyenne des signes", "Mean of the findings"),
    "model.details": ("Tous les chiffres", "All figures"),
    "model.brier": ("Score de Brier", "Brier score"),
    "model.gap": ("Écart moyen", "Mean gap"),
    "model.slope": ("Pente", "Slope"),
    "model.sensitivity": ("Sensibilité", "Sensitivity"),
    "model.specificity": ("Spécificité", "Specificity"),
    "model.details.about": (
        (
            "Jeu de contrôle. AUPRC : part de vrais parmi les alertes, en moyenne sur tous "
            "les seuils ; à comparer à la part de clichés qui ont le signe. Score de Brier "
            ": écart carré moyen, 0 est parfait. Pente : 1 est juste ; moins de 1, les "
            "scores sont trop tranchés. Sensibilité et spécificité où commence « suspecté »."
        ),
        (
            "Hold-out set. AUPRC: share of true ones among alerts, averaged over all "
            "thresholds; to be compared with the share of films that have the finding. "
            "Brier score: mean squared gap, 0 is perfect. Slope: 1 is right; under 1, "
            "scores are too extreme. Sensitivity and specificity where “suspected” begins."
        ),
    ),
    "model.hundred": ("Sur 100 clichés", "Of 100 films"),
    "model.hundred.about": (
        (
            "Ce que deviennent 100 clichés mêlés comme ceux de l'épreuve, au seuil où "
            "« suspecté » commence. Des clichés qui ont le signe, combien sont trouvés : c'est la "
            "sensibilité. De ceux qui ne l'ont pas, combien restent sans alerte : c'est la "
            "spécificité."
        ),
        (
            "What becomes of 100 films mixed as those of the test, where “suspected” begins. "
            "Of those that have the finding, how many are found: that is sensitivity. Of "
            "those that do not, how many stay quiet: that is specificity."
        ),
    ),
    "model.hundred.found": ("Trouvé", "Found"),
    "model.hundred.missed": ("Manqué", "Missed"),
    "model.hundred.false_alarm": ("Fausse alerte", "False alarm"),
    "model.hundred.quiet": ("Sans alerte, à raison", "Rightly quiet"),
    "model.hundred.these": (
        (
            "Trouvés : {found}. Manqués : {missed}. Fausses alertes : {false_alarms}. "
            "Sans alerte, à raison : {quiet}."
        ),
        (
            "Found: {found}. Missed: {missed}. False alarms: {false_alarms}. "
            "Rightly quiet: {quiet}."
        ),
    ),
    "model.hundred.all": (
        (
            "Sur 1 000 clichés de l'hôpital entier, dont {present} avec ce signe : "
            "trouvés {found}, manqués {missed}, fausses alertes {false_alarms}."
        ),
        (
            "Of 1,000 films of the whole hospital, {present} of them with this finding: "
            "found {found}, missed {missed}, false alarms {false_alarms}."
        ),
    ),
    "model.hundred.why_all": (
        (
            "Les clichés de l'épreuve ont été choisis : certains signes y sont bien plus "
            "fréquents que dans l'hôpital d'où ils viennent (112 120 clichés). Plus un "
            "signe est rare, plus les fausses alertes l'emportent."
        ),
        (
            "The films of the test were picked: some findings are far more frequent in them"
            " than in the hospital they come from (112,120 films). The rarer a finding, the"
            " more false alarms prevail."
        ),
    ),
    "model.calibration": ("Un score dit-il vrai ?", "Does a score say the truth?"),
    "model.calibration.about": (
        (
            "Les clichés du jeu de contrôle, en dix parts de score croissant. À droite, le "
            "score annoncé ; vers le haut, la part de clichés qui ont le signe. Sur la "
            "diagonale, un score de 0,30 est vrai 30 fois sur 100 ; au-dessus, le modèle en"
            " dit trop peu ; au-dessous, trop."
        ),
        (
            "The hold-out films in ten parts of rising score. To the right, the score that "
            "is said; upwards, the share of films that have the finding. On the diagonal a "
            "score of 0.30 is true 30 times in 100; above it the model says too little; "
            "below it, too much."
        ),
    ),
    "model.calibration.drawn": (
        "Écart moyen entre score et part observée : {gap}. Axes de 0 à {top}.",
        "Mean gap between score and observed share: {gap}. Axes from 0 to {top}.",
    ),
    "model.groups": ("Pour qui vaut-il moins ?", "For whom is it worth less?"),
    "model.groups.about": (
        (
            "AUROC moyenne des signes qui ont assez de cas dans le groupe : d'un groupe à "
            "l'autre, ce ne sont pas toujours les mêmes."
        ),
        (
            "Mean AUROC of the findings with enough cases in the group: from group to group"
            " they are not always the same."
        ),
    ),
    "model.group": ("Groupe", "Group"),
    "model.films": ("Clichés", "Films"),
    "model.kind.view": ("Incidence", "View"),
    "model.kind.sex": ("Sexe", "Sex"),
    "model.kind.age": ("Âge", "Age"),
    "model.kind.source": ("Collection", "Collection"),
    "model.name.F": ("femmes", "women"),
    "model.name.M": ("hommes", "men"),
    "model.name.0-39": ("moins de 40 ans", "under 40"),
    "model.name.40-59": ("40 à 59 ans", "40 to 59"),
    "model.name.60+": ("60 ans et plus", "60 and over"),
    "model.maps": (
        "La carte montre-t-elle le bon endroit ?",
        "Does the map show the right place?",
    ),
    "model.maps.about": (
        (
            "Des radiologues ont encadré le signe sur certains clichés. Combien de fois le "
            "point le plus fort de la carte d'activation est-il dans leur cadre, ou à une "
            "case près ? À côté, ce que donnerait un point mis au hasard. Une carte qui ne "
            "fait pas mieux n'indique rien."
        ),
        (
            "Radiologists framed the finding on some films. How often is the strongest "
            "place of the heat map in their frame, or within one cell of it? Beside it, "
            "what a place put at random would do. A map that does no better shows nothing."
        ),
    ),
    "model.maps.by": ("Cadres de", "Frames by"),
    "model.maps.inside": ("Dans le cadre", "In the frame"),
    "model.maps.near": ("À une case près", "Within one cell"),
    "model.maps.chance": ("hasard {value}", "chance {value}"),
    "model.eyes": ("Face à l'œil des radiologues", "Against radiologists' eyes"),
    "model.eyes.about": (
        (
            "Des radiologues de la RSNA ont revu {films} de ces clichés et les ont rangés "
            "en trois : opacité évocatrice de pneumopathie, autre anomalie, sans anomalie. "
            "L'AUROC de trois scores face à leur regard."
        ),
        (
            "Radiologists of the RSNA looked at {films} of these films again and sorted "
            "them in three: opacity suggesting pneumonia, something else, nothing found. "
            "AUROC of three scores against their eyes."
        ),
    ),
    "model.eyes.score": ("Score", "Score"),
    "model.eyes.versus": ("Ce qui est départagé", "What is told apart"),
    "model.eyes.Lung Opacity": ("opacité", "opacity"),
    "model.eyes.No Lung Opacity / Not Normal": ("autre anomalie", "something else"),
    "model.eyes.Normal": ("sans anomalie", "nothing found"),
    "model.eyes.against": ("{one} contre {other}", "{one} against {other}"),
    "model.reference": ("À côté d'un modèle plus grand", "Beside a larger model"),
    "model.reference.about": (
        (
            "Un DenseNet121 publié, entraîné sur toute la collection, jugé sur les mêmes "
            "{films} clichés. Il a pu en voir certains pendant son entraînement."
        ),
        (
            "A published DenseNet121, trained on the whole collection, judged on the same "
            "{films} films. It may have seen some of them in its training."
        ),
    ),
    "model.reference.ours": ("Ce modèle", "This model"),
    "model.reference.theirs": ("DenseNet121", "DenseNet121"),
    "model.precisions": ("Selon le calcul", "By arithmetic"),
    "model.precision": ("Calcul", "Arithmetic"),
    "model.precision.gap": ("Plus grand écart de score", "Largest gap of a score"),
    "model.precision.speed": ("Vitesse", "Speed"),
    "model.fails": ("Où il se trompe", "Where it fails"),
    "model.fails.source": (
        (
            "Il reconnaît en partie la collection, pas la maladie : au sein de « {name} » "
            "seule, son AUROC moyenne n'est que de {value}."
        ),
        (
            "In part it recognises the collection, not the illness: within “{name}” alone "
            "its mean AUROC is only {value}."
        ),
    ),
    "model.fails.eyes": (
        (
            "Face aux radiologues, « {finding} » range leurs clichés sans anomalie avec une"
            " AUROC de {value} ; le hasard ferait 0,5."
        ),
        (
            "Against radiologists, “{finding}” ranks the films in which they found nothing "
            "with an AUROC of {value}; chance would make 0.5."
        ),
    ),
    "model.fails.labels": (
        ("Certaines étiquettes sont fausses, et ce que le compte rendu tait compte pour absent."),
        "Some labels are wrong, and what the report leaves out counts as absent.",
    ),
    "model.fails.mix": (
        (
            "Les scores sont réglés sur un mélange où un tiers des clichés porte une "
            "pneumopathie ; aucun hôpital n'est ainsi fait."
        ),
        (
            "Scores are tuned to a mix in which a third of the films has pneumonia; no "
            "hospital is like that."
        ),
    ),
    "model.fails.devices": (
        (
            "Sondes, drains et stimulateurs se voient sur les clichés mais ne sont pas "
            "étiquetés : ils peuvent être pris pour la maladie."
        ),
        (
            "Tubes, drains and pacemakers are visible in the films but unlabelled: they may"
            " be taken for the illness."
        ),
    ),
    "model.fails.never": (
        "Il n'a jamais vu de profil, de service d'enfants, d'autre pays ni d'autre décennie.",
        (
            "It has never seen a lateral film, a children's ward, another country or "
            "another decade."
        ),
    ),
    "model.fails.map": (
        "La carte d'activation est une grille grossière, pas un contour.",
        "The heat map is a coarse grid, not an outline.",
    ),
}
