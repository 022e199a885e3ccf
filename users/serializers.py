"""The shapes of the users' REST surface."""

import unicodedata
from datetime import date, datetime
from pathlib import PurePath
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db.models.fields.files import FieldFile
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from users import accounts, avatars
from users.models import APIToken, InstructorProfile, StudentProfile, User

MAX_PASSWORD = 4096

LINE_BREAKS = "\u2028\u2029"


def one_line(value: str) -> None:
    """A name, a title, a number: what breaks lines, and other control characters, have no place in it."""
    if any(unicodedata.category(char) == "Cc" or char in LINE_BREAKS for char in value):
        raise serializers.ValidationError("This is one line: no line breaks or control characters.")


ONE_LINE = {"validators": [one_line]}


class UserNameField(serializers.CharField):
    """A user name as it is kept: forms of a letter that look alike become one, which may be several letters."""

    def to_internal_value(self, data: Any) -> str:
        return User.normalize_username(super().to_internal_value(data))


class AddressField(serializers.EmailField):
    """An e-mail address as it is kept: its domain in small letters, which may be more than there were."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, **options)

    def to_internal_value(self, data: Any) -> str:
        return User.objects.normalize_email(super().to_internal_value(data))


class PasswordField(serializers.CharField):
    """A password as typed, blanks included."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_PASSWORD, trim_whitespace=False, write_only=True, **options)


@extend_schema_serializer(examples=[OpenApiExample("ana", {"username": "ana", "password": "studybeat"})])
class SignInSerializer(serializers.Serializer[None]):
    """A user name and a password, as typed."""

    username = UserNameField(max_length=150)
    password = PasswordField()


@extend_schema_serializer(
    examples=[OpenApiExample("a phone", {"username": "ana", "password": "studybeat", "name": "Ana’s phone"})]
)
class NewTokenSerializer(SignInSerializer):
    """What a phone sends to get a token. Without `expires_at` it expires in 90 days."""

    name = serializers.CharField(max_length=100, validators=[one_line])
    expires_at = serializers.DateTimeField(required=False, allow_null=True)

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError("This lies in the past.")
        return value


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a phone",
            {
                "id": 3,
                "name": "Ana’s phone",
                "created_at": "2026-01-01T00:00:00Z",
                "last_used": "2026-01-09T07:30:00Z",
                "expires_at": "2026-04-01T00:00:00Z",
                "is_active": True,
            },
        )
    ]
)
class TokenSerializer(serializers.ModelSerializer[APIToken]):
    """A token as its owner sees it later: without the secret."""

    class Meta:
        model = APIToken
        fields = ["id", "name", "created_at", "last_used", "expires_at", "is_active"]
        read_only_fields = fields


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a phone",
            {"id": 3, "name": "Ana’s phone", "token": "sb_x3kV…", "expires_at": "2026-04-01T00:00:00Z"},
        )
    ]
)
class IssuedTokenSerializer(serializers.Serializer[object]):
    """A new token: the one time that `token` is shown."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class StudentProfileSerializer(serializers.ModelSerializer[StudentProfile]):
    goal = serializers.CharField(max_length=2000, allow_blank=True)

    class Meta:
        model = StudentProfile
        fields = ["goal"]


class InstructorProfileSerializer(serializers.ModelSerializer[InstructorProfile]):
    about = serializers.CharField(max_length=4000, allow_blank=True, required=False)

    class Meta:
        model = InstructorProfile
        fields = ["title", "about"]
        extra_kwargs = {"title": ONE_LINE}


@extend_schema_field(OpenApiTypes.STR)
class AvatarField(serializers.Field[Any, Any, str | None, Any]):
    """Read: the path of the picture, new with every new picture. Written: a file in multipart/form-data, or null."""

    def to_representation(self, avatar: FieldFile) -> str | None:
        return f"{reverse('avatar')}?v={PurePath(str(avatar.name)).stem}" if avatar else None

    def to_internal_value(self, data: Any) -> "ContentFile[bytes]":
        if not isinstance(data, UploadedFile):
            raise serializers.ValidationError("Send the picture as multipart/form-data.")
        try:
            return avatars.read(data, data.size or 0)
        except avatars.NoPicture as error:
            raise serializers.ValidationError(str(error)) from error


class UserProfileSerializer(serializers.ModelSerializer[User]):
    """User profile data for mobile apps."""

    email = AddressField(required=False)
    avatar = AvatarField(required=False, allow_null=True)
    bio = serializers.CharField(max_length=4000, allow_blank=True, required=False)

    class Meta:
        model = User
        fields = [
            "id",
            "username",
            "email",
            "first_name",
            "last_name",
            "role",
            "avatar",
            "bio",
            "date_of_birth",
        ]
        read_only_fields = ["id", "username", "role"]
        extra_kwargs = {
            "first_name": ONE_LINE,
            "last_name": ONE_LINE,
            "phone_number": ONE_LINE,
        }

    def validate_date_of_birth(self, value: date | None) -> date | None:
        if value is not None and not date(1900, 1, 1) <= value <= timezone.now().date():
            raise serializers.ValidationError("This can't be a date of birth.")
        return value


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "ana",
            {
                "id": 1,
                "username": "ana",
                "email": "ana@example.org",
                "first_name": "Ana",
                "last_name": "",
                "role": "student",
                "avatar": "/api/v1/me/avatar/?v=5f0e3c1e6f0d4a589d0c2d2c0d0f7a11",
                "bio": "Learns by night.",
                "date_of_birth": "2001-02-03",
                "phone_number": "+49 30 1234",
                "email_verified": True,
                "email_notifications": True,
                "push_notifications": True,
                "weekly_digest": False,
                "timezone": "Europe/Berlin",
                "language": "de",
                "is_staff": False,
                "student_profile": {"goal": "Half an hour of reading every day."},
                "instructor_profile": None,
            },
            response_only=True,
        ),
        OpenApiExample("a new goal", {"student_profile": {"goal": "An hour a day."}}, request_only=True),
    ]
)
class MeSerializer(UserProfileSerializer):
    """One's own profile: with the phone number, the preferences, and what one says as a student or an instructor."""

    student_profile = StudentProfileSerializer(required=False, allow_null=True)
    instructor_profile = InstructorProfileSerializer(required=False, allow_null=True)

    class Meta(UserProfileSerializer.Meta):
        fields = [
            *UserProfileSerializer.Meta.fields,
            "phone_number",
            "email_verified",
            "email_notifications",
            "push_notifications",
            "weekly_digest",
            "timezone",
            "language",
            "is_staff",
            "student_profile",
            "instructor_profile",
        ]
        read_only_fields = [*UserProfileSerializer.Meta.read_only_fields, "email_verified", "is_staff"]

    def validate_instructor_profile(self, value: dict[str, str] | None) -> dict[str, str] | None:
        assert isinstance(self.instance, User)
        if value is not None and self.instance.role != User.Role.INSTRUCTOR:
            raise serializers.ValidationError("You are no instructor: staff makes somebody one.")
        return value

    def update(self, instance: User, validated_data: dict[str, Any]) -> User:
        drops_avatar = validated_data.get("avatar", instance) is None
        return accounts.change_profile(user=instance, drops_avatar=drops_avatar, **validated_data)


def check_new_password(password: str, user: User, field: str) -> None:
    """Judge it by what AUTH_PASSWORD_VALIDATORS asks. Raises a ValidationError about `field`."""
    try:
        validate_password(password, user)
    except DjangoValidationError as error:
        raise serializers.ValidationError({field: error.messages}) from error


@extend_schema_serializer(
    examples=[
        OpenApiExample("dana", {"username": "dana", "email": "dana@example.org", "password": "a long one, of words"})
    ]
)
class RegisterSerializer(serializers.ModelSerializer[User]):
    """What it takes to make an account: a student's, whose address is to be verified."""

    username = UserNameField(  # whether it is taken the insert tells
        max_length=150,
        validators=[User.username_validator],
        help_text="Letters, digits and @/./+/-/_ only.",
    )
    email = AddressField()
    password = PasswordField()

    class Meta:
        model = User
        fields = ["username", "email", "password"]

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        check_new_password(attrs["password"], User(username=attrs["username"], email=attrs["email"]), "password")
        return attrs


@extend_schema_serializer(examples=[OpenApiExample("from the mail", {"token": "17.fA3q…"})])
class VerifyEmailSerializer(serializers.Serializer[None]):
    """`token` is what follows the # in the mailed link."""

    token = serializers.CharField(max_length=200)


@extend_schema_serializer(examples=[OpenApiExample("ana", {"email": "ana@example.org"})])
class ResetPasswordSerializer(serializers.Serializer[None]):
    email = AddressField()


@extend_schema_serializer(
    examples=[OpenApiExample("from the mail", {"token": "17.c9x2-4f…", "password": "a long one, of words"})]
)
class ConfirmResetSerializer(VerifyEmailSerializer):
    """`token` is what follows the # in the mailed link."""

    password = PasswordField()


@extend_schema_serializer(
    examples=[OpenApiExample("new", {"password": "the one so far", "new_password": "a long one, of words"})]
)
class ChangePasswordSerializer(serializers.Serializer[None]):
    password = PasswordField(help_text="The one so far.")
    new_password = PasswordField()


@extend_schema_serializer(examples=[OpenApiExample("sure", {"password": "studybeat"})])
class ConfirmPasswordSerializer(serializers.Serializer[None]):
    """Proof that it is still the same person who asks; none is needed of who has just signed in."""

    password = PasswordField(required=False)
