"""Sessions against PostgreSQL's clock, and the promise that a flush touches no index."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from courses import sessions
from courses.models import Course, CourseEnrollment, LearningSession
from courses.models.session import IDLE_LEASE_MS, LEASE_MS
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def enrollment(intro: Course, ana: User) -> CourseEnrollment:
    return CourseEnrollment.objects.get(course=intro, student=ana)


def session(enrollment: CourseEnrollment, *, silent_ms: int = 0, **fields: Any) -> LearningSession:
    """A session last heard so long ago."""
    row = LearningSession.objects.create(enrollment=enrollment, user=enrollment.student, key=uuid.uuid4(), **fields)
    heard_at = timezone.now() - timedelta(milliseconds=silent_ms)
    LearningSession.objects.filter(pk=row.pk).update(last_heard_at=heard_at)
    return LearningSession.objects.get(pk=row.pk)


def test_a_new_session_is_live_and_was_just_heard(enrollment: CourseEnrollment) -> None:
    row = LearningSession.objects.create(enrollment=enrollment, user=enrollment.student, key=uuid.uuid4())
    row.refresh_from_db()
    assert abs(row.last_heard_at - timezone.now()) < timedelta(seconds=5)
    assert row in LearningSession.objects.live()
    assert LearningSession.objects.with_clock().get().effective_ended_at is None


@pytest.mark.parametrize(
    ("state", "silent_ms", "is_live"),
    [
        ("", LEASE_MS - 3_000, True),
        ("", LEASE_MS + 1_000, False),
        ("engaged", LEASE_MS - 3_000, True),
        ("engaged", LEASE_MS + 1_000, False),
        ("focus", LEASE_MS + 1_000, False),
        ("idle", LEASE_MS + 1_000, True),
        ("idle", IDLE_LEASE_MS - 3_000, True),
        ("idle", IDLE_LEASE_MS + 1_000, False),
    ],
)
def test_silence_ends_a_session_as_of_its_last_sample(
    enrollment: CourseEnrollment, state: str, silent_ms: int, is_live: bool
) -> None:
    row = session(enrollment, state=state, silent_ms=silent_ms, last_at_ms=1_234)

    ended_at = LearningSession.objects.with_clock().get().effective_ended_at

    assert LearningSession.objects.live().exists() is is_live
    assert ended_at == (None if is_live else row.started_at + timedelta(milliseconds=1_234))


def test_what_has_ended_is_not_live_however_lately_it_was_heard(enrollment: CourseEnrollment) -> None:
    row = session(enrollment, ended_at=timezone.now(), end_reason="closed")

    assert not LearningSession.objects.live().exists()
    assert LearningSession.objects.with_clock().get().effective_ended_at == row.ended_at


def test_the_same_clock_is_told_in_sql(enrollment: CourseEnrollment) -> None:
    """`courses/sessions.py` says it in SQL for the statements that write."""
    for state in ("", "engaged", "focus", "idle"):
        for silent_ms in (0, LEASE_MS + 1_000, IDLE_LEASE_MS + 1_000):
            session(enrollment, state=state, silent_ms=silent_ms, last_at_ms=silent_ms)
            session(enrollment, state=state, silent_ms=silent_ms, ended_at=timezone.now(), end_reason="lease")

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT s.id, {sessions.ENDED_AT} FROM courses_learningsession s")
        in_sql = dict(cursor.fetchall())

    assert len(in_sql) == 24
    assert in_sql == {row.pk: row.effective_ended_at for row in LearningSession.objects.with_clock()}
    assert {pk for pk, ended_at in in_sql.items() if ended_at is None} == {
        row.pk for row in LearningSession.objects.live()
    }


def test_no_index_stands_on_what_a_flush_writes() -> None:
    """So that a live session's updates stay heap-only."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'courses_learningsession'")
        indexes = dict(cursor.fetchall())

    written = ["acked_seq", "last_at_ms", "state", "duration", "_time", "interactions", "unsettled"]
    written += ["settled_ms", "last_heard_at", "ended_at", "end_reason"]
    assert [name for name, definition in indexes.items() if any(f"{w}" in definition for w in written)] == []
    assert indexes["courses_learningsession_working"].endswith("(user_id) WHERE (NOT is_settled)")
    assert indexes["courses_learningsession_user"].endswith("(user_id, started_at DESC)")


def test_a_flush_is_a_heap_only_update(enrollment: CourseEnrollment) -> None:
    row = session(enrollment)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE courses_learningsession SET acked_seq = 1, last_at_ms = 1000, state = 'focus', is_settled = false,"
            " focus_time = '1 s', duration = '1 s', unsettled = '[[0, 1000, false]]', last_heard_at = clock_timestamp()"
            " WHERE id = %s",
            [row.pk],
        )
        cursor.execute(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'courses_learningsession'"
        )
        updates, heap_only = cursor.fetchone()

    assert updates == heap_only > 0
