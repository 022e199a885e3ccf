"""What tests of seats have in common: what was announced, who waits, and time that passes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.db.models import F

from courses import enrollment, seats
from courses.models import Course, CourseEnrollment, CourseWaitlist, EnrollmentEvent
from users.models import User

Told = list[Any]


@contextmanager
def listening() -> Iterator[Told]:
    """Every event that seats and enrolments announce meanwhile; whoever subscribed hears them too."""
    told: Told = []
    announce = seats.announce

    def hear(event: object) -> None:
        told.append(event)
        announce(event)

    with patch.object(seats, "announce", hear), patch.object(enrollment, "announce", hear):
        yield told


def names(told: Told) -> list[str]:
    return [type(event).__name__ for event in told]


def queue(course: Course) -> list[tuple[str, int]]:
    """Who is in it, in turn, with their positions."""
    entries = course.waitlist_entries.with_position().order_by("position", "offer_expires_at", "pk")
    return [(entry.student.username, entry.position) for entry in entries.select_related("student")]


def pass_time(*, hours: float) -> None:
    """So much time passes for every queue."""
    gone = timedelta(hours=hours)
    CourseWaitlist.objects.update(joined_waitlist=F("joined_waitlist") - gone)
    CourseWaitlist.objects.filter(notified_of_opening=True).update(
        offered_at=F("offered_at") - gone, offer_expires_at=F("offer_expires_at") - gone
    )


def trail(course: Course) -> list[tuple[str, str, str, str, str | None]]:
    """The audit trail: the move, whose, from, to, by whom."""
    events = EnrollmentEvent.objects.filter(course=course).select_related("student", "actor").order_by("pk")
    return [
        (e.kind, e.student.username, e.from_status, e.to_status, e.actor.username if e.actor else None) for e in events
    ]


def seat_of(user: User, course: Course) -> CourseEnrollment:
    return CourseEnrollment.objects.get(student=user, course=course)


def give_up(user: User, course: Course) -> None:
    enrollment.withdraw(enrollment=seat_of(user, course), actor=user)
