"""`python -m benchmarks.analytics`: what a course's owner asks, at a million sessions: times and plans.

The sessions are made by SQL, spread evenly over courses, learners and the last year. A plan that reads a whole table
of records ends the run.
"""

import argparse
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import stage

if TYPE_CHECKING:
    from courses.models import Course

RECORDS = (
    "courses_learningsession",
    "courses_courseenrollment",
    "courses_enrollmentevent",
    "courses_contentprogress",
    "courses_focusspan",
)
CONTENTS = 10  # of each course
OWNED_ONE_OF = 50  # courses are of the owner who asks: where it is a tenth of all, to read all is the cheaper plan

FILL = (
    """INSERT INTO users_user (username, first_name, last_name, password, email, role, is_active, is_staff,
        is_superuser, date_joined, bio, phone_number, email_verified, email_verification_token, failed_login_attempts,
        email_notifications, push_notifications, weekly_digest, timezone, language)
    SELECT 'filled-' || n, 'Filled', n::text, '', '', 'student', true, false, false, now(), '', '', false, '', 0,
        true, true, true, 'Europe/Berlin', 'de'
    FROM generate_series(1, %(learners)s) AS n""",
    """INSERT INTO courses_courseenrollment (student_id, course_id, status, enrolled_on, last_accessed,
        progress_percentage, rejection_reason, total_time_spent, last_activity, engagement_score, from_offer,
        engaged_time, progress_revision)
    SELECT u.id, (%(courses)s::bigint[])[1 + u.n %% cardinality(%(courses)s::bigint[])],
        CASE WHEN u.n %% 7 = 0 THEN 'completed' ELSE 'enrolled' END, now() - interval '1 year',
        CASE WHEN u.n %% 11 > 0 THEN now() - (u.n %% 30) * interval '1 day' END, u.n %% 101, '', '0', now(), 0, false,
        '0', 0
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM users_user WHERE username LIKE 'filled-%%') AS u""",
    """INSERT INTO courses_enrollmentevent (course_id, student_id, kind, from_status, to_status, reason, created_at)
    SELECT course_id, student_id, 'enroll', '', 'enrolled', '', enrolled_on FROM courses_courseenrollment
    WHERE course_id = ANY(%(courses)s::bigint[])""",
    """INSERT INTO courses_contentprogress (enrollment_id, content_id, started_at, is_completed, time_spent,
        engaged_time, view_count, completion_method, completed_revision)
    SELECT e.id, c.id, now(), (e.id + c.id) %% 3 > 0, (60 + (e.id * c.id) %% 3600) * interval '1 s', '0', 1, 'manual', 0
    FROM courses_courseenrollment e
    JOIN courses_module m ON m.course_id = e.course_id JOIN courses_content c ON c.module_id = m.id
    WHERE e.course_id = ANY(%(courses)s::bigint[])""",
    """INSERT INTO courses_learningsession (enrollment_id, user_id, content_id, key, started_at, ended_at, duration,
        device_type, user_agent, interactions_count, focus_time, idle_time, engaged_time, unknown_time, epoch,
        acked_seq, last_at_ms, state, unsettled, settled_ms, is_settled, end_reason)
    SELECT e.id, e.student_id, contents.ids[1 + n / e.places %% cardinality(contents.ids)], gen_random_uuid(),
        at.moment, at.moment + interval '20 min', interval '20 min', 'desktop', '', 0, interval '20 min', '0', '0',
        '0', 1, 1, 1200000, 'focus', '[]', 1200000, true, 'closed'
    FROM (SELECT id, course_id, student_id, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS places
        FROM courses_courseenrollment WHERE course_id = ANY(%(courses)s::bigint[])) AS e
    JOIN (SELECT m.course_id, array_agg(c.id) AS ids FROM courses_module m
        JOIN courses_content c ON c.module_id = m.id GROUP BY m.course_id) AS contents USING (course_id)
    CROSS JOIN LATERAL generate_series(e.place, %(sessions)s - 1, e.places) AS n
    CROSS JOIN LATERAL (SELECT now() - n * interval '365 days' / %(sessions)s AS moment) AS at""",
    *(f"ANALYZE {table}" for table in (*RECORDS, "users_user")),
)


def fill(*, courses: Sequence["Course"], learners: int, sessions: int) -> None:
    """New learners, each in one of these courses, what they completed, and their sessions in the last year."""
    from django.db import connection

    numbers: dict[str, Any] = {"courses": [course.pk for course in courses], "learners": learners, "sessions": sessions}
    with connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement, None if statement.startswith("ANALYZE") else numbers)


def questions(course: "Course") -> dict[str, Callable[[], object]]:
    """Everything that the owner of a course asks, by name."""
    from django.utils import timezone

    from courses import analytics

    now = timezone.now()
    return {
        "teaching": lambda: analytics.instructor_totals(course.owner),
        "totals": lambda: analytics.course_totals(course),
        "inactive": lambda: analytics.inactive(course, now=now),
        "contents": lambda: analytics.content_times(course),
        "stops": lambda: analytics.stops(course),
        "activity": lambda: analytics.activity(course, reader=course.owner, now=now),
    }


def plan(ask: Callable[[], object]) -> str:
    """How PostgreSQL answers this, which is one query."""
    from django.db import connection

    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        ask()
    ((sql, params),) = asked
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}", params)
        return "\n".join(line for (line,) in cursor.fetchall())


def indexes(plan: str) -> list[str]:
    """The indexes that a plan reads."""
    found = re.findall(r"Index(?: Only)? Scan (?:Backward )?using (\S+)|Bitmap Index Scan on (\S+)", plan)
    return sorted({first or second for first, second in found})


def whole_tables(plan: str) -> list[str]:
    """The tables of records that a plan reads from one end to the other."""
    return [table for table in RECORDS if re.search(rf"Seq Scan on {table}\b", plan)]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.analytics", description=__doc__)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--learners", type=int, default=10_000)
    parser.add_argument("--courses", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    stage.fresh_database(Path(stage.ROOT / ".data" / "bench"))

    from courses.models import Content, Course, Module, Subject
    from users.models import User

    owner, other = (
        User.objects.create(username=name, role=User.Role.INSTRUCTOR, timezone="Europe/Berlin")
        for name in ("owner", "other")
    )
    subject = Subject.objects.create(title="Learning", slug="learning")
    courses = [
        Course.objects.create(
            owner=other if number % OWNED_ONE_OF else owner,
            subject=subject,
            slug=f"course-{number}",
            title="Bench",
            overview="A course.",
            estimated_hours=20,
            status=Course.Status.PUBLISHED,
        )
        for number in range(arguments.courses)
    ]
    for course in courses:
        module = Module.objects.create(course=course, title="One")
        for number in range(CONTENTS):
            Content.objects.create(module=module, title=f"Content {number}")
    began = time.perf_counter()
    fill(courses=courses, learners=arguments.learners, sessions=arguments.sessions)
    sys.stdout.write(
        f"{arguments.sessions:,} sessions of {arguments.learners:,} learners in {arguments.courses} courses,"
        f" made in {time.perf_counter() - began:.0f} s\n"
    )
    for name, ask in questions(courses[0]).items():
        shown = plan(ask)
        if whole := whole_tables(shown):
            sys.exit(f"{name} reads all of {', '.join(whole)}:\n{shown}")
        took = []
        for _ in range(arguments.rounds):
            began = time.perf_counter()
            ask()
            took.append((time.perf_counter() - began) * 1_000)
        sys.stdout.write(
            f"{name:9} {statistics.median(took):7.1f} ms (slowest {max(took):.1f})  {', '.join(indexes(shown))}\n"
        )


if __name__ == "__main__":
    main()
