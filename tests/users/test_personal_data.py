"""What is held on people: named in one list, handed out whole, let go of when they leave, and not kept for ever."""

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from asgiref.sync import async_to_sync
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.db.models import F, Model
from django.utils import timezone
from rest_framework.test import APIClient

from courses import enrollment
from courses.events import HelpRequested
from courses.models import Course, CourseEnrollment, CourseWaitlist, FocusSpan, LearningSession
from realtime.models import Notification, NotificationCursor
from tests.counts import count
from tests.news import announce_all
from tests.people import PASSWORD, enroll, make_course, make_user, token_of
from tests.rest import anonymous, by_token, client_with
from tests.site import Site
from users import accounts, export, personal_data, tasks
from users.events import CredentialsChanged
from users.models import APIToken, RateCount, StudentProfile, User
from users.personal_data import PersonalData, registered

ME = "/api/v1/me/"
ROOMS = {"users", "courses", "realtime", "lms", "auth", "admin", "sessions"}


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path / "avatars"


def exported(user: User) -> dict[str, Any]:
    answer = by_token(user).get("/api/v1/me/export/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    return unpacked(async_to_sync(read)(answer))


async def read(answer: Any) -> bytes:
    return b"".join([chunk async for chunk in answer])


def unpacked(data: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {
            name: json.loads(archive.read(name)) if name.endswith(".json") else archive.read(name)
            for name in archive.namelist()
        }


def studied(user: User, course: Course, **fields: Any) -> LearningSession:
    """A session of ten minutes in the course, one of them in the ledger."""
    place = CourseEnrollment.objects.get(student=user, course=course)
    session = LearningSession.objects.create(
        enrollment=place,
        user=user,
        key=uuid4(),
        focus_time=timedelta(minutes=1),
        user_agent="A browser",
        ip_address="192.0.0.0",
        **fields,
    )
    start = timezone.now() - timedelta(minutes=10)
    span = (start, start + timedelta(minutes=1))
    FocusSpan.objects.create(session=session, enrollment=place, engaged=False, span=span)
    return session


# The list


def relations_to(model: type[Model], targets: set[type[Model]]) -> set[str]:
    """The columns of this model that point to one of these."""
    return {
        one.name
        for one in model._meta.concrete_fields
        if one.is_relation and one.related_model is not None and one.related_model in targets
    }


def unnamed() -> set[str]:
    """What is held on people, or hangs on something that is, and is not in the list."""
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in ROOMS]
    named = {data.model for data in registered()}
    owners = {(data.model, data.owner.partition("__")[0]) for data in registered()}
    missing = {
        f"{model._meta.label}.{column}"
        for model in models
        for column in relations_to(model, {User})
        if (model, column) not in owners
    }
    return missing | {model._meta.label for model in models if model not in named and relations_to(model, named)}


def test_all_that_is_held_on_people_is_named() -> None:
    assert unnamed() == set()


@pytest.mark.parametrize(
    ("left_out", "found"),
    [
        ("api_tokens", {"users.APIToken", "users.APIToken.user"}),
        ("approvals", {"courses.CourseEnrollment.approved_by"}),
        ("focus_spans", {"courses.FocusSpan"}),
        ("groups", {"users.User_groups", "users.User_groups.user"}),
    ],
)
def test_what_is_left_out_is_found(left_out: str, found: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """(N) exists to ensure that the test above would see it."""
    monkeypatch.delitem(personal_data._registered, left_out)
    assert unnamed() == found


@pytest.mark.parametrize("data", registered(), ids=lambda data: data.name)
def test_its_columns_and_lookups_exist(data: PersonalData, ana: User) -> None:
    list(data.of(ana).values_list(*data.columns()))
    fields = {one.name for one in data.model._meta.get_fields()}
    values = data.at_close if isinstance(data.at_close, dict) else {}
    assert {*data.hidden, *data.traces, *values} <= fields
    assert bool(data.traces) == bool(data.since)


def test_learners_can_read_of_each() -> None:
    page = (Path(django_settings.BASE_DIR) / "docs" / "privacy.md").read_text()
    assert [data.name for data in registered() if f"`{data.name}`" not in page] == []


# The export


def test_it_has_all_there_is_and_no_secret(intro: Course, ana: User, ines: User, admin: User) -> None:
    session = studied(ana, intro)
    raw = token_of(ana)
    StudentProfile.objects.create(user=ana, goal="Learn.")
    Notification.objects.create(user=ana, number=1, kind="session.nudge", data={"text": "Go on!"})
    NotificationCursor.objects.create(user=ana, head=1)
    asked = {"enrollment": session.enrollment_id, "student": "Ana", "text": "I am lost"}
    Notification.objects.create(user=ines, number=1, kind="help.requested", data=asked)
    LogEntry.objects.log_actions(admin.pk, [ana], CHANGE, "Changed her name", single_object=True)
    accounts.change_profile(user=ana, avatar=ContentFile(b"a picture", "a.webp"), bio="Ünïcödé")
    files = exported(ana)
    assert {f"{data.name}.json" for data in registered()} | {"avatar.webp"} == set(files)
    (account,) = files["account.json"]
    assert (account["username"], account["email"], account["bio"]) == ("ana", "ana@example.org", "Ünïcödé")
    assert files["student_profile.json"] == [{"id": ana.student_profile.pk, "user_id": ana.pk, "goal": "Learn."}]
    (place,) = files["enrollments.json"]
    assert (place["course_title"], place["total_time_spent_seconds"], place["progress_percentage"]) == ("Intro", 0, 0)
    (recorded,) = files["learning_sessions.json"]
    assert (recorded["key"], recorded["focus_time_seconds"]) == (str(session.key), 60)
    assert (recorded["ip_address"], recorded["user_agent"]) == ("192.0.0.0", "A browser")
    assert len(files["focus_spans.json"][0]["span"]) == 2
    assert [row["data"] for row in files["notifications.json"]] == [{"text": "Go on!"}]
    assert [row["data"] for row in files["asked.json"]] == [asked]
    (logged,) = files["admin_log.json"]
    assert (logged["object_repr"], logged["change_message"]) == ("ana", "Changed her name")
    assert "user_id" not in logged, "who changed it is somebody else"
    assert files["avatar.webp"] == b"a picture"
    everything = json.dumps({name: body for name, body in files.items() if name != "avatar.webp"})
    for secret in (raw, APIToken.objects.first().token, ana.password, "argon2"):  # type: ignore[union-attr]
        assert secret not in everything


def test_it_has_nothing_of_somebody_else(intro: Course, ana: User, ben: User, ines: User) -> None:
    studied(ben, intro)
    enrollment.pause(enrollment=CourseEnrollment.objects.get(student=ben), actor=ines)
    mine, teachers = exported(ana), exported(ines)
    assert not any(
        rows for name, rows in mine.items() if name not in ("account.json", "enrollments.json", "api_tokens.json")
    )
    (decision,) = teachers["enrollment_decisions.json"]
    assert decision["kind"] == "pause"
    assert "student_id" not in decision
    assert [course["slug"] for course in teachers["courses.json"]] == ["intro"]
    assert len(teachers["text_items.json"]) == 4


def test_it_is_written_in_as_many_queries_for_many_rows_as_for_one(
    intro: Course, ana: User, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.test.utils import CaptureQueriesContext

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            export.write(ana).close()
        return len(captured)

    few = queries()
    Notification.objects.bulk_create(
        Notification(user=ana, number=n, kind="session.nudge") for n in range(1, count(1_200, 20_000))
    )
    assert queries() == few


def test_ten_an_hour(ana: User, ben: User) -> None:
    client = by_token(ana)
    answers = [client.get("/api/v1/me/export/").status_code for _ in range(10)]
    assert answers == [200] * 10
    tasks.forget_rate_counts.func(0)
    refused = by_token(ana).get("/api/v1/me/export/")
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert 3_000 < int(refused["Retry-After"]) <= 3_600
    assert by_token(ben).get("/api/v1/me/export/").status_code == 200
    RateCount.objects.update(since=F("since") - timedelta(minutes=59))
    tasks.forget_rate_counts.func(0)
    assert client.get("/api/v1/me/export/").status_code == 429
    RateCount.objects.update(since=F("since") - timedelta(minutes=2))
    assert client.get("/api/v1/me/export/").status_code == 200


def test_an_export_is_a_request_too(ana: User) -> None:
    client = by_token(ana)
    client.get("/api/v1/me/")
    RateCount.objects.filter(key=f"user {ana.pk}").update(count=600)
    assert client.get("/api/v1/me/export/").status_code == 429
    assert not RateCount.objects.filter(key__startswith="exports").exists()


@pytest.mark.django_db(transaction=True)
def test_two_processes_count_exports_together(site: Any, ana: User) -> None:
    import httpx

    headers = {"Authorization": f"Bearer {token_of(ana)}"}
    answers = [
        httpx.get(f"{site.http(n % 2)}/api/v1/me/export/", headers=headers, trust_env=False, timeout=60).status_code
        for n in range(12)
    ]
    assert answers == [200] * 10 + [429] * 2


def test_nobody_has_nothing(db: None) -> None:
    assert anonymous().get("/api/v1/me/export/").status_code == 401


@pytest.mark.django_db(transaction=True)
def test_a_started_site_streams_it(site: Any, ana: User) -> None:
    import httpx

    headers = {"Authorization": f"Bearer {token_of(ana)}", "Accept": "text/html"}
    answer = httpx.get(f"{site.http(0)}/api/v1/me/export/", headers=headers, trust_env=False, timeout=60)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="studybeat.zip"'
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert unpacked(answer.content)["account.json"][0]["username"] == "ana"


# The end of an account


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


# What is not kept for ever


def aged(days: int, ip: str | None = "192.0.0.0", agent: str = "A browser") -> Any:
    return {"started_at": timezone.now() - timedelta(days=days), "ip_address": ip, "user_agent": agent}


def test_addresses_and_browser_names_go_after_ninety_days(
    intro: Course, ana: User, ben: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(personal_data, "BATCH", 2)
    sessions = [studied(ana, intro) for _ in range(7)]
    old, recent = sessions[:6], sessions[6]
    for n, session in enumerate(old):
        LearningSession.objects.filter(pk=session.pk).update(**aged(91, *((None, "x"), ("1.2.0.0", ""))[n % 2]))
    LearningSession.objects.filter(pk=recent.pk).update(**aged(89))
    User.objects.filter(pk=ana.pk).update(last_login=timezone.now() - timedelta(days=91), last_login_ip="192.0.0.0")
    User.objects.filter(pk=ben.pk).update(last_login=timezone.now() - timedelta(days=89), last_login_ip="192.0.0.0")
    tasks.forget_traces.func(0)
    assert set(LearningSession.objects.values_list("pk", "ip_address", "user_agent")) == {
        *((session.pk, None, "") for session in old),
        (recent.pk, "192.0.0.0", "A browser"),
    }
    assert dict(User.objects.filter(student_enrollments__isnull=False).values_list("username", "last_login_ip")) == {
        "ana": None,
        "ben": "192.0.0.0",
    }
    assert personal_data.forget_traces() == 0


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_has_locked_keeps_its_traces_until_the_next_time(intro: Course, ana: User) -> None:
    busy, free = studied(ana, intro), studied(ana, intro)
    LearningSession.objects.update(**aged(91))
    with psycopg.connect(Site.test_database_url()) as other:
        other.execute("SELECT FROM courses_learningsession WHERE id = %s FOR NO KEY UPDATE", [busy.pk])
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            assert personal_data.forget_traces() == 1
    assert [one.pk for one in LearningSession.objects.filter(ip_address=None)] == [free.pk]
    assert personal_data.forget_traces() == 1
