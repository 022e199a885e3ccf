"""Every row of the close table that comes after `welcome`, each with its cause."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import websockets

from lms.devservices import Postgres
from tests.conftest import session_of
from tests.contract.conftest import AT_ONCE_SECONDS, Connect, lives, row_of, until
from tests.learner import Learner
from tests.people import PASSWORD
from tests.site import Site, orm

if TYPE_CHECKING:
    from users.models import User

PING = {"type": "ping"}
BAD = {"type": "nope"}


async def engaged(learner: Learner, state: str = "engaged") -> int:
    """Open a session and send a sample of this state; its number."""
    session: int = (await learner.open(course="intro"))["session"]
    await learner.samples(session, [(1, 0, state, 0)])
    await learner.expect("session.ack", session=session, seq=1)
    return session


# 4001: draining


async def test_4001_comes_after_bye_and_after_the_last_acks(connect: Connect, site: Site, ana: "User") -> None:
    learners = [await connect(ana) for _ in range(3)]
    sessions = [await engaged(learner) for learner in learners]
    for learner, session in zip(learners, sessions, strict=True):
        await learner.samples(session, [(2, 500, "focus", 0), (3, 900, "idle", 1)])
        await lives(learner)  # so the server has the samples
    stopping = asyncio.create_task(asyncio.to_thread(site.stop, 0))
    for learner, session in zip(learners, sessions, strict=True):
        assert await learner.closed() == 4001
        bye = await learner.expect("bye")
        assert bye.keys() == {"type", "reconnect_after_ms"}
        assert 0 <= bye["reconnect_after_ms"] < 10_000
        assert await learner.expect("session.ack", session=session, seq=3)
        assert (await orm(row_of, session)).acked_seq == 3
    await stopping


async def test_a_drained_session_goes_on_at_once_on_the_other_process(
    connect: Connect, site: Site, ana: "User"
) -> None:
    learner = await connect(ana)
    key = "5f0e3c1e-6f0d-4a58-9d0c-2d2c0d0f7a11"
    session = (await learner.open(course="intro", key=key))["session"]
    await learner.samples(session, [(1, 0, "engaged", 0)])
    await lives(learner)
    stopping = asyncio.create_task(asyncio.to_thread(site.stop, 0))
    assert await learner.closed() == 4001
    after = await connect(ana, 1)
    opened = await after.open(course="intro", key=key)
    assert (opened["session"], opened["seq"]) == (session, 1)
    await stopping


async def test_who_comes_while_the_process_drains_is_sent_on(
    connect: Connect, site: Site, postgres: Postgres, ana: "User"
) -> None:
    """It drains as long as samples wait to be stored."""
    learner = await connect(ana)
    session = await engaged(learner)
    postgres.suspend()
    await learner.samples(session, [(2, 500, "idle", 0)])
    await lives(learner)
    stopping = asyncio.create_task(asyncio.to_thread(site.stop, 0))
    await learner.expect("bye")
    async with Learner(site.ws(0)) as late:
        await late.expect("bye")
        assert await late.closed() == 4001
    assert learner.seen("session.ack", seq=2) == []
    postgres.resume()
    assert await learner.closed() == 4001
    await learner.expect("session.ack", session=session, seq=2)
    await stopping


# 4012: nothing heard. The quick site's limits are 2 s, and 5 s where nobody studies.


async def silent_for(learner: Learner) -> float:
    """Seconds from before its last frame to the close."""
    began = time.monotonic()
    await lives(learner)
    assert await learner.closed() == 4012
    return time.monotonic() - began


async def test_4012_when_nothing_is_heard(connect: Connect, quick_site: Site, ana: "User") -> None:
    learners = [await connect(ana, to=quick_site) for _ in range(5)]
    empty, focused, studying, away, talking = learners
    await engaged(focused, "focus")
    await engaged(studying, "engaged")
    await engaged(away, "idle")

    async def talk() -> None:
        while True:
            await lives(talking)
            await asyncio.sleep(0.5)

    talk_on = asyncio.create_task(talk())
    seconds = await asyncio.gather(*map(silent_for, (empty, focused, studying, away)))
    await lives(talking)
    talk_on.cancel()
    for long in (seconds[0], seconds[3]):
        assert 4.5 < long < 8
    for short in seconds[1:3]:
        assert 1.5 < short < 4.5


# 4013: over the frame limit for 10 s on end, whatever the frames are


async def test_4013_over_the_frame_limit_on_end(connect: Connect, quick_site: Site, ana: "User") -> None:
    learner = await connect(ana, to=quick_site)

    async def insist() -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await learner.send(PING)
                await asyncio.sleep(0.01)

    began = time.monotonic()
    insisting = asyncio.create_task(insist())
    assert await learner.closed() == 4013
    assert 2 < time.monotonic() - began < 8
    await insisting
    assert learner.seen("error", code="rate_limited")


async def test_bursts_over_the_frame_limit_with_a_pause_between_are_not_on_end(
    connect: Connect, quick_site: Site, ana: "User"
) -> None:
    learner = await connect(ana, to=quick_site)
    for burst in range(1, 4):
        for _ in range(80):
            await learner.send(PING)
        await asyncio.sleep(1.5)
        await lives(learner)
        assert len(learner.seen("error", code="rate_limited")) >= burst


async def test_bad_frames_beyond_the_limit_count_as_too_many_frames(
    connect: Connect, quick_site: Site, ana: "User"
) -> None:
    learner = await connect(ana, to=quick_site)
    for _ in range(60):
        await learner.send(PING)
    await learner.expect_error("rate_limited")

    async def insist() -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await learner.send(PING)
                await learner.send(BAD)
                await asyncio.sleep(0.02)

    insisting = asyncio.create_task(insist())
    assert await learner.closed() == 4013
    await insisting


# 4501: ten in a row that could not be read, or a binary frame


async def test_4501_after_ten_bad_frames_in_a_row(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    frames: list[Any] = ["not JSON", BAD, {"type": "ping", "ref": 5}, "[]", {"type": "hello"}]
    for frame in frames * 2:
        await learner.send(frame)
    assert await learner.closed() == 4501
    codes = [frame["code"] for frame in learner.seen("error")]
    assert codes == ["bad_json", "unknown_type", "bad_frame", "bad_frame", "bad_frame"] * 2


async def test_a_good_frame_after_nine_bad_ones_begins_the_count_anew(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    for _ in range(3):
        for _ in range(9):
            await learner.send(BAD)
        await lives(learner)
        await asyncio.sleep(0.5)  # ten frames, at twenty a second
    assert len(learner.seen("error", code="unknown_type")) == 27


async def test_a_frame_that_was_refused_for_another_reason_is_no_bad_frame(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    for _ in range(12):
        await learner.send({"type": "session.samples", "session": 2**53 - 1, "samples": []})
    await lives(learner)
    assert len(learner.seen("error", code="not_found")) == 12


@pytest.mark.parametrize("data", [b"", b'{"type":"ping"}', b"\0\xff"])
async def test_4501_for_a_binary_frame(connect: Connect, ana: "User", data: bytes) -> None:
    learner = await connect(ana)
    await learner.send(data)
    assert await learner.closed() == 4501
    assert learner.seen("pong") == []


# 4502: no hello


async def test_4502_without_a_hello(site: Site, quick_site: Site, ana: "User") -> None:
    async def wait_for_the_end(url: str) -> float:
        async with Learner(url) as learner:
            began = time.monotonic()
            assert await learner.closed() == 4502
            return time.monotonic() - began

    seconds, quick_seconds = await asyncio.gather(wait_for_the_end(site.ws(0)), wait_for_the_end(quick_site.ws(0)))
    assert 10 <= seconds < 13
    assert 1.5 <= quick_seconds < 4.5


# 4503: the credentials ended. The request that ends them goes to the other process.


async def test_4503_when_the_token_is_deleted(connect: Connect, site: Site, ana: "User") -> None:
    from users import tokens

    kept = await connect(ana)
    token, raw = await orm(tokens.issue, user=ana, name="lost phone")
    async with Learner(site.ws(0), token=raw) as lost, httpx.AsyncClient(trust_env=False) as http:
        await lost.hello()
        answer = await http.delete(
            f"{site.http(1)}/api/v1/tokens/{token.pk}/", headers={"Authorization": kept.headers["Authorization"]}
        )
        assert answer.status_code == 204
        assert await lost.closed(within=AT_ONCE_SECONDS) == 4503
    await lives(kept)


async def test_4503_when_its_browser_signs_out(site: Site, ana: "User") -> None:
    cookies = [await orm(session_of, ana) for _ in range(2)]
    browser, other = (Learner(site.ws(0), cookie=cookie, origin=site.http(0)) for cookie in cookies)
    async with browser, other, httpx.AsyncClient(trust_env=False) as http:
        await browser.hello()
        await other.hello()
        csrf = "c" * 32
        answer = await http.post(
            f"{site.http(1)}/api/v1/logout/",
            headers={"Cookie": f"sessionid={cookies[0]}; csrftoken={csrf}", "X-CSRFToken": csrf},
        )
        assert answer.status_code == 204, answer.text
        assert await browser.closed(within=AT_ONCE_SECONDS) == 4503
        await lives(other)


async def test_4503_when_the_account_is_disabled_or_the_password_changed(
    connect: Connect, site: Site, ana: "User", ben: "User"
) -> None:
    by_token = [await connect(ana), await connect(ben, 1)]
    by_cookie = []
    for user in (ana, ben):
        learner = Learner(site.ws(0), cookie=await orm(session_of, user), origin=site.http(0))
        by_cookie.append(await learner.connect())
        await learner.hello()
    ana.is_active = False
    await orm(ana.save)
    ben.set_password("another one, long enough")
    await orm(ben.save)
    assert (
        await asyncio.gather(*(learner.closed(within=AT_ONCE_SECONDS) for learner in (*by_token, *by_cookie)))
        == [4503] * 4
    )


async def test_4503_when_the_token_expires(site: Site, ana: "User") -> None:
    """Nothing is announced then: each process knows the time itself."""
    from users import tokens

    soon = datetime.now(UTC) + timedelta(seconds=3)
    _, raw = await orm(tokens.issue, user=ana, name="for a moment", expires_at=soon)
    async with Learner(site.ws(0), token=raw) as first, Learner(site.ws(1), token=raw) as second:
        for learner in (first, second):
            await learner.hello()
        codes = await asyncio.gather(*(learner.closed(within=3 + AT_ONCE_SECONDS) for learner in (first, second)))
        assert codes == [4503] * 2
        assert datetime.now(UTC) >= soon


@pytest.mark.parametrize("by", ["change", "reset", "close"])
async def test_4503_when_the_user_changes_or_resets_the_password_or_closes_the_account(
    connect: Connect, site: Site, ana: "User", ben: "User", by: str
) -> None:
    from users import links

    bens, phone, browser = (
        await connect(ben),
        await connect(ana, 0),
        Learner(site.ws(1), cookie=await orm(session_of, ana), origin=site.http(1)),
    )
    new = "a long one, of words"
    async with browser, httpx.AsyncClient(base_url=site.http(1), trust_env=False, timeout=60) as http:
        await browser.hello()
        headers = {"Authorization": phone.headers["Authorization"]}
        if by == "change":
            body = {"password": PASSWORD, "new_password": new}
            answer = await http.post("/api/v1/password/change/", json=body, headers=headers)
        elif by == "reset":
            body = {"token": await orm(links.reset_secret, ana), "password": new}
            answer = await http.post("/api/v1/password/reset/confirm/", json=body)
        else:
            answer = await http.request("DELETE", "/api/v1/me/", json={"password": PASSWORD}, headers=headers)
        assert answer.status_code == 204, answer.text
        codes = await asyncio.gather(*(learner.closed(within=AT_ONCE_SECONDS) for learner in (phone, browser)))
    assert codes == [4503] * 2
    await lives(bens)


async def test_what_was_sent_before_the_credentials_ended_is_kept(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    session = await engaged(learner)
    await learner.samples(session, [(2, 10, "idle", 0)])
    await lives(learner)
    ana.set_password("another one, of words")
    await orm(ana.save)
    assert await learner.closed() == 4503
    await orm(until, lambda: row_of(session).acked_seq == 2)


# 4504: over 20 connections of this user on a process


async def test_4504_for_the_oldest_of_21_connections(connect: Connect, ana: "User", ben: "User") -> None:
    others = await connect(ben), await connect(ana, 1)
    mine = [await connect(ana) for _ in range(20)]
    await mine[3].close()
    mine.append(await connect(ana))
    await lives(mine[0])
    newest = await connect(ana)
    assert await mine[0].closed() == 4504
    for learner in (*others, *mine[1:3], *mine[4:], newest):
        await lives(learner)


# 1009 and 1007: the frame itself


async def test_1009_for_a_frame_over_16_kib(connect: Connect, ana: "User") -> None:
    most = '{"type":"ping","pad":"' + "x" * (16_384 - 24) + '"}'
    assert len(most) == 16_384
    learner = await connect(ana)
    await learner.send(most)
    await learner.expect("pong")
    await learner.send(most + " ")
    assert await learner.closed() == 1009


async def test_1009_for_bytes_not_characters_and_for_all_fragments_together(connect: Connect, ana: "User") -> None:
    wide, many = await connect(ana), await connect(ana)
    await wide.send('{"type":"ping","pad":"' + "€" * 6_000 + '"}')
    await many.socket.send(['{"type":"ping","pad":"', *("x" * 1_000 for _ in range(17)), '"}'])
    assert await asyncio.gather(wide.closed(), many.closed()) == [1009, 1009]


async def test_a_frame_in_fragments_is_one_frame(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    await learner.socket.send(['{"type":"pi', 'ng","ref":"in ', 'pieces"}'])
    await learner.expect("pong", ref="in pieces")


@pytest.mark.parametrize("data", [b'{"type":"ping","ref":"\xff"}', b'"\xed\xa0\x80"', b"\xc0\xaf", b"\xf0\x9f\x98"])
async def test_1007_for_text_that_is_not_utf_8(connect: Connect, ana: "User", data: bytes) -> None:
    learner = await connect(ana)
    await learner.socket.send(data, text=True)
    assert await learner.closed() == 1007
    assert learner.seen("error") == []


@pytest.mark.parametrize("field", [b'"ref":"\xff"', b'"future":"\xff"', b'"future":"\xed\xa0\x80"', b'"\xff":1'])
async def test_1007_for_samples_that_are_not_utf_8(connect: Connect, ana: "User", field: bytes) -> None:
    """Of a session that is held: these are read where they come in."""
    learner = await connect(ana)
    session = (await learner.open(course="intro"))["session"]
    await learner.socket.send(b'{"type":"session.samples","session":%d,"samples":[],%s}' % (session, field), text=True)
    assert await learner.closed() == 1007
    assert learner.seen("session.ack") == []
