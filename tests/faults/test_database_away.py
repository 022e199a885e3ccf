"""PostgreSQL goes away at any moment, or a commit's answer does: what was acknowledged is there, once."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import psycopg
import pytest

from courses import sessions
from lms.devservers import Postgres
from tests.counts import count, seeded
from tests.faults.fleet import Fleet, as_json
from tests.faults.judging import audit, faults_logged
from tests.faults.record import Sample
from tests.learner import Learner
from tests.people import token_of
from tests.proxy import POSTGRES_COMMITTED, Proxy
from tests.site import Site, orm

if TYPE_CHECKING:
    from courses.models import Course
    from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(count(120, 900))]

MakeFleet = Callable[..., Fleet]
MakeSite = Callable[..., Site]

TOLD_IN_SECONDS = 15.0  # to come back: as long as a process tries to write, and a little

WITHOUT_DATABASE = (
    "PostgreSQL does not take samples",
    "The database could not be reached",
    "lms.errors: /api/v1/sessions/",
    "Service Unavailable: /api/v1/sessions/",
    "PostgreSQL could not be asked",
    "Could not settle",
)
"""What a process may say while the database is away: one line each, no traceback."""


async def test_nothing_acknowledged_is_lost_when_postgresql_is_stopped_at_once(
    site: Site, make_fleet: MakeFleet, postgres: Postgres
) -> None:
    rng = seeded()
    fleet = await orm(make_fleet, site, learners=count(30, 200), posts=0.3)
    site.take_log()
    async with fleet.at_work():
        for _ in range(count(1, 20)):
            await asyncio.sleep(rng.uniform(0.5, 1.5))
            await asyncio.to_thread(postgres.stop_immediately)
            await asyncio.sleep(rng.uniform(0.5, 3))
            await asyncio.to_thread(postgres.start)
            await acked_again(fleet)
    assert await fleet.judged() == []
    assert faults_logged(site.take_log(), *WITHOUT_DATABASE) == []


def answers_a_flush(data: bytes) -> bool:
    """The command's tag, then "ready" and in no transaction: the only such statement commits by itself."""
    return b"UPDATE " in data and data.endswith(b"Z\x00\x00\x00\x05I")


def answers_a_commit(data: bytes) -> bool:
    """Of an open, a post, or a settling."""
    return POSTGRES_COMMITTED in data


@pytest.mark.parametrize("marked", [answers_a_flush, answers_a_commit])
async def test_a_commit_whose_answer_is_lost_counts_once(
    make_site: MakeSite, make_fleet: MakeFleet, marked: Callable[[bytes], bool]
) -> None:
    with Proxy.for_database(Site.test_database_url()) as proxy:
        site = make_site(database_url=proxy.database_url(Site.test_database_url()))
        fleet = await orm(make_fleet, site, learners=count(30, 200), posts=0.5, drops=0.02)
        site.take_log()
        async with fleet.at_work():
            for _ in range(count(3, 40)):
                await one_answer_cut(proxy, marked)
                await acked_again(fleet)
        assert await fleet.judged() == []
        assert faults_logged(site.take_log(), *WITHOUT_DATABASE) == []


async def test_posted_samples_are_acknowledged_though_their_settling_is_cut(
    make_site: MakeSite, ana: "User", intro: "Course"
) -> None:
    """The settling follows the commit: the answer is about the samples, and the sweep settles what is left."""
    commits: list[bytes] = []

    def cuts(data: bytes) -> bool:
        if not answers_a_commit(data):
            return False
        commits.append(data)
        return len(commits) == 2  # the post's own, then the settling's

    with Proxy.for_database(Site.test_database_url()) as proxy:
        site = make_site(database_url=proxy.database_url(Site.test_database_url()))
        url = f"{site.http()}/api/v1/sessions/{uuid4()}/samples/"
        token = await orm(token_of, ana)
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, trust_env=False) as http:
            opened = await http.post(url, json={"samples": [], "open": {"course": intro.slug}})
            site.take_log()
            proxy.on_answer(cuts)
            samples = as_json([Sample(1, 0, "engaged", 0), Sample(2, 1_000, "idle", 0)])
            closed = await http.post(url, json={"samples": samples, "close": True})
        proxy.heal()
        assert len(commits) == 2
        assert (opened.status_code, closed.status_code, closed.json()["engaged_ms"]) == (200, 200, 1_000)
        assert faults_logged(site.take_log(), *WITHOUT_DATABASE) == []
    await orm(sessions.sweep)
    assert await orm(audit) == []


async def one_answer_cut(proxy: Proxy, marked: Callable[[bytes], bool]) -> None:
    """Cut the connection that brings such an answer: it is committed, and its process never hears that."""
    cut = asyncio.Event()
    loop = asyncio.get_running_loop()

    def cuts(data: bytes) -> bool:
        if cut.is_set() or not marked(data):
            return False
        loop.call_soon_threadsafe(cut.set)
        return True

    proxy.on_answer(cuts)
    async with asyncio.timeout(10):
        await cut.wait()


async def acked_again(fleet: Fleet) -> None:
    """Until every learner has an ack of what they did after this moment."""
    goals = [(student, student.record, len(student.record.samples)) for student in fleet.students]
    async with asyncio.timeout(30):
        while not all(student.record is not record or record.acked > goal for student, record, goal in goals):
            await asyncio.sleep(0.05)


async def test_what_a_session_has_in_hand_is_bounded_while_postgresql_is_away(
    site: Site, postgres: Postgres, ana: "User", intro: "Course"
) -> None:
    frames = [[(seq, seq, "engaged", 0) for seq in range(start, start + 100)] for start in range(1, 1_501, 100)]
    async with Learner(site.ws(), token=await orm(token_of, ana)) as learner:
        await learner.hello()
        session = (await learner.open(course="intro"))["session"]
        await asyncio.to_thread(postgres.stop_immediately)
        for frame in frames:
            await learner.samples(session, frame)
        refused = await learner.expect_error("rate_limited")
        assert not learner.seen("session.ack")
        await asyncio.to_thread(postgres.start)
        await asyncio.sleep(refused["retry_after_ms"] / 1000)
        ack = await learner.expect("session.ack")
        assert 1_000 <= ack["seq"] < 1_100
        for frame in frames[ack["seq"] // 100 :]:
            await learner.samples(session, frame)
        ack = await learner.expect("session.ack", seq=1_500)
        assert (ack["duration_ms"], ack["engaged_ms"]) == (1_499, 1_499)
    assert await orm(audit) == []


CONNECTIONS = 8
"""Of a pool: as many as a process has threads for its sockets."""


@pytest.mark.parametrize(
    ("app", "is_back"),
    [("lms.asgi:application", True), ("tests.faults.plants:tries_dead_connections_one_by_one", False)],
)
async def test_a_process_is_back_at_once_when_postgresql_was_restarted(
    make_site: MakeSite, postgres: Postgres, ana: "User", app: str, is_back: bool
) -> None:
    """However many connections of its pool have died (N: as the pool would find that out by itself)."""
    site = make_site(app=app)
    token = await orm(token_of, ana)
    async with AsyncExitStack() as stack:
        learners = [await stack.enter_async_context(Learner(site.ws(), token=token)) for _ in range(CONNECTIONS)]
        with psycopg.connect(Site.test_database_url()) as blocker:
            blocker.execute("LOCK TABLE users_apitoken")
            for learner in learners:
                await learner.send({"type": "hello"})
            await asyncio.to_thread(wait_until_blocked, blocker, len(learners))
        for learner in learners:
            await learner.expect("welcome")
        await asyncio.to_thread(postgres.stop_immediately)
        await asyncio.to_thread(postgres.start)
        newcomer = await stack.enter_async_context(Learner(site.ws(), token=token))
        await newcomer.send({"type": "hello"})
        if is_back:
            await newcomer.expect("welcome")
        else:
            assert await newcomer.closed() == 1013


def wait_until_blocked(connection: psycopg.Connection, count: int) -> None:
    """Until so many others wait for a lock of this connection's."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'users_apitoken'::regclass"
    deadline = time.monotonic() + 20
    while connection.execute(waiting).fetchone() != (count,):
        assert time.monotonic() < deadline, "they do not come to the lock"
        time.sleep(0.02)


async def test_a_process_ends_in_time_while_postgresql_hangs(make_site: MakeSite, make_fleet: MakeFleet) -> None:
    with Proxy.for_database(Site.test_database_url()) as proxy:
        site = make_site(database_url=proxy.database_url(Site.test_database_url()))
        fleet = await orm(make_fleet, site, learners=5)
        async with fleet.at_work():
            proxy.black_hole()
            await asyncio.sleep(1)
            stopping = asyncio.create_task(asyncio.to_thread(site.stop))
            async with asyncio.timeout(TOLD_IN_SECONDS):
                while fleet.ends["4001"] < len(fleet.students):
                    await asyncio.sleep(0.1)
            await stopping  # which waits for its end, but not for ever
            proxy.heal()
            site.launch()
            await asyncio.to_thread(site.wait)
        assert await fleet.judged() == []
