"""Every page of the demo account: wide, narrow, light, dark, and for people who do not see it."""

from typing import Any

import pytest

from tests.e2e.screen import Screen
from tests.e2e.site import Site

PAGES = [
    "",
    "api-keys/",
    "audit/",
    "settings/",
    "alerts/",
    "team/",
    "partners/",
    "partners/new",
    "partners/{partner}/",
    "partners/{partner}/edit",
    "entities/",
    "entities/new",
    "entities/solar_leads/",
    "entities/solar_leads/settings",
    "entities/solar_leads/fields/zip/",
    "profiles/",
    "profiles/new",
    "profiles/{profile}/",
    "profiles/{profile}/partners",
    "profiles/{profile}/backtest",
    "profiles/{profile}/history",
    "profiles/{profile}/partners/new",
    "profiles/{profile}/partners/{assignment}/",
    "profiles/{profile}/partners/{assignment}/delivery",
    "profiles/{profile}/partners/{assignment}/delivery?kind=email",
    "leads/",
    "leads/{lead}/",
    "leads/{lead}/redistribute",
    "leads/new/solar_leads",
    "leads/form/solar_leads",
    "leads/imports/",
    "leads/imports/new",
    "deliveries/",
    "deliveries/{delivery}/",
    "deliveries/resend?state=delivered",
    "digests/",
    "email/",
    "/me/",
]
LEAD = {"entity": "solar_leads", "First Name": "Jane", "email": "jane@example.com", "zip": "90210", "ssn": "078-05-1120"}


@pytest.fixture(scope="module")
def ids(site: Site) -> dict[str, Any]:
    """Of one of each, in the demo account."""
    profile = next(one for one in site.call("GET", "profiles")["results"] if "Helios" in one["name"])
    (assignment,) = site.call("GET", f"profiles/{profile['id']}/assignments")["results"]
    lead = site.call("POST", "intake", LEAD)
    return {
        "profile": profile["id"],
        "assignment": assignment["id"],
        "partner": assignment["partner"],
        "lead": lead["lead_id"],
        "delivery": lead["deliveries"][0]["id"],
    }


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible_and_as_wide_as_its_window(demo: Screen, ids: dict[str, Any], path: str) -> None:
    faults = {}
    for theme in ("light", "dark"):
        demo.use_theme(theme)
        for width in (1440, 390):
            demo.page.set_viewport_size({"width": width, "height": 844})
            demo.open(path if path.startswith("/") else f"/a/demo/{path.format(**ids)}")
            found = demo.accessibility_faults()
            if demo.overflow or found:
                faults[theme, width] = (demo.overflow, found)
    assert faults == {}


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up", "/password/forgotten"])
def test_the_pages_before_sign_in_too(screen: Screen, path: str) -> None:
    for width in (1440, 390):
        screen.page.set_viewport_size({"width": width, "height": 844})
        screen.open(path)
        assert (screen.overflow, screen.accessibility_faults()) == (0, [])
