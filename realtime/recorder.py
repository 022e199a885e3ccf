"""The recorder: takes samples into memory, writes them in batches, acknowledges what PostgreSQL has committed.

Owns the sessions that this process holds, from `hold` to their close, their loss, or the end of their connection.
Runs on the event loop and never waits there: its SQL runs on a thread of its own (`realtime/writer.py`), the settling
on another.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import psycopg
from django.db import DatabaseError, InterfaceError, connections

from courses import ledger
from courses.errors import RateLimited, SessionClosed
from courses.sessions import DurableSession
from realtime import codec, hints, protocol
from realtime.held import RETRY_FULL_MS, Frame, Held, Holder
from realtime.pgclock import PgClock
from realtime.protocol import ErrorCode, LostReason
from realtime.writer import Row, Writer

FLUSH_EVERY_SECONDS = 0.25
SETTLE_EVERY_SECONDS = 1.0
RETRY_SECONDS = 1.0
SAMPLES_IN_HAND = 200_000
"""Of all sessions of this process together, while PostgreSQL can't be reached. A session has its own, lower bound."""

log = logging.getLogger(__name__)


class Recorder:
    """One for each process. All methods are for the event loop."""

    def __init__(self) -> None:
        self.held: dict[int, Held] = {}
        self.clock = PgClock()
        self._dirty: set[Held] = set()
        self._look_at: set[int] = set()
        self._settle: set[int] = set()
        self._changed: set[int] = set()  # enrolments, of which there is news for who watches their courses
        self._in_hand = 0  # samples and frames of all dirty sessions, counted anew after each write
        self._news = asyncio.Event()
        self._round = asyncio.Event()  # set when the write that is under way has ended; then a new one
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._writer = Writer()
        self._write_thread = ThreadPoolExecutor(1, "recorder")
        self._settle_thread = ThreadPoolExecutor(1, "settler")
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to write and to settle."""
        self._tasks = [asyncio.create_task(self._write_forever()), asyncio.create_task(self._settle_forever())]

    async def stop(self, *, within_seconds: float) -> None:
        """Write what is in hand, as far as that works in time, and end."""
        try:
            await asyncio.wait_for(self._quiet.wait(), within_seconds)
        except TimeoutError:
            log.warning("Stopped with samples that PostgreSQL did not take in time. Their clients send them again.")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
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
        self, held: Held, samples: Sequence[protocol.Sample], *, ref: str | None = None, closes: bool = False
    ) -> None:
        """Count these samples; their ack, `session.closed` or error follows once that is durable.

        Raises RateLimited while too many samples wait for PostgreSQL: nothing of the frame is counted then.
        """
        self._dirty.add(held)  # even if it is refused: a write then tells how far it is settled, which makes room
        self._wake()
        if self._in_hand > SAMPLES_IN_HAND:
            raise RateLimited("Samples can't be stored at the moment.", retry_after_ms=RETRY_FULL_MS)
        held.take(Frame(samples, int(self.clock.at(monotonic()) - held.started_ms), ref, closes))
        self._in_hand += len(samples) + 1

    async def written(self, held: Held) -> None:
        """Wait until what is in hand of this session is durable; while PostgreSQL takes nothing, not for long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RETRY_SECONDS):
                while held.in_hand and held.holder is not None:
                    await self._round.wait()

    def release(self, held: Held) -> None:
        """Its connection is gone. What it has sent is still written."""
        held.holder = None
        if held not in self._dirty and self.held.get(held.id) is held:
            del self.held[held.id]

    def forget(self, held: Held) -> None:
        """Forget it with all that is in hand, without a word to the client."""
        self._dirty.discard(held)
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

    # Writing

    def _wake(self) -> None:
        self._quiet.clear()
        self._news.set()

    async def _write_forever(self) -> None:
        """Write at once when there is news after a quiet time, then at most every FLUSH_EVERY_SECONDS."""
        is_failing = False
        while True:
            await self._news.wait()
            self._news.clear()
            started = monotonic()
            try:
                await self._write()
                is_failing = False
            except Exception as error:
                # Nothing is acknowledged, all stays in hand, and new frames are refused at the bounds.
                if not isinstance(error, psycopg.Error):
                    log.exception("A write of samples failed. Trying again until it works.")
                elif not is_failing:
                    log.error("PostgreSQL does not take samples: %s. Trying again until it does.", error)
                is_failing = True
                await asyncio.sleep(RETRY_SECONDS)
            else:
                await asyncio.sleep(max(0.0, started + FLUSH_EVERY_SECONDS - monotonic()))
            if self._dirty or self._look_at:
                self._news.set()
            else:
                self._quiet.set()

    async def _write(self) -> None:
        """One round: write what is dirty, read what could not be written or judged, answer the clients."""
        dirty, self._dirty = self._dirty, set()
        look_at, self._look_at = self._look_at, set()
        rows = {(held.id, held.epoch): (held, held.row()) for held in dirty}
        asked = [self.held[session_id] for session_id in look_at if session_id in self.held]
        reload = look_at | {held.id for held in dirty if held.waiting}
        try:
            written = await asyncio.get_running_loop().run_in_executor(
                self._write_thread, self._writer.write, [row for _, row in rows.values()], reload
            )
        except BaseException:
            self._dirty |= dirty
            self._look_at |= look_at
            raise
        self.clock.observe(before=written.before, now_ms=written.now_ms, after=written.after)
        for (session_id, epoch), (held, row) in rows.items():
            if (session_id, epoch) in written.refused:
                log.error("Session %s can't be stored and is given up: %s", session_id, row)
                self._lose(held, LostReason.GONE)
                continue
            if (session_id, epoch) in written.settled:
                self._committed(held, row, written.settled[session_id, epoch])
            if (session_id, epoch) not in written.settled or session_id in reload:
                self._reconcile(held, written.found.get(session_id))
        for held in asked:
            if held not in dirty and self.held.get(held.id) is held:
                self._reconcile(held, written.found.get(held.id))
        self._in_hand = sum(held.in_hand for held in self._dirty)
        if self._changed:
            hints.send(enrollments=self._changed)
            self._changed = set()
        self._round.set()
        self._round = asyncio.Event()

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
            self._go_on(held, row)

    def _go_on(self, held: Held, row: DurableSession) -> None:
        if row.acked_seq != held.durable_seq:
            # Our own commit whose answer was lost, or another way in has written.
            held.recount(row)
        for frame, gap in held.judge_waiting():
            _push(held, protocol.Error(ref=frame.ref, code=ErrorCode.GAP, message=str(gap), expect=gap.expect))
        if held.in_hand:
            self._dirty.add(held)
        elif held.holder is None:
            self.forget(held)

    def _closed(self, held: Held, counted: dict[str, int]) -> None:
        assert held.closing is not None
        _push(held, protocol.SessionClosed(ref=held.closing.ref, **counted))
        for frame in held.waiting:
            _push(held, closed_error(frame.ref, counted))
        self._settle.add(held.id)
        self.forget(held)

    def _refuse_closed(self, held: Held, row: DurableSession) -> None:
        """It was closed by another way in: tell that to each frame that is still in hand."""
        for frame in [*held.applied, *held.waiting]:
            _push(held, closed_error(frame.ref, row.counted()))
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
