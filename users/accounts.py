"""The life of an account: made, verified, its password and profile changed, closed.

Whoever changes an account locks its row first and saves the columns they change, and no other: a sign-in that counts
wrong passwords meanwhile loses nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
from django.contrib.admin.models import LogEntry
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from users import personal_data, tasks
from users.errors import DomainError
from users.events import AccountClosing, announce
from users.models import InstructorProfile, StudentProfile, User
from users.signin import WrongPassword

ONE_MAIL_A = timedelta(minutes=1)
"""Of a kind to one account, however often it is asked for."""


class Taken(DomainError):
    """Somebody has this name or address: answered like any other field that can't be so."""

    code = "invalid"
    status = 400

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, extra={"fields": {field: [message]}})


def with_email(email: str) -> QuerySet[User]:
    """The account of this address in whatever case; served by the unique index."""
    return User.objects.alias(lowered=Lower("email")).filter(lowered=email.lower()).exclude(email="")


def register(*, username: str, email: str, password: str) -> User:
    """Make a student's account, and mail the link that verifies its address. Raises Taken."""
    with _unique(), transaction.atomic():
        user = User.objects.create_user(username, email, password)
        StudentProfile.objects.create(user=user)
        ask_to_verify(user)
    return user


def ask_to_verify(user: User) -> None:
    """Have the address's link mailed, unless it is verified or one was mailed just now."""
    with transaction.atomic():
        if user.email and not user.email_verified and _may_mail(user, "email_verification_sent_at"):
            tasks.mail_verification.defer(user_id=user.pk)


def ask_to_reset(email: str) -> None:
    """Have a link to a new password mailed to a verified address; another is sent the link that verifies it.

    An address that nobody has takes the same way.
    """
    with transaction.atomic():
        user = with_email(email).filter(is_active=True).first() or User()
        if user.pk is not None and not user.email_verified:
            ask_to_verify(user)
        else:
            may_mail = _may_mail(user, "password_reset_sent_at")
            tasks.mail_password_reset.defer(user_id=user.pk if may_mail else 0)


def _may_mail(user: User, sent_at: str) -> bool:
    """Take the right to send one now."""
    now = timezone.now()
    not_just_now = Q(**{sent_at: None}) | Q(**{f"{sent_at}__lt": now - ONE_MAIL_A})
    return User.objects.filter(not_just_now, pk=user.pk).update(**{sent_at: now}) == 1


def change_password(*, user: User, password: str, asking_token_id: int = 0) -> User:
    """Set a new password: all other sessions, tokens and live connections end.

    `user` is the account as it was when the one so far was proved. Locks the user's row. Raises WrongPassword.
    """
    with transaction.atomic():
        user = _locked_as_proved(user)
        user.asking_token_id = asking_token_id
        user.set_password(password)
        user.save(update_fields=["password"])
    return user


def reset_password(*, user: User, password: str) -> None:
    """Set a new password for `links.lock_user_to_reset`, in its transaction, and end the account's lock.

    All sessions, tokens and live connections end.
    """
    user.set_password(password)
    user.failed_login_attempts, user.account_locked_until = 0, None
    user.save(update_fields=["password", "failed_login_attempts", "account_locked_until"])


def change_profile(
    *,
    user: User,
    avatar: "ContentFile[bytes] | None" = None,
    drops_avatar: bool = False,
    student_profile: dict[str, str] | None = None,
    instructor_profile: dict[str, str] | None = None,
    **fields: Any,
) -> User:
    """Change what somebody says of themselves. A new address is mailed the link that verifies it; the one before, if
    it was verified, that it is that no more.

    Locks the user's row. Raises Taken.
    """
    with _unique(), transaction.atomic():
        user = _locked(user)
        old_email, was_verified = user.email, user.email_verified
        old_avatar, storage = user.avatar.name, user.avatar.storage
        for name, value in fields.items():
            setattr(user, name, value)
        written = list(fields)
        if avatar is not None or drops_avatar:
            user.avatar = avatar
            written.append("avatar")
        if written:
            with _no_orphan(user, old_avatar):
                user.save(update_fields=written)
        if student_profile is not None:
            StudentProfile.objects.update_or_create(user=user, defaults=student_profile)
        if instructor_profile is not None:
            InstructorProfile.objects.update_or_create(user=user, defaults=instructor_profile)
        if user.email != old_email:
            if was_verified:
                tasks.mail_address_changed.defer(user_id=user.pk, old_email=old_email)
            ask_to_verify(user)
        if "avatar" in written and old_avatar:
            transaction.on_commit(lambda: storage.delete(old_avatar), robust=True)
    return user


def close(*, user: User) -> None:
    """Close the account for good, and let go of who it was; what was learned stays, of nobody (docs/privacy.md).

    `user` is the account as it was when somebody proved to be its owner. Locks the user's row, then what
    `AccountClosing` leads to; a room above may refuse. Announces `CredentialsChanged`. Raises WrongPassword.
    """
    with transaction.atomic():
        user = _locked_as_proved(user)
        log = personal_data.log_about(user)
        announce(AccountClosing(user.pk))
        avatar, storage = user.avatar.name, user.avatar.storage
        fresh = User(username=f"closed-{uuid4().hex[:12]}", date_joined=user.date_joined, role=user.role)
        for column in User._meta.concrete_fields:
            if not column.primary_key:
                setattr(user, column.attname, getattr(fresh, column.attname))
        user.is_active = False
        user.set_unusable_password()
        user.save()
        personal_data.forget(user)
        LogEntry.objects.filter(pk__in=log).update(object_repr=user.username, change_message="")
        if avatar:
            transaction.on_commit(lambda: storage.delete(avatar), robust=True)


def _locked(user: User) -> User:
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _locked_as_proved(user: User) -> User:
    """Raises WrongPassword where the password that was given is not the account's any more: a change or a reset that
    somebody waited for ends what went by the one before."""
    now = _locked(user)
    if now.password != user.password:
        raise WrongPassword
    return now


@contextmanager
def _no_orphan(user: User, old_avatar: str | None) -> Iterator[None]:
    """The file of a new picture is written before the row: it goes when the row can't be."""
    try:
        yield
    except Exception:
        if user.avatar and user.avatar.name != old_avatar:
            user.avatar.delete(save=False)
        raise


@contextmanager
def _unique() -> Iterator[None]:
    """Who was a moment faster has the name or the address."""
    try:
        yield
    except IntegrityError as error:
        cause = error.__cause__
        taken = cause.diag.constraint_name if isinstance(cause, psycopg.errors.UniqueViolation) else ""
        if taken == "users_user_email_unique":
            raise Taken("email", "Somebody uses this e-mail address already.") from error
        if taken and "username" in taken:
            raise Taken("username", "Somebody has this user name already.") from error
        raise
