"""Learners as they are: when they come, what their pages are and say, when the line drops, when they ask, and leave.

Pure: from a seed to a timeline, the same for the same seed. No clock, no I/O, nothing of the server's. `simulate.py`
plays whole timelines over the wire, `watching.py` loads a server with the `samples` of thousands, and the pages of the
simulated term (tests/courses/term.py) are what `moods` has them be.

All times are in milliseconds; those of a page count from its first `session.opened`.
"""

import random
from collections.abc import Iterator
from itertools import takewhile
from operator import attrgetter
from typing import Literal, NamedTuple

SECOND = 1_000
MINUTE = 60 * SECOND
HEARTBEAT = 10 * SECOND  # of the protocol: a sample at least so often
IDLE_AFTER = MINUTE  # of the protocol: so long after the last input `engaged` turns to `focus`

State = Literal["engaged", "focus", "idle"]
Device = Literal["desktop", "mobile", "tablet"]
Does = Literal["lose", "return", "ask", "calm", "complete", "close", "vanish"]


DEVICES: tuple[Device, ...] = ("desktop", "mobile", "tablet")
WORRIES = (
    "I am lost in the second part",
    "Can you say that again, please?",
    "What does the picture show?",
    "My video does not play",
    "Is this what the exam is about?",
)


class Mood(NamedTuple):
    """A page is this for so long; there is input in the first `active` of it."""

    state: State
    lasts: int
    active: int = 0


class Sample(NamedTuple):
    """What a page says. Their `seq` is their number, from 1."""

    at: int
    state: State
    interactions: int


class Act(NamedTuple):
    """What else happens to a page, or is done there: the line is lost and comes back; the learner asks for help, and
    needs none any more; completes the content; and closes the page, or it vanishes without a word."""

    at: int
    does: Does
    words: str = ""


class Page(NamedTuple):
    """A content that is open, from its first sample to its end; `steps` in the order of time."""

    content: int  # its place in the outline, from 0
    steps: list[Sample | Act]


class Learner(NamedTuple):
    """Comes `arrives` after the lesson began, and reads the pages one after the other. The contents before the first of
    them were completed before."""

    device: Device
    arrives: int
    pages: list[Page]


def moods(rng: random.Random) -> Iterator[Mood]:
    """What a page is, for ever: somebody reads, stops to think or turns to another tab in the middle, and is back."""
    while True:
        active = _some(rng, 5 * SECOND, 50 * SECOND)
        if rng.random() < 0.45:
            yield Mood("engaged", active, active)
        else:
            yield Mood("engaged", active + IDLE_AFTER, active)
            yield Mood("focus", _some(rng, 4 * SECOND, 45 * SECOND))
            if rng.random() < 0.5:
                continue
        yield Mood("idle", _some(rng, 3 * SECOND, 60 * SECOND))


def samples(rng: random.Random) -> Iterator[Sample]:
    """What a page says, for ever: at each change of its state, and between them at every heartbeat."""
    at = interactions = 0
    for mood in moods(rng):
        ends, quiet = at + mood.lasts, at + mood.active
        while at < ends:
            yield Sample(at, mood.state, interactions)
            next_at = min(at + HEARTBEAT, ends)
            interactions = round(max(0, min(next_at, quiet) - at) / SECOND * rng.uniform(0.1, 1.0))
            at = next_at


def learner(seed: int, number: int, *, contents: int, lesson: int) -> Learner:
    """The learner of this number in a class whose lesson lasts so long, in a course of so many contents.

    Most come within half a minute. Each begins somewhere in the course and goes on from there: to its end, until they
    have had enough, or until the lesson is over.
    """
    rng = random.Random(f"{seed} {number}")  # noqa: S311 - no secret
    device = rng.choices(DEVICES, (6, 3, 1))[0]
    is_late = rng.random() < 0.15
    arrives = _some(rng, 0, lesson // 2) if is_late else min(round(rng.expovariate(1 / (12 * SECOND))), lesson // 4)
    leaves = lesson - _some(rng, 0, lesson // 8)
    pages: list[Page] = []
    at = arrives
    for content in range(int(contents * rng.random() ** 2), contents):
        pages.append(_page(rng, content, most=leaves - at))
        at += pages[-1].steps[-1].at
        if at >= leaves or rng.random() < 0.05:
            break
    return Learner(device, arrives, pages)


def _page(rng: random.Random, content: int, *, most: int) -> Page:
    lasts = min(_some(rng, 40 * SECOND, 4 * MINUTE), most)
    said = list(takewhile(lambda sample: sample.at < lasts, samples(rng)))
    acts: list[Act] = []
    begins = _some(rng, lasts // 10, lasts // 2)
    happens = rng.random()
    if happens < 0.15:
        ends = min(begins + _some(rng, 4 * SECOND, 70 * SECOND), lasts)
        acts = [Act(begins, "lose"), Act(ends, "return")]
    elif happens < 0.18:
        ends = min(begins + _some(rng, 20 * SECOND, 90 * SECOND), lasts)
        acts = [Act(begins, "ask", rng.choice(WORRIES)), Act(ends, "calm")]
    if rng.random() < 0.03:
        return Page(content, _in_order(said, [*acts, Act(lasts, "vanish")]))
    said.append(Sample(lasts, said[-1].state, 0))
    if rng.random() < 0.85:
        acts.append(Act(lasts, "complete"))
    return Page(content, _in_order(said, [*acts, Act(lasts, "close")]))


def _in_order(said: list[Sample], acts: list[Act]) -> list[Sample | Act]:
    return sorted([*said, *acts], key=attrgetter("at"))


def _some(rng: random.Random, least: int, most: int) -> int:
    """A time between these, in tens of milliseconds."""
    return rng.randrange(least // 10, most // 10 + 1) * 10
