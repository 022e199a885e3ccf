"""Every rule that the database keeps by itself: broken on purpose, by name."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import ProtectedError

from courses.models import (
    Certificate,
    Content,
    ContentItem,
    ContentProgress,
    Course,
    CourseEnrollment,
    CourseWaitlist,
    FocusSpan,
    LearningSession,
    Module,
    ModuleProgress,
)
from realtime.models import Notification, NotificationCursor
from users.models import User

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def enrollment(intro: Course, ana: User) -> CourseEnrollment:
    return CourseEnrollment.objects.get(course=intro, student=ana)


@pytest.fixture
def session(enrollment: CourseEnrollment, content: Content) -> LearningSession:
    return LearningSession.objects.create(
        enrollment=enrollment, user=enrollment.student, key=uuid.uuid4(), content=content
    )


def refused(rule: str, write: Callable[[], Any]) -> None:
    """The database must refuse this write, naming the rule."""
    with pytest.raises(IntegrityError, match=rf'"{rule}"'), transaction.atomic():
        write()
        connection.check_constraints()


def changes_refused(rule: str, row: Any, **fields: Any) -> None:
    refused(rule, lambda: type(row)._default_manager.filter(pk=row.pk).update(**fields))


def test_courses(intro: Course) -> None:
    changes_refused("positive_capacity", intro, max_capacity=0)
    changes_refused("courses_course_positive_offer_hours", intro, waitlist_offer_hours=0)
    changes_refused("courses_course_offer_within_a_year", intro, waitlist_offer_hours=365 * 24 + 1)


def test_enrollments(enrollment: CourseEnrollment) -> None:
    again = CourseEnrollment(course=enrollment.course, student=enrollment.student)
    refused("unique_enrollment", again.save)
    changes_refused("valid_progress_percentage", enrollment, progress_percentage=100.01)
    changes_refused("valid_progress_percentage", enrollment, progress_percentage=-0.01)
    changes_refused("valid_engagement_score", enrollment, engagement_score=1.01)
    changes_refused("valid_engagement_score", enrollment, engagement_score=-0.01)
    changes_refused("courses_courseenrollment_known_status", enrollment, status="asleep")
    changes_refused("courses_courseenrollment_engaged_within_total", enrollment, engaged_time=SECOND)
    changes_refused("courses_courseenrollment_engaged_within_total", enrollment, engaged_time=-SECOND)


def test_the_waitlist(intro: Course, chidi: User) -> None:
    entry = CourseWaitlist.objects.create(course=intro, student=chidi)
    refused("unique_course_waitlist", CourseWaitlist(course=intro, student=chidi).save)
    whole = "courses_coursewaitlist_offer_is_whole"
    changes_refused(whole, entry, notified_of_opening=True)
    changes_refused(whole, entry, notified_of_opening=True, offered_at=NOON)
    changes_refused(whole, entry, offered_at=NOON, offer_expires_at=NOON + SECOND)
    changes_refused(whole, entry, notified_of_opening=True, offered_at=NOON, offer_expires_at=NOON)


def test_certificates(enrollment: CourseEnrollment) -> None:
    first = Certificate.objects.create(enrollment=enrollment, code="A")
    refused("courses_certificate_one_valid", Certificate(enrollment=enrollment, code="B").save)
    refused("courses_certificate_code_key", Certificate(enrollment=enrollment, code="A").save)
    first.revoked_at = NOON
    first.save()
    Certificate.objects.create(enrollment=enrollment, code="B")
    with pytest.raises(ProtectedError):
        enrollment.delete()


def test_places(intro: Course, content: Content) -> None:
    module, item = content.module, content.items.get()
    refused("courses_module_unique_order", Module(course=intro, title="x", order=module.order).save)
    refused("courses_content_unique_order", Content(module=module, title="x", order=content.order).save)
    there = ContentItem(content=content, item=item.item, order=9)
    refused("courses_contentitem_one_place", there.save)
    there = ContentItem(content=content, item=Content.objects.last().items.get().item, order=item.order)  # type: ignore[union-attr]
    ContentItem.objects.filter(content=Content.objects.last()).delete()
    refused("courses_contentitem_unique_order", there.save)


def test_places_may_be_swapped_within_a_transaction(content: Content) -> None:
    other = content.module.contents.exclude(pk=content.pk).get()
    Content.objects.filter(pk=content.pk).update(order=other.order)
    Content.objects.filter(pk=other.pk).update(order=content.order)
    connection.check_constraints()


def test_time_based_contents(content: Content) -> None:
    rule = "courses_content_seconds_when_time_based"
    changes_refused(rule, content, completion_method="time_based")
    changes_refused(rule, content, completion_method="time_based", required_seconds=0)
    changes_refused(rule, content, completion_method="manual", required_seconds=60)
    Content.objects.filter(pk=content.pk).update(completion_method="time_based", required_seconds=60)


def test_progress(enrollment: CourseEnrollment, content: Content) -> None:
    progress = ContentProgress.objects.create(enrollment=enrollment, content=content)
    refused("unique_content_progress", ContentProgress(enrollment=enrollment, content=content).save)
    changes_refused("courses_contentprogress_engaged_within_time", progress, engaged_time=SECOND)
    in_module = ModuleProgress.objects.create(enrollment=enrollment, module=content.module)
    again = ModuleProgress(enrollment=enrollment, module=content.module)
    refused("courses_moduleprogress_unique_module", again.save)
    changes_refused("courses_moduleprogress_valid_percentage", in_module, percentage=100.01)
    changes_refused("courses_moduleprogress_valid_percentage", in_module, percentage=-0.01)
    changes_refused("courses_moduleprogress_completed_within_total", in_module, completed_contents=1)


def test_sessions(session: LearningSession) -> None:
    again = LearningSession(enrollment=session.enrollment, user=session.user, key=session.key)
    refused("courses_learningsession_unique_key", again.save)
    negative = "courses_learningsession_no_negative_time"
    changes_refused(negative, session, engaged_time=SECOND)
    changes_refused(negative, session, engaged_time=-SECOND)
    changes_refused(negative, session, idle_time=-SECOND)
    changes_refused(negative, session, unknown_time=-SECOND)
    for field in ("epoch", "acked_seq", "last_at_ms", "settled_ms"):
        changes_refused("courses_learningsession_no_negative_count", session, **{field: -1})
    add_up = "courses_learningsession_times_add_up"
    changes_refused(add_up, session, duration=3 * SECOND, focus_time=SECOND, idle_time=SECOND)
    changes_refused(add_up, session, duration=timedelta(milliseconds=1))
    changes_refused("courses_learningsession_known_state", session, state="asleep")
    reason = "courses_learningsession_ended_for_a_reason"
    changes_refused(reason, session, ended_at=NOON)
    changes_refused(reason, session, end_reason="closed")
    changes_refused(reason, session, ended_at=NOON, end_reason="boredom")
    changes_refused("courses_learningsession_settled_when_ended", session, is_settled=True)


def test_two_users_may_choose_the_same_key(session: LearningSession, ben: User) -> None:
    enrollment = CourseEnrollment.objects.get(student=ben)
    LearningSession.objects.create(enrollment=enrollment, user=ben, key=session.key)


def span(session: LearningSession, start: int, end: int, **fields: Any) -> FocusSpan:
    """From second to second after noon."""
    moments = DateTimeTZRange(NOON + start * SECOND, NOON + end * SECOND)
    options = {"engaged": True, "content": session.content, "enrollment": session.enrollment, **fields}
    return FocusSpan(session=session, span=moments, **options)


def test_spans(session: LearningSession) -> None:
    span(session, 10, 20).save()
    refused("courses_focusspan_no_overlap", span(session, 19, 30, engaged=False).save)
    refused("courses_focusspan_no_overlap", span(session, 12, 13).save)
    refused("courses_focusspan_has_two_ends", span(session, 40, 40).save)
    for ends in ((None, NOON), (NOON + 50 * SECOND, None)):
        endless = span(session, 0, 1)
        endless.span = DateTimeTZRange(*ends)
        refused("courses_focusspan_has_two_ends|courses_focusspan_no_overlap", endless.save)


def test_spans_may_touch_and_those_of_two_sessions_may_overlap(session: LearningSession) -> None:
    other = LearningSession.objects.create(enrollment=session.enrollment, user=session.user, key=uuid.uuid4())
    span(session, 10, 20).save()
    span(session, 20, 30, engaged=False).save()
    span(other, 15, 25).save()


def test_nothing_that_a_span_hangs_on_can_be_deleted(session: LearningSession) -> None:
    span(session, 10, 20).save()
    course = session.enrollment.course
    for row in (session, session.enrollment, session.content, course, course.subject, course.owner, session.user):
        assert row is not None
        with pytest.raises(ProtectedError):
            row.delete()


def test_notifications(ana: User) -> None:
    Notification.objects.create(user=ana, number=1, kind="session.nudge")
    again = Notification(user=ana, number=1, kind="session.nudge")
    refused("realtime_notification_unique_number", again.save)
    refused("realtime_notification_numbered_from_one", Notification(user=ana, number=0, kind="x").save)
    cursor = NotificationCursor.objects.create(user=ana, head=2, seen=1)
    changes_refused("realtime_notificationcursor_seen_within_head", cursor, seen=3)
    changes_refused("realtime_notificationcursor_seen_within_head", cursor, seen=-1)


def test_no_rule_is_missing_here() -> None:
    """A new constraint of ours needs its line above."""
    models = [Course, CourseEnrollment, CourseWaitlist, Certificate, Module, Content, ContentItem, ContentProgress]
    models += [ModuleProgress, LearningSession, FocusSpan, Notification, NotificationCursor]
    with open(__file__) as this_file:
        tested = this_file.read()
    assert [rule.name for model in models for rule in model._meta.constraints if rule.name not in tested] == []
