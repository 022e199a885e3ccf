"""How often: the requests of a user, their exports, and the passwords that an address (of IPv6: a /64) tries.

One count for all processes together lives in PostgreSQL (`RateCount`), for a minute (of exports: an hour) from the
first thing it counted; then it begins anew. No address is stored, only what it comes to under SECRET_KEY.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from users.addresses import counted_as

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports this module, by its name in the settings

REQUESTS_A_MINUTE = 600
FAILED_SIGN_INS_A_MINUTE = 30
EXPORTS_AN_HOUR = 10

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
"""The longest that a count is for."""

COUNT = """
    INSERT INTO users_ratecount AS c (key, since, count) VALUES (%(key)s, clock_timestamp(), 1)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN c.since < clock_timestamp() - %(window)s::interval THEN 1 ELSE c.count + 1 END,
        since = CASE WHEN c.since < clock_timestamp() - %(window)s::interval THEN clock_timestamp() ELSE c.since END
    RETURNING count, extract(epoch FROM since + %(window)s::interval - clock_timestamp())::float8"""


def count(key: str, window: timedelta = MINUTE) -> tuple[int, float]:
    """Count one more of what `key` names: how many that makes, and in how many seconds the count begins anew."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"key": key, "window": f"{window.total_seconds()} s"})
        number, seconds = cursor.fetchone()
    return number, max(0.0, seconds)


def _whence(request: HttpRequest) -> str:
    """Names the address in a key, and nobody who reads the key can tell which it is."""
    return salted_hmac("users.throttling", counted_as(request), algorithm="sha256").hexdigest()[:32]


class RequestThrottle(BaseThrottle):
    """Refuses a user's requests beyond REQUESTS_A_MINUTE; those of nobody in particular, by their address."""

    _seconds = 0.0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        who = f"user {request.user.pk}" if request.user.is_authenticated else f"address {_whence(request._request)}"
        number, self._seconds = count(who)
        return number <= REQUESTS_A_MINUTE

    def wait(self) -> float:
        return self._seconds


class ExportThrottle(RequestThrottle):
    """Refuses a user's exports beyond EXPORTS_AN_HOUR: each one reads all there is."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        if not super().allow_request(request, view):
            return False
        number, self._seconds = count(f"exports {request.user.pk}", HOUR)
        return number <= EXPORTS_AN_HOUR


def _sign_ins(request: HttpRequest) -> str:
    return f"sign-ins {_whence(request)}"


def count_sign_in(request: HttpRequest) -> float:
    """Count a try before the password is looked at: 0 if it may go on, else the seconds until another one may.

    Counted beforehand, parallel tries can't pass the limit together; one that succeeds is taken back.
    """
    number, seconds = count(_sign_ins(request))
    return seconds if number > FAILED_SIGN_INS_A_MINUTE else 0.0


def take_back_sign_in(request: HttpRequest) -> None:
    """The try that was counted has succeeded: only those that fail count."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE users_ratecount SET count = count - 1 WHERE key = %s AND count > 0",
            [_sign_ins(request)],
        )
