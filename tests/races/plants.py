"""The site with a fault planted in it: a negative control for `make_site(app="tests.races.plants:NAME")`."""

import time
from typing import Any

from tests.faults.plants import planted

MEET_SECONDS = 30.0
MEETING = 4_004


@planted
def no_course_lock() -> None:
    """Everybody reads the course without its lock, and writes once somebody else has read it too."""
    from courses import enrollment, seats
    from courses.models import Course

    locked = enrollment._locked

    def read_and_meet(*arguments: Any, **options: Any) -> Any:
        found = locked(*arguments, **options)
        meet()
        return found

    seats.lock_courses = lambda ids: list(Course.objects.filter(pk__in=ids))
    enrollment._locked = read_and_meet


@planted
def no_enrollment_lock() -> None:
    """Completing reads the enrolment without its lock, and rolls up once somebody else has completed something too."""
    from courses import progress
    from courses.models.enrollment import CourseEnrollmentQuerySet

    roll_up = progress.roll_up

    def meet_and_roll_up(*arguments: Any, **options: Any) -> None:
        meet()
        roll_up(*arguments, **options)

    CourseEnrollmentQuerySet.select_for_update = lambda self, **options: self  # type: ignore[method-assign]
    progress.roll_up = meet_and_roll_up


def meet() -> None:
    """Wait until another transaction is here too, for a while."""
    from django.db import connection

    deadline = time.monotonic() + MEET_SECONDS
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [MEETING])
        met = 0
        while met < 2 and time.monotonic() < deadline:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted", [MEETING]
            )
            met = cursor.fetchone()[0]
            time.sleep(0.02)
