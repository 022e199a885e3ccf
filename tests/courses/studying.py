"""Puts stretches of focus into the ledger, each of a session of its own, so that they may overlap."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from courses.models import Content, CourseEnrollment


def study(
    enrollment: "CourseEnrollment",
    begins: datetime,
    minutes: float,
    *,
    engaged: bool = True,
    content: "Content | None" = None,
) -> None:
    """`minutes` of focus from `begins` on."""
    from courses.models import FocusSpan, LearningSession

    session = LearningSession.objects.create(
        enrollment=enrollment, user_id=enrollment.student_id, key=uuid4(), content=content
    )
    LearningSession.objects.filter(pk=session.pk).update(started_at=begins)
    span = (begins, begins + timedelta(minutes=minutes))
    FocusSpan.objects.create(session=session, enrollment=enrollment, content=content, engaged=engaged, span=span)
