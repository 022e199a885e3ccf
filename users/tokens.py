"""The rules of API tokens: shown once, kept as SHA-256, expiring, at most 200 a user, none after its end.

A token that leaves announces `CredentialsChanged`, so that its live connections close.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from users.events import CredentialsChanged, announce
from users.models import APIToken, User
from users.signin import WrongCredentials

PREFIX = "sb_"
"""Lets people and secret scanners tell what a leaked string is."""

DEFAULT_LIFETIME = timedelta(days=90)
MAX_TOKENS_A_USER = 200
MAX_RAW_LENGTH = 200
LAST_USED_STEP = timedelta(minutes=10)
"""`last_used` may lag this far behind, so that most requests write nothing."""


def issue(*, user: User, name: str, expires_at: datetime | None = None) -> tuple[APIToken, str]:
    """Make a token, for 90 days unless told: its row, and the token itself, which nobody can read again.

    `user` is the account as it was when the password proved who asks. Where the user has 200 already, the least
    recently used goes. Locks the user's row, so that parallel sign-ins can't pass the limit together, and none gets a
    token for the password that another one replaces meanwhile. Announces `CredentialsChanged` when a token went.
    Raises WrongCredentials.
    """
    raw = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        now = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if now.password != user.password or not now.is_active:
            raise WrongCredentials
        latest_first = APIToken.objects.filter(user=user).order_by(Coalesce("last_used", "created_at").desc(), "-pk")
        surplus = list(latest_first.values_list("pk", flat=True)[MAX_TOKENS_A_USER - 1 :])
        if surplus:
            APIToken.objects.filter(pk__in=surplus).delete()
            announce(CredentialsChanged(user.pk))
        token = APIToken.objects.create(
            user=user,
            token=_digest(raw),
            name=name,
            expires_at=expires_at or timezone.now() + DEFAULT_LIFETIME,
        )
    return token, raw


def live(now: datetime) -> QuerySet[APIToken]:
    """The tokens that are neither revoked nor expired."""
    return APIToken.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), is_active=True)


def find(raw: str) -> APIToken | None:
    """The token, with its user, when both are active and it has not expired. Keeps `last_used`."""
    if not raw or len(raw) > MAX_RAW_LENGTH:
        return None
    now = timezone.now()
    token = live(now).select_related("user").filter(token=_digest(raw), user__is_active=True).first()
    if token is not None and (token.last_used is None or token.last_used < now - LAST_USED_STEP):
        stale = Q(last_used=None) | Q(last_used__lt=now - LAST_USED_STEP)
        APIToken.objects.filter(stale, pk=token.pk).update(last_used=now)
    return token


def revoke(token: APIToken) -> None:
    """Take a token away for good. Announces `CredentialsChanged`."""
    with transaction.atomic():
        token.delete()
        announce(CredentialsChanged(token.user_id))


def delete_expired() -> None:
    """Nobody signs in with them any more, and their live connections are closed."""
    APIToken.objects.filter(expires_at__lte=timezone.now()).delete()


def _digest(raw: str) -> str:
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()
