"""Who watches which course from here, and getting each what changed since they were last sent something.

A hint, the periodic look, or the clock says where to look. What is due is read at once for all courses that are watched
here (`roster.py`), one read after the other and at most one a second: so what is read later is newer. What a read finds
is compared once with what was sent, and encoded once, however many watch. Who was sent nothing yet, or still has
something waiting, is sent a snapshot of the same rows once the socket is free: at most one frame of a watch waits.

For the event loop only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final

from courses.errors import RateLimited
from realtime import codec, roster
from realtime.protocol import Error, ErrorCode
from realtime.roster import Rights, Roster, Seen
from realtime.watching import (
    COUNTERS_EVERY_MS,
    WATCH_EVERY_MS,
    WATCHES_A_CONNECTION,
    SeenState,
    WatchDelta,
    WatchedCounts,
    WatchedLearner,
    WatchSnapshot,
)

if TYPE_CHECKING:
    from realtime.connection import Connection

ENROLLMENTS_A_READ: Final = 2_000
"""Where more have changed, on whatever course, all who learn in those that are watched here are read instead."""
RETRY_SECONDS: Final = 5.0
RETRY_TOO_MANY_MS: Final = 5_000
STATES: Final[tuple[SeenState, ...]] = ("engaged", "focus", "idle", "silent")


@dataclass(slots=True)
class Watch:
    """One connection's watch of a course. `lacks_all` until it is sent a snapshot; `ref` goes with its first one."""

    course: str
    ref: str | None
    user_id: int
    version: int = 0
    lacks_all: bool = True


@dataclass(slots=True)
class Told:
    """A row as it was last sent, when, and when the clock alone makes another one of it (monotonic seconds)."""

    seen: Seen
    sent_at: float
    lasts_until: float


@dataclass(slots=True)
class News:
    """What a read changed of a course: rows to send, rows that are gone; `counts` where it is watched anonymously."""

    upsert: list[WatchedLearner]
    remove: list[int]
    counts: WatchedCounts | None


class Watched:
    """A course that is watched here, and the rows that everybody was sent who lacks nothing."""

    def __init__(self) -> None:
        self.watches: dict[Connection, Watch] = {}
        self.told: dict[int, Told] = {}
        self.counts: WatchedCounts | None = None
        self.is_due = True  # all of it

    def follow(self, rights: Rights, found: dict[int, Seen], asked: Collection[int]) -> News | None:
        """These rows were `found` of those `asked` for: what is to be sent of that, if anything."""
        upsert, remove = self._take(found, asked)
        before, self.counts = self.counts, self._count() if rights.is_anonymous else None
        if (self.counts is None) != (before is None):
            for watch in self.watches.values():
                watch.lacks_all = True
        if self.counts is not None:
            return News([], [], self.counts) if self.counts != before else None
        return News(upsert, remove, None) if upsert or remove else None

    def _take(self, found: dict[int, Seen], asked: Collection[int]) -> tuple[list[WatchedLearner], list[int]]:
        """Where nothing but its counters changed, a row is not sent again before its time.

        While somebody is about to be sent their first snapshot, that time begins anew for all.
        """
        now = monotonic()
        is_begun = any(watch.version == 0 for watch in self.watches.values())
        upsert: list[WatchedLearner] = []
        for enrollment, seen in found.items():
            told = self.told.get(enrollment)
            lasts_until = now + seen.lasts_seconds
            if told is None or told.seen.standing != seen.standing:
                upsert.append(seen.learner)
            elif not is_begun:
                is_in_time = (now - told.sent_at) * 1000 < COUNTERS_EVERY_MS
                if is_in_time or told.seen.learner == seen.learner:
                    told.lasts_until = lasts_until
                    continue
                upsert.append(seen.learner)
            self.told[enrollment] = Told(seen, now, lasts_until)
        remove = [enrollment for enrollment in asked if enrollment in self.told and enrollment not in found]
        for enrollment in remove:
            del self.told[enrollment]
        return upsert, remove

    def _count(self) -> WatchedCounts:
        counted = dict.fromkeys(STATES, 0)
        for told in self.told.values():
            counted[told.seen.learner.state] += 1
        return WatchedCounts(**counted, help=sum(told.seen.learner.help for told in self.told.values()))

    def send(self, news: News | None) -> None:
        """Send the news to all who have what was before, and all there is to those who lack it and can take it."""
        upsert = codec.encoded(news.upsert) if news else []
        rows: list[WatchedLearner] | None = None
        for connection, watch in self.watches.items():
            if not connection.is_free:
                watch.lacks_all = watch.lacks_all or news is not None
            elif watch.lacks_all:
                if self.is_due:
                    continue  # it began during the read: the next one is for it
                if rows is None:
                    rows = codec.encoded([] if self.counts else [told.seen.learner for told in self.told.values()])
                ref = watch.ref if watch.version == 0 else None
                watch.version += 1
                watch.lacks_all = False
                connection.push_apart(
                    WatchSnapshot(
                        ref=ref, course=watch.course, version=watch.version, learners=rows, counts=self.counts
                    )
                )
            elif news is not None:
                watch.version += 1
                connection.push_apart(
                    WatchDelta(
                        course=watch.course,
                        version=watch.version,
                        upsert=upsert,
                        remove=news.remove,
                        counts=news.counts,
                    )
                )

    def lasts_seconds(self) -> float | None:
        """For how long nothing changes by itself, and nobody may be free to take what they lack; None: for ever."""
        if any(watch.lacks_all for watch in self.watches.values()):
            return 0.0
        until = min((told.lasts_until for told in self.told.values()), default=None)
        return None if until is None else max(0.0, until - monotonic())


class Watches:
    """One for each process. `in_database` is the hub's way to run what waits."""

    def __init__(self, in_database: Callable[..., Awaitable[Roster]]) -> None:
        self._in_database = in_database
        self._watched: dict[int, Watched] = {}
        self._changed: set[int] = set()  # enrolments, of whatever course
        self._due = asyncio.Event()

    # Connections

    def start(self, connection: "Connection", watch: Watch, *, course_id: int) -> None:
        """Watch this course, which the user may, from now on; a watch of it that was before is over.

        Raises RateLimited when the connection watches as many as it may.
        """
        others = sum(connection in watched.watches for one, watched in self._watched.items() if one != course_id)
        if others >= WATCHES_A_CONNECTION:
            raise RateLimited(
                f"This connection watches {others} courses already. Stop one first.",
                retry_after_ms=RETRY_TOO_MANY_MS,
            )
        watched = self._watched.setdefault(course_id, Watched())
        watched.watches[connection] = watch
        watched.is_due = True
        self._due.set()

    def stop(self, connection: "Connection", course: str) -> None:
        """Watch the course of this name no more."""
        for course_id, watched in list(self._watched.items()):
            if connection in watched.watches and watched.watches[connection].course == course:
                self._end(course_id, connection)

    def leave(self, connection: "Connection") -> None:
        """It is gone."""
        for course_id, watched in list(self._watched.items()):
            if connection in watched.watches:
                self._end(course_id, connection)

    def _end(self, course_id: int, connection: "Connection") -> None:
        watched = self._watched[course_id]
        del watched.watches[connection]
        if not watched.watches:
            del self._watched[course_id]

    # What is due

    def look(self, enrollments: Collection[int]) -> None:
        """There may be something else to see of these."""
        if self._watched and enrollments:
            self._changed.update(enrollments)
            self._due.set()

    def look_at_all(self) -> None:
        """As if something had changed everywhere."""
        for watched in self._watched.values():
            watched.is_due = True
            self._due.set()

    async def deliver(self) -> None:
        """Wait until something is due, read it, and send it; then rest. What can't be read is read later."""
        loop = asyncio.get_running_loop()
        lasting = [lasts for one in self._watched.values() if (lasts := one.lasts_seconds()) is not None]
        timers = [loop.call_later(lasts, self._due.set) for lasts in lasting]
        try:
            await self._due.wait()
        finally:
            for timer in timers:
                timer.cancel()
        rest = RETRY_SECONDS
        try:
            await self._deliver()
            rest = WATCH_EVERY_MS / 1000
        finally:
            await asyncio.sleep(rest)

    async def _deliver(self) -> None:
        now = monotonic()
        for watched in self._watched.values():
            self._changed.update(row for row, told in watched.told.items() if told.lasts_until <= now)
        if len(self._changed) > ENROLLMENTS_A_READ:
            self.look_at_all()
        wholly = {course: watched for course, watched in self._watched.items() if watched.is_due}
        partly = {course: watched for course, watched in self._watched.items() if not watched.is_due}
        for watched in wholly.values():
            watched.is_due = False
        asked, self._changed = self._changed, set()
        self._due.clear()
        if not wholly and not asked:
            for watched in partly.values():
                watched.send(None)
            return
        users = {watch.user_id for watched in self._watched.values() for watch in watched.watches.values()}
        try:
            read = await self._in_database(
                roster.read, courses=wholly.keys(), enrollments=asked, partly=partly.keys(), users=users
            )
        except BaseException:
            self.look_at_all()
            raise
        for course_id, watched in [*wholly.items(), *partly.items()]:
            self._end_without_right(course_id, watched, read, users)
            if self._watched.get(course_id) is watched:
                rows = watched.told.keys() if course_id in wholly else asked
                watched.send(watched.follow(read.rights[course_id], read.learners.get(course_id, {}), rows))

    def _end_without_right(self, course_id: int, watched: Watched, read: Roster, users: set[int]) -> None:
        """End the watches of those `users` who may not watch the course any more, and say so."""
        rights = read.rights.get(course_id)
        for connection, watch in list(watched.watches.items()):
            if rights is None:
                code, message = ErrorCode.NOT_FOUND, "The course is gone."
            elif watch.user_id in users - read.staff - {rights.owner_id}:
                code, message = ErrorCode.FORBIDDEN, "You may not watch this course any more."
            else:
                continue
            self._end(course_id, connection)
            connection.push(Error(ref=watch.ref, code=code, message=message, course=watch.course))
