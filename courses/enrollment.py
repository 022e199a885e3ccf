"""Who may move where: the states of an enrolment, and the one place that changes them.

Every move locks the course (`courses/seats.py`; but not to complete, which touches no seat), then the enrolment, and
reads after that. It writes a row of the audit trail beside the change, ends the learner's sessions when it takes access
away, and announces what happened at the end of the same transaction. Nothing else writes `CourseEnrollment.status`.
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from courses import seats, sessions
from courses.errors import AlreadyEnrolled, CourseClosed, CourseFull, MoveNotAllowed, RestrictedCourse
from courses.events import (
    CourseCompleted,
    EnrollmentApproved,
    EnrollmentConfirmed,
    EnrollmentEnded,
    EnrollmentRejected,
    EnrollmentRequested,
    Place,
)
from courses.models import Admission, Course, CourseEnrollment, CourseWaitlist, EnrollmentEvent
from courses.seats import Seats
from users.errors import DomainError
from users.events import announce
from users.models import User

Status = CourseEnrollment.Status

NOT_IN_COURSE = ("", Status.WITHDRAWN, Status.REJECTED)

MOVES: dict[str, tuple[tuple[str, ...], str]] = {
    "enroll": (NOT_IN_COURSE, Status.ENROLLED),
    "request": (NOT_IN_COURSE, Status.PENDING),
    "approve": ((Status.PENDING,), Status.ENROLLED),
    "reject": ((Status.PENDING,), Status.REJECTED),
    "pause": ((Status.ENROLLED,), Status.PAUSED),
    "resume": ((Status.PAUSED,), Status.ENROLLED),
    "complete": ((Status.ENROLLED,), Status.COMPLETED),
    "withdraw": ((Status.PENDING, Status.ENROLLED, Status.PAUSED, Status.COMPLETED), Status.WITHDRAWN),
}
"""All moves there are: from which states, to which one. No enrolment is the state ""."""

ARCHIVED = "The course was archived."
INVITED_ONLY = "The course takes only those whom its owner invites now."
ACCOUNT_CLOSED = "The account was closed."
"""Reasons in the audit trail. Learners are told in their own language: `EnrollmentEnded.cause`."""


# One's own moves -----------------------------------------------------------------------------------------------


def enroll(*, course: Course, student: User) -> CourseEnrollment:
    """Take a seat, or ask for one where the course wants approval. A seat that is offered to the student is used up.

    Locks the account, the course, then the enrolment. Announces `EnrollmentConfirmed` or `EnrollmentRequested`.
    Raises AccountClosed, CourseClosed, RestrictedCourse, AlreadyEnrolled, CourseFull.
    """
    with seats.locked(course.pk, newcomer=student) as held:
        admission = held.course.get_admission(student)
        if admission is not Admission.CAN_ENROLL:
            raise refusal(admission)
        return take_seat(held, student=student)


def take_seat(held: Seats, *, student: User) -> CourseEnrollment:
    """`enroll`, for a caller who holds the lock and has judged that a seat is free, or kept for the student."""
    was_offered = held.take_out([student.pk], kind="accept", actor=student).get(student.pk, False)
    enrollment = _locked(held, student_id=student.pk)
    enrollment.student = student
    if held.course.enrollment_type == Course.EnrollmentType.APPROVAL:
        requested = {**CLEAN, "approval_requested_at": timezone.now(), "from_offer": was_offered}
        return _move(held, "request", enrollment, actor=student, fields=requested)
    return _move(held, "enroll", enrollment, actor=student, has_seat=True, fields=CLEAN)


def withdraw(*, enrollment: CourseEnrollment, actor: User, reason: str = "") -> CourseEnrollment:
    """End it, whoever asked for that; the seat goes to who is next.

    Locks the course, then the enrolment, then its sessions. Announces what `sessions.end_access` does, and
    `EnrollmentEnded` when it was somebody else's wish. Raises MoveNotAllowed.
    """
    return _locked_move("withdraw", enrollment, actor=actor, reason=reason)


# The owner's ---------------------------------------------------------------------------------------------------


def admit(*, course: Course, student: User, actor: User) -> CourseEnrollment:
    """Give this student a free seat, whatever the course asks of those who come by themselves.

    Locks the account, the course, then the enrolment. Announces `EnrollmentConfirmed`. Raises AccountClosed,
    CourseClosed, MoveNotAllowed, CourseFull.
    """
    with seats.locked(course.pk, newcomer=student) as held:
        _open(held)
        was_offered = held.take_out([student.pk], kind="leave", actor=actor).get(student.pk, False)
        enrollment = _locked(held, student_id=student.pk)
        return _move(held, "enroll", enrollment, actor=actor, has_seat=was_offered, fields=_approved_by(actor))


def admit_all(held: Seats, *, students: Sequence[User], actor: User) -> None:
    """Give each of them a seat, all or nobody, for a caller who holds the lock and has judged them.

    None of them has a seat but by an offer or a request. Announces `EnrollmentConfirmed`, to whoever had asked
    `EnrollmentApproved`. Raises CourseClosed, CourseFull.
    """
    _open(held)
    ids = [student.pk for student in students]
    rows = CourseEnrollment.objects.select_for_update(no_key=True).filter(course=held.course, student__in=ids)
    before = {row.student_id: row for row in rows.order_by("pk")}
    offered = sum(held.take_out(ids, kind="leave", actor=actor).values())
    needed = len(ids) - offered - sum(row.holds_seat for row in before.values())
    free = held.free()  # with the seats that were offered to some of them, though an offer may lapse at any moment
    if free is not None and needed > max(0, free - offered):
        raise CourseFull(waitlist=held.course.waitlist_enabled)
    admitted = {**_approved_by(actor), "status": Status.ENROLLED}
    requests = [row.pk for row in before.values() if row.status == Status.PENDING]
    rows.exclude(pk__in=requests).update(**admitted)
    rows.filter(pk__in=requests).update(**{**admitted, "approval_requested_at": F("approval_requested_at")})
    new = [CourseEnrollment(course=held.course, student_id=pk, **admitted) for pk in sorted({*ids} - {*before})]
    CourseEnrollment.objects.bulk_create(new)
    trail = []
    for row in (*before.values(), *new):
        was = before[row.student_id].status if row.student_id in before else ""
        kind = "approve" if was == Status.PENDING else "enroll"
        trail.append(_event(kind, row, actor=actor, before=was, after=Status.ENROLLED))
        if news := _news(kind, row, by_another=True):
            held.happened.append(news)
    held.record(*trail)


def approve(*, enrollment: CourseEnrollment, actor: User) -> CourseEnrollment:
    """Grant a request. Locks the course, then the enrolment. Announces `EnrollmentApproved`.

    Raises MoveNotAllowed, CourseFull.
    """
    return _locked_move("approve", enrollment, actor=actor, approved_by=actor, approved_at=timezone.now())


def reject(*, enrollment: CourseEnrollment, actor: User, reason: str) -> CourseEnrollment:
    """Turn a request down. Locks the course, then the enrolment. Announces `EnrollmentRejected`.

    Raises MoveNotAllowed.
    """
    return _locked_move("reject", enrollment, actor=actor, reason=reason, rejection_reason=reason)


def pause(*, enrollment: CourseEnrollment, actor: User, reason: str = "") -> CourseEnrollment:
    """Take access away for a while; the seat stays. Locks the course, then the enrolment, then its sessions.

    Announces `EnrollmentEnded`, and what `sessions.end_access` does. Raises MoveNotAllowed.
    """
    return _locked_move("pause", enrollment, actor=actor, reason=reason)


def resume(*, enrollment: CourseEnrollment, actor: User) -> CourseEnrollment:
    """Give access back after a pause. Locks the course, then the enrolment. Announces `EnrollmentConfirmed`.

    Raises MoveNotAllowed.
    """
    return _locked_move("resume", enrollment, actor=actor)


# Several at once -----------------------------------------------------------------------------------------------


def complete(*, enrollments: Sequence[CourseEnrollment]) -> None:
    """Note that these have completed their courses, as far as they are enrolled. The caller has locked and read them.

    Seat and access stay, so it goes without the course's lock (docs/decisions/0062). Announces `CourseCompleted`, but
    not again to who came back after having completed before.
    """
    sources, target = MOVES["complete"]
    moving = [one for one in enrollments if one.status in sources]
    if not moving:
        return
    trail = EnrollmentEvent.objects.filter(
        kind="complete", course__in={one.course_id for one in moving}, student__in={one.student_id for one in moving}
    )
    known = set(trail.values_list("course", "student"))
    ids = [one.pk for one in moving]
    CourseEnrollment.objects.filter(pk__in=ids).update(status=target, completed_on=Now(), last_activity=Now())
    events = [_event("complete", one, actor=None, before=one.status, after=target) for one in moving]
    for event, one in zip(events, moving, strict=True):
        event.course_id = one.course_id
    EnrollmentEvent.objects.bulk_create(events)
    for one in sorted(moving, key=lambda one: one.student_id):
        if (one.course_id, one.student_id) not in known:
            announce(CourseCompleted(one.course_id, one.student_id, one.pk))


def course_changed(course_id: int, *, actor: User | None) -> None:
    """After a course was saved with another state, kind of enrolment or capacity: end what it has no place for, and
    offer what is free. Who is enrolled goes on.

    Locks the course, then the requests. Announces `EnrollmentEnded` for whoever waited or asked in vain.
    """
    with seats.locked(course_id) as held:
        _bring_in_line(held, actor=actor)


def leave_all(user_id: int) -> None:
    """Give up every seat, request and place in a queue, as the account is closed. What was completed stays.

    Locks the courses, then all of the learner's enrolments, those too that stay: `account_disabled` comes after it, and
    sessions are locked by then. Then the sessions. Announces what `sessions.end_access` does.
    """
    ending = CourseEnrollment.objects.filter(student=user_id).exclude(status__in=(*NOT_IN_COURSE, Status.COMPLETED))
    waiting = CourseWaitlist.objects.filter(student=user_id)
    with seats.locked_all({*ending.values_list("course", flat=True), *waiting.values_list("course", flat=True)}) as all:
        _lock_all_of(user_id)
        of_course = {held.course.pk: held for held in all}
        for held in all:
            held.take_out([user_id], kind="leave", actor=None, reason=ACCOUNT_CLOSED)
            # Of an offer that has lapsed, or came just now, there is nobody to be told.
            held.happened = [event for event in held.happened if event.student_id != user_id]
        _end(list(ending.filter(course__in=of_course)), of_course, actor=None, reason=ACCOUNT_CLOSED)


def account_disabled(user_id: int) -> None:
    """Nobody is kept waiting for an account that can't answer: its places in queues go, and its sessions end.

    Its seats stay, for it may be enabled again. Locks the courses, then the enrolments, then their sessions.
    """
    waiting = CourseWaitlist.objects.filter(student=user_id)
    with seats.locked_all(set(waiting.values_list("course", flat=True))):  # they take out whoever is disabled
        sessions.end_access(_lock_all_of(user_id))


# What they are made of -----------------------------------------------------------------------------------------

CLEAN: dict[str, Any] = {
    "approval_requested_at": None,
    "approved_by": None,
    "approved_at": None,
    "rejection_reason": "",
    "completed_on": None,
}
"""Whoever comes back starts with these."""


def _approved_by(actor: User) -> dict[str, Any]:
    return {**CLEAN, "approved_by": actor, "approved_at": timezone.now(), "from_offer": False}


def _open(held: Seats) -> None:
    match held.course.status:
        case Course.Status.ARCHIVED:
            raise CourseClosed("An archived course takes nobody in.")
        case Course.Status.DRAFT:
            raise CourseClosed("A draft takes nobody in: publish the course first.")


def _locked(held: Seats, *, student_id: int) -> CourseEnrollment:
    """The student's enrolment, locked; a new one where there is none yet."""
    enrollments = CourseEnrollment.objects.select_for_update(no_key=True)
    found = enrollments.filter(course=held.course, student_id=student_id).first()
    return found or CourseEnrollment(course=held.course, student_id=student_id)


def _lock_all_of(user_id: int) -> list[int]:
    """All enrolments of the student, locked by id."""
    enrollments = CourseEnrollment.objects.select_for_update(no_key=True).filter(student=user_id)
    return list(enrollments.order_by("pk").values_list("pk", flat=True))


def _locked_move(
    move: str, enrollment: CourseEnrollment, *, actor: User | None, reason: str = "", **fields: Any
) -> CourseEnrollment:
    with seats.locked(enrollment.course_id) as held:
        enrollment = _locked(held, student_id=enrollment.student_id)
        return _move(held, move, enrollment, actor=actor, reason=reason, fields=fields)


def _move(
    held: Seats,
    move: str,
    enrollment: CourseEnrollment,
    *,
    actor: User | None,
    has_seat: bool = False,
    reason: str = "",
    fields: dict[str, Any],
) -> CourseEnrollment:
    """Make this move, with course and enrolment locked. `fields` go with it; `has_seat`: one is sure to be there."""
    before = enrollment.status if enrollment.pk else ""
    sources, target = MOVES[move]
    if before not in sources:
        state = enrollment.get_status_display().lower()
        raise MoveNotAllowed(f"This enrollment is {state}: you cannot {move} it.")
    has_seat = has_seat or (before != "" and enrollment.holds_seat)
    if target in CourseEnrollment.SEATED and not has_seat and held.free() == 0:
        raise CourseFull(waitlist=held.course.waitlist_enabled)
    for name, value in {"from_offer": False, **fields, "status": target}.items():
        setattr(enrollment, name, value)
    enrollment.save()
    held.record(_event(move, enrollment, actor=actor, before=before, after=target, reason=reason))
    by_another = actor is None or actor.pk != enrollment.student_id
    is_told = by_another or move in ("enroll", "request")
    if is_told and (news := _news(move, enrollment, reason, by_another=by_another)):
        held.happened.append(news)
    if before in CourseEnrollment.WITH_ACCESS and target not in CourseEnrollment.WITH_ACCESS:
        sessions.end_access([enrollment.pk])
    return enrollment


def _event(
    move: str, enrollment: CourseEnrollment, *, actor: User | None, before: str, after: str, reason: str = ""
) -> EnrollmentEvent:
    return EnrollmentEvent(
        student_id=enrollment.student_id, actor=actor, kind=move, from_status=before, to_status=after, reason=reason
    )


def _news(move: str, enrollment: CourseEnrollment, reason: str = "", *, by_another: bool) -> Place | None:
    """What is announced of a move, if anything. `by_another`: the learner did not make it."""
    place = (enrollment.course_id, enrollment.student_id, enrollment.pk)
    match move:
        case "enroll" | "resume":
            return EnrollmentConfirmed(*place, was_given=by_another)
        case "request":
            return EnrollmentRequested(*place)
        case "approve":
            return EnrollmentApproved(*place)
        case "reject":
            return EnrollmentRejected(*place, reason)
        case "pause":
            return EnrollmentEnded(*place, "paused", reason)
        case "withdraw":
            return EnrollmentEnded(*place, "removed", reason)
    return None


def _bring_in_line(held: Seats, *, actor: User | None) -> None:
    """End the requests and the queue where the course has no place for them any more."""
    course = held.course
    if course.status == Course.Status.ARCHIVED:
        held.close_queue(actor=actor, cause="archived", reason=ARCHIVED)
        requests = CourseEnrollment.objects.filter(course=course, status=Status.PENDING)
        for one in _end(list(requests), {course.pk: held}, actor=actor, reason=ARCHIVED):
            held.happened.append(EnrollmentEnded(course.pk, one.student_id, one.pk, "archived"))
    elif course.enrollment_type == Course.EnrollmentType.RESTRICTED:
        held.close_queue(actor=actor, cause="restricted", reason=INVITED_ONLY)


def _end(
    found: Sequence[CourseEnrollment], of_course: dict[int, Seats], *, actor: User | None, reason: str
) -> list[CourseEnrollment]:
    """Withdraw all of these, of locked courses, and end their sessions; who has completed meanwhile stays."""
    rows = CourseEnrollment.objects.filter(pk__in=[one.pk for one in found]).exclude(status=Status.COMPLETED)
    ending = list(rows.select_for_update(no_key=True).order_by("pk"))
    ids = [one.pk for one in ending]
    for held in of_course.values():
        own = [one for one in ending if one.course_id == held.course.pk]
        after = str(Status.WITHDRAWN)
        held.record(
            *(_event("withdraw", one, actor=actor, before=one.status, after=after, reason=reason) for one in own)
        )
    CourseEnrollment.objects.filter(pk__in=ids).update(status=Status.WITHDRAWN, from_offer=False)
    sessions.end_access(ids)
    return ending


def refusal(admission: Admission) -> DomainError:
    """What a course answers to whom it doesn't let in."""
    match admission:
        case Admission.NOT_OPEN:
            return CourseClosed()
        case Admission.RESTRICTED:
            return RestrictedCourse()
        case Admission.OWNER:
            return RestrictedCourse("This is your own course.")
        case Admission.FULL | Admission.FULL_WITH_WAITLIST:
            return CourseFull(waitlist=admission is Admission.FULL_WITH_WAITLIST)
    return AlreadyEnrolled(f"{admission.value}.")
