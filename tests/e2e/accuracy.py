"""docs/accuracy.md: the same runs, counted by our server and by the rules that others have published."""

import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise

from benchmarks.report import machine
from tests.e2e.trace import HEARTBEAT_SECONDS, Trace
from tests.site import ROOT

PAGE = ROOT / "docs" / "accuracy.md"

SCENARIOS = {
    "test_switching_tabs_and_closing_leaves_the_true_times": "to another tab and back, then closed",
    "test_a_window_that_takes_the_focus_takes_the_learner_away": "another window has the focus, the page in sight",
    "test_without_input_being_engaged_ends": "nothing touched for over a minute, in focus",
    "test_a_film_that_plays_engages_all_the_while": "nothing touched while a film plays",
    "test_a_page_that_is_left_for_another_site_has_all_its_time": "left for another site",
    "test_a_page_that_comes_back_whole_goes_on_with_its_session": "left, and back from the back-forward cache",
    "test_a_frozen_page_goes_on_when_it_thaws": "frozen in another tab's shadow, then thawed",
    "test_a_page_whose_renderer_dies_is_made_up_for_by_the_next_one": "the renderer crashes",
    "test_a_wall_clock_that_is_set_credits_nothing": "the computer's clock is set an hour ahead",
    "test_time_offline_is_kept_and_sent_afterwards": "offline for two minutes, and back",
    "test_a_server_that_restarts_in_between_loses_nothing": "the server is killed, and comes back",
    "test_where_websockets_are_refused_it_records_all_the_same_and_says_so": "a proxy lets no websocket through",
    "test_a_hidden_page_keeps_its_one_session_and_all_of_the_time_is_away": "hidden for seven minutes",
    "test_two_tabs_of_one_content_count_each_second_once": "two tabs, one after the other",
    "test_two_browsers_at_once_count_each_second_once": "two tabs, and a second browser all the while",
}
"""What each test of a run is, for people; the rows of the page, in this order."""

Rule = Callable[[Trace], float]


def wall_clock(trace: Trace) -> float:
    """A timer in each page by its wall clock, whatever the page is meanwhile; what it says is added without bound."""
    return sum(visit.clock_seconds for visit in trace.visits)


def request_gaps(cut_off_seconds: float) -> Rule:
    """The time from one request of the learner's to the next, if it is no longer than this; the last has no next."""

    def rule(trace: Trace) -> float:
        gaps = (later - earlier for earlier, later in pairwise(sorted(trace.requests)))
        return sum(gap for gap in gaps if gap <= cut_off_seconds)

    return rule


def heartbeats(trace: Trace) -> float:
    """A heartbeat from each page with an open websocket, and the interval of it added for each."""
    return float(sum(visit.heartbeats for visit in trace.visits) * HEARTBEAT_SECONDS)


RULES: dict[str, Rule] = {
    "wall clock": wall_clock,
    "gaps, 5 min": request_gaps(300),
    "gaps, 10 min": request_gaps(600),
    "gaps, 30 min": request_gaps(1800),
    "heartbeats": heartbeats,
}


def page(traces: dict[str, Trace]) -> str:
    """The page, of the trace of each scenario by its test's name."""
    chromium = subprocess.run(["chromium", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return f"""\
<!-- Written by `make stress`, from the runs that it tells of. Not to be edited. -->

# How far off is a second?

{len(SCENARIOS)} things that happen to a page somebody learns from, each done once in a real Chromium with true
visibility and focus. For how many seconds was the learner in focus, and by how many is each count wrong? **+** was
never studied, **−** was studied and lost.

{table(traces)}

Written {datetime.now(UTC):%Y-%m-%d}, with {chromium} on {machine()},
{os.cpu_count()} cores, load average {os.getloadavg()[2]:.1f}. How late the machine obeys is in our errors too.

**The truth** is what the test told the browser to do, and when, by the machine's own clock; no part of it comes from
our client. **Studybeat** is the course total in PostgreSQL, where each second counts once, however many pages are open.
**Worst state** is the largest error among engaged, in focus without being engaged, away and unknown, in any session
of the run; at one second the test fails. **The others** are rules as they have been published, given what the page
really did in the very same run: a script rides along in it, with timers and a wall clock of the page's, and the
requests and websockets are the page's own. It is a few lines each, in `tests/e2e/trace.py` and `tests/e2e/accuracy.py`.

| rule | as in | goes wrong because |
|---|---|---|
| wall clock | Kolibri | it counts pages that nobody looks at, both of two, and a clock that is set |
| request gaps | Moodle's log plugins, Canvas | reading asks for nothing: the last page is lost, the rest a guess |
| heartbeats | Mentingo | a hidden page beats too, and every socket of several; offline, nothing is heard |
"""


def table(traces: dict[str, Trace]) -> str:
    others = list(RULES)
    lines = [
        f"| | in focus, truly | **Studybeat** | worst state | {' | '.join(others)} |",
        f"|---|--:|--:|--:|{'--:|' * len(others)}",
    ]
    errors: dict[str, list[float]] = {name: [] for name in ("course", "worst", *others)}
    for name, words in SCENARIOS.items():
        trace = traces[name]
        states = [seconds for state, seconds in trace.off_seconds.items() if state != "course"]
        errors["course"].append(trace.off_seconds["course"])
        errors["worst"].append(max(states, key=abs))
        for other, rule in RULES.items():
            errors[other].append(rule(trace) - trace.study_seconds)
        cells = [signed(found[-1]) for found in errors.values()]
        lines.append(f"| {words} | {trace.study_seconds:.1f} s | **{cells[0]}** | {' | '.join(cells[1:])} |")
    worst = [f"{max(map(abs, found)):.1f}" for found in errors.values()]
    lines.append(f"| *the largest error, in seconds* | | **{worst[0]}** | {' | '.join(worst[1:])} |")
    return "\n".join(lines)


def signed(seconds: float) -> str:
    """With its sign, to a tenth; what rounds to nothing has none."""
    tenths = f"{abs(seconds):,.1f}"
    return tenths if tenths == "0.0" else f"{'+' if seconds > 0 else '−'}{tenths}"
