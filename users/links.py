"""What is mailed to prove who reads an address: a link to verify it, and one to set a new password.

Each link carries one text, `USER.SECRET`, behind a #: browsers send that part to no server. Secrets are made when the
mail is sent, by the job worker, so no job and no row ever holds one: of a verification the row holds the SHA-256, a
reset is signed over the password hash and the last sign-in, so that using it uses it up.
"""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.tokens import default_token_generator
from django.utils import timezone

from users.errors import DomainError
from users.models import User

VERIFY_WITHIN = timedelta(hours=24)


class InvalidLink(DomainError):
    """Unknown, used already, or too old: one answer."""

    code = "invalid_link"
    status = 400
    default_message = "This link has been used, or is too old. Ask for a new one."


def verification_secret(user: User) -> str:
    """A new secret for the address as `user` has it; an earlier one is void. Empty when the address changed since."""
    raw = secrets.token_urlsafe(32)
    still_asked = User.objects.filter(pk=user.pk, email=user.email, email_verified=False, is_active=True)
    return f"{user.pk}.{raw}" if still_asked.update(email_verification_token=_digest(raw)) else ""


def verify(link: str) -> None:
    """The reader of this link reads the account's address. Raises InvalidLink."""
    user_id, raw = _parts(link)
    asked = User.objects.filter(
        pk=user_id,
        email_verification_token=_digest(raw),
        email_verification_sent_at__gt=timezone.now() - VERIFY_WITHIN,
        is_active=True,
    )
    if not asked.update(email_verified=True, email_verification_token="", email_verification_sent_at=None):
        raise InvalidLink


def reset_secret(user: User) -> str:
    return f"{user.pk}.{default_token_generator.make_token(user)}"


def lock_user_to_reset(link: str) -> User:
    """The account that this link may give a new password. Locks its row. Raises InvalidLink."""
    user_id, raw = _parts(link)
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id, is_active=True).first()
    if user is None or not default_token_generator.check_token(user, raw):
        raise InvalidLink
    return user


def _parts(link: str) -> tuple[int, str]:
    user_id, _, raw = link.partition(".")
    if not (user_id.isascii() and user_id.isdecimal() and len(user_id) < 19 and raw):
        raise InvalidLink
    return int(user_id), raw


def _digest(raw: str) -> str:
    return hashlib.sha256(raw.encode()).hexdigest()
