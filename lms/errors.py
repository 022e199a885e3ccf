"""The one place that turns errors into REST answers: `{"code", "detail", "fields"?}` and what the error adds."""

import logging
from math import ceil
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler
from rest_framework.views import set_rollback

from users.errors import DomainError

logger = logging.getLogger(__name__)

NOT_FOUND = {"code": "not_found", "detail": "There is nothing here, or it is not yours."}
BAD_REQUEST = {"code": "bad_request", "detail": "This request can't be answered here: look at its Host and its size."}
SERVER_ERROR = {"code": "server_error", "detail": "Something went wrong on our side. It has been noted."}

NOT_AUTHENTICATED = {"code": "not_authenticated", "detail": "Sign in first."}
TOO_LARGE = {"code": "too_large", "detail": "This is more than a request may carry."}
UNAVAILABLE = {"code": "unavailable", "detail": "Too much to do, or the database does not answer. Try again shortly."}
RETRY_AFTER = "2"
"""Seconds, beside UNAVAILABLE."""

# The framework's names for its errors, in ours.
CODES: dict[type[Exception], str] = {
    exceptions.ParseError: "bad_json",
    exceptions.NotAuthenticated: "not_authenticated",
    exceptions.AuthenticationFailed: "not_authenticated",
    exceptions.PermissionDenied: "forbidden",
    exceptions.NotFound: "not_found",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.NotAcceptable: "not_acceptable",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.Throttled: "rate_limited",
}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Called by the REST framework for whatever a view raises."""
    if isinstance(error, DomainError):
        set_rollback()
        body_of_it = {**error.extra, "code": error.code, "detail": error.message}
        retry_after_ms = error.extra.get("retry_after_ms")
        headers = {"Retry-After": str(ceil(retry_after_ms / 1000))} if retry_after_ms else None
        return Response(body_of_it, status=error.status, headers=headers)
    if isinstance(error, Http404):
        set_rollback()
        return Response(NOT_FOUND, status=404)
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, SuspiciousOperation):
        set_rollback()
        is_too_large = isinstance(error, RequestDataTooBig)
        return Response(TOO_LARGE if is_too_large else BAD_REQUEST, status=413 if is_too_large else 400)
    if isinstance(error, OperationalError | InterfaceError):
        logger.error("%s: %s", context["request"].path, error)
        return Response(UNAVAILABLE, status=503, headers={"Retry-After": RETRY_AFTER})
    response = drf_exception_handler(error, context)
    if response is None:
        set_rollback()
        logger.exception("%s %s failed", context["request"].method, context["request"].path, exc_info=error)
        return Response(SERVER_ERROR, status=500)
    response.data = body(error)
    return response


def body(error: Exception) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        detail = error.detail
        fields = detail if isinstance(detail, dict) else {"non_field_errors": detail}
        return {"code": "invalid", "detail": first_sentence(detail), "fields": fields}
    if isinstance(error, exceptions.NotFound):
        return NOT_FOUND
    assert isinstance(error, exceptions.APIException)
    return {"code": CODES.get(type(error), error.default_code), "detail": str(error.detail)}


def first_sentence(detail: Any, name: str = "") -> str:
    """The first message of a tree of messages, with the field it is about; entries of a list are counted from 1."""
    while isinstance(detail, dict | list) and detail:
        if isinstance(detail, dict):
            key, detail = next(iter(detail.items()))
            if isinstance(key, int):
                name = f"{name}, entry {key + 1}"
            elif key != "non_field_errors":
                name = str(key)
        else:
            detail = next((item for item in detail if item), "")
    return f"{name}: {detail}" if name else str(detail)


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


@csrf_exempt  # there is nothing to protect, and the answer is the same for every method
def no_such_address(request: HttpRequest) -> HttpResponse:
    return JsonResponse(NOT_FOUND, status=404)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return no_such_address(request) if is_api(request) else defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """For what is refused before any view: a Host that is not ours, a form too large."""
    return JsonResponse(BAD_REQUEST, status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """The last resort, for what happens outside the REST views."""
    return JsonResponse(SERVER_ERROR, status=500) if is_api(request) else defaults.server_error(request)
