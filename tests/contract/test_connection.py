"""From the upgrade to `welcome`: subprotocols, who one is, what is refused and with which code."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from tests.conftest import session_of, token_of
from tests.contract.conftest import Connect
from tests.learner import Learner
from tests.site import Site, orm

if TYPE_CHECKING:
    from courses.models import Course
    from users.models import User

LIMITS = {"frame_bytes": 16_384, "samples_per_frame": 100, "frames_per_second": 20, "burst": 40, "sessions": 4}


def moment(text: str) -> datetime:
    """An instant as the wire writes it: in UTC, with a Z."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", text)
    return datetime.fromisoformat(text)


async def refused(learner: Learner, first: Any) -> int:
    """The code with which the first frame closes the connection; no frame may come before."""
    async with learner:
        await learner.send(first)
        code = await learner.closed()
    assert learner.frames == []
    return code


# Welcome


async def test_welcome_says_who_one_is_and_what_to_keep_to(site: Site, ana: "User") -> None:
    token = await orm(token_of, ana)
    async with Learner(site.ws(0), token=token) as learner:
        welcome = await learner.hello()
    server_time = moment(welcome.pop("server_time"))
    assert abs(datetime.now(UTC) - server_time) < timedelta(seconds=10)
    assert UUID(welcome.pop("connection")).version == 4
    assert welcome == {
        "type": "welcome",
        "user": {"id": ana.pk, "username": "ana", "role": "student"},
        "heartbeat_ms": 10_000,
        "idle_after_ms": 60_000,
        "limits": LIMITS,
        "notifications": {"head": 0, "seen": 0, "gap": False},
    }


async def test_each_connection_has_a_name_of_its_own(connect: Connect, ana: "User") -> None:
    one, two = await connect(ana), await connect(ana)
    assert one.frames[0]["connection"] != two.frames[0]["connection"]


async def test_an_instructor_is_welcomed_as_one(connect: Connect, ines: "User") -> None:
    assert (await connect(ines)).frames[0]["user"] == {"id": ines.pk, "username": "ines", "role": "instructor"}


async def test_a_ref_is_repeated_and_what_is_not_known_is_ignored(connect: Connect, site: Site, ana: "User") -> None:
    async with Learner(site.ws(0), token=await orm(token_of, ana)) as learner:
        assert (await learner.hello(ref="h", colour="blue", device_type="mobile"))["ref"] == "h"
        await learner.send({"type": "ping", "ref": "p" * 64, "future": {"deep": [1]}})
        pong = await learner.expect("pong", ref="p" * 64)
        assert pong.keys() == {"type", "ref", "server_time"}
        moment(pong["server_time"])
        await learner.send({"type": "ping"})
        assert (await learner.expect("pong")).keys() == {"type", "server_time"}


async def test_a_second_hello_is_a_bad_frame(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    await learner.send({"type": "hello", "ref": "again"})
    assert (await learner.expect_error("bad_frame", ref="again"))["message"].startswith("type: ")
    await learner.send({"type": "ping"})
    await learner.expect("pong")


async def test_a_bad_hello_may_be_said_again(site: Site, ana: "User") -> None:
    async with Learner(site.ws(0), token=await orm(token_of, ana)) as learner:
        await learner.send({"type": "hello", "ref": "h", "device_type": "fridge"})
        assert (await learner.expect_error("bad_frame", ref="h"))["message"].startswith("device_type: ")
        await learner.hello()


@pytest.mark.parametrize(
    ("head", "after", "gap"),
    [(57, None, False), (57, 57, False), (57, 58, True), (201, 0, True), (2**40, 2**53 - 1, True)],
)
async def test_welcome_says_where_the_notifications_stand(
    site: Site, ana: "User", head: int, after: int | None, gap: bool
) -> None:
    from realtime.models import NotificationCursor

    await orm(NotificationCursor.objects.create, user=ana, head=head, seen=40)
    async with Learner(site.ws(0), token=await orm(token_of, ana)) as learner:
        welcome = await learner.hello(notifications_after=after)
    assert welcome["notifications"] == {"head": head, "seen": 40, "gap": gap}


async def test_frames_are_carried_out_in_order_without_waiting_for_answers(
    site: Site, ana: "User", intro: "Course"
) -> None:
    async with Learner(site.ws(0)) as learner:
        frames: list[Any] = [
            {"type": "hello", "token": await orm(token_of, ana)},
            {"type": "session.open", "key": str(uuid4()), "course": "intro"},
            {"type": "ping"},
            {"type": "session.open", "key": str(uuid4()), "course": "nowhere"},
        ]
        for frame in frames:
            await learner.send(frame)
        await learner.expect_error("not_found")
        assert [frame["type"] for frame in learner.frames] == ["welcome", "session.opened", "pong", "error"]


# Subprotocols


@pytest.mark.parametrize("offered", [[], ["studybeat.v1"], ["studybeat.v9", "studybeat.v1", "chat"]])
async def test_v1_is_served_when_it_or_nothing_is_offered(site: Site, ana: "User", offered: list[str]) -> None:
    async with Learner(site.ws(0), token=await orm(token_of, ana), subprotocols=offered) as learner:
        assert learner.socket.subprotocol == ("studybeat.v1" if offered else None)
        await learner.hello()


async def test_4505_when_only_unknown_subprotocols_are_offered(site: Site, ana: "User") -> None:
    token = await orm(token_of, ana)
    async with Learner(site.ws(0), token=token, subprotocols=["studybeat.v9", "chat"]) as learner:
        assert learner.socket.subprotocol == "studybeat.v9"
        assert await learner.closed() == 4505
    assert learner.frames == []


# Who one is


async def test_a_token_may_come_in_the_header_or_in_hello(site: Site, ana: "User") -> None:
    token = await orm(token_of, ana)
    async with Learner(site.ws(0), token=token) as learner:
        await learner.hello()
    async with Learner(site.ws(0)) as learner:
        await learner.hello(token=token)
    async with Learner(site.ws(0), headers={"Authorization": f"bearer {token}"}) as learner:
        await learner.hello()


async def test_the_first_of_header_hello_and_cookie_counts(site: Site, ana: "User", ben: "User", ines: "User") -> None:
    header, hello, cookie = await orm(token_of, ana), await orm(token_of, ben), await orm(session_of, ines)
    async with Learner(site.ws(0), token=header, cookie=cookie, origin=site.http(0)) as learner:
        assert (await learner.hello(token=hello))["user"]["username"] == "ana"
    async with Learner(site.ws(0), cookie=cookie, origin=site.http(0)) as learner:
        assert (await learner.hello(token=hello))["user"]["username"] == "ben"
    async with Learner(site.ws(0), cookie=cookie, origin=site.http(0)) as learner:
        assert (await learner.hello())["user"]["username"] == "ines"


async def test_with_a_token_the_origin_is_not_judged(site: Site, ana: "User") -> None:
    token = await orm(token_of, ana)
    for origin in (None, "https://evil.example", "null"):
        async with Learner(site.ws(0), token=token, origin=origin) as learner:
            await learner.hello()


async def test_4500_without_any_credential(site: Site, ana: "User") -> None:
    assert await refused(Learner(site.ws(0), origin=site.http(0)), {"type": "hello"}) == 4500
    assert await refused(Learner(site.ws(0)), {"type": "hello", "token": None}) == 4500
    basic = {"Authorization": "Basic YW5hOnN0dWR5YmVhdA=="}
    assert await refused(Learner(site.ws(0), headers=basic), {"type": "hello"}) == 4500


async def test_4500_with_a_token_in_the_address(site: Site, ana: "User") -> None:
    token = await orm(token_of, ana)
    assert await refused(Learner(f"{site.ws(0)}?token={token}&access_token={token}"), {"type": "hello"}) == 4500


async def test_4500_with_a_bad_token_and_no_falling_back(site: Site, ana: "User") -> None:
    good, cookie = await orm(token_of, ana), await orm(session_of, ana)
    with_cookie: dict[str, Any] = {"cookie": cookie, "origin": site.http(0)}
    for token in ("sb_unknown", "", "x" * 200, good[:-1], good + "x"):
        assert await refused(Learner(site.ws(0), **with_cookie), {"type": "hello", "token": token}) == 4500
    for header in ("Bearer sb_unknown", "Bearer", "Bearer  ", f"Bearer {good} x", "bearer \xff"):
        learner = Learner(site.ws(0), headers={"Authorization": header}, **with_cookie)
        assert await refused(learner, {"type": "hello", "token": good}) == 4500


async def test_4500_with_an_expired_or_revoked_token_or_a_disabled_account(site: Site, ana: "User") -> None:
    from users import tokens

    _, token = await orm(tokens.issue, user=ana, name="old", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert await refused(Learner(site.ws(0), token=token), {"type": "hello"}) == 4500
    revoked, token = await orm(tokens.issue, user=ana, name="lost")
    await orm(tokens.revoke, revoked)
    assert await refused(Learner(site.ws(0), token=token), {"type": "hello"}) == 4500
    inactive, token = await orm(tokens.issue, user=ana, name="off")
    inactive.is_active = False
    await orm(inactive.save)
    assert await refused(Learner(site.ws(0), token=token), {"type": "hello"}) == 4500
    token, cookie = await orm(token_of, ana), await orm(session_of, ana)
    ana.is_active = False
    await orm(ana.save)
    assert await refused(Learner(site.ws(0), token=token), {"type": "hello"}) == 4500
    assert await refused(Learner(site.ws(0), cookie=cookie, origin=site.http(0)), {"type": "hello"}) == 4500


async def test_4500_with_a_cookie_that_names_no_session(site: Site, ana: "User") -> None:
    cookie = await orm(session_of, ana)
    for bad in ("", cookie[:-1], cookie + "x", "../../etc", "%00", "x" * 4_000):
        assert await refused(Learner(site.ws(0), cookie=bad, origin=site.http(0)), {"type": "hello"}) == 4500


async def test_4500_with_a_cookie_and_an_origin_of_another_site(site: Site, ana: "User") -> None:
    cookie = await orm(session_of, ana)
    here = site.http(0)
    elsewhere = [
        None,
        "null",
        "",
        "https://evil.example",
        here.replace("http:", "https:"),
        here + ".evil.example",
        here + "/",
        here.replace("127.0.0.1", "localhost"),
        here.replace("127.0.0.1", "evil@127.0.0.1"),
        site.http(1),
        "http://127.0.0.1",
        "http://[",
    ]
    for origin in elsewhere:
        headers = {"Origin": origin} if origin is not None else {}
        learner = Learner(site.ws(0), cookie=cookie, headers=headers)
        assert await refused(learner, {"type": "hello"}) == 4500, origin


async def test_a_cookie_counts_from_origins_that_the_site_trusts(
    make_site: Callable[..., Site], site: Site, ana: "User"
) -> None:
    trusting = make_site(env={"CSRF_TRUSTED_ORIGINS": "https://app.example.org,https://*.example.net"})
    cookie = await orm(session_of, ana)
    for origin in ("https://app.example.org", "https://a.b.example.net", trusting.http(0)):
        async with Learner(trusting.ws(0), cookie=cookie, origin=origin) as learner:
            await learner.hello()
    for origin in ("http://app.example.org", "https://x.app.example.org", "https://app.example.org:444"):
        assert await refused(Learner(trusting.ws(0), cookie=cookie, origin=origin), {"type": "hello"}) == 4500


# The first frame


FIRST_FRAMES = [
    {"type": "ping"},
    {"type": "session.open", "key": str(uuid4()), "course": "intro"},
    {"type": "session.samples", "session": 1, "samples": []},
    {"type": "nope"},
    {"type": "ping", "ref": 5},
    {},
    "not JSON",
    "",
    '"hello"',
    '["hello"]',
    "[" * 16_000,
]


async def test_4500_when_the_first_frame_is_no_hello(site: Site, ana: "User") -> None:
    token = await orm(token_of, ana)
    codes = await asyncio.gather(*(refused(Learner(site.ws(0), token=token), first) for first in FIRST_FRAMES))
    assert codes == [4500] * len(FIRST_FRAMES)


async def test_nothing_sent_after_the_refusal_is_looked_at(site: Site, ana: "User") -> None:
    async with Learner(site.ws(0), token=await orm(token_of, ana)) as learner:
        for frame in ({"type": "ping"}, {"type": "hello"}, {"type": "ping"}):
            await learner.send(frame)
        assert await learner.closed() == 4500
    assert learner.frames == []
