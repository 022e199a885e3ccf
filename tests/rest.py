"""Callers of the REST API for tests: by token, by session cookie, and nobody."""

from typing import TYPE_CHECKING

from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tests.people import token_of

if TYPE_CHECKING:
    from users.models import User


def anonymous() -> APIClient:
    return APIClient()


def by_token(user: "User") -> APIClient:
    return client_with(token_of(user))


def client_with(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def by_cookie(user: "User") -> APIClient:
    """Signed in as a browser is; it is asked for the CSRF token."""
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(user)
    return client


def queries_of(client: APIClient, path: str) -> int:
    """How many queries it takes to answer this, once the caller's token has been used and the caches are warm."""
    assert client.get(path).status_code == 200
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)
