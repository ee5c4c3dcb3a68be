"""Dépôt, driven in a browser."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, Route, expect

from store.records import FormSays
from tests.browser.conftest import NARROW, Open
from tests.browser.seeded import Seeded, phantom_png

pytestmark = pytest.mark.browser


def png(name: str, seed: int) -> FilePayload:
    return FilePayload(name=name, mimeType="image/png", buffer=phantom_png(seed, 160))


def noise(name: str) -> FilePayload:
    return FilePayload(name=name, mimeType="image/png", buffer=name.encode())


def depot(visit: Open, **more: Any) -> Page:
    """Open the page and make the depositor's statement."""
    page = visit("/depot", **more)
    page.locator("#statement").check()
    return page


def count(page: Page, name: str, value: int) -> None:
    expect(page.locator(f"[data-count={name}]")).to_have_text(str(value), timeout=60_000)


def test_each_file_s_fate_shows_by_itself_with_its_reason_or_its_film(
    visit: Open, site: Seeded
) -> None:
    page = depot(visit)
    page.locator("#files").set_input_files(
        [png("a.png", 1001), png("b.png", 1002), noise("lettre.txt")]
    )
    count(page, "chosen", 3)
    count(page, "analysed", 2)
    count(page, "refused", 1)
    refused = page.locator("#drops .drop", has_text="lettre.txt")
    expect(refused).to_have_attribute("data-state", "rejected")
    expect(refused).to_contain_text("n'est pas une image lisible")
    expect(page.locator("#summary")).to_have_text("3 envoyés, 3 reçus, 2 analysés, 1 refusés")
    first = page.locator("#drops .drop", has_text="a.png")
    expect(first.locator("img")).to_be_visible()
    first.get_by_role("link").click()
    page.wait_for_url("**/cliches/*")
    assert page.url.rsplit("/", 1)[1] in site.rows.tables.films


def test_files_are_chosen_with_the_keyboard(visit: Open) -> None:
    page = depot(visit)
    with page.expect_file_chooser() as chooser:
        page.locator("#choose-files").press("Enter")
    chooser.value.set_files([png("clavier.png", 1003)])
    count(page, "analysed", 1)


def test_a_folder_is_sent_with_the_folders_inside_it(visit: Open, tmp_path: Path) -> None:
    (tmp_path / "lot" / "a").mkdir(parents=True)
    (tmp_path / "lot" / "un.png").write_bytes(phantom_png(1004, 160))
    (tmp_path / "lot" / "a" / "deux.png").write_bytes(phantom_png(1005, 160))
    page = depot(visit)
    page.locator("#folder").set_input_files(tmp_path / "lot")
    count(page, "analysed", 2)
    expect(page.locator("#drops")).to_contain_text("lot/a/deux.png")


def test_of_a_patients_cd_the_films_are_sent_and_the_rest_is_counted_in_one_line(
    visit: Open, tmp_path: Path
) -> None:
    disc = tmp_path / "cd"
    (disc / "IMAGES").mkdir(parents=True)
    (disc / "DICOMDIR").write_bytes(bytes(128) + b"DICM" + bytes(400))
    (disc / "AUTORUN.INF").write_bytes(b"[autorun]")
    (disc / "viewer.exe").write_bytes(b"MZ" + bytes(800))
    (disc / "IMAGES" / "IM0001").write_bytes(phantom_png(1006, 160))
    (disc / "IMAGES" / "faux.png").write_bytes(b"a text named so")
    page = depot(visit)
    page.locator("#folder").set_input_files(disc)
    count(page, "analysed", 1)
    count(page, "refused", 1)
    count(page, "chosen", 2)
    expect(page.locator("#left")).to_contain_text("3 fichier(s) laissé(s) de côté")


def test_files_dropped_anywhere_on_the_page_are_taken(visit: Open) -> None:
    page = depot(visit)
    page.evaluate(
        """() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(["nothing"], "lache.png"));
            document.querySelector("footer").dispatchEvent(
                new DragEvent("drop",
                    { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }"""
    )
    count(page, "refused", 1)


def test_a_thousand_files_all_come_to_their_end(visit: Open) -> None:
    # A quick machine sends more than a session may in a second (web/limits.py): the page is told
    # to wait, does, and the browser notes it.
    page = depot(visit, provoked=("429",))
    page.locator("#files").set_input_files([noise(f"{number}.png") for number in range(1000)])
    count(page, "chosen", 1000)
    count(page, "received", 1000)
    count(page, "refused", 1000)
    assert page.locator("#drops .drop").count() == 1000


def test_an_upload_refused_for_a_moment_is_sent_again(visit: Open) -> None:
    page = depot(visit, provoked=("429",))
    refused: list[Route] = []

    def once(route: Route) -> None:
        if refused:
            route.continue_()
            return
        refused.append(route)
        route.fulfill(status=429, headers={"Retry-After": "1"}, json={})

    page.route("**/api/v1/radiographs", once)
    page.locator("#files").set_input_files([png("patience.png", 1006)])
    expect(page.locator("#drops")).to_contain_text("nouvel essai dans 1 s")
    count(page, "analysed", 1)


def test_an_upload_cut_off_is_sent_again(visit: Open) -> None:
    page = depot(visit, provoked=("net::ERR",))
    cut: list[Route] = []

    def once(route: Route) -> None:
        if cut:
            route.continue_()
            return
        cut.append(route)
        route.abort("connectionreset")

    page.route("**/api/v1/radiographs", once)
    page.locator("#files").set_input_files([png("coupure.png", 1007)])
    count(page, "analysed", 1)


def test_without_live_events_the_page_asks_by_itself(visit: Open) -> None:
    page = depot(visit, provoked=("net::ERR", "503"))
    page.route("**/live/**", lambda route: route.fulfill(status=503, json={}))
    page.locator("#files").set_input_files([png("sans-flux.png", 1008)])
    count(page, "analysed", 1)


def test_a_deposit_under_way_is_followed_after_the_page_is_opened_again(
    visit: Open, site: Seeded
) -> None:
    page = depot(visit)
    with site.pipeline.paused():
        page.locator("#files").set_input_files([png("plus-tard.png", 1009)])
        count(page, "received", 1)
        page.reload()
        recent = page.locator("#recent .drop", has_text="plus-tard.png")
        expect(recent).to_have_attribute("data-state", "received")
    expect(recent).to_have_attribute("data-state", "analysed")


def say(page: Page, patient: str, *, day: str = "", view: str = "") -> None:
    if page.locator("#about").get_attribute("open") is None:
        page.locator("#about summary").press("Enter")
    page.locator("#about-patient").fill(patient)
    if day:
        page.locator("#about-date").fill(day)
    page.locator("#about-view").select_option(view)


def test_patient_date_and_view_go_with_the_next_files_and_no_others(
    visit: Open, site: Seeded
) -> None:
    page = depot(visit)
    expect(page.locator("#about-date")).to_be_hidden()
    say(page, "CODE-77", day="2021-04-17", view="LATERAL")
    page.locator("#files").set_input_files([png("profil.png", 1010), png("autre.png", 1011)])
    expect(page.locator("#about-used")).to_contain_text("Fichiers concernés : 2")
    for name in ("patient", "date"):
        expect(page.locator(f"#about-{name}")).to_have_value("")
    expect(page.locator("#about-date")).to_be_disabled()
    page.locator("#files").set_input_files([png("suivant.png", 1012)])
    expect(page.locator("#about-used")).to_have_text("")
    count(page, "analysed", 3)
    said = {row.filename: row.form for row in site.rows.tables.receipts.values()}
    assert said["profil.png"] == said["autre.png"]
    assert said["profil.png"].view == "LATERAL"
    assert said["profil.png"].study_date is not None
    assert said["suivant.png"] == FormSays()
    assert "CODE-77" not in repr(site.rows.tables)


def test_files_that_say_different_things_never_share_a_request(visit: Open, site: Seeded) -> None:
    page = depot(visit)
    held: list[Route] = []

    def hold(route: Route) -> None:
        if len(held) == 2:
            route.continue_()
        else:
            held.append(route)

    page.route("**/api/v1/radiographs", hold)
    for number in range(4):
        say(page, f"P{number}")
        page.locator("#files").set_input_files([png(f"lot-{number}.png", 1020 + number)])
    # Two leave at once; the other two wait together for their turn.
    for route in tuple(held):
        route.continue_()
    count(page, "analysed", 4)
    forms = [
        row.form.patient
        for row in site.rows.tables.receipts.values()
        if (row.filename or "").startswith("lot-")
    ]
    assert len(set(forms)) == 4


def test_a_film_known_as_another_patient_s_says_in_what_it_disagrees(visit: Open) -> None:
    page = depot(visit)
    say(page, "A")
    page.locator("#files").set_input_files([png("un.png", 1013)])
    count(page, "analysed", 1)
    say(page, "B")
    page.locator("#files").set_input_files([png("deux.png", 1013)])
    count(page, "analysed", 2)
    expect(page.locator("#drops .drop", has_text="un.png")).not_to_contain_text("déjà présent")
    row = page.locator("#drops .drop", has_text="deux.png")
    expect(row).to_contain_text(
        "analysé : déjà présent ; ne concorde pas avec ce qui était connu : patient"
    )
    page.reload()
    recent = page.locator("#recent .drop", has_text="deux.png")
    expect(recent).to_contain_text("déjà présent")
    expect(recent).to_contain_text("ne concorde pas")


def test_without_the_statement_nothing_leaves_the_page(visit: Open, site: Seeded) -> None:
    page = visit("/depot")
    before = len(site.rows.tables.receipts)
    page.locator("#files").set_input_files([png("muet.png", 1030)])
    expect(page.locator("#problem")).to_contain_text("Cochez d'abord l'attestation")
    expect(page.locator("#statement")).to_be_focused()
    expect(page.locator("#sending")).to_be_hidden()
    # The button does not even open the chooser.
    page.locator("#choose-files").click()
    expect(page.locator("#statement")).to_be_focused()
    page.keyboard.press("Space")
    page.locator("#files").set_input_files([png("dit.png", 1031)])
    expect(page.locator("#problem")).to_be_hidden()
    count(page, "analysed", 1)
    # Asked once: the next files go without another tick.
    page.locator("#files").set_input_files([png("encore.png", 1032)])
    count(page, "analysed", 2)
    kept = {row.filename: row.statement for row in site.rows.tables.receipts.values()}
    assert (kept["dit.png"], kept["encore.png"]) == ("2026-11", "2026-11")
    assert len(site.rows.tables.receipts) == before + 2


def test_provenance_goes_with_all_files_and_says_what_is_missing(
    visit: Open, site: Seeded
) -> None:
    page = depot(visit)
    page.locator("#origin summary").press("Enter")
    page.locator("#origin-source").fill("Dr. Dupont")
    page.locator("#files").set_input_files([png("source.png", 1033)])
    expect(page.locator("#problem")).to_contain_text("minuscules")
    page.locator("#origin-source").fill("nih-cxr14")
    page.locator("#origin-sharing").select_option("open")
    page.locator("#files").set_input_files([png("source.png", 1033)])
    expect(page.locator("#origin-licence")).to_be_focused()
    page.locator("#origin-licence").select_option("CC0-1.0")
    for number in (1033, 1034):
        page.locator("#files").set_input_files([png(f"source-{number}.png", number)])
    count(page, "analysed", 2)
    for number in (1033, 1034):
        row = page.locator("#drops .drop", has_text=f"source-{number}.png")
        expect(row).to_contain_text("gardé privé")
    forms = {row.filename: row.form for row in site.rows.tables.receipts.values()}
    wanted = FormSays(source="nih-cxr14", licence="CC0-1.0", sharing="open")
    assert forms["source-1033.png"] == forms["source-1034.png"] == wanted


def test_a_folder_s_manifest_labels_its_films_and_its_summary_fits_a_phone(
    visit: Open, site: Seeded, tmp_path: Path
) -> None:
    lot = tmp_path / "lot"
    (lot / "été").mkdir(parents=True)
    (lot / "été" / "un.png").write_bytes(phantom_png(1021, 160))
    table = "Path;Edema;StudyDate;PatientID\r\nété\\un.png;1,0;;\r\nb.png;0,0;2026-02-30;P\r\n"
    (lot / "Labels.CSV").write_bytes(table.encode("cp1252"))
    page = depot(visit, size=NARROW)
    page.locator("#folder").set_input_files(lot)
    count(page, "analysed", 1)
    row = page.locator("#drops .drop", has_text="Labels.CSV")
    expect(row).to_have_attribute("data-state", "manifest", timeout=60_000)
    [(film, finding)] = [
        (film, finding)
        for film, finding, _, author in site.rows.tables.labels
        if author == "manifest"
    ]
    assert finding == "Edema"
    expect(page.locator(f"#drops a[href='/cliches/{film}']")).to_be_visible()
    row.get_by_role("link", name="Voir le bilan").click()
    page.wait_for_url("**/depot/manifestes/*")
    expect(page.locator("[data-kind=day]")).to_contain_text("jour qui n'existe pas")
    expect(page.locator("[data-fate=absent] .count")).to_have_text("1")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger le bilan").click()
    assert "StudyDate" in download.value.path().read_text(encoding="utf-8-sig")


def test_a_table_dropped_by_itself_speaks_of_the_films_dropped_before_it(
    visit: Open, site: Seeded
) -> None:
    page = depot(visit)
    page.locator("#files").set_input_files([png("seul.png", 1022)])
    count(page, "analysed", 1)
    table = FilePayload(
        name="labels.csv", mimeType="text/csv", buffer=b"Path,Fracture\nseul.png,1\n"
    )
    page.locator("#files").set_input_files([table])
    row = page.locator("#drops .drop", has_text="labels.csv")
    expect(row).to_have_attribute("data-state", "manifest", timeout=60_000)
    assert ("Fracture", "manifest") in {
        (finding, author) for _, finding, _, author in site.rows.tables.labels
    }
