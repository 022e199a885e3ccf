"""Certificates: the proof that a learner completed a course, for whoever is given its code.

An enrolment gets one certificate, once, when the course is completed and gives any; or when it begins to give them,
if it was completed before (docs/decisions/0072). It is never changed but to be revoked, and one that was revoked is not
followed by another (0067). The code is the whole permission to read it, so nobody can guess one.
"""

import secrets
from collections.abc import Sequence
from typing import Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from courses.errors import NotFound, NotYours
from courses.events import CertificateIssued
from courses.ledger import lock_enrollments
from courses.models import Certificate, CourseEnrollment, EnrollmentEvent
from users.events import announce
from users.models import User

CODE_BYTES: Final = 18
"""Of chance: 144 bits, in 24 characters that stand in a URL as they are."""

BATCH: Final = 200
"""Enrolments looked at in one transaction: they stay locked for its few milliseconds."""


def issue(*, enrollment_ids: Sequence[int]) -> None:
    """Give those of these enrolments a certificate that have completed a course which gives any, and had none before.

    Called inside the transaction that completes the course, too. Locks the enrolments by id, and reads after that.
    Announces `CertificateIssued` for each.
    """
    with transaction.atomic():
        lock_enrollments(enrollment_ids)
        completed = EnrollmentEvent.objects.filter(
            kind="complete", course=OuterRef("course"), student=OuterRef("student")
        )
        due = CourseEnrollment.objects.filter(
            Q(status=CourseEnrollment.Status.COMPLETED) | Exists(completed),
            pk__in=enrollment_ids,
            course__certificate_enabled=True,
            certificates=None,
        )
        issued = Certificate.objects.bulk_create(
            Certificate(enrollment=one, code=secrets.token_urlsafe(CODE_BYTES)) for one in due.order_by("pk")
        )
        EnrollmentEvent.objects.bulk_create(_event("certify", one.enrollment, actor=None) for one in issued)
        for one in issued:
            enrollment = one.enrollment
            announce(CertificateIssued(enrollment.course_id, enrollment.student_id, enrollment.pk, one.code))


def issue_to_all(course_id: int) -> None:
    """Give a certificate to whoever completed the course before it gave any; in batches, each a transaction of its own.

    Repeating it is harmless. All enrolments are locked and looked at, so that one which is being completed at the same
    moment is seen either here or there. Announces what `issue` does.
    """
    assert not connection.in_atomic_block, "each batch is committed"
    rows = CourseEnrollment.objects.filter(course=course_id).order_by("pk")
    last = 0
    while ids := list(rows.filter(pk__gt=last).values_list("pk", flat=True)[:BATCH]):
        issue(enrollment_ids=ids)
        last = ids[-1]


def find(code: str) -> Certificate:
    """The certificate of this code, valid or revoked, with its learner and course. Raises NotFound."""
    found = Certificate.objects.select_related("enrollment__student", "enrollment__course").filter(code=code).first()
    if found is None:
        raise NotFound("There is no certificate with this code.")
    return found


def revoke(*, code: str, actor: User, reason: str = "") -> Certificate:
    """Take it back: it is still found, and says so. Again changes nothing. Only the course's owner and staff.

    One conditional update, so of two at once one counts. Raises NotFound, NotYours.
    """
    certificate = find(code)
    enrollment = certificate.enrollment
    if enrollment.course.owner_id != actor.pk and not actor.is_staff:
        raise NotYours
    with transaction.atomic():
        if Certificate.objects.filter(pk=certificate.pk, revoked_at=None).update(revoked_at=Now()):
            _event("revoke", enrollment, actor=actor, reason=reason).save()
    certificate.refresh_from_db(fields=["revoked_at"])
    return certificate


def holder(certificate: Certificate) -> str:
    """Whose it is, by the name they go by now."""
    student = certificate.enrollment.student
    return student.get_full_name() or student.username


def _event(kind: str, enrollment: CourseEnrollment, *, actor: User | None, reason: str = "") -> EnrollmentEvent:
    state = enrollment.status
    return EnrollmentEvent(
        course_id=enrollment.course_id,
        student_id=enrollment.student_id,
        actor=actor,
        kind=kind,
        from_status=state,
        to_status=state,
        reason=reason,
    )
