"""Courses: publishing, seats, and who may take one."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courses.models import Course, CourseEnrollment, CourseWaitlist
from tests.conftest import enroll, make_course, make_user
from users.models import User

pytestmark = pytest.mark.django_db


def offer(user: User, course: Course, *, hours: float = 24) -> CourseWaitlist:
    """A seat offered to this user, that lapses in so many hours."""
    now = timezone.now()
    return CourseWaitlist.objects.create(
        course=course,
        student=user,
        notified_of_opening=True,
        offered_at=now - timedelta(hours=48),
        offer_expires_at=now + timedelta(hours=hours),
    )


@pytest.fixture
def seminar(ines: User) -> Course:
    """A published open course with one seat and a waitlist."""
    return make_course(ines, "seminar", max_capacity=1)


# Publishing ----------------------------------------------------------------------------------------------------


def test_a_published_course_has_a_module(ines: User) -> None:
    for course in (make_course(ines, "empty", modules=0), Course(owner=ines, status="published")):
        with pytest.raises(ValidationError, match="Published courses must have at least one module"):
            course.clean()


def test_the_first_publication_is_noted_whatever_fields_are_saved(ines: User) -> None:
    course = make_course(ines, "new", status="draft")

    course.status = "published"
    course.save(update_fields=["status"])
    first = Course.objects.get(pk=course.pk).published_at
    course.save()

    assert first is not None
    assert Course.objects.get(pk=course.pk).published_at == first


# Seats ---------------------------------------------------------------------------------------------------------


def test_the_shown_count_is_of_the_enrolled_and_the_completed(ines: User) -> None:
    course = make_course(ines, "busy")
    for status in CourseEnrollment.Status.values:
        enroll(make_user(status), course, status)

    assert course.get_enrollment_count() == 2
    assert [found.enrollment_count for found in Course.objects.with_enrollment_count()] == [2]


def test_seats_are_held_also_by_the_paused_by_standing_offers_and_by_requests_born_of_one(ines: User) -> None:
    course = make_course(ines, "busy")
    for status in CourseEnrollment.Status.values:
        enroll(make_user(status), course, status)
    enrolled_completed_paused = 3
    CourseEnrollment.objects.filter(status="pending").update(from_offer=True)
    offer(make_user("offered"), course)
    offer(make_user("late"), course, hours=-1)
    CourseWaitlist.objects.create(course=course, student=make_user("waiting"))

    assert course.get_seats_taken() == enrolled_completed_paused + 2


def test_a_course_without_capacity_is_never_full(intro: Course) -> None:
    assert intro.max_capacity is None
    assert not intro.is_full()


@pytest.mark.parametrize("status", ["enrolled", "completed", "paused"])
def test_the_last_seat_makes_it_full(seminar: Course, ana: User, status: str) -> None:
    assert not seminar.is_full()
    enroll(ana, seminar, status)
    assert seminar.is_full()


def test_a_lapsed_offer_holds_no_seat(seminar: Course, ana: User) -> None:
    offer(ana, seminar, hours=-1)
    assert not seminar.is_full()


# Who may enrol -------------------------------------------------------------------------------------------------


def test_whoever_is_new_can_enroll(intro: Course, chidi: User) -> None:
    assert intro.can_enroll(chidi) == (True, "Can enroll")


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("pending", (False, "Approval pending")),
        ("enrolled", (False, "Already enrolled")),
        ("completed", (False, "Already enrolled")),
        ("paused", (False, "Enrollment paused")),
        ("withdrawn", (True, "Can enroll")),
        ("rejected", (True, "Can enroll")),
    ],
)
def test_ones_own_state_decides(intro: Course, chidi: User, status: str, answer: tuple[bool, str]) -> None:
    enroll(chidi, intro, status)
    assert intro.can_enroll(chidi) == answer


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"status": "draft"}, "Not open for enrollment"),
        ({"status": "archived"}, "Not open for enrollment"),
        ({"enrollment_type": "restricted"}, "Restricted course"),
        ({"enrollment_type": "restricted", "status": "draft"}, "Not open for enrollment"),
        ({"max_capacity": 1}, "Course full - can join waitlist"),
        ({"max_capacity": 1, "waitlist_enabled": False}, "Course full - no waitlist"),
        ({"max_capacity": 1, "enrollment_type": "restricted"}, "Restricted course"),
    ],
)
def test_the_course_decides(ines: User, ana: User, chidi: User, fields: dict[str, Any], message: str) -> None:
    course = make_course(ines, "picky", **fields)
    enroll(ana, course)

    assert course.can_enroll(chidi) == (False, message)


def test_a_course_that_wants_approval_can_be_asked(ines: User, chidi: User) -> None:
    course = make_course(ines, "mentored", enrollment_type="approval")
    assert course.can_enroll(chidi) == (True, "Can enroll")


def test_the_owner_is_told_so(intro: Course, ines: User) -> None:
    assert intro.can_enroll(ines) == (False, "Owner of the course")


def test_strangers_get_an_answer(intro: Course, seminar: Course, ana: User) -> None:
    enroll(ana, seminar)
    restricted = make_course(ana, "circle", enrollment_type="restricted")

    assert intro.can_enroll(AnonymousUser()) == (False, "Sign in to enroll")
    assert seminar.can_enroll(AnonymousUser()) == (False, "Sign in to enroll")
    assert restricted.can_enroll(AnonymousUser()) == (False, "Restricted course")


def test_a_free_seat_belongs_to_those_who_wait(seminar: Course, ana: User, ben: User) -> None:
    CourseWaitlist.objects.create(course=seminar, student=ana)

    assert not seminar.is_full()
    assert seminar.can_enroll(ben) == (False, "Course full - can join waitlist")


def test_an_offered_seat_is_free_for_whom_it_is_offered_to(seminar: Course, ana: User, ben: User) -> None:
    offer(ana, seminar)

    assert seminar.can_enroll(ana) == (True, "Can enroll")
    assert seminar.can_enroll(ben) == (False, "Course full - can join waitlist")


# Lists ---------------------------------------------------------------------------------------------------------


def test_a_list_answers_for_everybody_it_was_read_for_and_for_nobody_else(
    intro: Course, seminar: Course, ana: User, ben: User, chidi: User
) -> None:
    enroll(ben, seminar)
    for user in (ana, ben, chidi, intro.owner, AnonymousUser()):
        listed = {course.pk: course.can_enroll(user) for course in Course.objects.with_admission(user)}
        assert listed == {course.pk: course.can_enroll(user) for course in Course.objects.all()}

    read_for_ana = Course.objects.with_admission(ana).get(pk=intro.pk)
    assert read_for_ana.can_enroll(chidi) == (True, "Can enroll")


def test_a_list_of_courses_is_one_query(intro: Course, seminar: Course, ana: User, ben: User) -> None:
    enroll(ben, seminar)
    courses = Course.objects.select_related("owner", "subject").with_enrollment_count().with_admission(ana)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        answers = {course.slug: (course.enrollment_count, course.can_enroll(ana)[1]) for course in courses}

    assert len(queries) == 1
    assert answers == {"intro": (2, "Already enrolled"), "seminar": (1, "Course full - can join waitlist")}


def test_one_course_is_one_query(intro: Course, chidi: User) -> None:
    with CaptureQueriesContext(connection) as queries:
        intro.can_enroll(chidi)
    assert len(queries) == 1
