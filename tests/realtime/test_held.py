"""A held session's frames on their way from the socket to durable, whatever the row turns out to hold."""

from dataclasses import replace
from time import monotonic
from uuid import UUID

import pytest

from courses.errors import RateLimited
from courses.sessions import DurableSession
from realtime.codec import ServerFrame
from realtime.held import SAMPLES_IN_HAND, SETTLE_LASTING_MS, Frame, Held
from realtime.protocol import Sample, State
from realtime.timekeeper import Gap
from realtime.writer import Row

FRESH = DurableSession(
    id=901,
    key=UUID("6f1f4c5c-8b9e-4b0e-a1a3-f6a3c2b1d0e9"),
    user_id=1,
    enrollment_id=5,
    content_id=None,
    epoch=1,
    acked_seq=0,
    last_at_ms=0,
    state="",
    engaged_ms=0,
    focus_ms=0,
    idle_ms=0,
    unknown_ms=0,
    interactions=0,
    stretches="[]",
    settled_ms=0,
    end_reason="",
    is_live=True,
    is_writable=True,
    started_ms=1_800_000_000_000.0,
    now_ms=1_800_000_000_000.0,
    since_ms=0,
)


class Nobody:
    """A holder that hears nothing."""

    def __init__(self) -> None:
        self.sessions: dict[int, Held] = {}

    def push(self, frame: ServerFrame) -> None:
        raise AssertionError("a held session says nothing to its client itself")


def held(row: DurableSession = FRESH) -> Held:
    return Held(row, Nobody())


def frame(
    *samples: tuple[int, int, State], elapsed_ms: int | None = None, ref: str | None = None, closes: bool = False
) -> Frame:
    """A frame that came when its last sample was taken, unless told."""
    if elapsed_ms is None:
        elapsed_ms = samples[-1][1] if samples else 0
    return Frame([Sample(seq, at, state, 0) for seq, at, state in samples], elapsed_ms, ref, closes)


def count(session: Held, frame: Frame) -> None:
    """Take a frame and make the row that it belongs to."""
    session.take(frame, monotonic())
    session.row()


def stored(row: Row, was: DurableSession = FRESH) -> DurableSession:
    """What PostgreSQL holds once `row` is committed."""
    return replace(
        was,
        acked_seq=row.seq,
        last_at_ms=row.last_at_ms,
        state=row.state,
        engaged_ms=row.engaged_ms,
        focus_ms=row.focus_ms,
        idle_ms=row.idle_ms,
        unknown_ms=row.unknown_ms,
        interactions=row.interactions,
        stretches=row.stretches,
        end_reason="closed" if row.closes else "",
    )


# Frames


def test_what_is_taken_is_in_the_row() -> None:
    session = held()
    session.take(frame((1, 0, "engaged"), (2, 10_000, "focus")), monotonic())
    session.take(frame((3, 15_000, "idle")), monotonic())
    row = session.row()
    assert (row.was_seq, row.seq, row.last_at_ms, row.state, row.closes) == (0, 3, 15_000, "idle", False)
    assert (row.duration_ms, row.focus_ms, row.engaged_ms) == (15_000, 15_000, 10_000)
    assert row.stretches == "[[0,10000,true],[10000,15000,false]]"


def test_what_came_while_a_write_was_under_way_stays_in_hand() -> None:
    session = held()
    session.take(frame((1, 0, "engaged")), monotonic())
    row = session.row()
    session.take(frame((2, 1_000, "focus"), (3, 2_000, "focus")), monotonic())
    session.committed(row, settled_ms=0)
    assert session.durable_seq == 1
    assert session.in_hand == 3  # two samples and their frame
    after = session.row()
    assert (after.was_seq, after.seq) == (1, 3)
    session.committed(after, settled_ms=0)
    assert (session.in_hand, session.applied, session.durable_seq) == (0, [], 3)


def test_a_hole_waits_until_the_row_was_read_again() -> None:
    session = held()
    session.take(frame((1, 0, "engaged")), monotonic())
    session.take(frame((3, 2_000, "idle"), ref="hole"), monotonic())
    session.take(frame((2, 1_000, "focus"), ref="after it"), monotonic())  # in order: it may not overtake
    assert session.row().seq == 1
    refused = [(frame.ref, gap.expect) for frame, gap in session.judge_waiting()]
    assert refused == [("hole", 2)]
    assert session.row().seq == 2
    assert session.in_hand == 2 + 2


def test_a_hole_that_another_way_in_has_filled_is_none() -> None:
    session = held()
    session.take(frame((3, 2_000, "idle")), monotonic())
    session.recount(replace(FRESH, acked_seq=2, last_at_ms=1_000, state="engaged"))
    assert list(session.judge_waiting()) == []
    row = session.row()
    assert (row.was_seq, row.seq, row.engaged_ms) == (2, 3, 1_000)


def test_nothing_is_counted_after_a_close() -> None:
    session = held()
    session.take(frame((1, 0, "engaged"), closes=True), monotonic())
    session.take(frame((2, 1_000, "idle")), monotonic())
    session.take(frame((2, 1_000, "idle"), closes=True), monotonic())
    row = session.row()
    assert (row.seq, row.closes) == (1, True)
    assert len(session.waiting) == 2
    assert list(session.judge_waiting()) == []
    assert len(session.waiting) == 2


def test_a_close_is_known_at_once() -> None:
    """Its connection may open another session with its next frame."""
    session = held()
    session.take(frame((1, 0, "engaged")), monotonic())
    session.take(frame((2, 1_000, "idle"), closes=True), monotonic())
    assert session.closing is not None
    assert session.row().seq == 2


def test_a_close_with_a_hole_closes_nothing() -> None:
    session = held()
    session.take(frame((2, 1_000, "idle"), closes=True), monotonic())
    assert [gap.expect for _, gap in session.judge_waiting()] == [1]
    assert not session.row().closes
    assert session.in_hand == 0


# Counting again


def test_a_commit_whose_answer_was_lost_is_not_counted_twice() -> None:
    session = held()
    session.take(frame((1, 0, "engaged"), (2, 1_000, "engaged")), monotonic())
    lost = session.row()
    session.take(frame((3, 2_000, "idle")), monotonic())
    session.recount(stored(lost))
    row = session.row()
    assert (row.was_seq, row.seq, row.engaged_ms) == (2, 3, 2_000)
    session.committed(row, settled_ms=0)
    assert session.in_hand == 0


def test_samples_are_counted_again_with_the_age_at_which_they_came() -> None:
    """However late that is: the clamp and what is late were decided when they arrived."""
    session = held()
    session.take(frame((1, 0, "engaged"), elapsed_ms=0), monotonic())
    session.take(frame((2, 9_000, "idle"), elapsed_ms=1_000), monotonic())
    before = session.row()
    session.recount(FRESH)
    assert session.row() == before
    assert before.last_at_ms == 3_000


def test_a_close_whose_answer_was_lost_is_still_a_close() -> None:
    session = held()
    session.take(frame((1, 0, "engaged"), closes=True), monotonic())
    session.recount(FRESH)
    assert session.row().closes
    assert session.closing is not None


def test_a_row_that_holds_less_than_was_acknowledged_is_a_gap() -> None:
    session = held(replace(FRESH, acked_seq=5, state="idle", last_at_ms=5_000))
    session.take(frame((6, 6_000, "idle")), monotonic())
    session.row()
    with pytest.raises(Gap):
        session.recount(replace(FRESH, acked_seq=3, state="idle", last_at_ms=3_000))


# Bounds


def test_too_much_in_hand_is_refused_and_nothing_of_it_counted() -> None:
    session = held()
    seq = 0
    while session.in_hand <= SAMPLES_IN_HAND:
        samples: list[tuple[int, int, State]] = [(seq + n, seq + n, "focus") for n in range(1, 101)]
        session.take(frame(*samples), monotonic())
        seq += 100
    before = session.row()
    with pytest.raises(RateLimited) as refused:
        session.take(frame((seq + 1, seq + 1, "focus")), monotonic())
    assert refused.value.extra["retry_after_ms"] > 0
    assert session.row() == before
    session.committed(before, settled_ms=0)
    session.take(frame((seq + 1, seq + 1, "focus")), monotonic())
    assert session.row().seq == seq + 1


def test_frames_without_samples_are_bounded_too() -> None:
    session = held()
    with pytest.raises(RateLimited):
        for _ in range(SAMPLES_IN_HAND + 2):
            session.take(frame(), monotonic())


# Settling


def test_stretches_that_the_ledger_has_are_forgotten() -> None:
    session = held()
    session.take(frame((1, 0, "engaged"), (2, 10_000, "focus"), (3, 20_000, "idle")), monotonic())
    session.committed(session.row(), settled_ms=10_000)
    assert session.row().stretches == "[[10000,20000,false]]"
    session.committed(session.row(), settled_ms=20_000)
    assert session.row().stretches == "[]"


def test_a_stretch_is_settled_when_it_ended_and_once_a_minute_while_it_lasts() -> None:
    session = held()
    count(session, frame((1, 0, "engaged")))
    assert not session.is_due_to_settle()
    settled = []
    for seq in range(2, 20):
        count(session, frame((seq, (seq - 1) * 10_000, "engaged")))
        if session.is_due_to_settle():
            settled.append((seq - 1) * 10_000)
            session.timekeeper.settled(settled[-1])
    assert settled == [SETTLE_LASTING_MS, 2 * SETTLE_LASTING_MS, 3 * SETTLE_LASTING_MS]
    count(session, frame((20, 195_000, "idle")))
    assert session.is_due_to_settle()


@pytest.mark.parametrize(("state", "is_due"), [("engaged", False), ("focus", True), ("idle", True)])
def test_an_engaged_stretch_ends_with_the_sample_that_says_so(state: State, is_due: bool) -> None:
    """Not with the next one, a heartbeat later: what completes by engaged time waits for it."""
    session = held()
    count(session, frame((1, 0, "engaged"), (2, 5_000, state)))
    assert session.is_due_to_settle() is is_due


def test_a_session_that_goes_on_settles_a_minute_after_what_is_settled() -> None:
    row = replace(FRESH, acked_seq=1, state="focus", last_at_ms=100_000, settled_ms=90_000)
    session = held(row)
    count(session, frame((2, 120_000, "focus")))
    assert not session.is_due_to_settle()
    count(session, frame((3, 140_000, "focus"), (4, 150_000, "focus")))
    assert session.is_due_to_settle()
