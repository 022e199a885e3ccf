"""The weekly summary by mail: a learner's time and progress of the past week, and what waits for them.

It goes out on Monday from SEND_HOUR on by the user's own clocks, about the week that ended at midnight there. Which
week a user was last planned for is in their `Digest` row, so that no week is planned twice, whoever plans.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.models import Count, Q

from courses.models import Course, CourseEnrollment, CourseWaitlist
from realtime import delivery
from realtime.models import Digest, NotificationCursor
from users import texts
from users.models import User, zone

SEND_HOUR: Final = 8
USERS_A_PLAN: Final = 1_000

PLAN = """
INSERT INTO realtime_digest AS d (user_id, week)
SELECT u.id, due.week FROM unnest(%s::text[], %s::date[]) AS due(timezone, week)
JOIN users_user u ON u.timezone = due.timezone
LEFT JOIN realtime_digest planned ON planned.user_id = u.id
WHERE u.weekly_digest AND u.email_verified AND u.email <> '' AND u.is_active
  AND (planned.week IS NULL OR planned.week < due.week)
ORDER BY u.id LIMIT %s
ON CONFLICT (user_id) DO UPDATE SET week = EXCLUDED.week, mailed_at = NULL WHERE d.week < EXCLUDED.week
RETURNING user_id, week
"""

STUDIED = """
SELECT enrollment_id, extract(epoch FROM sum(upper(stretch) - lower(stretch)))
FROM (
    SELECT enrollment_id, range_agg(span * week) AS stretches
    FROM courses_focusspan, tstzrange(%s, %s) AS week
    WHERE enrollment_id = ANY(%s::bigint[]) AND span && week
    GROUP BY enrollment_id
) e, unnest(stretches) AS stretch
GROUP BY enrollment_id
"""
"""Seconds in focus within a week; each second of a course once, however many pages were open."""


@dataclass(frozen=True, slots=True)
class Studied:
    """A course in a summary. `hours` and `minutes` are the week's time in focus."""

    title: str
    hours: int
    minutes: int
    percent: int


def plan(now: datetime) -> list[tuple[int, date]]:
    """Write down who is to get a summary now, and return them with the Monday of their week; not all at once.

    Whoever calls this sends each of them theirs, and calls again until nobody is left.
    """
    zones = User.objects.filter(weekly_digest=True, email_verified=True).values_list("timezone", flat=True).distinct()
    there = {zone: texts.local(now, zone) for zone in zones}
    due = {
        zone: at.date() - timedelta(days=7) for zone, at in there.items() if at.weekday() == 0 and at.hour >= SEND_HOUR
    }
    if not due:
        return []
    with connection.cursor() as cursor:
        cursor.execute(PLAN, [list(due.keys()), list(due.values()), USERS_A_PLAN])
        return [(user_id, week) for user_id, week in cursor.fetchall()]


def mail(user_id: int, week: date) -> None:
    """Mail this user the summary of this week, unless that was done, or they want none, or there is nothing in it."""
    row = Digest.objects.filter(user=user_id, week=week)
    digest = row.select_related("user").first()
    if digest is None or not delivery.has_address(digest.user) or not digest.user.weekly_digest:
        return
    content = summary(digest.user, week)
    if any(content.values()):
        composed = delivery.compose(
            "mail/digest",
            user=digest.user,
            preference="weekly_digest",
            message_id=f"digest-{user_id}-{week}",
            week=week,
            link=settings.SITE_URL,
            **content,
        )
        delivery.send_once(row, composed)


def summary(user: User, week: date) -> dict[str, Any]:
    """What the summary says: the courses with their time, what waits in queues and requests, how much is unread."""
    there = zone(user.timezone)
    begins, ends = (datetime.combine(day, time(), there) for day in (week, week + timedelta(days=7)))
    enrollments = list(
        CourseEnrollment.objects.counted().filter(student=user).select_related("course").order_by("course__title")
    )
    with connection.cursor() as cursor:
        cursor.execute(STUDIED, [begins, ends, [one.pk for one in enrollments]])
        seconds = dict(cursor.fetchall())
    courses = []
    for one in enrollments:
        hours, minutes = divmod(int(seconds.get(one.pk, 0)) // 60, 60)
        courses.append(Studied(one.course.title, hours, minutes, int(one.progress_percentage)))
    pending = Count("course_enrollments", filter=Q(course_enrollments__status=CourseEnrollment.Status.PENDING))
    cursor_row = NotificationCursor.objects.filter(user=user).first() or NotificationCursor()
    return {
        "courses": courses,
        "offers": list(CourseWaitlist.objects.offered().filter(student=user).select_related("course")),
        "requests": list(Course.objects.filter(owner=user).annotate(pending=pending).filter(pending__gt=0)),
        "unread": cursor_row.head - cursor_row.seen,
    }
