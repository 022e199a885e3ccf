"""The learners of simulation and load (benchmarks/learners.py): the same for the same seed, within the protocol."""

from collections import Counter
from itertools import pairwise

from benchmarks import learners
from benchmarks.learners import MINUTE, SECOND, Act, Learner, Page, Sample
from realtime import protocol

LESSON = 10 * MINUTE
CLASS = [learners.learner(7, number, contents=6, lesson=LESSON) for number in range(300)]
PAGES = [page for learner in CLASS for page in learner.pages]


def said(page: Page) -> list[Sample]:
    return [step for step in page.steps if isinstance(step, Sample)]


def done(page: Page) -> list[Act]:
    return [step for step in page.steps if isinstance(step, Act)]


def test_the_same_seed_makes_the_same_class() -> None:
    def again(seed: int) -> list[Learner]:
        return [learners.learner(seed, number, contents=6, lesson=LESSON) for number in range(300)]

    assert again(7) == CLASS
    assert again(8) != CLASS


def test_what_pages_say_keeps_to_the_protocol() -> None:
    assert learners.HEARTBEAT == protocol.HEARTBEAT_MS
    assert learners.IDLE_AFTER == protocol.IDLE_AFTER_MS
    for page in PAGES:
        samples = said(page)
        assert samples[0].at == 0
        assert [step.at for step in page.steps] == sorted(step.at for step in page.steps)
        for one, other in pairwise(samples):
            span = other.at - one.at
            assert 0 < span <= protocol.HEARTBEAT_MS
            assert 0 <= other.interactions <= span * 50 / SECOND
            assert other.interactions == 0 or one.state == "engaged"


def test_engaged_turns_to_focus_a_minute_after_the_last_input() -> None:
    turns = 0
    for page in PAGES:
        for number, (one, other) in enumerate(pairwise(said(page)), start=1):
            if (one.state, other.state) != ("engaged", "focus"):
                continue
            turns += 1
            quiet_since = other.at - protocol.IDLE_AFTER_MS
            within = [two for one, two in pairwise(said(page)[: number + 1]) if one.at >= quiet_since]
            assert len(within) >= 6
            assert all(sample.state == "engaged" for sample in within[:-1])
            assert all(sample.interactions == 0 for sample in within)
    assert turns > 100


def test_pages_end_once_and_lines_come_back() -> None:
    for page in PAGES:
        acts = [act.does for act in done(page)]
        assert acts[-1] in ("close", "vanish")
        assert page.steps[-1] == done(page)[-1]
        assert len(set(acts)) == len(acts)
        assert acts[:2] == ["lose", "return"] if "lose" in acts else "return" not in acts
        if acts[-1] == "close":
            assert said(page)[-1].at == page.steps[-1].at


def test_a_class_comes_reads_on_and_goes() -> None:
    for learner in CLASS:
        assert [page.content for page in learner.pages] == list(
            range(learner.pages[0].content, learner.pages[-1].content + 1)
        )
        assert learner.arrives + sum(page.steps[-1].at for page in learner.pages) <= LESSON
    assert sum(learner.arrives < MINUTE for learner in CLASS) > 240
    happened = {act.does for page in PAGES for act in done(page)}
    assert happened == {"lose", "return", "ask", "calm", "complete", "close", "vanish"}
    states = Counter(sample.state for page in PAGES for sample in said(page))
    assert states["engaged"] > states["idle"] > states["focus"] > 0


def test_a_handful_asks_for_help_at_a_time() -> None:
    asking: Counter[int] = Counter()  # by the second of the lesson
    for learner in CLASS:
        began = learner.arrives
        for page in learner.pages:
            acts = {act.does: began + act.at for act in done(page)}
            if "ask" in acts:
                asking.update(range(acts["ask"] // SECOND, acts["calm"] // SECOND))
            began += page.steps[-1].at
    assert 0 < max(asking.values()) <= 8
