"""Ingest's short facts ("a file of 0 bytes") in French.

Rows and events keep the English fact: it is what happened, and a closed vocabulary with its
figures. tests/web/test_reasons.py fails when ingest says one that is not here.
"""

import re
from typing import Final

#: Where a film is from that is not of the chest (schemas/body_parts.py).
_PARTS: Final = {
    "abdomen": "un cliché de l'abdomen",
    "ankle": "un cliché de la cheville",
    "arm": "un cliché du bras",
    "cervical spine": "un cliché du rachis cervical",
    "elbow": "un cliché du coude",
    "fingers": "un cliché des doigts",
    "foot": "un cliché du pied",
    "forearm": "un cliché de l'avant-bras",
    "hand": "un cliché de la main",
    "head": "un cliché de la tête",
    "heel": "un cliché du talon",
    "hip": "un cliché de la hanche",
    "jaw": "un cliché de la mâchoire",
    "knee": "un cliché du genou",
    "leg": "un cliché de la jambe",
    "limbs": "un cliché des membres",
    "lumbar spine": "un cliché du rachis lombaire",
    "pelvis": "un cliché du bassin",
    "sacrum": "un cliché du sacrum",
    "sinuses": "un cliché des sinus",
    "teeth": "un cliché des dents",
    "thigh": "un cliché de la cuisse",
    "toes": "un cliché des orteils",
    "wrist": "un cliché du poignet",
}

#: What ingest says, as a pattern, and its French form.
FACTS: Final = tuple(
    (re.compile(pattern), french)
    for pattern, french in (
        (
            r"a PNG, JPEG, TIFF, JPEG XL or DICOM film",
            "un cliché PNG, JPEG, TIFF, JPEG XL ou DICOM",
        ),
        # What rows of before say.
        (r"a PNG, JPEG or DICOM film", "un cliché PNG, JPEG ou DICOM"),
        (r"a whole (PNG|JPEG|TIFF|JPEG XL|DICOM) file", r"un fichier \1 entier"),
        (r"a file of 0 bytes", "un fichier vide"),
        (r"a file of (\d+) bytes", r"un fichier de \1 octets"),
        (r"an? (DICOM|GIF|BMP|TIFF|WebP|JPEG 2000|AVIF|HEIC|PDF) file", r"un fichier \1"),
        (r"a (ZIP|gzip|7z|RAR) archive", r"une archive \1"),
        (r"an Excel workbook", "un classeur Excel"),
        (r"a table of separated values", "un tableau de valeurs séparées"),
        (r"an animated GIF file", "un fichier GIF animé"),
        (r"a text file", "un fichier de texte"),
        (r"an HTML page", "une page HTML"),
        (r"an SVG drawing", "un dessin SVG"),
        (r"an XML file", "un fichier XML"),
        (r"a file of no known picture format", "un fichier qui n'est aucune image connue"),
        (r"a picture without a frame header", "une image sans en-tête de trame"),
        (r"a signature and nothing else", "une signature et rien d'autre"),
        (r"one without a header", "un fichier sans en-tête"),
        (r"one with a wrong header", "un fichier à l'en-tête erroné"),
        (r"one with damaged data \(checksum\)", "des données abîmées (somme de contrôle)"),
        (r"one that ends within its headers", "un fichier coupé dans ses en-têtes"),
        (r"one that ends within a chunk", "un fichier coupé dans un bloc"),
        (r"one that ends before its last chunk", "un fichier coupé avant son dernier bloc"),
        (r"one that ends before its last scan", "un fichier coupé avant son dernier balayage"),
        (r"one that ends within its samples", "un fichier coupé dans ses échantillons"),
        (r"one whose palette is not there", "un fichier dont la palette manque"),
        (r"one that cannot be decoded \((.+)\)", r"un fichier indécodable (\1)"),
        (
            r"colour type (\S+) at (\S+) bits, of no PNG",
            r"un type de couleur \1 sur \2 bits, étranger au PNG",
        ),
        (
            r"a baseline or progressive JPEG of 8 bits",
            "un JPEG séquentiel ou progressif sur 8 bits",
        ),
        (r"one of kind SOF(\S+) at (\S+) bits", r"un JPEG de type SOF\1 sur \2 bits"),
        (
            r"1, 3 or 4 channels and a size in the header",
            "1, 3 ou 4 canaux et une taille dans l'en-tête",
        ),
        (r"(\S+) channels, (\S+) x (\S+) pixels", r"\1 canaux, \2 × \3 pixels"),
        (r"one still picture", "une seule image fixe"),
        (r"an animated PNG", "un PNG animé"),
        (r"(\S+) x (\S+) pixels", r"\1 × \2 pixels"),
        (r"at most (\S+) pixels a side", r"au plus \1 pixels de côté"),
        (r"at least (\S+) pixels a side", r"au moins \1 pixels de côté"),
        (r"at most (\S+) pixels in all", r"au plus \1 pixels en tout"),
        (r"at most (\S+) bytes", r"au plus \1 octets"),
        (r"other bytes", "d'autres octets"),
        (r"(\S+) bytes", r"\1 octets"),
        (
            r"a film that decodes within (\S+) s and the memory allowed",
            r"un cliché décodé en moins de \1 s et dans la mémoire permise",
        ),
        (r"the version that was dropped", "la version déposée"),
        (r"an object that its store gives whole", "un objet que le stockage rend entier"),
        (r"none in (\d+) tries", r"rien en \1 essais"),
        (r"none", "rien"),
        (r"one that does not", "un cliché qui ne le permet pas"),
        (r"one marked DICM with none inside", "un fichier marqué DICM qui n'en contient pas"),
        (
            r"uncompressed, deflated, RLE, JPEG, JPEG-LS or JPEG 2000 pixels",
            "des pixels non compressés, deflate, RLE, JPEG, JPEG-LS ou JPEG 2000",
        ),
        (r"another transfer syntax", "une autre syntaxe de transfert"),
        (
            r"File Meta that names how the pixels are compressed",
            "un en-tête (File Meta) qui nomme la compression des pixels",
        ),
        (r"a file without it", "un fichier sans lui"),
        (r"damaged deflated data", "des données deflate abîmées"),
        (r"deflated data cut short", "des données deflate coupées"),
        (r"more, once inflated", "davantage, une fois décompressé"),
        (r"a film", "un cliché"),
        (r"a directory of films \(DICOMDIR\)", "un répertoire de clichés (DICOMDIR)"),
        (r"one picture", "une seule image"),
        (r"(\d+) frames", r"\1 images"),
        (r"(\d+) pages", r"\1 pages"),
        (r"an animation", "une animation"),
        (r"directories that lead in a circle", "des répertoires qui tournent en rond"),
        (r"a directory outside the file", "un répertoire hors du fichier"),
        (r"a directory of no picture", "un répertoire sans image"),
        (r"one without a directory", "un fichier sans répertoire"),
        (r"a container without a picture", "un conteneur sans image"),
        (
            r"grey, RGB or palette samples",
            "des échantillons en niveaux de gris, RGB ou palette",
        ),
        (r"photometric interpretation (\S+)", r"l'interprétation photométrique \1"),
        (r"samples of 8 or 16 bits", "des échantillons de 8 ou 16 bits"),
        (r"(\d[\d/]*) bits", r"\1 bits"),
        (r"unsigned whole numbers", "des entiers sans signe"),
        (r"sample format (\d+)", r"le format d'échantillon \1"),
        (
            r"samples uncompressed, or by LZW, deflate or PackBits",
            "des échantillons non compressés, ou par LZW, deflate ou PackBits",
        ),
        (r"compression (\d+)", r"la compression \1"),
        (r"strips and tiles of a size", "des bandes ou des tuiles d'une taille possible"),
        (r"(\d+) strips or tiles", r"\1 bandes ou tuiles"),
        (r"(\d+) of them", r"\1"),
        (r"whole numbers of up to 16 bits", "des entiers d'au plus 16 bits"),
        (r"whole numbers of (\d+) bits", r"des entiers de \1 bits"),
        (r"floating point of (\d+) bits", r"des nombres à virgule de \1 bits"),
        (r"a film with its pixels", "un cliché avec ses pixels"),
        (r"tags alone", "des attributs sans image"),
        (r"no rows and columns", "ni lignes ni colonnes"),
        (r"a radiograph \(CR or DX\)", "une radiographie (CR ou DX)"),
        (r"one of modality (\S+)", r"une image de modalité \1"),
        (r"one of another modality", "une image d'une autre modalité"),
        (r"samples in 8 or 16 bits", "des échantillons sur 8 ou 16 bits"),
        (r"(\d+) bits stored in (\d+)", r"\1 bits rangés dans \2"),
        (
            r"grey, RGB, YBR or palette pixels",
            "des pixels en niveaux de gris, RGB, YBR ou palette",
        ),
        (r"(\d+) channels of another kind", r"\1 canaux d'un autre type"),
        (r"pixels that are whole", "des pixels entiers"),
        (r"damaged fragments", "des fragments abîmés"),
        (r"no fragment of them", "aucun fragment"),
        (r"(\d+) segments", r"\1 segments"),
        (r"JPEG, JPEG-LS or JPEG 2000 data", "des données JPEG, JPEG-LS ou JPEG 2000"),
        (r"(\d+) channels", r"\1 canaux"),
        (r"(\d+) channels of (\d+) bits", r"\1 canaux de \2 bits"),
        (r"data cut short", "des données coupées"),
        (r"a modality LUT that is whole", "une LUT de modalité entière"),
        (r"another LUT", "une autre LUT"),
        (r"a palette of three tables", "une palette de trois tables"),
        (r"another palette", "une autre palette"),
        (r"a film without text in its pixels", "un cliché sans texte dans ses pixels"),
        (
            r"one that says it has some \(BurnedInAnnotation\)",
            "un cliché qui dit en avoir (BurnedInAnnotation)",
        ),
        (
            r"a film without text in its pixels, but for marks",
            "un cliché sans autre texte dans ses pixels que des repères",
        ),
        (r"one with (\d+) lines of other text", r"un cliché avec \1 ligne(s) d'un autre texte"),
        (r"a film from its detector", "un cliché issu de son détecteur"),
        (r"a picture of a screen", "une image d'écran"),
        (
            r"a secondary capture of modality (\S+)",
            r"une capture secondaire de modalité \1",
        ),
        (r"a column named Path", "une colonne nommée Path"),
        (r"a table without it", "un tableau qui ne l'a pas"),
        (r"a table that can be kept", "un tableau que l'on puisse garder"),
        (r"one that cannot", "un qui ne le peut pas"),
        (r"at most (\S+) lines", r"au plus \1 lignes"),
        (r"more", "davantage"),
        (r"Male or Female", "Male ou Female (homme ou femme)"),
        (r"whole years, 0 to (\d+)", r"des années entières, de 0 à \1"),
        (r"Frontal or Lateral", "Frontal ou Lateral (face ou profil)"),
        (r"AP, PA, LL or RL", "AP, PA, LL ou RL"),
        (r"a code of (\d+) characters at most", r"un code de \1 caractères au plus"),
        (
            r"a day of the calendar, as 2026-11-25",
            "un jour du calendrier, comme 2026-11-25",
        ),
        (
            r"small letters, digits and hyphens",
            "des minuscules, des chiffres et des tirets",
        ),
        (r"a licence by its SPDX name", "une licence par son nom SPDX"),
        (r"private, library or open", "private, library ou open"),
        (r"1\.0, 0\.0, -1\.0 or nothing", "1.0, 0.0, -1.0 ou rien"),
        (
            r"a path under the manifest's folder",
            "un chemin sous le dossier du manifeste",
        ),
        (
            r"text in UTF-8, UTF-16 or Windows-1252, without control characters",
            "un texte en UTF-8, UTF-16 ou Windows-1252, sans caractère de contrôle",
        ),
        (
            r"the site that the films are dropped at",
            "le site où les clichés sont déposés",
        ),
        (r"a line of separated values", "une ligne de valeurs séparées"),
        (
            # Summaries of before still say it.
            r"a line that ends: nothing is read behind it",
            "une ligne qui se termine : rien n'est lu après elle",
        ),
        (
            r"as many cells as the header has: the line is left out",
            "autant de cellules que l'en-tête : la ligne est laissée de côté",
        ),
        (
            r"one column of this name, or the same in both",
            "une seule colonne de ce nom, ou la même valeur dans les deux",
        ),
        (r"no frontal view of a lateral film", "pas de vue de face d'un cliché de profil"),
        (
            r"the same as in the other lines of this film",
            "la même valeur que dans les autres lignes de ce cliché",
        ),
        (r"a film that a steward lets pass", "un cliché qu'un gestionnaire laisse passer"),
        (r"a steward's refusal", "le refus d'un gestionnaire"),
        (r"a steward's decision in time", "la décision d'un gestionnaire à temps"),
        (
            r"a frontal chest film, or one said to be lateral",
            "un cliché du thorax de face, ou dit de profil",
        ),
        (
            r"a picture unlike any we know",
            "une image qui ne ressemble à aucun cliché connu",
        ),
        (
            r"a picture unlike most we know",
            "une image qui ressemble peu aux clichés connus",
        ),
        (r"a film that looks as its view says", "un cliché qui a l'air de son incidence"),
        (r"view (\S+) of a film that looks lateral", r"l'incidence \1 pour un cliché de profil"),
        (r"a film that was not erased", "un cliché qui n'a pas été effacé"),
        (r"an erased film", "un cliché effacé"),
        (
            r"one side at most (\S+) times the other",
            r"un côté au plus \1 fois plus long que l'autre",
        ),
        (
            r"dark and bright parts at least (\S+) levels of 255 apart",
            r"des zones sombres et claires séparées d'au moins \1 niveaux sur 255",
        ),
        (r"parts (\S+) levels apart", r"des zones séparées de \1 niveaux"),
        (r"a film that lies as its header says", "un cliché placé comme le dit son en-tête"),
        (
            r"one that is turned to judge by its pixels",
            "un cliché tourné, à en juger par ses pixels",
        ),
        (
            r"one that looks frontal, the orientation of a lateral film",
            "un cliché qui paraît de face, l'orientation d'un profil",
        ),
        (
            r"view (\S+), the orientation of a lateral film",
            r"l'incidence \1, l'orientation d'un profil",
        ),
        (r"grey, or a single tint", "du gris ou une seule teinte"),
        (
            r"several colours on (\S+) hundredths of the picture",
            r"plusieurs couleurs sur \1 centièmes de l'image",
        ),
        (r"a film of the chest", "un cliché du thorax"),
        *((f"one of the {part}", french) for part, french in _PARTS.items()),
    )
)


def french_of(english: str) -> str | None:
    """Return a fact's French form, None when it has none."""
    for pattern, french in FACTS:
        found = pattern.fullmatch(english)
        if found:
            return found.expand(french)
    return None
