"""Signing in and out, and tokens. The rules are in users/signin.py and users/tokens.py."""

from typing import cast

from django.contrib.auth import logout
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics, status
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from users import signin, tokens
from users.models import APIToken, User
from users.serializers import (
    IssuedTokenSerializer,
    MeSerializer,
    NewTokenSerializer,
    SignInSerializer,
    TokenSerializer,
)

SIGN_IN_ERRORS = {
    401: OpenApiResponse(description="Wrong user name or password."),
    429: OpenApiResponse(description="Too many failed sign-ins from this address."),
    503: OpenApiResponse(description="Too many people sign in at this moment."),
}


def user_by_password(request: Request, username: str, password: str) -> User:
    """The user who gave this name and password. Raises WrongCredentials, TooManyFailures, TooManySignIns."""
    user = signin.check_password(username, password, request._request)
    if user is None:
        raise signin.WrongCredentials
    return user


class LoginView(APIView):
    """Sign a browser in: sets the session cookie and the CSRF cookie.

    Takes JSON only, which another site's form can't send, so it asks for no CSRF token.
    """

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()  # failures are counted: a lecture hall signs in from one address

    @extend_schema(request=SignInSerializer, responses={200: MeSerializer, **SIGN_IN_ERRORS})
    def post(self, request: Request) -> Response:
        asked = SignInSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        user = user_by_password(request, **asked.validated_data)
        signin.start_session(user=user, request=request._request)
        return Response(MeSerializer(user, context={"request": request}).data)


class LogoutView(APIView):
    """Sign out with whatever the request signed in with: the session ends, or the token is revoked."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        if isinstance(request.auth, APIToken):
            tokens.revoke(request.auth)
        else:
            logout(request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)


@require_POST
def leave_admin(request: HttpRequest) -> HttpResponse:
    """The admin's button to sign out: as `logout/`, without a page of its own."""
    logout(request)
    return redirect("admin:index")


class TokenListView(generics.ListAPIView[APIToken]):
    """One's API tokens, newest first; and the way in for phones, which asks for name and password."""

    serializer_class = TokenSerializer
    queryset = APIToken.objects.none()
    filter_backends = ()

    def get_queryset(self) -> QuerySet[APIToken]:
        return APIToken.objects.filter(user=cast(User, self.request.user)).order_by("-created_at", "-pk")

    def is_sign_in(self) -> bool:
        return self.request is not None and self.request.method == "POST"  # None while the schema is made

    def get_authenticators(self) -> list[BaseAuthentication]:
        # An expired token or a cookie that the client still sends must not keep it from getting a new token.
        return [] if self.is_sign_in() else super().get_authenticators()

    def get_permissions(self) -> list[BasePermission]:
        return [AllowAny()] if self.is_sign_in() else [IsAuthenticated()]

    def get_throttles(self) -> list[BaseThrottle]:
        return [] if self.is_sign_in() else super().get_throttles()

    @extend_schema(request=NewTokenSerializer, responses={201: IssuedTokenSerializer, **SIGN_IN_ERRORS})
    def post(self, request: Request) -> Response:
        asked = NewTokenSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        user = user_by_password(request, data["username"], data["password"])
        token, raw = tokens.issue(user=user, name=data["name"], expires_at=data.get("expires_at"))
        shown = {"id": token.pk, "name": token.name, "token": raw, "expires_at": token.expires_at}
        return Response(IssuedTokenSerializer(shown).data, status=status.HTTP_201_CREATED)


class TokenView(generics.DestroyAPIView[APIToken]):
    """Revoke one of one's own tokens: its live connections close."""

    serializer_class = TokenSerializer
    queryset = APIToken.objects.none()

    def get_queryset(self) -> QuerySet[APIToken]:
        return APIToken.objects.filter(user=cast(User, self.request.user))

    def perform_destroy(self, instance: APIToken) -> None:
        tokens.revoke(instance)
