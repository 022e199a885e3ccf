"""The timekeeper against an oracle that paints every millisecond; and planted bugs, to see the oracle find them."""

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import realtime.timekeeper
from realtime.protocol import MAX_INTEGER, Sample, State
from realtime.timekeeper import Gap, Timekeeper
from tests.realtime.bitmap import Bitmap, Frame

STATES: list[State] = ["engaged", "focus", "idle"]


def facts(timekeeper: Timekeeper) -> dict[str, Any]:
    return {name: getattr(timekeeper, name) for name in [*Timekeeper.__slots__, "duration_ms"]}


def deliver(timekeeper: Timekeeper, frame: Frame) -> int | None:
    try:
        timekeeper.apply(frame.samples, frame.elapsed_ms)
    except Gap as gap:
        return gap.expect
    return None


def restored(timekeeper: Timekeeper) -> Timekeeper:
    """What another process makes of the row that this one left."""
    row = json.loads(json.dumps({name: getattr(timekeeper, name) for name in Timekeeper.__slots__}))
    return Timekeeper(**row)


def kept(frames: Iterable[Frame]) -> Timekeeper:
    timekeeper = Timekeeper()
    for frame in frames:
        timekeeper.apply(frame.samples, frame.elapsed_ms)
    return timekeeper


# What arrives: true moments, a client that may get them wrong, and a network that repeats, loses and delays.

SPANS = st.sampled_from([0, 1, 10_000, 25_000, 25_001, 150_000, 150_001]) | st.integers(0, 26_000)
DELAYS = st.sampled_from([0, 0, 150_000, 150_000, 150_001, -2_000, -2_001]) | st.integers(-30_000, 160_000)
CLOCK_ERRORS = st.sampled_from([*[0] * 12, 1, 2_000, 2_001, -1, -25_000, 3_600_000, -3_600_000, MAX_INTEGER])
INTERACTIONS = st.sampled_from([0, 0, 1, 4, 50, 600, 10_000, MAX_INTEGER])
NETWORK = st.sampled_from([*["as sent"] * 5, "lost", "holed", "twice over", "shuffled", "all of it"])


@st.composite
def histories(draw: st.DrawFn) -> list[Frame]:
    """Each sample once, in order, in frames of a few."""
    frames: list[Frame] = []
    true_ms = seq = 0
    for size in draw(st.lists(st.integers(0, 4), min_size=1, max_size=8)):
        samples = []
        for _ in range(size):
            seq += 1
            true_ms += draw(SPANS)
            at = min(max(true_ms + draw(CLOCK_ERRORS), 0), MAX_INTEGER)
            samples.append(Sample(seq, at, draw(st.sampled_from(STATES)), draw(INTERACTIONS)))
        frames.append(Frame(max(true_ms + draw(DELAYS), 0), samples))
    return frames


@st.composite
def deliveries(draw: st.DrawFn) -> list[Frame]:
    """A history as the network hands it over: with frames lost, sent again, merged with older ones, shuffled."""
    history = draw(histories())
    everything = [sample for frame in history for sample in frame.samples]
    frames: list[Frame] = []
    sent = 0
    for frame in history:
        sent += len(frame.samples)
        first = draw(st.integers(0, sent)) if draw(st.booleans()) else sent - len(frame.samples)
        samples = everything[first:sent]
        match draw(NETWORK):
            case "lost":
                continue
            case "holed":
                del samples[len(samples) // 2 : len(samples) // 2 + 1]
            case "twice over":
                samples = samples + samples
            case "shuffled":
                samples = draw(st.permutations(samples))
            case "all of it":
                samples = everything[:sent]
        frames.append(Frame(frame.elapsed_ms, samples))
    return frames


def check_against_bitmap(make: Callable[[], Timekeeper], frames: Sequence[Frame]) -> None:
    timekeeper, bitmap = make(), Bitmap()
    for frame in frames:
        before = facts(timekeeper)
        expect = deliver(timekeeper, frame)
        assert expect == bitmap.deliver(frame)
        if expect is not None:
            assert facts(timekeeper) == before
    assert facts(timekeeper) == bitmap.facts()


# Some edges are met once in a hundred histories: the main property looks at more of them than the others do.
@settings(max_examples=3 * settings().max_examples)
@given(deliveries())
def test_every_total_equals_the_bitmaps(frames: list[Frame]) -> None:
    check_against_bitmap(Timekeeper, frames)


@given(deliveries())
def test_what_always_holds(frames: list[Frame]) -> None:
    timekeeper = Timekeeper()
    latest_ms = 0
    for frame in frames:
        before = facts(timekeeper)
        deliver(timekeeper, frame)
        latest_ms = max(latest_ms, frame.elapsed_ms)
        now = facts(timekeeper)
        assert now["focus_ms"] + now["idle_ms"] + now["unknown_ms"] == now["duration_ms"]
        assert 0 <= now["engaged_ms"] <= now["focus_ms"]
        assert now["duration_ms"] <= now["at_ms"] <= latest_ms + 2_000
        assert now["interactions"] <= latest_ms // 20
        assert all(now[name] >= before[name] for name in now if name not in ("state", "stretches"))
        spans = now["stretches"]
        assert all(start < end for start, end, _ in spans)
        assert all(one[1] <= next_one[0] for one, next_one in pairwise(spans))
        assert sum(end - start for start, end, _ in spans) == now["focus_ms"]
        assert sum(end - start for start, end, engaged in spans if engaged) == now["engaged_ms"]


@given(histories(), st.data())
def test_any_cut_into_frames_gives_the_same(history: list[Frame], data: st.DataObject) -> None:
    recut: list[Frame] = []
    for elapsed_ms, samples in history:
        cuts = sorted(data.draw(st.sets(st.integers(1, 3))))
        for start, end in pairwise([0, *cuts, len(samples)]):
            repeated = data.draw(st.integers(0, 2))
            recut.append(Frame(elapsed_ms, samples[max(start - repeated, 0) : end]))
    one_by_one = [Frame(elapsed_ms, [sample]) for elapsed_ms, samples in history for sample in samples]
    assert facts(kept(recut)) == facts(kept(history)) == facts(kept(one_by_one))


@given(histories(), st.data())
def test_a_reconnect_at_any_moment_changes_nothing(history: list[Frame], data: st.DataObject) -> None:
    """Every frame is committed; whoever goes on reads the row, and gets again what the client had no ack for."""
    timekeeper = Timekeeper()
    sent: list[Sample] = []
    for frame in history:
        timekeeper = restored(timekeeper)
        unacked = data.draw(st.integers(0, len(sent)))
        sent += frame.samples
        timekeeper.apply(sent[unacked:], frame.elapsed_ms)
    assert facts(timekeeper) == facts(kept(history))


@given(histories(), st.data())
def test_a_crash_before_the_commit_is_as_if_it_came_later(history: list[Frame], data: st.DataObject) -> None:
    """What was not committed is gone with the process, and comes again with a later frame."""
    durable = Timekeeper()
    committed: list[Sample] = []
    sent: list[Sample] = []
    bitmap = Bitmap()
    for frame in history:
        sent += frame.samples
        arrived = Frame(frame.elapsed_ms, sent[len(committed) :])
        working = restored(durable)
        working.apply(arrived.samples, arrived.elapsed_ms)
        if data.draw(st.booleans(), label="committed before the crash"):
            durable, committed = working, list(sent)
            bitmap.deliver(arrived)
    assert facts(durable) == bitmap.facts()


@given(histories(), st.data())
def test_settling_forgets_only_what_the_ledger_has(history: list[Frame], data: st.DataObject) -> None:
    timekeeper, bitmap = Timekeeper(), Bitmap()
    settled_ms = 0
    for frame in history:
        timekeeper.apply(frame.samples, frame.elapsed_ms)
        bitmap.deliver(frame)
        if data.draw(st.booleans()):
            settled_ms = data.draw(st.integers(settled_ms, timekeeper.at_ms))
            timekeeper.settled(settled_ms)
    expected = bitmap.facts()
    beyond, painted = (
        [[max(start, settled_ms), end, engaged] for start, end, engaged in stretches if end > settled_ms]
        for stretches in (timekeeper.stretches, expected["stretches"])
    )
    assert beyond == painted
    assert facts(timekeeper) | {"stretches": []} == expected | {"stretches": []}


# The rules one by one, at their edges.


def sample(seq: int, at: int, state: State = "engaged", interactions: int = 0) -> Sample:
    return Sample(seq, at, state, interactions)


def test_the_contracts_own_example() -> None:
    timekeeper = Timekeeper()
    timekeeper.apply([sample(1, 0), sample(2, 10_000, "focus", 4)], 10_050)
    assert facts(timekeeper) == {
        "seq": 2,
        "at_ms": 10_000,
        "state": "focus",
        "duration_ms": 10_000,
        "focus_ms": 10_000,
        "engaged_ms": 10_000,
        "idle_ms": 0,
        "unknown_ms": 0,
        "interactions": 4,
        "since_ms": 10_000,
        "stretches": [[0, 10_000, True]],
    }


@pytest.mark.parametrize(
    ("state", "span_ms", "counts_as"),
    [
        ("engaged", 25_000, "engaged_ms"),
        ("engaged", 25_001, "unknown_ms"),
        ("focus", 25_000, "focus_ms"),
        ("focus", 25_001, "unknown_ms"),
        ("idle", 150_000, "idle_ms"),
        ("idle", 150_001, "unknown_ms"),
    ],
)
def test_a_span_belongs_to_its_state_up_to_a_limit(state: State, span_ms: int, counts_as: str) -> None:
    timekeeper = kept([Frame(0, [sample(1, 0, state)]), Frame(span_ms, [sample(2, span_ms, "focus")])])
    assert facts(timekeeper)[counts_as] == timekeeper.duration_ms == span_ms


@pytest.mark.parametrize(("late_ms", "engaged_ms"), [(150_000, 5_000), (150_001, 0)])
def test_an_engaged_span_reported_late_counts_as_focus(late_ms: int, engaged_ms: int) -> None:
    timekeeper = kept([Frame(0, [sample(1, 0)]), Frame(5_000 + late_ms, [sample(2, 5_000)])])
    assert (timekeeper.focus_ms, timekeeper.engaged_ms) == (5_000, engaged_ms)
    assert timekeeper.stretches == [[0, 5_000, bool(engaged_ms)]]


@pytest.mark.parametrize(("at", "put_at"), [(12_000, 12_000), (12_001, 12_000), (2**53 - 1, 12_000), (0, 4_000)])
def test_at_stays_between_the_sample_before_and_the_servers_clock(at: int, put_at: int) -> None:
    timekeeper = kept([Frame(4_000, [sample(1, 4_000)]), Frame(10_000, [sample(2, at)])])
    assert (timekeeper.at_ms, timekeeper.duration_ms) == (put_at, put_at - 4_000)


def test_the_sample_before_wins_when_the_servers_clock_is_behind_it() -> None:
    timekeeper = kept([Frame(10_000, [sample(1, 12_000)]), Frame(3_000, [sample(2, 13_000)])])
    assert (timekeeper.at_ms, timekeeper.duration_ms) == (12_000, 0)


def test_a_clock_an_hour_ahead_earns_two_seconds() -> None:
    frames = [Frame(n * 10_000, [sample(n + 1, n * 10_000 + 3_600_000)]) for n in range(10)]
    timekeeper = kept(frames)
    assert timekeeper.at_ms == 92_000
    assert timekeeper.engaged_ms == timekeeper.duration_ms == 90_000  # the first sample was clamped too


def test_a_clock_set_back_an_hour_earns_nothing_until_it_catches_up() -> None:
    said = enumerate([0, 10_000, 20_000, 0, 10_000, 50_000])
    timekeeper = kept([Frame(n * 10_000, [sample(n + 1, at)]) for n, at in said])
    assert (timekeeper.engaged_ms, timekeeper.unknown_ms, timekeeper.at_ms) == (20_000, 30_000, 50_000)


def test_time_before_the_first_sample_is_not_counted() -> None:
    assert kept([Frame(9_000, [sample(1, 9_000)])]).duration_ms == 0


def test_interactions_are_bounded_by_the_clock_and_never_fall() -> None:
    timekeeper = kept([Frame(1_000, [sample(1, 0, "engaged", MAX_INTEGER)])])
    assert timekeeper.interactions == 50
    timekeeper.apply([sample(2, 1_000, "engaged", 3)], 500)
    assert timekeeper.interactions == 50
    timekeeper.apply([sample(3, 1_100, "engaged", 3)], 1_119)
    assert timekeeper.interactions == 53


def test_stretches_join_where_they_touch_and_are_alike() -> None:
    samples = [
        sample(1, 0),
        sample(2, 1_000),
        sample(3, 2_000, "focus"),
        sample(4, 3_000, "idle"),
        sample(5, 3_000, "focus"),  # idle for no time at all is no break
        sample(6, 4_000, "idle"),
        sample(7, 5_000, "focus"),
        sample(8, 40_000, "focus"),
        sample(9, 41_000),
    ]
    timekeeper = kept([Frame(41_000, samples)])
    assert timekeeper.stretches == [[0, 2_000, True], [2_000, 4_000, False], [40_000, 41_000, False]]


def test_a_hole_leaves_everything_as_it_was_and_names_the_first_missing() -> None:
    timekeeper = kept([Frame(0, [sample(1, 0)])])
    before = facts(timekeeper)
    with pytest.raises(Gap) as gap:
        timekeeper.apply([sample(2, 1_000), sample(4, 3_000)], 3_000)
    assert gap.value.expect == 2
    assert facts(timekeeper) == before


def test_what_was_counted_is_passed_over_whatever_it_says_now() -> None:
    timekeeper = kept([Frame(1_000, [sample(1, 0), sample(2, 1_000)])])
    before = facts(timekeeper)
    timekeeper.apply([sample(1, 500, "idle", 9), sample(2, 2_000, "focus", 9), sample(2, 3_000)], 5_000)
    assert facts(timekeeper) == before


def test_a_settled_stretch_goes_and_a_longer_one_stays_whole() -> None:
    timekeeper = Timekeeper(at_ms=30, state="idle", stretches=[[0, 10, True], [10, 20, False]])
    timekeeper.settled(9)
    assert timekeeper.stretches == [[0, 10, True], [10, 20, False]]
    timekeeper.settled(10)
    assert timekeeper.stretches == [[10, 20, False]]
    timekeeper.settled(15)
    assert timekeeper.stretches == [[10, 20, False]]
    timekeeper.settled(20)
    assert timekeeper.stretches == []


def test_a_timekeeper_does_not_write_into_the_row_it_was_made_from() -> None:
    row: list[list[int]] = [[0, 1_000, True]]
    timekeeper = Timekeeper(1, 1_000, "engaged", 1_000, 1_000, stretches=row)
    timekeeper.apply([sample(2, 2_000)], 2_000)
    assert timekeeper.stretches == [[0, 2_000, True]]
    assert row == [[0, 1_000, True]]


# Bugs planted in the timekeeper's own text: the oracle has to find each. A line that is gone says so.

PLANTED = {
    "forgets the server's clock": ("if end_ms > latest_ms:", "if False:"),
    "gives no slack": ("elapsed_ms + CLOCK_SLACK_MS", "elapsed_ms"),
    "goes back in time": ("if end_ms <= start_ms:", "if end_ms == start_ms:"),
    "lets the clock win over the sample before": ("end_ms = start_ms\n", "pass\n"),
    "takes 25 s for too long": ("span_ms > (", "span_ms >= ("),
    "judges idle like the rest": ('IDLE_SPAN_MS if self.state == "idle" else SPAN_MS', "SPAN_MS"),
    "judges the rest like idle": ('IDLE_SPAN_MS if self.state == "idle" else SPAN_MS', "IDLE_SPAN_MS"),
    "forgets lateness": (" and elapsed_ms - end_ms <= LATE_MS", ""),
    "takes 150 s for late": ("elapsed_ms - end_ms <= LATE_MS", "elapsed_ms - end_ms < LATE_MS"),
    "measures lateness from the start": ("elapsed_ms - end_ms <=", "elapsed_ms - start_ms <="),
    "gives a span to the state after it": (
        "elif self.state is not None:",
        "elif self.state is not None:\n                self.state = sample.state",
    ),
    "counts from zero": ("elif self.state is not None:", "else:"),
    "joins stretches over a break": ("last[1] == start_ms and ", ""),
    "joins engaged and focus": (" and last[2] == engaged", ""),
    "never joins": ("if last is not None and", "if False and"),
    "counts twice what came twice": ("if sample.seq <= self.seq:", "if False:"),
    "overlooks holes": ("elif sample.seq > expect:", "elif False:"),
    "asks for the wrong sample": ("raise Gap(self.seq + 1)", "raise Gap(expect)"),
    "counts any number of interactions": (
        "min(self.interactions + sample.interactions, most_interactions)",
        "self.interactions + sample.interactions",
    ),
    "lets interactions fall": ("if sample.interactions and self.interactions < most_interactions:", "if 1:"),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_the_oracle_finds_a_timekeeper_that(bug: str) -> None:
    line, wrong = PLANTED[bug]
    text = Path(realtime.timekeeper.__file__).read_text()
    assert text.count(line) == 1, "the timekeeper's text has changed: plant this bug anew"
    broken = ModuleType("broken_timekeeper")
    exec(text.replace(line, wrong), vars(broken))
    vars(broken)["Gap"] = Gap

    @settings(
        max_examples=3_000,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(deliveries())
    def compare(frames: list[Frame]) -> None:
        check_against_bitmap(broken.Timekeeper, frames)

    with pytest.raises(AssertionError):
        compare()
