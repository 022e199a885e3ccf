"""Whose word on a session is not the latest writes nothing: a process that lost it, a holder that a post overtook."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import httpx
import pytest

from tests.faults.judging import audit
from tests.learner import Learner, as_frames
from tests.people import token_of
from tests.proxy import Proxy
from tests.site import Site, orm

if TYPE_CHECKING:
    from courses.models import Course
    from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]

MakeSite = Callable[..., Site]
Step = Callable[[], Awaitable[Any]]
Stopped = Callable[[MakeSite, str], Any]

APPLICATION = "lms.asgi:application"
PLANTED = "tests.faults.plants:no_epoch_guard"
UNCOUNTED = "tests.faults.plants:no_count_guard"


@asynccontextmanager
async def black_hole(make_site: MakeSite, app: str) -> AsyncIterator[tuple[Site, Step, Step]]:
    """A site whose flush gets stuck on its way to PostgreSQL, and arrives there later."""
    url = Site.test_database_url()
    with Proxy.for_database(url) as proxy:
        site = make_site(app=app, database_url=proxy.database_url(url))
        yield site, partial(asyncio.to_thread, proxy.black_hole), partial(asyncio.to_thread, proxy.heal)


@asynccontextmanager
async def suspended(make_site: MakeSite, app: str) -> AsyncIterator[tuple[Site, Step, Step]]:
    """A site that stops in the middle of everything, and goes on later."""
    site = make_site(app=app)
    yield site, partial(asyncio.to_thread, site.suspend), partial(asyncio.to_thread, site.resume)


class Outcome(NamedTuple):
    """After both have written, as far as they could: the second's ack, the row, and what the first's client heard."""

    acked: list[int]
    row: list[int]
    heard: list[str]


async def resume_elsewhere(first: Site, hold: Step, let_go: Step, second: Site, token: str) -> Outcome:
    key = str(uuid4())
    async with Learner(first.ws(), token=token) as here, Learner(second.ws(), token=token) as there:
        await here.hello()
        await there.hello()
        session = (await here.open(course="intro", key=key))["session"]
        await here.samples(session, [(1, 0, "engaged", 0), (2, 10, "engaged", 0)])
        await here.expect("session.ack", session=session, seq=2)
        heard = len(here.frames)
        await hold()
        await here.samples(session, [(3, 100, "engaged", 0), (4, 200, "engaged", 0)])
        await asyncio.sleep(0.5)  # its flush is due
        opened = await there.open(course="intro", key=key)
        assert (opened["session"], opened["seq"]) == (session, 2)
        await let_go()
        async with asyncio.timeout(10):
            while not here.seen("session.lost", session=session) and not here.seen("session.ack", seq=4):
                await asyncio.sleep(0.05)
        await there.samples(session, [(3, 100, "idle", 0), (4, 150, "idle", 0), (5, 400, "idle", 0)])
        ack = await there.expect("session.ack", session=session, seq=5)
        return Outcome(
            acked=[ack[name] for name in ("seq", "duration_ms", "engaged_ms", "idle_ms")],
            row=await orm(row_of, session),
            heard=[str(frame.get("reason", frame["type"])) for frame in here.frames[heard:]],
        )


def row_of(session: int) -> list[int]:
    from courses.models import LearningSession

    row = LearningSession.objects.get(pk=session)
    times = (row.duration, row.engaged_time, row.idle_time)
    return [row.acked_seq, *(round(time.total_seconds() * 1000) for time in times if time is not None)]


WHAT_THE_SECOND_SENT = [5, 400, 100, 300]


@pytest.mark.parametrize("stopped", [black_hole, suspended])
async def test_a_process_that_lost_a_session_writes_nothing_more(
    make_site: MakeSite, site: Site, ana: "User", intro: "Course", stopped: Stopped
) -> None:
    token = await orm(token_of, ana)
    async with stopped(make_site, APPLICATION) as (first, hold, let_go):
        outcome = await resume_elsewhere(first, hold, let_go, site, token)
    assert outcome == (WHAT_THE_SECOND_SENT, WHAT_THE_SECOND_SENT, ["resumed_elsewhere"])
    assert await orm(audit) == []


async def test_without_the_epoch_guard_it_would_write(
    make_site: MakeSite, site: Site, ana: "User", intro: "Course"
) -> None:
    token = await orm(token_of, ana)
    async with black_hole(make_site, PLANTED) as (first, hold, let_go):
        outcome = await resume_elsewhere(first, hold, let_go, site, token)
    assert outcome.row != WHAT_THE_SECOND_SENT
    assert "session.ack" in outcome.heard


async def frame_after_post(holder: Site, other: Site, token: str) -> list[int]:
    """The row, after a post by another process, and then a frame of the holder's that has less."""
    key = str(uuid4())
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{other.http()}/api/v1/sessions/{key}/samples/"
    async with Learner(holder.ws(), token=token) as here, httpx.AsyncClient(headers=headers, trust_env=False) as http:
        await here.hello()
        session = (await here.open(course="intro", key=key))["session"]
        await here.samples(session, [(1, 0, "engaged", 0)])
        await here.expect("session.ack", session=session, seq=1)
        later = [(2, 100, "engaged", 0), (3, 200, "idle", 0), (4, 400, "idle", 0)]
        posted = await http.post(url, json={"samples": as_frames(later)})
        assert (posted.status_code, posted.json()["seq"]) == (200, 4), posted.text
        await here.samples(session, later[:1])
        async with asyncio.timeout(10):
            while len(here.seen("session.ack")) < 2:
                await asyncio.sleep(0.05)
    return await orm(row_of, session)


WHAT_WAS_POSTED = [4, 400, 200, 200]


async def test_a_frame_that_comes_after_a_post_undoes_nothing_of_it(
    make_site: MakeSite, site: Site, ana: "User", intro: "Course"
) -> None:
    """The holder has counted on from what was durable before."""
    assert await frame_after_post(make_site(), site, await orm(token_of, ana)) == WHAT_WAS_POSTED
    assert await orm(audit) == []


async def test_without_the_guard_of_what_was_counted_it_would(
    make_site: MakeSite, site: Site, ana: "User", intro: "Course"
) -> None:
    row = await frame_after_post(make_site(app=UNCOUNTED), site, await orm(token_of, ana))
    assert row == [2, 100, 100, 0]
