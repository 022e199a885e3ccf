"""Access ends while its sessions are opened, written, settled and swept: in some order, without a deadlock."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from realtime.held import Frame, Held
from realtime.protocol import Sample
from realtime.writer import Row, Writer
from tests.counts import count, seeded
from tests.faults.judging import audit
from tests.people import enroll, make_user
from tests.site import Site

if TYPE_CHECKING:
    from courses.models import Course
    from courses.sessions import DurableSession
    from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(count(120, 600))]

LEARNERS = 3
KEYS_EACH = 3
SECONDS = count(5, 60)
REFUSALS = {
    "not_enrolled",
    "session_closed",
    "move_not_allowed",
    "already_enrolled",
    "too_many_sessions",
    "rate_limited",
}

Work = Callable[[random.Random], None]


class Nobody:
    """Holds sessions and hears nothing."""

    def __init__(self) -> None:
        self.sessions: dict[int, Held] = {}

    def push(self, frame: object) -> None:
        pass


def test_access_ends_among_opens_flushes_settling_and_sweeps(intro: "Course", ines: "User") -> None:
    from courses import enrollment as access
    from courses import ledger, sessions
    from courses.models import CourseEnrollment, LearningSession

    rng = seeded()
    learners = [make_user(f"learner{number}") for number in range(LEARNERS)]
    enrollments = [enroll(learner, intro) for learner in learners]
    keys = {learner.pk: [UUID(int=rng.getrandbits(128)) for _ in range(KEYS_EACH)] for learner in learners}
    opened: dict[int, DurableSession] = {}  # by session, as the last one to open it saw it

    def open_one(rng: random.Random) -> None:
        learner = rng.choice(learners)
        session = sessions.open_session(
            user_id=learner.pk,
            key=rng.choice(keys[learner.pk]),
            course=intro.slug,
            content=None,
            device_type="unknown",
            user_agent="",
            ip_address=None,
        )
        opened[session.id] = session

    def forget_a_key(rng: random.Random) -> None:
        """What ended with its access stays closed: make room for others."""
        time.sleep(SECONDS / 100)
        keys[rng.choice(learners).pk][rng.randrange(KEYS_EACH)] = UUID(int=rng.getrandbits(128))

    def move_one(rng: random.Random) -> None:
        time.sleep(0.02)
        enrollment = rng.choice(enrollments)
        match rng.choice(("pause", "resume", "withdraw", "enroll", "enroll")):
            case "pause":
                access.pause(enrollment=enrollment, actor=ines)
            case "resume":
                access.resume(enrollment=enrollment, actor=ines)
            case "withdraw":
                access.withdraw(enrollment=enrollment, actor=ines)
            case "enroll":
                access.enroll(course=intro, student=enrollment.student)

    def flush(rng: random.Random) -> None:
        writer = Writer()
        found = writer.write([], set(opened)).found.values()
        writer.write([one_more_sample(session, rng) for session in found], set())
        writer.close()

    def settle(rng: random.Random) -> None:
        known = sorted(opened)  # it grows
        ledger.settle(rng.sample(known, rng.randint(0, len(known))))

    def sweep(rng: random.Random) -> None:
        silent = rng.sample(sorted(opened), min(len(opened), 2))
        for session in silent:
            silence(session)
        sessions.sweep()

    work = [open_one, open_one, forget_a_key, move_one, move_one, flush, flush, settle, settle, sweep, sweep]
    with no_deadlocks():
        done = together(work)
    assert set(done) - {one.__name__ for one in work} <= REFUSALS
    assert {one.__name__ for one in work} <= set(done), "each of them happened"

    reasons = set(LearningSession.objects.values_list("end_reason", flat=True))
    assert "access_ended" in reasons
    assert "closed" not in reasons
    without_access = CourseEnrollment.objects.exclude(status__in=CourseEnrollment.WITH_ACCESS)
    assert not LearningSession.objects.filter(enrollment__in=without_access).exclude(end_reason="access_ended").exists()
    assert audit() == []


def test_a_write_of_samples_waits_for_nobody(intro: "Course", ana: "User") -> None:
    """Not even where it has to be let in at all: it gives up, has written nothing, and works when it is tried again."""
    import psycopg

    from courses import sessions

    session = sessions.open_session(
        user_id=ana.pk,
        key=uuid4(),
        course=intro.slug,
        content=None,
        device_type="unknown",
        user_agent="",
        ip_address=None,
    )
    writer, rows = Writer(), [one_more_sample(session, seeded())]
    with ThreadPoolExecutor(1) as thread:
        with psycopg.connect(Site.test_database_url()) as others:
            others.execute("LOCK TABLE courses_learningsession IN SHARE ROW EXCLUSIVE MODE")  # lets reads through
            given_up = thread.submit(writer.write, rows, set()).result(timeout=10)
            others.rollback()
        assert not given_up.settled
        assert given_up.found[session.id].acked_seq == 0
        assert thread.submit(writer.write, rows, set()).result().settled
        thread.submit(writer.close).result()


def together(work: Sequence[Work]) -> Counter[str]:
    """Do each of these over and over, all at once, for SECONDS; what was done and what was refused how often.

    Any other exception, a deadlock among them, is raised.
    """
    from django.db import connections

    from users.errors import DomainError

    until = time.monotonic() + SECONDS
    rng = seeded()

    def repeat(one: Work, rng: random.Random) -> Counter[str]:
        done: Counter[str] = Counter()
        try:
            while time.monotonic() < until:
                try:
                    one(rng)
                    done[one.__name__] += 1
                except DomainError as refusal:
                    done[refusal.code] += 1
        finally:
            connections.close_all()
        return done

    with ThreadPoolExecutor(len(work)) as threads:
        results = [threads.submit(repeat, one, random.Random(rng.random())) for one in work]
    return sum((result.result() for result in results), Counter())


def one_more_sample(session: "DurableSession", rng: random.Random) -> Row:
    """The session's row as its holder would write it next."""
    held = Held(session, Nobody())
    at = session.last_at_ms + rng.randint(0, 50)
    sample = Sample(session.acked_seq + 1, at, rng.choice(("engaged", "focus", "idle")), 1)
    held.take(Frame([sample], elapsed_ms=at, ref=None, closes=False), time.monotonic())
    return held.row()


def silence(session: int) -> None:
    """Move its last word back beyond its lease."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE courses_learningsession SET last_heard_at = last_heard_at - interval '200 s' WHERE id = %s",
            [session],
        )


@contextmanager
def no_deadlocks() -> Iterator[None]:
    before = deadlocks()
    yield
    assert deadlocks() == before


def deadlocks() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_stat_clear_snapshot(), deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        return int(cursor.fetchone()[1])
