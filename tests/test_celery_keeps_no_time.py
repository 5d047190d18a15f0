"""Celery starts work and keeps no time: what is due when is a row in Postgres (docs/adr/0001)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadflip.celery import app

PROJECT = Path(__file__).resolve().parent.parent
PACKAGES = ("accounts", "distribution", "delivery", "intake", "leadflip")
TIMERS = {"eta", "countdown", "retry_backoff", "autoretry_for", "default_retry_delay", "max_retries"}


def calls() -> Iterator[tuple[str, ast.Call]]:
    for package in PACKAGES:
        for path in (PROJECT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    yield f"{path.relative_to(PROJECT)}:{node.lineno}", node


def test_no_call_sets_a_celery_timer() -> None:
    found = [place for place, call in calls() if {keyword.arg for keyword in call.keywords} & TIMERS]
    assert found == []


def test_no_task_retries_itself() -> None:
    def is_retry(call: ast.Call) -> bool:
        return isinstance(call.func, ast.Attribute) and call.func.attr == "retry"

    assert [place for place, call in calls() if is_retry(call)] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("task_acks_late", True),
        ("task_reject_on_worker_lost", True),
        ("worker_prefetch_multiplier", 1),
        ("task_ignore_result", True),
        ("task_always_eager", False),
    ],
)
def test_a_lost_worker_gives_its_message_back(name: str, value: object) -> None:
    assert app.conf[name] == value


def test_the_sweep_comes_every_five_seconds_and_never_piles_up() -> None:
    sweep = app.conf.beat_schedule["sweep"]
    assert (sweep["schedule"], sweep["options"]["expires"]) == (5.0, 5)
