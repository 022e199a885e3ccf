"""Uvicorn's websocket protocol, with bounds where a client could make it hold memory without end, and last words that
arrive."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from realtime.protocol import UNREAD_BYTES

PIECES = 1_000
"""Of one fragmented message. The message's size is bounded by Uvicorn, but pieces may be empty."""
LINGER_SECONDS = 1.0


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """What the application never sees, and so can't bound: control frames, and messages that are not whole yet."""

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
