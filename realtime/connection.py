"""One websocket connection: what is queued for its client, what it may still send, when it was last heard.

Owns the outgoing queue. `push` and `close` never wait, so that nobody who has news for many is held up by one client
that reads slowly: what waits for a client is bounded, and a client beyond the bound is closed with 4008.
"""

import asyncio
import types
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from time import monotonic
from typing import Any
from uuid import uuid4

from realtime import codec
from realtime.feed import Fed
from realtime.held import Held
from realtime.protocol import (
    BURST,
    FRAMES_PER_SECOND,
    HELLO_WITHIN_MS,
    IDLE_SILENCE_MS,
    OVER_LIMIT_MS,
    SILENCE_MS,
    UNREAD_BYTES,
    WRITE_BLOCKED_MS,
    CloseCode,
)
from users.authentication import Credential

ABNORMAL = 1006
UNDER_LIMIT_SECONDS = 1.0
"""A second without a frame over the limit, and the client was not over it "on end"."""
BLOCKED_BYTES = 262_144
"""A write of more than this may be blocked for longer: for WRITE_BLOCKED_MS with each so many bytes. So may the one
behind it: Uvicorn takes a text at once, and has the next one wait until that is out."""

Send = Callable[[dict[str, Any]], Awaitable[None]]


@types.coroutine
def _steps(begun: Coroutine[Any, None, None], waits_for: Any) -> Generator[Any, None, None]:
    """The rest of a coroutine that was begun outside of a task and waits for something."""
    while True:
        try:
            yield waits_for
        except BaseException as error:
            step = partial(begun.throw, error)
        else:
            step = partial(begun.send, None)
        try:
            waits_for = step()
        except StopIteration:
            return


async def _go_on(begun: Coroutine[Any, None, None], waits_for: Any) -> None:
    await _steps(begun, waits_for)


class Connection:
    """A client, from the accept of its socket to the end of it. For the event loop only."""

    __slots__ = (
        "__weakref__",
        "_before_bytes",
        "_bucket",
        "_bucket_at",
        "_outgoing",
        "_outgoing_bytes",
        "_over_limit_at",
        "_over_limit_since",
        "_send",
        "_task",
        "_write_began",
        "_write_limit_ms",
        "_writer",
        "close_began",
        "close_code",
        "connected_at",
        "credential",
        "device_type",
        "fed",
        "heard_at",
        "id",
        "ip_address",
        "is_aborted",
        "said_hello",
        "sessions",
        "user_agent",
        "write_at_once",
    )

    def __init__(self, send: Send, *, user_agent: str, ip_address: str | None) -> None:
        now = monotonic()
        self.id = uuid4()
        self.user_agent = user_agent
        self.ip_address = ip_address
        self.credential: Credential | None = None
        self.device_type = "unknown"
        self.fed: Fed | None = None
        self.sessions: dict[int, Held] = {}
        self.connected_at = now
        self.heard_at = now
        self.close_code: CloseCode | int | None = None
        self.close_began = 0.0
        self.is_aborted = False
        self.said_hello = False
        self.write_at_once: Callable[[bytes], bool] | None = None
        self._send = send
        self._task = asyncio.current_task()
        self._outgoing: deque[tuple[bytes, int]] = deque()  # with how much of it counts as unread
        self._outgoing_bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._write_began = 0.0
        self._write_limit_ms = WRITE_BLOCKED_MS
        self._before_bytes = 0  # of the text that was written last
        self._bucket = float(BURST)
        self._bucket_at = now
        self._over_limit_at = 0.0
        self._over_limit_since: float | None = None

    # To the client

    def push(self, frame: codec.ServerFrame) -> None:
        """Queue a frame. Never waits, never raises; a client that reads too slowly is closed instead."""
        if self.close_code is not None:
            return
        text = codec.encode(frame)
        if self._writer is None and self.write_at_once is not None and self.write_at_once(text):
            self._before_bytes = len(text)
            return
        self._outgoing.append((text, len(text)))
        self._outgoing_bytes += len(text)
        if self._outgoing_bytes > UNREAD_BYTES:
            self.close(CloseCode.TOO_SLOW)
        elif self._writer is None:
            self._begin_to_write()

    @property
    def is_free(self) -> bool:
        """Whether nothing waits for the client."""
        return self._writer is None

    def push_apart(self, frame: codec.ServerFrame) -> None:
        """Queue a frame of any size, which does not count as unread: only while nothing waits, so there is one."""
        assert self._writer is None, "what is pushed apart from all else waits its turn with its pusher"
        if self.close_code is None:
            self._outgoing.append((codec.encode(frame), 0))
            self._begin_to_write()

    def close(self, code: CloseCode | int) -> None:
        """Close with this code once what is queued is written (a slow reader's is dropped). The first code counts."""
        if self.close_code is not None:
            return
        self.close_code = code
        self.close_began = monotonic()
        if code == CloseCode.TOO_SLOW:
            self._outgoing.clear()
        if self._writer is None:
            self._begin_to_write()

    def _begin_to_write(self) -> None:
        """Write now, as far as the socket takes it; a task writes the rest. A task for each ack would be dear."""
        writing = self._write()
        try:
            waits_for = writing.send(None)
        except StopIteration:
            return
        self._writer = asyncio.create_task(_go_on(writing, waits_for))

    async def _write(self) -> None:
        try:
            while self._outgoing:
                text, unread = self._outgoing.popleft()
                self._write_began = monotonic()
                self._write_limit_ms = WRITE_BLOCKED_MS * (1 + max(len(text), self._before_bytes) // BLOCKED_BYTES)
                await self._send({"type": "websocket.send", "text": text.decode()})
                self._before_bytes = len(text)
                self._outgoing_bytes -= unread
            if self.close_code is not None:
                self._write_began = monotonic()
                self._write_limit_ms = WRITE_BLOCKED_MS
                await self._send({"type": "websocket.close", "code": int(self.close_code)})
        except Exception:
            self.abort()  # the client is gone
        finally:
            self._write_began = 0.0
            self._writer = None

    def abort(self) -> None:
        """Drop the connection at once, without a word to the client."""
        if self.is_aborted:
            return
        self.is_aborted = True
        self.close_code = self.close_code or ABNORMAL
        if self._writer is not None and self._writer is not asyncio.current_task():
            self._writer.cancel()
        if self._task is not None:
            self._task.cancel()
        # Uvicorn closes a transport only after it has written what it buffered, which a client that reads nothing
        # never lets it; ASGI has no word for that, so ask the transport itself where there is one.
        transport = getattr(getattr(self._send, "__self__", None), "transport", None)
        if transport is not None:
            transport.abort()

    async def drained(self) -> None:
        """Wait until all that was pushed is written, and the close too where there is one; not for ever."""
        if self._writer is not None:
            await asyncio.wait([self._writer], timeout=WRITE_BLOCKED_MS / 1000)

    # From the client

    def waited(self, seconds: float) -> None:
        """The server kept the client waiting so long: what piled up meanwhile came at its own pace, not too fast."""
        self._bucket += seconds * FRAMES_PER_SECOND
        self._bucket_at += seconds

    def is_over_limit(self, now: float) -> int:
        """Take a frame off the allowance: 0 if it may pass, else the milliseconds until one may."""
        # Without min() and max(): this is the hot path.
        refilled = self._bucket + (now - self._bucket_at) * FRAMES_PER_SECOND
        if refilled > BURST:
            refilled = float(BURST)
        if refilled > self._bucket:
            self._bucket = refilled
        self._bucket_at = now
        if self._bucket >= 1.0:
            self._bucket -= 1.0
            return 0
        if self._over_limit_since is None or now - self._over_limit_at > UNDER_LIMIT_SECONDS:
            self._over_limit_since = now
        self._over_limit_at = now
        if (now - self._over_limit_since) * 1000 > OVER_LIMIT_MS:
            self.close(CloseCode.TOO_MANY_FRAMES)
        return max(1, int((1.0 - self._bucket) / FRAMES_PER_SECOND * 1000))

    def check_time(self, now: float) -> None:
        """Close a connection that lets a time limit of the protocol pass. Called about every second."""
        quiet_ms = (now - self.heard_at) * 1000
        if self.close_code is not None:
            if (now - self.close_began) * 1000 > WRITE_BLOCKED_MS:
                self.abort()
        elif self._write_began and (now - self._write_began) * 1000 > self._write_limit_ms:
            self.close(CloseCode.TOO_SLOW)
            self.abort()  # the socket takes nothing, so it takes no close frame either
        elif self.credential is not None and self.credential.has_expired():
            self.close(CloseCode.CREDENTIALS_ENDED)
        elif not self.said_hello:
            if (now - self.connected_at) * 1000 > HELLO_WITHIN_MS:
                self.close(CloseCode.NO_HELLO)
        elif quiet_ms > SILENCE_MS and quiet_ms > self._silence_ms():
            self.close(CloseCode.SILENT)

    def _silence_ms(self) -> int:
        is_studied = any(held.timekeeper.state in ("engaged", "focus") for held in self.sessions.values())
        return SILENCE_MS if is_studied else IDLE_SILENCE_MS
