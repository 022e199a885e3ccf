"""The queue for a full course: joined, left, and a seat of it accepted, declined or let lapse.

The order is priority, then time, then key. All of it happens under the course's lock (`courses/seats.py`), which also
offers what becomes free and takes out whoever let an offer lapse.
"""

from courses import seats
from courses.enrollment import refusal, take_seat
from courses.errors import (
    AlreadyEnrolled,
    CourseNotFull,
    MoveNotAllowed,
    NoOffer,
    NotFound,
    NotWaiting,
    OfferLapsed,
)
from courses.models import Admission, Course, CourseEnrollment, CourseWaitlist, EnrollmentEvent
from courses.seats import Seats
from users.errors import DomainError
from users.models import User


def join(*, course: Course, student: User) -> None:
    """Wait for a seat, at the end of the queue; whoever waits already keeps their place.

    Locks the account, then the course. Announces `WaitlistJoined`. Raises CourseNotFull, CourseFull where there is no
    queue, and what `enrollment.enroll` raises.
    """
    with seats.locked(course.pk, newcomer=student) as held:
        if held.queue.filter(student=student).exists():
            return
        admission = held.course.get_admission(student)
        if admission is Admission.CAN_ENROLL:
            raise CourseNotFull
        if admission is not Admission.FULL_WITH_WAITLIST:
            raise refusal(admission)
        held.join(student)


def leave(*, course: Course, student: User) -> None:
    """Wait no longer; an offered seat goes to who is next. Locks the course. Raises NotWaiting."""
    with seats.locked(course.pk) as held:
        if not held.take_out([student.pk], kind="leave", actor=student):
            raise NotWaiting


def accept(*, course: Course, student: User) -> CourseEnrollment:
    """Take the offered seat; where the course wants approval, the request keeps it until it is decided.

    Locks the account, the course, then the enrolment. Announces `EnrollmentConfirmed` or `EnrollmentRequested`.
    Raises AccountClosed, NoOffer, OfferLapsed, AlreadyEnrolled.
    """
    with seats.locked(course.pk, newcomer=student) as held:
        if not held.queue.offered().filter(student=student).exists():
            raise _no_offer(held, student)
        return take_seat(held, student=student)


def decline(*, course: Course, student: User) -> None:
    """Let the offered seat go to who is next, and leave the queue.

    Locks the course. Raises NoOffer, OfferLapsed, AlreadyEnrolled.
    """
    with seats.locked(course.pk) as held:
        if not held.queue.offered().filter(student=student).exists():
            raise _no_offer(held, student)
        held.take_out([student.pk], kind="decline", actor=student)


def set_priority(*, course: Course, entry_id: int, priority: int, actor: User, reason: str) -> None:
    """Move somebody who waits: the lower the number, the sooner the turn. Locks the course. Who has this priority
    already is not moved, and nobody is told.

    Raises NotFound, MoveNotAllowed.
    """
    with seats.locked(course.pk) as held:
        entry = held.queue.filter(pk=entry_id).select_related("student").first()
        if entry is None:
            raise NotFound
        if entry.notified_of_opening:
            raise MoveNotAllowed("A seat is offered to them already.")
        if priority != entry.priority:
            held.set_priority(entry, priority, actor=actor, reason=reason)


MOST_COURSES_AT_ONCE = 500


def roll_on() -> None:
    """Pass on the seats of all offers that lapsed, course by course, each in a transaction of its own."""
    lapsed = CourseWaitlist.objects.lapsed().order_by("course").values_list("course", flat=True)
    for course_id in list(lapsed.distinct()[:MOST_COURSES_AT_ONCE]):
        with seats.locked_all([course_id]):
            pass  # whoever takes the lock passes them on


def _no_offer(held: Seats, student: User) -> DomainError:
    """Why there is nothing to accept or decline."""
    enrollment = CourseEnrollment.objects.filter(course=held.course, student=student).first()
    if enrollment is not None and enrollment.status not in ("withdrawn", "rejected"):
        return AlreadyEnrolled()
    trail = EnrollmentEvent.objects.filter(course=held.course, student=student)
    last = trail.order_by("-pk").values_list("kind", flat=True).first()
    return OfferLapsed() if last in ("offer", "lapse") else NoOffer()
