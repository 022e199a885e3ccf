"""A server process ends at any moment: nothing acknowledged is lost, nothing is counted twice."""

import asyncio
from collections.abc import Callable

import pytest

from tests.counts import count, seeded
from tests.faults.fleet import Fleet
from tests.faults.judging import faults_logged
from tests.faults.record import MISSING
from tests.site import Site, orm

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(count(120, 900))]

MakeFleet = Callable[..., Fleet]
MakeSite = Callable[..., Site]


async def kill_at_random(site: Site, times: int) -> None:
    """SIGKILL the processes by turns (so that each has learners again), now and then all, and start them again."""
    rng = seeded()
    for kill in range(times):
        await asyncio.sleep(rng.uniform(0.2, 1.2))
        killed = range(len(site)) if kill % 6 == 5 else [kill % len(site)]
        for number in killed:
            site.kill(number)
        await started(site, *killed)


async def started(site: Site, *numbers: int) -> None:
    for number in numbers:
        site.launch(number)  # from this thread, with which it would die
    for number in numbers:
        await asyncio.to_thread(site.wait, number)


async def test_processes_that_stand_still_for_a_while_write_nothing_they_lost(
    site: Site, make_fleet: MakeFleet
) -> None:
    """Their learners lose patience and go elsewhere; then they read what those said before, and go on."""
    fleet = await orm(make_fleet, site, learners=count(30, 100), patience=1.0, posts=0.2)
    rng = seeded()
    async with fleet.at_work():
        site.take_log()
        for pause in range(count(2, 10)):
            site.suspend(pause % len(site))
            await asyncio.sleep(rng.uniform(1.5, 3))
            site.resume(pause % len(site))
            await asyncio.sleep(1)
    assert await fleet.judged() == []
    assert set(fleet.lost) <= {"resumed_elsewhere"}, "an open that was given up may still be carried out"
    assert fleet.ends["TimeoutError"] > len(fleet.students) / 2
    assert faults_logged(site.take_log()) == []


async def test_nothing_acknowledged_is_lost_when_processes_are_killed(site: Site, make_fleet: MakeFleet) -> None:
    fleet = await orm(make_fleet, site, learners=count(30, 200), posts=0.3)
    kills = count(4, 24)
    async with fleet.at_work():
        site.take_log()
        await kill_at_random(site, kills)
        await asyncio.sleep(1)
    assert await fleet.judged() == []
    assert not fleet.lost
    assert fleet.ends["dropped"] > kills * len(fleet.students) / 4
    assert faults_logged(site.take_log()) == []


async def test_the_fleet_sees_an_ack_that_came_before_the_commit(make_site: MakeSite, make_fleet: MakeFleet) -> None:
    site = make_site(app="tests.faults.plants:ack_before_commit")
    fleet = await orm(make_fleet, site, learners=30)
    async with fleet.at_work():
        await kill_at_random(site, times=3)
        await asyncio.sleep(1)
    assert [problem for problem in await fleet.judged() if MISSING in problem]


async def test_nothing_is_lost_when_processes_are_restarted_in_good_order(site: Site, make_fleet: MakeFleet) -> None:
    fleet = await orm(make_fleet, site, learners=count(30, 200), posts=0.3)
    async with fleet.at_work():
        site.take_log()
        for number in range(len(site)):
            await asyncio.sleep(0.5)
            assert await asyncio.to_thread(site.stop, number) in (0, -15)
            await started(site, number)
        await asyncio.sleep(1)
    assert await fleet.judged() == []
    assert not fleet.lost
    refused = {"ConnectionRefusedError", "InvalidMessage"}  # the latter while the request was still coming in
    assert set(fleet.ends) <= {"4001", "1012", *refused}, "each was told to come back"
    assert fleet.ends["4001"] >= len(fleet.students)
    assert faults_logged(site.take_log()) == []
