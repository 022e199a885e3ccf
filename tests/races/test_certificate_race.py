"""Two devices complete a course at the same moment: there is one certificate, and neither completion is undone."""

import secrets
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.counts import count
from tests.news import announce_all
from tests.people import enroll, make_course, make_user

if TYPE_CHECKING:
    from courses.models import CourseEnrollment
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
        enrollment = enroll(make_user(f"learner{number}"), course)
        assert complete_at_once(enrollment) == ["ok"] * AT_ONCE
    assert Certificate.objects.count() == ROUNDS
    assert Notification.objects.filter(kind="certificate.issued").count() == ROUNDS


def test_without_the_lock_a_completion_is_undone(ines: "User", ana: "User", monkeypatch: pytest.MonkeyPatch) -> None:
    """(N) All have looked before one writes; then only the constraint is left to say no."""
    from courses.models import Certificate
    from courses.models.enrollment import CourseEnrollmentQuerySet

    everybody = threading.Barrier(AT_ONCE)
    make_code = secrets.token_urlsafe

    def meet(size: int) -> str:
        everybody.wait(60)
        return make_code(size)

    def unlocked(rows: Any, **_: Any) -> Any:
        return rows

    monkeypatch.setattr(CourseEnrollmentQuerySet, "select_for_update", unlocked)
    monkeypatch.setattr(secrets, "token_urlsafe", meet)
    enrollment = enroll(ana, make_course(ines, "intro", modules=0, certificate_enabled=True))
    assert sorted(complete_at_once(enrollment)) == ["IntegrityError"] * (AT_ONCE - 1) + ["ok"]
    assert Certificate.objects.count() == 1
