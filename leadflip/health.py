"""Whether this process lives, and whether it can do its work."""

import redis
from django.conf import settings
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import ConnectionHandler
from django.http import HttpRequest, HttpResponse, JsonResponse


def healthz(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(_request: HttpRequest) -> JsonResponse:
    """200 when Postgres and Redis answer and no migration is missing; else 503 with what is wrong."""
    faults = {name: fault for name, fault in (("database", _database_fault(connections)), ("redis", _redis_fault())) if fault}
    return JsonResponse({"ready": not faults, "faults": faults}, status=503 if faults else 200)


def _database_fault(handler: ConnectionHandler) -> str:
    try:
        connection = handler["default"]
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return f"does not answer: {str(error).splitlines()[0]}"
    return f"{len(missing)} migrations are missing; run manage.py migrate" if missing else ""


def _redis_fault() -> str:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, retry=None) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        return f"does not answer: {error}"
    return ""
