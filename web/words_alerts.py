"""The words of what a model's alerts are worth, a part of the one catalogue (web/words.py)."""

from typing import Final

ALERT_WORDS: Final[dict[str, tuple[str, str]]] = {
    "model.points": ("Ce que valent ses alertes", "What its alerts are worth"),
    "model.points.about": (
        (
            "Chaque signe a trois seuils. Au-dessus du seuil sensible, qui trouve 90 clichés "
            "sur 100 avec le signe, il est dit « limite » ; au-dessus du seuil spécifique, "
            "« suspecté », et c'est une alerte. Le seuil d'alerte (Youden) est celui où "
            "« suspecté » commençait avant. Un signe peu fiable n'alerte jamais."
        ),
        (
            "Each finding has three thresholds. Above the sensitive one, which finds 90 of 100 "
            "films with the finding, it is called “borderline”; above the specific one, "
            "“suspected”, and that is an alert. The alert threshold (Youden) is where "
            "“suspected” began before. An unreliable finding never alerts."
        ),
    ),
    "model.points.read": (
        (
            "Deux nombres : validation croisée / jeu de contrôle. Les fausses alertes et la part "
            "de vraies dépendent de la fréquence du signe : ici celle de l'hôpital entier ; "
            "avec *, faute de la connaître, celle de ces clichés."
        ),
        (
            "Two numbers: cross-validation / hold-out set. False alerts and the share of right "
            "ones depend on how frequent the finding is: here as in the whole hospital; with *, "
            "where that is not known, as in these films."
        ),
    ),
    "model.points.point": ("Seuil", "Threshold"),
    "model.points.sensitive": ("sensible", "sensitive"),
    "model.points.alert": ("d'alerte", "alert"),
    "model.points.specific": ("spécifique", "specific"),
    "model.points.found": ("Trouvés sur 100 avec le signe", "Found of 100 with the finding"),
    "model.points.prevalence": ("Fréquence", "Prevalence"),
    "model.points.false": ("Fausses alertes pour 1 000 clichés", "False alerts per 1,000 films"),
    "model.points.right": ("Part de vraies alertes", "Share of alerts that are right"),
    "model.alerts.specific": (
        (
            "Tous signes fiables ensemble, un cliché sans signe reçoit {calm} alerte, un cliché "
            "malade {ill}, et {right} alertes sur 100 sont vraies (jeu de contrôle)."
        ),
        (
            "All reliable findings together, a film without finding gets {calm} alerts, an ill "
            "one {ill}, and {right} of 100 alerts are right (hold-out set)."
        ),
    ),
    "model.alerts.alert": (
        "Au seuil d'alerte, tous signes compris : {calm}, {ill} et {right} sur 100.",
        "At the alert threshold, every finding counted: {calm}, {ill} and {right} of 100.",
    ),
}
