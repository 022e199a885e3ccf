"""`GET me/export/`: all that is held on somebody, whole, and nothing of anybody else."""

import json
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.files.base import ContentFile
from django.db import connection
from django.db.models import F

from courses import enrollment
from courses.models import Course, CourseEnrollment
from realtime.models import Notification, NotificationCursor
from tests.counts import count
from tests.people import token_of
from tests.rest import anonymous, by_token
from tests.users.holding import studied, unpacked
from users import accounts, export, tasks
from users.models import APIToken, RateCount, StudentProfile, User
from users.personal_data import registered

pytestmark = pytest.mark.usefixtures("media")


def exported(user: User) -> dict[str, Any]:
    answer = by_token(user).get("/api/v1/me/export/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    return unpacked(async_to_sync(read)(answer))


async def read(answer: Any) -> bytes:
    return b"".join([chunk async for chunk in answer])


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
