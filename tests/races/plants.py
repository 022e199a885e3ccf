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
    """Rolls up without the enrolment's lock: counts, and writes the count once somebody else has counted too."""
    from courses import rollup
    from courses.models.enrollment import CourseEnrollmentQuerySet

    write_modules = rollup._write_modules

    def meet_and_write(*arguments: Any) -> None:
        meet()
        time.sleep(0.2)  # until the other one has seen it too
        write_modules(*arguments)

    CourseEnrollmentQuerySet.select_for_update = lambda self, **options: self  # type: ignore[method-assign]
    rollup._write_modules = meet_and_write


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
