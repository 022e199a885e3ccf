"""The site with a fault planted in it: a negative control for `make_site(app="tests.races.plants:NAME")`."""

import time
from collections.abc import Sequence
from typing import Any

from tests.faults.plants import planted

MEET_SECONDS = 30.0


@planted
def no_course_lock() -> None:
    """Everybody judges the course without its lock, and writes once somebody else has judged it too."""
    from courses import seats
    from courses.models import Course, CourseEnrollment

    save = CourseEnrollment.save

    def meet_and_save(self: CourseEnrollment, **options: Any) -> None:
        meet(f"course {self.course_id}")
        save(self, **options)

    seats.lock_courses = lambda ids: list(Course.objects.filter(pk__in=ids))
    CourseEnrollment.save = meet_and_save  # type: ignore[assignment,method-assign]


@planted
def no_enrollment_lock() -> None:
    """Rolls up without the enrolment's lock: counts, and writes the count once somebody else has counted too."""
    from courses import rollup
    from courses.models.enrollment import CourseEnrollmentQuerySet

    write_modules = rollup._write_modules

    def meet_and_write(changed: Sequence[Any]) -> None:
        meet(f"enrollment {changed[0].enrollment}")
        write_modules(changed)

    CourseEnrollmentQuerySet.select_for_update = lambda self, **options: self  # type: ignore[method-assign]
    rollup._write_modules = meet_and_write


def meet(place: str) -> None:
    """Whoever is first at this place waits for a second one, for a while; everybody else goes on.

    Who has come is counted outside of the database: a transaction that has ended since has still been here.
    """
    import redis
    from django.conf import settings

    deadline = time.monotonic() + MEET_SECONDS
    with redis.from_url(settings.REDIS_URL) as valkey:
        is_first = valkey.incr(place) == 1
        valkey.expire(place, int(2 * MEET_SECONDS))
        while is_first and int(valkey.get(place)) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
