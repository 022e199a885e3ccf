"""Uvicorn's websocket protocol, with bounds where a client could make it hold memory without end, last words that
arrive, and a short way in and out for what needs no wait."""

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, apply_mask  # type: ignore[attr-defined]  # in C where it can be
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol
from websockets.streams import StreamReader

from realtime.protocol import UNREAD_BYTES

PIECES = 1_000
"""Of one fragmented message. The message's size is bounded by Uvicorn, but pieces may be empty."""
LINGER_SECONDS = 1.0

# RFC 6455, 5.2: the first byte of a text that is whole in one frame; the bit in the second that says it is masked;
# the length that stands for "the next two bytes tell it"; and what header and key take at least.
WHOLE_TEXT, MASKED, LENGTH_FOLLOWS, SHORT_HEADER = 0x81, 0x80, 126, 6

TakesAtOnce = Callable[[bytes], bool]
"""Asked for each text as it is read, while none waits before it: whether that is all that is to be done about it."""


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """What the application never sees, and so can't bound: control frames, and messages that are not whole yet.

    The application finds a short way among its scope's extensions, `at_once` (docs/decisions/0089). By `set` it says
    what it takes at once: that goes neither through websockets' parser nor through the queue and the application's
    task, which cost more than most messages. `write` is the same for a text to the client.
    """

    at_once: TakesAtOnce | None = None

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["extensions"]["at_once"] = {"set": self.set_at_once, "write": self.write_at_once}

    def set_at_once(self, takes: TakesAtOnce) -> None:
        self.at_once = takes

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of what leads back here: what is in no cycle is gone at once, and Python looks for cycles seldom."""
        self.at_once = None
        if hasattr(self, "scope"):  # it has shaken hands
            self.scope["extensions"].pop("at_once", None)
        self.conn.parser.close()
        super().connection_lost(exc)

    def write_at_once(self, text: bytes) -> bool:
        """Write this text if the socket takes it now: whether it did. Not while an earlier write waits."""
        if not self.writable.is_set() or self.disconnected or self.conn.state is not OPEN:
            return False
        self.conn.send_text(text)
        self.transport.write(b"".join(self.conn.data_to_send()))
        return True

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
        if self.at_once is not None and self.queue.empty():
            data = self._not_taken(data, self.at_once)
        if data and self.conn.parser_exc is None:
            super().data_received(data)

    def _not_taken(self, data: bytes, takes: TakesAtOnce) -> bytes:
        """Offer the application the whole texts at the beginning of `data`. Returns what it leaves, for websockets.

        They are read here by RFC 6455, 5.2, in a quarter of the time, and only where one may begin: not inside of a
        frame or of a fragmented message, nor after a close.
        """
        conn = self.conn
        if conn.state is not OPEN or conn.current_size is not None or not is_between_frames(conn):
            return data
        begin, size = 0, len(data)
        while size - begin > SHORT_HEADER and data[begin] == WHOLE_TEXT:
            key, length = begin + 2, data[begin + 1] - MASKED
            if length == LENGTH_FOLLOWS:
                key, length = begin + 4, int.from_bytes(data[begin + 2 : begin + 4])
            elif not 0 <= length < LENGTH_FOLLOWS:
                break
            end = key + 4 + length
            if end > size or length > self.config.ws_max_size:
                break
            if not takes(apply_mask(data[key + 4 : end], data[key : key + 4])):
                break
            begin = end
        return data[begin:]


def is_between_frames(conn: ServerProtocol) -> bool:
    """Whether the next byte begins a frame: then websockets waits at `at_eof`, with nothing of one in hand."""
    parser: Any = conn.parser
    reading = getattr(parser.gi_yieldfrom, "gi_yieldfrom", None)
    return getattr(reading, "gi_code", None) is StreamReader.at_eof.__code__
