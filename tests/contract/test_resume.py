"""Going on with a session: on another connection or process, after silence, and never after its end."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.contract.conftest import (
    AT_ONCE_SECONDS,
    Connect,
    counted,
    eventually,
    fall_silent,
    grow_old,
    row_of,
    sweep,
    until,
)
from tests.learner import Frame, Learner, as_frames
from tests.site import Site, orm

if TYPE_CHECKING:
    from users.models import User

FIRST = [(1, 0, "engaged", 0), (2, 400, "focus", 2), (3, 1_000, "idle", 0)]
DAY = 24 * 3_600


def ms(milliseconds: int) -> timedelta:
    return timedelta(milliseconds=milliseconds)


async def begun(learner: Learner, key: str) -> Frame:
    """A session under this key, with FIRST in it; its ack."""
    session = (await learner.open(course="intro", key=key))["session"]
    await learner.samples(session, FIRST)
    ack = await learner.expect("session.ack", session=session, seq=3)
    assert (ack["duration_ms"], ack["engaged_ms"]) == (1_000, 400)
    return ack


async def refused_not_found(learner: Learner, session: int) -> None:
    """This connection does not hold it, so its samples and its close find nothing."""
    for type in ("session.samples", "session.close"):
        samples = as_frames([(4, 1_500, "engaged", 0)])
        await learner.send({"type": type, "ref": type, "session": session, "samples": samples})
        await learner.expect_error("not_found", ref=type)


# Resume


async def test_the_same_connection_opens_its_key_again(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    key = str(uuid4())
    ack = await begun(learner, key)
    session = ack["session"]
    await learner.samples(session, [(4, 1_200, "focus", 0)])
    opened = await learner.open(course="intro", key=key)
    assert opened["session"] == session
    assert opened["seq"] == 4  # what was in hand was written first
    assert opened["idle_ms"] == 200
    assert opened["now_ms"] > 0
    await learner.samples(session, [(5, 1_300, "idle", 0)])
    await learner.expect("session.ack", seq=5)
    assert learner.seen("session.lost") == []


async def test_opened_carries_what_is_durable_after_a_connection_vanished(connect: Connect, ana: "User") -> None:
    lost = await connect(ana)
    key = str(uuid4())
    ack = await begun(lost, key)
    await lost.vanish()
    for process in (0, 1):
        learner = await connect(ana, process)
        opened = await learner.open(course="intro", key=key)
        assert counted(opened) == counted(ack)
        await learner.vanish()
    learner = await connect(ana)
    session = (await learner.open(course="intro", key=key))["session"]
    await learner.samples(session, [(2, 400, "focus", 2), (3, 1_000, "idle", 0), (4, 1_500, "focus", 0)])  # and again
    closed = await learner.close_session(session, [(5, 1_600, "idle", 0)])
    assert counted(closed) == counted(ack) | {"seq": 5, "duration_ms": 1_600, "focus_ms": 1_100, "idle_ms": 500}


async def test_what_was_sent_before_the_connection_vanished_is_kept(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    key = str(uuid4())
    session = (await learner.open(course="intro", key=key))["session"]
    await learner.samples(session, FIRST)
    await learner.send({"type": "ping"})
    await learner.expect("pong")  # so the server has the samples
    await learner.vanish()
    await orm(until, lambda: row_of(session).acked_seq == 3)
    opened = await (await connect(ana, 1)).open(course="intro", key=key)
    assert (opened["seq"], opened["duration_ms"]) == (3, 1_000)


@pytest.mark.parametrize("process", [0, 1])
async def test_another_connection_takes_it_and_the_one_before_is_told(
    connect: Connect, ana: "User", process: int
) -> None:
    first, second = await connect(ana), await connect(ana, process)
    key = str(uuid4())
    ack = await begun(first, key)
    session = ack["session"]
    opened = await second.open(course="intro", key=key)
    assert counted(opened) == counted(ack)
    lost = await first.expect("session.lost", within=AT_ONCE_SECONDS)
    assert lost == {"type": "session.lost", "session": session, "reason": "resumed_elsewhere"}
    await refused_not_found(first, session)
    await second.samples(session, [(4, 1_200, "focus", 0)])
    assert (await second.expect("session.ack", seq=4))["idle_ms"] == 200
    assert len(first.seen("session.lost")) == 1
    assert first.seen("session.ack", seq=4) == []


async def test_a_key_in_another_spelling_is_the_same_key(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    key = str(uuid4())
    session = (await begun(learner, key))["session"]
    for spelling in (key.upper(), key.replace("-", "")):
        assert (await learner.open(course="intro", key=spelling))["session"] == session


async def test_a_new_key_opened_by_many_at_once_is_one_session_with_one_holder(connect: Connect, ana: "User") -> None:
    learners = [await connect(ana, number % 2) for number in range(6)]
    key = str(uuid4())
    opened = await asyncio.gather(*(learner.open(course="intro", key=key) for learner in learners))
    session = opened[0]["session"]
    assert [one["session"] for one in opened] == [session] * 6
    await eventually(lambda: sum(bool(learner.seen("session.lost")) for learner in learners) == 5)
    (holder,) = [learner for learner in learners if not learner.seen("session.lost")]
    for learner in learners:
        await learner.samples(session, [(1, 0, "engaged", 0), (2, 10, "idle", 0)])
    assert (await holder.expect("session.ack"))["seq"] == 2
    for learner in learners:
        if learner is not holder:
            await learner.expect_error("not_found")
            assert learner.seen("session.ack") == []


async def test_it_can_be_taken_back_and_forth(connect: Connect, ana: "User") -> None:
    learners = [await connect(ana, process) for process in (0, 1)]
    key = str(uuid4())
    session = (await begun(learners[0], key))["session"]
    for turn in range(1, 9):
        holder, other = learners[turn % 2], learners[1 - turn % 2]
        opened = await holder.open(course="intro", key=key)
        assert opened["seq"] == 2 + turn
        await other.expect("session.lost", session=session)
        await holder.samples(session, [(3 + turn, 1_000 + turn, "idle", 0)])
        await holder.expect("session.ack", seq=3 + turn)
    row = await orm(row_of, session)
    assert (row.acked_seq, row.idle_time) == (11, ms(8))


@pytest.mark.parametrize("writes_first", [True, False])
async def test_nothing_that_the_holder_before_had_in_hand_is_written(
    connect: Connect, site: Site, ana: "User", writes_first: bool
) -> None:
    """Its process stood still while the session was taken; then it finds the samples in its socket."""
    first, second = await connect(ana, 0), await connect(ana, 1)
    key = str(uuid4())
    session = (await begun(first, key))["session"]
    site.suspend(0)
    await first.samples(session, [(4, 1_900, "engaged", 9), (5, 2_000, "engaged", 9)])
    await first.send({"type": "session.close", "session": session, "samples": as_frames([(6, 2_100, "idle", 0)])})
    await second.open(course="intro", key=key)
    if writes_first:
        await second.samples(session, [(4, 1_100, "idle", 0)])
        await second.expect("session.ack", seq=4)
    site.resume(0)
    assert (await first.expect("session.lost"))["reason"] == "resumed_elsewhere"
    await first.send({"type": "ping"})
    await first.expect("pong")
    assert first.seen("session.closed") == []
    await second.samples(session, [(4, 1_100, "idle", 0)])
    ack = await second.expect("session.ack", seq=4)
    assert (ack["duration_ms"], ack["engaged_ms"], ack["idle_ms"]) == (1_100, 400, 100)
    await second.samples(session, [(5, 1_200, "focus", 0)])
    assert counted(await second.expect("session.ack", seq=5)) == counted(ack) | {
        "seq": 5,
        "duration_ms": 1_200,
        "idle_ms": 200,
    }
    row = await orm(row_of, session)
    assert (row.acked_seq, row.last_at_ms, row.end_reason) == (5, 1_200, "")


# Silence


async def test_silence_ends_it_as_of_its_last_sample_and_its_holder_reopens_it(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    session = (await learner.open(course="intro"))["session"]
    await learner.samples(session, [(1, 0, "engaged", 0), (2, 1_000, "engaged", 0)])
    await learner.expect("session.ack", seq=2)
    await orm(fall_silent, session, 40)
    await orm(sweep)
    assert (await orm(row_of, session)).ended_at is None
    await orm(fall_silent, session, 6)
    await orm(sweep)
    row = await orm(row_of, session)
    assert (row.end_reason, row.ended_at) == ("lease", row.started_at + ms(1_000))
    await learner.samples(session, [(3, 1_500, "engaged", 0)])
    ack = await learner.expect("session.ack", seq=3)
    assert ack["engaged_ms"] == 1_500
    row = await orm(row_of, session)
    assert (row.end_reason, row.ended_at) == ("", None)
    await learner.close_session(session)
    row = await orm(row_of, session)
    assert (row.end_reason, row.ended_at) == ("closed", row.started_at + ms(1_500))


async def test_after_an_idle_sample_the_silence_may_last_150_s(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    session = (await begun(learner, str(uuid4())))["session"]  # its last sample is idle
    await orm(fall_silent, session, 145)
    await orm(sweep)
    assert (await orm(row_of, session)).ended_at is None
    await orm(fall_silent, session, 6)
    await orm(sweep)
    assert (await orm(row_of, session)).end_reason == "lease"


async def test_before_the_sweep_comes_by_it_has_ended_all_the_same(connect: Connect, ana: "User") -> None:
    from courses.models import LearningSession

    learner = await connect(ana)
    session = (await begun(learner, str(uuid4())))["session"]
    assert await orm(LearningSession.objects.live().filter(pk=session).exists)
    await orm(fall_silent, session, 151)
    assert not await orm(LearningSession.objects.live().filter(pk=session).exists)
    row = await orm(LearningSession.objects.with_clock().get, pk=session)
    assert row.effective_ended_at == row.started_at + ms(1_000)
    await learner.samples(session, [(4, 1_100, "idle", 0)])
    await learner.expect("session.ack", seq=4)
    assert await orm(LearningSession.objects.live().filter(pk=session).exists)


@pytest.mark.parametrize("swept", [True, False])
async def test_its_key_reopens_it_within_a_day_and_the_hole_is_no_focus(
    connect: Connect, ana: "User", swept: bool
) -> None:
    learner = await connect(ana)
    key = str(uuid4())
    session = (await learner.open(course="intro", key=key))["session"]
    await learner.samples(session, [(1, 0, "engaged", 0), (2, 1_000, "engaged", 0)])
    await learner.expect("session.ack", seq=2)
    await learner.vanish()
    await orm(grow_old, session, DAY - 60)
    if swept:
        await orm(sweep)
        assert (await orm(row_of, session)).is_settled
    again = await connect(ana, 1)
    opened = await again.open(course="intro", key=key)
    now_ms = opened["now_ms"]
    assert (DAY - 60) * 1_000 <= now_ms < DAY * 1_000
    assert (opened["seq"], opened["duration_ms"]) == (2, 1_000)
    await again.samples(session, [(3, now_ms, "engaged", 0), (4, now_ms + 500, "engaged", 0)])
    ack = await again.expect("session.ack", seq=4)
    assert (ack["unknown_ms"], ack["engaged_ms"]) == (now_ms - 1_000, 1_500)
    await again.close_session(session)
    row = await orm(row_of, session)
    assert row.ended_at == row.started_at + ms(now_ms + 500)


@pytest.mark.parametrize("swept", [True, False])
async def test_after_a_day_it_stays_closed(connect: Connect, ana: "User", swept: bool) -> None:
    learner = await connect(ana)
    key = str(uuid4())
    ack = await begun(learner, key)
    session = ack["session"]
    await orm(grow_old, session, DAY + 60)
    if swept:
        await orm(sweep)
    other = await connect(ana, 1)
    await other.send({"type": "session.open", "ref": "o", "key": key, "course": "intro"})
    assert counted(await other.expect_error("session_closed", ref="o")) == counted(ack)
    for ref, type in (("s", "session.samples"), ("c", "session.close")):
        samples = as_frames([(4, 1_500, "engaged", 0)])
        await learner.send({"type": type, "ref": ref, "session": session, "samples": samples})
        assert counted(await learner.expect_error("session_closed", ref=ref)) == counted(ack)
    row = await orm(row_of, session)
    assert row.acked_seq == 3
    assert (row.end_reason == "lease") is swept


async def test_a_gap_is_judged_by_what_is_durable_after_a_restored_database(connect: Connect, ana: "User") -> None:
    """The row went back to an earlier state: the record can't be written on."""
    from courses.models import LearningSession

    learner = await connect(ana)
    session = (await begun(learner, str(uuid4())))["session"]
    await orm(
        LearningSession.objects.filter(pk=session).update,
        acked_seq=1,
        last_at_ms=0,
        duration=ms(0),
        focus_time=ms(0),
        engaged_time=ms(0),
        state="engaged",
    )
    await learner.samples(session, [(4, 1_500, "focus", 0)])
    assert (await learner.expect("session.lost", session=session))["reason"] == "gone"
    assert (await orm(row_of, session)).acked_seq == 1


async def test_a_record_that_is_gone_is_lost(connect: Connect, ana: "User") -> None:
    from courses.models import FocusSpan, LearningSession

    learner = await connect(ana)
    session = (await begun(learner, str(uuid4())))["session"]

    def delete() -> None:
        FocusSpan.objects.filter(session=session).delete()
        LearningSession.objects.filter(pk=session).delete()

    await orm(delete)
    await learner.samples(session, [(4, 1_500, "focus", 0)])
    assert await learner.expect("session.lost") == {"type": "session.lost", "session": session, "reason": "gone"}
    await refused_not_found(learner, session)
