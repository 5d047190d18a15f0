"""What dashboard users do every day, on the demo account."""

import re
from typing import Any

from playwright.sync_api import expect

from tests.e2e.screen import Screen
from tests.e2e.site import Site

LEAD = {"entity": "solar_leads", "First Name": "Maria", "email": "maria@example.com", "zip": "90001", "ssn": "078-05-1120"}


def _lead(site: Site, **values: Any) -> str:
    return str(site.call("POST", "intake", {**LEAD, **values})["lead_id"])


def test_a_new_delivery_appears_without_a_reload(site: Site, demo: Screen) -> None:
    demo.open("/a/demo/deliveries/")
    _lead(site, **{"First Name": "Appears By Itself"})
    expect(demo.page.get_by_role("link", name="Appears By Itself").first).to_be_visible(timeout=15_000)


def test_a_failing_partner_is_seen_and_its_lead_sent_again(site: Site, demo: Screen) -> None:
    profile = next(one for one in site.call("GET", "profiles")["results"] if "Helios" in one["name"])
    (assignment,) = site.call("GET", f"profiles/{profile['id']}/assignments")["results"]
    channel = f"profiles/{profile['id']}/assignments/{assignment['id']}/channel"
    url = f"{site.stack.sandbox_url}/webhooks/leads"

    def point_to(address: str) -> None:
        site.call("PUT", channel, {"kind": "webhook", "fields": {"mode": "all"}, "config": {"url": address, "retry": {"policy": "none"}}})

    point_to(f"{url}?answer=500")
    lead = _lead(site, **{"First Name": "Unlucky"})
    demo.open(f"/a/demo/deliveries/?state=failed&lead={lead}")
    demo.page.get_by_role("link", name="Unlucky").first.click(timeout=15_000)
    expect(demo.page.get_by_text("HTTP 500")).to_be_visible()
    point_to(url)
    demo.press("Resend")
    expect(demo.page.locator("#tries .badge", has_text="Delivered").first).to_be_visible(timeout=20_000)


def test_a_value_is_masked_until_it_is_revealed(site: Site, demo: Screen) -> None:
    demo.open(f"/a/demo/leads/{_lead(site)}/")
    expect(demo.page.get_by_text("078-05-1120")).to_have_count(0)
    demo.page.get_by_role("button", name="Reveal encrypted values").click()
    expect(demo.page.get_by_text("078-05-1120")).to_be_visible()


def test_the_theme_changes_and_stays(demo: Screen) -> None:
    demo.open("/a/demo/")
    demo.page.get_by_role("button", name="Switch between light and dark").click()
    theme = demo.page.evaluate("document.documentElement.dataset.theme")
    demo.open("/a/demo/partners/")
    assert demo.page.evaluate("document.documentElement.dataset.theme") == theme


def test_the_menu_opens_at_the_width_of_a_telephone(demo: Screen) -> None:
    demo.page.set_viewport_size({"width": 390, "height": 844})
    demo.open("/a/demo/")
    expect(demo.page.get_by_role("link", name="Partners")).not_to_be_visible()
    demo.page.get_by_role("button", name="Menu").click()
    demo.page.get_by_role("link", name="Partners").click()
    expect(demo.page.get_by_role("heading", name="Partners")).to_be_visible()


def test_without_javascript_a_partner_and_a_lead_are_made(plain_demo: Screen) -> None:
    plain_demo.open("/a/demo/partners/new")
    plain_demo.page.locator("#id_name").fill("Plain Partner")
    plain_demo.press("Save")
    expect(plain_demo.page.get_by_role("heading", name="Plain Partner")).to_be_visible()
    plain_demo.open("/a/demo/leads/new/solar_leads")
    plain_demo.page.get_by_label("First name", exact=False).first.fill("Plain Lead")
    plain_demo.press("Add and deliver")
    expect(plain_demo.page.get_by_role("heading", name="Plain Lead")).to_be_visible()


def test_a_hostile_lead_breaks_no_page(site: Site, demo: Screen) -> None:
    lead = _lead(site, **{"First Name": "<img src=x onerror=alert(1)>\u202e" + "W" * 900})
    for path in (f"/a/demo/leads/{lead}/", "/a/demo/leads/", "/a/demo/deliveries/"):
        for width in (1440, 390):
            demo.page.set_viewport_size({"width": width, "height": 844})
            demo.open(path)
            assert demo.overflow == 0, (path, width)
    assert re.search("onerror", demo.page.content())
    assert demo.page.locator("img[src=x]").count() == 0
