"""Whether a line of text read in a film may name somebody, or says how the film was taken.

Words of technique (ingest/technique_words.py and the site's own), times of day and exposure
settings are marks; whatever else is long enough to be a name, a number or a date is not. A reader
mistakes O for 0, drops a letter and runs words together: that is forgiven in long words only, so
that no name becomes a mark by it (docs/adr/0113).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from ingest.technique_words import TECHNIQUE

#: Letters and digits in a row that may be a name, a number or a date.
LONG: Final = 4
#: Letters of several short words together that may be a name, as LI WEI or D U P O N T.
_TOGETHER: Final = 5
#: From so many letters on a mark is known though letters that look alike were taken for each
#: other; its first or last was cut off, or a phrase was run together; one was taken for another
#: that readers confuse it with; one is missing; one was misread.
_ALIKE: Final = 5
_CUT: Final = 7
_CONFUSED: Final = 7
_SHORT_OF_ONE: Final = 8
_MISREAD: Final = 10
#: Letters that the reader takes for each other where something crosses them or print is coarse.
#: None that parts a name from a mark: Statton, Izquierdo, Streicher, Escamilla.
_CONFUSIONS: Final = frozenset(
    {"UY", "UV", "VY", "PR", "BR", "BG", "BE", "BD", "BP", "CE", "CG", "CO", "EG", "HN", "RT"}
)
#: People are called so, though a letter more would make it a mark or it is two of them.
_NO_MARK: Final = frozenset({"MORGEN", "MITTAG", "OCHTEN", "ENRIGHT"})
#: Words of a position that people are called as well: marks where nothing but a time of day or
#: exposure settings stands on the row with them.
_ALONE: Final = frozenset({"ASSIS", "SUPINO"})
#: The l that the reader takes the capital I of an exposure index for. Initials are capitals both.
_INDEX: Final = re.compile(r"\bEl(?=\s?[:=]?\s?\d)")
#: Of words run together, one has so many letters at least, the others LONG or are joining words.
_GLUED: Final = 5
_JOINING: Final = frozenset(
    {"AP", "PA", "LAT", "IM", "IN", "AM", "AU", "AUF", "EN", "OP", "MIT", "ICU"}
)
_LOOK_ALIKE: Final = str.maketrans("0Q1L582F", "OOIISBZE")
#: What the reader often takes an accented vowel for.
_ACCENTED: Final = "Ø"
_WORD: Final = re.compile(r"[^\W_]+")

_NUMBER: Final = r"\d[\dO]{0,2}(?:[.,]\d[\dO]?)?"
_APART: Final = r"(?<![A-Z\d.,/-])"
#: A unit between two digits ends one setting: 85KV2.5MAS.
_RUN_ON: Final = re.compile(r"(?<=\d)(KVP?|MAS?|CM|MM|MS)(?=\d)")
_DOSE: Final = r"[MUCD\u039c]?GY(?:[*X.·]?[CD]?M2?)?"
_ENDS: Final = r"(?!\d|\s?[.,/:-]\s?\d)"
#: Exposure settings: a label and a number, a number and its unit, 2 of 3.
_SETTINGS: Final = (
    re.compile(rf"\b(?:EI|EXI|REX|EXPOSURE INDEX)\s?[:=]?\s?\d{{2,4}}{_ENDS}"),
    re.compile(
        r"\b(?:LGM|DI|SID|SOD|FFA|FFD|FDD|DFP|DFF|DAP|KAP|PDS|KVP?|MAS?)"
        rf"\s?[:=]?\s?-?{_NUMBER}(?:\s?(?:CM|MM|{_DOSE})(?![A-Z]))?{_ENDS}"
    ),
    re.compile(
        rf"{_APART}{_NUMBER}\s?"
        rf"(?:KVP?|MAS?|MSE?C?|SE?C?|CM|M|{_DOSE}|%|°|GRAD|DEG)(?![A-Z])"
    ),
    re.compile(rf"{_APART}\d{{3,4}}\s?MM(?![A-Z])"),
    re.compile(r"(?<![\d./-])\d{1,2}\s?(?:OF|VON|SUR|VAN)\s?\d{1,2}(?![\d./-])"),
)
_HOUR: Final = r"(?<![\d.,/:-])(?:[01]?\d|2[0-3])"
_O_CLOCK: Final = r"(?:[UV]HR|UUR|HRS?|HOURS|H|AM|PM)"
#: Parts of a day that stand beside a time of it; some are names where they stand alone.
_DAY: Final = (
    r"(?:MATIN|SOIR|MIDI|NUIT|MORGENS?|MITTAGS?|ABENDS?|NACHTS?|MANANA|TARDE|NOCHE|MATTINA|SERA"
    r"|NOTTE|OCHTEND|MIDDAG|AVOND|MORNING|EVENING|NOON|NIGHT)"
)
_CLOCK: Final = (
    re.compile(rf"{_HOUR}\s?[.:]?\s?[0-5]\d\s?{_O_CLOCK}(?![A-Z])"),
    re.compile(rf"{_HOUR}\s?:\s?[0-5]\d(?:\s?[:.]\s?[0-5]\d)?{_ENDS}"),
    re.compile(rf"{_HOUR}\s?H\s?[0-5]\d(?:\s?MIN)?{_ENDS}"),
    re.compile(rf"{_HOUR}\s?{_O_CLOCK}(?![A-Z])"),
    re.compile(rf"\b(?:UM|ORE|ALLE|ALLE ORE|A LAS|TIME)\s?{_HOUR}[.:][0-5]\d{_ENDS}"),
)
_TIMES: Final = tuple(
    re.compile(rf"(?:\b{_DAY}\s+)?(?:{time.pattern})(?:\s+{_DAY}\b)?") for time in _CLOCK
)
_MONTH: Final = re.compile(
    r"(?<![A-Z])(?:JANV?(?:IER)?|JANUARY?|JANUAR|FEB(?:RUARY?|RUAR)?|FEVR?(?:IER)?|MARS?|MARCH"
    r"|MARZO?|MAERZ|MRT|MAART|APRI?L?E?|AVR(?:IL)?|ABR(?:IL)?|MAI|MAY|MAYO|MEI|MAGGIO|JUNE?|JUIN"
    r"|JUNI|JUNIO|GIU(?:GNO)?|JULY?|JUIL(?:LET)?|JULI|JULIO|LUG(?:LIO)?|AUG(?:UST(?:US)?)?|AOUT"
    r"|AGO(?:STO)?|SEPT?(?:EMBE?RE?)?|SETTEMBRE|SET|OCT(?:OBRE?|OBER|UBRE)?|OKT(?:OBER)?"
    r"|OTT(?:OBRE)?|NOV(?:EMBE?RE?|IEMBRE)?|DEC(?:EMBE?RE?)?|DEZ(?:EMBER)?|DIC(?:IEMBRE|EMBRE)?"
    r"|GEN(?:NAIO)?|ENE(?:RO)?|FEBBRAIO|FEBRERO)(?![A-Z])"
)
#: Short words that say whose the number beside them is.
_WHOSE: Final = frozenset(
    {
        "DOB",
        "DDN",
        "GEB",
        "ID",
        "PID",
        "MRN",
        "IPP",
        "NIP",
        "NIR",
        "ACC",
        "SSN",
        "NHS",
        "BSN",
        "PAT",
    }
)


class Marks:
    """The marks of a site: the shipped ones and its own, words or phrases."""

    def __init__(self, own: Iterable[str] = ()) -> None:
        shipped = (entry for entries in TECHNIQUE.values() for entry in entries)
        self._phrases = {form for entry in (*shipped, *own) for form in _forms(entry)}
        self._longest = max(map(len, self._phrases))
        words = {form[0] for form in self._phrases if len(form) == 1}
        joined = ("".join(form) for form in self._phrases if len(form) > 1)
        self._words = words | {word for word in joined if len(word) >= _CUT}
        self._alike = {word.translate(_LOOK_ALIKE): word for word in words if len(word) >= LONG}
        self._nearly = {
            form: word
            for alike, word in self._alike.items()
            for form in _misread(alike)
            if form not in self._alike and form not in _NO_MARK_ALIKE
        }
        self._long = {alike: word for alike, word in self._alike.items() if len(word) >= _MISREAD}

    def may_name(self, line: str) -> bool:
        """Return whether a line of text may name somebody.

        Digits count over the whole line, so that 04/05/1961 is long.
        """
        text = _RUN_ON.sub(r"\1 ", folded(_INDEX.sub("EI", line)))
        for pattern in (*_SETTINGS, *_TIMES):
            text = pattern.sub(" ", text)
        if text.strip() in _ALONE:
            return False
        words = list(self._split(_WORD.findall(text)))
        digits = sum(len(word) for word in words if word.isdecimal())
        if digits >= LONG or (digits and (_MONTH.search(text) or _WHOSE.intersection(words))):
            return True
        # Letters set far apart are read one by one.
        if sum(len(word) == 1 and word.isalpha() for word in words) >= _TOGETHER:
            return True
        unknown = list(self._unknown([word for word in words if not word.isdecimal()]))
        short = [word for word in unknown if len(word) > 1]
        return any(len(word) >= LONG for word in unknown) or (
            len(short) > 1 and sum(map(len, short)) >= _TOGETHER
        )

    def _unknown(self, words: list[str]) -> Iterator[str]:
        """Yield the words that belong to no mark, the longest phrases taken first."""
        meant = [self._meant(word) for word in words]
        at = 0
        while at < len(words):
            lengths = range(min(self._longest, len(words) - at), 0, -1)
            phrase = next((n for n in lengths if tuple(meant[at : at + n]) in self._phrases), 0)
            if not phrase and not self._known(words[at]):
                yield words[at]
            at += max(1, phrase)

    def _split(self, words: Iterable[str]) -> Iterator[str]:
        """Yield the words, marks apart from the digits that were run into them."""
        for read in words:
            mended = (read.replace(_ACCENTED, vowel) for vowel in "AEIOU")
            word = next((form for form in mended if form in self._words), read)
            parts = re.findall(r"\d+|\D+", word)
            if len(parts) > 1 and not self._known(word):
                letters = [part for part in parts if not part.isdecimal()]
                # One known letter and a short number too: S400.
                short = len(parts) == 2 and len(parts[-1]) < LONG
                if all((short or len(part) >= LONG) and self._known(part) for part in letters):
                    yield from parts
                    continue
            yield word

    def _known(self, word: str) -> bool:
        """Return whether a word is a mark as it may have been read."""
        meant = self._meant(word)
        return meant in self._words or (
            len(word) >= _ALIKE and self._glued(word.translate(_LOOK_ALIKE), whole=True)
        )

    def _meant(self, word: str) -> str:
        """Return the mark that a word may have been read for, or the word."""
        if word in self._words or len(word) < _ALIKE or word in _NO_MARK:
            return word
        alike = word.translate(_LOOK_ALIKE)
        if (mark := self._alike.get(alike) or self._nearly.get(alike)) is not None:
            return mark
        if len(word) < _MISREAD - 1:
            return word
        return next((mark for form, mark in self._long.items() if _one_off(alike, form)), word)

    def _glued(self, alike: str, *, whole: bool, long: bool = False) -> bool:
        """Return whether this is nothing but marks run together, one of them long."""
        if not alike or (whole and alike in _NO_MARK_ALIKE):
            return long
        for end in range(2, len(alike) + 1):
            part = alike[:end]
            mark = len(part) >= LONG and part in self._alike
            if whole and end == len(alike):
                break
            if (mark or part in _JOINING_ALIKE) and self._glued(
                alike[end:], whole=False, long=long or (mark and len(part) >= _GLUED)
            ):
                return True
        return False


_JOINING_ALIKE: Final = frozenset(word.translate(_LOOK_ALIKE) for word in _JOINING)
_NO_MARK_ALIKE: Final = frozenset(word.translate(_LOOK_ALIKE) for word in _NO_MARK)
_CONFUSED_WITH: Final = {
    letter: "".join(pair.replace(letter, "") for pair in _CONFUSIONS if letter in pair)
    for letter in set("".join(_CONFUSIONS))
}


def _misread(alike: str) -> Iterator[str]:
    """Yield how a mark is read with an end lost, a letter lost or one taken for another."""
    if len(alike) >= _CUT:
        yield from (alike[1:], alike[:-1])
    places = range(len(alike))
    if len(alike) >= _SHORT_OF_ONE:
        yield from (alike[:at] + alike[at + 1 :] for at in places)
    if len(alike) >= _CONFUSED:
        for at in places:
            for other in _CONFUSED_WITH.get(alike[at], "").translate(_LOOK_ALIKE):
                yield alike[:at] + other + alike[at + 1 :]


def _one_off(word: str, other: str) -> bool:
    """Return whether one letter more, less or another makes one word of the other."""
    if len(word) > len(other):
        word, other = other, word
    if len(other) - len(word) > 1:
        return False
    at = next((i for i, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), len(word))
    return word[at + (len(word) == len(other)) :] == other[at + 1 :]


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """Return text in capitals without accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c)).upper()


def _tokens(entry: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(folded(entry)))


def _forms(entry: str) -> set[tuple[str, ...]]:
    """Return an entry's words, as a film prints them: Ü as U and as UE."""
    spelt = entry.upper()
    for letter in "ÄÖÜ":
        spelt = spelt.replace(letter, {"Ä": "AE", "Ö": "OE", "Ü": "UE"}[letter])
    return {_tokens(entry), _tokens(spelt)} - {()}
