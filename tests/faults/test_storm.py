"""More clients at once than a process can let in while they wait: the others are told to come again, and get in."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest

from tests.learner import Learner
from tests.people import token_of
from tests.site import Site, orm

if TYPE_CHECKING:
    from courses.models import Course
    from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]

THREADS = 8
MORE = 3
LONG_SECONDS = 3.0
TRY_AGAIN_LATER = 1013


class Crowd:
    """As many have said hello as have threads, and `more`; nobody gets in while a table is locked."""

    def __init__(self, holder: psycopg.AsyncConnection, watcher: psycopg.AsyncConnection) -> None:
        self.holder = holder
        self.watcher = watcher
        self.learners: list[Learner] = []

    async def let_in(self, *, after_seconds: float) -> None:
        await self.watcher.execute("SELECT pg_sleep(%s)", [after_seconds])
        await self.holder.rollback()


@asynccontextmanager
async def a_crowd_that_waits(site: Site, token: str, *, more: int = 0) -> AsyncIterator[Crowd]:
    async with (
        AsyncExitStack() as stack,
        await psycopg.AsyncConnection.connect(Site.test_database_url()) as holder,
        await psycopg.AsyncConnection.connect(Site.test_database_url(), autocommit=True) as watcher,
    ):
        await holder.execute("LOCK TABLE users_apitoken IN ACCESS EXCLUSIVE MODE")
        crowd = Crowd(holder, watcher)
        for number in range(THREADS + more):
            learner = await stack.enter_async_context(Learner(site.ws(), token=token))
            await learner.send({"type": "hello"})
            crowd.learners.append(learner)
            while await blocked(watcher) < min(number + 1, THREADS):
                await asyncio.sleep(0.01)
        yield crowd


async def blocked(watcher: psycopg.AsyncConnection) -> int:
    cursor = await watcher.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def test_who_waited_too_long_is_told_to_come_again(
    make_site: Callable[..., Site], ana: "User", intro: "Course"
) -> None:
    token = await orm(token_of, ana)
    site = make_site(app="tests.faults.plants:waits_a_second")
    async with a_crowd_that_waits(site, token, more=MORE) as crowd:
        await crowd.let_in(after_seconds=LONG_SECONDS)
        assert [await learner.closed() for learner in crowd.learners[THREADS:]] == [TRY_AGAIN_LATER] * MORE
        await crowd.learners[0].expect("welcome")
    async with Learner(site.ws(), token=token) as again:
        await again.hello()


async def test_an_open_that_waited_too_long_is_told_when_to_try_again(
    make_site: Callable[..., Site], ana: "User", intro: "Course"
) -> None:
    token = await orm(token_of, ana)
    site = make_site(app="tests.faults.plants:waits_a_second")
    async with Learner(site.ws(), token=token) as learner:
        await learner.hello()
        async with a_crowd_that_waits(site, token) as crowd:
            await learner.send({"type": "session.open", "key": str(uuid4()), "course": "intro"})
            await crowd.let_in(after_seconds=LONG_SECONDS)
            await learner.expect_error("rate_limited", retry_after_ms=2_000)
        await learner.open(course="intro")


async def test_who_waits_less_is_let_in(site: Site, ana: "User") -> None:
    """The control: with the usual patience the same crowd is welcomed."""
    async with a_crowd_that_waits(site, await orm(token_of, ana), more=MORE) as crowd:
        await crowd.let_in(after_seconds=LONG_SECONDS)
        for learner in crowd.learners:
            await learner.expect("welcome")
