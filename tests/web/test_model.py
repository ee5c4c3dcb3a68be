"""*Comprendre le modèle*: the card in words, and what Lecture and the API make of it."""

import re

import pytest

from schemas.errors import Unavailable
from schemas.findings import FINDINGS
from schemas.model_card import Bin, Figure, Hundred, ModelCard
from tests.store.made import with_specific
from tests.web.conftest import Web
from tests.web.library import add_film, add_model_with_card, manifest, starter_card
from tests.web.test_pages import signed_in
from web.cards import KnownCards
from web.pages.card_drawn import Chart, auroc_place, interval, squares
from web.pages.model import weakest_source


def french(value: float) -> str:
    return f"{value:.2f}".replace(".", ",")


def test_the_page_says_each_finding_s_figures_and_verdict_of_the_live_version(web: Web) -> None:
    card = add_model_with_card(web)
    page = signed_in(web).get("/modele").text
    rows = dict(
        re.findall(
            r'<tr data-finding="([^"]+)" data-reliability="\w+">(.*?)</tr>', page, re.DOTALL
        )
    )
    assert set(rows) == {each.finding for each in card.findings}
    for each in card.findings:
        row = rows[each.finding]
        for side in (each.cross_validation, each.held_out):
            known = side.auroc
            assert known.value is not None and known.low is not None  # noqa: PT018 - both known
            assert french(known.value) in row
            assert french(known.low) in row
            assert f"{each.cross_validation.positives} / {each.held_out.positives}" in row
        assert ("Peu fiable" in row) == (each.reliability == "unreliable")
        assert ("Assez fiable" in row) == (each.reliability == "reliable")
    assert {each.reliability for each in card.findings} == {"reliable", "unreliable"}


def test_each_of_a_hundred_films_is_drawn_by_a_shape_of_its_kind_and_told_in_words(
    web: Web,
) -> None:
    card = add_model_with_card(web)
    page = signed_in(web).get("/modele").text
    each = next(one for one in card.findings if one.finding == "Pneumonia")
    figure = re.search(
        r'<figure class="hundred" data-finding="Pneumonia">(.*?)</figure>', page, re.DOTALL
    )
    assert figure
    drawn, these = figure.group(1), each.like_these
    assert these is not None
    shapes = {"found": these.found, "missed": these.missed, "false_alarm": these.false_alarms}
    for kind, count in shapes.items():
        assert drawn.count(f'class="{kind}"') == count
    assert drawn.count("<circle") == these.found + these.quiet
    words = f"Trouvés : {these.found}. Manqués : {these.missed}. Fausses alertes"
    assert words in drawn
    assert each.like_all is not None
    assert f"fausses alertes {each.like_all.false_alarms}." in drawn


def test_the_page_tells_what_alerts_from_each_point_are_worth(web: Web) -> None:
    card = add_model_with_card(web)
    page = signed_in(web).get("/modele").text
    (now,) = (e for e in card.alerts if (e.point, e.basis) == ("specific", "held_out"))
    assert now.false_per_film_without is not None
    assert f"un cliché sans signe reçoit {french(now.false_per_film_without)} alerte" in page
    table = re.search(r'<table class="points">.*?</table>', page, re.DOTALL)
    assert table
    groups = dict(
        re.findall(r'<tbody data-finding="([^"]+)">(.*?)</tbody>', table.group(), re.DOTALL)
    )
    for each in card.findings:
        rows = re.findall(r'<tr data-point="(\w+)">(.*?)</tr>', groups[each.finding], re.DOTALL)
        assert [name for name, _ in rows] == ["sensitive", "alert", "specific"]
        for point, (_, text) in zip(each.points, rows, strict=True):
            sides = (point.cross_validation, point.held_out)
            told = [side for side in sides if side]
            assert " / ".join(str(side.found_of_100) for side in told) in text
            assert " / ".join(str(side.false_alerts_per_1000) for side in told) in text
            assert " / ".join(french(side.right or 0) for side in told) in text
            assert ("*" in text) == (point.prevalence_of == "these")


def test_a_card_of_before_says_nothing_of_points(web: Web) -> None:
    card = ModelCard.model_validate_json(starter_card())
    findings = tuple(each.model_copy(update={"points": ()}) for each in card.findings)
    before = card.model_copy(update={"findings": findings, "alerts": ()})
    add_model_with_card(web, data=before.model_dump_json().encode())
    page = signed_in(web).get("/modele").text
    assert "Sur 100 clichés" in page
    assert "Ce que valent ses alertes" not in page


def test_the_page_says_where_the_labels_come_from_and_where_the_model_fails(web: Web) -> None:
    card = add_model_with_card(web)
    page = signed_in(web).get("/modele").text
    weakest = weakest_source(card)
    assert weakest is not None
    for words in (
        "comptes rendus lus par un programme",
        "Elles sont contestées",
        "pile ou face",
        f"{card.held_out.films} clichés de {card.held_out.patients} autres patients",
        weakest[0],
        french(weakest[1]),
        "pas un contour",
        "60 ans et plus",
        "DenseNet121",
        "hasard 0,",
    ):
        assert words in page
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=", page)


def test_every_drawing_is_hidden_from_readers_that_get_the_same_in_words(web: Web) -> None:
    add_model_with_card(web)
    page = signed_in(web).get("/modele").text
    article = page[page.index("<article") :]
    drawings = re.findall(r"<svg [^>]*>", article)
    assert len(drawings) > 40
    for drawing in drawings:
        assert 'aria-hidden="true"' in drawing or 'class="one-film"' in drawing
    for table in re.findall(r"<table.*?</table>", article, re.DOTALL):
        assert '<th scope="col"' in table
        assert '<th scope="row"' in table


def test_another_version_is_asked_for_by_number_and_one_without_card_says_so(web: Web) -> None:
    web.rows.models.register(manifest(1), "former")
    add_model_with_card(web, 2)
    client = signed_in(web, "viewer")
    live = client.get("/modele").text
    assert "starter/2" in live
    assert "/modele?version=1" in live
    bare = client.get("/modele?version=1").text
    assert "pas de fiche" in bare
    assert "Peu fiable" not in bare
    web.rows.models.register(manifest(4), "retired")
    assert "starter/4" in client.get("/modele?version=4").text
    assert client.get("/modele?version=7").status_code == 404
    assert client.get("/modele?version=last").status_code == 404


def test_without_a_model_in_service_the_page_says_so(web: Web) -> None:
    assert "Aucun modèle n&#39;est en service" in signed_in(web).get("/modele").text


def test_a_card_that_is_gone_or_another_is_never_shown_in_silence(web: Web) -> None:
    add_model_with_card(web)
    live = web.rows.models.live()
    assert live is not None
    key = "starter/1/card.json"
    other = starter_card().replace(b"0.65", b"0.66", 1) + b" "
    web.objects.put("models", key, other)
    with pytest.raises(Unavailable, match=r"wanted card\.json of"):
        KnownCards(web.objects).of(live.manifest)
    assert signed_in(web).get("/modele").status_code == 503
    web.objects.remove("models", key)
    with pytest.raises(Unavailable, match="cannot be read from the object store"):
        KnownCards(web.objects).of(live.manifest)
    web.objects.put("models", key, starter_card())
    web.objects.bad.add(("models", key))
    with pytest.raises(Unavailable, match="cannot be read from the object store"):
        KnownCards(web.objects).of(live.manifest)


def test_a_card_is_read_once_however_often_it_is_shown(web: Web) -> None:
    add_model_with_card(web)
    client = signed_in(web)
    for _ in range(3):
        client.get("/modele")
    reads = [call for call in web.objects.calls if call[0] == "read" and call[1] == "models"]
    assert len(reads) == 1


def test_the_api_says_of_each_finding_whether_it_can_be_relied_on(web: Web) -> None:
    card = add_model_with_card(web)
    film, _ = add_film(web, "one")
    for found in (
        web.get(f"/radiographs/{film.id}").json["findings"],
        web.get("/radiographs").json["items"][0]["findings"],
    ):
        said = {each["name"]: each["reliability"] for each in found}
        assert said == card.reliability() | dict.fromkeys(
            ("Enlarged Cardiomediastinum", "Fracture", "Support Devices")
        )


def test_without_a_card_nothing_is_called_reliable(web: Web) -> None:
    film, _ = add_film(web, "one", scores={"Edema": 0.9})
    said = web.get(f"/radiographs/{film.id}").json["findings"]
    assert {each["reliability"] for each in said} == {None}
    assert "Peu fiable" not in signed_in(web).get(f"/cliches/{film.id}").text


def test_an_unreliable_finding_is_named_so_and_never_suspected_in_page_list_or_filter(
    web: Web,
) -> None:
    card = add_model_with_card(web)
    film, _ = add_film(web, "one", scores={"Atelectasis": 0.9, "Edema": 0.9})
    assert card.reliability()["Atelectasis"] == "unreliable"
    assert card.reliability()["Edema"] == "reliable"
    client = signed_in(web)
    page = client.get(f"/cliches/{film.id}").text
    rows = dict(
        re.findall(r'class="finding" data-finding="([^"]+)".*?(<p class="finding-name">.*?</p>)',
                   page, re.DOTALL)
    )  # fmt: skip
    marked = {name for name, text in rows.items() if "Peu fiable" in text}
    assert marked == {name for name, said in card.reliability().items() if said == "unreliable"}
    assert "/modele?version=1" in page
    cards = client.get("/cliches").text
    told = re.findall(r'class="card-finding">([^<]+)<', cards)
    assert told == ["Œdème pulmonaire"]
    states = dict(re.findall(r'data-finding="([^"]+)" data-state="([^"]+)"', page))
    assert states["Atelectasis"] == "unreliable"
    assert states["Edema"] == "suspected"

    def listed(finding: str, state: str) -> bool:
        found = client.get("/cliches", query_string={"finding": finding, "state": state}).text
        return film.id in found

    assert listed("Edema", "suspected")
    assert not listed("Atelectasis", "suspected")
    assert not listed("Atelectasis", "borderline")
    assert listed("Atelectasis", "unreliable")


def test_the_reading_page_draws_where_borderline_and_suspected_begin(web: Web) -> None:
    web.rows.models.register(with_specific(manifest()), "live")
    film, _ = add_film(web, "one", scores={"Edema": 0.7, "Pneumonia": 0.8, "Atelectasis": 0.1})
    page = signed_in(web).get(f"/cliches/{film.id}").text
    states = dict(re.findall(r'data-finding="([^"]+)" data-state="([^"]+)"', page))
    assert (states["Edema"], states["Pneumonia"]) == ("borderline", "suspected")
    assert states["Atelectasis"] == "not_suspected"
    assert page.count('class="bar-borderline"') == page.count('class="bar-suspected"') == 11
    assert "limite à partir de 0,25, suspecté à partir de 0,75" in page
    assert "au second, le seuil spécifique" in page


def test_a_film_of_a_model_of_before_keeps_that_models_thresholds(web: Web) -> None:
    film, _ = add_film(web, "one", scores={"Edema": 0.7})
    assert "au second, le seuil d&#39;alerte" in signed_in(web).get(f"/cliches/{film.id}").text
    edema = web.get(f"/radiographs/{film.id}").json["findings"][FINDINGS.index("Edema")]
    assert edema["state"] == "suspected"
    assert edema["operating_point"]["specific"] is None
    web.rows.models.register(with_specific(manifest(2)), "live")
    again = web.get(f"/radiographs/{film.id}").json["findings"][FINDINGS.index("Edema")]
    assert again == edema


def test_an_interval_is_drawn_from_a_coin_to_never_wrong_and_points_out_when_it_goes_on() -> None:
    assert (auroc_place(0.5), auroc_place(1), auroc_place(0.75)) == (8, 192, 100)
    assert auroc_place(0.3) == 8
    drawn = interval(Figure(value=0.7, low=0.44, high=0.9))
    assert drawn is not None
    assert drawn.goes_on
    assert drawn.low == 8 < drawn.line < drawn.at < drawn.high
    assert interval(Figure(value=None, why="few")) is None


def test_a_hundred_films_fill_ten_rows_of_ten_in_order() -> None:
    films = squares(
        Hundred(films=100, found=3, missed=8, false_alarms=9, quiet=80, basis="held_out")
    )
    assert len({(column, row) for column, row, _ in films}) == 100
    assert [kind for _, _, kind in films[:3]] == ["found"] * 3
    assert films[10] == (0, 1, "missed")
    assert films[99] == (9, 9, "quiet")


def test_the_calibration_drawing_ends_where_its_dots_do() -> None:
    drawn = Chart.of([Bin(films=9, said=0.1, seen=0.05), Bin(films=9, said=0.3, seen=0.4)])
    assert drawn is not None
    assert drawn.top == 0.6
    assert drawn.dots[1] == pytest.approx((50.0, 33.33))
    whole = Chart.of([Bin(films=9, said=0.95, seen=1)])
    assert whole is not None
    assert whole.top == 1
    assert Chart.of([]) is None


def test_a_figure_has_a_value_or_a_reason_and_a_hundred_films_add_up() -> None:
    with pytest.raises(ValueError, match="wanted the reason"):
        Figure(value=None)
    with pytest.raises(ValueError, match="no interval without a figure"):
        Figure(value=None, low=0.1, why="few")
    with pytest.raises(ValueError, match="add up to 100, came 99"):
        Hundred(films=100, found=1, missed=1, false_alarms=1, quiet=96, basis="held_out")
    card = ModelCard.model_validate_json(starter_card())
    assert ModelCard.model_validate_json(card.model_dump_json()) == card
