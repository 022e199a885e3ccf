"""How often: the requests of a user, the passwords that an address (of IPv6: a /64) tries. One count for all processes
together.

A count lives in PostgreSQL (`RateCount`), for a minute from the first thing it counted; then it begins anew.
"""

from typing import TYPE_CHECKING

from django.db import connection
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from users.addresses import counted_as

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports this module, by its name in the settings

REQUESTS_A_MINUTE = 600
FAILED_SIGN_INS_A_MINUTE = 30

COUNT = """
    INSERT INTO users_ratecount AS c (key, since, count) VALUES (%(key)s, clock_timestamp(), 1)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN c.since < clock_timestamp() - interval '60 s' THEN 1 ELSE c.count + 1 END,
        since = CASE WHEN c.since < clock_timestamp() - interval '60 s' THEN clock_timestamp() ELSE c.since END
    RETURNING count, extract(epoch FROM since + interval '60 s' - clock_timestamp())::float8"""


def count(key: str) -> tuple[int, float]:
    """Count one more of what `key` names: how many that makes, and in how many seconds the count begins anew."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"key": key})
        number, seconds = cursor.fetchone()
    return number, max(0.0, seconds)


class RequestThrottle(BaseThrottle):
    """Refuses a user's requests beyond REQUESTS_A_MINUTE; those of nobody in particular, by their address."""

    _seconds = 0.0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        who = f"user {request.user.pk}" if request.user.is_authenticated else f"address {counted_as(request._request)}"
        number, self._seconds = count(who)
        return number <= REQUESTS_A_MINUTE

    def wait(self) -> float:
        return self._seconds


def count_sign_in(request: HttpRequest) -> float:
    """Count a try before the password is looked at: 0 if it may go on, else the seconds until another one may.

    Counted beforehand, parallel tries can't pass the limit together; one that succeeds is taken back.
    """
    number, seconds = count(f"sign-ins {counted_as(request)}")
    return seconds if number > FAILED_SIGN_INS_A_MINUTE else 0.0


def take_back_sign_in(request: HttpRequest) -> None:
    """The try that was counted has succeeded: only those that fail count."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE users_ratecount SET count = count - 1 WHERE key = %s AND count > 0",
            [f"sign-ins {counted_as(request)}"],
        )
