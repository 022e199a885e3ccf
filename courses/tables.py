"""What a course's owner asks, as tables in CSV that are made while they are sent.

Learners are read ROWS_AT_ONCE at a time, however many there are, each batch by a query of its own: who downloads slowly
keeps no cursor open. The other tables are bounded. Nothing here writes.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from django.db.models import QuerySet
from rest_framework.serializers import Serializer

from courses import analytics
from courses.analytics_serializers import ActivitySerializer, ContentTimeSerializer, StopSerializer, TotalsSerializer
from courses.models import Course, CourseEnrollment
from users.models import User

ROWS_AT_ONCE: Final = 500

COLUMNS: Final = {
    "student": "student__username",
    "first_name": "student__first_name",
    "last_name": "student__last_name",
    "status": "status",
    "enrolled_on": "enrolled_on",
    "last_accessed": "last_accessed",
    "completed_on": "completed_on",
    "progress_percentage": "progress_percentage",
    "engagement_score": "engagement_score",
    "total_time_spent_seconds": "total_time_spent",
    "engaged_seconds": "engaged_time",
}
"""The columns of learners, and where they come from."""

Row = Sequence[Any]


def _learners(enrollments: "QuerySet[CourseEnrollment]") -> Iterator[Row]:
    yield list(COLUMNS)
    rows = enrollments.order_by("pk").values_list("pk", *COLUMNS.values())
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:ROWS_AT_ONCE]):
        yield from (row[1:] for row in batch)
        last = batch[-1][0]


def _shown(serializer: type[Serializer[Any]], found: Iterable[object]) -> Iterator[Row]:
    """With the columns that the same answer has in JSON."""
    show = serializer()
    yield list(show.fields)
    for one in found:
        yield list(show.to_representation(one).values())


TABLES: Final[dict[str, Callable[[Course, User, datetime], Iterator[Row]]]] = {
    "learners": lambda course, reader, now: _learners(CourseEnrollment.objects.filter(course=course)),
    "totals": lambda course, reader, now: _shown(TotalsSerializer, [analytics.course_totals(course)]),
    "inactive": lambda course, reader, now: _learners(analytics.inactive_learners(course, now=now)),
    "contents": lambda course, reader, now: _shown(ContentTimeSerializer, analytics.content_times(course)),
    "stops": lambda course, reader, now: _shown(StopSerializer, analytics.stops(course)),
    "activity": lambda course, reader, now: _shown(
        ActivitySerializer, analytics.activity(course, reader=reader, now=now)
    ),
}
"""The rows of each table, the first with its headings."""


def write(rows: Iterator[Row]) -> Iterator[bytes]:
    """These rows as CSV in UTF-8, as they come."""
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        text = io.StringIO(newline="")
        csv.writer(text).writerows([_cell(value) for value in row] for row in batch)
        yield text.getvalue().encode()


def _cell(value: Any) -> str:
    """A value as a table shows it. Words that a spreadsheet would take for a formula are quoted: people choose them."""
    if value is None:
        return ""
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.3f}"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
