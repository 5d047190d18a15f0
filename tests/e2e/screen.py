"""A page in a browser, as somebody who looks at it sees it."""

from functools import cache
from typing import Any

from playwright.sync_api import ConsoleMessage, Locator, Page

from leadflip.env import PROJECT

_AXE = PROJECT / "tests" / "js" / "node_modules" / "axe-core" / "axe.min.js"
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
# How far each page is wider than the window.
_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Screen:
    def __init__(self, page: Page, *, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _listen(self, message: ConsoleMessage) -> None:
        # A page that answers 400 because a field is wrong is meant to.
        is_answer = message.text.startswith("Failed to load resource") and "40" in message.text
        if message.type == "error" and not is_answer:
            self.complaints.append(f"{self.page.url}: {message.text}")

    def sign_in(self, email: str, password: str) -> None:
        self.page.goto("/sign-in")
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/a/**")

    def open(self, path: str) -> None:
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status == 200, (path, answer.status)

    def use_theme(self, theme: str) -> None:
        self.page.context.add_cookies([{"name": "theme", "value": theme, "url": self.url}])

    @property
    def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        return int(self.page.evaluate(_OVERFLOW))

    def accessibility_faults(self) -> list[str]:
        """What axe finds against WCAG 2.2 AA, each with the elements."""
        self.page.evaluate(_axe_source())
        result: dict[str, Any] = self.page.evaluate("rules => axe.run(document, rules)", _RULES)
        return [f"{fault['id']}: {[node['target'] for node in fault['nodes']][:5]}" for fault in result["violations"]]

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(label, exact=True)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()


@cache
def _axe_source() -> str:
    return _AXE.read_text()
