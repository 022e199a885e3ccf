"""The websocket consumer: one client's conversation, from the accept of its socket to its end.

Thin: it reads frames in order, turns each into a call, and turns refusals into `error` frames. Samples go straight into
the recorder's memory, where the server can from where they are read (`lms/websocket.py`); only `hello` and
`session.open` wait for the database. What is pushed to the client goes its own way (`realtime/connection.py`), so a
handler that waits holds up nothing but this client's own next frame.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final, ParamSpec, TypeVar

from channels.consumer import AsyncConsumer
from django.db import InterfaceError, OperationalError

from courses import consumption, guidance, progress, sessions
from courses.errors import NotFound, SessionClosed, TooManySessions
from realtime import codec, hub, inbox, metrics, notifications, protocol, watching
from realtime.codec import BadFrame
from realtime.connection import Connection, Send
from realtime.handshake import authenticate, request_of, user_agent_of
from realtime.protocol import CloseCode, ErrorCode
from realtime.watch import Watch
from users.addresses import network_of
from users.errors import DomainError

RETRY_DATABASE_MS: Final = 2_000
SESSIONS_HELD: Final = 4 * protocol.SESSIONS
"""Live, or silent: then its samples may still reopen it, so it is held too, until a new one needs its place."""

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


def _connection(scope: dict[str, Any], send: Send) -> Connection:
    """Apart from the conversation, which would hold the request and its headers to its end."""
    request = request_of(scope)
    return Connection(send, user_agent=user_agent_of(request), ip_address=network_of(request))


class Consumer(AsyncConsumer):  # type: ignore[misc]  # channels ships no types
    """Serves `/ws/`.

    Channels' own loop hops through a shared thread for every message and makes a task for each (docs/decisions);
    so this consumer runs a loop of its own, and listens to no channel: hints come through the hub.
    """

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Send,
    ) -> None:
        self.hub = hub.current()
        self.scope = scope
        self.receive = receive
        self.bad_frames = 0  # in a row
        self.is_free = False  # it waits for the next frame
        self.connection = connection = _connection(scope, send)
        try:
            await receive()  # websocket.connect
            await self._accept(send)
            self.hub.enter(connection)
            await self._converse()
        except asyncio.CancelledError:
            if not connection.is_aborted:
                raise
        except Exception:
            log.exception("A connection ended by a fault")
            connection.close(CloseCode.SERVER_ERROR)
        finally:
            self.hub.leave(connection)
            with contextlib.suppress(asyncio.CancelledError):
                await connection.drained()

    async def _accept(self, send: Send) -> None:
        """Refusals happen after the accept, so that the client can read the close code."""
        offered = self.scope.get("subprotocols") or []
        is_served = not offered or protocol.SUBPROTOCOL in offered
        chosen = (protocol.SUBPROTOCOL if is_served else offered[0]) if offered else None
        await send({"type": "websocket.accept", "subprotocol": chosen})
        if not is_served:
            self.connection.close(CloseCode.UNKNOWN_SUBPROTOCOL)

    async def _converse(self) -> None:
        connection = self.connection
        if at_once := self.scope.get("extensions", {}).get("at_once"):
            at_once["set"](self._took)
            connection.write_at_once = at_once["write"]
        while True:
            self.is_free = True
            event = await self.receive()
            self.is_free = False
            if event["type"] == "websocket.disconnect":
                return
            if connection.close_code is not None or self.hub.is_draining:
                continue  # a client that keeps what was not acknowledged sends it again elsewhere
            now = monotonic()
            connection.heard_at = now
            text = event.get("text")
            if text is None:
                connection.close(CloseCode.BAD_FRAMES)
                continue
            retry_after_ms = connection.is_over_limit(now)
            try:
                frame = self._read(text)
            except BadFrame as error:
                self._refuse_bad(error, retry_after_ms)
                continue
            if retry_after_ms:
                self._refuse_over_limit(frame.ref, retry_after_ms)
                continue
            try:
                await self._handle(frame)
                self.bad_frames = 0
            except Exception as error:
                self._say_why(frame, error)

    def _took(self, text: bytes) -> bool:
        """Take samples where they were read, as nearly all can be: without a wait, in order, nothing before them.

        The same as `_converse` does with such a frame, which gets every other. The hot path.
        """
        connection = self.connection
        if not self.is_free or connection.close_code is not None or self.hub.is_draining:
            return False
        frame = codec.decode_samples(text)
        if frame is None:
            return False
        now = monotonic()
        held = connection.sessions.get(frame.session)
        if held is None or not held.is_live(now):
            return False
        connection.heard_at = now
        if retry_after_ms := connection.is_over_limit(now):
            self._refuse_over_limit(frame.ref, retry_after_ms)
            return True
        try:
            self.hub.recorder.take(held, frame.samples, now, ref=frame.ref)
            self.bad_frames = 0
        except Exception as error:
            self._say_why(frame, error)
        return True

    def _read(self, text: str) -> codec.ClientFrame:
        """The frame, if it may come now. Raises BadFrame; closes a connection that does not begin with `hello`."""
        has_entered = self.connection.credential is not None
        try:
            frame = codec.decode(text)
        except BadFrame as error:
            if not has_entered and not error.is_hello:
                self.connection.close(CloseCode.NOT_AUTHENTICATED)
            raise
        if has_entered and isinstance(frame, protocol.Hello):
            raise BadFrame(ErrorCode.BAD_FRAME, "type: hello comes once, as the first frame", frame.ref)
        if not has_entered and not isinstance(frame, protocol.Hello):
            self.connection.close(CloseCode.NOT_AUTHENTICATED)
            raise BadFrame(ErrorCode.BAD_FRAME, "type: the first frame is a hello", frame.ref)
        return frame

    def _refuse_bad(self, error: BadFrame, retry_after_ms: int = 0) -> None:
        if retry_after_ms:
            self._refuse_over_limit(error.ref, retry_after_ms)
            return
        self._refuse(protocol.Error(ref=error.ref, code=error.code, message=error.message))
        self.bad_frames += 1
        if self.bad_frames == protocol.BAD_FRAMES_IN_A_ROW:
            self.connection.close(CloseCode.BAD_FRAMES)

    def _refuse(self, error: protocol.Error) -> None:
        metrics.REFUSED.labels(error.code).inc()
        self.connection.push(error)

    def _refuse_over_limit(self, ref: str | None, retry_after_ms: int) -> None:
        self._refuse(
            protocol.Error(
                ref=ref,
                code=ErrorCode.RATE_LIMITED,
                message=f"More than {protocol.FRAMES_PER_SECOND} frames a second.",
                retry_after_ms=retry_after_ms,
            )
        )

    async def _handle(self, frame: codec.ClientFrame) -> None:
        """Carry out one frame."""
        match frame:
            case protocol.SessionSamples():
                await self._samples(frame, closes=False)
            case protocol.SessionClose():
                await self._samples(frame, closes=True)
            case protocol.Ping():
                self.connection.push(protocol.Pong(ref=frame.ref, server_time=datetime.now(UTC)))
            case protocol.SessionOpen():
                await self._open(frame)
            case protocol.NotificationsSeen():
                await self._seen(frame)
            case protocol.ContentComplete():
                await self._complete(frame)
            case protocol.ContentConsumed():
                await self._consumed(frame)
            case watching.WatchStart():
                await self._watch(frame)
            case watching.WatchStop():
                self.hub.watches.stop(self.connection, frame.course)
            case watching.Nudge() | watching.HelpRaise() | watching.HelpClear():
                await self._reach_out(frame)
            case protocol.Hello():
                await self._hello(frame)

    def _say_why(self, frame: codec.ClientFrame, error: Exception) -> None:
        """Answer a frame that was not carried out. Whatever it was, the conversation goes on."""
        if isinstance(error, DomainError) and error.code == ErrorCode.BAD_FRAME:
            self._refuse_bad(BadFrame(ErrorCode.BAD_FRAME, error.message, frame.ref))
            return
        self.bad_frames = 0
        if isinstance(error, DomainError):
            self._refuse(
                protocol.Error(ref=frame.ref, code=ErrorCode(error.code), message=error.message, **error.extra)
            )
        elif isinstance(error, OperationalError | InterfaceError):
            log.error("The database could not be reached for a %s: %s", type(frame).__name__, error)
            self._refuse(
                protocol.Error(
                    ref=frame.ref,
                    code=ErrorCode.RATE_LIMITED,
                    message="The server can't reach its database at the moment.",
                    retry_after_ms=RETRY_DATABASE_MS,
                )
            )
        else:
            log.error("A %s could not be carried out", type(frame).__name__, exc_info=error)
            self._refuse(
                protocol.Error(ref=frame.ref, code=ErrorCode.INTERNAL, message="Something went wrong on our side.")
            )

    async def _hello(self, hello: protocol.Hello) -> None:
        connection = self.connection
        connection.said_hello = True
        hints_before = self.hub.credential_hints
        try:
            credential = await self._in_database(authenticate, self.scope, hello.token)
            if credential is None:
                connection.close(CloseCode.NOT_AUTHENTICATED)
                return
            connection.credential = credential
            connection.device_type = hello.device_type or "unknown"
            # From here on hints reach it; so whatever is newer than what is read now.
            self.hub.admit(connection, hints_before=hints_before)
            standing = await self._in_database(inbox.standing, credential.user_id, hello.notifications_after)
        except (OperationalError, InterfaceError) as error:
            log.error("The database could not be reached for a hello: %s", error)
            connection.close(CloseCode.TRY_AGAIN_LATER)
            return
        connection.push(
            protocol.Welcome(
                ref=hello.ref,
                connection=connection.id,
                user=protocol.ConnectedUser(
                    id=credential.user_id,
                    username=credential.username,
                    role=credential.role,
                ),
                server_time=datetime.now(UTC),
                heartbeat_ms=protocol.HEARTBEAT_MS,
                idle_after_ms=protocol.IDLE_AFTER_MS,
                limits=protocol.Limits(),
                notifications=standing.head,
            )
        )
        self.hub.feed.begin(connection, standing)

    async def _seen(self, frame: protocol.NotificationsSeen) -> None:
        assert self.connection.credential is not None
        user_id = self.connection.credential.user_id
        await self._in_database(notifications.mark_seen, user_id=user_id, number=frame.number)
        self.hub.feed.look(inboxes={user_id})  # here without the way by Redis

    async def _complete(self, frame: protocol.ContentComplete) -> None:
        assert self.connection.credential is not None
        user_id = self.connection.credential.user_id
        done = await self._in_database(progress.complete_content, student_id=user_id, content_id=frame.content)
        if done.is_news:
            self.hub.feed.look(progress={user_id})  # here without the way by Redis
        else:
            self.hub.feed.repeat(self.connection, enrollment=done.enrollment, content=frame.content)

    async def _consumed(self, frame: protocol.ContentConsumed) -> None:
        assert self.connection.credential is not None
        user_id = self.connection.credential.user_id
        played = [(round(one.start * 1000), round(one.end * 1000)) for one in frame.ranges]
        await self._in_database(consumption.consume, student_id=user_id, item_id=frame.item, played=played)
        self.hub.feed.look(progress={user_id})

    async def _watch(self, frame: watching.WatchStart) -> None:
        assert self.connection.credential is not None
        user_id = self.connection.credential.user_id
        course = await self._in_database(guidance.watchable_course, slug=frame.course, user_id=user_id)
        watch = Watch(course=frame.course, ref=frame.ref, user_id=user_id)
        self.hub.watches.start(self.connection, watch, course_id=course.pk)

    async def _reach_out(self, frame: watching.Nudge | watching.HelpRaise | watching.HelpClear) -> None:
        assert self.connection.credential is not None
        user_id = self.connection.credential.user_id
        match frame:
            case watching.Nudge():
                await self._in_database(
                    guidance.nudge, user_id=user_id, enrollment_id=frame.enrollment, text=frame.text
                )
            case watching.HelpRaise():
                await self._in_database(guidance.raise_help, user_id=user_id, session_id=frame.session, text=frame.text)
                self._hear(frame.session)
            case watching.HelpClear():
                await self._in_database(guidance.clear_help, user_id=user_id, session_id=frame.session)
                self._hear(frame.session)

    def _hear(self, session_id: int) -> None:
        """A frame that names a session ends its silence. One whose lease ran out is reopened by samples only."""
        held = self.connection.sessions.get(session_id)
        now = monotonic()
        if held is not None and held.is_live(now):
            self.hub.recorder.hear(held, now)

    async def _open(self, frame: protocol.SessionOpen) -> None:
        connection, recorder = self.connection, self.hub.recorder
        assert connection.credential is not None
        mine = next((held for held in connection.sessions.values() if held.key == frame.key), None)
        if mine is None or not mine.is_live(monotonic()):
            self._make_room(for_new=mine is None)
        if mine is not None:
            await recorder.written(mine)
            mine.is_reopening = True
        asked = monotonic()
        try:
            row = await self._in_database(
                sessions.open_session,
                user_id=connection.credential.user_id,
                key=frame.key,
                course=frame.course,
                content=frame.content,
                device_type=frame.device_type or connection.device_type,
                user_agent=connection.user_agent,
                ip_address=connection.ip_address,
            )
        except (OperationalError, InterfaceError):
            if mine is not None:
                recorder.forget(mine)  # it may be open under a new epoch; the client asks again, and learns it
            raise
        finally:
            if mine is not None:
                mine.is_reopening = False
        if mine is not None:
            recorder.forget(mine)  # the client sends again what was not durable
        connection.push(protocol.SessionOpened(ref=frame.ref, now_ms=row.elapsed_ms, **row.counted()))
        recorder.hold(row, connection, asked=asked)

    def _make_room(self, *, for_new: bool) -> None:
        """Let go of the session that is silent longest when the connection can't hold one more beside it.

        Raises TooManySessions when it holds as many live ones as it may, or when those in the way are being closed.
        """
        held = [one for one in self.connection.sessions.values() if not one.closing]
        now = monotonic()
        live = sum(one.is_live(now) for one in held)
        is_full = for_new and len(self.connection.sessions) >= SESSIONS_HELD
        if live >= protocol.SESSIONS or (is_full and live == len(held)):
            raise TooManySessions(
                f"This connection holds {len(self.connection.sessions)} sessions already, {live} of them live."
                " Close one first.",
                retry_after_ms=sessions.RETRY_TOO_MANY_MS,
            )
        if is_full:
            oldest = min((one for one in held if not one.is_live(now)), key=lambda one: one.heard_at)
            del self.connection.sessions[oldest.id]
            self.hub.recorder.release(oldest)

    async def _samples(self, frame: protocol.SessionSamples | protocol.SessionClose, *, closes: bool) -> None:
        assert self.connection.credential is not None
        held = self.connection.sessions.get(frame.session)
        if held is None:
            await self._refuse_not_held(frame.session)
            return
        if not held.is_live(monotonic()) and not closes:
            self._make_room(for_new=False)
            await self._in_database(
                sessions.revive, user_id=self.connection.credential.user_id, key=held.key, epoch=held.epoch
            )
        self.hub.recorder.take(held, frame.samples, monotonic(), ref=frame.ref, closes=closes)

    async def _refuse_not_held(self, session_id: int) -> None:
        assert self.connection.credential is not None
        row = await self._in_database(sessions.find, user_id=self.connection.credential.user_id, session_id=session_id)
        if row is None:
            raise NotFound(f"session: you have no session {session_id}.")
        if not row.is_writable:
            raise SessionClosed(**row.counted())
        raise NotFound(f"session: this connection does not hold session {session_id}. Open its key first.")

    async def _in_database(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        began = monotonic()
        try:
            return await self.hub.in_database(function, *args, **kwargs)
        finally:
            self.connection.waited(monotonic() - began)
