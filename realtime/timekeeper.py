"""How a session's samples become time: docs/timekeeping.md in code.

Owns the rules of `at`, spans, lateness, interactions and `seq`. Pure: no clock, no I/O, nothing of
Django. It holds what a session's row holds: one made from the row goes on exactly where that stood.
Milliseconds of the session throughout: 0 is when it started, by PostgreSQL's clock.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from realtime.protocol import (
    CLOCK_SLACK_MS,
    IDLE_SPAN_MS,
    INTERACTIONS_PER_SECOND,
    LATE_MS,
    SPAN_MS,
    Sample,
    State,
)

# [start_ms, end_ms, engaged]: time in focus without a break. `engaged` is a bool (to a type checker, an int).
Stretch: TypeAlias = list[int]


class Gap(Exception):
    """A sample is missing before one of the frame. Nothing of the frame was counted: send from `expect`."""

    def __init__(self, expect: int) -> None:
        super().__init__(f"expected the sample {expect}")
        self.expect = expect


class Timekeeper:
    """One session's totals, and where its last sample left it.

    `focus_ms` contains `engaged_ms`. `state` is None before the first sample, and `at_ms` then 0. `since_ms` is when
    that state began: the first of the samples that have it, without an unknown span between them. `stretches`
    is the time in focus that is kept for the ledger, in order and disjoint; the last one grows in place, so
    whoever hands it to another thread copies it first. One thread at a time.
    """

    __slots__ = (
        "at_ms",
        "engaged_ms",
        "focus_ms",
        "idle_ms",
        "interactions",
        "seq",
        "since_ms",
        "state",
        "stretches",
        "unknown_ms",
    )

    def __init__(
        self,
        seq: int = 0,
        at_ms: int = 0,
        state: State | None = None,
        engaged_ms: int = 0,
        focus_ms: int = 0,
        idle_ms: int = 0,
        unknown_ms: int = 0,
        interactions: int = 0,
        stretches: Iterable[Stretch] = (),
        since_ms: int = 0,
    ) -> None:
        self.seq = seq
        self.at_ms = at_ms
        self.state = state
        self.engaged_ms = engaged_ms
        self.focus_ms = focus_ms
        self.idle_ms = idle_ms
        self.unknown_ms = unknown_ms
        self.interactions = interactions
        self.stretches: list[Stretch] = [list(stretch) for stretch in stretches]
        self.since_ms = since_ms

    @property
    def duration_ms(self) -> int:
        """From the first sample to the last. What came before the first is not counted."""
        return self.focus_ms + self.idle_ms + self.unknown_ms

    def apply(self, samples: Sequence[Sample], elapsed_ms: int) -> None:
        """Count the samples that are new, in order. `elapsed_ms` is the session's age when they arrived.

        Samples at or below `seq` were counted before and are passed over. Raises Gap where one is missing,
        and has then counted none of them.
        """
        expect = self.seq + 1
        for sample in samples:
            if sample.seq == expect:
                expect += 1
            elif sample.seq > expect:
                raise Gap(self.seq + 1)

        latest_ms = elapsed_ms + CLOCK_SLACK_MS
        most_interactions = elapsed_ms * INTERACTIONS_PER_SECOND // 1000
        for sample in samples:
            if sample.seq <= self.seq:
                continue
            start_ms = self.at_ms
            # Clamped to start_ms..latest_ms; the former wins. Without min() and max(): this is the hot path.
            end_ms = sample.at
            if end_ms > latest_ms:
                end_ms = latest_ms
            if end_ms <= start_ms:
                end_ms = start_ms
            elif self.state is not None:
                self._count(start_ms, end_ms, elapsed_ms)
            if sample.interactions and self.interactions < most_interactions:
                self.interactions = min(self.interactions + sample.interactions, most_interactions)
            self.seq = sample.seq
            self.at_ms = end_ms
            if sample.state != self.state:
                self.state = sample.state
                self.since_ms = end_ms

    def settled(self, up_to_ms: int) -> None:
        """Forget the stretches that ended by then: the ledger has them."""
        self.stretches = [stretch for stretch in self.stretches if stretch[1] > up_to_ms]

    def _count(self, start_ms: int, end_ms: int, elapsed_ms: int) -> None:
        """Give the span that ends with a new sample to the state it was spent in."""
        span_ms = end_ms - start_ms
        if span_ms > (IDLE_SPAN_MS if self.state == "idle" else SPAN_MS):
            self.unknown_ms += span_ms
            self.since_ms = end_ms
            return
        if self.state == "idle":
            self.idle_ms += span_ms
            return
        engaged = self.state == "engaged" and elapsed_ms - end_ms <= LATE_MS
        self.focus_ms += span_ms
        if engaged:
            self.engaged_ms += span_ms
        last = self.stretches[-1] if self.stretches else None
        if last is not None and last[1] == start_ms and last[2] == engaged:
            last[1] = end_ms
        else:
            self.stretches.append([start_ms, end_ms, engaged])
