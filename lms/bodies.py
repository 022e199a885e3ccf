"""How much a request may carry. Django under ASGI writes all of a body to the disk before anybody looks at it."""

import json
import re
from typing import Any, Final

from django.conf import settings

from lms.errors import TOO_LARGE
from users.avatars import MAX_BYTES as PICTURE_BYTES

ORDINARY_BYTES: Final[int] = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
"""All but files; a form that brings one has this for the rest of it."""

FORMS: Final = (
    (
        re.compile(r"/api/v1/contents/[^/]+/items/|/api/v1/items/[^/]+/|/admin/courses/.+"),
        max(settings.UPLOAD_MAX_BYTES.values()) + ORDINARY_BYTES,
    ),
    (
        re.compile(r"/api/v1/me/|/api/v1/courses/[^/]+/enrollments/import/|/admin/users/.+"),
        PICTURE_BYTES + ORDINARY_BYTES,
    ),
)
"""Where forms bring files, and how much they may carry: the largest upload into a course; a picture, or a list."""


def most_bytes(path: str, *, is_form: bool) -> int:
    """How much a request to this path may carry."""
    fitting = (most for paths, most in FORMS if is_form and paths.fullmatch(path))
    return next(fitting, ORDINARY_BYTES)


class BoundedBodies:
    """Answers 413 to a request whose body is too large: at once when it says so, else as soon as it is."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        is_form = headers.get(b"content-type", b"").startswith(b"multipart/form-data")
        left = most_bytes(scope["path"], is_form=is_form)
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > left:
            await _refuse(send)
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
            await _refuse(send)


async def _refuse(send: Any) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(TOO_LARGE).encode()})
