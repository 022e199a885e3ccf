"""Signing in by password. Every way in that takes a password goes through `PasswordBackend`.

After five wrong passwords an account takes none for 15 minutes, and twice as long after each further one, up to a
day. That is about passwords only: sessions, tokens and live connections go on, so nobody is locked out of a lesson by
somebody who guesses. A password reset ends it.

What counts is the order in which tries reach the account's row, not the one in which they were begun: the verdict
and the count are one conditional update, and a try that finds the account locked there is refused, whether its
password was right or wrong (docs/decisions/0050).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from math import ceil
from threading import BoundedSemaphore
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import authenticate, login
from django.contrib.auth.backends import ModelBackend
from django.db import connection
from django.db.models import Case, F, Q, When
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone

from users.addresses import network_of
from users.errors import DomainError
from users.models import APIToken, User
from users.throttling import count_sign_in, take_back_sign_in

WRONG_PASSWORDS = 5
LOCKS = [min(timedelta(minutes=15) * 2**n, timedelta(days=1)) for n in range(8)]
"""How long an account rests after the fifth wrong password, the sixth, …; after any later one as after the last."""

FRESH = timedelta(minutes=10)
"""For so long a sign-in is proof enough of who is there (docs/decisions/0110)."""

SIGNED_IN_AT = "signed_in_at"
"""Where a browser's session says when that was, in seconds since 1970."""

HASHES_AT_ONCE = 2
WAIT_SECONDS = 20.0

_may_hash = BoundedSemaphore(HASHES_AT_ONCE)


class WrongCredentials(DomainError):
    """One answer for all of it: a wrong password, an unknown name, an account that is disabled or locked."""

    code = "not_authenticated"
    status = 401
    default_message = (
        f"Wrong user name or password. After {WRONG_PASSWORDS} wrong ones sign-in rests for 15 minutes or longer;"
        " a password reset ends that."
    )


class WrongPassword(DomainError):
    """Somebody who is signed in was asked for the password once more."""

    code = "wrong_password"
    status = 403
    default_message = f"That is not your password. After {WRONG_PASSWORDS} wrong ones it is not asked for a while."


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


REFUSAL = "sign_in_refusal"
"""Where the backend leaves on the request why it did not look at the password: Django asks it for a user or None."""


class PasswordBackend(ModelBackend):
    """Django's, and it counts wrong passwords: by account and by address."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """The user, or None: wrong, unknown, disabled, locked and too many tries are one answer in about one time."""
        username = username or kwargs.get(User.USERNAME_FIELD)
        if username is None or password is None:
            return None
        try:
            with _turn(request):
                user = super().authenticate(request, username, password)
                if user is None:
                    _count_wrong(username)
                    return None
                if not _take_in(user, request):
                    return None
        except (TooManyFailures, TooManySignIns) as refusal:
            if request:
                setattr(request, REFUSAL, refusal)
            return None
        if request:
            take_back_sign_in(request)
        return user

    async def aauthenticate(self, *args: Any, **kwargs: Any) -> User | None:
        """Django's own would go past the count."""
        return await sync_to_async(self.authenticate)(*args, **kwargs)


@contextmanager
def _turn(request: HttpRequest | None) -> Iterator[None]:
    """One of the few at a time that look at a password, which takes a core for a moment; counted for its address.

    Who waits for that gives the request's database connection back meanwhile: sockets and other requests need it.
    """
    if not _may_hash.acquire(blocking=False):
        if not connection.in_atomic_block:
            connection.close()
        if not _may_hash.acquire(timeout=WAIT_SECONDS):
            raise TooManySignIns(extra={"retry_after_ms": 2_000})
    try:
        if request and (wait_seconds := count_sign_in(request)):
            raise TooManyFailures(extra={"retry_after_ms": ceil(wait_seconds * 1000)})
        yield
    finally:
        _may_hash.release()


def _unlocked() -> Q:
    return Q(account_locked_until=None) | Q(account_locked_until__lte=Now())


def _take_in(user: User, request: HttpRequest | None) -> bool:
    """Let them in and forget the wrong passwords, unless the account is locked by now."""
    came = {"last_login": Now(), "last_login_ip": network_of(request)} if request else {}
    taken_in = User.objects.filter(_unlocked(), pk=user.pk)
    return taken_in.update(failed_login_attempts=0, account_locked_until=None, **came) == 1


def _count_wrong(username: str) -> None:
    """Count a wrong password, and lock the account when it is the fifth or a later one. Locked, it counts none."""
    before = F("failed_login_attempts")
    locks = [When(failed_login_attempts=WRONG_PASSWORDS - 1 + n, then=Now() + lock) for n, lock in enumerate(LOCKS)]
    User.objects.filter(_unlocked(), username=username).update(
        failed_login_attempts=before + 1,
        account_locked_until=Case(
            When(failed_login_attempts__lt=WRONG_PASSWORDS - 1, then=None), *locks, default=Now() + LOCKS[-1]
        ),
    )


def check_password(username: str, password: str, request: HttpRequest) -> User | None:
    """The active user of this name and password, or None, after about the same time.

    Raises TooManyFailures, TooManySignIns.
    """
    user = authenticate(request, username=username, password=password)
    if user is None and (refusal := getattr(request, REFUSAL, None)):
        raise refusal
    return user if isinstance(user, User) else None


def confirm_password(*, user: User, password: str, request: HttpRequest) -> User:
    """Have somebody who is signed in prove it again: the account as it was then. Counts like a sign-in. Raises
    WrongPassword."""
    confirmed = check_password(user.username, password, request)
    if confirmed is None or confirmed != user:
        raise WrongPassword
    return confirmed


def is_fresh(request: HttpRequest, token: APIToken | None) -> bool:
    """Whether the password was given for this token, or else this browser's session, just now."""
    now = timezone.now()
    if token is not None:
        return token.created_at > now - FRESH
    signed_in_at: float = request.session.get(SIGNED_IN_AT, 0.0)
    return signed_in_at > (now - FRESH).timestamp()


def start_session(*, user: User, request: HttpRequest) -> None:
    """Sign this browser in: a new session key and a new CSRF token, set by the response's cookies."""
    login(request, user)
    request.session[SIGNED_IN_AT] = timezone.now().timestamp()
