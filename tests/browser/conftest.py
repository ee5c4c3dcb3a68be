"""Debian's Chromium on the seeded application; a page fails its test by any error it logs."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, StorageState, ViewportSize, sync_playwright

from store.records import Role
from tests.browser.seeded import PASSWORD, Seeded, seeded

CHROMIUM = Path("/usr/bin/chromium")
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WIDE = ViewportSize(width=1280, height=800)
NARROW = ViewportSize(width=390, height=844)
Open = Callable[..., Page]
#: Chromium's advice about tests that read the canvas back; the page itself never does.
OWN_DOING = "Canvas2D: Multiple readback operations"


@pytest.fixture(scope="session")
def site() -> Iterator[Seeded]:
    """Return the seeded application, served for the whole session."""
    with seeded() as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Return one Chromium for the whole session."""
    if not CHROMIUM.exists():
        pytest.fail("wanted Debian's Chromium at /usr/bin/chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def sessions(site: Seeded, chromium: Browser) -> Callable[[Role], StorageState]:
    """Return how to get a role's cookies: it signs in once, since sign-ins are limited."""

    @cache
    def cookies(role: Role) -> StorageState:
        context = chromium.new_context(base_url=site.url)
        page = context.new_page()
        page.goto("/connexion")
        page.locator("[name=name]").fill(site.accounts[role].name)
        page.locator("[name=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/cliches")
        kept = context.storage_state()
        context.close()
        return kept

    return cookies


@pytest.fixture
def visit(
    site: Seeded, chromium: Browser, sessions: Callable[[Role], StorageState]
) -> Iterator[Open]:
    """Return how to open a page: signed in, in a language and size, watched for errors.

    `provoked` names texts of errors that the test brings about itself.
    """
    errors: list[str] = []
    contexts = []

    def open_page(
        path: str = "/cliches",
        *,
        role: Role | None = "radiologist",
        language: str = "fr",
        size: ViewportSize = WIDE,
        provoked: tuple[str, ...] = (),
    ) -> Page:
        context = chromium.new_context(
            viewport=size,
            locale=language,
            base_url=site.url,
            storage_state=sessions(role) if role else None,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)

        def note(text: str) -> None:
            if not any(part in text for part in (*provoked, OWN_DOING)):
                errors.append(text)

        page.on("pageerror", lambda error: note(str(error)))
        page.on(
            "console",
            lambda said: note(said.text) if said.type in {"error", "warning"} else None,
        )
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
