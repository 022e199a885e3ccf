"""Conditional requests for courses and outlines: 304 only where the very same caller would get the very same answer."""

import pytest

from courses.models import ContentProgress, Course, CourseEnrollment, CourseWaitlist
from tests.people import enroll, make_user
from tests.rest import anonymous, by_token
from users.models import User

LIST, COURSE, OUTLINE = "/api/v1/courses/", "/api/v1/courses/intro/", "/api/v1/courses/intro/outline/"


@pytest.mark.parametrize("path", [LIST, COURSE, OUTLINE])
def test_what_has_not_changed_is_not_sent_again(intro: Course, ana: User, path: str) -> None:
    client = by_token(ana)
    first = client.get(path)
    assert first["Cache-Control"] == "private, no-cache"
    assert {"Authorization", "Cookie"} <= set(first["Vary"].split(", "))
    again = client.get(path, HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert again["Cache-Control"] == "private, no-cache"
    other = client.get(path, HTTP_IF_NONE_MATCH='"other"')
    assert (other.status_code, other.content) == (200, first.content)


@pytest.mark.parametrize("path", [LIST, COURSE, OUTLINE])
def test_anothers_etag_says_nothing(intro: Course, ana: User, ines: User, path: str) -> None:
    etag = by_token(ana).get(path)["ETag"]
    answer = by_token(ines).get(path, HTTP_IF_NONE_MATCH=etag)
    assert (answer.status_code, answer.json()) == (200, by_token(ines).get(path).json())


def test_an_error_is_never_a_304(intro: Course, ana: User, chidi: User) -> None:
    etag = by_token(ana).get(OUTLINE)["ETag"]
    assert by_token(chidi).get(OUTLINE, HTTP_IF_NONE_MATCH=etag).status_code == 403
    assert anonymous().get(OUTLINE, HTTP_IF_NONE_MATCH=etag).status_code == 401
    CourseEnrollment.objects.filter(student=ana).update(status="withdrawn")
    assert by_token(ana).get(OUTLINE, HTTP_IF_NONE_MATCH=etag).status_code == 403
    assert by_token(ana).get(OUTLINE, HTTP_IF_NONE_MATCH="*").status_code == 403


@pytest.mark.parametrize("path", [LIST, COURSE, OUTLINE])
def test_another_version_than_was_asked_for_is_an_error_as_any(intro: Course, ana: User, path: str) -> None:
    client = by_token(ana)
    etag = client.get(path)["ETag"]
    assert client.get(path, HTTP_IF_MATCH=etag).status_code == 200
    refused = client.get(path, HTTP_IF_MATCH='"other"')
    assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")


def rename(course: Course) -> None:
    Course.objects.update(title="Renamed")


def somebody_enrolls(course: Course) -> None:
    enroll(make_user("dora"), course)


def seats_run_out(course: Course) -> None:
    Course.objects.update(max_capacity=2, enrollment_type="open")


def the_caller_waits(course: Course) -> None:
    CourseEnrollment.objects.filter(student__username="ana").delete()
    CourseWaitlist.objects.create(course=course, student=User.objects.get(username="ana"))


def the_caller_completes(course: Course) -> None:
    content = course.modules.all()[0].contents.all()[0]
    enrollment = CourseEnrollment.objects.get(student__username="ana")
    ContentProgress.objects.create(enrollment=enrollment, content=content, is_completed=True)


def a_text_changes(course: Course) -> None:
    item = course.modules.all()[0].contents.all()[0].items.all()[0].item
    item.body = "Another text."
    item.save()


def a_module_comes(course: Course) -> None:
    course.modules.create(title="Module 3")


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        (rename, [LIST, COURSE, OUTLINE]),
        (somebody_enrolls, [LIST, COURSE]),
        (seats_run_out, [LIST, COURSE]),
        (the_caller_waits, [LIST, COURSE]),
        (the_caller_completes, [OUTLINE]),
        (a_text_changes, [OUTLINE]),
        (a_module_comes, [OUTLINE]),
    ],
)
def test_whatever_the_caller_would_see_change_changes_it(intro: Course, ana: User, change, paths: list[str]) -> None:
    client = by_token(ana)
    before = {path: client.get(path)["ETag"] for path in paths}
    change(intro)
    for path, etag in before.items():
        assert client.get(path, HTTP_IF_NONE_MATCH=etag).status_code == 200, path
