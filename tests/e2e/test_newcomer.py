"""Somebody who has never seen Leadflip, from the sign-up to a delivered lead; and their guests."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.screen import Screen
from tests.e2e.site import Site

PASSWORD = "a-long-and-quiet-river"


def _sign_up(site: Site, screen: Screen, *, name: str, company: str, email: str) -> None:
    screen.open("/sign-up")
    for label, value in (("Your name", name), ("Company", company), ("Email", email), ("Password", PASSWORD)):
        screen.field(label).fill(value)
    screen.press("Open the account")
    link = re.search(r"https?://\S+", site.mail_to(email, about="confirm")["text"])
    assert link
    screen.page.goto(link[0])
    confirm = screen.page.get_by_role("button", name=re.compile("confirm", re.IGNORECASE))
    if confirm.count():
        confirm.first.click()
    if "/sign-in" in screen.page.url:
        screen.sign_in(email, PASSWORD)


def test_from_sign_up_to_a_delivered_lead(site: Site, screen: Screen) -> None:
    page = screen.page
    _sign_up(site, screen, name="Nora Newcomer", company="North Roofs", email="nora@north.test")
    page.goto("/")
    expect(page.get_by_role("heading", name="First steps")).to_be_visible()
    home = page.url

    page.get_by_role("link", name="Create an Entity").click()
    page.get_by_role("link", name="Create the first Entity").click()
    page.locator("#id_name").fill("Roof leads")
    screen.press("Create Entity")
    expect(page.get_by_text("Roof leads is there. Now its fields.")).to_be_visible()

    page.goto(f"{home}partners/new")
    page.locator("#id_name").fill("Helios Direct")
    screen.press("Save")

    # The sandbox partner of this test speaks plain HTTP.
    page.goto(f"{home}settings/")
    page.get_by_label("Webhooks may go to http:// addresses").check()
    screen.press("Save")

    page.goto(f"{home}profiles/new")
    page.locator("#id_name").fill("Roofs in the west")
    screen.press("Create the profile")
    page.get_by_role("button", name="Add condition").first.click()
    page.locator("select[name$='.field']").first.select_option(label="ZIP")
    page.locator("select[name$='.operator']").first.select_option(label="starts with")
    page.locator("input[name$='.value']").first.fill("9")
    page.get_by_label("Enabled").check()
    screen.press("Save changes")
    expect(page.locator(".message-success")).to_be_visible()

    page.get_by_role("link", name=re.compile("^Partners")).last.click()
    page.get_by_role("link", name="Add a partner").first.click()
    page.locator("#id_partner").select_option(label="Helios Direct")
    screen.press("Add the partner")
    page.goto(re.sub(r"/delivery.*|$", "", page.url))
    page.locator("a[href$='/delivery']").first.click()
    page.get_by_role("link", name="Webhook").first.click()
    page.locator("[name='config.url'], #id_url, input[type=url]").first.fill(f"{site.stack.sandbox_url}/webhooks/leads?answer=200")
    page.locator(".channel-save").get_by_role("button", name="Save and start").click()
    expect(page.get_by_role("heading", name="The signing secret: copy it now")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Send")).last.click()
    expect(page.get_by_role("heading", name=re.compile("^Answer 200"))).to_be_visible(timeout=20_000)

    page.goto(f"{home}leads/")
    page.get_by_role("link", name=re.compile("Add a lead|New lead")).first.click()
    page.get_by_label("First name", exact=False).first.fill("Jane")
    page.get_by_label("ZIP", exact=False).first.fill("90210")
    screen.press("Add and deliver")
    expect(page.get_by_text("goes to 1 partner")).to_be_visible()
    page.goto(f"{home}deliveries/")
    expect(page.locator(".badge-ok", has_text="Delivered").first).to_be_visible(timeout=20_000)
    expect(page.get_by_role("link", name="Jane", exact=True)).to_be_visible()

    page.goto(home)
    expect(page.get_by_role("heading", name="First steps")).to_have_count(0)


def _join(site: Site, browser: Browser, demo: Screen, *, email: str, role: str) -> Screen:
    """Invite that person to the demo account, and be them."""
    demo.open("/a/demo/team/")
    demo.page.locator("input[type=email]").first.fill(email)
    demo.page.locator("form:has(input[type=email]) select").first.select_option(role)
    demo.page.locator("form:has(input[type=email])").get_by_role("button").first.click()
    link = re.search(r"https?://\S+", site.mail_to(email, about="demo")["text"])
    assert link
    guest = Screen(browser.new_context(base_url=site.url).new_page(), url=site.url)
    guest.page.goto(link[0])
    guest.page.get_by_role("link", name="Sign up to join").click()
    guest.field("Your name").fill(f"A guest as {role}")
    guest.field("Password").fill(PASSWORD)
    guest.page.locator("form").get_by_role("button").last.click()
    guest.page.wait_for_url("**/a/demo/**")
    return guest


@pytest.mark.parametrize(
    ("role", "may_write", "may_administer"), [("viewer", False, False), ("member", True, False), ("admin", True, True)]
)
def test_a_guest_joins_with_the_role_that_the_invitation_gives(
    site: Site, browser: Browser, demo: Screen, role: str, *, may_write: bool, may_administer: bool
) -> None:
    lead = site.call("POST", "intake", {"entity": "solar_leads", "First Name": "Masked", "zip": "10115", "ssn": "078-05-1120"})
    guest = _join(site, browser, demo, email=f"{role}@guests.test", role=role)
    page = guest.page
    guest.open("/a/demo/leads/")
    expect(page.get_by_role("link", name="New lead")).to_have_count(int(may_write))
    refused = page.get_by_role("heading", name="You may not do this here")
    for path, is_allowed in (("partners/new", may_write), ("api-keys/", may_administer), ("audit/", may_administer)):
        page.goto(f"/a/demo/{path}")
        expect(refused).to_have_count(int(not is_allowed))
    guest.open(f"/a/demo/leads/{lead['lead_id']}/")
    expect(page.get_by_text("••••").first).to_be_visible()
    expect(page.get_by_text("078-05-1120")).to_have_count(0)
    expect(page.get_by_role("button", name="Reveal encrypted values")).to_have_count(int(may_administer))
    assert guest.complaints == []
    page.context.close()
