"""Uvicorn's websocket protocol, with bounds where a client could make it hold memory without end, last words that
arrive, and a short way for what the application can take at once."""

from collections.abc import Callable

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from realtime.protocol import UNREAD_BYTES

PIECES = 1_000
"""Of one fragmented message. The message's size is bounded by Uvicorn, but pieces may be empty."""
LINGER_SECONDS = 1.0


TakesAtOnce = Callable[[bytes], bool]
"""Asked for each text as it is read, while none waits before it: whether that is all that is to be done about it."""


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """What the application never sees, and so can't bound: control frames, and messages that are not whole yet.

    By `scope["extensions"]["at_once"]["set"]` it may say what it takes at once: that does not go through the queue and
    the application's task, which cost more than most messages (docs/decisions/0089).
    """

    at_once: TakesAtOnce | None = None

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["extensions"]["at_once"] = {"set": self.set_at_once}

    def set_at_once(self, takes: TakesAtOnce) -> None:
        self.at_once = takes

    def connection_lost(self, exc: Exception | None) -> None:
        self.at_once = None  # it holds the application, which holds this
        super().connection_lost(exc)

    def handle_text(self, event: Frame) -> None:
        is_alone = event.fin and self.queue.empty() and not self.close_sent
        if not (is_alone and self.at_once is not None and self.at_once(bytes(event.data))):
            super().handle_text(event)

    def handle_ping(self) -> None:
        """A pong is written whether or not the client reads; one that doesn't is dropped."""
        if self.transport.get_write_buffer_size() > UNREAD_BYTES:
            self.transport.abort()
        else:
            super().handle_ping()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= PIECES:
            self.transport.abort()
        else:
            super().handle_cont(event)

    def handle_parser_exception(self) -> None:
        """Close because of what was received (1009, 1007, 1002), so that the client can read the code.

        It may still be sending. To close a socket with unread data resets it, and the reset overtakes the close frame:
        so read on for a moment, and discard.
        """
        assert self.conn.close_sent is not None
        self.queue.put_nowait({"type": "websocket.disconnect", "code": self.conn.close_sent.code})
        self.close_sent = True
        self.transport.write(b"".join(self.conn.data_to_send()))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def data_received(self, data: bytes) -> None:
        if self.conn.parser_exc is None:
            super().data_received(data)
