from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.people import make_course

if TYPE_CHECKING:
    from courses.models import Course
    from users.models import User


@pytest.fixture
def seminar(ines: "User", ana: "User") -> "Course":
    """One seat, which ana has."""
    from courses import enrollment

    course = make_course(ines, "seminar", max_capacity=1)
    enrollment.enroll(course=course, student=ana)
    return course


@pytest.fixture
def told() -> Iterator[list[Any]]:
    """What seats announce in the test: `seating.Told`."""
    from tests.courses.seating import listening

    with listening() as told:
        yield told


@pytest.fixture
def no_jobs(transactional_db: None) -> None:
    """None that a test before has left: to empty Django's tables after a test leaves those of Procrastinate."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
