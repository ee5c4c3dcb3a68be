"""Clichés, driven in a browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open

pytestmark = pytest.mark.browser


def test_arrows_move_between_films_and_enter_opens_one(visit: Open) -> None:
    page = visit()
    cards = page.locator(".film-card")
    wanted = cards.nth(2).get_attribute("data-film")
    cards.first.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowUp", "ArrowRight"):
        page.keyboard.press(key)
    expect(cards.nth(2)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cliches/{wanted}")


def test_the_list_is_walked_from_film_to_film(visit: Open) -> None:
    page = visit("/cliches?finding=Edema&state=suspected")
    films = page.locator(".film-card").evaluate_all("all => all.map((one) => one.dataset.film)")
    page.locator(".film-card").nth(1).click()
    page.wait_for_url(f"**/{films[1]}")
    page.keyboard.press("n")
    page.wait_for_url(f"**/{films[2]}")
    page.keyboard.press("Shift+N")
    page.wait_for_url(f"**/{films[1]}")
    page.get_by_role("link", name="Liste").click()
    page.wait_for_url("**/cliches?finding=Edema&state=suspected")


def test_choosing_a_finding_opens_the_filters_that_need_one(visit: Open) -> None:
    page = visit()
    expect(page.locator("[name=min]")).to_be_disabled()
    page.locator("[name=finding]").select_option("Edema")
    page.locator("[name=state]").select_option("suspected")
    page.get_by_role("button", name="Filtrer").click()
    expect(page.locator(".film-card").first).to_contain_text("Œdème pulmonaire")
    assert page.locator(".film-card").count() == 12


def test_the_next_page_goes_on_and_comes_back(visit: Open) -> None:
    page = visit()
    first = page.locator(".film-card").first.get_attribute("data-film")
    page.get_by_role("link", name="Page suivante").click()
    assert page.locator(".film-card").first.get_attribute("data-film") != first
    page.get_by_role("link", name="Revenir au début").click()
    assert page.locator(".film-card").first.get_attribute("data-film") == first
