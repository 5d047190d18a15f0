"""What the person at the keyboard sees."""

import contextlib
import json
import re
import shlex
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

DEMO_LEAD = {"entity": "solar_leads", "First Name": "Jane", "email": "jane@example.com", "zip": "90210", "ssn": "078-05-1120"}

_lock = threading.Lock()
# Routine lines go to the log only, so that the screen shows what needs a person.
_ROUTINE = re.compile(r"\b(INFO|DEBUG)\b")


def say(text: str) -> None:
    # The terminal may be gone; the stack goes on.
    with _lock, contextlib.suppress(OSError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def say_line_of(name: str, line: str) -> None:
    if line.strip() and not _ROUTINE.search(line):
        say(f"{name:>8} │ {line}")


@dataclass(frozen=True, slots=True)
class Demo:
    email: str
    password: str
    api_key: str


def curl(url: str, *, api_key: str) -> str:
    return (
        f"curl -sS {url}/api/intake \\\n"
        f"  -H {shlex.quote(f'Authorization: Bearer {api_key}')} -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(json.dumps(DEMO_LEAD))}"
    )


def ready_screen(url: str, *, demo: Demo | None, sandbox_url: str, logs: Path) -> str:
    lines = ["", f"  Leadflip         {url}/", f"  API pages        {url}/api/docs/"]
    if demo:
        lines += [
            f"  Admin            {url}/admin/",
            f"  Sign in          {demo.email}   {demo.password}",
            f"  API key          {demo.api_key}",
        ]
    lines += [
        f"  Sandbox partner  {sandbox_url}   shows what the demo's partners received",
        f"  Logs             {logs}   Ctrl-C stops everything",
    ]
    if demo:
        lines += ["", "Send a lead:", "", curl(url, api_key=demo.api_key)]
    return "\n".join([*lines, "", "Leadflip is ready"])
