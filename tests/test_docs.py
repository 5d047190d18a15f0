"""What the documents say is there, is there."""

import importlib
import re
from pathlib import Path

import pytest

from delivery import tasks  # noqa: F401 - makes its tasks known to Celery by name
from leadflip.celery import app
from leadflip.env import PROJECT

PACKAGES = ("accounts", "delivery", "distribution", "intake", "leadflip")
DOCUMENTS = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])

_CODE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_NAME = re.compile(rf"`((?:{'|'.join(PACKAGES)})(?:\.\w+)+)`")
_FILE_NAMES = re.compile(r"`((?:accounts|delivery|distribution|docs|intake|leadflip|tests)/[\w./-]*)`")
# Anchors as a forge makes them: small letters, hyphens for spaces, no punctuation.
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _named(document: Path) -> str:
    return str(document.relative_to(PROJECT))


def _prose(document: Path) -> str:
    return _CODE.sub("", document.read_text())


def _anchors(document: Path) -> set[str]:
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(_prose(document))}


def _is_there(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


@pytest.mark.parametrize("document", DOCUMENTS, ids=_named)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    lost = []
    for link in _LINK.findall(_prose(document)):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if "://" not in link and not (target.exists() and (not anchor or anchor in _anchors(target))):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=_named)
def test_every_function_and_module_that_is_named_exists(document: Path) -> None:
    names = {name for name in _NAME.findall(_prose(document)) if not name.endswith(".py")}
    assert sorted(name for name in names if not _is_there(name) and name not in app.tasks) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=_named)
def test_every_file_that_is_named_exists(document: Path) -> None:
    assert [name for name in _FILE_NAMES.findall(_prose(document)) if not (PROJECT / name).exists()] == []


def test_the_readme_follows_one_lead_by_function_names() -> None:
    names = _NAME.findall((PROJECT / "README.md").read_text())
    road = [
        "intake.pipeline.receive_lead",
        "distribution.routing.match",
        "delivery.enqueue.enqueue",
        "delivery.wake.wake",
        "delivery.tasks.deliver_due",
        "delivery.queue.claim",
        "delivery.queue.record",
    ]
    assert [name for name in names if name in road] == road


def test_the_readme_makes_the_promise() -> None:
    words = " ".join((PROJECT / "README.md").read_text().split())
    assert (
        "A lead accepted is a lead delivered or accounted for. At least once, never silently lost, every try on record, "
        "and no partner's trouble becomes another's."
    ) in words
