"""Lecture, driven in a browser."""

from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from store.records import Drop
from tests.browser.conftest import NARROW, Open
from tests.browser.seeded import Seeded, phantom_png
from tests.waiting import eventually

pytestmark = pytest.mark.browser

MIDDLE = """() => {
    const canvas = document.getElementById("canvas");
    const at = canvas.getContext("2d").getImageData(canvas.width * .6, canvas.height / 2, 1, 1);
    return [...at.data].join();
}"""


def shown(page: Page) -> str:
    """Return a sample of the canvas once the film is drawn."""
    expect(page.locator("#stage-note")).to_be_empty()
    black = "0,0,0,255"
    return eventually(lambda: sample if (sample := page.evaluate(MIDDLE)) != black else "")


def changes(page: Page, before: str) -> str:
    """Return the sample once it is another than before."""
    return eventually(lambda: sample if (sample := page.evaluate(MIDDLE)) != before else "")


def test_a_reading_is_made_and_saved_with_the_keyboard_alone(visit: Open, site: Seeded) -> None:
    film = site.films[3]
    page = visit(f"/cliches/{film}")
    for key in ("j", "p", "j", "a", "j", "d", "j", "p", "x", "s"):
        page.keyboard.press(key)
    expect(page.locator("#toast")).to_have_text("Lecture enregistrée.")
    expect(page.locator("#readings")).to_contain_text("Condensation alvéolaire")
    saved = [one for one in site.rows.tables.readings if one.film == film][-1]
    assert dict(saved.labels) == {"Lung Opacity": 1, "Consolidation": 0, "Pneumonia": -1}
    assert saved.answer_visible
    assert saved.model == "starter/1"
    page.reload()
    chosen = page.locator('.finding[data-finding="Consolidation"] input:checked')
    expect(chosen).to_have_value("0")


def test_a_reading_without_any_verdict_is_not_sent(visit: Open, site: Seeded) -> None:
    page = visit(f"/cliches/{site.films[4]}")
    page.get_by_role("button", name="Enregistrer la lecture").click()
    expect(page.locator("#toast")).to_contain_text("Choisissez présent, absent ou douteux")
    assert not [one for one in site.rows.tables.readings if one.film == site.films[4]]


def test_a_heat_map_lies_over_the_film_until_it_is_put_away(visit: Open, site: Seeded) -> None:
    page = visit(f"/cliches/{site.films[1]}")
    bare = shown(page)
    button = page.locator("[data-map='Pneumonia']")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#legend")).to_contain_text("Pneumopathie infectieuse")
    changes(page, bare)
    button.focus()
    page.keyboard.press("c")
    expect(page.locator("#legend")).to_be_hidden()
    eventually(lambda: page.evaluate(MIDDLE) == bare)


def test_the_film_is_inverted_windowed_zoomed_and_put_back(visit: Open, site: Seeded) -> None:
    page = visit(f"/cliches/{site.films[2]}")
    bare = shown(page)
    page.keyboard.press("i")
    inverted = changes(page, bare)
    assert int(inverted.split(",")[0]) == 255 - int(bare.split(",")[0])
    page.keyboard.press("i")
    changes(page, inverted)
    page.keyboard.press("f")
    expect(page.locator("#width-value")).to_have_text("240")
    page.keyboard.press("b")
    expect(page.locator("#level-value")).to_have_text("136")
    page.keyboard.press("+")
    expect(page.locator("#readout")).to_have_text("Zoom 1,4")
    page.locator("#stage").focus()
    before = page.evaluate(MIDDLE)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    changes(page, before)
    page.keyboard.press("0")
    expect(page.locator("#readout")).to_be_empty()
    eventually(lambda: page.evaluate(MIDDLE) == bare)


def test_wheel_and_drag_move_the_film(visit: Open, site: Seeded) -> None:
    page = visit(f"/cliches/{site.films[2]}")
    shown(page)
    box = page.locator("#stage").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, -600)
    expect(page.locator("#readout")).to_contain_text("Zoom 2,")
    page.keyboard.down("Shift")
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 20, box["y"] + box["height"] / 2)
    page.mouse.up()
    page.keyboard.up("Shift")
    expect(page.locator("#width-value")).to_have_text("276")


def test_the_twelve_most_similar_films_show_and_are_filtered(visit: Open, site: Seeded) -> None:
    page = visit(f"/cliches/{site.films[1]}")
    expect(page.locator(".neighbour")).to_have_count(12)
    expect(page.locator(".neighbour").first).to_contain_text("similarité 0,")
    with page.expect_response("**/similar?*finding=Pneumonia*"):
        page.locator("#similar-finding").select_option("Pneumonia")
    expect(page.locator("#neighbours")).not_to_have_attribute("aria-busy", "true")
    assert page.locator(".neighbour").count() > 5
    for card in page.locator(".neighbour").all():
        expect(card).to_contain_text("Pneumopathie infectieuse")
    with page.expect_request("**/similar?*same_patient=include*"):
        page.locator("#same-patient").check()
    page.locator(".neighbour a").first.click()
    page.wait_for_url(lambda url: site.films[1] not in url)


def test_findings_come_by_themselves_and_choices_made_meanwhile_stay(
    visit: Open, site: Seeded
) -> None:
    drop = Drop("dropzone", "live", "v1", 1, "first", "local", "upload")
    with site.pipeline.paused():
        receipt = site.rows.receipts.open_many([drop])[0]
        film = site.pipeline.accept(receipt, phantom_png(2001, 160))
        assert film is not None
        page = visit(f"/cliches/{film.id}")
        expect(page.locator("#waiting")).to_contain_text("Analyse en attente")
        edema = page.locator('.finding[data-finding="Edema"]')
        edema.get_by_label("douteux").check()
        site.pipeline.analyse(film, "large heart")
    expect(page.locator("#waiting")).to_be_hidden()
    expect(edema).to_have_attribute("data-state", "suspected")
    expect(edema.locator("input:checked")).to_have_value("-1")
    expect(page.locator("#model-name")).to_have_text("Modèle starter/1")
    expect(page.locator(".neighbour")).to_have_count(12)


def test_a_comment_is_added_as_text_and_removed(visit: Open, site: Seeded) -> None:
    page = visit(f"/cliches/{site.films[5]}")
    expect(page.locator("#comment-warning")).to_contain_text("donnée du patient")
    page.locator("#comment").fill("<b>à revoir</b> s i j")
    page.get_by_role("button", name="Commenter").click()
    expect(page.locator("#comments")).to_contain_text("<b>à revoir</b>")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Supprimer").click()
    expect(page.locator("#comments")).to_contain_text("Aucun commentaire.")


def test_keys_are_listed_and_can_be_switched_off(visit: Open, site: Seeded) -> None:
    page = visit(f"/cliches/{site.films[6]}")
    page.keyboard.press("?")
    expect(page.locator("dialog.keys")).to_be_visible()
    page.get_by_label("Raccourcis à une touche actifs").uncheck()
    page.keyboard.press("Escape")
    expect(page.locator("dialog.keys")).to_be_hidden()
    page.keyboard.press("i")
    expect(page.locator("#invert")).to_have_attribute("aria-pressed", "false")


def one_more(site: Seeded, key: str, seed: int) -> str:
    """Add an analysed film, to be erased; return its id."""
    drop = Drop("dropzone", key, "v1", 1, "first", "local", "upload")
    with site.pipeline.paused():
        receipt = site.rows.receipts.open_many([drop])[0]
        film = site.pipeline.accept(receipt, phantom_png(seed, 160))
        assert film is not None
        site.pipeline.analyse(film, "large heart")
    return film.id


def test_a_steward_erases_a_film_with_the_keyboard_after_being_asked(
    visit: Open, site: Seeded
) -> None:
    film = one_more(site, "to-erase", 3001)
    page = visit(f"/cliches/{film}", role="steward", provoked=("404",))
    expect(page.locator(".neighbour")).to_have_count(12)
    control = page.get_by_role("button", name="Effacer ce cliché")
    above, below = page.locator("#comment-form").bounding_box(), control.bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] + above["height"] < below["y"], "it lies over the comments"
    control.focus()
    page.keyboard.press("Enter")
    asked = page.get_by_role("dialog", name=f"Effacer le cliché {film[:8]} ?")
    expect(asked).to_be_visible()
    expect(asked.get_by_role("button", name="Annuler")).to_be_focused()
    page.keyboard.press("Escape")
    expect(asked).to_be_hidden()
    expect(control).to_be_focused()
    assert film in site.rows.tables.films
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(asked).to_be_hidden()
    assert film in site.rows.tables.films

    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    page.wait_for_url("**/cliches")
    assert film not in site.rows.tables.films
    assert site.rows.tables.audit[-1].action == "film.erased"
    page.goto(f"/cliches/{film}")
    expect(page.locator("h1")).to_have_text("Page introuvable")


def test_a_film_that_is_gone_already_is_said_on_a_telephone(visit: Open, site: Seeded) -> None:
    film = one_more(site, "to-erase-too", 3002)
    page = visit(f"/cliches/{film}", role="steward", language="en", size=NARROW, provoked=("404",))
    expect(page.locator(".neighbour")).to_have_count(12)
    site.rows.films.erase(film, account=site.accounts["steward"].id)
    page.get_by_role("button", name="Erase this film").click()
    asked = page.get_by_role("dialog", name=f"Erase film {film[:8]}?")
    box = asked.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= NARROW["width"]
    asked.get_by_role("button", name="Erase for good").click()
    expect(asked).to_be_hidden()
    expect(page.locator("#toast")).to_contain_text("does not exist, or was erased")


def test_a_radiologist_sees_no_way_to_erase(visit: Open, site: Seeded) -> None:
    page = visit(f"/cliches/{site.films[6]}")
    expect(page.get_by_role("heading", name="Commentaires")).to_be_visible()
    expect(page.locator("#erase, #erase-dialog")).to_have_count(0)


def test_a_reading_is_made_on_a_telephone(visit: Open, site: Seeded) -> None:
    page = visit(f"/cliches/{site.films[8]}", role="steward", language="en", size=NARROW)
    page.locator('.finding[data-finding="Fracture"]').get_by_label("present").check()
    page.get_by_role("button", name="Save reading").click()
    expect(page.locator("#toast")).to_have_text("Reading saved.")


def test_a_steward_shares_a_clean_film_with_the_keyboard(visit: Open, site: Seeded) -> None:
    film = one_more(site, "to-share", 3003)
    tables = site.rows.tables
    page = visit(f"/cliches/{film}", role="steward")
    page.locator(".share summary").press("Enter")
    expect(page.locator("#share-sharing option")).to_have_count(1)
    expect(page.locator("#share-note")).to_contain_text("Reste privé")

    tables.films[film] = replace(tables.films[film], text_check="clean")
    page.reload()
    expect(page.locator("#provenance")).to_contain_text("Privé : ce site seulement")
    page.locator(".share summary").press("Enter")
    page.locator("#share-sharing").select_option("open")
    page.locator("#share-form button").press("Enter")
    expect(page.locator("#toast")).to_contain_text("une licence")
    expect(page.locator("#share-licence")).to_be_focused()
    assert tables.films[film].sharing == "private"
    page.locator("#share-licence").select_option("CC-BY-4.0")
    page.locator("#share-form button").press("Enter")
    expect(page.locator("#toast")).to_have_text("Partage enregistré.")
    expect(page.locator("#provenance")).to_contain_text("Ouvert : sous une licence")
    assert (tables.films[film].sharing, tables.films[film].licence) == ("open", "CC-BY-4.0")
    # The page is drawn anew after it: that opens the film again.
    assert [row.action for row in tables.audit[-2:]] == ["film.shared", "film.opened"]


def test_a_reader_sees_where_a_film_comes_from_and_changes_nothing(
    visit: Open, site: Seeded
) -> None:
    page = visit(f"/cliches/{site.films[1]}", language="en", size=NARROW)
    expect(page.locator("#provenance")).to_contain_text("none (dropped into the bucket)")
    expect(page.locator("#share-form")).to_have_count(0)
