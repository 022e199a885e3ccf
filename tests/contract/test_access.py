"""When access to a course ends, so do its sessions: at once, for good, and their holders are told."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.contract.conftest import AT_ONCE_SECONDS, Connect, counted, fall_silent, row_of, sweep, until
from tests.learner import Frame, Learner, as_frames
from tests.site import orm

if TYPE_CHECKING:
    from users.models import User


def move(name: str, student: "User", by: "User") -> None:
    """Pause, resume or withdraw the student's enrolment in `intro`."""
    from courses import enrollment
    from courses.models import CourseEnrollment

    moves: dict[str, Callable[..., Any]] = {
        "pause": enrollment.pause,
        "resume": enrollment.resume,
        "withdraw": enrollment.withdraw,
    }
    moves[name](enrollment=CourseEnrollment.objects.get(student=student, course__slug="intro"), actor=by)


async def begun(learner: Learner, key: str) -> Frame:
    session = (await learner.open(course="intro", key=key))["session"]
    await learner.samples(session, [(1, 0, "engaged", 0), (2, 600, "focus", 0), (3, 1_000, "idle", 0)])
    return await learner.expect("session.ack", session=session, seq=3)


@pytest.mark.parametrize("name", ["pause", "withdraw"])
async def test_live_sessions_are_lost_at_once(
    connect: Connect, ana: "User", ben: "User", ines: "User", name: str
) -> None:
    learners = [await connect(ana, 0), await connect(ana, 1)]
    bens = await connect(ben)
    keys = [str(uuid4()) for _ in learners]
    acks = [await begun(learner, key) for learner, key in zip(learners, keys, strict=True)]
    bens_session = (await begun(bens, keys[0]))["session"]
    await orm(move, name, ana, ines)
    for learner, ack, key in zip(learners, acks, keys, strict=True):
        session = ack["session"]
        lost = await learner.expect("session.lost", within=AT_ONCE_SECONDS)
        assert lost == {"type": "session.lost", "session": session, "reason": "access_ended"}
        row = await orm(row_of, session)
        assert row.end_reason == "access_ended"
        assert row.ended_at is not None
        assert (row.ended_at - row.started_at).total_seconds() == 1
        samples = as_frames([(4, 1_100, "engaged", 0)])
        await learner.send({"type": "session.samples", "ref": "late", "session": session, "samples": samples})
        assert counted(await learner.expect_error("session_closed", ref="late")) == counted(ack)
        await learner.send({"type": "session.open", "ref": "again", "key": key, "course": "intro"})
        await learner.expect_error("not_enrolled", ref="again")
    await bens.samples(bens_session, [(4, 1_100, "idle", 0)])
    await bens.expect("session.ack", session=bens_session, seq=4)
    assert bens.seen("session.lost") == []


async def test_the_session_stays_ended_when_access_comes_back(connect: Connect, ana: "User", ines: "User") -> None:
    learner = await connect(ana)
    key = str(uuid4())
    ack = await begun(learner, key)
    await orm(move, "pause", ana, ines)
    await learner.expect("session.lost")
    await orm(move, "resume", ana, ines)
    await learner.send({"type": "session.open", "ref": "again", "key": key, "course": "intro"})
    assert counted(await learner.expect_error("session_closed", ref="again")) == counted(ack)
    await learner.open(course="intro")


async def test_a_session_whose_lease_ran_out_ends_for_good_too(connect: Connect, ana: "User", ines: "User") -> None:
    learner = await connect(ana)
    ack = await begun(learner, str(uuid4()))
    await learner.vanish()
    await orm(fall_silent, ack["session"], 200)
    await orm(sweep)
    assert (await orm(row_of, ack["session"])).end_reason == "lease"
    await orm(move, "withdraw", ana, ines)
    assert (await orm(row_of, ack["session"])).end_reason == "access_ended"


async def test_what_was_studied_by_then_is_in_the_ledger(connect: Connect, ana: "User") -> None:
    from courses.models import CourseEnrollment

    learner = await connect(ana)
    ack = await begun(learner, str(uuid4()))
    await orm(move, "withdraw", ana, ana)
    await learner.expect("session.lost", reason="access_ended", within=AT_ONCE_SECONDS)
    await orm(until, lambda: row_of(ack["session"]).is_settled)
    enrollment = await orm(CourseEnrollment.objects.get, student=ana)
    assert (enrollment.total_time_spent.total_seconds(), enrollment.engaged_time.total_seconds()) == (1, 0.6)


async def test_samples_and_the_end_of_access_at_the_same_moment(connect: Connect, ana: "User", ines: "User") -> None:
    """Whatever was acked is in the row; after that the client hears that it has lost it, once."""
    learner = await connect(ana)
    session = (await begun(learner, str(uuid4())))["session"]

    async def study() -> None:
        for seq in range(4, 40):
            await learner.samples(session, [(seq, 1_000 + seq, "focus", 0)])
            await asyncio.sleep(0.02)

    studying = asyncio.create_task(study())
    await learner.expect("session.ack", session=session)
    await orm(move, "withdraw", ana, ines)
    lost = await learner.expect("session.lost", session=session, within=AT_ONCE_SECONDS)
    assert lost["reason"] == "access_ended"
    await studying
    await learner.send({"type": "ping"})
    await learner.expect("pong")
    acked = max(ack["seq"] for ack in learner.seen("session.ack"))
    row = await orm(row_of, session)
    assert (row.acked_seq, row.end_reason) == (acked, "access_ended")
    assert len(learner.seen("session.lost")) == 1
