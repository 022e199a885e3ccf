"""Every error of the API has one shape."""

from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from django.test import Client
from rest_framework import exceptions
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from courses.errors import RateLimited
from lms import errors
from tests.rest import by_token
from users.errors import DomainError

if TYPE_CHECKING:
    from courses.models import Content
    from users.models import User


class CourseIsFull(DomainError):
    code = "course_full"
    status = 409


def answer_to(error: Exception) -> Any:
    class View(APIView):
        authentication_classes = ()
        permission_classes = ()
        throttle_classes = ()

        def get(self, request: Any) -> Any:
            raise error

    response = View.as_view()(APIRequestFactory().get("/api/v1/x/"))
    response.render()
    return response


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (
            CourseIsFull("No seat is free.", extra={"waitlist": True}),
            409,
            {"code": "course_full", "detail": "No seat is free.", "waitlist": True},
        ),
        (
            exceptions.ValidationError({"name": ["This field is required."]}),
            400,
            {
                "code": "invalid",
                "detail": "name: This field is required.",
                "fields": {"name": ["This field is required."]},
            },
        ),
        (
            exceptions.ValidationError("That cannot be."),
            400,
            {"code": "invalid", "detail": "That cannot be.", "fields": {"non_field_errors": ["That cannot be."]}},
        ),
        (exceptions.NotAuthenticated("Who are you?"), 403, {"code": "not_authenticated", "detail": "Who are you?"}),
        (exceptions.PermissionDenied("Not yours."), 403, {"code": "forbidden", "detail": "Not yours."}),
        (exceptions.NotFound(), 404, errors.NOT_FOUND),
        (Http404(), 404, errors.NOT_FOUND),
        (exceptions.ParseError("JSON parse error"), 400, {"code": "bad_json", "detail": "JSON parse error"}),
        (OperationalError("secret"), 503, errors.UNAVAILABLE),
        (RuntimeError("secret"), 500, errors.SERVER_ERROR),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_shape(error: Exception, status: int, body: dict[str, Any]) -> None:
    response = answer_to(error)
    assert (response.status_code, response.data) == (status, body)


def test_permission_denied_by_django() -> None:
    response = answer_to(PermissionDenied())
    assert (response.status_code, response.data["code"]) == (403, "forbidden")


def test_throttled_says_when() -> None:
    response = answer_to(exceptions.Throttled(wait=7))
    assert (response.status_code, response.data["code"], response["Retry-After"]) == (429, "rate_limited", "7")


def test_an_error_that_ends_by_itself_says_when() -> None:
    response = answer_to(RateLimited(retry_after_ms=2_001))
    assert (response.status_code, response.data["retry_after_ms"], response["Retry-After"]) == (429, 2_001, "3")


def test_the_first_message_of_many() -> None:
    nested = [{}, {"samples": [{"at": ["Ensure this value is greater than or equal to 0."]}]}]
    assert errors.first_sentence(nested) == "at: Ensure this value is greater than or equal to 0."


class TestAddresses:
    def test_nothing_there(self, client: Client) -> None:
        response = client.get("/api/v1/nothing/")
        assert (response.status_code, response.json()) == (404, errors.NOT_FOUND)

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    @pytest.mark.parametrize("path", ["/api/v1/nothing/", "/api/v1/login", "/api/nothing", "/api/v1/%0A/"])
    def test_nothing_there_for_any_method(self, method: str, path: str) -> None:
        response = Client(enforce_csrf_checks=True).generic(method, path)
        assert (response.status_code, response.json()) == (404, errors.NOT_FOUND)

    @pytest.mark.parametrize("debug", [False, True])
    @pytest.mark.parametrize("path", ["/api/v1/courses/", "/healthz", "/courses/intro", "/static/none.js"])
    def test_another_host(self, client: Client, settings: Any, path: str, debug: bool) -> None:
        settings.DEBUG = debug
        response = client.get(path, headers={"Host": "elsewhere.example"})
        assert (response.status_code, response.json()) == (400, errors.BAD_REQUEST)

    def test_not_signed_in(self, client: Client) -> None:
        response = client.get("/api/v1/me/")
        assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
        assert response["WWW-Authenticate"].startswith("Bearer")

    @pytest.mark.django_db
    def test_not_json(self, client: Client) -> None:
        response = client.post("/api/v1/tokens/", data="{", content_type="application/json")
        assert (response.status_code, response.json()["code"]) == (400, "bad_json")

    @pytest.mark.django_db
    def test_another_type(self, client: Client) -> None:
        response = client.post("/api/v1/tokens/", data="<a/>", content_type="text/xml")
        assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")

    @pytest.mark.django_db
    @pytest.mark.parametrize("path", ["me/", "login/", "contents/1/items/", "courses/intro/enrollments/import/"])
    def test_json_without_end(self, ines: Any, intro: Any, path: str) -> None:
        method = "PATCH" if path == "me/" else "POST"
        path = path.replace("1", str(intro.modules.all()[0].contents.all()[0].pk))
        response = by_token(ines).generic(method, f"/api/v1/{path}", "[" * 100_000, "application/json")
        assert (response.status_code, response.json()["code"]) == (400, "bad_json")

    @pytest.mark.django_db
    def test_another_method(self, client: Client) -> None:
        response = client.put("/api/v1/login/")
        assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")

    @pytest.mark.parametrize("path", ["/", "/courses/intro", "/courses/intro/contents/3", "/apiary", "/nothing"])
    def test_the_app_everywhere_else(self, client: Client, path: str) -> None:
        response = client.get(path)
        assert response.status_code == 200
        assert response["Content-Security-Policy"].startswith("default-src 'self'")
        assert response.cookies["csrftoken"]
        assert response["Cache-Control"] == "no-cache"

    def test_the_admin_is_found_without_its_slash(self, client: Client) -> None:
        assert client.get("/admin")["Location"] == "/admin/"

    @pytest.mark.parametrize("debug", [False, True])
    @pytest.mark.parametrize(
        "path",
        [
            *("/api", "/api/", "/api/v2/courses/", "/ws", "/ws/", "/ws/more"),
            *("/assets/none.js", "/assets", "/static/", "/static/none.js", "/static/none"),
            *("/healthz/", "/healthz/more", "/readyz/", "/metrics/", "/metrics/more"),
            *("/robots.txt", "/.env", "/.git/config", "/.well-known/security.txt", "/wp-login.php"),
        ],
    )
    def test_no_page_of_the_app_for_what_is_none_of_its_own(
        self, client: Client, settings: Any, path: str, debug: bool
    ) -> None:
        settings.DEBUG = debug
        response = client.get(path)
        assert (response.status_code, response.json()) == (404, errors.NOT_FOUND)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/login/"),
        ("POST", "/api/v1/tokens/"),
        ("PATCH", "/api/v1/me/"),
        ("POST", "/api/v1/notifications/seen/"),
        ("POST", "/api/v1/courses/intro/enrollments/import/"),
        ("POST", "/api/v1/contents/{content}/items/"),
    ],
)
@pytest.mark.django_db
def test_json_nested_too_deep_is_bad_json(method: str, path: str, content: "Content", ines: "User") -> None:
    path = path.format(content=content.pk)
    answer = by_token(ines).generic(method, path, "[" * 100_000, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("PATCH", "/api/v1/me/", "timezone"),
        ("POST", "/api/v1/courses/", "enrollment_type"),
        ("POST", "/api/v1/courses/", "subject"),
        ("POST", "/api/v1/password/reset/", "email"),
    ],
)
@pytest.mark.django_db
def test_half_a_character_is_bad_json(method: str, path: str, field: str, ines: "User") -> None:
    """A message that says what is wrong says it again, and could not be sent."""
    answer = by_token(ines).generic(method, path, rf'{{"{field}": "\ud800"}}', content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")


@pytest.mark.django_db
def test_a_character_of_two_halves_is_one(ines: "User") -> None:
    answer = by_token(ines).generic("PATCH", "/api/v1/me/", r'{"bio": "\ud83d\ude00"}', content_type="application/json")
    assert (answer.status_code, answer.json()["bio"]) == (200, "\N{GRINNING FACE}")


@pytest.mark.parametrize("path", ["subjects/", "me/", "schema/"])
def test_format_is_a_parameter_of_nothing(ana: "User", path: str) -> None:
    answers = [by_token(ana).get(f"/api/v1/{path}{query}") for query in ("", "?format=xml")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
