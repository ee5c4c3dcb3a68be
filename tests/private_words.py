"""Words that name a patient, put into files in every way, and the search for them afterwards."""

import base64
import hashlib
import io
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.parse import quote, quote_plus

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.ingest.dicoms import EXPLICIT, dataset_of, file_of

#: Places of an EXIF block: ImageDescription, Artist, Copyright, DateTime (Exif 2.3, 4.6.4).
_EXIF = (0x010E, 0x013B, 0x8298, 0x0132)


def _mark() -> str:
    # Letters only, so that no number or id meets it by chance.
    return "".join(secrets.choice("bcdfghjklmnpqrstvwxz") for _ in range(8))


def _day_after(first: date) -> date:
    return first + timedelta(days=secrets.randbelow(6000))


@dataclass(frozen=True)
class Patient:
    """One patient nobody else has: names and codes carry a mark of this run."""

    family: str = field(default_factory=lambda: f"Épônine{_mark()}")
    given: str = field(default_factory=lambda: f"Zoë{_mark()}")
    code: str = field(default_factory=lambda: f"PX-{_mark()}-0042")
    uid: str = field(
        default_factory=lambda: f"1.2.826.0.1.{secrets.randbelow(10**9) + 10**9}.{10**9 + 7}"
    )
    accession: str = field(default_factory=lambda: f"ACC{_mark()}")
    birth: date = field(default_factory=lambda: _day_after(date(1930, 1, 1)))
    day: date = field(default_factory=lambda: _day_after(date(2001, 1, 1)))

    @property
    def words(self) -> tuple[str, ...]:
        """Return all that nobody may find, each as people and files write it."""
        forms = ("%Y%m%d", "%Y-%m-%d", "%d/%m/%Y", "%Y:%m:%d", "%d.%m.%Y")
        days = [day.strftime(form) for day in (self.birth, self.day) for form in forms]
        return (self.family, self.given, self.code, self.uid, self.accession, *days)

    @property
    def key(self) -> str:
        """Return a key or file name that says it all."""
        return f"{self.family} {self.given}/{self.code}_{self.day:%Y%m%d}.png"

    @property
    def sentence(self) -> str:
        """Return a text that says it all, as somebody might write one."""
        return (
            f"{self.family}^{self.given}, {self.code}, née le {self.birth:%d/%m/%Y},"
            f" examen du {self.day:%Y-%m-%d}, {self.uid}, {self.accession}"
        )

    def dicom(self, picture: Image.Image) -> bytes:
        """Return the picture as a DX file that says it all: in tags, private ones and around."""
        made = dataset_of(
            np.asarray(picture),
            8,
            PatientName=f"{self.family}^{self.given}",
            PatientID=self.code,
            IssuerOfPatientID=self.family,
            OtherPatientIDs=self.code,
            PatientBirthDate=f"{self.birth:%Y%m%d}",
            PatientSex="F",
            PatientComments=self.sentence,
            PatientAddress=self.sentence[:60],
            StudyInstanceUID=self.uid,
            StudyDate=f"{self.day:%Y%m%d}",
            StudyDescription=self.sentence[:60],
            AccessionNumber=self.accession,
            ReferringPhysicianName=f"{self.family}^{self.given}",
            InstitutionName=f"room of {self.code}",
            Manufacturer=f"{self.code} {self.accession}",
            ManufacturerModelName=f"room of {self.code}",
            ImageComments=self.sentence,
            ProtocolName=self.sentence[:60],
        )
        made.SpecificCharacterSet = "ISO_IR 192"
        block = made.private_block(0x0011, self.family, create=True)
        block.add_new(0x01, "UT", self.sentence)
        block.add_new(
            0x02, "OB", self.sentence.encode() + b" " * (len(self.sentence.encode()) % 2)
        )
        made.add_new(0x60000022, "LO", self.sentence[:60])
        made.add_new(0x60003000, "OW", (self.sentence.encode() * 2)[:200])
        made.add_new(0x00420011, "OB", (b"%PDF-" + self.sentence.encode() * 2)[:200])
        made.PixelData = np.asarray(picture).tobytes()
        made["PixelData"].VR = "OB"
        whole = file_of(made, EXPLICIT)
        # The preamble may hold anything (PS3.10 7.1).
        return self.code.encode().ljust(128, b" ") + whole[128:] + b"\0" * 4

    def png(self, picture: Image.Image) -> bytes:
        """Return the picture as a PNG with text chunks and EXIF that say it all."""
        text = PngInfo()
        text.add_text("Patient", self.sentence.encode("latin-1", "replace"))
        text.add_text("Comment", self.sentence, zip=True)
        text.add_itxt("Description", self.sentence)
        out = io.BytesIO()
        picture.save(out, "PNG", pnginfo=text, exif=self._exif())
        return out.getvalue() + self.sentence.encode()

    def jpeg(self, picture: Image.Image) -> bytes:
        """Return the picture as a JPEG with EXIF and a comment that say it all."""
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=95, exif=self._exif(), comment=self.sentence.encode())
        return out.getvalue()

    def manifest(self) -> bytes:
        """Return a manifest that says it all of the patient's JPEG, in columns known and not."""
        row = [
            f"{self.code}.jpg", "Female", self.code, f"{self.day:%Y-%m-%d}", self.family,
            self.accession, self.given, f'"{self.sentence}"',
        ]  # fmt: skip
        header = "Path,Sex,PatientID,StudyDate,Site,Source,Age,Remarque"
        return f"{header}\n{','.join(row)}\n".encode()

    def _exif(self) -> bytes:
        exif = Image.Exif()
        for place in _EXIF:
            exif[place] = self.sentence
        return bytes(exif.tobytes())


def spellings(word: str) -> dict[str, bytes]:
    """Return the word as stores and programs may write it, by how. Lower case but for base64."""
    plain = {f"{name}": word.lower().encode(name) for name in ("utf-8", "utf-16-le", "utf-16-be")}
    plain["latin-1"] = word.lower().encode("latin-1")
    plain["hex"] = word.encode().hex().encode()
    plain["percent"] = quote(word, safe="").lower().encode()
    plain["form"] = quote_plus(word).lower().encode()
    plain["json"] = json.dumps(word)[1:-1].lower().encode()
    # A hash without a key can be found by trying.
    for name in ("md5", "sha1", "sha256"):
        plain[name] = hashlib.new(name, word.encode()).hexdigest().encode()
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + word.encode())
        # The first and last letters depend on what stands beside the word.
        plain[f"base64+{shift}"] = text[4 if shift else 0 : -4]
    return plain


class Search:
    """Looks for a patient's words; `places` counts what was looked through."""

    def __init__(self, *patients: Patient) -> None:
        self._needles = [
            (word, how, needle)
            for patient in patients
            for word in patient.words
            for how, needle in spellings(word).items()
        ]
        self.found: list[str] = []
        self.places = 0

    def look(self, where: str, data: bytes | str | None) -> None:
        """Note every word that is in these bytes."""
        if data is None:
            return
        self.places += 1
        raw = data.encode() if isinstance(data, str) else data
        # Of ASCII only: a lower-cased É in Latin-1 is no longer the byte it was.
        text = raw.lower().replace("É".encode(), "é".encode()).replace(b"\xc9", b"\xe9")
        for word, how, needle in self._needles:
            if needle in (raw if how.startswith("base64") else text):
                self.found.append(f"{where}: {word!r} as {how}")

    def look_all(self, where: str, many: Iterable[bytes | str | None]) -> int:
        """Look through many; return how many there were."""
        before = self.places
        for one in many:
            self.look(where, one)
        return self.places - before
