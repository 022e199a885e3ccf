"""Who may do what: every route of the API, every method, every role, on one page.

`ines` owns the course and all that is in it; `ana` learns there, and the session, enrolment and token are hers;
somebody else waits for a seat. A row is a method and a route, then what each role is answered. A route without a row
fails, and so does a row without one.
"""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver

from courses.models import Certificate, ContentItem, Course, CourseEnrollment, CourseWaitlist, LearningSession, Video
from tests.people import enroll, make_course, make_user
from tests.rest import anonymous, by_token
from users.models import APIToken, User

ROLES = ("nobody", "learner", "other", "owner", "rival", "staff")
"""Nobody; ana; a student who is in no course; ines; another instructor; staff."""

TABLE = """
                                            nobody learner other owner rival staff
GET    subjects/                            200    200     200   200   200   200
GET    courses/                             200    200     200   200   200   200
POST   courses/                             401    403     403   201   201   201
GET    courses/{slug}/                      200    200     200   200   200   200
PATCH  courses/{slug}/                      401    404     404   200   404   200
DELETE courses/{slug}/                      401    404     404   409   404   409
GET    courses/{slug}/outline/              401    200     403   200   403   200
POST   courses/{slug}/publish/              401    404     404   200   404   200
POST   courses/{slug}/archive/              401    404     404   200   404   200
GET    courses/{slug}/modules/              401    404     404   200   404   200
POST   courses/{slug}/modules/              401    404     404   201   404   201
PUT    courses/{slug}/modules/order/        401    404     404   204   404   204
GET    modules/{pk}/                        401    404     404   200   404   200
PATCH  modules/{pk}/                        401    404     404   200   404   200
DELETE modules/{pk}/                        401    404     404   204   404   204
GET    modules/{pk}/contents/               401    404     404   200   404   200
POST   modules/{pk}/contents/               401    404     404   201   404   201
PUT    modules/{pk}/contents/order/         401    404     404   204   404   204
GET    contents/{pk}/                       401    404     404   200   404   200
PATCH  contents/{pk}/                       401    404     404   200   404   200
POST   contents/{pk}/complete/              401    200     403   403   403   403
DELETE contents/{pk}/                       401    404     404   204   404   204
GET    contents/{pk}/items/                 401    404     404   200   404   200
POST   contents/{pk}/items/                 401    404     404   201   404   201
PUT    contents/{pk}/items/order/           401    404     404   204   404   204
GET    items/{pk}/                          401    404     404   200   404   200
PATCH  items/{pk}/                          401    404     404   200   404   200
DELETE items/{pk}/                          401    404     404   204   404   204
GET    items/{pk}/file/                     401    200     404   200   404   200
GET    items/{pk}/captions/                 401    200     404   200   404   200
POST   courses/{slug}/enroll/               401    409     409   403   409   409
POST   courses/{slug}/withdraw/             401    200     404   404   404   404
GET    courses/{slug}/waitlist/             401    404     404   200   404   200
POST   courses/{slug}/waitlist/             401    409     200   403   200   200
DELETE courses/{slug}/waitlist/             401    409     409   409   409   409
POST   courses/{slug}/waitlist/accept/      401    409     409   409   409   409
POST   courses/{slug}/waitlist/decline/     401    409     409   409   409   409
PATCH  courses/{slug}/waitlist/{pk}/        401    404     404   200   404   200
GET    courses/{slug}/enrollments/          401    404     404   200   404   200
POST   courses/{slug}/enrollments/import/   401    404     404   200   404   200
GET    enrollments/                         401    200     200   200   200   200
POST   enrollments/{pk}/approve/            401    403     404   409   404   409
POST   enrollments/{pk}/reject/             401    403     404   409   404   409
POST   enrollments/{pk}/pause/              401    403     404   200   404   200
POST   enrollments/{pk}/resume/             401    403     404   409   404   409
POST   enrollments/{pk}/withdraw/           401    200     404   200   404   200
GET    enrollments/{pk}/progress/           401    200     404   200   404   200
GET    enrollments/{pk}/engagement/         401    200     404   200   404   200
GET    analytics/                           401    200     200   200   200   200
GET    courses/{slug}/analytics/            401    404     404   200   404   200
GET    courses/{slug}/analytics/{table}.csv 401    404     404   200   404   200
GET    courses/{slug}/calls/                401    404     404   200   404   200
GET    certificates/{code}/                 200    200     200   200   200   200
POST   certificates/{code}/revoke/          401    403     403   200   403   200
GET    me/days/                             401    200     200   200   200   200
GET    progress/                            401    200     200   200   200   200
GET    sessions/                            401    200     200   200   200   200
GET    sessions/{pk}/                       401    200     404   200   404   200
POST   sessions/{key}/samples/              401    200     404   404   404   404
POST   login/                               401    401     401   401   401   401
POST   logout/                              401    204     204   204   204   204
POST   register/                            201    201     201   201   201   201
POST   verify-email/                        400    400     400   400   400   400
POST   verify-email/resend/                 401    204     204   204   204   204
POST   password/change/                     401    403     403   403   403   403
POST   password/reset/                      204    204     204   204   204   204
POST   password/reset/confirm/              400    400     400   400   400   400
GET    me/                                  401    200     200   200   200   200
PATCH  me/                                  401    200     200   200   200   200
DELETE me/                                  401    403     403   403   403   403
GET    me/avatar/                           401    404     404   404   404   404
GET    me/export/                           401    200     200   200   200   200
GET    notifications/                       401    200     200   200   200   200
POST   notifications/seen/                  401    200     200   200   200   200
GET    tokens/                              401    200     200   200   200   200
POST   tokens/                              401    401     401   401   401   401
DELETE tokens/{pk}/                         401    204     404   404   404   404
GET    schema/                              200    200     200   200   200   200
GET    docs/                                200    200     200   200   200   200
"""

DRAFT = """
                                            nobody learner other owner rival staff
GET    courses/{slug}/                      404    404     404   200   404   200
PATCH  courses/{slug}/                      401    404     404   200   404   200
GET    courses/{slug}/outline/              401    404     404   200   404   200
POST   contents/{pk}/complete/              401    404     404   404   404   404
POST   courses/{slug}/publish/              401    404     404   200   404   200
GET    courses/{slug}/modules/              401    404     404   200   404   200
GET    items/{pk}/                          401    404     404   200   404   200
GET    items/{pk}/file/                     401    404     404   200   404   200
GET    items/{pk}/captions/                 401    404     404   200   404   200
"""
"""The same course, not published yet: it is not there but for its owner and staff."""

BODIES: dict[str, Any] = {
    "POST courses/": {"title": "New", "slug": "new", "subject": "learning", "overview": "New."},
    "POST courses/{slug}/modules/": {"title": "New"},
    "PUT courses/{slug}/modules/order/": lambda world: {"ids": world["module_ids"]},
    "POST modules/{pk}/contents/": {"title": "New"},
    "PUT modules/{pk}/contents/order/": lambda world: {"ids": world["content_ids"]},
    "PATCH contents/{pk}/": lambda world: {"module": world["module_ids"][-1]},
    "POST contents/{pk}/items/": {"kind": "text", "title": "New", "body": "New."},
    "PUT contents/{pk}/items/order/": lambda world: {"ids": world["item_ids"]},
    "PATCH courses/{slug}/waitlist/{pk}/": {"priority": 0, "reason": "Waited last year."},
    "POST courses/{slug}/enrollments/import/": {"learners": ["waiting"]},
    "POST enrollments/{pk}/reject/": {"reason": "Full."},
    "POST register/": {"username": "new", "email": "new@example.org", "password": "a long one, of words"},
    "POST verify-email/": {"token": "1.wrong"},
    "POST password/change/": {"password": "wrong", "new_password": "a long one, of words"},
    "POST password/reset/": {"email": "nobody@example.org"},
    "POST password/reset/confirm/": {"token": "1.wrong", "password": "a long one, of words"},
    "DELETE me/": {"password": "wrong"},
    "POST notifications/seen/": {"number": 0},
    "POST sessions/{key}/samples/": {"samples": [], "close": False},
    "POST login/": {"username": "ana", "password": "wrong"},
    "POST tokens/": {"username": "ana", "password": "wrong", "name": "Phone"},
}
"""What is sent; nothing, or an empty change, where nothing is said."""

Row = tuple[str, str, dict[str, int]]


def rows(table: str) -> list[Row]:
    """(method, route, the status for each role)."""
    lines = [line.split() for line in table.strip().splitlines()]
    assert tuple(lines[0]) == ROLES
    return [
        (method, route, dict(zip(ROLES, map(int, statuses), strict=True))) for method, route, *statuses in lines[1:]
    ]


def routes() -> Iterator[tuple[str, str]]:
    """Every method of every route below `/api/v1/`, as the table names them."""
    patterns = get_resolver().url_patterns
    (api,) = [one for one in patterns if isinstance(one, URLResolver) and str(one.pattern) == "api/v1/"]

    def walk(patterns: list[Any], prefix: str) -> Iterator[tuple[str, Any]]:
        for one in patterns:
            route = prefix + str(one.pattern)
            if isinstance(one, URLPattern):
                yield route, one.callback
            else:
                yield from walk(one.url_patterns, route)

    for route, callback in walk(api.url_patterns, ""):
        for converter in ("slug", "int", "uuid", "str"):
            route = route.replace(f"<{converter}:", "{").replace(">", "}")
        for method in ("get", "post", "put", "patch", "delete"):
            if hasattr(callback.view_class, method) and method in callback.view_class.http_method_names:
                yield method.upper(), route


@pytest.fixture
def world(settings, tmp_path, ines: User, ana: User) -> dict[str, Any]:
    """The parameters of every route, by the route's first part, and what the bodies need."""
    settings.MEDIA_ROOT = tmp_path
    course = make_course(ines, "intro")
    enrollment = enroll(ana, course)
    module = course.modules.all()[0]
    content = module.contents.all()[0]
    film = Video.objects.create(
        owner=ines, title="Film", file=ContentFile(b"film", "film.mp4"), captions=ContentFile(b"WEBVTT", "film.vtt")
    )
    place = ContentItem.objects.create(content=content, item=film)
    session = LearningSession.objects.create(user=ana, enrollment=enrollment, key=uuid4())
    waiting = CourseWaitlist.objects.create(course=course, student=make_user("waiting"))
    return {
        "slug": course.slug,
        "courses": waiting.pk,
        "key": session.key,
        "table": "inactive",
        "code": Certificate.objects.create(enrollment=enrollment, code="a-code").code,
        "modules": module.pk,
        "contents": content.pk,
        "items": place.pk,
        "sessions": session.pk,
        "enrollments": enrollment.pk,
        "tokens": APIToken.objects.create(user=ana, name="Phone", token="x" * 64).pk,
        "module_ids": list(course.modules.values_list("pk", flat=True)),
        "content_ids": list(module.contents.values_list("pk", flat=True)),
        "item_ids": list(content.items.values_list("pk", flat=True)),
    }


@pytest.fixture
def callers(ines: User, ana: User, chidi: User, admin: User) -> dict[str, Any]:
    rival = make_user("rival", role="instructor")
    users = {"learner": ana, "other": chidi, "owner": ines, "rival": rival, "staff": admin}
    return {"nobody": anonymous(), **{role: by_token(user) for role, user in users.items()}}


def answers(method: str, route: str, world: dict[str, Any], callers: dict[str, Any]) -> dict[str, int]:
    """What each role is answered, each as if it were the first to ask."""
    path = route.format(**{**world, "pk": world.get(route.partition("/")[0])})
    body = BODIES.get(f"{method} {route}", {})
    data = body(world) if callable(body) else body
    given = {}
    for role, client in callers.items():
        with transaction.atomic():
            send = getattr(client, method.lower())
            given[role] = send(f"/api/v1/{path}", **({} if method == "GET" else {"data": data})).status_code
            transaction.set_rollback(True)
    return given


@pytest.mark.parametrize(("method", "route", "expected"), rows(TABLE), ids=lambda value: str(value)[:40])
def test_a_row_holds(
    method: str, route: str, expected: dict[str, int], world: dict[str, Any], callers: dict[str, Any]
) -> None:
    assert answers(method, route, world, callers) == expected


@pytest.mark.parametrize(("method", "route", "expected"), rows(DRAFT), ids=lambda value: str(value)[:40])
def test_a_row_holds_for_a_draft(
    method: str, route: str, expected: dict[str, int], world: dict[str, Any], callers: dict[str, Any]
) -> None:
    Course.objects.update(status="draft")
    assert answers(method, route, world, callers) == expected


def test_every_route_has_its_row() -> None:
    listed = [(method, route) for method, route, _ in rows(TABLE)]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(routes())


def test_no_route_has_options(world: dict[str, Any], callers: dict[str, Any]) -> None:
    for route in {route for _, route in routes()}:
        path = route.format(**{**world, "pk": world.get(route.partition("/")[0])})
        given = {role: callers[role].options(f"/api/v1/{path}").status_code for role in ("nobody", "learner", "owner")}
        assert given["nobody"] in {401, 405}, route
        assert (given["learner"], given["owner"]) == (405, 405), route


@pytest.mark.parametrize("status", ["pending", "paused", "withdrawn", "rejected"])
def test_without_access_a_learner_is_as_any_other(status: str, world: dict[str, Any], callers: dict[str, Any]) -> None:
    CourseEnrollment.objects.update(status=status)
    for method, route in (
        ("GET", "courses/{slug}/outline/"),
        ("GET", "items/{pk}/file/"),
        ("POST", "contents/{pk}/complete/"),
    ):
        given = answers(method, route, world, callers)
        assert given["learner"] == given["other"] in {403, 404}
