"""What a client knows of a course that it watches: the latest snapshot and the deltas since, put together.

And what a learner does there.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.contract.conftest import AT_ONCE_SECONDS, eventually
from tests.learner import Frame, Learner

if TYPE_CHECKING:
    from courses.models import Course
    from users.models import User

COUNTERS = ("counted_at", "focus_ms", "engaged_ms", "idle_ms", "interactions")
STATES = ("engaged", "focus", "idle", "silent")
Rows = dict[int, Frame]


async def watch(watcher: Learner, course: str = "intro") -> Rows:
    """Start a watch; its first snapshot, by enrolment."""
    await watcher.send({"type": "watch.start", "ref": f"watch {course}", "course": course})
    snapshot = await watcher.expect("watch.snapshot", ref=f"watch {course}", course=course)
    return {row["enrollment"]: row for row in snapshot["learners"]}


def seen(watcher: Learner, course: str = "intro") -> Rows:
    """The rows as of the last frame that came, by enrolment. Fails where the frames do not follow each other."""
    rows: Rows = {}
    version = 0
    for frame in watcher.frames:
        if frame["type"] == "watch.snapshot" and frame["course"] == course:
            assert frame["version"] == (1 if "ref" in frame else version + 1), frame
            rows = {row["enrollment"]: row for row in frame["learners"]}
            assert len(rows) == len(frame["learners"]), "a row came twice"
        elif frame["type"] == "watch.delta" and frame["course"] == course:
            assert frame["version"] == version + 1, frame
            assert rows.keys() >= set(frame["remove"]), "what is removed was there"
            rows = rows | {row["enrollment"]: row for row in frame["upsert"]}
            rows = {enrollment: row for enrollment, row in rows.items() if enrollment not in frame["remove"]}
        else:
            continue
        version = frame["version"]
    return rows


async def shows(watcher: Learner, enrollment: int, **fields: Any) -> Frame:
    """Wait until the row of this enrolment has these values; the row."""

    def has_come() -> bool:
        return fields.items() <= seen(watcher).get(enrollment, {}).items()

    try:
        await eventually(has_come, AT_ONCE_SECONDS)
    except TimeoutError:
        raise AssertionError(f"{fields} not in {seen(watcher).get(enrollment)}") from None
    return seen(watcher)[enrollment]


async def is_gone(watcher: Learner, enrollment: int) -> None:
    await eventually(lambda: enrollment not in seen(watcher), AT_ONCE_SECONDS)


def standing(rows: Rows) -> Rows:
    """The rows without what may lag behind."""
    return {
        enrollment: {name: value for name, value in row.items() if name not in COUNTERS}
        for enrollment, row in rows.items()
    }


def expected(course: "Course") -> Rows:
    """`standing` as the tables have it at this moment, worked out row by row, by the words of the contract."""
    from django.db import connection

    from courses.models import LearningSession

    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    rows: dict[int, tuple[tuple[int, datetime], Frame]] = {}
    asking: set[int] = set()
    sessions = LearningSession.objects.filter(enrollment__course=course, ended_at=None)
    for session in sessions.select_related("enrollment__student"):
        silence = now - session.last_heard_at
        is_idle = session.state == "idle"
        if not session.state or silence >= timedelta(seconds=150 if is_idle else 45):
            continue
        state = "silent" if silence >= timedelta(seconds=150 if is_idle else 25) else session.state
        began = session.started_at + timedelta(milliseconds=session.state_since_ms)
        row = {
            "enrollment": session.enrollment_id,
            "user": {"id": session.user_id, "name": session.enrollment.student.get_full_name()},
            "session": session.pk,
            "state": state,
            "since": as_json(session.last_heard_at if state == "silent" else began),
            "content": session.content_id,
            "device_type": session.device_type,
            "progress": float(session.enrollment.progress_percentage),
            "help": False,
        }
        if session.needs_help:
            asking.add(session.enrollment_id)
        rank = (-STATES.index(state), session.started_at + timedelta(milliseconds=session.last_at_ms))
        if session.enrollment_id not in rows or rank > rows[session.enrollment_id][0]:
            rows[session.enrollment_id] = (rank, row)
    return {enrollment: row | {"help": enrollment in asking} for enrollment, (_, row) in rows.items()}


def as_json(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


async def study(learner: Learner, state: str = "engaged", **fields: Any) -> int:
    """Open a session and be in this state; its number, once that is durable."""
    session: int = (await learner.open(course="intro", **fields))["session"]
    await say(learner, session, 1, state)
    return session


async def say(learner: Learner, session: int, seq: int, state: str, at: int | None = None) -> None:
    await learner.samples(session, [(seq, seq * 10 if at is None else at, state, 0)])
    await learner.expect("session.ack", session=session, seq=seq)


def enrollment_of(user: "User") -> int:
    from courses.models import CourseEnrollment

    return CourseEnrollment.objects.values_list("pk", flat=True).get(student=user, course__slug="intro")


def make_roster(course: "Course", learners: int) -> list[int]:
    """So many learners with long names and a live session that has a sample, just heard; the sessions' numbers."""
    from datetime import UTC
    from uuid import uuid4

    from courses.models import CourseEnrollment, LearningSession
    from users.models import User

    now = datetime.now(UTC)
    users = User.objects.bulk_create(
        [User(username=f"many{n}", first_name=f"{n:0150}", last_name="!" * 150, password="!") for n in range(learners)],
        batch_size=1_000,
    )
    enrollments = CourseEnrollment.objects.bulk_create(
        [CourseEnrollment(student=user, course=course) for user in users], batch_size=1_000
    )
    fields: dict[str, Any] = {"state": "engaged", "acked_seq": 1, "epoch": 1, "duration": timedelta()}
    sessions = LearningSession.objects.bulk_create(
        [
            LearningSession(user_id=one.student_id, enrollment=one, key=uuid4(), last_heard_at=now, **fields)
            for one in enrollments
        ],
        batch_size=1_000,
    )
    return [session.pk for session in sessions]
