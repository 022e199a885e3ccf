"""Who is at the other end of a new websocket, and whether it may come in."""

import ipaddress
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest
from django.utils.http import is_same_domain

from users.authentication import Credential, credential_from_session, credential_from_token

USER_AGENT_LENGTH = 400


def request_of(scope: dict[str, Any]) -> ASGIRequest:
    """The upgrade request as Django reads any other: headers, cookies, host."""
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    return ASGIRequest({**scope, "type": "http", "method": "GET", "scheme": scheme}, BytesIO())


def authenticate(scope: dict[str, Any], hello_token: str | None) -> Credential | None:
    """The credential of this connection, or None. The first that is given counts: header, `hello`, cookie.

    A token that doesn't hold never falls back to the cookie. The cookie is sent along by any page that opens a socket
    to us, so it counts only with an Origin that the site allows. Touches the database.
    """
    request = request_of(scope)
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return credential_from_token(token.strip())
    if hello_token is not None:
        return credential_from_token(hello_token)
    session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if session_key and origin_is_allowed(request):
        return credential_from_session(session_key)
    return None


def origin_is_allowed(request: HttpRequest) -> bool:
    """Whether the page that asks is of this site, or of CSRF_TRUSTED_ORIGINS: Django's rule for unsafe requests."""
    origin = request.headers.get("Origin", "")
    try:
        if origin == f"{request.scheme}://{request.get_host()}":
            return True
        asking = urlsplit(origin)
    except (DisallowedHost, ValueError):
        return False
    for trusted in settings.CSRF_TRUSTED_ORIGINS:
        scheme, _, host = trusted.partition("://")
        if asking.scheme == scheme and is_same_domain(asking.netloc, host.removeprefix("*")):
            return True
    return False


def user_agent_of(request: HttpRequest) -> str:
    return request.headers.get("User-Agent", "")[:USER_AGENT_LENGTH]


def network_of(request: HttpRequest) -> str | None:
    """The client's address without the part that names a household: IPv4 to /16, IPv6 to /48."""
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return None
    bits = 16 if address.version == 4 else 48
    return str(ipaddress.ip_network((address, bits), strict=False).network_address)
