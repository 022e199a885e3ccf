"""News for the tests: what the domain would announce, announced, committed."""

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from courses.events import Place
    from courses.models import Course, CourseWaitlist
    from users.models import User


def announce_all(*events: "Place") -> None:
    """Announce these in one transaction, and commit it."""
    from django.db import transaction

    from users.events import announce

    with transaction.atomic():
        for event in events:
            announce(event)


def confirm(course: "Course", *students: "User", times: int = 1) -> None:
    """One transaction that tells each of these students so many times that they have a seat."""
    from courses.events import EnrollmentConfirmed

    announce_all(*(EnrollmentConfirmed(course.pk, one.pk, 1) for _ in range(times) for one in students))


def numbers_of(user: "User") -> list[int]:
    """The numbers of this user's notifications, in the order in which they were written."""
    from realtime.models import Notification

    return list(Notification.objects.filter(user=user).order_by("id").values_list("number", flat=True))


def queue(course: "Course", *students: "User") -> "list[CourseWaitlist]":
    """Put them into the queue, in this order, and say that it moved."""
    from django.db import transaction

    from courses.events import WaitlistMoved
    from courses.models import CourseWaitlist
    from users.events import announce

    with transaction.atomic():
        entries = [CourseWaitlist.objects.create(course=course, student=student) for student in students]
        announce(WaitlistMoved(course.pk))
    return entries


def offer(entry: "CourseWaitlist", *, hours: float = 48.0) -> None:
    """Offer this one a seat for so many hours, and say that the queue moved."""
    from django.db import transaction
    from django.utils import timezone

    from courses.events import WaitlistMoved
    from users.events import announce

    with transaction.atomic():
        entry.notified_of_opening = True
        entry.offered_at = timezone.now() - timedelta(hours=1)
        entry.offer_expires_at = timezone.now() + timedelta(hours=hours)
        entry.save()
        announce(WaitlistMoved(entry.course_id))


def leave_queue(entry: "CourseWaitlist") -> None:
    """Take this one out of the queue, and say that it moved."""
    from django.db import transaction

    from courses.events import WaitlistMoved
    from users.events import announce

    with transaction.atomic():
        course, student = entry.course_id, entry.student_id
        entry.delete()
        announce(WaitlistMoved(course, left=(student,)))
