"""How many requests hold a connection of the database at once: few, so that recording always finds one.

Under ASGI each request has a thread of its own, as many as come, and a process has a pool of connections
(docs/decisions/0008).
"""

import re
from collections.abc import Callable
from typing import Final

from django.db import connections
from django.http import HttpResponseBase
from django.http.request import HttpRequest

from lms.postgresql.base import DatabaseWrapper

RECORDING: Final = re.compile(r"/api/v1/sessions/[^/]+/samples/")
"""Samples wait for nobody else's requests; their own are few, and wait for their learner's rows alone."""


class TurnsMiddleware:
    """Has each request take a turn at the database (`lms/postgresql`), but for those that record."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        mine = connections["default"]  # this thread's, which is this request's
        assert isinstance(mine, DatabaseWrapper)
        mine.takes_turns = RECORDING.fullmatch(request.path) is None
        return self._get_response(request)
