"""The rules of others count as they say; docs/accuracy.md has every scenario, with ours within a second."""

import re

from tests.e2e import accuracy
from tests.e2e.studying import TOLERANCE_SECONDS
from tests.e2e.trace import Trace, Truth, Visit


def traced(*truths: list[tuple[str, float, float]]) -> Trace:
    """A trace of pages that were this, from and until these seconds."""
    trace = Trace()
    for spans in truths:
        trace.truths.append(truth := Truth())
        truth.spans = spans
    return trace


def test_the_truth_has_each_second_of_several_pages_once() -> None:
    trace = traced(
        [("engaged", 0, 10), ("idle", 10, 20), ("focus", 20, 30)],
        [("focus", 5, 12), ("idle", 12, 100)],
        [("engaged", 6, 7), ("engaged", 25, 31)],
    )
    assert trace.study_seconds == 12 + 11
    assert trace.truths[0].seconds == {"engaged": 10, "focus": 10, "idle": 10}


def test_gaps_count_up_to_their_cut_off_and_the_last_page_nothing() -> None:
    trace = Trace()
    trace.requests = [1_000, 0, 700, 2_000_000]
    found = [accuracy.RULES[f"gaps, {minutes} min"](trace) for minutes in (5, 10, 30)]
    assert found == [300, 300, 1_000]
    trace.requests = [5]
    assert accuracy.RULES["gaps, 30 min"](trace) == 0


def test_wall_clocks_and_heartbeats_are_added_up_over_all_pages() -> None:
    trace = Trace()
    trace.visits = [Visit(heartbeats=2, clock_seconds=25.5), Visit(heartbeats=1, clock_seconds=3_611)]
    assert accuracy.wall_clock(trace) == 3_636.5
    assert accuracy.heartbeats(trace) == 30


def test_the_table_says_by_how_much_each_is_off_and_in_which_direction() -> None:
    traces = {}
    for name in accuracy.SCENARIOS:
        traces[name] = trace = traced([("engaged", 0, 40), ("idle", 40, 100)])
        trace.visits = [Visit(heartbeats=10, clock_seconds=100.0)]
        trace.requests = [0, 0.25]
        trace.off_seconds = {"course": 0.04, "engaged": 0.2, "focus": 0.1, "idle": -0.3, "unknown": 0.0}
    lines = accuracy.table(traces).splitlines()
    first = "| 40.0 s | **0.0** | −0.3 | +60.0 | −39.8 | −39.8 | −39.8 | +60.0 |"
    assert lines[2] == f"| {next(iter(accuracy.SCENARIOS.values()))} {first}"
    assert lines[-1] == "| *the largest error, in seconds* | | **0.0** | 0.3 | 60.0 | 39.8 | 39.8 | 39.8 | 60.0 |"


def test_the_page_has_every_scenario_and_ours_within_a_second() -> None:
    page = accuracy.PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| [\d.]+ s \| \*\*(\S+)\*\* \| (\S+) \|", page, re.MULTILINE)
    assert [words for words, *_ in rows] == list(accuracy.SCENARIOS.values()), "run `make stress`"
    for words, *errors in rows:
        assert max(abs(float(error.replace("−", "-"))) for error in errors) <= TOLERANCE_SECONDS, words
