"""How much a request may carry. Django under ASGI writes all of a body to the disk before anybody looks at it.

So who may bring a file is looked up here, before the first byte of one; the views judge again.
"""

import json
import re
from typing import Any, Final, NamedTuple

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.conf import settings
from django.db import InterfaceError, OperationalError, connections
from django.http import parse_cookie

from courses import authoring
from lms.errors import NOT_AUTHENTICATED, RETRY_AFTER, TOO_LARGE, UNAVAILABLE
from lms.postgresql.base import DatabaseWrapper
from users.authentication import credential_from_session, credential_from_token
from users.avatars import MAX_BYTES as PICTURE_BYTES
from users.models import User

ORDINARY_BYTES: Final[int] = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
"""All but files; a form that brings one has this for the rest of it."""


class Form(NamedTuple):
    """Where forms bring files, how much they may carry, and whether only for those who write courses."""

    paths: re.Pattern[str]
    most: int
    for_authors: bool


FORMS: Final = (
    Form(
        re.compile(r"/api/v1/contents/[^/]+/items/|/api/v1/items/[^/]+/|/admin/courses/.+"),
        max(settings.UPLOAD_MAX_BYTES.values()) + ORDINARY_BYTES,
        for_authors=True,
    ),
    Form(
        re.compile(r"/api/v1/me/|/api/v1/courses/[^/]+/enrollments/import/|/admin/users/.+"),
        PICTURE_BYTES + ORDINARY_BYTES,
        for_authors=False,
    ),
)
"""The largest upload into a course; a picture, or a list."""

Refusal = tuple[int, dict[str, str]]


def bounds(headers: dict[bytes, bytes], form: Form) -> tuple[int, Refusal]:
    """How much whoever asks may send in this form, and what more than that is answered. Touches the database."""
    mine = connections["default"]  # this thread's, which is this request's
    assert isinstance(mine, DatabaseWrapper)
    mine.takes_turns = True
    try:
        kind, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        cookies = parse_cookie(headers.get(b"cookie", b"").decode("latin-1"))
        if kind.lower() == "bearer":
            credential = credential_from_token(token.strip())
        else:
            credential = credential_from_session(cookies.get(settings.SESSION_COOKIE_NAME, ""))
        if credential is None:
            return ORDINARY_BYTES, (401, NOT_AUTHENTICATED)
        user = User.objects.get(pk=credential.user_id)
        may = not form.for_authors or authoring.authored_courses(user).exists()
        return form.most if may else ORDINARY_BYTES, (413, TOO_LARGE)
    except (OperationalError, InterfaceError):
        return ORDINARY_BYTES, (503, UNAVAILABLE)
    finally:
        mine.close()


class BoundedBodies:
    """Refuses a request whose body is too large: at once when it says so, else as soon as it is."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        is_form = headers.get(b"content-type", b"").startswith(b"multipart/form-data")
        left, refusal = ORDINARY_BYTES, (413, TOO_LARGE)
        form = next((form for form in FORMS if is_form and form.paths.fullmatch(scope["path"])), None)
        if form is not None:
            async with ThreadSensitiveContext():
                left, refusal = await sync_to_async(bounds)(headers, form)
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > left:
            await _refuse(send, *refusal)
            return
        is_over = False

        async def bounded() -> dict[str, Any]:
            nonlocal left, is_over
            message: dict[str, Any] = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                is_over = True
                return {"type": "http.disconnect"}  # Django drops what it has, and answers nothing
            return message

        await self._app(scope, bounded, send)
        if is_over:
            await _refuse(send, *refusal)


async def _refuse(send: Any, status: int, body: dict[str, str]) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    if body is UNAVAILABLE:
        headers.append((b"retry-after", RETRY_AFTER.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
