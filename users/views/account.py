"""Registering, verifying an address, and passwords. The rules are in users/accounts.py and users/links.py."""

from typing import cast

from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from users import accounts, links, signin
from users.models import APIToken, User
from users.serializers import (
    ChangePasswordSerializer,
    ConfirmResetSerializer,
    MeSerializer,
    RegisterSerializer,
    ResetPasswordSerializer,
    VerifyEmailSerializer,
    check_new_password,
)

INVALID = OpenApiResponse(description="What `fields` names can't be so.")
INVALID_LINK = OpenApiResponse(description="`invalid_link`: used, or too old. Or what `fields` names can't be so.")
WRONG_PASSWORD = OpenApiResponse(description="`wrong_password`. Counts like a failed sign-in.")


class OpenView(APIView):
    """For who is not signed in. Takes JSON only, which another site's form can't send, so it asks no CSRF token."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class RegisterView(OpenView):
    """Make a student's account. It is mailed a link that verifies the address; signing in needs no more."""

    @extend_schema(request=RegisterSerializer, responses={201: MeSerializer, 400: INVALID})
    def post(self, request: Request) -> Response:
        asked = RegisterSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        user = accounts.register(**asked.validated_data)
        return Response(MeSerializer(user, context={"request": request}).data, status=status.HTTP_201_CREATED)


class VerifyEmailView(OpenView):
    """Say that the mailed link was read."""

    @extend_schema(request=VerifyEmailSerializer, responses={204: None, 400: INVALID_LINK})
    def post(self, request: Request) -> Response:
        asked = VerifyEmailSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        links.verify(asked.validated_data["token"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResendView(APIView):
    """Have the link to verify one's address mailed again: at most once a minute. The link before it is void."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        accounts.ask_to_verify(cast(User, request.user))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResetPasswordView(OpenView):
    """Have a link to a new password mailed. One answer, whether or not somebody has this address."""

    @extend_schema(request=ResetPasswordSerializer, responses={204: None, 400: INVALID})
    def post(self, request: Request) -> Response:
        asked = ResetPasswordSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        accounts.ask_to_reset(asked.validated_data["email"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class ConfirmResetView(OpenView):
    """Set a new password by the mailed link. All sessions and tokens end, and so does a lock of the account."""

    @extend_schema(request=ConfirmResetSerializer, responses={204: None, 400: INVALID_LINK})
    def post(self, request: Request) -> Response:
        asked = ConfirmResetSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        password = asked.validated_data["password"]
        with transaction.atomic():
            user = links.lock_user_to_reset(asked.validated_data["token"])
            check_new_password(password, user, "password")
            accounts.reset_password(user=user, password=password)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ChangePasswordView(APIView):
    """Set a new password, proved by the one so far. This session or token stays; all others end."""

    @extend_schema(request=ChangePasswordSerializer, responses={204: None, 400: INVALID, 403: WRONG_PASSWORD})
    def post(self, request: Request) -> Response:
        asked = ChangePasswordSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        user = cast(User, request.user)
        user = signin.confirm_password(user=user, password=asked.validated_data["password"], request=request._request)
        password = asked.validated_data["new_password"]
        check_new_password(password, user, "new_password")
        token_id = request.auth.pk if isinstance(request.auth, APIToken) else 0
        user = accounts.change_password(user=user, password=password, asking_token_id=token_id)
        if not token_id:
            update_session_auth_hash(request._request, user)
        return Response(status=status.HTTP_204_NO_CONTENT)
