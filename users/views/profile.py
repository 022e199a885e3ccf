"""One's own profile, picture and data. The rules are in users/accounts.py, users/avatars.py and users/export.py."""

import os
from typing import Any, cast

from django.contrib.auth import logout
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.middleware.csrf import get_token
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from users import accounts, export, signin
from users.models import APIToken, User
from users.parsers import JSONParser
from users.serializers import ConfirmPasswordSerializer, MeSerializer
from users.streaming import FileBody
from users.throttling import ExportThrottle
from users.views.account import INVALID, WRONG_PASSWORD


class MeView(generics.RetrieveUpdateAPIView[User]):
    """One's own profile. To a browser it also hands a CSRF cookie, should it have lost it."""

    deletes_with_body = True
    serializer_class = MeSerializer
    parser_classes = (JSONParser, MultiPartParser)
    http_method_names = ["get", "head", "patch", "delete"]

    def get_object(self) -> User:
        if self.request.auth is None:
            get_token(self.request._request)
        return cast(User, self.request.user)

    @extend_schema(responses={200: MeSerializer, 400: INVALID})
    def patch(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change what is given. A picture comes as multipart/form-data.

        Another e-mail address is to be verified anew, and the old one is told.
        """
        return super().patch(request, *args, **kwargs)

    @extend_schema(
        request=ConfirmPasswordSerializer,
        responses={
            204: None,
            400: INVALID,
            403: WRONG_PASSWORD,
            409: OpenApiResponse(description="`owns_courses`: they are to be handed over first."),
        },
    )
    def delete(self, request: Request) -> Response:
        """Close the account for good. Who it was is forgotten; what was learned stays, of nobody.

        It takes the password, unless one signed in within the last ten minutes.
        """
        asked = ConfirmPasswordSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        user = cast(User, request.user)
        password = asked.validated_data.get("password")
        if password is not None:
            user = signin.confirm_password(user=user, password=password, request=request._request)
        elif not signin.is_fresh(request._request, cast(APIToken | None, request.auth)):
            raise ValidationError({"password": ["You signed in a while ago: give your password once more."]})
        accounts.close(user=user)
        logout(request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)


class WhateverIsAccepted(BaseContentNegotiation):
    """A file is what it is, whatever the browser would rather have."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class AvatarView(APIView):
    """One's own picture, 512 pixels square."""

    content_negotiation_class = WhateverIsAccepted

    @extend_schema(
        responses={(200, "image/webp"): OpenApiTypes.BINARY, 404: OpenApiResponse(description="There is none.")}
    )
    def get(self, request: Request) -> HttpResponseBase:
        avatar = cast(User, request.user).avatar
        try:
            picture = avatar.read()
        except (ValueError, FileNotFoundError):
            raise NotFound("You have no picture.") from None
        return HttpResponse(picture, content_type="image/webp", headers={"Cache-Control": "private, max-age=86400"})


class ExportView(APIView):
    """All that is held on oneself, as a zip of JSON files; docs/privacy.md says what is in each. Ten an hour."""

    content_negotiation_class = WhateverIsAccepted
    throttle_classes = (ExportThrottle,)

    @extend_schema(
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            429: OpenApiResponse(description="More than ten in an hour."),
        }
    )
    def get(self, request: Request) -> HttpResponseBase:
        archive = export.write(cast(User, request.user))
        length = os.fstat(archive.fileno()).st_size
        return StreamingHttpResponse(
            FileBody(archive, length=length),
            content_type="application/zip",
            headers={
                "Content-Length": str(length),
                "Content-Disposition": 'attachment; filename="studybeat.zip"',
                "Cache-Control": "no-store",
            },
        )
