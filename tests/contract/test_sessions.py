"""A learning session from its first `opened` to its `closed`: shapes, acks, totals, and what the row then says."""

import asyncio
import threading
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from tests.conftest import token_of
from tests.contract.conftest import ACK_FIELDS, Connect, counted, row_of, until
from tests.learner import Learner
from tests.site import Site, orm

if TYPE_CHECKING:
    from courses.models import Content, Course, CourseEnrollment
    from users.models import User

NOTHING = dict.fromkeys(ACK_FIELDS[1:], 0)


def ms(milliseconds: int) -> timedelta:
    return timedelta(milliseconds=milliseconds)


# Shapes


async def test_opened_ack_and_closed_have_exactly_the_contracts_fields(
    connect: Connect, ana: "User", content: "Content"
) -> None:
    learner = await connect(ana)
    opened = await learner.open(course="intro", content=content.pk)
    assert opened.keys() == {"type", "ref", "now_ms", *ACK_FIELDS}
    session = opened["session"]
    assert session > 0
    assert 0 <= opened["now_ms"] < 2_000
    assert counted(opened) == {"session": session, **NOTHING}
    await learner.samples(session, [(1, 0, "engaged", 0), (2, 700, "focus", 4), (3, 1_000, "idle", 1)])
    ack = await learner.expect("session.ack")
    assert ack == {
        "type": "session.ack",
        "session": session,
        "seq": 3,
        "duration_ms": 1_000,
        "focus_ms": 1_000,
        "engaged_ms": 700,
        "idle_ms": 0,
        "unknown_ms": 0,
        "interactions": ack["interactions"],
    }
    closed = await learner.close_session(session, [(4, 1_500, "focus", 0)])
    assert closed.keys() == {"type", "ref", *ACK_FIELDS}
    assert counted(closed) == counted(ack) | {"seq": 4, "duration_ms": 1_500, "idle_ms": 500}


async def test_without_a_ref_there_is_none_in_the_answer(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    await learner.send({"type": "session.open", "key": str(uuid4()), "course": "intro"})
    opened = await learner.expect("session.opened")
    assert opened.keys() == {"type", "now_ms", *ACK_FIELDS}
    await learner.send({"type": "session.close", "session": opened["session"]})
    assert (await learner.expect("session.closed")).keys() == {"type", *ACK_FIELDS}


async def test_fields_that_are_not_known_are_ignored(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    opened = await learner.open(course="intro", colour="blue", user=1, enrollment=7, now_ms=99_999, content=None)
    session = opened["session"]
    sample = {"seq": 1, "at": 0, "state": "engaged", "interactions": 0, "mood": ["good"], "at_ms": 5}
    await learner.send({"type": "session.samples", "session": session, "samples": [sample], "seq": 12})
    assert (await learner.expect("session.ack"))["seq"] == 1


# Acks


async def test_an_ack_follows_within_a_second_and_is_durable_by_then(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    session = (await learner.open(course="intro"))["session"]
    for seq in range(1, 8):
        began = monotonic()
        await learner.samples(session, [(seq, seq * 100, "engaged", 0)])
        ack = await learner.expect("session.ack", seq=seq)
        assert monotonic() - began < 1
        row = await orm(row_of, session)
        assert row.acked_seq == seq
        assert row.engaged_time == ms(ack["engaged_ms"]) == ms((seq - 1) * 100)


async def test_acks_are_cumulative_and_coalesced(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    session = (await learner.open(course="intro"))["session"]
    for seq in range(1, 36):
        await learner.samples(session, [(seq, seq, "engaged", 0)])
    await learner.expect("session.ack", seq=35)
    seqs = [ack["seq"] for ack in learner.seen("session.ack")]
    assert seqs == sorted(set(seqs))
    assert len(seqs) < 20


async def test_what_was_counted_is_ignored_and_acked_again(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    session = (await learner.open(course="intro"))["session"]
    await learner.samples(session, [(1, 0, "engaged", 0), (2, 500, "focus", 3)])
    first = await learner.expect("session.ack", seq=2)
    await learner.samples(session, [(1, 900, "idle", 9), (2, 990, "idle", 9)])
    assert await learner.expect("session.ack") == first
    await learner.samples(session, [(2, 500, "focus", 3), (2, 501, "focus", 3), (3, 600, "idle", 0)])
    again = await learner.expect("session.ack", seq=3)
    assert counted(again) == counted(first) | {"seq": 3, "duration_ms": 600, "focus_ms": 600}


async def test_a_frame_without_samples_is_acked_and_says_still_here(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    session = (await learner.open(course="intro"))["session"]
    before = (await orm(row_of, session)).last_heard_at
    await learner.samples(session, [])
    assert counted(await learner.expect("session.ack")) == {"session": session, **NOTHING}
    assert (await orm(row_of, session)).last_heard_at > before


async def test_a_hundred_samples_fit_a_frame(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    session = (await learner.open(course="intro"))["session"]
    await learner.samples(session, [(seq, seq * 10, "focus", 0) for seq in range(1, 101)])
    ack = await learner.expect("session.ack")
    assert (ack["seq"], ack["duration_ms"], ack["focus_ms"]) == (100, 990, 990)


async def test_a_request_that_waits_holds_up_no_acks(connect: Connect, ana: "User") -> None:
    """An open waits for a lock; what is pushed to the same client meanwhile goes its own way."""
    from django.db import transaction

    from users.models import User

    learner, neighbour = await connect(ana), await connect(ana)
    session = (await learner.open(course="intro"))["session"]
    locked, release = threading.Event(), threading.Event()

    def hold_the_lock() -> None:
        with transaction.atomic():
            User.objects.select_for_update().get(pk=ana.pk)
            locked.set()
            release.wait(30)

    holding = asyncio.create_task(orm(hold_the_lock))
    await asyncio.to_thread(locked.wait)
    try:
        await learner.samples(session, [(1, 0, "engaged", 0)])
        await learner.send({"type": "session.open", "ref": "waits", "key": str(uuid4()), "course": "intro"})
        await learner.expect("session.ack", session=session, seq=1, within=5)
        await neighbour.send({"type": "ping"})
        await neighbour.expect("pong", within=5)
        assert learner.seen("session.opened", ref="waits") == []
    finally:
        release.set()
    await learner.expect("session.opened", ref="waits")
    await holding


async def test_sessions_of_one_connection_are_counted_apart(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    sessions = [(await learner.open(course="intro"))["session"] for _ in range(4)]
    for number, session in enumerate(sessions):
        await learner.samples(session, [(1, 0, "engaged", 0), (2, 100 * (number + 1), "idle", 0)])
    for number, session in enumerate(sessions):
        assert (await learner.expect("session.ack", session=session, seq=2))["engaged_ms"] == 100 * (number + 1)


# What the row says


async def test_the_row_of_a_closed_session(connect: Connect, ana: "User", content: "Content") -> None:
    agent = "Mozilla/5.0 " + "x" * 1_000
    learner = await connect(ana, headers=None, user_agent_header=agent)
    key = str(uuid4())
    session = (await learner.open(course="intro", content=content.pk, key=key, device_type="tablet"))["session"]
    await learner.samples(session, [(1, 200, "engaged", 0), (2, 500, "focus", 0), (3, 900, "idle", 0)])
    await learner.close_session(session, [(4, 1_000, "idle", 0)])
    row = await orm(row_of, session)
    assert (row.user_id, row.key, row.content_id) == (ana.pk, UUID(key), content.pk)
    assert (row.device_type, row.ip_address) == ("tablet", "127.0.0.0")
    assert row.user_agent == agent[: len(row.user_agent)]
    assert len(row.user_agent) >= 100
    assert (row.acked_seq, row.last_at_ms, row.end_reason) == (4, 1_000, "closed")
    assert row.ended_at == row.started_at + ms(1_000)
    assert row.duration == ms(800)
    assert (row.engaged_time, row.focus_time, row.idle_time, row.unknown_time) == (ms(300), ms(700), ms(100), ms(0))


async def test_a_session_may_be_about_no_content(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    session = (await learner.open(course="intro"))["session"]
    assert (await orm(row_of, session)).content_id is None
    assert (await learner.close_session(session))["seq"] == 0
    row = await orm(row_of, session)
    assert (row.ended_at, row.end_reason) == (row.started_at, "closed")


@pytest.mark.parametrize(
    ("hello", "opening", "stored"),
    [
        ({}, {}, "unknown"),
        ({"device_type": "mobile"}, {}, "mobile"),
        ({"device_type": "mobile"}, {"device_type": "desktop"}, "desktop"),
        ({"device_type": None}, {"device_type": None}, "unknown"),
    ],
)
async def test_the_device_is_what_open_says_or_else_hello(
    site: Site, ana: "User", intro: "Course", hello: dict[str, Any], opening: dict[str, Any], stored: str
) -> None:
    async with Learner(site.ws(0), token=await orm(token_of, ana)) as learner:
        await learner.hello(**hello)
        session = (await learner.open(course="intro", **opening))["session"]
        assert (await orm(row_of, session)).device_type == stored


async def test_a_closed_session_is_in_the_ledger_soon(connect: Connect, ana: "User", content: "Content") -> None:
    learner = await connect(ana)
    session = (await learner.open(course="intro", content=content.pk))["session"]
    await learner.samples(session, [(1, 0, "engaged", 0), (2, 400, "focus", 0)])
    await learner.close_session(session, [(3, 1_000, "idle", 0)])

    def enrollment() -> "CourseEnrollment":
        from courses.models import CourseEnrollment

        return CourseEnrollment.objects.get(student=ana)

    await orm(until, lambda: row_of(session).is_settled)
    totals = await orm(enrollment)
    assert (totals.total_time_spent, totals.engaged_time) == (ms(1_000), ms(400))
    assert totals.last_accessed is not None

    def of_content() -> tuple[timedelta, timedelta]:
        return totals.content_progress.values_list("time_spent", "engaged_time").get(content=content)

    assert await orm(of_content) == (ms(1_000), ms(400))


async def test_two_tabs_at_once_count_once_in_the_course(connect: Connect, ana: "User") -> None:
    from courses.models import CourseEnrollment

    tabs = [await connect(ana, process) for process in (0, 1)]
    sessions = [(await tab.open(course="intro"))["session"] for tab in tabs]

    async def study(tab: Learner, session: int) -> None:
        await tab.samples(session, [(1, 0, "engaged", 0)])
        await tab.close_session(session, [(2, 2_000, "idle", 0)])

    await asyncio.gather(*map(study, tabs, sessions))
    await orm(until, lambda: all(row_of(session).is_settled for session in sessions))
    rows = [await orm(row_of, session) for session in sessions]
    union = max(row.started_at for row in rows) - min(row.started_at for row in rows) + ms(2_000)
    total = (await orm(CourseEnrollment.objects.get, student=ana)).total_time_spent
    assert total == union < ms(4_000)
