"""What stands where films show how they were taken: words of technique, and what is none.

The first must pass, the second must not, alone or beside the first: names as six languages and
others write them, birth dates in their forms, numbers of patients and of orders. All invented.
"""

from typing import Final

NAMES: Final = (
    "DUPONT Jeanne", "Lefèvre", "MARTIN^PAUL", "Mme Béranger", "de la Tour, Anne", "GAUCHER",
    "PORTAL Yves", "Assis, Machado", "COTE Marie", "SMITH JOHN", "Ward, Emily", "Dr Ward",
    "O'BRIEN", "POST Alan", "PORTER", "WRIGHT", "CHESTER", "MASON", "LEE, Rose", "RIGHTON",
    "Müller Hans", "Jürgen Groß", "SCHÄFER", "STEHLE", "Sitzmann", "Liegmann", "Bettina Lang",
    "STATTON", "García López", "Izquierdo Juan", "NÚÑEZ", "Camilla", "José Ramos", "Rossi Maria",
    "SUPINO Paolo", "Barella", "D'Angelo", "DESTRO", "van den Berg", "de Vries", "LINKERS",
    "KOWALSKI ANNA", "Nguyen Van An", "LI WEI", "KIM NGO", "ÖZTÜRK", "Øster", "THOMAS", "TH0MAS",
    "LEON",
    "ROSS", "Streicher", "Escamilla", "Kapoor", "Sidonia", "D U P O N T", "Hopital Nord",
)  # fmt: skip
DATES: Final = (
    "04/05/1961", "4/5/61", "04.05.61", "04.05.1961", "1961-05-04", "19610504", "04-05-61",
    "04:05:1961", "4 mai 1961", "4 MAI 61", "12 Dez 58", "3 mars 62", "MAY 4, 61", "4 de mayo",
    "né le 4/5/61", "geb. 04.05.61", "DOB 04 05 61", "12.03.24 08:15", "5 gen 49", "3 mei 50",
)  # fmt: skip
NUMBERS: Final = (
    "00123456", "IPP 00123456", "ID: 7734 211", "PatID 4711", "A1234567", "ACC 2024-118832",
    "JD4471", "Nr. 12345", "12:3456", "EI 00123456", "00123456 mAs", "SID 1961", "KV 04.05.61",
    "1 85 03 75 116 001 23", "DOB 04 0", "ID 77", "067Y F 4471", "E12345", "No 5 123 4",
)  # fmt: skip
#: Lines as machines and hands put them there, in the same six languages.
TECHNIQUE_LINES: Final = (
    "AP PORTABLE", "Portable supine", "SEMI-ERECT", "upright 08:15", "AT BEDSIDE 6:40 AM",
    "ICU ward", "sitting 85 kV", "EXPIRATION", "PA chest erect", "110 kV 2.5 mAs SID 180 cm",
    "Thorax au lit", "AP assis", "debout", "couché 10h30", "décubitus dorsal", "Réanimation 7h05",
    "Thorax de face", "INSPI", "Bettaufnahme", "Auf Station", "liegend", "Bettaufnahme liegend",
    "im Liegen a.p.", "stehend p.a.", "Intensivstation 6 Uhr", "Aufnahme im Sitzen 14.32 Uhr",
    "Rückenlage", "Ruckenlage", "mobil auf Station", "portátil", "en cama", "bipedestación",
    "decúbito supino", "UCI 07:55", "tórax AP", "a letto", "in piedi", "torace supino", "seduto",
    "Rianimazione ore 6.30", "liggend", "zittend op bed", "staand", "bedopname 9:05 uur",
    "EI 1450", "FFA 180 cm", "DAP 0.85 dGycm2", "85kV2,5mAs", "S 400", "2 of 2", "R", "L AP",
)  # fmt: skip
#: Such lines as they are read: letters for digits, words run together, an end cut off.
MISREAD_LINES: Final = (
    "Bettaufnahmeliegend", "P0RTABLE", "PORTABL", "itting 85 kv", "FRECT", "AUFSTATI0N",
    "APPORTABLE", "Bettaufnahne", "lnspiration", "LIEGEND08:15", "decøbito supino", "14.32 vhr",
    "dcubitus dorsal", "S400", "decybito supino", "decbito supino", "ecubito supino", "PORTARLE",
    "prtable supine", "pedopname 9:05 uur", "El 1450", "El1450", "staticn", "Bettaufnahme liecend",
)  # fmt: skip
