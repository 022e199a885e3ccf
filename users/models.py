"""Who people are: the account, what they say about themselves, and the tokens their devices sign in with.

Owns the rules that an address is verified anew when it changes, and that whoever changes a password or disables an
account announces it. Never holds a token in the clear.
"""

from collections.abc import Collection
from datetime import UTC, tzinfo
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models.functions import Lower

from users.events import CredentialsChanged, announce


def validate_timezone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError("“%(name)s” is no time zone that we know.", params={"name": name})


def zone(name: str) -> tzinfo:
    """The time zone of this name; UTC for one that is not known any more."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def validate_language(code: str) -> None:
    if code not in dict(settings.LANGUAGES):
        raise ValidationError("“%(code)s” is no language that we know.", params={"code": code})


class User(AbstractUser):
    """An account. `role` says what somebody does here; staff is `is_staff`."""

    class Role(models.TextChoices):
        STUDENT = "student", "Student"
        INSTRUCTOR = "instructor", "Instructor"

    role = models.CharField(max_length=20, choices=Role.choices, default=Role.STUDENT)
    is_active = models.BooleanField(default=True)
    avatar = models.ImageField(upload_to="avatars/", blank=True, null=True)
    bio = models.TextField(blank=True)
    phone_number = models.CharField(max_length=20, blank=True)
    date_of_birth = models.DateField(blank=True, null=True)

    email_verified = models.BooleanField(default=False)
    email_verification_token = models.CharField(max_length=100, blank=True, help_text="The SHA-256 of what was mailed")
    email_verification_sent_at = models.DateTimeField(blank=True, null=True)
    password_reset_sent_at = models.DateTimeField(blank=True, null=True)
    last_login_ip = models.GenericIPAddressField(blank=True, null=True)
    failed_login_attempts = models.PositiveIntegerField(default=0)
    account_locked_until = models.DateTimeField(blank=True, null=True)

    email_notifications = models.BooleanField(default=True)
    push_notifications = models.BooleanField(default=True)
    weekly_digest = models.BooleanField(default=True)

    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_timezone])
    language = models.CharField(max_length=10, default="en", validators=[validate_language])

    objects: ClassVar[UserManager[Self]] = UserManager()

    class Meta:
        indexes = [
            models.Index(fields=["role", "is_active"]),
            models.Index(fields=["email_verified"]),
        ]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=~models.Q(email=""),
                name="users_user_email_unique",
                violation_error_message="Somebody uses this e-mail address already.",
            ),
        ]

    _stored: dict[str, Any] = {}
    """What the database holds of WATCHED, as far as this object knows."""
    _password: str | None  # Django's: a new password that was set and not saved yet; None when only hashed anew
    asking_token_id = 0
    """The API token by which the password is changed: it stays. 0: none."""

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any]) -> Self:
        user = super().from_db(db, field_names, values)
        user._remember()
        return user

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self._remember()

    def _remember(self) -> None:
        self._stored = {name: self.__dict__[name] for name in WATCHED if name in self.__dict__}

    def save(self, **kwargs: Any) -> None:
        """Save. A changed address is unverified: the old one's proof says nothing about it.

        A new password takes the API tokens with it, as it does all sessions (docs/decisions/0051); so does its end,
        when staff lets an account sign in by none any more.
        Announces `CredentialsChanged` for a changed password, and for an account that is disabled or enabled.
        """
        written: Collection[str] | None = kwargs.get("update_fields")
        changed = {
            name
            for name, value in self._stored.items()
            if (written is None or name in written) and getattr(self, name) != value
        }
        if "email" in changed:
            self.email_verified = False
            self.email_verification_token = ""
            self.email_verification_sent_at = None
            if written is not None:
                proof = ("email_verified", "email_verification_token", "email_verification_sent_at")
                kwargs["update_fields"] = {*written, *proof}
        is_new_password = "password" in changed and (self._password is not None or not self.has_usable_password())
        with transaction.atomic():
            super().save(**kwargs)
            if is_new_password:
                self.api_tokens.exclude(pk=self.asking_token_id).delete()
            if changed & {"password", "is_active"}:
                announce(CredentialsChanged(self.pk))
        if written is None:
            self._remember()
        else:
            self._stored = {**self._stored, **{name: getattr(self, name) for name in WATCHED if name in written}}


WATCHED = ("email", "password", "is_active")


class StudentProfile(models.Model):
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="student_profile")
    goal = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.user}, student"


class InstructorProfile(models.Model):
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="instructor_profile")
    title = models.CharField(max_length=100, blank=True)
    about = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.user}, {self.title or 'instructor'}"


class APIToken(models.Model):
    """What a phone or another program signs in with. `token` holds the SHA-256 of what was shown once."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    token = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used = models.DateTimeField(blank=True, null=True)
    expires_at = models.DateTimeField(blank=True, null=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        verbose_name = "API token"
        indexes = [
            models.Index(fields=["token"]),
            models.Index(fields=["user", "is_active"]),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"


class RateCount(models.Model):
    """How often something happened in a minute or hour, from `since` on: users/throttling.py. A crash may forget it."""

    key = models.CharField(max_length=100, primary_key=True)
    since = models.DateTimeField()
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.key}: {self.count} since {self.since}"
