"""An account closes while it is about to get a place: it has none afterwards, whoever was first.

And while a batch locks its enrolments: both take them in one order.
"""

import pkgutil
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.counts import count
from tests.people import enroll, make_course, make_user
from tests.races.test_access_race import no_deadlocks
from tests.races.test_seats_race import at_once
from tests.waiting import be_waited_for

if TYPE_CHECKING:
    from courses.models import Course
    from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(count(120, 900))]

ROUNDS = count(4, 100)

Way = Callable[["Course", "User"], object]


def enrolls(course: "Course", student: "User") -> None:
    from courses import enrollment

    enrollment.enroll(course=course, student=student)


def joins(course: "Course", student: "User") -> None:
    from courses import waitlist

    waitlist.join(course=course, student=student)


def is_admitted(course: "Course", student: "User") -> None:
    from courses import enrollment

    enrollment.admit(course=course, student=student, actor=course.owner)


def is_on_a_list(course: "Course", student: "User") -> None:
    from courses import bulk

    bulk.enroll_all(course=course, lines=[bulk.Line(1, student.username)], actor=course.owner)


WAYS = [enrolls, joins, is_admitted, is_on_a_list]


def close(user: "User") -> None:
    from users import accounts

    accounts.close(user=user)


def prepare(owner: "User", way: Way, number: int) -> "tuple[Course, User]":
    course = make_course(owner, f"course{number}", modules=0, max_capacity=1)
    if way is joins:
        enroll(make_user(f"holder{number}"), course)
    return course, make_user(f"learner{number}")


def has_a_place(course: "Course", user: "User") -> bool:
    seats = course.course_enrollments.filter(student=user).exclude(status__in=["withdrawn", "rejected"])
    return seats.exists() or course.waitlist_entries.filter(student=user).exists()


@pytest.mark.parametrize("way", WAYS)
def test_a_closed_account_has_no_place(ines: "User", way: Way) -> None:
    with no_deadlocks():
        for number in range(ROUNDS):
            course, user = prepare(ines, way, number)
            closed, placed = at_once(lambda u=user: close(u), lambda c=course, u=user: way(c, u))  # type: ignore[misc]
            assert closed == "ok"
            assert placed in ("ok", "not_authenticated", "import_refused")
            assert not has_a_place(course, user)


@pytest.mark.parametrize(
    ("way", "writes"),
    [
        (enrolls, "courses.enrollment.take_seat"),
        (joins, "courses.seats.Seats.join"),
        (is_admitted, "courses.enrollment._move"),
        (is_on_a_list, "courses.bulk.admit_all"),
    ],
)
def test_without_the_lock_of_the_account_it_has_one(
    ines: "User", way: Way, writes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: it closes between the judgement and the writing."""
    from courses import seats

    judged, closed = threading.Event(), threading.Event()
    write = pkgutil.resolve_name(writes)

    def write_late(*arguments: Any, **options: Any) -> Any:
        judged.set()
        assert closed.wait(60)
        return write(*arguments, **options)

    def close_meanwhile(user: "User") -> None:
        assert judged.wait(60)
        close(user)
        closed.set()

    monkeypatch.setattr(seats, "lock_accounts", lambda ids: ids)
    monkeypatch.setattr(writes, write_late)
    course, user = prepare(ines, way, 0)
    assert at_once(lambda: close_meanwhile(user), lambda: way(course, user)) == ["ok", "ok"]
    assert has_a_place(course, user)


def creates(owner: "User", number: int) -> None:
    from courses import authoring
    from courses.models import Subject

    subject, _ = Subject.objects.get_or_create(slug="subject", defaults={"title": "Subject"})
    authoring.create_course(owner=owner, subject=subject, title="New", slug=f"new{number}", overview="New.")


def test_a_closed_account_owns_no_course() -> None:
    with no_deadlocks():
        for number in range(ROUNDS):
            owner = make_user(f"owner{number}", role="instructor")
            outcomes = at_once(lambda u=owner: close(u), lambda u=owner, n=number: creates(u, n))  # type: ignore[misc]
            assert outcomes in (["ok", "not_authenticated"], ["owns_courses", "ok"])
            owner.refresh_from_db()
            assert owner.is_active == owner.courses_created.exists()


def test_without_the_lock_of_the_account_it_owns_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: it closes between the judgement and the writing."""
    from courses import authoring

    owner = make_user("owner", role="instructor")
    save = authoring._save_with_slug

    def save_late(*arguments: Any) -> None:
        assert at_once(lambda: close(owner)) == ["ok"]
        save(*arguments)

    monkeypatch.setattr(authoring, "lock_accounts", lambda ids: ids)
    monkeypatch.setattr(authoring, "_save_with_slug", save_late)
    creates(owner, 0)
    owner.refresh_from_db()
    assert not owner.is_active
    assert owner.courses_created.exists()


def test_an_offer_becomes_no_place_while_the_account_looks_for_its_places(ines: "User") -> None:
    """Between its look at the enrolments and the one at the queues it would be in neither."""
    from django.db import connection

    from courses import enrollment, waitlist

    course, user = prepare(ines, joins, 0)
    joins(course, user)
    enrollment.withdraw(enrollment=course.course_enrollments.get(), actor=ines)  # so the seat is offered
    looked, accepted = threading.Event(), threading.Event()

    def look_slowly(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        found = execute(sql, *arguments)
        if sql.startswith('SELECT "courses_courseenrollment"."course_id"') and not looked.is_set():
            looked.set()
            be_waited_for(unless=accepted.is_set)
        return found

    def close_slowly() -> None:
        with connection.execute_wrapper(look_slowly):
            close(user)

    def accept() -> None:
        assert looked.wait(60)
        try:
            waitlist.accept(course=course, student=user)
        finally:
            accepted.set()

    assert at_once(close_slowly, accept) == ["ok", "not_authenticated"]
    assert not has_a_place(course, user)


# Beside a batch ------------------------------------------------------------------------------------------------


def close_beside_a_batch(owner: "User", monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """It has completed one course and learns in a second. Scores are refreshed from when its places have ended, and the
    account goes on closing once that waits for it. What closing came to, and the batch."""
    from courses import engagement, enrollment

    user = make_user("learner")
    completed = enroll(user, make_course(owner, "completed", modules=0), "completed")
    enrolled = enroll(user, make_course(owner, "enrolled", modules=0))
    assert completed.pk < enrolled.pk
    has_ended = threading.Event()
    end = enrollment._end

    def end_and_be_waited_for(*arguments: Any, **options: Any) -> Any:
        ended = end(*arguments, **options)
        has_ended.set()
        be_waited_for()
        return ended

    def refresh() -> None:
        assert has_ended.wait(60)
        engagement.refresh([completed.pk, enrolled.pk])

    monkeypatch.setattr(enrollment, "_end", end_and_be_waited_for)
    return at_once(lambda: close(user), refresh)


def test_closing_and_a_batch_lock_in_one_order(ines: "User", monkeypatch: pytest.MonkeyPatch) -> None:
    from courses.models import CourseEnrollment

    with no_deadlocks():
        assert close_beside_a_batch(ines, monkeypatch) == ["ok", "ok"]
    statuses = CourseEnrollment.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == ["completed", "withdrawn"]


def test_with_only_what_ends_locked_first_they_deadlock(ines: "User", monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: what stays is locked after what ends."""
    from courses import enrollment

    lock_all_of = enrollment._lock_all_of
    asked: list[int] = []

    def lock_the_second_time(user_id: int) -> list[int]:
        asked.append(user_id)
        return lock_all_of(user_id) if len(asked) > 1 else []

    monkeypatch.setattr(enrollment, "_lock_all_of", lock_the_second_time)
    outcomes = close_beside_a_batch(ines, monkeypatch)
    assert sum("deadlock detected" in outcome for outcome in outcomes) == 1
