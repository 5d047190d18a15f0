"""One database, three connections: owner (migrations), default (the application), engine (the delivery engine). See accounts.isolation."""

import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from leadflip.env import env_text


def parse_database_url(url: str, *, variable: str) -> dict[str, Any]:
    """Read `postgresql://user:password@host:port/name`; a socket's folder may stand in the query: `?host=/run/postgresql`."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql", "psql") or not parts.path.strip("/"):
        raise ImproperlyConfigured(f"{variable} must look like postgresql://user:password@host:5432/name.")
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    port = options.pop("port", "") or str(parts.port or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or options.pop("user", "")),
        "PASSWORD": unquote(parts.password or options.pop("password", "")),
        "HOST": host,
        "PORT": port,
        "OPTIONS": options,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }


def databases(*, secret: str) -> dict[str, dict[str, Any]]:
    owner = parse_database_url(env_text("DATABASE_URL", default="postgresql://127.0.0.1:5432/leadflip"), variable="DATABASE_URL")
    app = _derived(owner, role="app", variable="DATABASE_APP_URL", secret=secret)
    engine = _derived(owner, role="engine", variable="DATABASE_ENGINE_URL", secret=secret)
    # The tests' database is made once, by its owner; the other two look at the same one.
    app["TEST"] = engine["TEST"] = {"MIRROR": "owner"}
    return {"default": app, "owner": owner, "engine": engine}


def _derived(owner: dict[str, Any], *, role: str, variable: str, secret: str) -> dict[str, Any]:
    """The connection of a role of its own: as given, or named after the database, with a password made from the secret key."""
    if url := env_text(variable, default=""):
        return parse_database_url(url, variable=variable)
    name = f"{owner['NAME']}_{role}"[-63:]
    password = hmac.digest(secret.encode(), f"database role {name}".encode(), hashlib.sha256).hex()
    return {**owner, "USER": name, "PASSWORD": password}
