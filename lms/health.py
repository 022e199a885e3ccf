"""Whether this process is up (`/healthz`), and whether it can do its work (`/readyz`).

Redis carries hints only (without it news comes later, and nothing is lost): its absence is reported as degraded, and
the process stays ready.
"""

import psycopg
import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

DATABASE_SECONDS = 2
REDIS_SECONDS = 0.5


@csrf_exempt
@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@csrf_exempt
@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 `ok` or `degraded`, 503 `unready`; `detail` has a sentence for each part that is not well."""
    unready, degraded = database_trouble(), redis_trouble()
    status = "unready" if unready else "degraded" if degraded else "ok"
    body = {"status": status, "detail": " ".join(filter(None, (unready, degraded)))}
    return JsonResponse(body, status=503 if unready else 200)


def database_trouble() -> str:
    """By a connection of its own: one from the pool would wait without end for a server that is only silent."""
    parameters = {**connection.get_connection_params(), "connect_timeout": DATABASE_SECONDS}
    try:
        psycopg.connect(**parameters).close()
        if not is_migrated():
            return "PostgreSQL lacks migrations: run manage.py migrate."
    except (psycopg.OperationalError, DatabaseError):
        return "PostgreSQL does not answer."
    return ""


def is_migrated() -> bool:
    """Looks until it has once been so."""
    global _was_migrated
    if not _was_migrated:
        executor = MigrationExecutor(connection)
        _was_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _was_migrated


_was_migrated = False


def redis_trouble() -> str:
    try:
        with redis.from_url(settings.REDIS_URL, socket_timeout=REDIS_SECONDS, retry=None) as client:
            client.ping()
    except redis.RedisError:
        return "Redis does not answer: news from other processes comes with a delay."
    return ""
