"""A session as a process holds it: what is durable, what is counted beyond that, what can't be judged yet.

A frame of samples passes through these stages. *Arrived*: it is counted with the next write, together with all that
come until then, which costs much less than one by one. *Waiting*: it can't be judged before the row was read again (a
hole in `seq` may be a hole in this process's memory only, since another way in may have written). *Applied*: it is
counted in memory. *Durable*: its commit was seen, and it is forgotten. Frames that are not durable yet stay in hand
with the age the session had when they came, so that they can be counted again from the row, whatever that turns out to
be.
"""

from collections.abc import Iterator, Sequence
from time import monotonic
from typing import NamedTuple, Protocol

import msgspec

from courses.errors import RateLimited
from courses.models.session import IDLE_LEASE_MS, LEASE_MS
from courses.sessions import DurableSession
from realtime import codec, protocol
from realtime.timekeeper import Gap, Timekeeper
from realtime.writer import Row

SETTLE_LASTING_MS = 60_000
"""A stretch that lasts is settled this often; one that has ended, at once."""

SHOWN_FOR_SECONDS = 20.0
"""Less than the time after which a session counts as silent."""

SAMPLES_IN_HAND = 1_000
STRETCHES_IN_HAND = 2_000
RETRY_FULL_MS = 1_000


class Holder(Protocol):
    """The connection that holds a session, as the recorder sees it."""

    sessions: "dict[int, Held]"

    def push(self, frame: codec.ServerFrame) -> None:
        """Queue a frame for the client. Never waits, never raises."""


class Frame(NamedTuple):
    """Samples as they came. `elapsed_ms` is how old the session was at that moment: it bounds what they count."""

    samples: Sequence[protocol.Sample]
    elapsed_ms: int
    ref: str | None
    closes: bool


class Held:
    """A session held by one connection of this process, under one epoch."""

    __slots__ = (
        "applied",
        "arrived",
        "closing",
        "durable_seq",
        "enrollment_id",
        "epoch",
        "heard_at",
        "holder",
        "id",
        "in_hand",
        "is_reopening",
        "key",
        "settle_due_ms",
        "shown",
        "shown_at",
        "started_ms",
        "timekeeper",
        "waiting",
        "written",
    )

    def __init__(self, row: DurableSession, holder: Holder | None) -> None:
        self.id = row.id
        self.key = row.key
        self.enrollment_id = row.enrollment_id
        self.epoch = row.epoch
        self.started_ms = row.started_ms
        self.holder = holder
        self.arrived: list[Frame] = []
        self.applied: list[Frame] = []
        self.written = 0  # how many of `applied` the write that is under way holds
        self.waiting: list[Frame] = []
        self.in_hand = 0  # samples and frames in `arrived`, `applied` and `waiting`
        self.closing: Frame | None = None
        self.heard_at = monotonic()  # when a frame last named it
        self.shown: tuple[str, int] = (
            row.state,
            row.since_ms,
        )  # what whoever watches the course sees of it, and as of when
        self.shown_at = self.heard_at
        self.is_reopening = False  # its own connection opens it anew: to lose this epoch is no news to the client
        self._count_from(row)

    def _count_from(self, row: DurableSession) -> None:
        self.durable_seq = row.acked_seq
        self.settle_due_ms = row.settled_ms + SETTLE_LASTING_MS
        self.timekeeper = Timekeeper(
            seq=row.acked_seq,
            at_ms=row.last_at_ms,
            state=row.state or None,
            engaged_ms=row.engaged_ms,
            focus_ms=row.focus_ms,
            idle_ms=row.idle_ms,
            unknown_ms=row.unknown_ms,
            interactions=row.interactions,
            stretches=msgspec.json.decode(row.stretches),
            since_ms=row.since_ms,
        )
        self.timekeeper.settled(row.settled_ms)

    def is_live(self, now: float) -> bool:
        """Whether its lease still runs at `now` (monotonic seconds). Without one it is held still, to be reopened."""
        lease_ms = IDLE_LEASE_MS if self.timekeeper.state == "idle" else LEASE_MS
        return (now - self.heard_at) * 1000 < lease_ms

    def take(self, frame: Frame, now: float) -> None:
        """Take a frame that came `now` (monotonic seconds). Raises RateLimited when too much is in hand."""
        self.heard_at = now
        if self.in_hand > SAMPLES_IN_HAND or len(self.timekeeper.stretches) > STRETCHES_IN_HAND:
            raise RateLimited("This session's samples can't be stored at the moment.", retry_after_ms=RETRY_FULL_MS)
        self.in_hand += len(frame.samples) + 1
        self.arrived.append(frame)
        if frame.closes:
            self._count_arrived()  # its connection may open another at once

    def _count_arrived(self) -> None:
        for frame in self.arrived:
            if self.waiting or self.closing:
                self.waiting.append(frame)
                continue
            try:
                self.apply(frame)
            except Gap:
                self.waiting.append(frame)
        self.arrived.clear()

    def apply(self, frame: Frame) -> None:
        """Count this frame now. Raises Gap, and then nothing of it is counted."""
        self.timekeeper.apply(frame.samples, frame.elapsed_ms)
        self.applied.append(frame)
        if frame.closes:
            self.closing = frame

    def row(self) -> Row:
        """The row as it should become, with all that has arrived by now. What can't be judged waits."""
        self._count_arrived()
        self.written = len(self.applied)
        timekeeper = self.timekeeper
        return Row(
            self.id,
            self.epoch,
            self.durable_seq,
            timekeeper.seq,
            timekeeper.at_ms,
            timekeeper.state or "",
            timekeeper.duration_ms,
            timekeeper.focus_ms,
            timekeeper.engaged_ms,
            timekeeper.idle_ms,
            timekeeper.unknown_ms,
            timekeeper.interactions,
            msgspec.json.encode(timekeeper.stretches).decode(),
            self.closing is not None,
            timekeeper.since_ms,
        )

    def committed(self, row: Row, settled_ms: int) -> None:
        """`row` is durable, and the ledger has the time up to `settled_ms`: forget what both hold."""
        self._forget(self.applied[: self.written])
        del self.applied[: self.written]
        self.durable_seq = row.seq
        self.timekeeper.settled(settled_ms)

    def has_changed(self, row: Row) -> bool:
        """Whether `row`, which is durable now, is news to who watches the course. Asked once after each write.

        What comes after a while may be from a session that was silent to them, or gone.
        """
        now = monotonic()
        before, before_at = self.shown, self.shown_at
        self.shown, self.shown_at = (row.state, row.since_ms), now
        return row.closes or before != self.shown or now - before_at > SHOWN_FOR_SECONDS

    def recount(self, row: DurableSession) -> None:
        """Count all that is in hand again, from the row. Raises Gap when the row holds less than was acknowledged."""
        applied, self.applied, self.closing = self.applied, [], None
        self._count_from(row)
        for frame in applied:
            self.apply(frame)

    def judge_waiting(self) -> Iterator[tuple[Frame, Gap]]:
        """Apply the frames that waited for the row to be read. Yields those with a hole; nothing of them is applied."""
        waiting, self.waiting = self.waiting, []
        for frame in waiting:
            if self.closing:
                self.waiting.append(frame)
                continue
            try:
                self.apply(frame)
            except Gap as gap:
                self._forget([frame])
                yield frame, gap

    def _forget(self, frames: Sequence[Frame]) -> None:
        self.in_hand -= sum(len(frame.samples) + 1 for frame in frames)

    def is_due_to_settle(self) -> bool:
        """Whether a stretch has ended, or has lasted for so long that it is time again. Asked once after each write."""
        timekeeper = self.timekeeper
        if not timekeeper.stretches:
            return False
        _, end_ms, is_engaged = timekeeper.stretches[-1]
        has_ended = (
            len(timekeeper.stretches) > 1
            or timekeeper.state == "idle"
            or end_ms < timekeeper.at_ms
            or (is_engaged and timekeeper.state == "focus")
        )
        if not has_ended and timekeeper.at_ms < self.settle_due_ms:
            return False
        self.settle_due_ms = timekeeper.at_ms + SETTLE_LASTING_MS
        return True
