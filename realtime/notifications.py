"""What people are told: from the domain's events to rows, numbered for each user without a hole.

Owns which event is told to whom, as what. A row is written in the transaction of what it tells, as the last act of it
(`before_commit`), all of a transaction at once: the cursors of all users are locked in one order, after everything
else, and only until the commit that follows. So numbers become visible in their order, and nobody deadlocks.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

import msgspec
from django.db import connection, transaction
from django.db.models import F, Func, JSONField, QuerySet, Value
from django.db.models.functions import Least
from procrastinate.types import JSONDict

from courses.events import (
    CertificateIssued,
    CourseCompleted,
    EnrollmentApproved,
    EnrollmentConfirmed,
    EnrollmentEnded,
    EnrollmentRejected,
    EnrollmentRequested,
    HelpRequested,
    ModuleCompleted,
    Nudged,
    Place,
    WaitlistJoined,
    WaitlistOffered,
    WaitlistOfferExpired,
)
from courses.models import Course, CourseEnrollment, Module
from realtime import hints, tasks
from realtime.delivery import WORTH_A_MAIL
from realtime.models import Notification, NotificationCursor
from realtime.protocol import MAX_REASON, EndCause, NotificationData, NotificationKind, SeenFields
from users.events import AccountClosing, before_commit
from users.models import User
from users.personal_data import PersonalData

KINDS: Mapping[type[Place], NotificationKind] = {
    EnrollmentRequested: NotificationKind.ENROLLMENT_REQUESTED,
    EnrollmentApproved: NotificationKind.ENROLLMENT_APPROVED,
    EnrollmentRejected: NotificationKind.ENROLLMENT_REJECTED,
    EnrollmentConfirmed: NotificationKind.ENROLLMENT_CONFIRMED,
    EnrollmentEnded: NotificationKind.ENROLLMENT_ENDED,
    WaitlistJoined: NotificationKind.WAITLIST_JOINED,
    WaitlistOffered: NotificationKind.WAITLIST_OFFER,
    WaitlistOfferExpired: NotificationKind.WAITLIST_OFFER_EXPIRED,
    ModuleCompleted: NotificationKind.MODULE_COMPLETED,
    CourseCompleted: NotificationKind.COURSE_COMPLETED,
    CertificateIssued: NotificationKind.CERTIFICATE_ISSUED,
    HelpRequested: NotificationKind.HELP_REQUESTED,
    Nudged: NotificationKind.SESSION_NUDGE,
}
"""Every event that is told, and as what: to the learner whom it is about, or to the course's owner (ASKING)."""

ASKING = (EnrollmentRequested, HelpRequested)
"""What a learner asks the course's owner for."""

RAISE_HEADS = """
INSERT INTO realtime_notificationcursor AS c (user_id, head, seen)
SELECT u.id, told.news, 0
FROM unnest(%s::bigint[], %s::bigint[]) AS told(user_id, news) JOIN users_user u ON u.id = told.user_id
ORDER BY u.id
ON CONFLICT (user_id) DO UPDATE SET head = c.head + EXCLUDED.head
RETURNING user_id, head
"""
"""Locks the cursors in the users' order, and takes as many numbers of each as there is news. Who is gone gets none."""

ROWS_A_STATEMENT = 1_000


def tell(event: Place) -> None:
    """Tell whom this event is for, in this transaction, at its end: see KINDS. Hints at the commit."""
    before_commit(_write, event)


def mark_seen(*, user_id: int, number: int) -> SeenFields:
    """The user has seen everything up to `number`, or to the head if that is lower. `seen` never falls.

    Locks the user's cursor. Hints when `seen` changed. Returns where it then stands.
    """
    with transaction.atomic():
        up_to = Least(F("head"), number)
        if NotificationCursor.objects.filter(user_id=user_id, seen__lt=up_to).update(seen=up_to):
            transaction.on_commit(partial(hints.send, inboxes=[user_id]))
        cursor = NotificationCursor.objects.filter(user_id=user_id).first() or NotificationCursor()
    return SeenFields(head=cursor.head, seen=cursor.seen, unread=cursor.head - cursor.seen)


def forget(event: AccountClosing) -> None:
    """Whoever was told of what this learner asked is told of it still, but no more who asked, nor in which words, at
    the transaction's end.

    Locks those rows. Numbers and cursors stay.
    """
    before_commit(_forget, event.user_id)


def _forget(user_ids: list[int]) -> None:
    theirs = (F("data"), Value("student"), Value("text"))
    without = Func(*theirs, template="%(expressions)s", arg_joiner=" - ", output_field=JSONField())
    asked_by(user_ids).update(data=without)


def asked_by(user_ids: Collection[int]) -> QuerySet[Notification]:
    """What these learners asked the owners of courses for, as these were told of it."""
    places = list(CourseEnrollment.objects.filter(student__in=user_ids).values_list("pk", flat=True))
    return Notification.objects.filter(data__has_key="student", data__enrollment__in=places)


class AskedData(PersonalData):
    """What a learner asked for: to be found in what others were told."""

    def of(self, user: User) -> QuerySet[Notification]:
        return asked_by([user.pk])


def _write(events: list[Place]) -> None:
    """Write all that this transaction tells: a look at the courses, the numbers, the rows, the mails."""
    courses = Course.objects.only("slug", "title", "owner").in_bulk({event.course_id for event in events})
    asking = {event.student_id for event in events if isinstance(event, ASKING)}
    students = User.objects.in_bulk(asking) if asking else {}
    done = {event.module_id for event in events if isinstance(event, ModuleCompleted)}
    modules = Module.objects.in_bulk(done) if done else {}
    news = [
        (event, _news_of(event, courses[event.course_id], students, modules))
        for event in events
        if event.course_id in courses
    ]
    numbers = _numbers(Counter(row.user_id for _, row in news))
    told = [(event, row) for event, row in news if row.user_id in numbers]
    for _, row in told:
        row.number = next(numbers[row.user_id])
    Notification.objects.bulk_create([row for _, row in told], batch_size=ROWS_A_STATEMENT)
    mails: list[JSONDict] = [{"notification_id": row.pk} for event, row in told if _is_worth_a_mail(event)]
    if mails:
        tasks.mail_notification.batch_defer(*mails)
    transaction.on_commit(partial(hints.send, inboxes=list(numbers)))


def _is_worth_a_mail(event: Place) -> bool:
    return KINDS[type(event)] in WORTH_A_MAIL or (isinstance(event, EnrollmentConfirmed) and event.was_given)


def _numbers(news: Mapping[int, int]) -> dict[int, Any]:
    """For each user who is still there, the next numbers: so many as there is news. Locks their cursors."""
    if not news:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(RAISE_HEADS, [list(news.keys()), list(news.values())])
        return {user: iter(range(head - news[user] + 1, head + 1)) for user, head in cursor.fetchall()}


def _news_of(event: Place, course: Course, students: Mapping[int, User], modules: Mapping[int, Module]) -> Notification:
    """The row that tells this event; it has no number yet."""
    fields: dict[str, Any] = {"course": course.slug, "course_title": course.title}
    match event:
        case EnrollmentRequested() | HelpRequested():
            student = students[event.student_id]
            fields |= {"enrollment": event.enrollment_id, "student": student.get_full_name() or student.username}
            fields |= {"text": event.text or None} if isinstance(event, HelpRequested) else {}
        case Nudged():
            fields |= {"enrollment": event.enrollment_id, "text": event.text}
        case ModuleCompleted():
            title = modules[event.module_id].title if event.module_id in modules else None
            fields |= {"enrollment": event.enrollment_id, "module": event.module_id, "module_title": title}
        case EnrollmentConfirmed() | EnrollmentApproved() | CourseCompleted():
            fields |= {"enrollment": event.enrollment_id}
        case EnrollmentRejected() | EnrollmentEnded():
            fields |= {"enrollment": event.enrollment_id, "reason": event.reason[:MAX_REASON] or None}
            fields |= {"cause": EndCause(event.cause)} if isinstance(event, EnrollmentEnded) else {}
        case CertificateIssued():
            fields |= {"enrollment": event.enrollment_id, "code": event.code}
        case WaitlistOffered():
            fields |= {"offer_expires_at": event.expires_at}
    to = course.owner_id if isinstance(event, ASKING) else event.student_id
    return Notification(user_id=to, kind=KINDS[type(event)], data=msgspec.to_builtins(NotificationData(**fields)))
