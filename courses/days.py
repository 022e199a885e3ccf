"""The ledger by day, by the learner's own clocks: a day lasts from midnight to midnight there, 23 to 25 hours.

What is not settled yet is not in it: a session that goes on is at most a minute behind. Nothing here writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from django.db import connection

from users.models import User, zone


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a calendar, and when it begins and ends."""

    date: date
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class StudiedDay:
    """What somebody studied on a day: in focus, and engaged, which is part of it."""

    date: date
    focus: timedelta
    engaged: timedelta


OF_USER = """
SELECT number, (SELECT sum(upper(one) - lower(one)) FROM unnest(focus) AS one),
    (SELECT sum(upper(one) - lower(one)) FROM unnest(engaged) AS one)
FROM (
    SELECT number, range_agg(part) AS focus, range_agg(part) FILTER (WHERE f.engaged) AS engaged
    FROM (SELECT %(midnights)s::timestamptz[] AS midnights) AS window_of
    JOIN courses_courseenrollment e ON e.student_id = %(user)s
    JOIN courses_focusspan f ON int8range(f.enrollment_id, f.enrollment_id, '[]') && int8range(e.id, e.id, '[]')
        AND f.span && tstzrange(%(begins)s, %(ends)s)
    CROSS JOIN LATERAL generate_series(
        greatest(width_bucket(lower(f.span), midnights), 1),
        least(width_bucket(upper(f.span), midnights), %(count)s)
    ) AS number
    CROSS JOIN LATERAL (SELECT f.span * tstzrange(midnights[number], midnights[number + 1]) AS part) AS cut
    GROUP BY number
) AS day
"""
"""Focus and engaged time for each day that has some: the union over all courses, so that a second counts once."""

ENGAGED = """
SELECT enrollment, number, sum(upper(stretch) - lower(stretch))
FROM (
    SELECT d.enrollment, d.number, range_agg(f.span * tstzrange(d.begins, d.ends)) AS stretches
    FROM unnest(%s::bigint[], %s::int[], %s::timestamptz[], %s::timestamptz[]) AS d(enrollment, number, begins, ends)
    JOIN courses_focusspan f
        ON int8range(f.enrollment_id, f.enrollment_id, '[]') && int8range(d.enrollment, d.enrollment, '[]')
        AND f.span && tstzrange(d.begins, d.ends) AND f.engaged
    GROUP BY d.enrollment, d.number
) AS day, unnest(stretches) AS stretch
GROUP BY enrollment, number
"""
"""Engaged time for each day of each enrolment that has some: the union over its sessions."""


def last_days(count: int, *, there: tzinfo, now: datetime) -> list[Day]:
    """Today and the days before it by the clocks of that time zone, `count` in all, the oldest first."""
    today = now.astimezone(there).date()
    dates = [today - timedelta(days=back) for back in range(count - 1, -2, -1)]
    midnights = [datetime.combine(one, time(), there) for one in dates]
    return [Day(*day) for day in zip(dates[:-1], midnights[:-1], midnights[1:], strict=True)]


def of_user(user: User, *, count: int, now: datetime) -> list[StudiedDay]:
    """What this user studied in all their courses on each of the last days, the oldest first. One query."""
    days = last_days(count, there=zone(user.timezone), now=now)
    midnights = [*(day.begins for day in days), days[-1].ends]
    with connection.cursor() as cursor:
        cursor.execute(
            OF_USER,
            {
                "midnights": midnights,
                "begins": midnights[0],
                "ends": midnights[-1],
                "count": count,
                "user": user.pk,
            },
        )
        studied = {number: times for number, *times in cursor.fetchall()}
    none = timedelta()
    return [
        StudiedDay(day.date, *(one or none for one in studied.get(number, (none, none))))
        for number, day in enumerate(days, start=1)
    ]


def engaged(days_of: dict[int, Sequence[Day]]) -> dict[int, list[timedelta]]:
    """The engaged time of each enrolment on each of its days. One query, however many there are."""
    found = {enrollment: [timedelta()] * len(days) for enrollment, days in days_of.items()}
    asked = [
        (enrollment, number, day.begins, day.ends)
        for enrollment, days in days_of.items()
        for number, day in enumerate(days)
    ]
    if asked:
        with connection.cursor() as cursor:
            cursor.execute(ENGAGED, [list(column) for column in zip(*asked, strict=True)])
            for enrollment, number, time_of_day in cursor.fetchall():
                found[enrollment][number] = time_of_day
    return found
