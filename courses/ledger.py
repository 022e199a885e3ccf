"""The time ledger: each second a learner spent in a course, counted once.

Owns `FocusSpan` and every total that is made from it: `CourseEnrollment.total_time_spent` and `.engaged_time`,
`ContentProgress.time_spent` and `.engaged_time`, and `LearningSession.settled_ms`. Nothing else writes these.

A session row holds its newest stretches of focus itself (`LearningSession.unsettled`), which makes recording cheap.
To *settle* a session is to carry what lies beyond its `settled_ms` over into the ledger. The totals of the
enrolment grow by what the *union* of all its sessions' spans grew, so two tabs open at once count once in the
course; the same holds for each content, so two contents open at once count in each.
"""

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from django.db import DataError, IntegrityError, connection, transaction

from courses.events import RequiredTimeReached, SessionsSettled
from courses.models import ContentProgress, CourseEnrollment
from users.events import announce

BATCH = 200
"""Sessions settled in one transaction: their enrolments stay locked for its few milliseconds."""

log = logging.getLogger(__name__)

Interval = tuple[datetime, datetime]
K = TypeVar("K")


class Stretch(NamedTuple):
    """A stretch of focus that is about to enter the ledger, in absolute time."""

    session: int
    enrollment: int
    content: int | None
    engaged: bool
    start: datetime
    end: datetime


@dataclass(slots=True)
class Growth:
    """By how much a total grows: in focus (engaged or not), and engaged."""

    focus: timedelta = timedelta()
    engaged: timedelta = timedelta()


def settle(session_ids: Iterable[int]) -> None:
    """Carry these sessions' time over into the ledger, and raise the totals by what the union grew.

    Repeating it is harmless: only what lies beyond `settled_ms` is taken. Each batch is a transaction of its own,
    which locks the enrolments, then the sessions, both by id, before it reads. A session that the ledger can't take
    is logged and left as it is, for `audit_time` to show; it doesn't hold up the others. Announces `SessionsSettled`
    for those that ended.
    """
    ids = sorted(set(session_ids))
    for start in range(0, len(ids), BATCH):
        _settle_batch(ids[start : start + BATCH])


def _settle_batch(session_ids: Sequence[int]) -> None:
    try:
        with transaction.atomic():
            _settle_locked(session_ids)
    except (DataError, IntegrityError) as error:
        if len(session_ids) == 1:
            log.error("Session %s can't be settled: %s", session_ids[0], error)
            return
        for session_id in session_ids:
            _settle_batch([session_id])


def _settle_locked(session_ids: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT enrollment_id FROM courses_learningsession WHERE id = ANY(%s)", [list(session_ids)]
        )
        lock_enrollments([row[0] for row in cursor.fetchall()])
        cursor.execute(
            "SELECT id, enrollment_id, content_id, started_at, settled_ms, last_at_ms, unsettled::text"
            " FROM courses_learningsession WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
            [list(session_ids)],
        )
        stretches = [stretch for row in cursor.fetchall() for stretch in _beyond_settled(*row)]
        if stretches:
            in_course, in_content = _growth(stretches, _overlapping(cursor, stretches))
            _write_spans(cursor, stretches)
            _raise_enrollments(cursor, in_course)
            reached = _raise_contents(cursor, in_content)
            if reached:
                announce(RequiredTimeReached(reached))
        cursor.execute(
            "UPDATE courses_learningsession SET settled_ms = last_at_ms, is_settled = ended_at IS NOT NULL,"
            " unsettled = CASE WHEN ended_at IS NULL THEN unsettled ELSE '[]' END WHERE id = ANY(%s)"
            " RETURNING enrollment_id, is_settled",
            [list(session_ids)],
        )
        ended = {enrollment for enrollment, is_settled in cursor.fetchall() if is_settled}
    if ended:
        announce(SessionsSettled(tuple(sorted(ended))))


def lock_enrollments(enrollment_ids: Sequence[int]) -> None:
    """Lock these enrolments, by id, until the transaction ends: nobody else settles into them meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM courses_courseenrollment WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
            [list(enrollment_ids)],
        )


def _beyond_settled(
    session: int,
    enrollment: int,
    content: int | None,
    started_at: datetime,
    settled_ms: int,
    last_at_ms: int,
    unsettled: str,
) -> Iterable[Stretch]:
    for start_ms, end_ms, engaged in json.loads(unsettled):
        start_ms = max(start_ms, settled_ms)
        if start_ms < end_ms:
            yield Stretch(
                session,
                enrollment,
                content,
                engaged,
                started_at + timedelta(milliseconds=start_ms),
                started_at + timedelta(milliseconds=end_ms),
            )


def _overlapping(cursor: Any, stretches: Sequence[Stretch]) -> list[Stretch]:
    """What the ledger holds already of these enrolments, where it can overlap the new stretches."""
    windows: dict[int, Interval] = {}
    for new in stretches:
        start, end = windows.get(new.enrollment, (new.start, new.end))
        windows[new.enrollment] = (min(start, new.start), max(end, new.end))
    cursor.execute(
        "SELECT f.session_id, f.enrollment_id, f.content_id, f.engaged, lower(f.span), upper(f.span)"
        " FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS w(enrollment, start, until)"
        " JOIN courses_focusspan f"
        "   ON int8range(f.enrollment_id, f.enrollment_id, '[]') && int8range(w.enrollment, w.enrollment, '[]')"
        "  AND f.span && tstzrange(w.start, w.until)",
        [list(windows), [start for start, _ in windows.values()], [end for _, end in windows.values()]],
    )
    return [Stretch(*row) for row in cursor.fetchall()]


def _growth(new: Sequence[Stretch], old: Sequence[Stretch]) -> tuple[dict[int, Growth], dict[tuple[int, int], Growth]]:
    """By how much the union of an enrolment's spans grows, and of each (enrolment, content)."""
    in_course: dict[int, Growth] = {}
    in_content: dict[tuple[int, int], Growth] = {}
    known = _grouped(old, lambda stretch: stretch.enrollment)
    for enrollment, mine in _grouped(new, lambda stretch: stretch.enrollment).items():
        in_course[enrollment] = _union_growth(mine, known.get(enrollment, []))
        known_of_content = _grouped(known.get(enrollment, []), lambda stretch: stretch.content)
        for content, mine_of_content in _grouped(mine, lambda stretch: stretch.content).items():
            if content is not None:
                in_content[enrollment, content] = _union_growth(mine_of_content, known_of_content.get(content, []))
    return in_course, in_content


def _grouped(stretches: Sequence[Stretch], key: Callable[[Stretch], K]) -> dict[K, list[Stretch]]:
    groups: dict[K, list[Stretch]] = defaultdict(list)
    for stretch in stretches:
        groups[key(stretch)].append(stretch)
    return groups


def _union_growth(new: Sequence[Stretch], old: Sequence[Stretch]) -> Growth:
    def grown(new: Sequence[Stretch], old: Sequence[Stretch]) -> timedelta:
        return _union_length([*new, *old]) - _union_length(old)

    return Growth(
        focus=grown(new, old),
        engaged=grown([s for s in new if s.engaged], [s for s in old if s.engaged]),
    )


def _union_length(stretches: Iterable[Stretch]) -> timedelta:
    length = timedelta()
    covered_until: datetime | None = None
    for start, end in sorted((stretch.start, stretch.end) for stretch in stretches):
        if covered_until is None or start > covered_until:
            length += end - start
            covered_until = end
        elif end > covered_until:
            length += end - covered_until
            covered_until = end
    return length


def _write_spans(cursor: Any, stretches: Sequence[Stretch]) -> None:
    """One row for each stretch: one that goes on from what was settled before grows, the others are new."""
    columns = [list(column) for column in zip(*stretches, strict=True)]
    cursor.execute(
        "UPDATE courses_focusspan f SET span = tstzrange(lower(f.span), d.until)"
        " FROM unnest(%s::bigint[], %s::boolean[], %s::timestamptz[], %s::timestamptz[])"
        " AS d(session, engaged, start, until)"
        " WHERE f.session_id = d.session AND f.engaged = d.engaged AND upper(f.span) = d.start"
        " RETURNING f.session_id, upper(f.span)",
        [columns[0], *columns[3:]],
    )
    grown = set(cursor.fetchall())
    fresh = [stretch for stretch in stretches if (stretch.session, stretch.end) not in grown]
    if fresh:
        cursor.execute(
            "INSERT INTO courses_focusspan (session_id, enrollment_id, content_id, engaged, span)"
            " SELECT session, enrollment, content, engaged, tstzrange(start, until) FROM unnest("
            "%s::bigint[], %s::bigint[], %s::bigint[], %s::boolean[], %s::timestamptz[], %s::timestamptz[])"
            " AS d(session, enrollment, content, engaged, start, until)",
            [list(column) for column in zip(*fresh, strict=True)],
        )


def _raise_enrollments(cursor: Any, grown: dict[int, Growth]) -> None:
    cursor.execute(
        "UPDATE courses_courseenrollment e SET total_time_spent = e.total_time_spent + d.focus,"
        " engaged_time = e.engaged_time + d.engaged, last_activity = now()"
        " FROM unnest(%s::bigint[], %s::interval[], %s::interval[]) AS d(id, focus, engaged) WHERE e.id = d.id",
        [list(grown), [g.focus for g in grown.values()], [g.engaged for g in grown.values()]],
    )


def _raise_contents(cursor: Any, grown: dict[tuple[int, int], Growth]) -> tuple[tuple[int, int], ...]:
    """Raise the learners' progress rows of these contents, and make those that are missing.

    Those that have now come to the engaged time that completes them; nothing is completed for who has left.
    """
    ContentProgress.objects.bulk_create(
        [ContentProgress(enrollment_id=enrollment, content_id=content) for enrollment, content in sorted(grown)],
        ignore_conflicts=True,
    )
    cursor.execute(
        "UPDATE courses_contentprogress p SET time_spent = p.time_spent + d.focus,"
        " engaged_time = p.engaged_time + d.engaged"
        " FROM unnest(%s::bigint[], %s::bigint[], %s::interval[], %s::interval[])"
        " AS d(enrollment, content, focus, engaged) JOIN courses_content c ON c.id = d.content"
        " JOIN courses_courseenrollment e ON e.id = d.enrollment"
        " WHERE p.enrollment_id = d.enrollment AND p.content_id = d.content"
        " RETURNING p.enrollment_id, p.content_id, NOT p.is_completed AND c.archived_at IS NULL"
        " AND e.status = ANY(%s) AND p.engaged_time >= c.required_seconds * interval '1 s'",
        [
            [enrollment for enrollment, _ in grown],
            [content for _, content in grown],
            [g.focus for g in grown.values()],
            [g.engaged for g in grown.values()],
            list(CourseEnrollment.SEATED),
        ],
    )
    return tuple((enrollment, content) for enrollment, content, is_reached in cursor.fetchall() if is_reached)
