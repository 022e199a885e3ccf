"""Who a caller is: an API token or a Django session, judged alike for REST and for the websocket.

A `Credential` is what a connection remembers of how it signed in, so that it can ask again later whether that
still holds. One that doesn't hold raises nothing: it is None, or missing from the answer. A token that is given and
doesn't hold must never fall back to the cookie: the callers keep that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Literal

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from users import tokens
from users.models import APIToken, User


@dataclass(frozen=True, slots=True)
class Credential:
    """How a connection signed in. `fingerprint` changes with the password; it is no secret of the user's.

    `expires_at` is a token's end; None where it has none, and for a session, whose end `still_valid` asks for.
    """

    user_id: int
    username: str
    role: str
    kind: Literal["token", "session"]
    token_id: int | None
    session_key: str | None
    fingerprint: str
    expires_at: datetime | None

    def has_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()


def credential_from_token(raw: str) -> Credential | None:
    """The credential of an API token as its owner has it; None when it doesn't hold. Reads the database."""
    token = tokens.find(raw)
    if token is None:
        return None
    return Credential(
        user_id=token.user_id,
        username=token.user.username,
        role=token.user.role,
        kind="token",
        token_id=token.pk,
        session_key=None,
        fingerprint=token.user.get_session_auth_hash(),
        expires_at=token.expires_at,
    )


def credential_from_session(session_key: str) -> Credential | None:
    """The credential of a session cookie's value; None when it doesn't hold. Reads the database.

    Judges as `django.contrib.auth.get_user` does, fallback secrets included.
    """
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    user = User.objects.filter(pk=session.get(SESSION_KEY), is_active=True).first()
    if user is None:
        return None
    fingerprint = user.get_session_auth_hash()
    signed_with = session.get(HASH_SESSION_KEY, "")
    known = (fingerprint, *user.get_session_auth_fallback_hash())
    if not any(constant_time_compare(signed_with, one) for one in known):
        return None
    return Credential(
        user_id=user.pk,
        username=user.username,
        role=user.role,
        kind="session",
        token_id=None,
        session_key=session_key,
        fingerprint=fingerprint,
        expires_at=None,
    )


def still_valid(credentials: Sequence[Credential]) -> set[Credential]:
    """Those that still hold, in three queries however many there are.

    The account is active and its password unchanged since; the token is active, or the session still there,
    and not expired.
    """
    now = timezone.now()
    users = User.objects.filter(pk__in={one.user_id for one in credentials}, is_active=True).only("password")
    fingerprints = {user.pk: user.get_session_auth_hash() for user in users}
    token_ids = {one.token_id for one in credentials if one.token_id is not None}
    live_tokens = set(tokens.live(now).filter(pk__in=token_ids).values_list("pk", flat=True))
    session_keys = {one.session_key for one in credentials if one.session_key is not None}
    live_sessions = set(Session.objects.filter(pk__in=session_keys, expire_date__gt=now).values_list("pk", flat=True))
    return {
        one
        for one in credentials
        if one.fingerprint == fingerprints.get(one.user_id)
        and (one.token_id in live_tokens if one.kind == "token" else one.session_key in live_sessions)
    }


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer TOKEN`. A bad token is 401, whatever cookie came with it.

    Comes first among the authentication classes, so that a request without any credential is 401 too.
    `request.auth` is then the `APIToken`.
    """

    def authenticate(self, request: Request) -> tuple[User, APIToken] | None:
        scheme, _, raw = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = tokens.find(raw.strip())
        if token is None:
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="studybeat"'


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`BearerAuthentication` in the OpenAPI schema."""

    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}
