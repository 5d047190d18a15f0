"""/healthz: the process is alive. /readyz: it can do its work."""

from collections.abc import Callable

import redis
from django.conf import settings
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

_SECONDS = 2


def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """200, or 503 with what is missing and why."""
    checks: dict[str, Callable[[], str]] = {"postgres": _postgres, "migrations": _migrations, "redis": _redis}
    faults = {name: fault for name, check in checks.items() if (fault := check())}
    if faults:
        return JsonResponse({"status": "not ready", "reasons": faults}, status=503)
    return JsonResponse({"status": "ready"})


def _postgres() -> str:
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "Postgres does not answer."
    return ""


def _migrations() -> str:
    try:
        executor = MigrationExecutor(connections["default"])
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "Whether the migrations are applied cannot be read."
    return f"{len(waiting)} migrations are not applied; run manage.py migrate." if waiting else ""


def _redis() -> str:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS, retry=None) as client:
            client.ping()
    except (redis.RedisError, OSError):
        return "Redis does not answer."
    return ""
