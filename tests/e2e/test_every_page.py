"""Every page of the demo account: wide, narrow, light, dark, and for people who do not see it."""

import pytest

from tests.e2e.screen import Screen

PAGES = [
    "",
    "api-keys/",
    "audit/",
    "settings/",
    "alerts/",
    "team/",
    "partners/",
    "partners/new",
    "entities/",
    "entities/new",
    "entities/solar_leads/",
    "entities/solar_leads/settings",
    "entities/solar_leads/fields/zip/",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible_and_as_wide_as_its_window(demo: Screen, path: str) -> None:
    for theme in ("light", "dark"):
        demo.use_theme(theme)
        for width in (1440, 390):
            demo.page.set_viewport_size({"width": width, "height": 844})
            demo.open(f"/a/demo/{path}")
            assert demo.overflow == 0, (theme, width)
            assert demo.accessibility_faults() == [], (theme, width)
