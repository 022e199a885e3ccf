"""Certificates at the same moment: two devices complete a course, and neither completion is undone; a course begins to
give them while somebody completes it, and nobody is passed over."""

import secrets
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.counts import count
from tests.news import announce_all
from tests.people import enroll, make_course, make_user

if TYPE_CHECKING:
    from courses.models import Course, CourseEnrollment
    from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(count(120, 900))]

ROUNDS = count(5, 200)
AT_ONCE = 3


def complete_at_once(enrollment: "CourseEnrollment") -> list[str]:
    """What each of the announcements at the same moment came to: "ok", or the name of the error."""
    from django.db import connection

    from courses.events import CourseCompleted

    outcomes = [""] * AT_ONCE
    start = threading.Barrier(AT_ONCE)

    def run(number: int) -> None:
        start.wait()
        try:
            announce_all(CourseCompleted(enrollment.course_id, enrollment.student_id, enrollment.pk))
            outcomes[number] = "ok"
        except Exception as error:
            outcomes[number] = type(error).__name__
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_of_completions_at_once_one_issues(ines: "User") -> None:
    from courses.models import Certificate
    from realtime.models import Notification

    course = make_course(ines, "intro", modules=0, certificate_enabled=True)
    for number in range(ROUNDS):
        enrollment = enroll(make_user(f"learner{number}"), course, "completed")
        assert complete_at_once(enrollment) == ["ok"] * AT_ONCE
    assert Certificate.objects.count() == ROUNDS
    assert Notification.objects.filter(kind="certificate.issued").count() == ROUNDS


def test_without_the_lock_a_completion_is_undone(ines: "User", ana: "User", monkeypatch: pytest.MonkeyPatch) -> None:
    """(N) All have looked before one writes; then only the constraint is left to say no."""
    from courses import certificates
    from courses.models import Certificate

    everybody = threading.Barrier(AT_ONCE)
    make_code = secrets.token_urlsafe

    def meet(size: int) -> str:
        everybody.wait(60)
        return make_code(size)

    monkeypatch.setattr(certificates, "lock_enrollments", lambda ids: None)
    monkeypatch.setattr(secrets, "token_urlsafe", meet)
    enrollment = enroll(ana, make_course(ines, "intro", modules=0, certificate_enabled=True), "completed")
    assert sorted(complete_at_once(enrollment)) == ["IntegrityError"] * (AT_ONCE - 1) + ["ok"]
    assert Certificate.objects.count() == 1


def enabled_while_completing(learner: "User", course: "Course") -> int:
    """The course begins to give certificates, and the job looks, between a completion and its commit.

    How many certificates there are in the end.
    """
    from django.db import connection, transaction

    from courses import authoring, certificates, progress
    from courses.models import Certificate, Content

    content = Content.objects.get(module__course=course)
    pid = 0

    def look() -> None:
        nonlocal pid
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                (pid,) = cursor.fetchone()
            certificates.issue_to_all(course.pk)
        finally:
            connection.close()

    def enable() -> None:
        try:
            authoring.change_course(course=course, certificate_enabled=True)
        finally:
            connection.close()

    enabling, job = threading.Thread(target=enable), threading.Thread(target=look)
    with transaction.atomic():
        progress.complete_content(student_id=learner.pk, content_id=content.pk)
        enabling.start()
        enabling.join()
        job.start()
        deadline = time.monotonic() + 60
        with connection.cursor() as cursor:
            while job.is_alive() and time.monotonic() < deadline:
                cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE pid = %s AND NOT granted)", [pid])
                if cursor.fetchone()[0]:
                    break
                time.sleep(0.02)
    job.join()
    return Certificate.objects.filter(enrollment__student=learner, enrollment__course=course).count()


def test_who_completes_while_the_course_begins_to_give_them_gets_one(ines: "User") -> None:
    for number in range(count(1, 50)):
        course = make_course(ines, f"course-{number}", modules=1, contents=1)
        learner = make_user(f"learner{number}")
        enroll(learner, course)
        assert enabled_while_completing(learner, course) == 1


def test_a_job_that_waits_for_nobody_passes_them_over(
    ines: "User", ana: "User", monkeypatch: pytest.MonkeyPatch
) -> None:
    """(N) Without the lock."""
    from courses import certificates

    monkeypatch.setattr(certificates, "lock_enrollments", lambda ids: None)
    course = make_course(ines, "intro", modules=1, contents=1)
    enroll(ana, course)
    assert enabled_while_completing(ana, course) == 0
