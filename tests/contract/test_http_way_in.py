"""Samples over HTTP: the same rules, and the connection that holds the session keeps it."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import httpx
import pytest

from courses.models import Content, Course, LearningSession
from tests.contract.conftest import AT_ONCE_SECONDS, fall_silent, row_of, sweep
from tests.learner import Learner
from tests.people import enroll, make_course, session_of, token_of
from tests.site import Site, orm
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

Samples = list[tuple[int, int, str, int]]


def body(samples: Samples, **fields: Any) -> dict[str, Any]:
    names = ("seq", "at", "state", "interactions")
    return {"samples": [dict(zip(names, sample, strict=True)) for sample in samples], **fields}


def ms(value: int) -> timedelta:
    return timedelta(milliseconds=value)


class Caller:
    """A page without a socket, or beside one."""

    def __init__(self, site: Site, token: str, number: int = 0) -> None:
        self.http = httpx.AsyncClient(
            base_url=site.http(number), headers={"Authorization": f"Bearer {token}"}, trust_env=False
        )

    async def post(self, key: str, samples: Samples, **fields: Any) -> httpx.Response:
        return await self.http.post(f"/api/v1/sessions/{key}/samples/", json=body(samples, **fields))


@pytest.fixture
def key() -> str:
    return str(uuid.uuid4())


async def test_a_page_that_never_had_a_socket_records(
    site: Site, ana: User, intro: Course, content: Content, key: str
) -> None:
    caller = Caller(site, await orm(token_of, ana))
    anchor = await caller.post(key, [], open={"course": "intro", "content": content.pk})
    assert anchor.status_code == 200, anchor.text
    assert anchor.json().keys() == {
        "session", "now_ms", "seq", "duration_ms", "focus_ms", "engaged_ms", "idle_ms", "unknown_ms", "interactions",
    }  # fmt: skip

    first = await caller.post(key, [(1, 0, "engaged", 0), (2, 1500, "idle", 0)])
    assert first.json() | {"now_ms": 0} == {
        "session": anchor.json()["session"], "now_ms": 0, "seq": 2, "duration_ms": 1500, "focus_ms": 1500,
        "engaged_ms": 1500, "idle_ms": 0, "unknown_ms": 0, "interactions": 0,
    }  # fmt: skip
    repeated = await caller.post(key, [(2, 1500, "idle", 0), (3, 1900, "focus", 0)], close=True)
    assert (repeated.json()["seq"], repeated.json()["idle_ms"]) == (3, 400)

    after_close = await caller.post(key, [(4, 2000, "idle", 0)])
    assert (after_close.status_code, after_close.json()["code"], after_close.json()["seq"]) == (
        409,
        "session_closed",
        3,
    )
    row = await orm(LearningSession.objects.select_related("enrollment").get, key=key)
    assert (row.end_reason, row.is_settled) == ("closed", True)
    assert row.enrollment.total_time_spent.total_seconds() == 1.5


async def test_a_key_is_read_as_in_a_frame(site: Site, ana: User, intro: Course, key: str) -> None:
    token = await orm(token_of, ana)
    async with Learner(site.ws(), token=token) as learner:
        await learner.hello()
        session = (await learner.open(course="intro", key=key))["session"]
    caller = Caller(site, token)
    for written in (key, key.upper(), key.replace("-", "")):
        assert (await caller.post(written, [])).json()["session"] == session
    unreadable = await caller.post("no-uuid", [])
    assert (unreadable.status_code, unreadable.json()["code"]) == (400, "bad_frame")
    assert unreadable.json()["detail"].startswith("key: ")


async def test_a_hole_is_409_gap_and_nothing_is_counted(site: Site, ana: User, intro: Course, key: str) -> None:
    caller = Caller(site, await orm(token_of, ana))
    await caller.post(key, [(1, 0, "focus", 0)], open={"course": "intro"})
    hole = await caller.post(key, [(3, 1000, "focus", 0)])
    assert (hole.status_code, hole.json()["code"], hole.json()["expect"]) == (409, "gap", 2)
    assert (await orm(LearningSession.objects.get, key=key)).acked_seq == 1


async def test_an_unknown_key_without_open_is_not_found(site: Site, ana: User, intro: Course, key: str) -> None:
    answer = await Caller(site, await orm(token_of, ana)).post(key, [(1, 0, "focus", 0)])
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("other", [{"course": "other"}, {"course": "nope"}, {"course": "intro", "content": 10**9}])
async def test_a_key_names_one_session_of_one_course_and_content(
    site: Site, ines: User, ana: User, intro: Course, content: Content, key: str, other: dict[str, Any]
) -> None:
    enrollment = await orm(lambda: enroll(ana, make_course(ines, "other")))
    caller = Caller(site, await orm(token_of, ana))
    await caller.post(key, [(1, 0, "focus", 0)], open={"course": "intro", "content": content.pk})
    again = await caller.post(key, [(2, 1, "focus", 0)], open={"course": "intro"})
    assert (again.status_code, again.json()["seq"]) == (200, 2)
    answer = await caller.post(key, [(3, 2, "focus", 0)], open=other)
    assert (answer.status_code, answer.json()["code"]) == (409, "bad_frame")
    row = await orm(LearningSession.objects.get, key=key)
    assert (row.acked_seq, row.enrollment_id != enrollment.pk) == (2, True)


async def test_the_holder_keeps_its_session_and_counts_on_from_what_was_posted(
    site: Site, ana: User, intro: Course, key: str
) -> None:
    token = await orm(token_of, ana)
    async with Learner(site.ws(0), token=token) as learner:
        await learner.hello()
        session = (await learner.open(course="intro", key=key))["session"]
        await learner.samples(session, [(1, 0, "engaged", 0)])
        await learner.expect("session.ack", seq=1)

        posted = await Caller(site, token, number=1).post(key, [(2, 500, "engaged", 0), (3, 1000, "engaged", 0)])
        assert posted.json()["engaged_ms"] == 1000

        # The holder's next frame begins below, then beyond what it knows to be durable: both are judged by the row.
        await learner.samples(session, [(2, 500, "engaged", 0), (3, 1000, "engaged", 0), (4, 1200, "idle", 0)])
        assert (await learner.expect("session.ack", seq=4))["engaged_ms"] == 1200
        await Caller(site, token, number=1).post(key, [(5, 1500, "idle", 0)])
        await learner.samples(session, [(6, 1700, "idle", 0)])
        assert (await learner.expect("session.ack", seq=6))["idle_ms"] == 500
        assert not learner.seen("session.lost")
        assert not learner.seen("error")


async def test_posts_out_of_order_and_repeated_on_two_processes_count_as_if_in_order(
    site: Site, ana: User, intro: Course, key: str
) -> None:
    """A beacon may overtake what was sent before it: it is refused whole, and counts when it comes again."""
    token = await orm(token_of, ana)
    callers = [Caller(site, token, number) for number in (0, 1)]
    await callers[0].post(key, [], open={"course": "intro"})
    letters: list[Samples] = [
        [(1, 0, "engaged", 1), (2, 400, "focus", 0)],
        [(3, 700, "idle", 0)],
        [(4, 900, "engaged", 2), (5, 1_000, "idle", 0)],
    ]
    codes = []
    for turn, number in enumerate([2, 0, 2, 1, 0, 2, 1, 2, 0]):
        answer = await callers[turn % 2].post(key, letters[number])
        codes.append(answer.json().get("code", "taken"))
    assert codes == ["gap", "taken", "gap", *["taken"] * 6]
    row = await orm(LearningSession.objects.get, key=key)
    assert (row.acked_seq, row.interactions_count) == (5, 3)
    assert (row.engaged_time, row.focus_time, row.idle_time) == (ms(500), ms(800), ms(200))
    assert row.unknown_time == ms(0)


async def test_a_post_that_closes_ends_it_for_its_holder_too(site: Site, ana: User, intro: Course, key: str) -> None:
    """A page's last words, come by another process before its socket's last frame."""
    token = await orm(token_of, ana)
    async with Learner(site.ws(0), token=token) as learner:
        await learner.hello()
        session = (await learner.open(course="intro", key=key))["session"]
        await learner.samples(session, [(1, 0, "engaged", 0)])
        await learner.expect("session.ack", seq=1)
        closed = await Caller(site, token, number=1).post(key, [(2, 800, "idle", 0)], close=True)
        assert closed.json()["engaged_ms"] == 800
        await learner.samples(session, [(2, 800, "idle", 0), (3, 900, "idle", 0)])
        refused = await learner.expect_error("session_closed")
        assert (refused["seq"], refused["engaged_ms"], refused["idle_ms"]) == (2, 800, 0)
    again = await Caller(site, token).post(key, [(2, 800, "idle", 0)], close=True)
    assert (again.status_code, again.json()["code"]) == (409, "session_closed")
    row = await orm(LearningSession.objects.get, key=key)
    assert (row.end_reason, row.ended_at) == ("closed", row.started_at + ms(800))


async def test_a_session_that_a_post_closed_makes_room_at_once_where_it_was_held(
    site: Site, ana: User, intro: Course, key: str
) -> None:
    token = await orm(token_of, ana)
    async with Learner(site.ws(0), token=token) as learner:
        await learner.hello()
        keys = [key, *(str(uuid.uuid4()) for _ in range(3))]
        session, *_ = [(await learner.open(course="intro", key=one))["session"] for one in keys]
        answer = await Caller(site, token, number=1).post(key, [(1, 0, "idle", 0)], close=True)
        assert answer.status_code == 200
        opening = {"type": "session.open", "ref": "fifth", "key": str(uuid.uuid4()), "course": "intro"}
        async with asyncio.timeout(AT_ONCE_SECONDS):
            while not learner.seen("session.opened", ref="fifth"):
                await learner.send(opening)
                await asyncio.sleep(0.1)
        assert {error["code"] for error in learner.seen("error")} <= {"too_many_sessions"}
        await learner.samples(session, [(2, 5, "idle", 0)])
        assert (await learner.expect_error("session_closed"))["seq"] == 1


async def test_a_session_whose_lease_ran_out_goes_on_by_a_post(site: Site, ana: User, intro: Course, key: str) -> None:
    caller = Caller(site, await orm(token_of, ana))
    session = (await caller.post(key, [], open={"course": "intro"})).json()["session"]
    await caller.post(key, [(1, 0, "engaged", 0), (2, 1_000, "engaged", 0)])
    await orm(fall_silent, session, 46)
    await orm(sweep)
    assert (await orm(row_of, session)).end_reason == "lease"
    answer = await caller.post(key, [(3, 1_200, "idle", 0)])
    assert (answer.status_code, answer.json()["engaged_ms"]) == (200, 1_200)
    row = await orm(row_of, session)
    assert (row.end_reason, row.ended_at) == ("", None)


async def test_posts_and_frames_of_the_same_samples_at_once_count_once(
    site: Site, ana: User, intro: Course, key: str
) -> None:
    token = await orm(token_of, ana)
    async with Learner(site.ws(0), token=token) as learner:
        await learner.hello()
        session = (await learner.open(course="intro", key=key))["session"]
        callers = [Caller(site, token, number) for number in (0, 1)]
        for seq in range(1, 15):
            sample = [(seq, seq * 100, "engaged", 0)]
            answers = await asyncio.gather(
                learner.samples(session, sample), *(caller.post(key, sample) for caller in callers)
            )
            assert [answer.status_code for answer in answers[1:]] == [200, 200]
        assert (await learner.expect("session.ack", seq=14))["engaged_ms"] == 1300


async def test_the_cookie_needs_an_origin_that_the_site_allows(site: Site, ana: User, intro: Course, key: str) -> None:
    cookie = await orm(session_of, ana)
    statuses = []
    for origin in (site.http(), "http://elsewhere.example", None):
        headers = {"Cookie": f"sessionid={cookie}"} | ({"Origin": origin} if origin else {})
        async with httpx.AsyncClient(base_url=site.http(), headers=headers, trust_env=False) as http:
            answer = await http.post(f"/api/v1/sessions/{key}/samples/", json=body([], open={"course": "intro"}))
            statuses.append(answer.status_code)
    assert statuses == [200, 403, 403]


@pytest.mark.parametrize(
    ("text", "status", "code", "begins"),
    [
        ("{", 400, "bad_json", "the frame is not JSON"),
        (b"\xff{}", 400, "bad_json", "the body is not UTF-8"),
        ("[]", 400, "bad_frame", "a frame is a JSON object"),
        ('{"samples":[{"seq":0,"at":0,"state":"idle","interactions":0}]}', 400, "bad_frame", "samples[0].seq: "),
        ('{"samples":[],"open":{"course":5}}', 400, "bad_frame", "open.course: "),
        ('{"samples":[],"close":1}', 400, "bad_frame", "close: "),
        ("{" + " " * 16_384 + "}", 413, "too_large", ""),
    ],
)
async def test_what_can_not_be_read_is_refused_by_name(
    site: Site, ana: User, key: str, text: str | bytes, status: int, code: str, begins: str
) -> None:
    http = Caller(site, await orm(token_of, ana)).http
    answer = await http.post(f"/api/v1/sessions/{key}/samples/", content=text)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["detail"].startswith(begins)


async def test_without_access_it_is_refused(site: Site, ana: User, chidi: User, intro: Course, key: str) -> None:
    stranger = await Caller(site, await orm(token_of, chidi)).post(key, [], open={"course": "intro"})
    assert (stranger.status_code, stranger.json()["code"]) == (403, "not_enrolled")
    async with httpx.AsyncClient(base_url=site.http(), trust_env=False) as nobody:
        answer = await nobody.post(f"/api/v1/sessions/{key}/samples/", json=body([]))
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
