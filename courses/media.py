"""The bytes of a course's images, videos and files, and the captions of its videos.

What lies under MEDIA_ROOT has no URL of its own: these views hand it out, to those who may study the course. The
type it is served with is never guessed from the bytes: a fixed table names what a browser may show, and all else is
a download.
"""

import re
from contextlib import suppress
from datetime import datetime
from pathlib import PurePath
from typing import Any, cast
from urllib.parse import quote

from django.conf import settings
from django.db.models.fields.files import FieldFile
from django.http import HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from courses import catalogue, consumption
from courses.errors import NotEnrolled, NotFound, OtherVersion
from courses.models import CompletionMethod
from users.errors import DomainError
from users.models import User
from users.streaming import FileBody

INLINE_TYPES = {
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".ogv": "video/ogg",
    ".webm": "video/webm",
    ".pdf": "application/pdf",
}
"""What a browser may show in place: nothing that can carry a script of ours."""

DOWNLOAD_TYPES = {".svg": "image/svg+xml", ".vtt": "text/vtt; charset=utf-8", ".zip": "application/zip"}
"""Shown by the element they are for (an SVG by an <img>, which runs no script of it), and else downloaded."""

OTHER_VERSION = OpenApiResponse(description="Not the version that `If-Match` or `If-Unmodified-Since` asks for.")

Range = tuple[int, int]
"""The first and the last byte of a range, both included."""


class RangeNotSatisfiable(DomainError):
    """The range begins beyond the end of the file."""

    code = "range_not_satisfiable"
    status = 416
    default_message = "The file has no such range."


class ServeAnyType(BaseContentNegotiation):
    """A file is what it is, whatever the browser would rather have."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


def content_type(name: str) -> tuple[str, bool]:
    """The Content-Type to serve a file of this name with, and whether a browser may show it in place."""
    suffix = PurePath(name).suffix.lower()
    if suffix in INLINE_TYPES:
        return INLINE_TYPES[suffix], True
    return DOWNLOAD_TYPES.get(suffix, "application/octet-stream"), False


def requested_range(header: str, size: int) -> Range | None:
    """The single range that a `Range` header asks for; None where all of the file is the answer.

    That is so for several ranges, other units and what can't be read (RFC 9110, 14.2).
    Raises RangeNotSatisfiable.
    """
    asked = re.fullmatch(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", header.strip(), re.IGNORECASE)
    first, last = asked.groups() if asked else ("", "")
    if not (first or last):
        return None
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if first and last else size - 1
    if start >= size:
        raise RangeNotSatisfiable
    return start, end


class ItemFileView(APIView):
    """The file of an image, video or file item, for who may study its course; anybody else gets 404.

    Answers HEAD, single ranges, `If-None-Match`, `If-Modified-Since` and `If-Range`.
    """

    content_negotiation_class = ServeAnyType
    attribute = "file"

    @extend_schema(
        parameters=[OpenApiParameter("Range", str, "header", description="One range of bytes.")],
        responses={
            (200, "*/*"): OpenApiTypes.BINARY,
            (206, "*/*"): OpenApiTypes.BINARY,
            304: None,
            404: OpenApiResponse(description="No such file, or not yours to see."),
            412: OTHER_VERSION,
            416: OpenApiResponse(description="The file has no such range."),
        },
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        user = cast(User, request.user)
        place = get_object_or_404(catalogue.studyable_items(user).select_related("content", "content_type"), pk=pk)
        file: FieldFile | None = getattr(place.item, self.attribute, None)
        if not file:
            raise NotFound("This item has no such file.")
        try:
            size, modified = file.size, file.storage.get_modified_time(str(file.name))
        except FileNotFoundError:
            raise NotFound("The file of this item is missing.") from None
        counts = place.kind == "file" and place.content.completion_method == CompletionMethod.AUTO
        if counts and request.method == "GET":
            with suppress(NotEnrolled, NotFound):  # its owner, or staff
                consumption.open_file(student_id=user.pk, item_id=pk)
        return _respond(request, file=file, size=size, modified=modified)


class ItemCaptionsView(ItemFileView):
    """The captions of a video as WebVTT, for a `<track>`; for who may study its course, else 404."""

    attribute = "captions"


def _respond(request: Request, *, file: FieldFile, size: int, modified: datetime) -> HttpResponseBase:
    name = PurePath(str(file.name)).name
    etag = f'"{int(modified.timestamp() * 1_000_000):x}-{size:x}"'
    last_modified = int(modified.timestamp())
    kind, inline = content_type(name)
    headers = {
        "Content-Type": kind,
        "Content-Disposition": content_disposition_header(not inline, name),
        "X-Content-Type-Options": "nosniff",
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Last-Modified": http_date(last_modified),
        # Asked for again each time, which costs a 304: access may have ended since.
        "Cache-Control": "private, no-cache",
    }
    if not inline:
        headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    if settings.MEDIA_ACCEL:
        # nginx answers ranges and conditions itself, from the file and with an ETag of its own.
        del headers["ETag"], headers["Last-Modified"]
        return HttpResponse(headers={**headers, "X-Accel-Redirect": settings.MEDIA_ACCEL + quote(str(file.name))})
    whole = HttpResponse(headers={**headers, "Content-Length": str(size)})
    answer = get_conditional_response(request._request, etag, last_modified, whole) or whole
    if answer.status_code == OtherVersion.status:
        raise OtherVersion
    if answer is not whole or request.method == "HEAD":
        return answer
    try:
        part = requested_range(_range_header(request, etag=etag, last_modified=last_modified), size)
    except RangeNotSatisfiable as error:
        return JsonResponse(
            {"code": error.code, "detail": error.message},
            status=error.status,
            headers={"Content-Range": f"bytes */{size}"},
        )
    start, end = part or (0, size - 1)
    length = end - start + 1
    response = StreamingHttpResponse(
        FileBody(file.storage.open(str(file.name)), start=start, length=length),
        status=206 if part else 200,
        headers={**headers, "Content-Length": str(length)},
    )
    if part:
        response.headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    return response


def _range_header(request: Request, *, etag: str, last_modified: int) -> str:
    """The `Range` header, unless an `If-Range` says that it was meant for another version of the file."""
    validator = request.headers.get("If-Range")
    if validator is not None and validator not in (etag, http_date(last_modified)):
        return ""
    return request.headers.get("Range", "")
