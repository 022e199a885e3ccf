"""What a watch reads: as many statements for any number of learners and courses, and nothing of what has ended."""

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from realtime import roster
from tests.people import make_course
from tests.watcher import make_roster

if TYPE_CHECKING:
    from courses.models import Course
    from users.models import User

LONG_AGO = """
INSERT INTO courses_learningsession (enrollment_id, user_id, key, epoch, acked_seq, last_at_ms, state, device_type,
    user_agent, interactions_count, duration, focus_time, idle_time, engaged_time, unknown_time, unsettled, settled_ms,
    is_settled, started_at, ended_at, end_reason)
SELECT e.id, e.student_id, gen_random_uuid(), 1, 1, 0, 'focus', 'desktop', '', 0, '0', '0', '0', '0', '0', '[]', 0,
    true, now() - interval '30 days', now() - interval '30 days', 'closed'
FROM courses_courseenrollment e CROSS JOIN generate_series(1, %s)
"""


@pytest.mark.django_db
def test_it_takes_as_many_statements_for_any_number(ines: "User", intro: "Course") -> None:
    other = make_course(ines, "other")
    make_roster(intro, 30)
    with CaptureQueriesContext(connection) as captured:
        read = roster.read(courses=[intro.pk], enrollments=[], partly=[], users=[ines.pk])
    assert len(read.learners[intro.pk]) == 30
    assert len(captured) == 3
    rows = list(read.learners[intro.pk])
    with CaptureQueriesContext(connection) as captured:
        read = roster.read(courses=[other.pk], enrollments=rows[:20], partly=[intro.pk], users=[ines.pk])
    assert list(read.learners[intro.pk]) == rows[:20]
    assert not read.learners[other.pk]
    assert len(captured) == 4


@pytest.mark.django_db
@pytest.mark.parametrize("statement", ["OF_COURSES", "OF_ENROLLMENTS"])
def test_it_looks_at_no_session_that_has_ended(intro: "Course", statement: str) -> None:
    make_roster(intro, 300)
    with connection.cursor() as cursor:
        cursor.execute(LONG_AGO, [100])
        cursor.execute("ANALYZE courses_learningsession, courses_courseenrollment, users_user")
        asked = {"courses": [intro.pk], "enrollments": list(intro.course_enrollments.values_list("pk", flat=True)[:50])}
        limits = {"span": 25_000, "idle_span": 150_000, "lease": 45_000, "idle_lease": 150_000}
        cursor.execute("EXPLAIN " + getattr(roster, statement), asked | limits)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "courses_learningsession_working" in plan, plan
    assert "Seq Scan on courses_learningsession" not in plan, plan
