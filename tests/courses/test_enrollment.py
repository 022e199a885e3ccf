"""The moves of an enrolment: which there are, what they write, and what goes with them."""

import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from courses import enrollment as moves
from courses import seats
from courses.errors import AlreadyEnrolled, CourseClosed, CourseFull, MoveNotAllowed, RestrictedCourse
from courses.models import Course, CourseEnrollment, CourseWaitlist, EnrollmentEvent, LearningSession
from tests.conftest import enroll, make_course, make_user
from tests.courses.test_models_catalogue import offer
from users.models import User

pytestmark = pytest.mark.django_db

Status = CourseEnrollment.Status


def trail() -> list[tuple[str, str, str, str | None]]:
    events = EnrollmentEvent.objects.select_related("actor")
    return [(e.kind, e.from_status, e.to_status, e.actor.username if e.actor else None) for e in events]


# Getting in ----------------------------------------------------------------------------------------------------


def test_an_open_course_lets_in_at_once(intro: Course, chidi: User) -> None:
    enrolled = moves.enroll(course=intro, student=chidi)

    assert enrolled.status == "enrolled"
    assert trail() == [("enroll", "", "enrolled", "chidi")]


def test_a_course_that_wants_approval_takes_a_request(ines: User, chidi: User) -> None:
    course = make_course(ines, "mentored", enrollment_type="approval")

    requested = moves.enroll(course=course, student=chidi)

    assert requested.status == "pending"
    assert requested.approval_requested_at is not None
    assert not requested.holds_seat
    assert trail() == [("request", "", "pending", "chidi")]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"status": "draft"}, CourseClosed),
        ({"status": "archived"}, CourseClosed),
        ({"enrollment_type": "restricted"}, RestrictedCourse),
    ],
)
def test_a_course_that_is_not_open_refuses(
    ines: User, chidi: User, fields: dict[str, Any], error: type[Exception]
) -> None:
    course = make_course(ines, "shut", **fields)
    with pytest.raises(error):
        moves.enroll(course=course, student=chidi)
    assert not CourseEnrollment.objects.exists()


def test_a_draft_admits_nobody_whom_its_owner_brings(ines: User, chidi: User) -> None:
    course = make_course(ines, "unfinished", status="draft")
    with pytest.raises(CourseClosed, match="publish the course first"):
        moves.admit(course=course, student=chidi, actor=ines)
    assert not CourseEnrollment.objects.exists()


def test_nobody_enrolls_in_their_own_course(intro: Course, ines: User) -> None:
    with pytest.raises(RestrictedCourse, match="your own course"):
        moves.enroll(course=intro, student=ines)


@pytest.mark.parametrize("status", ["enrolled", "completed", "paused", "pending"])
def test_nobody_enrolls_twice(intro: Course, chidi: User, status: str) -> None:
    enroll(chidi, intro, status)
    with pytest.raises(AlreadyEnrolled):
        moves.enroll(course=intro, student=chidi)


@pytest.mark.parametrize("has_waitlist", [True, False])
def test_a_full_course_says_whether_there_is_a_queue(ines: User, ana: User, ben: User, has_waitlist: bool) -> None:
    course = make_course(ines, "seminar", max_capacity=1, waitlist_enabled=has_waitlist)
    moves.enroll(course=course, student=ana)

    with pytest.raises(CourseFull) as refused:
        moves.enroll(course=course, student=ben)

    assert refused.value.extra == {"waitlist": has_waitlist}


def test_while_somebody_waits_a_free_seat_is_not_for_others(ines: User, ana: User, ben: User) -> None:
    course = make_course(ines, "seminar", max_capacity=1)
    CourseWaitlist.objects.create(course=course, student=ana)

    with pytest.raises(CourseFull):
        moves.enroll(course=course, student=ben)


def test_an_offered_seat_is_used_up(ines: User, ana: User) -> None:
    course = make_course(ines, "seminar", max_capacity=1)
    offer(ana, course)

    assert moves.enroll(course=course, student=ana).status == "enrolled"
    assert not course.waitlist_entries.exists()
    assert course.get_seats_taken() == 1


def test_a_request_born_of_an_offer_keeps_the_seat_until_it_is_decided(ines: User, ana: User) -> None:
    course = make_course(ines, "mentored", max_capacity=1, enrollment_type="approval")
    offer(ana, course)

    requested = moves.enroll(course=course, student=ana)
    assert requested.from_offer
    assert course.is_full()

    approved = moves.approve(enrollment=requested, actor=ines)
    assert (approved.status, approved.from_offer) == ("enrolled", False)
    assert course.get_seats_taken() == 1


def test_coming_back_starts_clean(ines: User, chidi: User) -> None:
    course = make_course(ines, "mentored", enrollment_type="approval")
    requested = moves.enroll(course=course, student=chidi)
    rejected = moves.reject(enrollment=requested, actor=ines, reason="Not now.")
    assert (rejected.status, rejected.rejection_reason) == ("rejected", "Not now.")

    again = moves.enroll(course=course, student=chidi)
    assert (again.pk, again.status, again.rejection_reason) == (requested.pk, "pending", "")
    moves.approve(enrollment=again, actor=ines)
    moves.withdraw(enrollment=again, actor=chidi)
    once_more = moves.enroll(course=course, student=chidi)

    assert (once_more.approved_by, once_more.approved_at, once_more.completed_on) == (None, None, None)
    assert [kind for kind, *_ in trail()] == ["request", "reject", "request", "approve", "withdraw", "request"]
    assert EnrollmentEvent.objects.get(kind="reject").reason == "Not now."


# Approving, and seats given by the owner -----------------------------------------------------------------------


def test_an_approval_names_who_and_when(ines: User, chidi: User) -> None:
    course = make_course(ines, "mentored", enrollment_type="approval")
    approved = moves.approve(enrollment=moves.enroll(course=course, student=chidi), actor=ines)

    assert (approved.status, approved.approved_by) == ("enrolled", ines)
    assert approved.approved_at is not None


def test_a_request_without_a_seat_is_not_approved_into_a_full_course(ines: User, ana: User, ben: User) -> None:
    course = make_course(ines, "mentored", max_capacity=1, enrollment_type="approval")
    first = moves.enroll(course=course, student=ana)
    second = moves.enroll(course=course, student=ben)
    moves.approve(enrollment=first, actor=ines)

    with pytest.raises(CourseFull):
        moves.approve(enrollment=second, actor=ines)

    second.refresh_from_db()
    assert second.status == "pending"


def test_the_owner_admits_to_a_restricted_course(ines: User, ana: User, ben: User) -> None:
    course = make_course(ines, "circle", enrollment_type="restricted", max_capacity=1)

    admitted = moves.admit(course=course, student=ana, actor=ines)

    assert (admitted.status, admitted.approved_by) == ("enrolled", ines)
    with pytest.raises(MoveNotAllowed):
        moves.admit(course=course, student=ana, actor=ines)
    with pytest.raises(CourseFull):
        moves.admit(course=course, student=ben, actor=ines)


# The table -----------------------------------------------------------------------------------------------------

ALLOWED = {
    ("pending", "approve", "enrolled"),
    ("pending", "reject", "rejected"),
    ("pending", "withdraw", "withdrawn"),
    ("enrolled", "pause", "paused"),
    ("enrolled", "withdraw", "withdrawn"),
    ("paused", "resume", "enrolled"),
    ("paused", "withdraw", "withdrawn"),
    ("completed", "withdraw", "withdrawn"),
}
MOVES: dict[str, Callable[..., CourseEnrollment]] = {
    "approve": moves.approve,
    "reject": lambda **who: moves.reject(**who, reason=""),
    "pause": moves.pause,
    "resume": moves.resume,
    "withdraw": moves.withdraw,
}


@pytest.mark.parametrize("before", Status.values)
@pytest.mark.parametrize("move", MOVES)
def test_only_the_moves_of_the_table_are_made(intro: Course, chidi: User, ines: User, before: str, move: str) -> None:
    row = enroll(chidi, intro, before)
    targets = {after for start, name, after in ALLOWED if (start, name) == (before, move)}

    if targets:
        after = MOVES[move](enrollment=row, actor=ines).status
        assert {after} == targets
        assert trail() == [(move, before, after, "ines")]
    else:
        with pytest.raises(MoveNotAllowed):
            MOVES[move](enrollment=row, actor=ines)
        assert trail() == []
        row.refresh_from_db()
        assert row.status == before


def test_a_move_reads_the_state_under_its_lock_and_not_from_the_object(intro: Course, chidi: User, ines: User) -> None:
    stale = enroll(chidi, intro)
    CourseEnrollment.objects.filter(pk=stale.pk).update(status="withdrawn")

    with pytest.raises(MoveNotAllowed, match="withdrawn"):
        moves.pause(enrollment=stale, actor=ines)


def test_a_pause_keeps_the_seat_and_a_withdrawal_frees_it(ines: User, ana: User, ben: User) -> None:
    course = make_course(ines, "seminar", max_capacity=1)
    row = moves.enroll(course=course, student=ana)

    moves.pause(enrollment=row, actor=ines)
    assert course.is_full()
    moves.resume(enrollment=row, actor=ines)
    moves.withdraw(enrollment=row, actor=ana)
    assert not course.is_full()
    moves.enroll(course=course, student=ben)


def test_resuming_needs_no_free_seat_after_the_capacity_was_lowered(ines: User, ana: User, ben: User) -> None:
    course = make_course(ines, "seminar", max_capacity=2)
    moves.enroll(course=course, student=ana)
    row = moves.enroll(course=course, student=ben)
    moves.pause(enrollment=row, actor=ines)
    Course.objects.filter(pk=course.pk).update(max_capacity=1)

    assert moves.resume(enrollment=row, actor=ines).status == "enrolled"


# Access --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("move", ["pause", "withdraw"])
def test_when_access_ends_its_sessions_end(intro: Course, ana: User, ben: User, ines: User, move: str) -> None:
    mine, other = (CourseEnrollment.objects.get(course=intro, student=user) for user in (ana, ben))
    for row in (mine, other):
        LearningSession.objects.create(enrollment=row, user=row.student, key=uuid.uuid4())

    MOVES[move](enrollment=mine, actor=ines)

    assert mine.learning_sessions.get().end_reason == "access_ended"
    assert other.learning_sessions.get().end_reason == ""


# Races ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def slow_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the check and the write there is time enough for everybody else's check."""
    save = CourseEnrollment.save

    def save_slowly(self: CourseEnrollment, **options: Any) -> None:
        time.sleep(0.2)
        save(self, **options)

    monkeypatch.setattr(CourseEnrollment, "save", save_slowly)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_the_last_seat_is_oversold(
    ines: User, slow_writes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: shows that the next test would see it."""
    course = make_course(ines, "seminar", max_capacity=1)
    students = [make_user(f"s{number}") for number in range(4)]
    monkeypatch.setattr(seats, "lock_courses", lambda ids: list(Course.objects.filter(pk__in=ids)))

    at_once(lambda student: moves.enroll(course=course, student=student), students)

    assert course.get_seats_taken() > 1


@pytest.mark.django_db(transaction=True)
def test_the_last_seat_goes_to_exactly_one_of_many(ines: User, slow_writes: None) -> None:
    course = make_course(ines, "seminar", max_capacity=1)
    students = [make_user(f"s{number}") for number in range(6)]

    outcomes = at_once(lambda student: moves.enroll(course=course, student=student), students)

    assert sorted(outcomes) == ["CourseEnrollment"] + ["CourseFull"] * 5
    assert course.get_seats_taken() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_decisions_on_a_request_one_counts(ines: User, ana: User) -> None:
    course = make_course(ines, "mentored", enrollment_type="approval")
    row = moves.enroll(course=course, student=ana)

    outcomes = at_once(lambda name: MOVES[name](enrollment=row, actor=ines), ["approve", "reject"])

    assert sorted(outcomes) == ["CourseEnrollment", "MoveNotAllowed"]
    assert EnrollmentEvent.objects.count() == 2


def at_once(call: Callable[[Any], Any], arguments: list[Any]) -> list[str]:
    """Call it with each argument, all in threads of their own, and say what each came to: a type's name."""
    outcomes: list[str] = []
    start = threading.Barrier(len(arguments))

    def run(argument: Any) -> None:
        start.wait()
        try:
            outcomes.append(type(call(argument)).__name__)
        except Exception as error:
            outcomes.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[argument]) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
