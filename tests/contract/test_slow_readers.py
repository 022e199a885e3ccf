"""4008, and what else keeps a client from filling the server's memory: one that reads too slowly, or never ends."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

import psutil
import websockets

from tests.contract.conftest import Connect, eventually, lives, renumbered
from tests.people import token_of
from tests.site import Site, orm

if TYPE_CHECKING:
    from users.models import User


class Unread:
    """A client that says hello, asks for long answers, and reads none of them before `read_on`.

    Its system takes in `buffer` bytes for it: the less, the slower it reads later. Segments are as on a real line: of
    those of the loopback device the server's system would take in megabytes for it.
    """

    def __init__(self, site: Site, token: str, *, buffer: int = 4_096) -> None:
        self.site = site
        self.buffer = buffer
        self.token = token

    async def __aenter__(self) -> Self:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.buffer)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1_400)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.site.ports[0]))
        self.port: int = sock.getsockname()[1]
        self.socket = await websockets.connect(
            self.site.ws(0),
            sock=sock,
            additional_headers={"Authorization": f"Bearer {self.token}"},
            compression=None,
            ping_interval=None,
            max_queue=1,
            max_size=None,
            close_timeout=0,
        )
        await self.socket.send(json.dumps({"type": "hello"}))
        await self.socket.recv()
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.socket.transport.abort()

    async def ask(self, answers: int) -> None:
        """Ask for so many answers of some 500 bytes each, fast enough that all but the first are `rate_limited`."""
        question = json.dumps({"type": "ping", "ref": "\1" * 64})
        for _ in range(answers):
            await self.socket.send(question)

    async def read_on(self) -> int:
        """Read all there is; the close code."""
        with contextlib.suppress(websockets.ConnectionClosed):
            async for _ in self.socket:
                pass
        code = self.socket.close_code
        assert code is not None
        return code

    async def is_dropped(self, within: float) -> None:
        """Wait until the server has no such connection any more."""
        process = psutil.Process(self.site.pid(0))
        await eventually(
            lambda: all(not one.raddr or one.raddr.port != self.port for one in process.net_connections("tcp")), within
        )


async def test_4008_when_over_a_mebibyte_waits_for_the_client(connect: Connect, site: Site, ana: "User") -> None:
    process = psutil.Process(site.pid(0))
    neighbour = await connect(ana)
    async with Unread(site, await orm(token_of, ana)) as unread:
        before = process.memory_info().rss
        await unread.ask(20_000)
        await lives(neighbour)
        assert process.memory_info().rss - before < 6 * 2**20  # all the answers together are 10 MiB
        assert await unread.read_on() == 4008


async def test_a_write_blocked_for_long_drops_the_connection(
    connect: Connect, make_site: Callable[..., Site], ana: "User"
) -> None:
    """However little waits: here the other limits are out of reach, and this one is 2 s."""
    patient = make_site(**renumbered(WRITE_BLOCKED_MS=2_000, UNREAD_BYTES=2**40, FRAMES_PER_SECOND=10**6, BURST=10**6))
    async with Unread(patient, await orm(token_of, ana)) as unread:
        await unread.ask(20_000)
        await unread.is_dropped(within=10)
    await lives(await connect(ana, to=patient))


async def test_4008_may_be_a_dropped_connection_after_10_s(connect: Connect, site: Site, ana: "User") -> None:
    async with Unread(site, await orm(token_of, ana)) as unread:
        await unread.ask(20_000)
        await unread.is_dropped(within=25)


async def test_4008_when_the_answers_to_websocket_pings_wait(connect: Connect, site: Site, ana: "User") -> None:
    """They are no frames of the protocol, so no other limit sees them."""
    pings = (b"\x89\xfd\0\0\0\0" + b"x" * 125) * 1_000
    async with Unread(site, await orm(token_of, ana)) as unread:
        transport = unread.socket.transport
        transport.pause_reading()
        for _ in range(100):
            transport.write(pings)
            await eventually(lambda: transport.is_closing() or transport.get_write_buffer_size() == 0)
        await unread.is_dropped(within=10)


async def test_a_message_in_endless_empty_pieces_is_dropped(connect: Connect, ana: "User") -> None:
    """Its size stays below 16 KiB for ever, and so does the rate of frames."""
    learner = await connect(ana)
    learner.socket.transport.write(b"\x01\x81\0\0\0\0{" + b"\x00\x80\0\0\0\0" * 5_000)
    assert await learner.closed() in (1006, 1008, 1009)
