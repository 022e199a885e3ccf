"""What the tests of personal data share: somebody who has studied, and an export unpacked."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from courses.models import Course, CourseEnrollment, FocusSpan, LearningSession
from users.models import User


def unpacked(data: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {
            name: json.loads(archive.read(name)) if name.endswith(".json") else archive.read(name)
            for name in archive.namelist()
        }


def studied(user: User, course: Course, **fields: Any) -> LearningSession:
    """A session of ten minutes in the course, one of them in the ledger."""
    place = CourseEnrollment.objects.get(student=user, course=course)
    session = LearningSession.objects.create(
        enrollment=place,
        user=user,
        key=uuid4(),
        focus_time=timedelta(minutes=1),
        user_agent="A browser",
        ip_address="192.0.0.0",
        **fields,
    )
    start = timezone.now() - timedelta(minutes=10)
    span = (start, start + timedelta(minutes=1))
    FocusSpan.objects.create(session=session, enrollment=place, engaged=False, span=span)
    return session
