"""Signing in by password, and out again. Every way in that takes a password asks `check_password`."""

from math import ceil
from threading import BoundedSemaphore

from django.contrib.auth import authenticate, login, logout
from django.db import transaction
from django.http import HttpRequest

from users.errors import DomainError
from users.events import CredentialsChanged, announce
from users.models import User
from users.throttling import count_sign_in, take_back_sign_in

HASHES_AT_ONCE = 2
WAIT_SECONDS = 20.0

_may_hash = BoundedSemaphore(HASHES_AT_ONCE)
"""A password takes a core for a moment. Who waits for that must not hold a database connection meanwhile."""


class WrongCredentials(DomainError):
    """One answer for all of it: a wrong password, an unknown name, a disabled account."""

    code = "not_authenticated"
    status = 401
    default_message = "Wrong user name or password."


class TooManyFailures(DomainError):
    """Of this address, for the moment: nothing was looked at."""

    code = "rate_limited"
    status = 429
    default_message = "Too many failed sign-ins from your address. Try again in a minute."


class TooManySignIns(DomainError):
    """So many people sign in at this moment that this one would wait for too long."""

    code = "unavailable"
    status = 503
    default_message = "Very many people are signing in right now. Try again shortly."


def check_password(username: str, password: str, request: HttpRequest) -> User | None:
    """The active user of this name and password, or None.

    Wrong, unknown and disabled are one answer, given after about the same time. To be asked before the request's
    first query. Raises TooManyFailures, TooManySignIns.
    """
    if not _may_hash.acquire(timeout=WAIT_SECONDS):
        raise TooManySignIns(extra={"retry_after_ms": 2_000})
    try:
        if wait_seconds := count_sign_in(request):
            raise TooManyFailures(extra={"retry_after_ms": ceil(wait_seconds * 1000)})
        user = authenticate(request, username=username, password=password)
        if not isinstance(user, User):
            return None
        take_back_sign_in(request)
        return user
    finally:
        _may_hash.release()


def start_session(*, user: User, request: HttpRequest) -> None:
    """Sign this browser in: a new session key and a new CSRF token, set by the response's cookies."""
    login(request, user)


def end_session(*, user: User, request: HttpRequest) -> None:
    """Sign this browser out, and forget its session. Announces `CredentialsChanged`."""
    with transaction.atomic():
        logout(request)
        announce(CredentialsChanged(user.pk))
