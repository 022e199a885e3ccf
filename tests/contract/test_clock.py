"""The server's clock decides: what a client's `at` and counters can and can't make of a session."""

from typing import TYPE_CHECKING
from uuid import uuid4

from tests.contract.conftest import Connect, grow_old
from tests.learner import Frame, Learner
from tests.site import orm

if TYPE_CHECKING:
    from users.models import User

HOUR_MS = 3_600_000
SLACK_MS = 2_000


async def aged(learner: Learner, seconds: float) -> Frame:
    """A session that began so long ago, opened on this connection; its `opened`."""
    key = str(uuid4())
    session = (await learner.open(course="intro", key=key))["session"]
    await orm(grow_old, session, seconds)
    return await learner.open(course="intro", key=key)


async def age_ms(learner: Learner, opened: Frame) -> int:
    """How old the session is by now at least, by the server's clock: what opening its key again says."""
    from tests.contract.conftest import row_of

    key = (await orm(row_of, opened["session"])).key
    again = await learner.open(course="intro", key=str(key))
    return int(again["now_ms"])


async def test_now_ms_is_the_servers_clock_since_the_first_opened(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    opened = await aged(learner, 3_600)
    assert HOUR_MS <= opened["now_ms"] < HOUR_MS + 5_000
    assert opened["now_ms"] <= await age_ms(learner, opened)


async def test_a_clock_an_hour_ahead_gets_no_more_than_the_wall_clock_and_two_seconds(
    connect: Connect, ana: "User"
) -> None:
    learner = await connect(ana)
    opened = await learner.open(course="intro")
    session = opened["session"]
    await learner.samples(session, [(1, 0, "engaged", 0)])
    await learner.samples(session, [(n, HOUR_MS + n * 1_000, "engaged", 0) for n in range(2, 30)])
    ack = await learner.expect("session.ack", seq=29)
    most = await age_ms(learner, opened) + SLACK_MS
    assert SLACK_MS <= ack["duration_ms"] <= most
    assert ack["duration_ms"] == ack["engaged_ms"] == ack["focus_ms"]


async def test_a_first_sample_from_the_future_is_clamped_too(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    opened = await learner.open(course="intro")
    await learner.samples(opened["session"], [(1, 2**53 - 1, "engaged", 0), (2, 2**53 - 1, "engaged", 0)])
    assert (await learner.expect("session.ack", seq=2))["duration_ms"] == 0


async def test_a_clock_that_goes_back_adds_nothing_and_takes_nothing_away(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    opened = await aged(learner, 100)
    session = opened["session"]
    await learner.samples(session, [(1, 90_000, "engaged", 0), (2, 95_000, "focus", 0)])
    await learner.samples(session, [(3, 0, "idle", 0), (4, 94_999, "engaged", 0), (5, 95_500, "idle", 0)])
    ack = await learner.expect("session.ack", seq=5)
    assert (ack["duration_ms"], ack["engaged_ms"], ack["focus_ms"]) == (5_500, 5_500, 5_500)


async def test_nothing_before_the_first_sample_counts(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    opened = await aged(learner, 3_600)
    await learner.samples(opened["session"], [(1, opened["now_ms"], "engaged", 0)])
    ack = await learner.expect("session.ack", seq=1)
    assert (ack["duration_ms"], ack["unknown_ms"]) == (0, 0)


async def test_a_span_beyond_25_s_is_unknown_and_beyond_150_s_after_idle(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    opened = await aged(learner, 600)
    at = opened["now_ms"] - 400_000
    steps = [(25_000, "engaged"), (25_001, "focus"), (25_000, "focus"), (25_001, "idle"), (150_000, "idle")]
    samples = [(1, at, "engaged", 0)]
    for seq, (span, state) in enumerate(steps, 2):
        at += span
        samples.append((seq, at, state, 0))
    samples.append((len(samples) + 1, at + 150_001, "idle", 0))
    await learner.samples(opened["session"], samples)
    ack = await learner.expect("session.ack", seq=7)
    assert ack["focus_ms"] == 50_000
    assert ack["idle_ms"] == 150_000
    assert ack["unknown_ms"] == 25_001 + 25_001 + 150_001
    assert ack["duration_ms"] == ack["focus_ms"] + ack["idle_ms"] + ack["unknown_ms"]


async def test_an_engaged_span_reported_late_is_focus(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    opened = await aged(learner, 600)
    now = opened["now_ms"]
    late, timely = now - 200_000, now - 100_000
    await learner.samples(opened["session"], [(1, late, "engaged", 0), (2, late + 10_000, "idle", 0)])
    await learner.samples(opened["session"], [(3, timely, "engaged", 0), (4, timely + 10_000, "idle", 0)])
    ack = await learner.expect("session.ack", seq=4)
    assert (ack["focus_ms"], ack["engaged_ms"], ack["idle_ms"]) == (20_000, 10_000, 90_000)


async def test_interactions_are_capped_at_fifty_a_second_of_the_sessions_age(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    opened = await aged(learner, 10)
    session = opened["session"]
    await learner.samples(session, [(1, 0, "engaged", 120), (2, 10, "engaged", 30)])
    assert (await learner.expect("session.ack", seq=2))["interactions"] == 150
    await learner.samples(session, [(3, 20, "engaged", 2**53 - 1)])
    ack = await learner.expect("session.ack", seq=3)
    assert 500 <= ack["interactions"] <= 50 * await age_ms(learner, opened) / 1_000
