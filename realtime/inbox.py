"""What the database holds for those who are connected: their newest notifications, places in queues, and progress.

Reads only; each function is one statement, for one user as for a thousand. What is read here is sent by `feed.py`.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from django.db import connection

from realtime.protocol import (
    MAX_INTEGER,
    MISSED_NOTIFICATIONS,
    Notification,
    NotificationData,
    NotificationKind,
    NotificationsHead,
    ProgressUpdated,
)
from realtime.texts import of_notification

INBOXES = """
SELECT c.user_id, c.head, c.seen, u.language, u.timezone, n.number, n.kind, n.created_at, n.data
FROM unnest(%s::bigint[], %s::bigint[]) AS asked(user_id, sent)
JOIN realtime_notificationcursor c ON c.user_id = asked.user_id
JOIN users_user u ON u.id = c.user_id
LEFT JOIN LATERAL (
    SELECT number, kind, created_at, data FROM realtime_notification
    WHERE user_id = asked.user_id AND number > asked.sent AND c.head > asked.sent
    ORDER BY number LIMIT %s
) n ON true
ORDER BY c.user_id, n.number
"""

PLACES = """
SELECT w.student_id, w.course_id, co.slug, CASE WHEN w.offered THEN 0 ELSE w.turn END,
       CASE WHEN w.offered THEN w.offer_expires_at END
FROM (
    SELECT course_id, student_id, offer_expires_at, notified_of_opening AS offered, row_number() OVER (
        PARTITION BY course_id, notified_of_opening ORDER BY priority, joined_waitlist, id
    ) AS turn
    FROM courses_coursewaitlist
    WHERE course_id = ANY(%(courses)s::bigint[])
       OR course_id IN (SELECT course_id FROM courses_coursewaitlist WHERE student_id = ANY(%(anywhere)s::bigint[]))
) w
JOIN courses_course co ON co.id = w.course_id
WHERE (NOT w.offered OR w.offer_expires_at > clock_timestamp())
  AND (w.student_id = ANY(%(anywhere)s::bigint[])
       OR w.course_id = ANY(%(courses)s::bigint[]) AND w.student_id = ANY(%(in_courses)s::bigint[]))
"""
"""As `courses.catalogue.waitlist_place` has it, for many: a lapsed offer is no place."""


REVISIONS = """
SELECT id, progress_revision FROM courses_courseenrollment WHERE student_id = %s AND progress_revision > 0
"""

PROGRESS = """
SELECT e.student_id, p.is_news, co.slug, e.id, p.revision, p.content_id,
    CASE WHEN p.content_id IS NOT NULL THEN true END, c.module_id,
    CASE WHEN c.module_id IS NOT NULL THEN coalesce(mp.percentage, 0)::float8 END,
    e.progress_percentage::float8, e.status
FROM courses_courseenrollment e
JOIN courses_course co ON co.id = e.course_id
LEFT JOIN unnest(%s::bigint[], %s::bigint[]) AS sent(enrollment_id, revision) ON sent.enrollment_id = e.id
JOIN LATERAL (
    (SELECT content_id, completed_revision AS revision, true AS is_news FROM courses_contentprogress
    WHERE enrollment_id = e.id AND is_completed AND completed_revision > coalesce(sent.revision, 0)
    ORDER BY completed_revision DESC LIMIT %s)
    UNION ALL
    SELECT NULL, e.progress_revision, true WHERE e.progress_revision > coalesce(sent.revision, 0) AND NOT EXISTS (
        SELECT FROM courses_contentprogress
        WHERE enrollment_id = e.id AND is_completed AND completed_revision = e.progress_revision)
    UNION ALL
    SELECT again.content_id, e.progress_revision, false
    FROM unnest(%s::bigint[], %s::bigint[]) AS again(enrollment_id, content_id) WHERE again.enrollment_id = e.id
) p ON true
LEFT JOIN courses_content c ON c.id = p.content_id
LEFT JOIN courses_moduleprogress mp ON mp.enrollment_id = e.id AND mp.module_id = c.module_id
WHERE e.student_id = ANY(%s) AND (e.progress_revision > coalesce(sent.revision, 0) OR e.id = ANY(%s))
ORDER BY e.id, p.revision
"""
"""One row for each content that was completed since, and one for the newest revision where that is none of theirs; and
one, as of that revision, for each completed content that is asked for again."""


class Place(NamedTuple):
    """A place in the queue of the course with this slug; as in `waitlist.updated`."""

    course: str
    position: int
    offer_expires_at: datetime | None


Places = dict[int, Place]
"""By the course's id."""


@dataclass(slots=True)
class Inbox:
    """How far a user's notifications go, and those of them that were asked for, in order."""

    user_id: int
    head: int = 0
    seen: int = 0
    notifications: list[Notification] = field(default_factory=list)


@dataclass(slots=True)
class Standing:
    """Where a user stands as they connect: what `welcome` says, what they missed, their places in queues, and the
    revision of their progress by enrolment."""

    head: NotificationsHead
    missed: list[Notification]
    places: Places
    revisions: dict[int, int]


def standing(user_id: int, after: int | None) -> Standing:
    """For a client that has the notifications up to `after`; None: it wants no old ones."""
    mine = inboxes({user_id: MAX_INTEGER if after is None else after}, limit=MISSED_NOTIFICATIONS)
    inbox = mine[0] if mine else Inbox(user_id)
    gap = after is not None and not 0 <= inbox.head - after <= MISSED_NOTIFICATIONS
    return Standing(
        head=NotificationsHead(head=inbox.head, seen=inbox.seen, gap=gap),
        missed=[] if gap else inbox.notifications,
        places=places(anywhere=[user_id]).get(user_id, {}),
        revisions=_revisions(user_id),
    )


def _revisions(user_id: int) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(REVISIONS, [user_id])
        return dict(cursor.fetchall())


def inboxes(sent: Mapping[int, int], *, limit: int) -> list[Inbox]:
    """For each of these users, where they stand and the next `limit` notifications after what they were sent.

    One snapshot: what is not beyond `head` and within the limit is there. Who was never told anything is left out.
    """
    found: dict[int, Inbox] = {}
    with connection.cursor() as cursor:
        cursor.execute(INBOXES, [list(sent.keys()), list(sent.values()), limit])
        for user_id, head, seen, language, timezone_name, *row in cursor.fetchall():
            inbox = found.setdefault(user_id, Inbox(user_id, head, seen))
            if row[0] is not None:
                number, kind, created_at, data = row
                told = msgspec.json.decode(data, type=NotificationData)
                inbox.notifications.append(notification(number, kind, created_at, told, language, timezone_name))
    return list(found.values())


def notification(
    number: int, kind: str, created_at: datetime, data: NotificationData, language: str, timezone_name: str
) -> Notification:
    """A row as it is sent, in the words of this language and by the clocks of this time zone."""
    told = NotificationKind(kind)
    title, body = of_notification(told, data, language=language, timezone_name=timezone_name)
    return Notification(number=number, kind=told, created_at=created_at, title=title, body=body, data=data)


def places(
    *, anywhere: Sequence[int] = (), courses: Collection[int] = (), in_courses: Sequence[int] = ()
) -> dict[int, Places]:
    """By user: all places of the users `anywhere`, and those of the users `in_courses` in the queues of `courses`."""
    found: dict[int, Places] = defaultdict(dict)
    asked: dict[str, Any] = {"anywhere": list(anywhere), "courses": list(courses), "in_courses": list(in_courses)}
    with connection.cursor() as cursor:
        cursor.execute(PLACES, asked)
        for user_id, course_id, *place in cursor.fetchall():
            found[user_id][course_id] = Place(*place)
    return found


@dataclass(slots=True)
class Updates:
    """Of a user's progress: what changed, in the order of the revisions, and what was asked for again, by enrolment and
    content. `again` is as new as the newest of `news`."""

    news: list[ProgressUpdated] = field(default_factory=list)
    again: dict[tuple[int, int], ProgressUpdated] = field(default_factory=dict)


def progress(
    *, users: Collection[int], sent: Mapping[int, int], again: Collection[tuple[int, int]], limit: int
) -> dict[int, Updates]:
    """By user, what changed since these revisions of these enrolments were sent (of others, since the beginning), and
    where they stand with the completed contents `again`, pairs of an enrolment and a content.

    Of an enrolment where more than `limit` contents were completed, the newest.
    """
    found: dict[int, Updates] = defaultdict(Updates)
    enrollments, contents = [enrollment for enrollment, _ in again], [content for _, content in again]
    asked: list[Any] = [list(sent.keys()), list(sent.values()), limit, enrollments, contents, list(users), enrollments]
    with connection.cursor() as cursor:
        cursor.execute(PROGRESS, asked)
        for user_id, is_news, *fields in cursor.fetchall():
            update = ProgressUpdated(**dict(zip(ProgressUpdated.__struct_fields__, fields, strict=True)))
            if is_news:
                found[user_id].news.append(update)
            else:
                assert update.content is not None
                found[user_id].again[update.enrollment, update.content] = update
    return found
