"""Signing in by password, and out again. Every way in that takes a password asks `check_password`."""

from django.contrib.auth import authenticate, login, logout
from django.db import transaction
from django.http import HttpRequest

from users.errors import DomainError
from users.events import CredentialsChanged, announce
from users.models import User


class WrongCredentials(DomainError):
    """One answer for all of it: a wrong password, an unknown name, a disabled account."""

    code = "not_authenticated"
    status = 401
    default_message = "Wrong user name or password."


def check_password(username: str, password: str, request: HttpRequest) -> User | None:
    """The active user of this name and password, or None.

    Wrong, unknown and disabled are one answer, given after about the same time.
    """
    user = authenticate(request, username=username, password=password)
    return user if isinstance(user, User) else None


def start_session(*, user: User, request: HttpRequest) -> None:
    """Sign this browser in: a new session key and a new CSRF token, set by the response's cookies."""
    login(request, user)


def end_session(*, user: User, request: HttpRequest) -> None:
    """Sign this browser out, and forget its session. Announces `CredentialsChanged`."""
    with transaction.atomic():
        logout(request)
        announce(CredentialsChanged(user.pk))
