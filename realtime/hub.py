"""What this process has open: its connections and the recorder, and the clocks that look after them.

Owns who is connected here. Three things happen without a client asking: every second each connection's time limits
are checked, every hint from Redis is followed up, and every LOOK_EVERY_SECONDS, and once hints are listened to, the
database is asked, for all connections at once, whether their credentials and sessions still stand, what news they lack
(realtime/feed.py), and what there is to see in the courses that are watched (realtime/watch.py). That heals a hint
that was lost.
"""

import asyncio
import logging
import os
import random
import signal
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic
from types import FrameType
from typing import Any, ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connections

from courses import sessions
from realtime import hints, metrics
from realtime.connection import Connection
from realtime.feed import Feed
from realtime.protocol import CONNECTIONS_PER_USER, Bye, CloseCode
from realtime.recorder import Recorder
from realtime.watch import Watches
from users.authentication import still_valid

TICK_SECONDS = 1.0
LOOK_EVERY_SECONDS = 20.0
DATABASE_THREADS = 8
WAIT_SECONDS = 12.0
"""What has waited for a thread so long is not done any more: clients wait 15 s for their welcome, then try again, and a
process that went on with what nobody waits for would serve nobody in time (docs/decisions/0125)."""
DRAIN_SECONDS = 8.0
LAST_WORDS_SECONDS = 1.0
END_WITHIN_SECONDS = 25.0
RECONNECTS_PER_SECOND = 75
"""How many connections a process takes a second, with a session each (measured: 75 on a core shared with nothing but
that): a drained one spreads its clients so."""

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


class Hub:
    """One for each process, made on its event loop by `current()`."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.connections: set[Connection] = set()
        self.is_draining = False
        self._drain: asyncio.Task[None] | None = None
        self._by_user: dict[int, list[Connection]] = defaultdict(list)
        self.credential_hints = 0  # how many have come
        self.feed = Feed(self._by_user, self.in_database)
        self.watches = Watches(self.in_database)
        self._threads = ThreadPoolExecutor(DATABASE_THREADS, "database")
        self._tasks: set[asyncio.Task[None]] = set()

    async def in_database(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `function` on a thread that may wait for the database, and give its connection back after.

        Raises OperationalError without calling it when too many wait, and so it would come too late.
        """
        asked = monotonic()

        def call() -> T:
            if monotonic() - asked > WAIT_SECONDS:
                raise OperationalError(f"more wait for a thread than have their turn in {WAIT_SECONDS:.0f} s")
            try:
                return function(*args, **kwargs)
            finally:
                connections.close_all()

        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    # Connections

    def enter(self, connection: Connection) -> None:
        """A socket was accepted."""
        self.connections.add(connection)
        if self.is_draining:
            self._say_bye(connection)
            connection.close(CloseCode.DRAINING)

    def admit(self, connection: Connection, *, hints_before: int) -> None:
        """Its user is known now. Over the limit, the oldest connection of that user goes.

        So many hints of credentials had come before its own was read: one that came since may have been about it.
        """
        assert connection.credential is not None
        mine = self._by_user[connection.credential.user_id]
        mine.append(connection)
        self.feed.admit(connection)
        if len(mine) > CONNECTIONS_PER_USER:
            mine.pop(0).close(CloseCode.TOO_MANY_CONNECTIONS)
        if self.credential_hints > hints_before:
            self._spawn(_try(partial(self._check_credentials, [connection])))

    def leave(self, connection: Connection) -> None:
        """Its socket is gone. What it has sent is still recorded."""
        if connection in self.connections:
            self.connections.remove(connection)
            code = metrics.CLIENT if connection.close_code is None else int(connection.close_code)
            metrics.CLOSED.labels(code).inc()
        for held in list(connection.sessions.values()):
            self.recorder.release(held)
        self.feed.leave(connection)
        self.watches.leave(connection)
        if connection.credential is not None:
            mine = self._by_user[connection.credential.user_id]
            if connection in mine:
                mine.remove(connection)
            if not mine:
                del self._by_user[connection.credential.user_id]

    # Looking after them

    def start(self) -> None:
        """Begin to record, to listen, and to watch the clocks."""
        metrics.CONNECTIONS.set_function(lambda: len(self.connections))
        self.recorder.start()
        self._spawn(_every(TICK_SECONDS, self._check_times))
        self._spawn(_every(LOOK_EVERY_SECONDS, self._look_around))
        self._spawn(hints.listen(self._follow, begun=self._listens))
        self._spawn(_every(0.0, self.feed.deliver))
        self._spawn(_every(0.0, self.watches.deliver))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _check_times(self) -> None:
        now = monotonic()
        for connection in list(self.connections):
            connection.check_time(now)

    def _follow(self, hint: hints.Hint) -> None:
        self.recorder.look(hint.sessions)
        self.watches.look(hint.enrollments)
        self.feed.look(inboxes=hint.inboxes, queues=hint.queues, progress=hint.progress)
        self.credential_hints += bool(hint.users)
        affected = [connection for user in hint.users & self._by_user.keys() for connection in self._by_user[user]]
        if affected:
            self._spawn(_try(partial(self._check_credentials, affected)))

    def _listens(self) -> None:
        """Who connected before may have read what a hint that nobody heard was about to change."""
        self.credential_hints += 1
        self._spawn(_try(self._look_around))

    async def _look_around(self) -> None:
        self.feed.look_at_all()
        self.watches.look_at_all()
        admitted = [connection for mine in self._by_user.values() for connection in mine]
        await self._check_credentials(admitted)
        epochs = {held.id: held.epoch for held in self.recorder.held.values()}
        self.recorder.look(await self.in_database(sessions.changed, epochs))

    async def _check_credentials(self, affected: Iterable[Connection]) -> None:
        asked = [(connection, connection.credential) for connection in affected if connection.credential]
        valid = await self.in_database(still_valid, [credential for _, credential in asked])
        for connection, credential in asked:
            if credential not in valid:
                connection.close(CloseCode.CREDENTIALS_ENDED)

    # The end

    async def drain(self) -> None:
        """Tell every client to come back later, write what they have sent, close. All who ask wait for the same."""
        if self._drain is None:
            self._drain = asyncio.create_task(self._drain_once())
        await asyncio.shield(self._drain)

    async def _drain_once(self) -> None:
        self.is_draining = True
        for connection in self.connections:
            self._say_bye(connection)
        for task in self._tasks:
            task.cancel()
        await self.recorder.stop(within_seconds=DRAIN_SECONDS)
        for connection in self.connections:
            connection.close(CloseCode.DRAINING)
        if self.connections:
            await asyncio.wait(
                [asyncio.ensure_future(connection.drained()) for connection in self.connections],
                timeout=LAST_WORDS_SECONDS,
            )

    def _say_bye(self, connection: Connection) -> None:
        spread_ms = 1000 * (1 + len(self.connections) / RECONNECTS_PER_SECOND)
        connection.push(Bye(reconnect_after_ms=int(random.uniform(0, spread_ms))))  # noqa: S311  # no secret


async def _every(seconds: float, step: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        await _try(step)


async def _try(step: Callable[[], Awaitable[None]]) -> None:
    """What fails is logged, and made up for by the next periodic look."""
    try:
        await step()
    except (DatabaseError, InterfaceError) as error:
        log.error("PostgreSQL could not be asked: %s. Asking again in %s s.", error, LOOK_EVERY_SECONDS)
    except Exception:
        log.exception("A look at the connections failed")


_hub: Hub | None = None


def current() -> Hub:
    """This process's hub, on its event loop. The first call starts it."""
    global _hub
    if _hub is None:
        _hub = Hub()
        _hub.start()
    return _hub


async def start() -> None:
    """Start with the server, and drain before it closes its sockets.

    On SIGTERM Uvicorn closes every socket with 1012 before it tells the application. So the signal is ours first, and
    Uvicorn's when the clients have gone. One is enough: a process group and a supervisor may well send two, and a
    drain is bounded, so none that follows shortens it.
    """
    hub = current()
    loop = asyncio.get_running_loop()
    servers_own = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    ending: list[asyncio.Task[None]] = []

    def end(number: int, frame: FrameType | None) -> None:
        if not ending:
            ending.append(loop.create_task(drain_then_stop(number, frame)))

    async def drain_then_stop(number: int, frame: FrameType | None) -> None:
        # A thread that waits for a database which hangs can't be ended, and Python waits for its threads.
        last_resort = threading.Timer(END_WITHIN_SECONDS, os._exit, [1])
        last_resort.daemon = True
        last_resort.start()
        try:
            await hub.drain()
        finally:
            handler = servers_own[signal.Signals(number)]
            if callable(handler):
                handler(number, frame)

    for number in servers_own:
        signal.signal(number, lambda number, frame: loop.call_soon_threadsafe(end, number, frame))


async def stop() -> None:
    """The server stops: drain, if that has not happened yet."""
    if _hub is not None:
        await _hub.drain()
