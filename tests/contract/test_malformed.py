"""Whatever a client sends: it gets its exact answer, its neighbours notice nothing, and nothing of it stays.

The table is the one that the protocol's own tests use (tests/realtime/malformed.py); here it goes over the wire.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import websockets

from tests.conftest import token_of
from tests.contract.conftest import Connect, eventually
from tests.learner import Frame, Learner
from tests.realtime.malformed import MALFORMED, Malformed, sampling, without
from tests.site import Site, orm

if TYPE_CHECKING:
    from users.models import User

ACK_WITHIN_SECONDS = 1.0
ATTACKERS = 400
MEMORY_RETURNS_TO = 6 * 2**20
"""A connection takes some 28 KiB, and most attacks bring more: if they were kept, it would be twice this."""


def is_text(text: str) -> bool:
    """Half a surrogate pair is no text: no websocket delivers it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


TABLE = [row for row in MALFORMED if is_text(row.text)]


class Neighbour:
    """A learner who studies on, a sample at a time, and notes how long each ack took."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner
        self.seconds: list[float] = []

    @asynccontextmanager
    async def studying(self) -> AsyncIterator["Neighbour"]:
        session = (await self.learner.open(course="intro"))["session"]
        task = asyncio.create_task(self._study(session))
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        assert len(self.seconds) >= 2
        assert max(self.seconds) < ACK_WITHIN_SECONDS, self.seconds
        assert self.learner.seen("error") == []
        await self.learner.close_session(session)

    async def _study(self, session: int) -> None:
        seq = 0
        while True:
            seq += 1
            began = monotonic()
            await self.learner.samples(session, [(seq, seq * 10, "engaged", 1)])
            await self.learner.expect("session.ack", session=session, seq=seq)
            self.seconds.append(monotonic() - began)
            await asyncio.sleep(0.1)


async def answer(connect: Connect, user: "User", text: str) -> Frame:
    """What a connection of its own gets for this text; that connection lives on."""
    learner = await connect(user)
    await learner.send(text)
    error = await learner.expect("error")
    await learner.send({"type": "ping", "ref": "alive"})
    await learner.expect("pong", ref="alive")
    await learner.close()
    return error


def is_right(error: Frame, row: Malformed) -> bool:
    return (
        error.keys() == {"type", "ref", "code", "message"}
        and (error["code"], error["ref"]) == (row.code, row.ref)
        and error["message"].startswith(row.begins)
        and len(error["message"]) <= 300
    )


async def test_each_malformed_frame_gets_its_exact_answer(connect: Connect, ana: "User", ben: "User") -> None:
    assert len(TABLE) >= 60
    async with Neighbour(await connect(ben)).studying():
        answers = [(row, await answer(connect, ana, row.text)) for row in TABLE]
    assert [(row, error) for row, error in answers if not is_right(error, row)] == []


async def test_a_malformed_frame_changes_nothing_of_the_session_it_names(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    session = (await learner.open(course="intro"))["session"]
    fields: list[dict[str, Any]] = [{"at": 1.5}, {"seq": "3"}, {"state": "asleep"}, {"interactions": -1}, {"at": 2**53}]
    for field in fields:
        await learner.send(sampling(session=session, **field))  # the first of its two samples is a good one
        assert (await learner.expect_error("bad_frame"))["message"].startswith("samples[1].")
    await learner.send(without("type", sampling(session=session)))
    assert (await learner.expect_error("bad_frame"))["message"].startswith("type: ")
    await learner.send({"type": "session.samples", "session": session, "samples": []})
    assert (await learner.expect("session.ack"))["seq"] == 0


async def test_the_largest_numbers_that_fit_are_taken(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    session = (await learner.open(course="intro"))["session"]
    await learner.samples(session, [(1, 2**53 - 1, "engaged", 2**53 - 1), (2, 0, "idle", 2**53 - 1)])
    ack = await learner.expect("session.ack", seq=2)
    assert ack["duration_ms"] == 0
    await learner.samples(session, [(n, 2**53 - 1, "focus", 2**53 - 1) for n in range(3, 103)])
    ack = await learner.expect("session.ack", seq=102)
    assert ack["duration_ms"] < 20_000
    assert ack["interactions"] <= 50 * 20


@pytest.mark.parametrize("data", ["bad frames", "frames over 16 KiB", "binary frames", "broken text", "no websocket"])
async def test_memory_returns_after_thousands_and_a_neighbour_notices_nothing(
    connect: Connect, site: Site, ana: "User", ben: "User", data: str
) -> None:
    attack = {
        "bad frames": send_bad_frames,
        "frames over 16 KiB": send_large_frames,
        "binary frames": send_binary_frames,
        "broken text": send_broken_text,
        "no websocket": send_no_websocket,
    }[data]
    neighbour = await connect(ben)
    async with Neighbour(neighbour).studying():
        assert await growth(site, attack, await orm(token_of, ana)) < MEMORY_RETURNS_TO


async def test_memory_that_does_not_return_is_seen(make_site: Callable[..., Site], ana: "User") -> None:
    """By the attack that brings the least."""
    forgetless = make_site(app="tests.faults.plants:keeps_every_connection")
    assert await growth(forgetless, send_no_websocket, await orm(token_of, ana)) > MEMORY_RETURNS_TO


async def growth(site: Site, attack: Callable[[Site, str, int], Awaitable[None]], token: str) -> int:
    """By how many bytes the process has grown when all connections of an attack are gone."""
    process = psutil.Process(site.pid(0))
    await attack(site, token, 50)  # what is made once is made
    connections = len(process.net_connections("tcp"))
    before = process.memory_info().rss
    await attack(site, token, ATTACKERS)
    await eventually(lambda: sum(bool(one.raddr) for one in process.net_connections("tcp")) <= connections)
    grown: int = process.memory_info().rss - before
    return grown


async def send_bad_frames(site: Site, token: str, connections: int) -> None:
    """Each connection sends forty frames of the table, which closes it after ten."""
    for start in range(connections):
        async with Learner(site.ws(0), token=token) as learner:
            await learner.hello()
            with contextlib.suppress(websockets.ConnectionClosed):
                for n in range(40):
                    await learner.send(TABLE[(start * 40 + n) % len(TABLE)].text)
            assert await learner.closed() == 4501


async def send_large_frames(site: Site, token: str, connections: int) -> None:
    for _ in range(connections):
        async with Learner(site.ws(0), token=token, write_limit=2**22) as learner:
            await learner.hello()
            with contextlib.suppress(websockets.ConnectionClosed):
                await learner.send(json.dumps({"type": "ping", "pad": "x" * 2**18}))
            assert await learner.closed() in (1009, 1006)  # reset, while it still sent


async def send_binary_frames(site: Site, token: str, connections: int) -> None:
    for _ in range(connections):
        async with Learner(site.ws(0), token=token) as learner:
            await learner.hello()
            with contextlib.suppress(websockets.ConnectionClosed):
                for _ in range(10):
                    await learner.send(b"\0" * 16_000)
            assert await learner.closed() == 4501


async def send_broken_text(site: Site, token: str, connections: int) -> None:
    for _ in range(connections):
        async with Learner(site.ws(0), token=token) as learner:
            await learner.hello()
            await learner.socket.send(b'{"type":"ping","ref":"\xff"}' + b" " * 16_000, text=True)
            assert await learner.closed() == 1007


async def send_no_websocket(site: Site, token: str, connections: int) -> None:
    """Frames that break RFC 6455 itself: unmasked, reserved bits, an unknown opcode, a control frame too long."""
    broken = [b"\x81\x02{}", b"\xf1\x80\0\0\0\0", b"\x83\x80\0\0\0\0", b"\x89\xfe\x10\0" + b"\0" * 4_100, b"\xff" * 64]
    for number in range(connections):
        async with Learner(site.ws(0), token=token) as learner:
            await learner.hello()
            learner.socket.transport.write(broken[number % len(broken)])
            assert await learner.closed() == 1002
