"""Who may move where: the states of an enrolment, and the one function that changes them.

Every move locks the course, then the enrolment, and reads after that. It writes a row of the audit trail beside the
change, and when it takes access away it ends the learner's sessions in the same transaction. Nothing else writes
`CourseEnrollment.status`.
"""

from typing import Any

from django.db import transaction
from django.utils import timezone

from courses import sessions
from courses.errors import AlreadyEnrolled, CourseClosed, CourseFull, MoveNotAllowed, RestrictedCourse
from courses.models import Admission, Course, CourseEnrollment, EnrollmentEvent
from users.errors import DomainError
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


def enroll(*, course: Course, student: User) -> CourseEnrollment:
    """Take a seat, or ask for one where the course wants approval. A seat that is offered to the student is used up.

    Locks the course, then the enrolment. Raises CourseClosed, RestrictedCourse, AlreadyEnrolled, CourseFull.
    """
    with transaction.atomic():
        course, enrollment = _locked(course_id=course.pk, student_id=student.pk)
        admission = course.get_admission(student)
        if admission is not Admission.CAN_ENROLL:
            raise _refusal(admission)
        offers_used, _ = course.waitlist_entries.offered().filter(student=student).delete()
        needs_approval = course.enrollment_type == Course.EnrollmentType.APPROVAL
        return _move(
            "request" if needs_approval else "enroll",
            course=course,
            enrollment=enrollment,
            actor=student,
            approval_requested_at=timezone.now() if needs_approval else None,
            approved_by=None,
            approved_at=None,
            rejection_reason="",
            completed_on=None,
            from_offer=needs_approval and offers_used > 0,
        )


def admit(*, course: Course, student: User, actor: User) -> CourseEnrollment:
    """Give this student a free seat, whatever the course asks of those who come by themselves.

    Locks the course, then the enrolment. Raises MoveNotAllowed, CourseFull.
    """
    with transaction.atomic():
        course, enrollment = _locked(course_id=course.pk, student_id=student.pk)
        return _move(
            "enroll",
            course=course,
            enrollment=enrollment,
            actor=actor,
            approval_requested_at=None,
            approved_by=actor,
            approved_at=timezone.now(),
            rejection_reason="",
            completed_on=None,
        )


def approve(*, enrollment: CourseEnrollment, actor: User) -> CourseEnrollment:
    """Grant a request. Locks the course, then the enrolment. Raises MoveNotAllowed, CourseFull."""
    return _locked_move("approve", enrollment=enrollment, actor=actor, approved_by=actor, approved_at=timezone.now())


def reject(*, enrollment: CourseEnrollment, actor: User, reason: str) -> CourseEnrollment:
    """Turn a request down. Locks the course, then the enrolment. Raises MoveNotAllowed."""
    return _locked_move("reject", enrollment=enrollment, actor=actor, reason=reason, rejection_reason=reason)


def pause(*, enrollment: CourseEnrollment, actor: User) -> CourseEnrollment:
    """Take access away for a while; the seat stays. Locks the course, then the enrolment, then its sessions.

    Announces what `sessions.end_access` does. Raises MoveNotAllowed.
    """
    return _locked_move("pause", enrollment=enrollment, actor=actor)


def resume(*, enrollment: CourseEnrollment, actor: User) -> CourseEnrollment:
    """Give access back after a pause. Locks the course, then the enrolment. Raises MoveNotAllowed."""
    return _locked_move("resume", enrollment=enrollment, actor=actor)


def withdraw(*, enrollment: CourseEnrollment, actor: User) -> CourseEnrollment:
    """End it, whoever asked for that; the seat is free. Locks the course, then the enrolment, then its sessions.

    Announces what `sessions.end_access` does. Raises MoveNotAllowed.
    """
    return _locked_move("withdraw", enrollment=enrollment, actor=actor)


def _locked(*, course_id: int, student_id: int) -> tuple[Course, CourseEnrollment]:
    """The course and the student's enrolment in it, locked in this order; a new one where there is none yet."""
    course = Course.objects.select_for_update(no_key=True).get(pk=course_id)
    enrollments = CourseEnrollment.objects.select_for_update(no_key=True)
    enrollment = enrollments.filter(course=course, student_id=student_id).first()
    return course, enrollment or CourseEnrollment(course=course, student_id=student_id)


def _locked_move(
    move: str, *, enrollment: CourseEnrollment, actor: User, reason: str = "", **fields: Any
) -> CourseEnrollment:
    with transaction.atomic():
        course, enrollment = _locked(course_id=enrollment.course_id, student_id=enrollment.student_id)
        return _move(move, course=course, enrollment=enrollment, actor=actor, reason=reason, **fields)


def _move(
    move: str,
    *,
    course: Course,
    enrollment: CourseEnrollment,
    actor: User,
    reason: str = "",
    from_offer: bool = False,
    **fields: Any,
) -> CourseEnrollment:
    """Make this move, with course and enrolment locked, and write it into the audit trail. `fields` go with it."""
    before = enrollment.status if enrollment.pk else ""
    sources, target = MOVES[move]
    if before not in sources:
        raise MoveNotAllowed(f"This enrollment is {enrollment.get_status_display().lower()}: you cannot {move} it.")
    holds_seat = before and enrollment.holds_seat
    if target in CourseEnrollment.SEATED and not holds_seat and course.is_full():
        raise CourseFull(waitlist=course.waitlist_enabled)
    for name, value in {**fields, "status": target, "from_offer": from_offer}.items():
        setattr(enrollment, name, value)
    enrollment.save()
    EnrollmentEvent.objects.create(
        course=course,
        student_id=enrollment.student_id,
        actor=actor,
        kind=move,
        from_status=before,
        to_status=target,
        reason=reason,
    )
    if before in CourseEnrollment.WITH_ACCESS and target not in CourseEnrollment.WITH_ACCESS:
        sessions.end_access(enrollment_id=enrollment.pk)
    return enrollment


def _refusal(admission: Admission) -> DomainError:
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
