"""The shapes of the users' REST surface."""

from datetime import datetime

from django.utils import timezone
from rest_framework import serializers

from users.models import APIToken, User


class SignInSerializer(serializers.Serializer[None]):
    """A user name and a password, as typed."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=4096, trim_whitespace=False, write_only=True)


class TokenRequestSerializer(SignInSerializer):
    """What a phone sends to get a token. Without `expires_at` it expires in 90 days."""

    name = serializers.CharField(max_length=100)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError("This lies in the past.")
        return value


class TokenSerializer(serializers.ModelSerializer[APIToken]):
    """A token as its owner sees it later: without the secret."""

    class Meta:
        model = APIToken
        fields = ["id", "name", "created_at", "last_used", "expires_at", "is_active"]
        read_only_fields = fields


class IssuedTokenSerializer(serializers.Serializer[object]):
    """A new token: the one time that `token` is shown."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class UserProfileSerializer(serializers.ModelSerializer[User]):
    """User profile data for mobile apps."""

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


class MeSerializer(UserProfileSerializer):
    """One's own profile: with the phone number and the preferences."""

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
        ]
        read_only_fields = [*UserProfileSerializer.Meta.read_only_fields, "email_verified", "is_staff"]
