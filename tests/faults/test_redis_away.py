"""Redis is killed, or hangs: hints come later, samples and requests don't wait for it, nothing is lost."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from lms.devservers import Valkey
from tests.counts import STRESS, count
from tests.faults.fleet import Fleet
from tests.faults.judging import faults_logged
from tests.learner import Learner
from tests.news import confirm, leave_queue, queue
from tests.people import token_of
from tests.site import Site, orm

if TYPE_CHECKING:
    from courses.models import Course
    from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(count(120, 900))]

MakeFleet = Callable[..., Fleet]
MakeSite = Callable[..., Site]

IN_TIME_SECONDS = 1.0
AWAY_SECONDS = 5.0
RETRIES_SECONDS = 2.0  # a listener tries again after one
HEALED_SECONDS = 30.0
HINT_SECONDS = 4.0  # a hint's way, on a busy machine; the periodic look would come up to 20 s later


async def kill(valkey: Valkey) -> None:
    await asyncio.to_thread(valkey.kill)


async def suspend(valkey: Valkey) -> None:
    await asyncio.to_thread(valkey.suspend)


async def come_back(valkey: Valkey) -> None:
    await asyncio.to_thread(valkey.resume)
    await asyncio.to_thread(valkey.start)


async def taken_over(first: Learner, second: Learner, *, key: str) -> None:
    """The second opens the key that the first holds, and the first hears of it soon."""
    opened = await first.open(course="intro", key=key)
    await second.open(course="intro", key=key)
    await first.expect("session.lost", session=opened["session"], reason="resumed_elsewhere", within=HINT_SECONDS)


@pytest.mark.parametrize("strike", [kill, suspend])
async def test_samples_and_opens_do_not_wait_for_redis(
    site: Site, make_fleet: MakeFleet, valkey: Valkey, ana: "User", strike: Callable[[Valkey], Awaitable[None]]
) -> None:
    fleet = await orm(make_fleet, site, learners=count(30, 200))
    token = await orm(token_of, ana)
    key, taken = str(uuid4()), str(uuid4())
    async with fleet.at_work(), Learner(site.ws(0), token=token) as here, Learner(site.ws(1), token=token) as there:
        site.take_log()
        await here.hello()
        await there.hello()
        await asyncio.sleep(1)
        in_time = max(IN_TIME_SECONDS, 2 * fleet.longest_wait())
        for _ in range(count(1, 20)):
            await strike(valkey)
            began = monotonic()
            while monotonic() - began < AWAY_SECONDS:
                for learner in (here, there):  # each open after the first sends a hint
                    async with asyncio.timeout(IN_TIME_SECONDS):
                        await learner.open(course="intro", key=key)
                await asyncio.sleep(0.5)
            assert fleet.longest_wait(since=began, until=monotonic()) < in_time
            await come_back(valkey)
            await asyncio.sleep(RETRIES_SECONDS)
            await taken_over(here, there, key=taken)
    assert await fleet.judged() == []
    assert not fleet.ends
    assert not fleet.lost
    assert faults_logged(site.take_log()) == []


async def test_a_lost_hint_is_made_up_for_by_the_next_look(
    make_site: MakeSite, valkey: Valkey, ana: "User", intro: "Course"
) -> None:
    site = make_site(processes=2, app="tests.faults.plants:looks_every_second")
    token = await orm(token_of, ana)
    await kill(valkey)
    async with Learner(site.ws(0), token=token) as here, Learner(site.ws(1), token=token) as there:
        await here.hello()
        await there.hello()
        await taken_over(here, there, key=str(uuid4()))


async def test_news_that_no_hint_told_of_is_there_within_thirty_seconds(
    site: Site, make_site: MakeSite, valkey: Valkey, ana: "User", chidi: "User", intro: "Course"
) -> None:
    """With the real interval in `make stress`; else with looks every second."""
    looking = site if STRESS else make_site(processes=2, app="tests.faults.plants:looks_every_second")
    token = await orm(token_of, chidi)
    await kill(valkey)
    async with Learner(looking.ws(0), token=token) as here, Learner(looking.ws(1), token=token) as there:
        await here.hello()
        await there.hello()
        (entry,) = await orm(queue, intro, chidi)
        await orm(confirm, intro, chidi)
        for learner in (here, there):
            await learner.expect("notification", number=1, within=HEALED_SECONDS)
            await learner.expect("waitlist.updated", position=1, within=HEALED_SECONDS)
        await here.send({"type": "notifications.seen", "number": 1})
        await orm(leave_queue, entry)
        await here.expect("notifications.state", seen=1, within=HINT_SECONDS)  # without the way by Redis
        await there.expect("notifications.state", seen=1, within=HEALED_SECONDS)
        for learner in (here, there):
            await learner.expect("waitlist.updated", position=None, within=HEALED_SECONDS)


async def test_without_the_look_news_that_no_hint_told_of_does_not_come(
    make_site: MakeSite, valkey: Valkey, ana: "User", intro: "Course"
) -> None:
    site = make_site(app="tests.faults.plants:looks_at_no_news")
    token = await orm(token_of, ana)
    await kill(valkey)
    async with Learner(site.ws(0), token=token) as learner:
        await learner.hello()
        await orm(confirm, intro, ana)
        with pytest.raises(AssertionError, match=r"no .*notification"):
            await learner.expect("notification", within=HINT_SECONDS)
