"""The site with a fault planted in it: a negative control for `make_site(app="tests.races.plants:NAME")`."""

import time
from typing import Any

from tests.faults.plants import planted


@planted
def no_course_lock() -> None:
    """Everybody reads the course without its lock, and rests a moment before writing."""
    from courses import enrollment, seats
    from courses.models import Course

    locked = enrollment._locked

    def read_and_rest(*arguments: Any, **options: Any) -> Any:
        found = locked(*arguments, **options)
        time.sleep(2.0)  # only who found a free seat comes here: on a busy machine, too, others find it meanwhile
        return found

    seats.lock_courses = lambda ids: list(Course.objects.filter(pk__in=ids))
    enrollment._locked = read_and_rest
