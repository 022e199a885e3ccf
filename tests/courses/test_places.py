"""Seats and places in queues as others decide, and as courses and accounts change."""

from uuid import uuid4

import pytest
from django.db import transaction

from courses import authoring, waitlist
from courses import enrollment as moves
from courses.errors import CourseClosed, CourseFull
from courses.events import (
    EnrollmentApproved,
    EnrollmentConfirmed,
    EnrollmentEnded,
    EnrollmentRejected,
    EnrollmentRequested,
    WaitlistMoved,
)
from courses.models import Course, LearningSession
from tests.courses.seating import Told, give_up, names, queue, seat_of, trail
from tests.people import enroll, make_course, make_user
from users.events import AccountClosing, announce
from users.models import User

pytestmark = pytest.mark.django_db


# Approval ------------------------------------------------------------------------------------------------------


@pytest.fixture
def mentored(ines: User, ana: User) -> Course:
    """One seat, which ana has; everybody else needs approval."""
    course = make_course(ines, "mentored", max_capacity=1, enrollment_type="approval")
    enroll(ana, course)
    return course


def test_an_accepted_offer_of_an_approval_course_keeps_the_seat_until_decided(
    mentored: Course, ana: User, ben: User, chidi: User, ines: User, told: Told
) -> None:
    for student in (ben, chidi):
        waitlist.join(course=mentored, student=student)
    give_up(ana, mentored)
    told.clear()

    request = waitlist.accept(course=mentored, student=ben)
    assert (request.status, request.from_offer) == ("pending", True)
    assert told[0] == EnrollmentRequested(mentored.pk, ben.pk, request.pk)
    assert mentored.is_full()
    told.clear()

    moves.reject(enrollment=request, actor=ines, reason="Not this time.")
    assert EnrollmentRejected(mentored.pk, ben.pk, request.pk, "Not this time.") in told
    assert sorted(names(told)) == ["EnrollmentRejected", "WaitlistMoved", "WaitlistOffered"]
    assert queue(mentored) == [("chidi", 0)]


def test_an_approved_request_is_told(ines: User, ana: User, told: Told) -> None:
    course = make_course(ines, "mentored", enrollment_type="approval")
    request = moves.enroll(course=course, student=ana)
    moves.approve(enrollment=request, actor=ines)
    assert told == [
        EnrollmentRequested(course.pk, ana.pk, request.pk),
        EnrollmentApproved(course.pk, ana.pk, request.pk),
    ]


# Moves of others -----------------------------------------------------------------------------------------------


def test_what_others_do_to_a_place_is_told_and_ones_own_is_not(
    intro: Course, ana: User, ines: User, told: Told
) -> None:
    row = seat_of(ana, intro)
    moves.pause(enrollment=row, actor=ines, reason="Until May.")
    moves.resume(enrollment=row, actor=ines)
    moves.withdraw(enrollment=row, actor=ines, reason="Never came.")
    moves.enroll(course=intro, student=ana)
    moves.pause(enrollment=row, actor=ana)  # as staff may
    moves.withdraw(enrollment=row, actor=ana)
    assert told == [
        EnrollmentEnded(intro.pk, ana.pk, row.pk, "paused", "Until May."),
        EnrollmentConfirmed(intro.pk, ana.pk, row.pk, was_given=True),
        EnrollmentEnded(intro.pk, ana.pk, row.pk, "removed", "Never came."),
        EnrollmentConfirmed(intro.pk, ana.pk, row.pk),
    ]


def test_completing_keeps_seat_and_access(seminar: Course, ana: User) -> None:
    session = LearningSession.objects.create(enrollment=seat_of(ana, seminar), user=ana, key=uuid4())
    with transaction.atomic():
        moves.complete(enrollments=[seat_of(ana, seminar)])
    assert seat_of(ana, seminar).completed_on is not None
    assert seminar.is_full()
    session.refresh_from_db()
    assert session.end_reason == ""
    give_up(ana, seminar)
    assert moves.enroll(course=seminar, student=ana).completed_on is None


def test_admitting_somebody_who_waits_takes_them_out_of_the_queue(
    seminar: Course, ana: User, ben: User, ines: User
) -> None:
    waitlist.join(course=seminar, student=ben)
    with pytest.raises(CourseFull):
        moves.admit(course=seminar, student=ben, actor=ines)
    assert queue(seminar) == [("ben", 1)]
    give_up(ana, seminar)
    moves.admit(course=seminar, student=ben, actor=ines)
    assert queue(seminar) == []
    assert seminar.get_seats_taken() == 1


# Courses and accounts that change ------------------------------------------------------------------------------


def test_a_raised_capacity_is_offered_at_once(seminar: Course, ben: User, chidi: User, told: Told) -> None:
    students = [ben, chidi, make_user("dora")]
    for student in students:
        waitlist.join(course=seminar, student=student)
    told.clear()
    seminar.refresh_from_db()
    seminar.max_capacity = 3
    seminar.save()
    assert queue(seminar) == [("ben", 0), ("chidi", 0), ("dora", 1)]
    assert names(told) == ["WaitlistOffered", "WaitlistOffered", "WaitlistMoved"]
    seminar.max_capacity = None
    seminar.save(update_fields=["max_capacity"])
    assert queue(seminar) == [("ben", 0), ("chidi", 0), ("dora", 0)]


def test_a_lowered_capacity_evicts_nobody_and_admits_nobody_until_below(ines: User) -> None:
    course = make_course(ines, "seminar", max_capacity=3)
    students = [make_user(f"s{number}") for number in range(5)]
    for student in students[:3]:
        moves.enroll(course=course, student=student)
    for student in students[3:]:
        waitlist.join(course=course, student=student)
    give_up(students[0], course)
    course = Course.objects.get(pk=course.pk)
    course.max_capacity = 1
    course.save()

    assert course.get_seats_taken() == 3
    assert waitlist.accept(course=course, student=students[3]).status == "enrolled"  # the offer was held
    give_up(students[1], course)
    give_up(students[2], course)
    assert queue(course) == [("s4", 1)]
    give_up(students[3], course)
    assert queue(course) == [("s4", 0)]


def test_archiving_ends_queue_and_requests_and_leaves_the_enrolled(
    ines: User, ana: User, ben: User, chidi: User, told: Told
) -> None:
    course = make_course(ines, "mentored", max_capacity=1, enrollment_type="approval")
    enroll(ana, course)
    request = enroll(ben, course, "pending")
    waitlist.join(course=course, student=chidi)
    told.clear()

    authoring.set_status(course=course, status=Course.Status.ARCHIVED, actor=ines)

    assert told == [
        EnrollmentEnded(course.pk, ben.pk, request.pk, "archived"),
        EnrollmentEnded(course.pk, chidi.pk, None, "archived"),
        WaitlistMoved(course.pk, left=(chidi.pk,)),
    ]
    assert seat_of(ana, course).status == "enrolled"
    assert seat_of(ben, course).status == "withdrawn"
    assert {("close", "chidi", "waiting", "", "ines"), ("withdraw", "ben", "pending", "withdrawn", "ines")} <= set(
        trail(course)
    )
    give_up(ana, course)
    for refused in (moves.enroll, waitlist.join):
        with pytest.raises(CourseClosed):
            refused(course=course, student=chidi)
    with pytest.raises(CourseClosed):
        moves.admit(course=course, student=chidi, actor=ines)


def test_a_course_that_becomes_restricted_has_no_queue(seminar: Course, ben: User, ines: User, told: Told) -> None:
    waitlist.join(course=seminar, student=ben)
    told.clear()
    authoring.change_course(course=seminar, actor=ines, enrollment_type="restricted")
    assert queue(seminar) == []
    assert told[0] == EnrollmentEnded(seminar.pk, ben.pk, None, "restricted")
    assert trail(seminar)[-1] == ("close", "ben", "waiting", "", "ines")


def test_a_course_that_a_program_saves_is_followed_too(seminar: Course, ben: User) -> None:
    waitlist.join(course=seminar, student=ben)
    seminar.refresh_from_db()
    seminar.enrollment_type = "restricted"
    seminar.save()
    assert queue(seminar) == []
    assert trail(seminar)[-1] == ("close", "ben", "waiting", "", None)


def test_a_disabled_account_is_not_waited_for_and_its_sessions_end(
    seminar: Course, ana: User, ben: User, chidi: User
) -> None:
    for student in (ben, chidi):
        waitlist.join(course=seminar, student=student)
    give_up(ana, seminar)
    other = make_course(seminar.owner, "other")
    session = LearningSession.objects.create(enrollment=moves.enroll(course=other, student=ben), user=ben, key=uuid4())
    ben.refresh_from_db()

    ben.is_active = False
    ben.save()

    assert queue(seminar) == [("chidi", 0)]
    session.refresh_from_db()
    assert session.end_reason == "access_ended"
    assert seat_of(ben, other).status == "enrolled"


def test_a_closing_account_gives_up_everything_but_what_it_completed(
    seminar: Course, ana: User, ben: User, chidi: User
) -> None:
    waitlist.join(course=seminar, student=ben)
    other = make_course(seminar.owner, "other", max_capacity=1)
    done = make_course(seminar.owner, "done")
    moves.enroll(course=other, student=chidi)
    waitlist.join(course=other, student=ana)
    enroll(ana, done, "completed")
    session = LearningSession.objects.create(enrollment=seat_of(ana, seminar), user=ana, key=uuid4())

    announce(AccountClosing(ana.pk))

    assert queue(seminar) == [("ben", 0)]
    assert queue(other) == []
    assert (seat_of(ana, seminar).status, seat_of(ana, done).status) == ("withdrawn", "completed")
    session.refresh_from_db()
    assert session.end_reason == "access_ended"
