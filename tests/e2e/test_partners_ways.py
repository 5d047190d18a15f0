"""What a dashboard user sets up for a partner, as the partner gets it: a mail with a CSV file; and what is seen of one whose server fails."""

import csv
import io
from typing import Any

from playwright.sync_api import expect

from tests.e2e.screen import Screen
from tests.e2e.site import Site


def _make_assignment(site: Site, *, partner: str, zip_begins: str) -> str:
    """A profile of its own for the partner; the address of the page of its delivery."""
    made = site.call("POST", "partners", {"name": partner, "email": f"{zip_begins}@partner.test", "time_zone": "Europe/Berlin"})
    rules = {"all": [{"field": "zip", "operator": "starts_with", "value": zip_begins}]}
    profile = site.call("POST", "profiles", {"name": f"For {partner}", "entity": "solar_leads", "is_enabled": True, "rules": rules})
    assignment = site.call("POST", f"profiles/{profile['id']}/assignments", {"partner": made["id"]})
    return f"profiles/{profile['id']}/partners/{assignment['id']}/delivery"


def _send_lead(site: Site, name: str, zip_code: str) -> str:
    lead = {"entity": "solar_leads", "First Name": name, "email": "jane@example.com", "zip": zip_code, "ssn": "078-05-1120"}
    return str(site.call("POST", "intake", lead)["lead_id"])


def test_an_email_channel_with_selected_fields_and_a_csv_file(site: Site, demo: Screen) -> None:
    page = demo.page
    demo.open(f"/a/demo/{_make_assignment(site, partner='Paper Post', zip_begins='71')}")
    page.get_by_role("link", name="Set up email").click()
    page.locator("#id_recipients").fill("in@paper.test")
    page.locator("#id_subject").fill("New Lead: {{lead_name}} from {{zip}}")
    page.get_by_label("Attach the fields as a CSV file").check()
    expect(page.locator("#preview")).to_contain_text("New Lead: ", timeout=10_000)
    page.locator(".channel-save").get_by_role("button", name="Save and start").click()
    expect(page.locator(".message-success")).to_be_visible()

    _send_lead(site, "=Jane", "71001")
    mail: dict[str, Any] = site.mail_to("in@paper.test", about="New Lead: =Jane from 71001")
    assert "078-05-1120" not in str(mail)
    (attachment,) = mail["attachments"]
    (row,) = csv.DictReader(io.StringIO(attachment["text"].removeprefix("\ufeff")))
    assert (row["first_name"], row["zip"]) == ("'=Jane", "71001")


def test_a_mistyped_field_in_the_subject_is_told_before_saving(site: Site, demo: Screen) -> None:
    page = demo.page
    demo.open(f"/a/demo/{_make_assignment(site, partner='Mistyped Post', zip_begins='72')}?kind=email")
    page.locator("#id_subject").fill("New Lead: {{lead_nmae}}")
    expect(page.get_by_text("lead_nmae").last).to_be_visible(timeout=10_000)
    page.locator(".channel-save").get_by_role("button", name="Save and start").click()
    expect(page.locator(".has-error", has=page.locator("#id_subject"))).to_contain_text("lead_nmae")


def test_a_partner_that_fails_again_and_again_gets_a_rest_and_then_everything(site: Site, demo: Screen) -> None:
    address = _make_assignment(site, partner="Moody Partner", zip_begins="73")
    channel = address.replace("/partners/", "/assignments/").replace("/delivery", "/channel")

    def point_to(answer: int) -> None:
        config = {"url": f"{site.stack.sandbox_url}/webhooks/leads?answer={answer}", "retry": {"policy": "standard"}, "max_in_flight": 1}
        site.call("PUT", channel, {"kind": "webhook", "fields": {"mode": "all"}, "config": config})

    point_to(500)
    leads = [_send_lead(site, f"Patient {number}", "73001") for number in range(8)]
    page = demo.page
    demo.open(f"/a/demo/{address}")
    expect(page.locator("#health")).to_contain_text("500 Internal Server Error", timeout=15_000)
    demo.open("/a/demo/alerts/")
    for _ in range(20):
        if page.get_by_text("Moody Partner").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.get_by_text("Moody Partner").first).to_be_visible()
    demo.open("/a/demo/deliveries/?state=held&q=Patient")
    expect(page.locator("#log").get_by_role("link", name="Patient").first).to_be_visible(timeout=15_000)

    point_to(200)
    demo.open(f"/a/demo/deliveries/?lead={leads[-1]}")
    expect(page.locator("#log .badge", has_text="Delivered").first).to_be_visible(timeout=20_000)
