"""The queue for a full course: who is next, what is offered, and what becomes of an offer."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from courses import enrollment as moves
from courses import tasks, waitlist
from courses.errors import (
    AlreadyEnrolled,
    CourseClosed,
    CourseFull,
    CourseNotFull,
    MoveNotAllowed,
    NoOffer,
    NotFound,
    NotWaiting,
    OfferLapsed,
    RestrictedCourse,
)
from courses.events import (
    EnrollmentApproved,
    EnrollmentConfirmed,
    EnrollmentEnded,
    EnrollmentRejected,
    EnrollmentRequested,
    WaitlistJoined,
    WaitlistMoved,
    WaitlistOffered,
    WaitlistOfferExpired,
)
from courses.models import Course, CourseEnrollment, LearningSession
from tests.courses.seating import Told, listening, names, pass_time, queue, trail
from tests.people import enroll, make_course, make_user
from users.events import AccountClosing, announce
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def seminar(ines: User, ana: User) -> Course:
    """One seat, which ana has."""
    course = make_course(ines, "seminar", max_capacity=1)
    moves.enroll(course=course, student=ana)
    return course


@pytest.fixture
def told() -> Iterator[Told]:
    with listening() as told:
        yield told


def seat_of(user: User, course: Course) -> CourseEnrollment:
    return CourseEnrollment.objects.get(student=user, course=course)


def give_up(user: User, course: Course) -> None:
    moves.withdraw(enrollment=seat_of(user, course), actor=user)


# Joining and leaving -------------------------------------------------------------------------------------------


def test_one_joins_at_the_end_and_keeps_the_place_when_joining_again(
    seminar: Course, ben: User, chidi: User, told: Told
) -> None:
    waitlist.join(course=seminar, student=ben)
    waitlist.join(course=seminar, student=chidi)
    waitlist.join(course=seminar, student=ben)

    assert queue(seminar) == [("ben", 1), ("chidi", 2)]
    assert told == [
        WaitlistJoined(seminar.pk, ben.pk),
        WaitlistMoved(seminar.pk),
        WaitlistJoined(seminar.pk, chidi.pk),
        WaitlistMoved(seminar.pk),
    ]
    assert trail(seminar)[1:] == [("join", "ben", "", "waiting", "ben"), ("join", "chidi", "", "waiting", "chidi")]


def test_nobody_waits_while_a_seat_is_free(ines: User, ben: User) -> None:
    course = make_course(ines, "seminar", max_capacity=1)
    with pytest.raises(CourseNotFull):
        waitlist.join(course=course, student=ben)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"status": "archived"}, CourseClosed),
        ({"status": "draft"}, CourseClosed),
        ({"enrollment_type": "restricted"}, RestrictedCourse),
        ({"waitlist_enabled": False}, CourseFull),
    ],
)
def test_a_course_without_a_queue_says_so(
    seminar: Course, ben: User, fields: dict[str, Any], error: type[Exception]
) -> None:
    Course.objects.filter(pk=seminar.pk).update(**fields)
    with pytest.raises(error):
        waitlist.join(course=seminar, student=ben)
    assert queue(seminar) == []


def test_whoever_has_a_seat_or_owns_the_course_does_not_wait(seminar: Course, ana: User, ines: User) -> None:
    with pytest.raises(AlreadyEnrolled):
        waitlist.join(course=seminar, student=ana)
    with pytest.raises(RestrictedCourse):
        waitlist.join(course=seminar, student=ines)


def test_one_leaves_and_joins_again_at_the_end(seminar: Course, ben: User, chidi: User) -> None:
    for student in (ben, chidi):
        waitlist.join(course=seminar, student=student)
    waitlist.leave(course=seminar, student=ben)
    assert queue(seminar) == [("chidi", 1)]
    waitlist.join(course=seminar, student=ben)
    assert queue(seminar) == [("chidi", 1), ("ben", 2)]

    waitlist.leave(course=seminar, student=ben)
    with pytest.raises(NotWaiting):
        waitlist.leave(course=seminar, student=ben)


def test_a_priority_comes_before_time_and_says_why(seminar: Course, ines: User, ben: User, chidi: User) -> None:
    for student in (ben, chidi):
        waitlist.join(course=seminar, student=student)
    entry = seminar.waitlist_entries.get(student=chidi)

    waitlist.set_priority(course=seminar, entry_id=entry.pk, priority=0, actor=ines, reason="Graduates in June.")

    assert queue(seminar) == [("chidi", 1), ("ben", 2)]
    assert trail(seminar)[-1] == ("priority", "chidi", "waiting", "waiting", "ines")
    assert seminar.enrollment_events.order_by("pk").last().reason == "1 → 0: Graduates in June."  # type: ignore[union-attr]
    with pytest.raises(NotFound):
        waitlist.set_priority(course=seminar, entry_id=0, priority=0, actor=ines, reason="Nobody.")


# Offers --------------------------------------------------------------------------------------------------------


def test_a_freed_seat_is_offered_to_the_next_and_kept(
    seminar: Course, ana: User, ben: User, chidi: User, settings: Any, told: Told
) -> None:
    settings.WAITLIST_OFFER_HOURS = 5
    for student in (ben, chidi):
        waitlist.join(course=seminar, student=student)
    told.clear()

    give_up(ana, seminar)

    assert queue(seminar) == [("ben", 0), ("chidi", 1)]
    offer = seminar.waitlist_entries.get(student=ben)
    assert offer.offered_at is not None
    assert offer.offer_expires_at == offer.offered_at + timedelta(hours=5)
    assert told == [WaitlistOffered(seminar.pk, ben.pk, offer.offer_expires_at), WaitlistMoved(seminar.pk)]
    assert trail(seminar)[-1] == ("offer", "ben", "waiting", "offered", None)
    for stranger in (chidi, make_user("dora")):
        with pytest.raises(CourseFull):
            moves.enroll(course=seminar, student=stranger)


def test_a_course_may_say_how_long_it_keeps_an_offer(seminar: Course, ana: User, ben: User) -> None:
    Course.objects.filter(pk=seminar.pk).update(waitlist_offer_hours=2)
    waitlist.join(course=seminar, student=ben)
    give_up(ana, seminar)
    offer = seminar.waitlist_entries.get()
    assert offer.offer_expires_at - offer.offered_at == timedelta(hours=2)  # type: ignore[operator]


@pytest.mark.parametrize("how", [waitlist.accept, moves.enroll])
def test_an_offer_is_accepted_once(seminar: Course, ana: User, ben: User, told: Told, how: Any) -> None:
    waitlist.join(course=seminar, student=ben)
    give_up(ana, seminar)
    told.clear()

    accepted = how(course=seminar, student=ben)

    assert accepted.status == "enrolled"
    assert told == [
        EnrollmentConfirmed(seminar.pk, ben.pk, accepted.pk),
        WaitlistMoved(seminar.pk, left=(ben.pk,)),
    ]
    assert trail(seminar)[-2:] == [("accept", "ben", "offered", "", "ben"), ("enroll", "ben", "", "enrolled", "ben")]
    for again in (waitlist.accept, waitlist.decline):
        with pytest.raises(AlreadyEnrolled):
            again(course=seminar, student=ben)
    assert seminar.get_seats_taken() == 1


def test_who_has_no_offer_accepts_and_declines_nothing(seminar: Course, ben: User, chidi: User) -> None:
    waitlist.join(course=seminar, student=ben)
    for student in (ben, chidi):
        for answer in (waitlist.accept, waitlist.decline):
            with pytest.raises(NoOffer):
                answer(course=seminar, student=student)
    assert queue(seminar) == [("ben", 1)]


@pytest.mark.parametrize("how", [waitlist.decline, waitlist.leave])
def test_a_declined_offer_goes_to_the_next(seminar: Course, ana: User, ben: User, chidi: User, how: Any) -> None:
    for student in (ben, chidi):
        waitlist.join(course=seminar, student=student)
    give_up(ana, seminar)

    how(course=seminar, student=ben)

    assert queue(seminar) == [("chidi", 0)]
    with pytest.raises(CourseFull):
        moves.enroll(course=seminar, student=ben)


def test_an_offer_lapses_by_the_clock_though_the_job_is_late(seminar: Course, ana: User, ben: User) -> None:
    waitlist.join(course=seminar, student=ben)
    give_up(ana, seminar)
    pass_time(hours=24.1)

    for answer in (waitlist.accept, waitlist.decline):
        with pytest.raises(OfferLapsed):
            answer(course=seminar, student=ben)
    assert queue(seminar) == []
    assert moves.enroll(course=seminar, student=make_user("dora")).status == "enrolled"
    assert trail(seminar)[-2] == ("lapse", "ben", "offered", "", None)
    with pytest.raises(OfferLapsed):
        waitlist.accept(course=seminar, student=ben)


def test_a_late_offer_rolls_on_to_the_next_before_anybody_else(
    seminar: Course, ana: User, ben: User, chidi: User, told: Told
) -> None:
    for student in (ben, chidi):
        waitlist.join(course=seminar, student=student)
    give_up(ana, seminar)
    pass_time(hours=25)
    told.clear()

    tasks.roll_on_waitlists(timestamp=0)

    assert queue(seminar) == [("chidi", 0)]
    assert names(told) == ["WaitlistOfferExpired", "WaitlistOffered", "WaitlistMoved"]
    assert WaitlistOfferExpired(seminar.pk, ben.pk) in told
    assert told[-1].left == (ben.pk,)
    told.clear()
    tasks.roll_on_waitlists(timestamp=5)
    assert told == []


def test_an_offered_one_has_no_priority(seminar: Course, ana: User, ben: User, ines: User) -> None:
    waitlist.join(course=seminar, student=ben)
    give_up(ana, seminar)
    with pytest.raises(MoveNotAllowed):
        waitlist.set_priority(
            course=seminar, entry_id=seminar.waitlist_entries.get().pk, priority=0, actor=ines, reason="Late."
        )


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
    moves.withdraw(enrollment=row, actor=ana)
    assert told == [
        EnrollmentEnded(intro.pk, ana.pk, row.pk, "Until May."),
        EnrollmentConfirmed(intro.pk, ana.pk, row.pk),
        EnrollmentEnded(intro.pk, ana.pk, row.pk, "Never came."),
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

    moves.archive(course=course, actor=ines)

    assert told == [
        EnrollmentEnded(course.pk, ben.pk, request.pk, moves.ARCHIVED),
        EnrollmentEnded(course.pk, chidi.pk, None, moves.ARCHIVED),
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


def test_a_course_that_becomes_restricted_has_no_queue(seminar: Course, ben: User) -> None:
    waitlist.join(course=seminar, student=ben)
    seminar.refresh_from_db()
    seminar.enrollment_type = "restricted"
    seminar.save()
    assert queue(seminar) == []


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
