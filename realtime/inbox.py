"""What the database holds for those who are connected: their newest notifications, and their places in queues.

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
    """Where a user stands as they connect: what `welcome` says, what they missed, their places in queues."""

    head: NotificationsHead
    missed: list[Notification]
    places: Places


def standing(user_id: int, after: int | None) -> Standing:
    """For a client that has the notifications up to `after`; None: it wants no old ones."""
    mine = inboxes({user_id: MAX_INTEGER if after is None else after}, limit=MISSED_NOTIFICATIONS)
    inbox = mine[0] if mine else Inbox(user_id)
    gap = after is not None and not 0 <= inbox.head - after <= MISSED_NOTIFICATIONS
    return Standing(
        head=NotificationsHead(head=inbox.head, seen=inbox.seen, gap=gap),
        missed=[] if gap else inbox.notifications,
        places=places(anywhere=[user_id]).get(user_id, {}),
    )


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
