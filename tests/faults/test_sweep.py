"""The sweep: sessions whose client vanished end as of their last sample, while workers and holders do as they like."""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.counts import count
from tests.faults.fleet import Fleet
from tests.faults.judging import audit
from tests.learner import Learner
from tests.people import token_of
from tests.site import Site, job_worker, orm

if TYPE_CHECKING:
    from courses.models import Course, LearningSession
    from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(count(120, 600))]

MakeFleet = Callable[..., Fleet]

WORKER_SECONDS = 30.0


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    with job_worker():
        yield


async def test_the_worker_ends_a_session_whose_client_vanished(
    site: Site, worker: None, ana: "User", intro: "Course"
) -> None:
    token = await orm(token_of, ana)
    key = str(uuid4())
    samples = [(1, 0, "engaged", 0), (2, 100, "focus", 0), (3, 250, "idle", 0), (4, 400, "focus", 0)]
    learner = await Learner(site.ws(0), token=token).connect()
    await learner.hello()
    session = (await learner.open(course="intro", key=key))["session"]
    await learner.samples(session, samples)
    await learner.expect("session.ack", session=session, seq=4)
    await learner.vanish()
    await orm(unheard_for, session, timedelta(seconds=46))

    row = await orm(wait_until_settled, session)
    assert row.end_reason == "lease"
    assert row.ended_at == row.started_at + timedelta(milliseconds=400)
    assert row.focus_time == row.enrollment.total_time_spent == timedelta(milliseconds=250)
    assert row.engaged_time == row.enrollment.engaged_time == timedelta(milliseconds=100)
    assert await orm(audit) == []

    async with Learner(site.ws(1), token=token) as learner:  # it may still come back
        await learner.hello()
        opened = await learner.open(course="intro", key=key)
        assert (opened["session"], opened["seq"], opened["focus_ms"]) == (session, 4, 250)
        closed = await learner.close_session(session, [(5, opened["now_ms"], "idle", 0)])
        assert closed["duration_ms"] == opened["now_ms"]
    row = await orm(wait_until_settled, session)
    assert row.end_reason == "closed"
    assert await orm(audit) == []


async def test_sweeps_are_harmless_to_each_other_and_to_holders_who_write(site: Site, make_fleet: MakeFleet) -> None:
    """The sweep ends sessions that are being heard, again and again; the next flush goes on with each."""
    fleet = await orm(make_fleet, site, learners=count(30, 100))
    async with fleet.at_work():
        ended = 0
        for _ in range(count(30, 200)):
            await orm(silence_all)
            ended += max(await asyncio.gather(*(orm(sweep) for _ in range(2))))
            await asyncio.sleep(0.05)
    assert ended > len(fleet.students)
    assert await fleet.judged() == []
    assert not fleet.lost
    assert not fleet.errors


def sweep() -> int:
    """Sweep; how many are ended by their lease then."""
    from courses import sessions
    from courses.models import LearningSession

    sessions.sweep()
    return LearningSession.objects.filter(end_reason="lease").count()


def unheard_for(session: int, silence: timedelta) -> None:
    from django.db.models import F

    from courses.models import LearningSession

    LearningSession.objects.filter(pk=session).update(last_heard_at=F("last_heard_at") - silence)


def silence_all() -> None:
    """Move every live session's last word back beyond its lease."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE courses_learningsession SET last_heard_at = last_heard_at - interval '200 s'"
            " WHERE id IN (SELECT id FROM courses_learningsession WHERE ended_at IS NULL FOR UPDATE SKIP LOCKED)"
        )


def wait_until_settled(session: int) -> "LearningSession | Any":
    from courses.models import LearningSession

    deadline = time.monotonic() + WORKER_SECONDS
    while time.monotonic() < deadline:
        row = LearningSession.objects.select_related("enrollment").get(pk=session)
        if row.is_settled:
            return row
        time.sleep(0.1)
    raise AssertionError(f"not settled: {row.__dict__}")
