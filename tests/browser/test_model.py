"""*Comprendre le modèle*, driven in a browser: widths, keyboard, names, colours not alone."""

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.browser.conftest import NARROW, WIDE, Open
from tests.browser.seeded import Seeded, manifest

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("language", "size", "title", "doubt"),
    [
        ("fr", WIDE, "Comprendre le modèle", "Peu fiable"),
        ("en", NARROW, "Understanding the model", "Unreliable"),
    ],
)
def test_the_page_fits_and_says_what_is_doubtful(
    visit: Open, language: str, size: ViewportSize, title: str, doubt: str
) -> None:
    page = visit("/modele", language=language, size=size)
    expect(page.locator("h1")).to_have_text(title)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    card = manifest().card
    assert card is not None
    for name, said in card.reliability.items():
        row = page.locator(f'.worth tr[data-finding="{name}"]')
        expect(row).to_contain_text(doubt) if said == "unreliable" else expect(
            row
        ).not_to_contain_text(doubt)
        drawing = row.locator("svg.auroc").bounding_box()
        assert drawing is not None
        assert drawing["width"] > 80
    assert page.locator("figure.hundred").count() == len(card.reliability)
    # Every kind of film has a shape, so that the drawing can be read in grey.
    for kind in ("circle.found", "path.missed", "path.false_alarm", "circle.quiet-film"):
        expect(page.locator(f"figure.hundred {kind}").first).to_be_visible()


def test_the_menu_leads_there_and_tables_that_are_wide_are_reached_by_keyboard(
    visit: Open,
) -> None:
    page = visit("/cliches", size=NARROW)
    page.get_by_role("link", name="Modèle", exact=True).click()
    page.wait_for_url("**/modele")
    expect(page.get_by_role("link", name="Modèle", exact=True)).to_have_attribute(
        "aria-current", "page"
    )
    summary = page.locator("summary", has_text="Tous les chiffres")
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    region = page.get_by_role("region", name="Tous les chiffres")
    expect(region).to_be_focused()
    before = region.evaluate("one => one.scrollLeft")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "before => document.activeElement.scrollLeft > before", arg=before, timeout=5000
    )


def test_reading_marks_what_is_doubtful_and_leads_to_the_card(visit: Open, site: Seeded) -> None:
    page = visit(f"/cliches/{site.films[1]}")
    card = manifest().card
    assert card is not None
    for name, said in card.reliability.items():
        mark = page.locator(f'.finding[data-finding="{name}"] .doubtful')
        doubtful = said == "unreliable"
        expect(mark).to_have_count(1 if doubtful else 0)
        # Where nothing can be suspected, no line says from where.
        limit = page.locator(f'.finding[data-finding="{name}"] .bar-suspected')
        expect(limit).to_have_count(0 if doubtful else 1)
    expect(page.locator(".neighbour").first).to_be_visible()
    page.locator("#model-name a").click()
    page.wait_for_url("**/modele?version=1")
    expect(page.locator("h1")).to_have_text("Comprendre le modèle")
