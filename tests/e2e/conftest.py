"""The whole of Leadflip, as `make run` starts it, in front of a real Chromium."""

import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from os import environ, getuid
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from leadflip.env import PROJECT
from leadflip.local.leftovers import make_home
from tests.e2e.screen import Screen
from tests.e2e.site import Site
from tests.local.stack import RunningStack

_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_OURS = ("LEADFLIP_", "DATABASE_", "REDIS_", "DJANGO_", "PYTEST_", "MAKE", "MFLAGS", "PORT", "ARGS")


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    home = make_home(f"leadflip-tests-{getuid()}-")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    bare = {name: value for name, value in environ.items() if not name.startswith(_OURS)}
    settings = {"PORT": port, "LEADFLIP_DATA": str(home / "data")}
    stack = RunningStack([sys.executable, "-m", "leadflip.local"], folder=PROJECT, environment={**bare, **settings})
    try:
        stack.wait_for("Leadflip is ready")
        yield Site(stack, url=f"http://127.0.0.1:{port}")
    finally:
        if stack.process.poll() is None:
            stack.signal(signal.SIGINT)
            stack.process.wait(timeout=30)
        shutil.rmtree(home)


# Not for the session: while Playwright is there its event loop is, and Django refuses to read the database beside one.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(playwright.chromium.executable_path), args=_FLAGS)
        yield browser
        browser.close()


def _chromium(of_playwright: str) -> str:
    installed = next(filter(None, map(shutil.which, _CHROMIUMS)), None)
    path = installed or of_playwright
    assert Path(path).exists(), "There is no Chromium; `make test` installs one."
    return path


@pytest.fixture
def screen(site: Site, browser: Browser) -> Iterator[Screen]:
    """A new browser window. Whatever its console complains of fails the test."""
    context = browser.new_context(base_url=site.url, viewport={"width": 1440, "height": 900})
    screen = Screen(context.new_page(), url=site.url)
    yield screen
    context.close()
    assert screen.complaints == []


@pytest.fixture(scope="package")
def demo_cookies(site: Site, browser: Browser) -> Any:
    """The demo account's owner, signed in once."""
    context = browser.new_context(base_url=site.url)
    Screen(context.new_page(), url=site.url).sign_in(*site.demo)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def demo(site: Site, browser: Browser, demo_cookies: Any) -> Iterator[Screen]:
    """A browser window in which the demo account's owner is signed in."""
    context = browser.new_context(base_url=site.url, viewport={"width": 1440, "height": 900}, storage_state=demo_cookies)
    screen = Screen(context.new_page(), url=site.url)
    yield screen
    context.close()
    assert screen.complaints == []


@pytest.fixture
def plain_demo(site: Site, browser: Browser, demo_cookies: Any) -> Iterator[Screen]:
    """The same in a browser without JavaScript."""
    context = browser.new_context(base_url=site.url, java_script_enabled=False, storage_state=demo_cookies)
    yield Screen(context.new_page(), url=site.url)
    context.close()


@pytest.fixture
def plain_screen(site: Site, browser: Browser) -> Iterator[Screen]:
    """A browser without JavaScript."""
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    yield Screen(context.new_page(), url=site.url)
    context.close()
