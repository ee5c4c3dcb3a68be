"""Quarantaine, driven in a browser: masks by pointer and keyboard, let pass, refused."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.seeded import Seeded, hold
from tests.waiting import eventually

pytestmark = pytest.mark.browser


def test_a_mask_is_drawn_moved_and_sized_and_the_film_goes_on_without_what_it_covers(
    visit: Open, site: Seeded
) -> None:
    receipt = hold(site.rows, site.objects, 911)
    page = visit("/quarantaine", role="steward")
    item = page.locator(f"[data-receipt='{receipt.id}']")
    expect(item.get_by_role("heading")).to_contain_text("incrusté")
    film = item.locator(".held-film")
    film.scroll_into_view_if_needed()
    expect(film.locator("img")).to_have_js_property("complete", value=True)
    box = film.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.12, steps=4)
    page.mouse.up()
    mask = item.locator(".mask")
    expect(mask).to_be_focused()
    expect(item.locator("[data-count]")).to_have_text("1 zone(s) masquée(s)")
    item.get_by_role("button", name="Ajouter un masque").click()
    second = item.locator(".mask").nth(1)
    expect(second).to_be_focused()
    before = second.get_attribute("aria-label")
    for key in ("ArrowRight", "Shift+ArrowDown"):
        page.keyboard.press(key)
    assert before == "Masque, en centièmes : gauche 35, haut 45, largeur 30, hauteur 10"
    expect(second).to_have_attribute(
        "aria-label", "Masque, en centièmes : gauche 36, haut 45, largeur 30, hauteur 11"
    )
    page.keyboard.press("Delete")
    expect(item.locator(".mask")).to_have_count(1)
    item.get_by_role("button", name="Laisser passer").click()
    expect(page.locator("#said")).to_have_text("Le cliché suit son chemin, comme un dépôt.")
    expect(item).to_have_count(0)

    def analysed() -> bool:
        return site.rows.tables.receipts[receipt.id].state == "analysed"

    eventually(analysed, 20, what="the film analysed")
    [part] = site.rows.tables.receipts[receipt.id].black_out
    left, top, width, height = part
    assert left < 0.02
    assert top < 0.02
    assert 0.75 < width < 0.85
    assert 0.08 < height < 0.14


def test_a_refusal_needs_its_reason_and_takes_the_film_off_the_list(
    visit: Open, site: Seeded
) -> None:
    receipt = hold(site.rows, site.objects, 912)
    page = visit("/quarantaine", role="steward", language="en")
    item = page.locator(f"[data-receipt='{receipt.id}']")
    item.get_by_role("button", name="Refuse and delete").click()
    expect(item).to_be_visible()
    item.get_by_label("Why it is refused").fill("nom lisible")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(item).to_have_count(0)
    known = site.rows.tables.receipts[receipt.id]
    assert (known.state, known.code, known.note) == ("rejected", "refused", "nom lisible")


def test_what_somebody_else_decided_meanwhile_is_said(visit: Open, site: Seeded) -> None:
    receipt = hold(site.rows, site.objects, 913)
    page = visit("/quarantaine", role="steward", provoked=("409",))
    item = page.locator(f"[data-receipt='{receipt.id}']")
    site.rows.quarantine.refuse(receipt.id, account=site.accounts["admin"].id, note="déjà")
    item.get_by_role("button", name="Laisser passer").click()
    expect(page.locator("#problem")).to_be_visible()


def test_only_stewards_have_the_page(visit: Open) -> None:
    page = visit("/quarantaine", role="radiologist", provoked=("403",))
    expect(page.locator(".places")).not_to_contain_text("Quarantaine")
    expect(page.locator("h1")).not_to_have_text("Quarantaine")
