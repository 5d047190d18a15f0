"""Whether `migrate` has anything to do. It takes a second or two of every start, and nearly never changes anything."""

import hashlib
import json
from pathlib import Path

import psycopg

from leadflip.env import PROJECT
from leadflip.local.folders import write_private

_PACKAGES = ("accounts", "delivery", "distribution", "intake", "leadflip")


def schema_is_current(home: Path, *, database_url: str, secret: str) -> bool:
    """True only if the last `migrate` on this database was by the same code with the same secret, and nobody has undone it."""
    try:
        noted = (home / "schema.json").read_text()
    except OSError:
        return False
    return noted == _state(database_url=database_url, secret=secret)


def note_schema(home: Path, *, database_url: str, secret: str) -> None:
    write_private(home / "schema.json", _state(database_url=database_url, secret=secret))


def _state(*, database_url: str, secret: str) -> str:
    # The roles' passwords are derived from the secret, so that another secret needs another run.
    code = hashlib.sha256(f"{database_url} {secret}".encode())
    sources = [path for package in _PACKAGES for path in (PROJECT / package).rglob("*.py")]
    for path in [PROJECT / "requirements.lock", *sorted(sources)]:
        code.update(path.read_bytes())
    return json.dumps({"code": code.hexdigest(), "applied": _applied(database_url)})


def _applied(database_url: str) -> list[list[str]]:
    try:
        with psycopg.connect(database_url) as connection:
            rows = connection.execute("SELECT app, name FROM django_migrations ORDER BY app, name").fetchall()
    except psycopg.errors.UndefinedTable:
        return []
    return [[app, name] for app, name in rows]
