"""The recorder: takes samples into memory, writes them in batches, acknowledges what PostgreSQL has committed.

Owns the sessions that this process holds, from `hold` to their close, their loss, or the end of their connection.
Runs on the event loop and never waits there: its SQL runs on a thread of its own (`realtime/writer.py`), the settling
on another.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from time import monotonic
from typing import Any, NamedTuple

import psycopg
from django.db import DatabaseError, InterfaceError, connections

from courses import ledger
from courses.errors import RateLimited, SessionClosed
from courses.sessions import DurableSession
from realtime import codec, hints, metrics, protocol
from realtime.held import RETRY_FULL_MS, Frame, Held, Holder
from realtime.pgclock import PgClock
from realtime.protocol import ErrorCode, LostReason
from realtime.writer import Epoch, Row, Writer, Written

FLUSH_EVERY_SECONDS = 0.25
ROWS_A_ROUND = 1_000
"""A row written and its ack cost as much as several samples counted. With more to write, a round takes those that
have waited longest, and half of them at least: each ack then tells of more samples, but comes a round later at most."""
SETTLE_EVERY_SECONDS = 1.0
RETRY_SECONDS = 1.0
SAMPLES_IN_HAND = 200_000
"""Of all sessions of this process together, while PostgreSQL can't be reached. A session has its own, lower bound."""

log = logging.getLogger(__name__)


class Round(NamedTuple):
    """What one write is about: the rows to write, the sessions to look at, and what is to be read for both."""

    began: float
    rows: dict[Epoch, tuple[Held, Row]]
    look_at: list[Held]
    reload: set[int]


class Recorder:
    """One for each process. All methods are for the event loop."""

    def __init__(self) -> None:
        self.held: dict[int, Held] = {}
        self.clock = PgClock()
        self._dirty: dict[Held, None] = {}  # in the order in which they became so
        self._look_at: set[int] = set()
        self._settle: set[int] = set()
        self._changed: set[int] = set()  # enrolments, of which there is news for who watches their courses
        self._in_hand = 0  # samples and frames of all dirty sessions, counted anew after each write
        self._is_failing = self._is_stopped = False
        self._round = asyncio.Event()  # set when the write that is under way has ended; then a new one
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._writer = Writer()
        self._write_thread = ThreadPoolExecutor(1, "recorder")
        self._settle_thread = ThreadPoolExecutor(1, "settler")

    def start(self) -> None:
        """Begin to write and to settle."""
        metrics.SESSIONS.set_function(lambda: len(self.held))
        metrics.IN_HAND.set_function(lambda: self._in_hand)
        self._loop = asyncio.get_running_loop()
        self._settling = asyncio.create_task(self._settle_forever())

    async def stop(self, *, within_seconds: float) -> None:
        """Write what is in hand, as far as that works in time, and end."""
        try:
            await asyncio.wait_for(self._quiet.wait(), within_seconds)
        except TimeoutError:
            log.warning("Stopped with samples that PostgreSQL did not take in time. Their clients send them again.")
        self._is_stopped = True
        self._settling.cancel()
        await asyncio.wait([self._settling])
        closing = asyncio.get_running_loop().run_in_executor(self._write_thread, self._writer.close)
        await asyncio.wait([closing], timeout=RETRY_SECONDS)  # behind a write that hangs it would wait for ever
        self._write_thread.shutdown(wait=False)
        self._settle_thread.shutdown(wait=False)

    # What a connection does

    def hold(self, row: DurableSession, holder: Holder, *, asked: float) -> None:
        """`holder` has opened this session and holds it from now on. It was asked for at `asked` (monotonic)."""
        self.clock.observe(before=asked, now_ms=row.now_ms, after=monotonic())
        held = Held(row, holder)
        before = self.held.get(held.id)
        if before is not None and before.epoch < held.epoch:
            self._lose(before, LostReason.RESUMED_ELSEWHERE)
        holder.sessions[held.id] = held
        if before is not None and before.epoch > held.epoch:
            self._lose(held, LostReason.RESUMED_ELSEWHERE)  # another open was later, and its answer here first
        else:
            self.held[held.id] = held

    def take(
        self,
        held: Held,
        samples: Sequence[protocol.Sample],
        now: float,
        *,
        ref: str | None = None,
        closes: bool = False,
    ) -> None:
        """Count these samples, which came `now`; their ack, `session.closed` or error follows once that is durable.

        Raises RateLimited while too many samples wait for PostgreSQL: nothing of the frame is counted then.
        """
        self._dirty[held] = None  # even if it is refused: a write then tells how far it is settled, which makes room
        self._wake()
        if self._in_hand > SAMPLES_IN_HAND:
            raise RateLimited("Samples can't be stored at the moment.", retry_after_ms=RETRY_FULL_MS)
        held.take(Frame(samples, int(self.clock.at(now) - held.started_ms), ref, closes), now)
        self._in_hand += len(samples) + 1

    def hear(self, held: Held, now: float) -> None:
        """A frame without samples named this session `now`: its client is there."""
        held.heard_at = now
        self._dirty[held] = None
        self._wake()

    async def written(self, held: Held) -> None:
        """Wait until what is in hand of this session is durable; while PostgreSQL takes nothing, not for long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RETRY_SECONDS):
                while held.in_hand and held.holder is not None:
                    await self._round.wait()

    def release(self, held: Held) -> None:
        """Its connection is gone, or holds it no longer. What it has sent is still written."""
        held.holder = None
        if held not in self._dirty and self.held.get(held.id) is held:
            del self.held[held.id]

    def forget(self, held: Held) -> None:
        """Forget it with all that is in hand, without a word to the client."""
        self._dirty.pop(held, None)
        if held.holder is not None:
            held.holder.sessions.pop(held.id, None)
            held.holder = None
        if self.held.get(held.id) is held:
            del self.held[held.id]

    def look(self, session_ids: Iterable[int]) -> None:
        """Somebody says that these sessions were taken or ended: see for those that are held here."""
        self._look_at.update(self.held.keys() & session_ids)
        if self._look_at:
            self._wake()

    # Writing. In callbacks, not in a task: a task that waits goes on one turn of the event loop later than it could,
    # and at the highest load a turn takes 100 ms.

    def _wake(self) -> None:
        """Write at once when there is news after a quiet time, then at most every FLUSH_EVERY_SECONDS."""
        if self._quiet.is_set():
            self._quiet.clear()
            self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        this = self._next_round()
        writing = self._write_thread.submit(self._writer.write, [row for _, row in this.rows.values()], this.reload)

        def tell(writing: "Future[Written]") -> None:
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._end, this, writing)

        writing.add_done_callback(tell)

    def _next_round(self) -> Round:
        """Those that have been dirty for longest, as they are now, and whatever is to be looked at."""
        dirty = list(islice(self._dirty, max(ROWS_A_ROUND, len(self._dirty) // 2)))
        for held in dirty:
            del self._dirty[held]
        look_at = [self.held[session_id] for session_id in self._look_at if session_id in self.held]
        self._look_at = set()
        rows = {(held.id, held.epoch): (held, held.row()) for held in dirty}
        reload = {held.id for held in look_at} | {held.id for held in dirty if held.waiting}
        return Round(monotonic(), rows, look_at, reload)

    def _end(self, this: Round, writing: "Future[Written]") -> None:
        rest_seconds = RETRY_SECONDS
        if this.rows:
            metrics.WRITE_SECONDS.observe(monotonic() - this.began)
        try:
            self._answer(this, writing.result())
        except Exception as error:
            # Nothing is acknowledged, all stays in hand, and new frames are refused at the bounds.
            self._dirty = dict.fromkeys(held for held, _ in this.rows.values()) | self._dirty
            self._look_at |= {held.id for held in this.look_at}
            metrics.FAILED_WRITES.inc()
            if not isinstance(error, psycopg.Error):
                log.exception("A write of samples failed. Trying again until it works.")
            elif not self._is_failing:
                log.error("PostgreSQL does not take samples: %s. Trying again until it does.", error)
            self._is_failing = True
        else:
            self._is_failing = False
            rest_seconds = this.began + FLUSH_EVERY_SECONDS - monotonic()
        self._loop.call_later(rest_seconds, self._go_on)

    def _go_on(self) -> None:
        if self._is_stopped:
            return
        if self._dirty or self._look_at:
            self._begin()
        else:
            self._quiet.set()

    def _answer(self, this: Round, written: Written) -> None:
        """Answer the clients, now that `this` is written."""
        self.clock.observe(before=written.before, now_ms=written.now_ms, after=written.after)
        arrived_ms = _first_arrival(this, written)
        for (session_id, epoch), (held, row) in this.rows.items():
            if (session_id, epoch) in written.refused:
                log.error("Session %s can't be stored and is given up: %s", session_id, row)
                self._lose(held, LostReason.GONE)
                continue
            if (session_id, epoch) in written.settled:
                self._committed(held, row, written.settled[session_id, epoch])
            if (session_id, epoch) not in written.settled or session_id in this.reload:
                self._reconcile(held, written.found.get(session_id))
        for held in this.look_at:
            if (held.id, held.epoch) not in this.rows and self.held.get(held.id) is held:
                self._reconcile(held, written.found.get(held.id))
        self._in_hand = sum(held.in_hand for held in self._dirty)
        self._count(this, written, arrived_ms)
        if self._changed:
            hints.send(enrollments=self._changed)
            self._changed = set()
        self._round.set()
        self._round = asyncio.Event()

    def _count(self, this: Round, written: Written, arrived_ms: float | None) -> None:
        metrics.ROWS.inc(len(written.settled))
        metrics.DURABLE.inc(sum(row.seq - row.was_seq for key, (_, row) in this.rows.items() if key in written.settled))
        if arrived_ms is not None:
            metrics.ACK_SECONDS.observe((self.clock.at(monotonic()) - arrived_ms) / 1000)

    def _committed(self, held: Held, row: Row, settled_ms: int) -> None:
        had_frames = held.written > 0
        held.committed(row, settled_ms)
        if held.has_changed(row):
            self._changed.add(held.enrollment_id)
        if row.closes:
            self._closed(held, counted(row))
            return
        if had_frames:
            _push(held, protocol.SessionAck(**counted(row)))
        if held.is_due_to_settle():
            self._settle.add(held.id)
        if held.waiting:
            return  # they are judged in this same round, from the row that was read after the write
        if held.holder is None and held not in self._dirty:
            self.forget(held)

    def _reconcile(self, held: Held, row: DurableSession | None) -> None:
        """The row was read since this session's write matched nothing, its frames wait for it, or a hint said so."""
        if row is None or row.epoch < held.epoch or row.acked_seq < held.durable_seq:
            self._lose(held, LostReason.GONE)  # deleted, or the database was restored to an earlier state
        elif row.epoch > held.epoch:
            self._lose(held, LostReason.RESUMED_ELSEWHERE)
        elif row.end_reason == LostReason.ACCESS_ENDED:
            self._lose(held, LostReason.ACCESS_ENDED)
        elif not row.is_writable:
            if held.closing and row.acked_seq == held.timekeeper.seq:
                self._changed.add(held.enrollment_id)
                self._closed(held, row.counted())  # our own commit, whose answer was lost
            else:
                self._refuse_closed(held, row)
        else:
            self._keep(held, row)

    def _keep(self, held: Held, row: DurableSession) -> None:
        if row.acked_seq != held.durable_seq:
            # Our own commit whose answer was lost, or another way in has written.
            held.recount(row)
        for frame, gap in held.judge_waiting():
            _refuse(held, protocol.Error(ref=frame.ref, code=ErrorCode.GAP, message=str(gap), expect=gap.expect))
        if held.in_hand:
            self._dirty[held] = None
        elif held.holder is None:
            self.forget(held)

    def _closed(self, held: Held, counted: dict[str, int]) -> None:
        assert held.closing is not None
        _push(held, protocol.SessionClosed(ref=held.closing.ref, **counted))
        for frame in [*held.waiting, *held.arrived]:
            _refuse(held, closed_error(frame.ref, counted))
        self._settle.add(held.id)
        self.forget(held)

    def _refuse_closed(self, held: Held, row: DurableSession) -> None:
        """It was closed by another way in: tell that to each frame that is still in hand."""
        for frame in [*held.applied, *held.waiting, *held.arrived]:
            _refuse(held, closed_error(frame.ref, row.counted()))
        self.forget(held)

    def _lose(self, held: Held, reason: LostReason) -> None:
        if not held.is_reopening:
            _push(held, protocol.SessionLost(session=held.id, reason=reason))
        if reason is LostReason.ACCESS_ENDED:
            self._settle.add(held.id)
        self.forget(held)

    # Settling

    async def _settle_forever(self) -> None:
        while True:
            await asyncio.sleep(SETTLE_EVERY_SECONDS)
            if not self._settle:
                continue
            due, self._settle = self._settle, set()
            try:
                await asyncio.get_running_loop().run_in_executor(self._settle_thread, _settle, due)
            except (DatabaseError, InterfaceError) as error:
                log.error("Could not settle %s sessions: %s. Trying again.", len(due), error)
                self._settle |= due
            except Exception:
                # Nothing is lost: the rows hold it, and the sweep settles those that end.
                log.exception("Could not settle %s sessions", len(due))


def _settle(session_ids: set[int]) -> None:
    try:
        ledger.settle(session_ids)
    finally:
        connections.close_all()


def _first_arrival(this: Round, written: Written) -> float | None:
    """When the frame that has waited longest of those that are durable now came: milliseconds by PostgreSQL's clock."""
    for key, (held, _) in this.rows.items():  # in the order in which they had news: the first is as good as all
        if held.written and key in written.settled:
            return held.started_ms + held.applied[0].elapsed_ms
    return None


def _refuse(held: Held, error: protocol.Error) -> None:
    if held.holder is not None:
        metrics.REFUSED.labels(error.code).inc()
        held.holder.push(error)


def _push(held: Held, frame: codec.ServerFrame) -> None:
    if held.holder is not None:
        held.holder.push(frame)


def counted(row: Row) -> dict[str, int]:
    """The fields of `session.ack`, from the row that was written."""
    return {
        "session": row.id,
        "seq": row.seq,
        "duration_ms": row.duration_ms,
        "focus_ms": row.focus_ms,
        "engaged_ms": row.engaged_ms,
        "idle_ms": row.idle_ms,
        "unknown_ms": row.unknown_ms,
        "interactions": row.interactions,
    }


def closed_error(ref: str | None, counted: Mapping[str, Any]) -> protocol.Error:
    """What samples, a close or an open of a session get that was closed before."""
    return protocol.Error(ref=ref, code=ErrorCode.SESSION_CLOSED, message=SessionClosed.default_message, **counted)
