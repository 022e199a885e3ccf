"""What is shown of learners to who watches: which session, which state, until when. Each sentence of the contract."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.contract.conftest import Connect, eventually, fall_silent, renumbered, row_of
from tests.learner import as_frames
from tests.rest import by_token
from tests.site import Site, orm
from tests.watcher import (
    COUNTERS,
    as_json,
    enrollment_of,
    expected,
    is_gone,
    say,
    seen,
    shows,
    standing,
    study,
    watch,
)

if TYPE_CHECKING:
    from courses.models import Course
    from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


async def test_of_several_sessions_the_highest_state_shows_then_the_latest_sample(
    connect: Connect, ana: "User", ines: "User"
) -> None:
    watcher, here, there = await connect(ines), await connect(ana, 0), await connect(ana, 1)
    enrollment = await orm(enrollment_of, ana)
    await watch(watcher)
    first = await study(here, "idle")
    await shows(watcher, enrollment, session=first, state="idle")
    second = await study(there, "focus", device_type="tablet")
    await shows(watcher, enrollment, session=second, state="focus", device_type="tablet")
    await say(here, first, 2, "engaged")
    await shows(watcher, enrollment, session=first, state="engaged")
    await say(here, first, 3, "idle", at=5)
    await shows(watcher, enrollment, session=second)
    await say(there, second, 2, "idle", at=1_500)
    await shows(watcher, enrollment, session=second, state="idle")
    await here.samples(first, [(4, 100_000, "idle", 0)])  # as late as it can be: later than the other's
    await eventually(lambda: seen(watcher)[enrollment]["session"] == first, 10)  # no hint tells of it
    await there.close_session(second)
    await shows(watcher, enrollment, session=first)
    await here.close_session(first)
    await is_gone(watcher, enrollment)


async def test_closing_and_the_end_of_access_take_the_row_away(
    connect: Connect, ana: "User", ben: "User", ines: "User"
) -> None:
    from tests.contract.test_access import move

    watcher, anas, bens = await connect(ines), await connect(ana, 1), await connect(ben)
    session = await study(anas)
    await study(bens)
    assert len(await watch(watcher)) == 2
    await anas.close_session(session, [(2, 100, "idle", 0)])
    await is_gone(watcher, await orm(enrollment_of, ana))
    await orm(move, "pause", ben, ines)
    await is_gone(watcher, await orm(enrollment_of, ben))
    assert await watch(await connect(ines, 1)) == {}


async def test_a_session_that_goes_on_elsewhere_goes_on_for_who_watches(
    connect: Connect, ana: "User", ines: "User"
) -> None:
    watcher, here, there = await connect(ines), await connect(ana, 0), await connect(ana, 1)
    enrollment, key = await orm(enrollment_of, ana), str(uuid4())
    session = (await here.open(course="intro", key=key))["session"]
    await say(here, session, 1, "focus")
    await watch(watcher)
    await here.vanish()
    await there.open(course="intro", key=key)
    await say(there, session, 2, "engaged")
    await shows(watcher, enrollment, session=session, state="engaged")


async def test_samples_over_http_show_too(connect: Connect, site: Site, ana: "User", ines: "User") -> None:
    watcher = await connect(ines, 1)
    enrollment = await orm(enrollment_of, ana)
    await watch(watcher)
    client, key = await orm(by_token, ana), uuid4()

    def post(**body: Any) -> None:
        assert client.post(f"/api/v1/sessions/{key}/samples/", body, format="json").status_code == 200

    await orm(post, open={"course": "intro"}, samples=as_frames([(1, 0, "engaged", 0)]))
    await shows(watcher, enrollment, state="engaged")
    await orm(post, samples=as_frames([(2, 300, "idle", 0)]), close=True)
    await is_gone(watcher, enrollment)


async def test_a_silent_learner_shows_as_silent_and_leaves_when_the_lease_ends(
    connect: Connect, make_site: Callable[..., Site], ana: "User", ben: "User", ines: "User"
) -> None:
    """By the clock alone: here a learner is silent after 3 s, and gone after 6; and nothing is looked at meanwhile."""
    quick = make_site(**renumbered(SPAN_MS=3_000, LEASE_MS=6_000, LOOK_EVERY_SECONDS=600))
    watcher = await connect(ines, to=quick)
    anas, bens = await connect(ana, to=quick), await connect(ben, to=quick)
    await watch(watcher)
    enrollment, others = await orm(enrollment_of, ana), await orm(enrollment_of, ben)
    session = await study(anas)
    bens_session = await study(bens, "idle")
    await anas.vanish()
    began = monotonic()
    await eventually(lambda: seen(watcher).get(enrollment, {}).get("state") == "silent")
    assert monotonic() - began > 2
    heard = (await orm(row_of, session)).last_heard_at
    assert seen(watcher)[enrollment]["since"] == as_json(heard)
    await eventually(lambda: enrollment not in seen(watcher))
    assert monotonic() - began > 5
    assert seen(watcher)[others] | {"state": "idle", "session": bens_session} == seen(watcher)[others]


async def test_who_was_silent_and_is_heard_again_shows_again(connect: Connect, ana: "User", ines: "User") -> None:
    watcher, learner = await connect(ines), await connect(ana, 1)
    enrollment, key = await orm(enrollment_of, ana), str(uuid4())
    session = (await learner.open(course="intro", key=key))["session"]
    await say(learner, session, 1, "engaged")
    await orm(fall_silent, session, 30)
    assert (await watch(watcher))[enrollment]["state"] == "silent"
    await learner.open(course="intro", key=key)
    await shows(watcher, enrollment, state="engaged")
    await orm(fall_silent, session, 50)
    assert await watch(watcher) == {}
    await learner.open(course="intro", key=key)
    await shows(watcher, enrollment, state="engaged")


async def test_heartbeats_are_no_news_and_counters_come_once_in_their_time(
    connect: Connect, make_site: Callable[..., Site], ana: "User", ines: "User"
) -> None:
    """Here their time is 5 s, and all is looked at every second."""
    quick = make_site(**renumbered(COUNTERS_EVERY_MS=5_000, LOOK_EVERY_SECONDS=1))
    watcher, learner = await connect(ines, to=quick), await connect(ana, to=quick)
    session = await study(learner)
    await watch(watcher)
    began = monotonic()
    for seq in range(2, 40):
        await say(learner, session, seq, "engaged", at=seq * 300)
        await asyncio.sleep(0.3)
    took = monotonic() - began
    deltas = watcher.seen("watch.delta")
    assert 1 <= len(deltas) <= took / 5
    for delta in deltas:
        (row,) = delta["upsert"]
        assert row["engaged_ms"] > 0
        assert set(row) > set(COUNTERS)


async def test_what_is_shown_is_what_the_tables_say(
    connect: Connect, ana: "User", ben: "User", ines: "User", intro: "Course"
) -> None:
    watcher, anas, bens = await connect(ines), await connect(ana, 0), await connect(ben, 1)
    await study(anas, "idle")
    silent = await study(bens)
    await study(bens, "focus")
    await orm(fall_silent, silent, 30)
    assert standing(await watch(watcher)) == await orm(expected, intro)
