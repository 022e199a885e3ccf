"""How much a request may carry. Django under ASGI writes all of a body to the disk before anybody looks at it."""

import json
from typing import Any

from django.conf import settings

from lms.errors import TOO_LARGE

FORM_BYTES = max(settings.UPLOAD_MAX_BYTES.values()) + settings.DATA_UPLOAD_MAX_MEMORY_SIZE
"""A form with the largest file in it, and the rest of the form."""


class BoundedBodies:
    """Answers 413 to a request whose body is too large: at once when it says so, else as soon as it is."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        is_form = headers.get(b"content-type", b"").startswith(b"multipart/form-data")
        left = FORM_BYTES if is_form else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
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
