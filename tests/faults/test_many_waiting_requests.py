"""Requests that wait for a locked row leave room at the database for everybody else's websockets."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.counts import count
from tests.learner import Learner
from tests.people import make_course, make_user, token_of
from tests.site import Site, orm

if TYPE_CHECKING:
    from courses.models import Course
    from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

REQUESTS = count(40, 200)
CONNECTIONS_OF_A_PROCESS = 20
TURNS = 6
TRY_AGAIN_LATER = 1013


@asynccontextmanager
async def a_crowd_before_a_locked_course(
    site: Site, ines: "User", waiting: int
) -> AsyncIterator[list[asyncio.Task[httpx.Response]]]:
    """REQUESTS enrolments into a course that is locked meanwhile, of which so many have come as far as its lock."""

    def prepare() -> tuple[int, list[str]]:
        course = make_course(ines, "seminar")
        return course.pk, [token_of(make_user(f"crowd{number}")) for number in range(REQUESTS)]

    course, tokens = await orm(prepare)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with (
        await psycopg.AsyncConnection.connect(Site.test_database_url()) as holder,
        await psycopg.AsyncConnection.connect(Site.test_database_url(), autocommit=True) as watcher,
        httpx.AsyncClient(timeout=120, trust_env=False, limits=limits) as client,
    ):
        await holder.execute("SELECT 1 FROM courses_course WHERE id = %s FOR NO KEY UPDATE", [course])
        url = f"{site.http()}/api/v1/courses/seminar/enroll/"
        crowd = [
            asyncio.create_task(client.post(url, headers={"Authorization": f"Bearer {token}"})) for token in tokens
        ]
        while await blocked(watcher) < waiting:
            await asyncio.sleep(0.02)
        yield crowd
        await holder.rollback()
        await asyncio.wait(crowd)


async def blocked(watcher: psycopg.AsyncConnection) -> int:
    """How many transactions wait for another one's lock."""
    cursor = await watcher.execute("SELECT count(*) FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0")
    found = await cursor.fetchone()
    assert found is not None
    return int(found[0])


async def test_a_learner_begins_while_a_crowd_waits_for_a_course(
    make_site: Callable[..., Site], ines: "User", ana: "User", intro: "Course"
) -> None:
    site = make_site()
    token = await orm(token_of, ana)
    async with (
        a_crowd_before_a_locked_course(site, ines, TURNS) as crowd,
        Learner(site.ws(), token=token) as learner,
        httpx.AsyncClient(timeout=30, trust_env=False) as client,
    ):
        await learner.hello()
        opened = await learner.open(course="intro")
        await learner.samples(opened["session"], [(1, 0, "engaged", 0)])
        await learner.expect("session.ack", session=opened["session"], seq=1)
        posted = await client.post(
            f"{site.http()}/api/v1/sessions/{uuid4()}/samples/",
            json={"samples": [], "open": {"course": "intro"}},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert posted.status_code == 200
    codes = Counter(task.result().status_code for task in crowd)
    assert codes.keys() <= {201, 503}
    assert codes[201] >= TURNS
    assert all(
        task.result().headers["Retry-After"] and task.result().json()["code"] == "unavailable"
        for task in crowd
        if task.result().status_code == 503
    )


async def test_without_turns_the_crowd_takes_every_connection(
    make_site: Callable[..., Site], ines: "User", ana: "User", intro: "Course"
) -> None:
    """The control: shows that the test above would see it."""
    site = make_site(app="tests.faults.plants:answers_all_at_once")
    async with (
        a_crowd_before_a_locked_course(site, ines, CONNECTIONS_OF_A_PROCESS),
        Learner(site.ws(), token=await orm(token_of, ana)) as learner,
    ):
        await learner.send({"type": "hello"})
        assert await learner.closed() == TRY_AGAIN_LATER
