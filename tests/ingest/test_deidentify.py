"""What is kept of what a file and the form say: pseudonyms, plain facts, nothing else."""

from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest

from ingest.deidentify import Known, deidentify, plain_word
from ingest.says import FileSays
from schemas.facts import KnownFacts
from schemas.identities import keyed_code
from schemas.plain_text import fault_in
from schemas.presentation import AS_STORED
from schemas.pseudonyms import day_code, patient_code, shifted, study_code
from store.records import FormSays

SECRET = "site secret"
UID = "1.2.840.113619.2.55.3.604688119.971"
DAY = date(2019, 3, 14)
FULL = FileSays(
    format="dicom",
    patient_id=" 19340229 ",
    issuer="CHU",
    birth_date="19740101",
    sex="F",
    age="045Y",
    study=UID,
    study_date="20190314",
    view="PA",
    orientation=("L", "F"),
    pixel_spacing=(0.139, 0.139),
    maker="Acme Röntgen",
    device="DR-7",
    modality="DX",
    image_type=("DERIVED", "PRIMARY"),
    body_part="CHEST",
    burned_in="NO",
    window=(2048.0, 4096.0),
)


def known(says: FileSays = FULL, form: FormSays | None = None, **more: Any) -> Known:
    options = {"secret": SECRET, "data_set": "local"} | more
    return deidentify(says, form or FormSays(), **options)


def facts(**says: Any) -> KnownFacts:
    return known(replace(FULL, **says)).facts


def test_a_full_file_gives_codes_and_facts() -> None:
    patient = keyed_code(SECRET, "patient", "CHU", "19340229")
    made = known()
    assert made.patient == patient == patient_code(SECRET, "CHU", "19340229")
    assert made.study == study_code(SECRET, UID)
    assert made.view == "PA"
    assert made.facts == KnownFacts(
        sex="F",
        age=45,
        study_date=shifted(SECRET, patient, DAY),
        orientation=("L", "F"),
        pixel_spacing=(0.139, 0.139),
        maker="Acme Rontgen",
        device="DR-7",
        modality="DX",
        window=(2048.0, 4096.0),
        presentation=AS_STORED,
        burned_in="no",
        method=("113100", "113107", "113108", "113109"),
    )


def test_nothing_that_the_file_says_of_its_patient_is_in_what_is_kept() -> None:
    kept = repr(known()) + known().facts.model_dump_json()
    for private in ("19340229", "CHU", "1974", UID, "20190314", "2019-03-14", "045Y"):
        assert private not in kept
    assert "19340229" not in repr(FULL)


def test_an_id_is_trimmed_and_belongs_to_its_issuer_or_data_set() -> None:
    without = replace(FULL, issuer=None)
    assert known().patient == known(replace(FULL, patient_id="19340229")).patient
    assert known(without).patient == patient_code(SECRET, "local", "19340229")
    codes = {
        known().patient,
        known(without).patient,
        known(without, data_set="chexpert").patient,
        known(replace(FULL, issuer="CHR")).patient,
        known(replace(FULL, patient_id="19340230")).patient,
        known(secret="another").patient,
    }
    assert len(codes) == 6
    assert known(replace(FULL, patient_id="  ")).patient is None


def test_a_study_is_its_uid_or_the_patients_day() -> None:
    assert known(secret="another").study != known().study
    no_uid = known(replace(FULL, study=" "))
    assert no_uid.study == day_code(SECRET, str(no_uid.patient), DAY)
    assert known(replace(FULL, study=None, patient_id=None)).study is None
    assert known(replace(FULL, study=None, study_date="")).study is None
    # Who knows the same film without UID or issuer names it by these.
    plain = str(patient_code(SECRET, "local", "19340229"))
    assert known().also == (
        plain,
        day_code(SECRET, str(known().patient), DAY),
        day_code(SECRET, plain, DAY),
    )


def test_dates_of_a_patient_move_together_by_whole_weeks_and_back() -> None:
    other = date(2021, 12, 31)
    moved = facts().study_date
    assert moved is not None
    back = DAY - moved
    assert other - (facts(study_date="20211231").study_date or other) == back
    seen = set()
    for number in range(300):
        weeks, rest = divmod((DAY - shifted(SECRET, f"patient {number}", DAY)).days, 7)
        assert rest == 0
        seen.add(weeks)
    assert (min(seen), max(seen)) == (1, 52)
    assert len(seen) > 45


def test_a_date_without_a_patient_is_not_kept() -> None:
    alone = known(replace(FULL, patient_id=None))
    assert alone.facts.study_date is None
    assert alone.facts.method == ("113100", "113108", "113109")
    # Its age was reckoned before the dates were let go.
    assert known(replace(FULL, patient_id=None, age=None)).facts.age == 45


@pytest.mark.parametrize(
    ("age", "birth", "kept"),
    [
        ("045Y", "19000101", 45),
        ("089Y", None, 89),
        ("090Y", None, 90),
        ("107Y", None, 90),
        ("999Y", None, None),
        ("018M", None, 1),
        ("051W", None, 0),
        ("400D", None, 1),
        (None, "19740315", 44),
        (None, "19740314", 45),
        ("45", "19740314", 45),
        (None, "19100101", 90),
        (None, "18700101", None),
        (None, "20190315", None),
        (None, "1974", None),
        (None, "1974.03.14", 45),
        (None, "20190230", None),
        (None, None, None),
    ],
)
def test_ages_are_whole_years_and_90_stands_for_all_above(
    age: str | None, birth: str | None, kept: int | None
) -> None:
    assert facts(age=age, birth_date=birth).age == kept


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("PA", "PA"),
        (" ap ", "AP"),
        ("LL", "LATERAL"),
        ("RL", "LATERAL"),
        ("lateral", "LATERAL"),
        ("LLD", None),
        ("RLO", None),
        ("Mme Dupont", None),
        (None, None),
    ],
)
def test_a_view_is_one_of_three_or_not_known(said: str | None, kept: str | None) -> None:
    assert known(replace(FULL, view=said)).view == kept


@pytest.mark.parametrize(
    "bad",
    [
        {"sex": "Dupont"},
        {"orientation": ("L",)},
        {"orientation": ("L", "Dupont")},
        {"pixel_spacing": (0.0, 0.1)},
        {"pixel_spacing": (float("inf"), 0.1)},
        {"pixel_spacing": (float("nan"), 0.1)},
        {"pixel_spacing": (19340229.0, 0.1)},
        {"window": (float("nan"), 1.0)},
        {"window": (1.0, 0.0)},
        {"window": (1.0,)},
        {"modality": "DUPONT"},
        {"maker": "Dupont Jeanne 19340229"},
        {"device": "SN 12-34-56"},
    ],
)
def test_a_value_of_another_form_is_not_kept(bad: dict[str, Any]) -> None:
    [name] = bad
    assert getattr(facts(**bad), name) is None
    assert getattr(facts(), name) is not None


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("FUJIFILM Corporation", "FUJIFILM Corporation"),
        ("Thalès <b>\x00DR</b>", "Thales b DR /b"),
        ("東芝", None),
        ("C90", "C90"),
        ("DigitalDiagnost C90 1.2", "DigitalDiagnost C90 1.2"),
        ("0862", None),
        ("x" * 41, None),
        ("born 1934-02-29", None),
        ("", None),
        (None, None),
    ],
)
def test_a_device_is_a_short_plain_word(said: str | None, kept: str | None) -> None:
    assert plain_word(said) == kept


def test_a_word_that_the_file_says_of_its_patient_is_no_device() -> None:
    assert facts(patient_id="AB-dupont", device="Room of ab-Dupont").device is None
    # "DR" as somebody's id is in half of all devices.
    assert facts(patient_id="DR", device="DR-7").device == "DR-7"


def test_text_burned_in_is_what_the_file_says_or_unknown() -> None:
    said = [facts(burned_in=word).burned_in for word in ("YES", "no", "maybe", None)]
    assert said == ["yes", "no", "unknown", "unknown"]


def test_a_silent_file_of_any_format_is_kept_with_its_method_alone() -> None:
    assert known(FileSays("png")) == Known(
        None, None, None, KnownFacts(presentation=AS_STORED, method=("113100",))
    )


def test_no_fact_is_kept_that_no_rule_is_written_for() -> None:
    kept = set(facts().model_dump(exclude_defaults=True))
    assert kept == set(KnownFacts.model_fields)
    assert {"patient_id", "issuer", "birth_date", "study"} == {
        field.name for field in fields(FileSays)
    } - kept - {"format", "view", "image_type", "body_part"}


PLAIN = str(patient_code(SECRET, "local", "19340229"))
FORM = FormSays(PLAIN, day_code(SECRET, PLAIN, DAY), shifted(SECRET, PLAIN, DAY), "AP")


def test_a_silent_file_is_what_the_form_says() -> None:
    made = known(FileSays("jpeg"), FORM)
    assert (made.patient, made.study, made.view) == (FORM.patient, FORM.study, "AP")
    assert made.facts == KnownFacts(
        study_date=FORM.study_date, presentation=AS_STORED, method=("113100", "113107")
    )
    assert made.contradicts == ()


def test_form_and_file_name_one_patient_alike_with_and_without_an_issuer() -> None:
    for says in (FULL, replace(FULL, issuer=None), replace(FULL, study=None)):
        made = known(says, replace(FORM, view=None))
        assert made == known(says)


def test_where_form_and_file_disagree_the_file_is_kept_and_it_is_said() -> None:
    other = replace(FORM, study=day_code(SECRET, PLAIN, date(2019, 3, 15)))
    made = known(FULL, other)
    assert made.contradicts == ("study", "view")
    assert replace(made, contradicts=()) == known(FULL)
    stranger = FormSays("somebody", "theirs", DAY, "AP")
    made = known(replace(FULL, view=None, study=None, study_date=None), stranger)
    assert made.contradicts == ("patient",)
    # The form was filled in for somebody else: none of it is about this film.
    assert (made.study, made.view, made.facts.study_date) == (None, None, None)


def test_a_file_without_patient_takes_the_forms_and_its_weeks() -> None:
    anonymous = replace(FULL, patient_id=None, issuer=None)
    made = known(anonymous, replace(FORM, view="PA"))
    assert (made.patient, made.study) == (PLAIN, study_code(SECRET, UID))
    assert made.facts.study_date == FORM.study_date
    assert made.contradicts == ()


@pytest.mark.parametrize("odd", ["\0", "\ud800", "\u202e", "\u2066"])
def test_no_tag_brings_what_no_row_keeps_or_what_misleads(odd: str) -> None:
    words = {
        name: f"{text}{odd}"
        for name, text in {
            "patient_id": "1234", "issuer": "north", "birth_date": "19390101", "sex": "F",
            "age": "045Y", "study": "1.2.3", "study_date": "20240105", "view": "PA",
            "maker": "Maker", "device": "Device", "modality": "CR", "burned_in": "NO",
        }.items()
    }  # fmt: skip
    says = FileSays("dicom", orientation=(f"L{odd}", f"F{odd}"), **words)  # type: ignore[arg-type]
    known = deidentify(says, FormSays(), secret="s", data_set="d")
    kept = [known.patient, known.study, known.view, *known.also]
    assert known.patient is not None
    assert known.facts.maker == "Maker"
    assert [text for text in kept if text and fault_in(text)] == []
    assert odd not in "".join(str(value) for value in known.facts.model_dump().values())
