"""Certificates: the proof that a learner completed a course, for whoever is given its code.

An enrolment gets one certificate, once, when the course is completed and gives any. It is never changed but to be
revoked, and one that was revoked is not followed by another (docs/decisions/0067). The code is the whole permission to
read it, so nobody can guess one.
"""

import secrets
from typing import Final

from django.db import transaction
from django.db.models.functions import Now

from courses.errors import NotFound, NotYours
from courses.events import CertificateIssued
from courses.models import Certificate, CourseEnrollment, EnrollmentEvent
from users.events import announce
from users.models import User

CODE_BYTES: Final = 18
"""Of chance: 144 bits, in 24 characters that stand in a URL as they are."""


def issue(*, enrollment_id: int) -> None:
    """Give this enrolment its certificate, if its course gives any and there was none before.

    Called inside the transaction that completes the course. Locks the enrolment, which is locked already, and reads
    after that. Announces `CertificateIssued`.
    """
    with transaction.atomic():
        locked = CourseEnrollment.objects.select_for_update(no_key=True, of=("self",)).select_related("course")
        enrollment = locked.get(pk=enrollment_id)
        if not enrollment.course.certificate_enabled or enrollment.certificates.exists():
            return
        certificate = Certificate.objects.create(enrollment=enrollment, code=secrets.token_urlsafe(CODE_BYTES))
        _record("certify", enrollment, actor=None)
        announce(CertificateIssued(enrollment.course_id, enrollment.student_id, enrollment.pk, certificate.code))


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
            _record("revoke", enrollment, actor=actor, reason=reason)
    certificate.refresh_from_db(fields=["revoked_at"])
    return certificate


def holder(certificate: Certificate) -> str:
    """Whose it is, by the name they go by now."""
    student = certificate.enrollment.student
    return student.get_full_name() or student.username


def _record(kind: str, enrollment: CourseEnrollment, *, actor: User | None, reason: str = "") -> None:
    state = enrollment.status
    EnrollmentEvent.objects.create(
        course_id=enrollment.course_id,
        student_id=enrollment.student_id,
        actor=actor,
        kind=kind,
        from_status=state,
        to_status=state,
        reason=reason,
    )
