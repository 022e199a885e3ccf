"""`DELETE me/`: nothing says who it was, and what was learned still adds up."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from courses import enrollment
from courses.events import HelpRequested
from courses.models import Course, CourseEnrollment, CourseWaitlist, FocusSpan
from realtime.models import Notification
from tests.news import announce_all
from tests.people import PASSWORD, enroll, make_course, make_user, token_of
from tests.rest import anonymous, by_token, client_with
from tests.users.holding import studied, unpacked
from users import accounts, export
from users.events import CredentialsChanged
from users.models import APIToken, StudentProfile, User

ME = "/api/v1/me/"


pytestmark = pytest.mark.usefixtures("media")


def close(user: User, password: str = PASSWORD) -> Any:
    return by_token(user).delete(ME, {"password": password})


@pytest.mark.parametrize("how", ["token", "browser"])
def test_closing_takes_the_password_or_a_fresh_sign_in(
    ana: User, ben: User, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def signed_in() -> APIClient:
        client = anonymous()
        path, name = ("tokens", {"name": "phone"}) if how == "token" else ("login", {})
        given = client.post(f"/api/v1/{path}/", {"username": "ana", "password": PASSWORD, **name}).json()
        return client_with(given["token"]) if how == "token" else client

    client = signed_in()
    assert client.delete(ME, {"password": "wrong"}).json()["code"] == "wrong_password"
    with monkeypatch.context() as later:
        eleven_minutes_on = timezone.now() + timedelta(minutes=11)
        later.setattr(timezone, "now", lambda: eleven_minutes_on)
        assert list(client.delete(ME).json()["fields"]) == ["password"]
    assert User.objects.filter(username="ana", is_active=True).exists()
    assert client.delete(ME).status_code == 204
    assert not User.objects.filter(username="ana").exists()


def test_a_session_that_says_nothing_of_when_takes_the_password(ana: User) -> None:
    client = anonymous()
    client.force_login(ana)
    assert client.delete(ME).status_code == 400
    assert User.objects.filter(username="ana", is_active=True).exists()


def test_nothing_says_who_it_was(
    intro: Course, ana: User, admin: User, media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    studied(ana, intro)
    StudentProfile.objects.create(user=ana, goal="anas goal")
    Notification.objects.create(user=ana, number=1, kind="session.nudge", data={"text": "Go on, Ana!"})
    LogEntry.objects.log_actions(admin.pk, [ana], CHANGE, "Made ana@example.org a student", single_object=True)
    accounts.change_profile(
        user=ana, avatar=ContentFile(b"a picture", "a.webp"), bio="Ana’s", phone_number="123", last_name="Lee"
    )
    User.objects.filter(pk=ana.pk).update(last_login=timezone.now(), last_login_ip="192.0.0.0", is_staff=True)
    with django_capture_on_commit_callbacks(execute=True):
        assert close(ana).status_code == 204
    assert not list(media.iterdir())
    ana = User.objects.get(pk=ana.pk)
    assert not ana.is_active
    assert not ana.is_staff
    assert not ana.has_usable_password()
    archive = unpacked(export.write(ana).read())
    left = json.dumps(archive).lower()
    for trace in ("ana", "lee", "example.org", '"123"', "a browser", "192.0", "picture", "go on"):
        assert trace not in left, trace
    (entry,) = LogEntry.objects.filter(object_id=str(ana.pk))
    assert (entry.object_repr, entry.change_message) == (ana.username, "")
    assert not APIToken.objects.filter(user=ana).exists()


def columns_with(*traces: str) -> set[str]:
    """The columns of the whole database that hold text or JSON with one of these in it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.table_name, c.column_name FROM information_schema.columns c
            JOIN information_schema.tables t USING (table_schema, table_name)
            WHERE t.table_schema = current_schema() AND t.table_type = 'BASE TABLE'
            AND c.data_type IN ('text', 'character varying', 'json', 'jsonb')"""
        )
        columns = cursor.fetchall()
        each = " UNION ALL ".join(
            f"SELECT '{table}.{column}' WHERE EXISTS"
            f' (SELECT FROM "{table}" WHERE "{column}"::text ILIKE ANY (%(traces)s))'
            for table, column in columns
        )
        cursor.execute(each, {"traces": [f"%{trace}%" for trace in traces]})
        return {column for (column,) in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_no_column_of_the_database_says_who_it_was(ines: User, admin: User) -> None:
    """What others were told of them, and what the admin's log calls their rows by, included."""
    wanted = make_course(ines, "wanted", enrollment_type="approval")
    full = make_course(ines, "full", max_capacity=1)
    ben = make_user("ben")
    zelda = make_user("zelda", last_name="Quux")
    others = [enrollment.enroll(course=wanted, student=ben), enroll(ben, full)]
    asked = enrollment.enroll(course=wanted, student=zelda)
    waits = CourseWaitlist.objects.create(course=full, student=zelda)
    announce_all(
        HelpRequested(full.pk, ben.pk, others[1].pk, "This is Ben: I am lost"),
        HelpRequested(wanted.pk, zelda.pk, asked.pk, "This is Quux: I am lost"),
    )
    StudentProfile.objects.create(user=zelda, goal="To be called Quux.")
    token_of(zelda, "Zelda’s phone")
    LogEntry.objects.log_actions(admin.pk, [zelda], CHANGE, "Made zelda@example.org a student", single_object=True)
    for row in (asked, waits, zelda.api_tokens.get(), *others):
        LogEntry.objects.log_actions(admin.pk, [row], CHANGE, f"Looked after {row}", single_object=True)
    traces = ("zelda", "quux")
    assert {
        "users_user.email",
        "users_user.last_name",
        "realtime_notification.data",
        "django_admin_log.object_repr",
        "django_admin_log.change_message",
    } <= columns_with(*traces)

    assert close(zelda).status_code == 204
    assert columns_with(*traces) == set()
    told = by_token(ines).get("/api/v1/notifications/?after=0").json()["results"]
    assert [(row["kind"], row["title"].split()[0], row["body"]) for row in told[-4:]] == [
        ("enrollment.requested", "Ben", "You decide: approve or reject the request."),
        ("enrollment.requested", "Somebody", "You decide: approve or reject the request."),
        ("help.requested", "Ben", "This is Ben: I am lost"),
        ("help.requested", "Somebody", ""),
    ]
    for row in others:
        assert LogEntry.objects.get(object_id=str(row.pk), content_type__model="courseenrollment").object_repr == str(
            row
        )


def test_what_was_learned_still_adds_up(intro: Course, ana: User, ben: User) -> None:
    studied(ana, intro)
    before = CourseEnrollment.objects.get(student=ana).total_time_spent, FocusSpan.objects.count()
    assert close(ana).status_code == 204
    place = CourseEnrollment.objects.get(student=ana)
    assert (place.total_time_spent, FocusSpan.objects.count()) == before
    assert place.status == "withdrawn"
    assert CourseEnrollment.objects.counted().filter(course=intro).count() == 1


def test_its_places_are_free_and_its_sessions_over(ines: User, ana: User, chidi: User) -> None:
    full = make_course(ines, "small", max_capacity=1)
    wanted = make_course(ines, "wanted", max_capacity=1)
    enroll(ana, full)
    enroll(chidi, wanted)
    CourseWaitlist.objects.create(course=wanted, student=ana)
    assert full.is_full()
    assert close(ana).status_code == 204
    assert not full.is_full()
    assert not CourseWaitlist.objects.exists()


def test_signed_in_nowhere_any_more(ana: User, announced: list[Any]) -> None:
    browser = anonymous()
    browser.post("/api/v1/login/", {"username": "ana", "password": PASSWORD})
    assert browser.delete(ME, {"password": PASSWORD}).status_code == 204
    assert CredentialsChanged(ana.pk) in announced
    assert browser.get(ME).status_code == 401
    assert anonymous().post("/api/v1/login/", {"username": "ana", "password": PASSWORD}).status_code == 401


def test_the_name_and_the_address_are_free_again(ana: User) -> None:
    close(ana)
    make_user("ana")


def test_whoever_owns_courses_hands_them_over_first(intro: Course, ines: User) -> None:
    answer = close(ines)
    assert (answer.status_code, answer.json()["code"]) == (409, "owns_courses")
    ines.refresh_from_db()
    assert ines.is_active
    assert ines.username == "ines"
