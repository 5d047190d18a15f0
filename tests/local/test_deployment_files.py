"""What stands in .env.example, Dockerfile and docker-compose.yml, against what the code reads and starts."""

import json
import re
import subprocess
import sys

import yaml

from accounts.doorbell import BACKGROUND_QUEUE
from leadflip.env import PROJECT
from leadflip.local import commands


def _example_names(part: str) -> set[str]:
    return set(re.findall(r"^([A-Z_]+)=", part, flags=re.MULTILINE))


def test_the_example_environment_names_what_the_settings_read_and_nothing_else(bare_environment: dict[str, str]) -> None:
    code = "import json, leadflip.settings, leadflip.celery_settings, leadflip.env; print(json.dumps(sorted(leadflip.env.NAMES_READ)))"
    environment = {**bare_environment, "DJANGO_SETTINGS_MODULE": "leadflip.settings", "LEADFLIP_DATA": "/nonexistent"}
    read = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True).stdout
    application, _, _ = (PROJECT / ".env.example").read_text().partition("# --- Starting it")
    assert _example_names(application) == set(json.loads(read))


def test_every_variable_of_the_example_has_a_comment() -> None:
    blocks = (PROJECT / ".env.example").read_text().split("\n\n")
    assert [block for block in blocks if _example_names(block) and not block.strip().startswith("#")] == []


def _compose_command(service: str) -> list[str]:
    compose = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
    command: list[str] = compose["services"][service]["command"]
    return command


def test_compose_starts_the_same_processes_as_make_run() -> None:
    assert _compose_command("web") == commands.web(host="0.0.0.0", port=8000)
    assert _compose_command("background") == commands.background()
    assert _compose_command("worker") == commands.worker(concurrency="${LEADFLIP_WORKERS:-2}")
    assert _compose_command("beat") == commands.beat(schedule="/data/beat-schedule")
    assert _compose_command("migrate") == commands.migrate()


def test_the_background_worker_takes_from_the_queue_that_the_bell_rings_for() -> None:
    assert commands.BACKGROUND_QUEUE == BACKGROUND_QUEUE


def test_the_image_starts_the_web_server_by_itself() -> None:
    last = (PROJECT / "Dockerfile").read_text().strip().splitlines()[-1]
    assert json.loads(last.removeprefix("CMD ")) == commands.web(host="0.0.0.0", port=8000)


def test_who_has_the_developers_packages_has_all_that_run_needs() -> None:
    def pins(lock: str) -> set[str]:
        return set(re.findall(r"^([\w.-]+==\S+)", (PROJECT / lock).read_text(), flags=re.MULTILINE))

    assert pins("requirements.lock") - pins("requirements-dev.lock") == set()
