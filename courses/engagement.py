"""Engagement: how steadily a learner studies, as a number from 0 to 1 that anybody can work out by hand.

Owns the formula (docs/engagement.md) and `CourseEnrollment.engagement_score`, which nothing else writes. Its source is
the ledger and the progress, never clicks. The stored score is refreshed when sessions end and every night; whoever
asks for its parts gets them as of now.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from courses import days
from courses.ledger import lock_enrollments
from courses.models import CourseEnrollment
from users.models import zone

FORMULA: Final = 1
"""Another formula gets another number: a score is only worth something with the formula that it came from."""
WINDOW_DAYS: Final = 14
TIME, REGULARITY, COMPLETION = 0.45, 0.35, 0.20
"""What each part weighs."""

REGULAR_DAYS: Final = 6
ACTIVE: Final = timedelta(minutes=5)
"""So much engaged time makes a day count, and so many days make a learner regular."""

HOURS_A_WEEK: Final = 3
LEAST_WEEKS: Final = 2
HOURS_UNSAID: Final = 42
"""At what pace a course is meant to be taken, and how many hours one has that does not say (docs/decisions/0068)."""

BATCH: Final = 200
"""Enrolments refreshed in one transaction: they stay locked for its few milliseconds."""
JOBS_AT_ONCE: Final = 100


OUTSIDE = """
SELECT enrollment, sum(until - greatest(since, enrolled_on))
FROM (
    SELECT e.id AS enrollment, e.enrolled_on, v.to_status AS status, v.created_at AS since,
        lead(v.created_at, 1, %s) OVER (PARTITION BY e.id ORDER BY v.created_at, v.id) AS until
    FROM courses_courseenrollment e
    JOIN courses_enrollmentevent v ON v.course_id = e.course_id AND v.student_id = e.student_id
    WHERE e.id = ANY(%s) AND v.to_status = ANY(%s)
) AS trail
WHERE status <> ALL(%s) AND until > enrolled_on
GROUP BY enrollment
"""
"""How long each enrolment was asked for, paused or ended, by the audit trail; not those that never were. The rows that
the queue has in the trail are no matter, nor what an enrolment that was deleted left there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engagement:
    """A score and all that it was made of. The parts and `score` are 0 to 1, percentages 0 to 100."""

    formula: int
    score: float
    time: float
    regularity: float
    completion: float
    engaged: timedelta
    expected_engaged: timedelta
    active_days: int
    expected_days: int
    progress_percentage: float
    expected_percentage: float


def assess(
    *, engaged: Sequence[timedelta], estimated_hours: int | None, progress: float, in_course: timedelta
) -> Engagement:
    """The formula: 0.45 · time + 0.35 · regularity + 0.20 · completion.

    `engaged`          engaged time on each day of the window
    `estimated_hours`  the course's, None where it does not say
    `progress`         0 to 100
    `in_course`        how long the course has been open to the learner
    """
    hours = estimated_hours or HOURS_UNSAID
    weeks = max(LEAST_WEEKS, hours / HOURS_A_WEEK)
    expected_engaged = timedelta(hours=hours * (WINDOW_DAYS / 7) / weeks)
    expected_percentage = 100.0 * _part(in_course / timedelta(weeks=1) / weeks)
    active_days = sum(1 for day in engaged if day >= ACTIVE)
    total = sum(engaged, timedelta())
    time = _part(total / expected_engaged)
    regularity = _part(active_days / REGULAR_DAYS)
    completion = _part(progress / expected_percentage) if expected_percentage else 1.0
    return Engagement(
        formula=FORMULA,
        score=_rounded(TIME * time + REGULARITY * regularity + COMPLETION * completion),
        time=time,
        regularity=regularity,
        completion=completion,
        engaged=total,
        expected_engaged=expected_engaged,
        active_days=active_days,
        expected_days=REGULAR_DAYS,
        progress_percentage=progress,
        expected_percentage=expected_percentage,
    )


def _part(value: float) -> float:
    return max(0.0, min(1.0, value))


def _rounded(value: float) -> float:
    """To 0.01, halves up, as one does by hand: 0.615 is 0.62, whatever its nearest float is."""
    return float(Decimal(f"{_part(value):.6f}").quantize(Decimal("0.01"), ROUND_HALF_UP))


def of_enrollments(enrollments: "QuerySet[CourseEnrollment]", *, now: datetime) -> dict[int, Engagement]:
    """The engagement in each of these enrolments as of now. Three queries, however many there are."""
    found = list(enrollments.select_related("course", "student"))
    engaged = days.engaged(
        {one.pk: days.last_days(WINDOW_DAYS, there=zone(one.student.timezone), now=now) for one in found}
    )
    with connection.cursor() as cursor:
        states, within = CourseEnrollment.Status.values, list(CourseEnrollment.WITH_ACCESS)
        cursor.execute(OUTSIDE, [now, list(engaged), states, within])
        outside: dict[int, timedelta] = dict(cursor.fetchall())
    return {
        one.pk: assess(
            engaged=engaged[one.pk],
            estimated_hours=one.course.estimated_hours,
            progress=float(one.progress_percentage),
            in_course=now - one.enrolled_on - outside.get(one.pk, timedelta()),
        )
        for one in found
    }


def refresh(enrollment_ids: Iterable[int]) -> None:
    """Write the scores of these enrolments where they have changed.

    Each batch is a transaction of its own, which locks its enrolments by id before it reads.
    """
    ids = sorted(set(enrollment_ids))
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        with transaction.atomic(), connection.cursor() as cursor:
            lock_enrollments(batch)
            found = of_enrollments(CourseEnrollment.objects.filter(pk__in=batch), now=timezone.now())
            cursor.execute(
                "UPDATE courses_courseenrollment e SET engagement_score = d.score"
                " FROM unnest(%s::bigint[], %s::numeric[]) AS d(id, score)"
                " WHERE e.id = d.id AND e.engagement_score <> d.score",
                [list(found), [one.score for one in found.values()]],
            )


def batches() -> Iterator[list[list[int]]]:
    """All enrolments that have a seat, by id, in lists of batches."""
    last = 0
    while True:
        seated = CourseEnrollment.objects.filter(status__in=CourseEnrollment.SEATED, pk__gt=last).order_by("pk")
        ids = list(seated.values_list("pk", flat=True)[: BATCH * JOBS_AT_ONCE])
        if not ids:
            return
        yield [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]
        last = ids[-1]
