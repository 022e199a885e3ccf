"""`/metrics`: how the site is, for Prometheus.

All web processes together, whichever answers (`lms/figures.py`), and the jobs while PostgreSQL can be asked. For this
machine, and for who has METRICS_TOKEN; for all others it is not there.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterator
from time import monotonic
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from prometheus_client import Histogram, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from lms import errors, figures
from realtime.metrics import REGISTRY
from users.addresses import is_on_this_machine

DATABASE_SECONDS = 2

REQUEST_SECONDS = Histogram(
    "studybeat_http_request_seconds",
    "From a request to the beginning of its answer, by the class of its status.",
    ["status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
for status in ("2xx", "3xx", "4xx", "5xx"):
    REQUEST_SECONDS.labels(status)

JOBS = """
SELECT count(*) FILTER (WHERE status = 'todo'), count(*) FILTER (WHERE status = 'failed')
FROM procrastinate_jobs
WHERE status = 'failed' OR status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= clock_timestamp())
"""


@csrf_exempt
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    if not (is_on_this_machine(request) or has_token(request)):
        return errors.no_such_address(request)
    if request.method != "GET":
        return HttpResponseNotAllowed(["GET"])
    return HttpResponse(generate_latest(Site()), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def has_token(request: HttpRequest) -> bool:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    is_it = secrets.compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())
    return bool(settings.METRICS_TOKEN) and kind.lower() == "bearer" and is_it


class Site:
    """What `generate_latest` asks."""

    def collect(self) -> Iterator[Metric]:
        yield from figures.together()
        yield from jobs()


def jobs() -> Iterator[Metric]:
    """Nothing while PostgreSQL does not answer. By a connection of its own: it may be the pool that is in trouble."""
    parameters = {**connection.get_connection_params(), "connect_timeout": DATABASE_SECONDS}
    try:
        with psycopg.connect(**parameters, autocommit=True) as mine:
            mine.execute(f"SET statement_timeout = '{DATABASE_SECONDS}s'")
            waiting, failed = mine.execute(JOBS).fetchone() or (0, 0)
    except psycopg.Error:
        return
    yield GaugeMetricFamily("studybeat_jobs_waiting", "Jobs that are due and not begun.", value=waiting)
    yield GaugeMetricFamily("studybeat_jobs_failed", "Jobs of the last three days that failed for good.", value=failed)


Message = dict[str, Any]


class TimedRequests:
    """Notes how long each request waits for its answer, wherever that is made."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        came = monotonic()

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                REQUEST_SECONDS.labels(f"{message['status'] // 100}xx").observe(monotonic() - came)
            await send(message)

        await self._app(scope, receive, timed)
