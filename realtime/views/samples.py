"""The HTTP way in: samples from a page's last moments, and from networks that block websockets.

The same timekeeper and the same guarded write as a connection's, in a transaction of the request. It leaves `epoch`
alone: whoever holds the session keeps it, and counts on from what is then durable.
"""

import logging
from typing import Final, cast
from uuid import UUID

import msgspec
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError, connection, transaction
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from courses import ledger, sessions
from courses.errors import Gap, KeyInUse, NotFound
from courses.events import LearningChanged, SessionsChanged
from courses.examples import answered, sent
from courses.sessions import DurableSession
from realtime import codec, protocol, timekeeper
from realtime.handshake import origin_is_allowed, user_agent_of
from realtime.held import Frame, Held
from realtime.openapi import POST_ERRORS
from realtime.recorder import counted
from realtime.writer import WRITE, parameters
from users.addresses import network_of
from users.authentication import BearerAuthentication
from users.errors import DomainError
from users.events import announce
from users.models import User

POSTED: Final = {
    "open": {"course": "intro-to-live-learning", "content": 12, "device_type": "mobile"},
    "samples": [
        {"seq": 1, "at": 0, "state": "engaged", "interactions": 0},
        {"seq": 2, "at": 10_000, "state": "focus", "interactions": 4},
    ],
    "close": True,
}
TAKEN: Final = {
    "session": 901,
    "seq": 2,
    "duration_ms": 10_000,
    "focus_ms": 10_000,
    "engaged_ms": 10_000,
    "idle_ms": 0,
    "unknown_ms": 0,
    "interactions": 4,
    "now_ms": 10_000,
}
"""Examples for the OpenAPI schema."""

log = logging.getLogger(__name__)


class BadPost(DomainError):
    """What was posted can't be read; `message` names the field."""

    def __init__(self, error: codec.BadFrame) -> None:
        super().__init__(error.message)
        self.code = error.code  # type: ignore[misc]  # one of two


class TooLarge(DomainError):
    code = "too_large"
    status = 413
    default_message = f"A post holds at most {protocol.FRAME_BYTES} bytes. Send the samples in several."


class CookieByOrigin(BaseAuthentication):
    """The session cookie, with an Origin that the site allows instead of the CSRF token: a beacon can set no header."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        user = request._request.user
        if not user.is_authenticated:
            return None
        if not origin_is_allowed(request._request):
            raise PermissionDenied("The session cookie counts here only from a page of this site.")
        return user, None


class CookieByOriginScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`CookieByOrigin` in the OpenAPI schema."""

    target_class = CookieByOrigin
    name = "cookieByOrigin"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


class SamplesView(APIView):
    """Samples of the session that the caller names by its key, durable when this answers."""

    authentication_classes = (BearerAuthentication, CookieByOrigin)
    parser_classes = ()

    @extend_schema(
        parameters=[OpenApiParameter("key", OpenApiTypes.UUID, OpenApiParameter.PATH)],
        request={"application/json": protocol.Posted},
        responses={200: protocol.PostAnswer, **POST_ERRORS},
        examples=[*sent(POSTED), *answered(TAKEN)],
    )
    def post(self, request: Request, key: str) -> Response:
        try:
            body = request._request.body
        except RequestDataTooBig:
            raise TooLarge from None
        if len(body) > protocol.FRAME_BYTES:
            raise TooLarge
        try:
            named, posted = codec.decode_key(key), codec.decode_posted(body)
        except codec.BadFrame as error:
            raise BadPost(error) from None
        with transaction.atomic():
            row = self._row(request, named, posted.open)
            held = Held(row, holder=None)
            try:
                held.apply(Frame(posted.samples, row.elapsed_ms, None, posted.close))
            except timekeeper.Gap as gap:
                raise Gap(expect=gap.expect) from None
            written = held.row()
            with connection.cursor() as cursor:
                cursor.execute(WRITE, parameters([written]))
                assert cursor.rowcount == 1, "the row is locked by this transaction"
            announce(LearningChanged((row.enrollment_id,)))
            if posted.close:
                announce(SessionsChanged((row.id,)))
            if posted.close or held.is_due_to_settle():
                transaction.on_commit(lambda: _settle(row.id))
        answer = protocol.PostAnswer(**counted(written), now_ms=row.elapsed_ms)
        return Response(msgspec.structs.asdict(answer))

    def _row(self, request: Request, key: UUID, opening: protocol.PostedOpen | None) -> DurableSession:
        """The session to write, locked; made if there is none yet and the post says of what."""
        user = cast(User, request.user)
        row = sessions.lock(user_id=user.pk, key=key)
        if row is not None:
            if opening is not None and not sessions.is_of(row, course=opening.course, content=opening.content):
                raise KeyInUse
            return row
        if opening is None:
            raise NotFound("You have no session under this key. To begin one, add `open`.")
        return sessions.open_session(
            user_id=user.pk,
            key=key,
            course=opening.course,
            content=opening.content,
            device_type=opening.device_type or "unknown",
            user_agent=user_agent_of(request._request),
            ip_address=network_of(request._request),
        )


def _settle(session_id: int) -> None:
    """After the commit: the samples are durable, whatever comes of this."""
    try:
        ledger.settle([session_id])
    except (OperationalError, InterfaceError) as error:
        log.error("Could not settle session %s: %s. The sweep does it.", session_id, error)
