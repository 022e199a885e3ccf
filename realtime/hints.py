"""Hints on Redis: "look at these". They carry ids, never news; losing one costs latency, never data.

A hint leaves through a bounded queue, on a thread of its own and with a time limit, so that a Redis that hangs holds
up nobody: not a request, not the recorder, not the event loop of the sockets. Any process may send hints (a web
process, the job worker, a management command); the web processes listen, with one subscription each.
"""

import asyncio
import atexit
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, NamedTuple

from channels.layers import get_channel_layer

GROUP = "hints"
QUEUE = 10_000
TIME_LIMIT_SECONDS = 2.0
IDS_A_MESSAGE = 1_000
RETRY_SECONDS = 1.0

log = logging.getLogger(__name__)


class Hint(NamedTuple):
    """What to look at, by ids."""

    sessions: frozenset[int] = frozenset()  # taken by another holder, or ended
    users: frozenset[int] = frozenset()  # their credentials may no longer hold
    inboxes: frozenset[int] = frozenset()  # users who have a new notification, or have seen some
    queues: frozenset[int] = frozenset()  # courses in whose waitlist somebody moved
    progress: frozenset[int] = frozenset()  # users whose progress has a new revision
    enrollments: frozenset[int] = frozenset()  # those of whom something else is to be seen while they learn


class Sender:
    """Sends hints from any thread of this process. Its own thread starts with the first hint."""

    def __init__(self) -> None:
        self._queue: deque[Hint] = deque(maxlen=QUEUE)  # full: the oldest hint goes, and the periodic look heals it
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self._rests = asyncio.Event()

    def send(self, **ids: Iterable[int]) -> None:
        """Queue a hint, with the fields of `Hint`. Never waits, never raises."""
        self._queue.append(Hint(**{name: frozenset(some) for name, some in ids.items()}))
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_until_complete, args=[self._run()], daemon=True).start()
                atexit.register(self._finish, self._loop)
        self._loop.call_soon_threadsafe(self._news.set)

    def _finish(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let what is queued leave before the process ends, in the time limit: a command ends when it has committed.

        `_run` was woken for the newest hint before this waits: it has cleared `_rests` by then.
        """
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._rests.wait(), loop).result(TIME_LIMIT_SECONDS)

    async def _run(self) -> None:
        is_failing = False
        while True:
            await self._news.wait()
            self._news.clear()
            self._rests.clear()
            while self._queue:
                message = self._next_message()
                try:
                    await asyncio.wait_for(_layer().group_send(GROUP, message), TIME_LIMIT_SECONDS)
                    is_failing = False
                except Exception as error:
                    if not is_failing:
                        log.warning("Redis takes no hints: %s. Changes show up to 20 s later meanwhile.", repr(error))
                    is_failing = True
            self._rests.set()

    def _next_message(self) -> dict[str, object]:
        """All hints that wait, as one message of a bounded size."""
        message: dict[str, set[int]] = {name: set() for name in Hint._fields}
        while self._queue and sum(map(len, message.values())) < IDS_A_MESSAGE:
            for name, ids in self._queue.popleft()._asdict().items():
                message[name] |= ids
        return {"type": "hint", **{name: list(ids) for name, ids in message.items()}}


send = Sender().send


async def listen(handler: Callable[[Hint], None], *, begun: Callable[[], None]) -> None:
    """Call `handler` for every hint, until cancelled. Redis may come, go and come back meanwhile.

    `begun` is called each time that it begins to listen: what was hinted before was for nobody here.
    """
    is_failing = False
    while True:
        try:
            layer = _layer()
            channel = await asyncio.wait_for(layer.new_channel(), TIME_LIMIT_SECONDS)
            await asyncio.wait_for(layer.group_add(GROUP, channel), TIME_LIMIT_SECONDS)
            is_failing = False
            begun()
            while True:
                message = await layer.receive(channel)
                handler(Hint(**{name: frozenset(message.get(name, ())) for name in Hint._fields}))
        except Exception as error:
            if not is_failing:
                log.warning("No hints from Redis: %s. Changes show up to 20 s later meanwhile.", repr(error))
            is_failing = True
            with suppress(Exception):  # what a failed try left in the layer would collect hints that nobody reads
                await asyncio.wait_for(_layer().flush(), TIME_LIMIT_SECONDS)
            await asyncio.sleep(RETRY_SECONDS)


def _layer() -> Any:  # channels ships no types
    return get_channel_layer()
