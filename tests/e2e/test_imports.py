"""A CSV file comes in through the browser."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.screen import Screen
from tests.e2e.site import Site

ROWS = 3_000


def test_a_file_is_mapped_tried_imported_and_its_faulty_rows_come_back(site: Site, demo: Screen, tmp_path: Path) -> None:
    file = tmp_path / "solar fair.csv"
    lines = [f"Imported {number},lead{number}@example.com,{60000 + number}" for number in range(ROWS)]
    lines[1_000] = "Imported badly,not an address,61000"
    file.write_text("First name;Mail;ZIP\n".replace(";", ",") + "\n".join(lines))
    page = demo.page
    demo.open("/a/demo/leads/imports/new")
    page.get_by_label("CSV file").set_input_files(file)
    demo.press("Upload")

    expect(page.get_by_role("heading", name="solar fair.csv")).to_be_visible()
    mail = page.locator("tr", has=page.locator(".column-name", has_text="Mail")).locator("select")
    expect(mail.locator("option:checked")).to_have_text("Email")
    demo.press("See what becomes of the rows")
    expect(page.get_by_role("heading", name="What becomes of the rows")).to_be_visible(timeout=20_000)

    demo.press("Start the import")
    page.get_by_role("dialog").get_by_role("button", name="Start the import").click()
    progress = page.locator("#progress")
    expect(progress).to_be_visible()
    # It goes on when the page is closed.
    address = page.url
    demo.open("/a/demo/")
    page.goto(address)
    expect(progress).to_contain_text(f"{ROWS:,} of {ROWS:,} rows".replace(",", ""), timeout=60_000)
    expect(progress).to_contain_text("Done", timeout=10_000)
    with page.expect_download() as download:
        page.get_by_role("link", name="Faulty rows as CSV").click()
    faulty = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert len(faulty) == 2
    assert re.match(r"1002,.* is not an email address; .*,Imported badly,not an address,61000", faulty[1])

    page.get_by_role("link", name="Leads from files").click()
    expect(page.get_by_text(f"Imported {ROWS - 1}").first).to_be_visible()
