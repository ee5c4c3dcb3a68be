"""What holds on every page: language, width, keyboard, no error."""

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.browser.conftest import NARROW, WIDE, Open
from tests.browser.seeded import PASSWORD, Seeded

pytestmark = pytest.mark.browser

WAITING = "/cliches?state=waiting&finding="
PAGES = ("/depot", "/quarantaine", "/cliches", WAITING, "/systeme", "/modele", "film")
NOT_FOUND = ("404",)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_page_scrolls_sideways_or_logs_an_error(
    visit: Open, site: Seeded, language: str, size: ViewportSize
) -> None:
    page = visit(role="steward", language=language, size=size, provoked=NOT_FOUND)
    for path in (*PAGES, f"/cliches/{'0' * 64}"):
        page.goto(f"/cliches/{site.films[1]}" if path == "film" else path)
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.locator("h1")).to_be_visible()
        page.wait_for_load_state("networkidle") if path == "film" else None
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], path
        research = "dispositif médical" if language == "fr" else "not a medical device"
        expect(page.locator("footer")).to_contain_text(research)


def test_the_language_switch_stays_on_the_page_and_in_the_session(visit: Open) -> None:
    page = visit("/cliches?finding=Edema")
    page.get_by_role("button", name="EN").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.url.endswith("/cliches?finding=Edema")
    page.get_by_role("link", name="Deposit").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Deposit")


def test_signing_in_takes_the_keyboard_alone_and_comes_back_to_the_page_asked_for(
    visit: Open,
) -> None:
    page = visit("/depot", role=None)
    expect(page.locator("[name=name]")).to_be_focused()
    page.keyboard.type("radiologist")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/depot")


def test_the_first_stop_of_the_keyboard_skips_to_the_content(visit: Open) -> None:
    page = visit("/systeme")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Aller au contenu")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_account_menu_signs_out(visit: Open) -> None:
    page = visit("/depot")
    page.locator(".account summary").click()
    expect(page.locator(".menu")).to_contain_text("radiologue")
    page.get_by_role("button", name="Se déconnecter").click()
    page.wait_for_url("**/connexion")


def test_every_control_has_a_name(visit: Open, site: Seeded) -> None:
    page = visit(role="steward")
    for path in ("/depot", "/cliches", f"/cliches/{site.films[1]}", "/modele", "/systeme"):
        page.goto(path)
        nameless = page.evaluate(
            """() => [...document.querySelectorAll("button, a[href], input, select, textarea")]
                .filter((one) => one.type !== "hidden" && !one.hidden)
                .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim()
                    || one.title || one.labels?.[0]?.textContent.trim()))
                .map((one) => one.outerHTML)"""
        )
        assert nameless == [], path
