"""How many requests are answered at once: few, so that those that wait hold no connection of the database.

A process has a pool of connections, and its websockets need some of them whatever the requests do
(docs/decisions/0008).
"""

import threading
from collections.abc import Callable
from typing import Final

from django.http import HttpResponseBase, JsonResponse
from django.http.request import HttpRequest

from lms.errors import UNAVAILABLE

REQUESTS_AT_ONCE: Final = 6
"""A connection each; with the websockets' eight and the settler's they are fewer than the pool has."""
WAIT_SECONDS: Final = 5.0
NEVER_WAIT: Final = {"/healthz", "/readyz"}


class TurnsMiddleware:
    """Lets a request wait for its turn, and answers 503 when that takes too long. Bodies sent later hold no turn."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._turns = threading.BoundedSemaphore(REQUESTS_AT_ONCE)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path in NEVER_WAIT:
            return self._get_response(request)
        if not self._turns.acquire(timeout=WAIT_SECONDS):
            return JsonResponse(UNAVAILABLE, status=503, headers={"Retry-After": "2"})
        try:
            return self._get_response(request)
        finally:
            self._turns.release()
