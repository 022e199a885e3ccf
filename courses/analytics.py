"""Sums over the records of learning, for those who teach. One query each, however many learners there are.

What a course's owner asks is answered from the indexes that begin with the course's enrolments and contents, and every
answer has a bound. `benchmarks/analytics.py` shows their plans and times. Nothing here writes.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict

from django.db import connection
from django.db.models import Avg, Count, Exists, F, OuterRef, Q, QuerySet, Sum, Window

from courses.days import last_days
from courses.models import Course, CourseEnrollment, EnrollmentEvent
from users.models import User, zone

INACTIVE_DAYS: Final = 7
FIRST: Final = 50
"""So many of the inactive learners are named; the others are in the count, and in the CSV file."""
ACTIVITY_DAYS: Final = 28
"""Whole weeks: each hour of the week is counted equally often."""


class Totals(TypedDict):
    """`avg_progress` is 0 to 100; it and `total_learning_time` are None where there is no enrolment."""

    total_students: int
    completed_courses: int
    avg_progress: float | None
    total_learning_time: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inactive:
    """How many have not been in the course for INACTIVE_DAYS, and the first of them, the longest away first."""

    count: int
    learners: list[CourseEnrollment]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentTime:
    """The time in focus that those needed who completed a content; the quartiles are None where nobody has.

    `estimate` is what the content requires, else an even share of what is left of the course's hours.
    """

    content: int
    title: str
    module: str
    learners: int
    lower_quartile: timedelta | None
    median: timedelta | None
    upper_quartile: timedelta | None
    estimate: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """How many of those who have not completed the course were at this content last; `left` of them are not in the
    course any more."""

    content: int
    title: str
    module: str
    learners: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """How many sessions began in this hour of the week. Monday is 1; the hours are 0 to 23."""

    weekday: int
    hour: int
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Analytics:
    """What the owner of a course asks. See the functions below."""

    course: Course
    totals: Totals
    inactive: Inactive
    contents: list[ContentTime]
    stops: list[Stop]
    activity: list[Activity]


CONTENT_TIMES = """
SELECT c.id, c.title, m.title, c.required_seconds, count(p.id),
    percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY extract(epoch FROM p.time_spent)::float8)
FROM courses_module m
JOIN courses_content c ON c.module_id = m.id AND c.archived_at IS NULL
LEFT JOIN courses_contentprogress p ON p.content_id = c.id AND p.is_completed AND p.time_spent > '0'
WHERE m.course_id = %s
GROUP BY c.id, m.id
ORDER BY m."order", c."order"
"""

STOPS = """
SELECT c.id, c.title, m.title, count(*), count(*) FILTER (WHERE e.status NOT IN ('enrolled', 'paused'))
FROM courses_courseenrollment e
CROSS JOIN LATERAL (
    SELECT s.content_id FROM courses_learningsession s
    WHERE s.enrollment_id = e.id AND s.content_id IS NOT NULL ORDER BY s.started_at DESC LIMIT 1
) AS latest
JOIN courses_content c ON c.id = latest.content_id
JOIN courses_module m ON m.id = c.module_id
WHERE e.course_id = %s AND e.status <> 'completed' AND e.completed_on IS NULL
GROUP BY c.id, m.id
ORDER BY count(*) DESC, m."order", c."order"
"""

ACTIVITY = """
SELECT date_bin('15 minutes', s.started_at, '2000-01-01 00:00Z') AS quarter, count(*)
FROM courses_courseenrollment e
JOIN courses_learningsession s ON s.enrollment_id = e.id AND s.started_at >= %s AND s.started_at < %s
WHERE e.course_id = %s
GROUP BY quarter
"""
"""By quarters of an hour: in no time zone does an hour begin anywhere else."""


def instructor_totals(instructor: User) -> Totals:
    """All enrolments in the courses of this instructor, in whatever state they are."""
    return _totals(CourseEnrollment.objects.filter(course__owner=instructor))


def course_totals(course: Course) -> Totals:
    """All enrolments in this course, in whatever state they are."""
    return _totals(CourseEnrollment.objects.filter(course=course))


def _totals(enrollments: "QuerySet[CourseEnrollment]") -> Totals:
    totals = enrollments.aggregate(
        total_students=Count("id"),
        completed_courses=Count("id", filter=Q(status=CourseEnrollment.Status.COMPLETED)),
        avg_progress=Avg("progress_percentage"),
        total_learning_time=Sum("total_time_spent"),
    )
    average = totals["avg_progress"]
    return Totals(
        total_students=totals["total_students"],
        completed_courses=totals["completed_courses"],
        avg_progress=None if average is None else float(average),
        total_learning_time=totals["total_learning_time"],
    )


def of_course(course: Course, *, reader: User, now: datetime) -> Analytics:
    """All of it, hours and weekdays by the reader's clocks. Five queries."""
    return Analytics(
        course=course,
        totals=course_totals(course),
        inactive=inactive(course, now=now),
        contents=content_times(course),
        stops=stops(course),
        activity=activity(course, reader=reader, now=now),
    )


def inactive_learners(course: Course, *, now: datetime) -> "QuerySet[CourseEnrollment]":
    """Those who are enrolled and have not been there for INACTIVE_DAYS.

    Who was let in meanwhile is not: `enrolled_on` is when they first came, of later times the audit trail knows.
    """
    since = now - timedelta(days=INACTIVE_DAYS)
    never = Q(last_accessed__isnull=True, enrolled_on__lt=since)
    enrolled = CourseEnrollment.Status.ENROLLED
    away = CourseEnrollment.objects.filter(course=course, status=enrolled)
    let_in = EnrollmentEvent.objects.filter(
        course=course, student=OuterRef("student"), to_status=enrolled, created_at__gte=since
    ).exclude(from_status=enrolled)  # a certificate's rows in the trail say where the learner was anyway
    return away.filter(Q(last_accessed__lt=since) | never, ~Exists(let_in))


def inactive(course: Course, *, now: datetime) -> Inactive:
    """Who has been inactive for INACTIVE_DAYS: all of them counted, the first ones named."""
    learners = inactive_learners(course, now=now).select_related("student").annotate(total=Window(Count("*")))
    first: list[Any] = list(learners.order_by(F("last_accessed").asc(nulls_first=True), "pk")[:FIRST])
    return Inactive(count=first[0].total if first else 0, learners=first)


def content_times(course: Course) -> list[ContentTime]:
    """How long each content takes, in the order of the outline."""
    with connection.cursor() as cursor:
        cursor.execute(CONTENT_TIMES, [course.pk])
        rows = cursor.fetchall()
    required = [seconds for _, _, _, seconds, *_ in rows if seconds is not None]
    left = (course.estimated_hours or 0) * 3_600 - sum(required)
    share = left / (len(rows) - len(required)) if left > 0 and len(rows) > len(required) else None
    times = []
    for content, title, module, seconds, learners, quartiles in rows:
        lower, median, upper = (None if one is None else timedelta(seconds=one) for one in quartiles or (None,) * 3)
        estimate = seconds if seconds is not None else share
        times.append(
            ContentTime(
                content=content,
                title=title,
                module=module,
                learners=learners,
                lower_quartile=lower,
                median=median,
                upper_quartile=upper,
                estimate=None if estimate is None else timedelta(seconds=estimate),
            )
        )
    return times


def stops(course: Course) -> list[Stop]:
    """Where learners stop: at which content those were last who have not completed the course, also when they have
    left it. Most first."""
    with connection.cursor() as cursor:
        cursor.execute(STOPS, [course.pk])
        return [
            Stop(content=content, title=title, module=module, learners=learners, left=left)
            for content, title, module, learners, left in cursor.fetchall()
        ]


def activity(course: Course, *, reader: User, now: datetime) -> list[Activity]:
    """When sessions began in the last ACTIVITY_DAYS whole days, by the reader's clocks, without the empty hours."""
    there = zone(reader.timezone)
    days = last_days(ACTIVITY_DAYS + 1, there=there, now=now)
    begun: Counter[tuple[int, int]] = Counter()
    with connection.cursor() as cursor:
        cursor.execute(ACTIVITY, [days[0].begins, days[-1].begins, course.pk])
        for quarter, sessions in cursor.fetchall():
            local = quarter.astimezone(there)
            begun[local.isoweekday(), local.hour] += sessions
    return [
        Activity(weekday=weekday, hour=hour, sessions=sessions) for (weekday, hour), sessions in sorted(begun.items())
    ]
