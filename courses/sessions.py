"""The life of a learning session: opened under a key, held by one connection at a time, ended once.

Owns the rows of `LearningSession` from their first open to their end. What is written in between, sample by sample,
is the recorder's (`realtime/recorder.py`); what becomes of the time is the ledger's (`courses/ledger.py`).

Whoever opens a session raises its `epoch`. Writes carry the epoch that the writer was given, so a holder that lost
the session can write nothing more. Time is PostgreSQL's clock, here and everywhere in a session.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F

from courses import ledger
from courses.errors import KeyInUse, NotEnrolled, NotFound, RateLimited, SessionClosed, TooManySessions
from courses.events import LearningChanged, SessionsChanged
from courses.models import Content, Course, CourseEnrollment, LearningSession
from courses.models.session import IDLE_LEASE_MS, LEASE_MS, REOPEN_HOURS, ClockTimestamp
from users.events import announce
from users.models import User

LIVE_SESSIONS_A_USER = 20
NEW_KEYS_A_MINUTE = 60
RETRY_TOO_MANY_MS = 5_000
SWEEP_BATCH = 5_000

OVERDUE = f"""(s.ended_at IS NULL AND s.last_heard_at < clock_timestamp()
    - (CASE s.state WHEN 'idle' THEN {IDLE_LEASE_MS} ELSE {LEASE_MS} END) * interval '1 ms')"""
"""Silent for longer than its lease: it counts as ended, whether or not the sweep has come by."""

ENDED_AT = f"(CASE WHEN {OVERDUE} THEN s.started_at + s.last_at_ms * interval '1 ms' ELSE s.ended_at END)"
"""A session ends as of its last sample."""

WRITABLE = f"""(s.end_reason IN ('', 'lease')
    AND ({ENDED_AT} IS NULL OR {ENDED_AT} > clock_timestamp() - interval '{REOPEN_HOURS} hours'))"""
"""Not ended for good: its holder may write and its user may open it, which reopens it if its lease had run out."""


@dataclass(frozen=True, slots=True)
class DurableSession:
    """What PostgreSQL holds of a session: all that a holder needs to go on with it.

    `started_ms` and `now_ms` are milliseconds since 1970 by PostgreSQL's clock, `…_ms` totals are milliseconds,
    `stretches` are `[start_ms, end_ms, engaged]` in milliseconds of the session, as JSON text.
    """

    id: int
    key: UUID
    user_id: int
    enrollment_id: int
    content_id: int | None
    epoch: int
    acked_seq: int
    last_at_ms: int
    state: Literal["", "engaged", "focus", "idle"]
    engaged_ms: int
    focus_ms: int
    idle_ms: int
    unknown_ms: int
    interactions: int
    stretches: str
    settled_ms: int
    end_reason: str
    is_live: bool
    is_writable: bool
    started_ms: float
    now_ms: float
    since_ms: int

    @property
    def elapsed_ms(self) -> int:
        """How old the session was when this was read."""
        return int(self.now_ms - self.started_ms)

    def counted(self) -> dict[str, int]:
        """What is durable, as the fields of `session.ack`."""
        return {
            "session": self.id,
            "seq": self.acked_seq,
            "duration_ms": self.focus_ms + self.idle_ms + self.unknown_ms,
            "focus_ms": self.focus_ms,
            "engaged_ms": self.engaged_ms,
            "idle_ms": self.idle_ms,
            "unknown_ms": self.unknown_ms,
            "interactions": self.interactions,
        }


DURABLE_SESSION = f"""
    SELECT s.id, s.key, s.user_id, s.enrollment_id, s.content_id, s.epoch, s.acked_seq, s.last_at_ms, s.state,
        (extract(epoch FROM s.engaged_time) * 1000)::bigint, (extract(epoch FROM s.focus_time) * 1000)::bigint,
        (extract(epoch FROM s.idle_time) * 1000)::bigint, (extract(epoch FROM s.unknown_time) * 1000)::bigint,
        s.interactions_count, s.unsettled::text, s.settled_ms, s.end_reason,
        {ENDED_AT} IS NULL, {WRITABLE},
        (extract(epoch FROM s.started_at) * 1000)::float8, (extract(epoch FROM clock_timestamp()) * 1000)::float8,
        s.state_since_ms
    FROM courses_learningsession s"""
"""Selects the columns of `DurableSession`, in its order; the caller adds the WHERE."""


def open_session(
    *,
    user_id: int,
    key: UUID,
    course: str,
    content: int | None,
    device_type: str,
    user_agent: str,
    ip_address: str | None,
) -> DurableSession:
    """Begin the session that `key` names, or go on with it, and fence off whoever held it.

    Locks the user (so that the limits hold under parallel opens), the enrolment (so that access which ends at the
    same moment is seen), then the session. Announces `SessionsChanged` and `LearningChanged` when it goes on.
    Raises NotFound, NotEnrolled, SessionClosed, KeyInUse, TooManySessions, RateLimited.
    """
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).get(pk=user_id)
        enrollment = _enrollment_for_recording(user=user, course=course)
        before = _durable("WHERE s.user_id = %s AND s.key = %s FOR NO KEY UPDATE", [user_id, key])
        # One that was archived meanwhile may be finished, not begun.
        contents = Content.objects.in_outline() if before is None else Content.objects.all()
        if content is not None and not contents.filter(pk=content, module__course=enrollment.course_id).exists():
            raise NotFound(f"content: this course has no content {content}.")
        if before is not None:
            if before.enrollment_id != enrollment.pk or content not in (None, before.content_id):
                raise KeyInUse
            if not before.is_writable:
                raise SessionClosed(**before.counted())
        if before is None or not before.is_live:
            _check_limits(user_id=user_id, is_new=before is None)
        if before is None:
            session_id = LearningSession.objects.create(
                user_id=user_id,
                key=key,
                enrollment=enrollment,
                content_id=content,
                device_type=device_type,
                user_agent=user_agent,
                ip_address=ip_address,
            ).pk
        else:
            session_id = before.id
            announce(SessionsChanged((session_id,)))
            announce(LearningChanged((enrollment.pk,)))
        LearningSession.objects.filter(pk=session_id).update(
            epoch=F("epoch") + 1,
            # Django stamps a new row with this machine's clock; the session's clock is PostgreSQL's.
            started_at=ClockTimestamp() if before is None else F("started_at"),
            last_heard_at=ClockTimestamp(),
            ended_at=None,
            end_reason="",
            is_settled=False,
        )
        _view(enrollment.pk, content if before is None else before.content_id, is_new=before is None)
        opened = _durable("WHERE s.id = %s", [session_id])
        assert opened is not None, "the row is locked by this transaction"
        return opened


def is_of(row: DurableSession, *, course: str, content: int | None) -> bool:
    """Whether it is a session of this course, and of this content where one is named."""
    is_its_course = CourseEnrollment.objects.filter(pk=row.enrollment_id, course__slug=course).exists()
    return is_its_course and content in (None, row.content_id)


def _view(enrollment_id: int, content_id: int | None, *, is_new: bool) -> None:
    """The course was accessed, and with a new session its content viewed once more: one statement for both."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH accessed AS (UPDATE courses_courseenrollment SET last_accessed = clock_timestamp()"
            " WHERE id = %(enrollment)s)"
            " INSERT INTO courses_contentprogress AS p (enrollment_id, content_id, started_at, is_completed,"
            " time_spent, view_count, last_viewed, completion_method, engaged_time, completed_revision)"
            " SELECT %(enrollment)s, id, clock_timestamp(), false, interval '0', %(views)s, clock_timestamp(),"
            " completion_method, interval '0', 0 FROM courses_content WHERE id = %(content)s"
            " ON CONFLICT (enrollment_id, content_id) DO UPDATE SET view_count = p.view_count + EXCLUDED.view_count,"
            " last_viewed = EXCLUDED.last_viewed",
            {"enrollment": enrollment_id, "content": content_id, "views": int(is_new)},
        )


def _enrollment_for_recording(*, user: User, course: str) -> CourseEnrollment:
    """The locked enrolment under which this user's time in the course is recorded."""
    enrollment = (
        CourseEnrollment.objects.select_for_update(no_key=True, of=("self",))
        .filter(student=user, course__slug=course)
        .first()
    )
    if enrollment is not None and enrollment.status in CourseEnrollment.WITH_ACCESS:
        return enrollment
    found = Course.objects.filter(slug=course).first()
    if found is None or (found.status == Course.Status.DRAFT and found.owner_id != user.pk and not user.is_staff):
        raise NotFound(f"course: there is no course {course}.")
    raise NotEnrolled("You are not enrolled in this course, so your time in it is not recorded.")


def _check_limits(*, user_id: int, is_new: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT (SELECT count(*) FROM courses_learningsession s"
            f" WHERE s.user_id = %(user)s AND NOT s.is_settled AND {ENDED_AT} IS NULL),"
            f" (SELECT (extract(epoch FROM started_at + interval '60 s' - clock_timestamp()) * 1000)::int"
            f" FROM courses_learningsession WHERE user_id = %(user)s"
            f" AND started_at > clock_timestamp() - interval '60 s'"
            f" ORDER BY started_at DESC OFFSET %(most)s LIMIT 1)",
            {"user": user_id, "most": NEW_KEYS_A_MINUTE - 1},
        )
        live, until_next_ms = cursor.fetchone()
    if live >= LIVE_SESSIONS_A_USER:
        raise TooManySessions(
            f"You have {LIVE_SESSIONS_A_USER} live sessions already. Close one first.",
            retry_after_ms=RETRY_TOO_MANY_MS,
        )
    if is_new and until_next_ms is not None:
        raise RateLimited(
            f"More than {NEW_KEYS_A_MINUTE} new sessions in a minute.", retry_after_ms=max(1, until_next_ms)
        )


def lock(*, user_id: int, key: UUID) -> DurableSession | None:
    """This user's session under this key, to be written in this transaction without taking it from its holder.

    Locks the user, the enrolment and the session. Raises NotEnrolled, SessionClosed; TooManySessions when it would
    live again and the user has enough live ones.
    """
    User.objects.select_for_update(no_key=True).get(pk=user_id)
    found = LearningSession.objects.filter(user_id=user_id, key=key).first()
    if found is None:
        return None
    enrollment = CourseEnrollment.objects.select_for_update(no_key=True).get(pk=found.enrollment_id)
    row = _durable("WHERE s.id = %s FOR NO KEY UPDATE", [found.pk])
    assert row is not None, "only a cascade from what is locked deletes it"
    if not row.is_writable:
        raise SessionClosed(**row.counted())
    if enrollment.status not in CourseEnrollment.WITH_ACCESS:
        raise NotEnrolled
    if not row.is_live:
        _check_limits(user_id=user_id, is_new=False)
    return row


def revive(*, user_id: int, key: UUID, epoch: int) -> None:
    """Have a session live again that its holder, under `epoch`, hears again after its lease ran out.

    Locks the user, the enrolment and the session. Raises NotEnrolled, SessionClosed; TooManySessions when the user has
    enough live ones.
    """
    with transaction.atomic():
        row = lock(user_id=user_id, key=key)
        if row is not None and not row.is_live:
            LearningSession.objects.filter(pk=row.id, epoch=epoch).update(
                last_heard_at=ClockTimestamp(), ended_at=None, end_reason="", is_settled=False
            )


def find(*, user_id: int, session_id: int) -> DurableSession | None:
    """This user's session as PostgreSQL holds it, whoever holds it now."""
    return _durable("WHERE s.id = %s AND s.user_id = %s", [session_id, user_id])


def _durable(where: str, params: Sequence[Any]) -> DurableSession | None:
    with connection.cursor() as cursor:
        cursor.execute(DURABLE_SESSION + " " + where, params)
        row = cursor.fetchone()
    return DurableSession(*row) if row else None


def changed(epochs: dict[int, int]) -> set[int]:
    """Which of these sessions (id → the epoch they are held under) are no longer the holder's to write."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT d.id FROM unnest(%s::bigint[], %s::bigint[]) AS d(id, epoch)"
            f" LEFT JOIN courses_learningsession s ON s.id = d.id"
            f" WHERE s.id IS NULL OR s.epoch <> d.epoch OR NOT {WRITABLE}",
            [list(epochs), list(epochs.values())],
        )
        return {row[0] for row in cursor.fetchall()}


def end_access(enrollment_ids: Collection[int]) -> None:
    """End the sessions of these enrolments for good, as of their last samples.

    Called inside the transaction that ends the access, with the enrolments locked. Locks the sessions by id.
    Announces `SessionsChanged` and `LearningChanged`. The sweep settles what they still hold.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH live AS MATERIALIZED (SELECT s.id FROM courses_learningsession s"
            f" WHERE s.enrollment_id = ANY(%s) AND {WRITABLE} ORDER BY s.id FOR NO KEY UPDATE)"
            f" UPDATE courses_learningsession s SET ended_at = s.started_at + s.last_at_ms * interval '1 ms',"
            f" end_reason = 'access_ended' FROM live WHERE s.id = live.id RETURNING s.id",
            [list(enrollment_ids)],
        )
        ended = tuple(sorted(row[0] for row in cursor.fetchall()))
    if ended:
        announce(SessionsChanged(ended))
        announce(LearningChanged(tuple(enrollment_ids)))


def sweep() -> None:
    """End the sessions whose lease has run out, then settle all that ended unsettled.

    The ends are committed first: a crash before the settling leaves it to the next sweep. Sessions that somebody is
    writing at this moment are passed over: they are being heard.
    """
    assert not connection.in_atomic_block, "the sweep commits its own steps"
    with connection.cursor() as cursor:
        ended = SWEEP_BATCH
        while ended == SWEEP_BATCH:
            cursor.execute(
                f"UPDATE courses_learningsession SET ended_at = started_at + last_at_ms * interval '1 ms',"
                f" end_reason = 'lease' WHERE id IN (SELECT s.id FROM courses_learningsession s"
                f" WHERE NOT s.is_settled AND {OVERDUE} ORDER BY s.id LIMIT {SWEEP_BATCH}"
                f" FOR NO KEY UPDATE SKIP LOCKED)"
            )
            ended = cursor.rowcount
        cursor.execute("SELECT id FROM courses_learningsession WHERE NOT is_settled AND ended_at IS NOT NULL")
        unsettled = [row[0] for row in cursor.fetchall()]
    ledger.settle(unsettled)
