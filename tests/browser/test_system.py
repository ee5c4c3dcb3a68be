"""Système, driven in a browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.seeded import Seeded

pytestmark = pytest.mark.browser


def test_the_page_refreshes_itself_and_says_when_it_cannot(visit: Open, site: Seeded) -> None:
    page = visit("/systeme", role="steward", provoked=("net::ERR",))
    process = site.status["processes"][-1]
    expect(page.locator("tbody")).to_contain_text([process["name"], ""])
    process["state"] = "backoff"
    try:
        expect(page.locator(".process[data-state=backoff]")).to_be_visible()
    finally:
        process["state"] = "healthy"
    page.route("**/systeme/etat", lambda route: route.abort())
    expect(page.locator("#fresh")).to_contain_text("Pas de nouvelles du serveur")


def test_a_steward_replays_a_dead_letter(visit: Open, site: Seeded) -> None:
    page = visit("/systeme", role="steward")
    before = site.rows.letters.open_count()
    page.get_by_role("button", name="Rejouer le message").first.click()
    expect(page.get_by_role("status").first).to_have_text("Message rejoué.")
    assert site.rows.letters.open_count() == before - 1


def test_updating_can_be_paused(visit: Open) -> None:
    page = visit("/systeme")
    page.get_by_role("button", name="Suspendre la mise à jour").click()
    expect(page.get_by_role("button", name="Reprendre la mise à jour")).to_be_visible()
