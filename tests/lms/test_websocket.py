"""Texts that are taken where they are read: the same, and in the same order, as websockets would have them."""

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from uvicorn import Config
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode

from lms import websocket

HANDSHAKE = (
    b"GET /ws/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SIZE = 1_000

# Each with what it is to the application: good samples, anything else, pieces of one text, a ping between its pieces.
kinds = st.sampled_from(["good", "other", "pieces", "pieces around a ping", "ping"])
bodies = st.text(min_size=1, max_size=SIZE // 4) | st.integers(120, 130).map(lambda size: "x" * size)
places = st.lists(st.tuples(st.integers(0, 7), st.sampled_from([0, 0, 0, 1, 2, 3, 5, 7, 40])), max_size=8)
conversations = st.lists(st.tuples(kinds, bodies), min_size=1, max_size=8)


class Wire(asyncio.Transport):
    """What the server writes to; what comes from the client is given to `data_received` by the test."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        self.is_closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.is_closed

    def can_write_eof(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Talk:
    """A conversation with the server: `seen` are the texts in the order in which the application had them."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.taken = 0
        self.is_free = False
        self.wire = Wire()

    async def application(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        scope["extensions"]["at_once"]["set"](self.takes)
        while True:
            self.is_free = True
            event = await receive()
            self.is_free = False
            if event["type"] == "websocket.disconnect":
                return
            self.seen.append(event["text"])

    def takes(self, text: bytes) -> bool:
        if not self.is_free or not text.startswith(b"good"):
            return False
        self.seen.append(text.decode())
        self.taken += 1
        return True

    async def hear(self, pieces: list[bytes]) -> None:
        config = Config(
            self.application,
            interface="asgi3",
            ws_max_size=SIZE,
            ws_per_message_deflate=False,
            ws_ping_interval=None,
            log_config=None,
        )
        self.server = websocket.BoundedWebSocket(config, ServerState(), {})
        self.server.connection_made(self.wire)
        for number, piece in enumerate([HANDSHAKE, *pieces]):
            self.server.data_received(piece)
            if number % 2 == 0:  # else the next piece is read before the application has its turn
                await asyncio.sleep(0)
                await asyncio.sleep(0)
        self.server.connection_lost(None)
        await asyncio.gather(*self.server.tasks)


def masked(opcode: Opcode, data: str, *, fin: bool = True) -> bytes:
    return Frame(opcode, data.encode(), fin).serialize(mask=True)


def wire_of(kind: str, text: str) -> bytes:
    ping = masked(Opcode.PING, text[:20])
    first, second = masked(Opcode.TEXT, text[:3], fin=False), masked(Opcode.CONT, text[3:])
    return {
        "good": masked(Opcode.TEXT, text),
        "other": masked(Opcode.TEXT, text),
        "pieces": first + second,
        "pieces around a ping": first + ping + second,
        "ping": ping,
    }[kind]


def cut(frames: list[bytes], places: list[tuple[int, int]]) -> list[bytes]:
    """In pieces, as TCP may bring them: cut so many bytes into this frame, at its beginning or within its header."""
    begins = list(accumulate(map(len, frames), initial=0))
    ends = {begins[number % len(frames)] + offset for number, offset in places}
    data = b"".join(frames)
    return [
        data[begin:end] for begin, end in pairwise(sorted({0, len(data), *(end for end in ends if end < len(data))}))
    ]


def talk_of(*pieces: bytes) -> Talk:
    talk = Talk()
    asyncio.run(talk.hear(list(pieces)))
    return talk


def heard(conversation: list[tuple[str, str]], places: list[tuple[int, int]]) -> tuple[Talk, list[str]]:
    sent = [(kind, f"{kind} {body}") for kind, body in conversation]
    talk = talk_of(*cut([wire_of(*message) for message in sent], places))
    return talk, [text for kind, text in sent if kind != "ping"]


@given(conversation=conversations, places=places)
@example(conversation=[("other", "x"), ("good", "x")], places=[(1, 0)])  # a good one behind what waits
@example(conversation=[("pieces", "x"), ("good", "x")], places=[(0, 9), (1, 0)])
def test_every_text_is_seen_once_and_in_order(
    conversation: list[tuple[str, str]], places: list[tuple[int, int]]
) -> None:
    talk, sent = heard(conversation, places)
    assert talk.seen == sent


@pytest.mark.parametrize("length", [0, 110, 125, 126, 300, SIZE - len("good ")])
def test_whole_good_texts_go_the_short_way(length: int) -> None:
    """Else nothing would tell when websockets names its parts differently one day: all would go the long way."""
    talk, sent = heard([("good", "x" * length)] * 3, [])
    assert talk.seen == sent
    assert talk.taken == 3


def test_a_text_in_two_parts_goes_the_long_way_and_the_next_the_short_one_again() -> None:
    talk, sent = heard([("good", "x")] * 3, [(0, 4)])
    assert talk.seen == sent
    assert talk.taken == 0  # the others came in the same read as the rest of the first

    frame = masked(Opcode.TEXT, "good")
    talk = talk_of(frame[:5], frame[5:], frame)
    assert (len(talk.seen), talk.taken) == (2, 1)


def test_a_text_that_is_too_long_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    talk, _ = heard([("good", "x" * SIZE)], [])
    assert not talk.seen
    assert b"\x03\xf1" in talk.wire.written  # 1009


def test_a_text_without_a_mask_is_refused() -> None:
    talk = talk_of(Frame(Opcode.TEXT, b"good" * 10).serialize(mask=False))
    assert not talk.seen
    assert b"\x03\xea" in talk.wire.written  # 1002


def test_a_text_amid_the_pieces_of_another_is_refused() -> None:
    talk = talk_of(masked(Opcode.TEXT, "pie", fin=False), masked(Opcode.TEXT, "good"))
    assert not talk.seen
    assert b"\x03\xea" in talk.wire.written  # 1002


def test_what_looks_like_a_text_within_another_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the control: a server that does not know where a frame begins takes it."""
    inner = masked(Opcode.TEXT, "good")
    header = bytes((0x81, 0x80 | len(inner), 0, 0, 0, 0))
    assert talk_of(header, inner).taken == 0
    monkeypatch.setattr(websocket, "is_between_frames", lambda conn: True)
    assert talk_of(header, inner).taken == 1


def test_a_connection_that_is_gone_is_not_left_to_the_garbage_collector() -> None:
    gc.disable()
    try:
        talk = talk_of(masked(Opcode.TEXT, "good"), masked(Opcode.TEXT, "other"))
        assert talk.taken == 1
        gone = weakref.ref(talk.server), weakref.ref(talk.server.conn)
        del talk.server
        assert [one() for one in gone] == [None, None]
    finally:
        gc.enable()
