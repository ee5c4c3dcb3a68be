"""What a manifest's lines say, as rows keep it, and what two of them say of one film together."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from schemas.facts import KnownFacts
from schemas.findings import FINDINGS
from store.records_manifests import ManifestLine

#: Codes of `facts.method` that go with these facts (PS3.16 CID 7050).
_METHODS: Final = {"113107": ("study_date",), "113108": ("sex", "age")}


def merged(first: ManifestLine, second: ManifestLine) -> ManifestLine:
    """Return what two lines of one manifest say of one film, by the first one's number.

    What one of them does not say, the other does. Where they contradict each other neither wins:
    the value is left out, and `left` names the column and the line. In any order, and said twice,
    the same values come.
    """
    left = dict(second.left) | dict(first.left)
    ours, theirs = by_column(first), by_column(second)
    for column in ours.keys() & theirs.keys():
        if ours[column] != theirs[column]:
            left.setdefault(column, second.line)
    if "PatientID" in left and "StudyDate" not in {**first.left, **second.left}:
        # The codes of one day are two of two patients.
        left.pop("StudyDate", None)
    said = {column: value for column, value in (theirs | ours).items() if column not in left}
    if "PatientID" in left:
        said.pop("StudyDate", None)
    return replace(first, left=left, **_fields(said, first if first.study else second))


def by_column(line: ManifestLine) -> dict[str, Any]:
    """Return what a line says by the column that says it."""
    said: dict[str, Any] = {
        "PatientID": line.patient,
        # A day is kept as a code and as a shifted day, both by patient: either tells days apart.
        "StudyDate": line.study,
        "AP/PA": line.view,
        "Sex": line.facts.sex,
        "Age": line.facts.age,
        "Source": line.source,
        "Licence": line.licence,
        "Sharing": line.sharing,
        **line.labels,
    }
    return {column: value for column, value in said.items() if value is not None}


def _fields(said: Mapping[str, Any], dated: ManifestLine) -> dict[str, Any]:
    """Return the fields of a line that says this by column; its day is that of line `dated`."""
    is_dated = "StudyDate" in said
    day = dated.facts.study_date if is_dated else None
    facts: dict[str, Any] = {"sex": said.get("Sex"), "age": said.get("Age"), "study_date": day}
    told = {code for code in dated.facts.method if code not in _METHODS}
    told |= {
        code for code, names in _METHODS.items() if any(facts[name] is not None for name in names)
    }
    return {
        "patient": said.get("PatientID"),
        "study": said.get("StudyDate"),
        "view": said.get("AP/PA"),
        "facts": KnownFacts(**facts, method=tuple(sorted(told))),
        "also": dated.also if is_dated else (),
        "source": said.get("Source"),
        "licence": said.get("Licence"),
        "sharing": said.get("Sharing"),
        "labels": {column: said[column] for column in FINDINGS if column in said},
    }


def said_of(line: ManifestLine) -> dict[str, Any]:
    """Return what a line says, without the key; what is not said is left out."""
    said: dict[str, Any] = {
        "patient": line.patient,
        "study": line.study,
        "view": line.view,
        "source": line.source,
        "licence": line.licence,
        "sharing": line.sharing,
        "also": list(line.also),
        "facts": line.facts.model_dump(mode="json", exclude_defaults=True),
        "labels": dict(line.labels),
    }
    return {name: value for name, value in said.items() if value not in (None, [], {})}


def line_of(said: Mapping[str, Any], bucket: str, key: str, **more: Any) -> ManifestLine:
    """Return the line of which `said_of` gave this; `more` are the fields it leaves out."""
    known = dict(said)
    facts = KnownFacts.model_validate(known.pop("facts", {}))
    also = tuple(known.pop("also", ()))
    return ManifestLine(bucket, key, facts=facts, also=also, **known, **more)
