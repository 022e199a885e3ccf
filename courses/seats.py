"""The lock of a course's seats, and the queue for them.

Whoever gives a seat, takes one back or changes the queue does it inside `locked`. That locks the course, passes the
seats of lapsed offers on, and offers, when the caller is done, every free seat to who is next: no way of freeing a seat
can forget those who wait. What happened is announced at the very end, in order of the people it is for, after all that
is written. Nothing else writes `CourseWaitlist`.

A queue's states in the audit trail are "waiting" and "offered".
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists
from django.db.models.functions import Now

from courses.errors import AccountClosed, NotFound
from courses.events import (
    EndCause,
    EnrollmentEnded,
    EnrollmentRequested,
    Place,
    WaitlistJoined,
    WaitlistMoved,
    WaitlistOffered,
    WaitlistOfferExpired,
)
from courses.models import Course, CourseWaitlist, EnrollmentEvent
from courses.models.enrollment import CourseWaitlistQuerySet
from users.events import announce
from users.models import User

WAITING = "waiting"
OFFERED = "offered"


class Seats:
    """The seats and the queue of one course, inside `locked`. `now` is PostgreSQL's clock, read under the lock."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.queue: CourseWaitlistQuerySet = CourseWaitlist.objects.filter(course=course)
        self.happened: list[Place] = []
        """What is to be announced at the end."""
        self._left: set[int] = set()
        self._has_moved = False
        self.now: datetime
        self.now, self._has_queue, has_gone, self._has_waiting = Course.objects.values_list(
            Now(), Exists(self.queue), Exists(self.queue.gone()), Exists(self.queue.waiting())
        ).get(pk=course.pk)
        if has_gone:
            self._roll_on()
            self._offer_free_seats()  # to who is next, before the caller can give them to anybody else

    # The queue

    def join(self, student: User) -> CourseWaitlist:
        """Add the student to its end."""
        entry = CourseWaitlist.objects.create(course=self.course, student=student)
        self.queue.filter(pk=entry.pk).update(joined_waitlist=Now())  # Django stamps it with this machine's clock
        self.record(EnrollmentEvent(student=student, actor=student, kind="join", to_status=WAITING))
        self.happened.append(WaitlistJoined(self.course.pk, student.pk))
        self._has_moved = self._has_queue = self._has_waiting = True
        return entry

    def take_out(
        self, student_ids: Collection[int], *, kind: str, actor: User | None, reason: str = ""
    ) -> dict[int, bool]:
        """Remove these students; those who were in it, and whether a seat was offered to them."""
        return self._delete(self.queue.filter(student__in=student_ids), kind=kind, actor=actor, reason=reason)

    def close_queue(self, *, actor: User | None, cause: EndCause, reason: str) -> None:
        """Send everybody home, and tell them why. `reason` is for the audit trail."""
        for student_id in self._delete(self.queue, kind="close", actor=actor, reason=reason):
            self.happened.append(EnrollmentEnded(self.course.pk, student_id, enrollment_id=None, cause=cause))

    def set_priority(self, entry: CourseWaitlist, priority: int, *, actor: User, reason: str) -> None:
        self.queue.filter(pk=entry.pk).update(priority=priority)
        change = f"{entry.priority} → {priority}" + (f": {reason}" if reason else "")
        moved = {"from_status": WAITING, "to_status": WAITING}
        self.record(EnrollmentEvent(student=entry.student, actor=actor, kind="priority", reason=change, **moved))
        self._has_moved = True

    def record(self, *events: EnrollmentEvent) -> None:
        """Write these into the audit trail."""
        for event in events:
            event.course = self.course
        EnrollmentEvent.objects.bulk_create(events)

    def _delete(
        self, entries: CourseWaitlistQuerySet, *, kind: str, actor: User | None, reason: str = ""
    ) -> dict[int, bool]:
        found = dict(entries.values_list("student", "notified_of_opening")) if self._has_queue else {}
        if found:
            entries.filter(student__in=found).delete()
            self.record(
                *(
                    EnrollmentEvent(
                        student_id=student_id,
                        actor=actor,
                        kind=kind,
                        from_status=OFFERED if was_offered else WAITING,
                        reason=reason,
                    )
                    for student_id, was_offered in found.items()
                )
            )
            self._left.update(found)
            self._has_moved = True
        return found

    def _roll_on(self) -> None:
        """Take out whoever let an offer lapse, and whose account is disabled. An offer that lapses only now is for the
        next time: whoever had it is to be told."""
        lapsed = self._delete(self.queue.lapsed(), kind="lapse", actor=None)
        self.happened += [WaitlistOfferExpired(self.course.pk, student_id) for student_id in sorted(lapsed)]
        disabled = self.queue.filter(student__is_active=False)
        self._delete(disabled, kind="leave", actor=None, reason="The account is disabled.")

    # Seats

    def recipient_of(self, event: Place) -> int:
        """Whom it is for: the learner, or the owner who has to decide."""
        return self.course.owner_id if isinstance(event, EnrollmentRequested) else event.student_id

    def finish(self) -> WaitlistMoved | None:
        """Offer what is free. What to announce of the queue, if it changed."""
        if self._has_waiting:
            self._offer_free_seats()
        return WaitlistMoved(self.course.pk, tuple(sorted(self._left))) if self._has_moved else None

    def free(self) -> int | None:
        """How many seats nobody holds; None where there is no limit. An offer that has lapsed only just now holds its
        seat until the next time: whoever has it may be given it in this very transaction."""
        capacity = self.course.max_capacity
        if capacity is None:
            return None
        offers = self.queue.filter(notified_of_opening=True)
        return max(0, capacity - self.course.course_enrollments.holding_seats().count() - offers.count())

    def _offer_free_seats(self) -> None:
        free = self.free() if self.course.status == Course.Status.PUBLISHED else 0
        next_ones = list(self.queue.waiting().in_turn().values_list("student", flat=True)[:free])
        if not next_ones:
            return
        hours = self.course.waitlist_offer_hours or settings.WAITLIST_OFFER_HOURS
        expires_at = self.now + timedelta(hours=hours)
        self.queue.filter(student__in=next_ones).update(
            notified_of_opening=True, offered_at=self.now, offer_expires_at=expires_at
        )
        moved = {"kind": "offer", "from_status": WAITING, "to_status": OFFERED}
        self.record(*(EnrollmentEvent(student_id=student_id, **moved) for student_id in next_ones))
        self.happened += [WaitlistOffered(self.course.pk, student_id, expires_at) for student_id in next_ones]
        self._has_moved = True


@contextmanager
def locked(course_id: int, *, newcomer: User | None = None) -> Iterator[Seats]:
    """The seats of this course, for a transaction of one's own or within one.

    `newcomer` is who may get a seat or a place in the queue: their account is locked before the course, so that they
    get none while it closes. Raises NotFound, AccountClosed.
    """
    with locked_all([course_id], newcomer=newcomer) as found:
        if not found:
            raise NotFound
        yield found[0]


@contextmanager
def locked_all(course_ids: Collection[int], *, newcomer: User | None = None) -> Iterator[Sequence[Seats]]:
    """The seats of these courses, locked by id. Raises AccountClosed."""
    with transaction.atomic():
        if newcomer is not None and not lock_accounts([newcomer.pk]):
            raise AccountClosed
        found = [Seats(course) for course in lock_courses(course_ids)]
        yield found
        moves = [one.finish() for one in found]
        happened = [(one.recipient_of(event), event) for one in found for event in one.happened]
        for _, event in sorted(happened, key=lambda told: told[0]):
            announce(event)
        for move in moves:
            if move is not None:
                announce(move)


def lock_accounts(user_ids: Collection[int]) -> list[int]:
    """Those whose account is active, and stays so until the transaction ends. Comes before the lock of any course."""
    users = User.objects.select_for_update(no_key=True).filter(pk__in=user_ids, is_active=True)
    return list(users.order_by("pk").values_list("pk", flat=True))


def lock_courses(course_ids: Collection[int]) -> list[Course]:
    return list(Course.objects.select_for_update(no_key=True).filter(pk__in=course_ids).order_by("pk"))
