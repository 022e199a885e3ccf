"""What the database holds for those who watch courses: who learns there now, who may still watch, and calls for help.

Reads only; as many statements for one course as for all that are watched here. What is read is sent by `watch.py`; the
words of calls for help go over REST (`views/calls.py`).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from courses.models import Course, LearningSession
from courses.models.session import IDLE_LEASE_MS, LEASE_MS
from realtime.models import Notification, NotificationCursor
from realtime.protocol import IDLE_SPAN_MS, SPAN_MS, NotificationKind
from realtime.watching import WatchedLearner, WatchedUser
from users.models import User

LEARNERS = """
WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now)
SELECT DISTINCT ON (e.id) e.course_id, e.id, u.id,
    coalesce(nullif(btrim(u.first_name || ' ' || u.last_name), ''), u.username),
    s.id, seen.state,
    CASE seen.state WHEN 'silent' THEN s.last_heard_at ELSE s.started_at + s.state_since_ms * interval '1 ms' END,
    s.content_id, s.device_type, s.started_at + s.last_at_ms * interval '1 ms',
    (extract(epoch FROM s.focus_time) * 1000)::bigint, (extract(epoch FROM s.engaged_time) * 1000)::bigint,
    (extract(epoch FROM s.idle_time) * 1000)::bigint, s.interactions_count, e.progress_percentage::float8,
    bool_or(s.needs_help) OVER (PARTITION BY e.id),
    extract(epoch FROM least(CASE seen.state WHEN 'silent' THEN lease.ends ELSE lease.falls_silent END,
        min(lease.ends) OVER (PARTITION BY e.id)) - clock.now)::float8,
    count(*) OVER (PARTITION BY e.id, seen.state) > 1
FROM clock
CROSS JOIN courses_courseenrollment e
JOIN courses_learningsession s ON s.enrollment_id = e.id AND s.user_id = e.student_id
JOIN users_user u ON u.id = e.student_id
CROSS JOIN LATERAL (SELECT
    s.last_heard_at + CASE s.state WHEN 'idle' THEN %(idle_span)s ELSE %(span)s END * interval '1 ms' AS falls_silent,
    s.last_heard_at + CASE s.state WHEN 'idle' THEN %(idle_lease)s ELSE %(lease)s END * interval '1 ms' AS ends
) lease
CROSS JOIN LATERAL (
    SELECT CASE WHEN lease.falls_silent <= clock.now THEN 'silent' ELSE s.state END AS state
) seen
WHERE {which} AND NOT s.is_settled AND s.ended_at IS NULL AND s.state <> '' AND lease.ends > clock.now
ORDER BY e.id, array_position(ARRAY['engaged', 'focus', 'idle', 'silent'], seen.state),
    s.started_at + s.last_at_ms * interval '1 ms' DESC, s.id DESC
"""
"""Either from the live sessions (few of all: a partial index by user) to their enrolments, or the other way."""

OF_COURSES = LEARNERS.format(which="e.course_id = ANY(%(courses)s)")
OF_ENROLLMENTS = LEARNERS.format(which="e.id = ANY(%(enrollments)s) AND e.course_id = ANY(%(courses)s)")

TIES_SECONDS = 5.0
"""Of two sessions in one state the one that was heard last is shown, and no hint tells of that: look so often."""


NEWEST = 1_000
"""How many of the owner's newest notifications the words of a call for help are looked for in."""


class Seen(NamedTuple):
    """A row of the roster: `standing` is all of it but its counters; by the clock alone it is another one after so
    many seconds."""

    learner: WatchedLearner
    standing: tuple[object, ...]
    lasts_seconds: float


@dataclass(frozen=True, slots=True)
class Rights:
    """Of a course that is still there: who owns it, and whether it shows who learns."""

    owner_id: int
    is_anonymous: bool


@dataclass(slots=True)
class Roster:
    """What was read: by course and enrolment who learns, of the courses and enrolments that were asked for; then, read
    after that, the courses that are there, and which users are staff."""

    learners: dict[int, dict[int, Seen]]
    rights: dict[int, Rights]
    staff: set[int]


def read(
    *, courses: Collection[int], enrollments: Collection[int], partly: Collection[int], users: Collection[int]
) -> Roster:
    """All who learn in `courses`, these `enrollments` of the courses `partly`, and whether `users` are staff."""
    learners: dict[int, dict[int, Seen]] = defaultdict(dict)
    if courses:
        _read(learners, OF_COURSES, {"courses": list(courses)})
    if enrollments and partly:
        _read(learners, OF_ENROLLMENTS, {"courses": list(partly), "enrollments": list(enrollments)})
    watched = Course.objects.filter(pk__in={*courses, *partly}).values_list("pk", "owner_id", "is_anonymous")
    staff = User.objects.filter(pk__in=users, is_staff=True, is_active=True).values_list("pk", flat=True)
    return Roster(learners, {pk: Rights(owner, is_anonymous) for pk, owner, is_anonymous in watched}, set(staff))


def _read(learners: dict[int, dict[int, Seen]], statement: str, asked: Mapping[str, Any]) -> None:
    limits = {"span": SPAN_MS, "idle_span": IDLE_SPAN_MS, "lease": LEASE_MS, "idle_lease": IDLE_LEASE_MS}
    with connection.cursor() as cursor:
        cursor.execute(statement, {**asked, **limits})
        for course, *row, lasts_seconds, is_tied in cursor.fetchall():
            learner = _learner(*row)
            lasts = min(lasts_seconds, TIES_SECONDS) if is_tied else lasts_seconds
            learners[course][learner.enrollment] = Seen(learner, _standing(learner), lasts)


def _learner(
    enrollment: int,
    user: int,
    name: str,
    session: int,
    state: Any,
    since: datetime,
    content: int | None,
    device_type: Any,
    counted_at: datetime,
    focus_ms: int,
    engaged_ms: int,
    idle_ms: int,
    interactions: int,
    progress: float,
    help: bool,
) -> WatchedLearner:
    return WatchedLearner(
        enrollment=enrollment,
        user=WatchedUser(id=user, name=name),
        session=session,
        state=state,
        since=since,
        content=content,
        device_type=device_type,
        counted_at=counted_at,
        focus_ms=focus_ms,
        engaged_ms=engaged_ms,
        idle_ms=idle_ms,
        interactions=interactions,
        progress=progress,
        help=help,
    )


def _standing(learner: WatchedLearner) -> tuple[object, ...]:
    return (
        learner.session,
        learner.state,
        learner.since,
        learner.content,
        learner.device_type,
        learner.progress,
        learner.help,
        learner.user.name,
    )


def calls(course: Course) -> dict[int, str]:
    """What those who ask for help now wrote to the course's owner, by enrolment; who wrote nothing is not in it.

    While the course is watched anonymously nobody is.
    """
    live = LearningSession.objects.live().filter(enrollment__course=course, needs_help=True)
    asking = [] if course.is_anonymous else list(live.values_list("enrollment", flat=True))
    cursor = NotificationCursor.objects.filter(pk=course.owner_id).first()
    if not asking or cursor is None:
        return {}
    told = Notification.objects.filter(
        user=course.owner_id,
        number__gt=cursor.head - NEWEST,
        kind=NotificationKind.HELP_REQUESTED,
        data__enrollment__in=asking,
    )
    newest = dict(told.order_by("number").values_list("data__enrollment", "data__text"))
    return {enrollment: text for enrollment, text in newest.items() if text}
