"""The queue for a full course: who is next, what is offered, and what becomes of an offer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from courses import bulk, tasks, waitlist
from courses import enrollment as moves
from courses.errors import (
    AlreadyEnrolled,
    CourseClosed,
    CourseFull,
    CourseNotFull,
    ImportRefused,
    MoveNotAllowed,
    NoOffer,
    NotFound,
    NotWaiting,
    OfferLapsed,
    RestrictedCourse,
)
from courses.events import (
    EnrollmentConfirmed,
    WaitlistJoined,
    WaitlistMoved,
    WaitlistOffered,
    WaitlistOfferExpired,
)
from courses.models import Course, CourseEnrollment, CourseWaitlist
from tests.courses.seating import Told, give_up, names, pass_time, queue, trail
from tests.people import make_course, make_user
from users.models import User

pytestmark = pytest.mark.django_db


def an_offer_lapses(course: Course, *, gives_up: User, wait: tuple[User, ...]) -> None:
    """They wait in this order, the first was offered the seat of who gives up, and no job has come by since."""
    for student in wait:
        waitlist.join(course=course, student=student)
    give_up(gives_up, course)
    pass_time(hours=25)


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


def test_who_has_the_priority_already_is_not_moved(seminar: Course, ines: User, ben: User, told: Told) -> None:
    waitlist.join(course=seminar, student=ben)
    entry = seminar.waitlist_entries.get()
    before = trail(seminar)
    told.clear()
    waitlist.set_priority(course=seminar, entry_id=entry.pk, priority=entry.priority, actor=ines, reason="Again.")
    assert trail(seminar) == before
    assert told == []


# Offers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [5, 0.5])
def test_a_freed_seat_is_offered_to_the_next_and_kept(
    seminar: Course, ana: User, ben: User, chidi: User, settings: Any, told: Told, hours: float
) -> None:
    settings.WAITLIST_OFFER_HOURS = hours
    for student in (ben, chidi):
        waitlist.join(course=seminar, student=student)
    told.clear()

    give_up(ana, seminar)

    assert queue(seminar) == [("ben", 0), ("chidi", 1)]
    offer = seminar.waitlist_entries.get(student=ben)
    assert offer.offered_at is not None
    assert offer.offer_expires_at == offer.offered_at + timedelta(hours=hours)
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
    an_offer_lapses(seminar, gives_up=ana, wait=(ben, chidi))
    told.clear()

    tasks.roll_on_waitlists(timestamp=0)

    assert queue(seminar) == [("chidi", 0)]
    assert names(told) == ["WaitlistOfferExpired", "WaitlistOffered", "WaitlistMoved"]
    assert WaitlistOfferExpired(seminar.pk, ben.pk) in told
    assert told[-1].left == (ben.pk,)
    told.clear()
    tasks.roll_on_waitlists(timestamp=5)
    assert told == []


def test_a_lapsed_offers_seat_is_the_nexts_though_the_job_is_late(
    seminar: Course, ana: User, ben: User, chidi: User, told: Told
) -> None:
    an_offer_lapses(seminar, gives_up=ana, wait=(ben, chidi))
    told.clear()

    accepted = waitlist.accept(course=seminar, student=chidi)

    assert accepted.status == "enrolled"
    assert queue(seminar) == []
    assert names(told) == ["WaitlistOfferExpired", "WaitlistOffered", "EnrollmentConfirmed", "WaitlistMoved"]


@contextmanager
def the_next_lapses_too(course: Course, *, gives_up: User, first: User, then: User) -> Iterator[None]:
    """Both were offered a seat. The first has let it lapse, and within, the other does as that one is taken out."""
    for student in (first, then):
        waitlist.join(course=course, student=student)
    wider = Course.objects.get(pk=course.pk)
    wider.max_capacity = 2
    wider.save()
    give_up(gives_up, course)
    assert queue(course) == [(first.username, 0), (then.username, 0)]
    pass_time(hours=23)
    lapsed, day = course.waitlist_entries.filter(student=first), timedelta(days=1)
    lapsed.update(offered_at=F("offered_at") - day, offer_expires_at=F("offer_expires_at") - day)
    lapses = [pass_time]

    def and_then_the_next(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        done = execute(sql, *arguments)
        if sql.startswith('DELETE FROM "courses_coursewaitlist"') and lapses:
            lapses.pop()(hours=2)
        return done

    with connection.execute_wrapper(and_then_the_next):
        yield


def test_an_offer_that_lapses_right_behind_another_is_told_as_that(
    seminar: Course, ana: User, ben: User, chidi: User, told: Told
) -> None:
    """Between the two it is neither found lapsed with the first, nor taken for one of a disabled account."""
    with the_next_lapses_too(seminar, gives_up=ana, first=ben, then=chidi):
        tasks.roll_on_waitlists(timestamp=0)
    tasks.roll_on_waitlists(timestamp=0)

    assert names(told).count("WaitlistOfferExpired") == 2
    assert [kind for kind, *_ in trail(seminar)][-2:] == ["lapse", "lapse"]


def test_a_seat_whose_offer_lapses_meanwhile_is_not_given_twice(
    seminar: Course, ana: User, ben: User, chidi: User, ines: User
) -> None:
    """Offered to who is next, and given by the owner to whoever had it."""
    with the_next_lapses_too(seminar, gives_up=ana, first=ben, then=chidi):
        for name in ("dora", "emil"):
            CourseWaitlist.objects.create(course=seminar, student=make_user(name))
        moves.admit(course=seminar, student=chidi, actor=ines)

    assert queue(seminar) == [("dora", 0), ("emil", 1)]
    assert seminar.get_seats_taken() == 2


@pytest.mark.parametrize("asks", [True, False])
def test_a_seat_whose_offer_lapses_meanwhile_is_given_past_nobody(
    seminar: Course, ana: User, ben: User, chidi: User, ines: User, asks: bool
) -> None:
    fay = make_user("fay")
    with the_next_lapses_too(seminar, gives_up=ana, first=ben, then=chidi):
        for name in ("dora", "emil"):
            CourseWaitlist.objects.create(course=seminar, student=make_user(name))
        with pytest.raises(CourseFull):
            if asks:
                request = CourseEnrollment.objects.create(course=seminar, student=fay, status="pending")
                moves.approve(enrollment=request, actor=ines)
            else:
                moves.admit(course=seminar, student=fay, actor=ines)


def test_an_owner_gives_the_seat_of_a_lapsed_offer_to_nobody_but_the_next(
    seminar: Course, ana: User, ben: User, chidi: User, ines: User
) -> None:
    """As while the offer stood, and as after the job."""
    an_offer_lapses(seminar, gives_up=ana, wait=(ben, chidi))
    asked = CourseEnrollment.objects.create(course=seminar, student=make_user("dora"), status="pending")
    lines = bulk.lines_of_list(["emil"])
    emil = make_user("emil")

    with pytest.raises(CourseFull):
        moves.admit(course=seminar, student=emil, actor=ines)
    with pytest.raises(CourseFull):
        moves.approve(enrollment=asked, actor=ines)
    with pytest.raises(ImportRefused):
        bulk.enroll_all(course=seminar, lines=lines, actor=ines)

    tasks.roll_on_waitlists(timestamp=0)
    assert queue(seminar) == [("chidi", 0)]


@pytest.mark.parametrize("closing", ["ben", "chidi"])
def test_who_closes_the_account_is_told_of_no_offer(
    seminar: Course, ana: User, ben: User, chidi: User, told: Told, closing: str
) -> None:
    """What became of it meanwhile would stay behind as news of an account that has none."""
    an_offer_lapses(seminar, gives_up=ana, wait=(ben, chidi))
    told.clear()
    leaving = User.objects.get(username=closing)

    moves.leave_all(leaving.pk)

    assert leaving.pk not in {event.student_id for event in told if not isinstance(event, WaitlistMoved)}
    assert queue(seminar) == ([("chidi", 0)] if closing == "ben" else [])


def test_an_offered_one_has_no_priority(seminar: Course, ana: User, ben: User, ines: User) -> None:
    waitlist.join(course=seminar, student=ben)
    give_up(ana, seminar)
    with pytest.raises(MoveNotAllowed):
        waitlist.set_priority(
            course=seminar, entry_id=seminar.waitlist_entries.get().pk, priority=0, actor=ines, reason="Late."
        )
