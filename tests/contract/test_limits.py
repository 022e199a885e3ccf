"""How many sessions a connection and a user may have, how often they may begin one, and how many frames may come."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.contract.asking import PLAIN, answer_to, opening, refusal, sampling
from tests.contract.conftest import Connect, fall_silent, row_of
from tests.learner import Frame, Learner
from tests.site import Site, orm

if TYPE_CHECKING:
    from courses.models import Course
    from users.models import User


# too_many_sessions


async def test_a_connection_holds_four_live_sessions(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    opened = [await learner.open(course="intro") for _ in range(4)]
    error = await refusal(learner, "too_many_sessions", opening())
    assert error.keys() == PLAIN | {"retry_after_ms"}
    assert 0 < error["retry_after_ms"] <= 60_000
    key = (await orm(row_of, opened[0]["session"])).key
    await learner.open(course="intro", key=str(key))  # the same one anew is none more
    await refusal(learner, "too_many_sessions", opening())
    await learner.close_session(opened[1]["session"])
    await learner.open(course="intro")
    await (await connect(ana)).open(course="intro")


async def test_a_user_has_twenty_live_sessions_on_all_connections(connect: Connect, ana: "User", ben: "User") -> None:
    learners = [await connect(ana, number % 2) for number in range(6)]
    keys = [[str(uuid4()) for _ in range(4)] for _ in range(5)]

    async def open_all(learner: Learner, keys: list[str]) -> None:
        for key in keys:
            await learner.open(course="intro", key=key)

    await asyncio.gather(*map(open_all, learners, keys))
    last = learners[5]
    error = await refusal(last, "too_many_sessions", opening())
    assert error.keys() == PLAIN | {"retry_after_ms"}
    assert error["retry_after_ms"] > 0
    await (await connect(ben)).open(course="intro")
    resumed = await last.open(course="intro", key=keys[0][0])  # none more either
    await last.close_session(resumed["session"])
    await last.open(course="intro")
    await refusal(last, "too_many_sessions", opening())


async def test_twenty_of_many_opens_at_once_are_let_in(connect: Connect, ana: "User") -> None:
    learners = [await connect(ana, number % 2) for number in range(7)]

    async def open_one(learner: Learner) -> str:
        ref = uuid4().hex
        await learner.send({**opening(), "ref": ref})
        answer = await answer_to(learner, ref)
        return str(answer.get("code", answer["type"]))

    answers = await asyncio.gather(*(open_one(learner) for learner in learners * 4))
    assert sorted(answers) == ["session.opened"] * 20 + ["too_many_sessions"] * 8


async def test_sessions_whose_lease_ran_out_are_not_live(connect: Connect, ana: "User") -> None:
    from courses.models import LearningSession

    learners = [await connect(ana) for _ in range(5)]
    for learner in learners:
        for _ in range(4):
            await learner.open(course="intro")
    last = await connect(ana)
    await refusal(last, "too_many_sessions", opening())
    forgotten = [frame["session"] for frame in learners[0].seen("session.opened")]
    from django.db.models import F

    await orm(
        LearningSession.objects.filter(pk__in=forgotten).update, last_heard_at=F("last_heard_at") - timedelta(minutes=1)
    )
    for _ in range(4):
        await last.open(course="intro")
    await refusal(last, "too_many_sessions", opening())


async def open_when_silent(learner: Learner, frame: Frame) -> tuple[Frame, set[str]]:
    """The `session.opened` of an open that is repeated until there is room, and the codes that refused it."""
    refused = set()
    async with asyncio.timeout(10):
        while True:
            ref = uuid4().hex
            await learner.send({**frame, "ref": ref})
            answer = await answer_to(learner, ref)
            if answer["type"] == "session.opened":
                return answer, refused
            refused.add(answer["code"])
            await asyncio.sleep(0.2)


async def test_a_connection_may_open_others_when_its_sessions_fell_silent(
    connect: Connect, quick_site: Site, ana: "User"
) -> None:
    """The quick site's lease is 2 s. Its silent sessions it holds on to: a sample reopens one where there is room."""
    learner = await connect(ana, to=quick_site)
    keys = [str(uuid4()) for _ in range(4)]
    silent = [(await learner.open(course="intro", key=key))["session"] for key in keys]
    answer, refused = await open_when_silent(learner, opening())
    assert refused == {"too_many_sessions"}
    for session in silent[:3]:
        await learner.samples(session, [(1, 0, "idle", 0)])  # its lease is longer
        await learner.expect("session.ack", session=session, seq=1)
    await learner.samples(answer["session"], [(1, 0, "idle", 0)])
    await learner.expect("session.ack", session=answer["session"], seq=1)
    error = await refusal(learner, "too_many_sessions", sampling(silent[3], (1, 0, "idle", 0)))
    assert error["retry_after_ms"] > 0
    await refusal(learner, "too_many_sessions", opening())
    await refusal(learner, "too_many_sessions", {**opening(), "key": keys[3]})
    await learner.close_session(silent[0])
    await learner.samples(silent[3], [(1, 0, "idle", 0)])
    await learner.expect("session.ack", session=silent[3], seq=1)


async def test_a_connection_that_holds_sixteen_lets_go_of_the_one_silent_longest(
    connect: Connect, quick_site: Site, ana: "User"
) -> None:
    learner = await connect(ana, to=quick_site)
    keys = [str(uuid4()) for _ in range(17)]
    opened: list[int] = []
    for key in keys:
        answer, _ = await open_when_silent(learner, {**opening(), "key": key})
        opened.append(answer["session"])
        if len(opened) == 4:  # all are live; the first is heard again, so the second is silent longest
            await learner.samples(opened[0], [(1, 0, "focus", 0)])
            await learner.expect("session.ack", session=opened[0], seq=1)
    error = await refusal(learner, "not_found", sampling(opened[1], (1, 0, "focus", 0)))
    assert "Open its key first" in error["message"]
    await learner.close_session(opened[0])  # held still
    again, _ = await open_when_silent(learner, {**opening(), "key": keys[1]})
    assert again["session"] == opened[1]
    await learner.samples(opened[1], [(1, 0, "focus", 0)])
    await learner.expect("session.ack", session=opened[1], seq=1)


async def test_a_silent_session_does_not_reopen_beyond_twenty_of_a_user(
    connect: Connect, quick_site: Site, ana: "User", intro: "Course"
) -> None:
    first = await connect(ana, to=quick_site)
    silent = (await first.open(course="intro"))["session"]
    await asyncio.sleep(2.2)  # its lease, to its holder
    await orm(fall_silent, silent, 60)
    for _ in range(5):
        other = await connect(ana)
        for _ in range(4):
            await other.open(course="intro")
    await refusal(first, "too_many_sessions", sampling(silent, (1, 0, "engaged", 0)))
    await other.close_session(other.seen("session.opened")[0]["session"])
    await first.samples(silent, [(1, 0, "engaged", 0)])
    await first.expect("session.ack", session=silent, seq=1)


# rate_limited


async def test_forty_frames_at_once_then_twenty_a_second(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    await asyncio.sleep(0.2)  # so that what hello took is there again
    began = asyncio.get_running_loop().time()
    for number in range(120):
        await learner.send({"type": "ping", "ref": f"{number}"})
    answers = [await answer_to(learner, f"{number}") for number in range(120)]
    took = asyncio.get_running_loop().time() - began
    assert [answer["type"] for answer in answers[:40]] == ["pong"] * 40
    passed = sum(answer["type"] == "pong" for answer in answers)
    assert passed <= 41 + 20 * took
    refused = [answer for answer in answers if answer["type"] == "error"]
    for answer in refused:
        assert answer.keys() == PLAIN | {"retry_after_ms"}
        assert answer["code"] == "rate_limited"
        assert 1 <= answer["retry_after_ms"] <= 50
    await asyncio.sleep(0.3)  # six frames
    for _ in range(5):
        await learner.send({"type": "ping", "ref": "later"})
        await learner.expect("pong", ref="later")


async def test_what_is_refused_for_its_rate_is_not_carried_out(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    session = (await learner.open(course="intro"))["session"]
    for seq in range(1, 101):
        await learner.send({**sampling(session, (seq, seq, "engaged", 0)), "ref": str(seq)})
    first = await learner.expect_error("rate_limited")
    refused = int(first["ref"])
    assert refused > 20
    await learner.expect("session.ack", seq=refused - 1)
    await asyncio.sleep(0.2)
    gap = await refusal(learner, "gap", sampling(session, (101, 101, "focus", 0)))
    assert gap["expect"] == refused
    assert all(error["code"] == "rate_limited" or error["expect"] == refused for error in learner.seen("error"))


async def test_a_user_makes_sixty_new_keys_a_minute(
    connect: Connect, ana: "User", ben: "User", intro: "Course"
) -> None:
    await orm(sixty_keys_of, ana, intro)
    learner = await connect(ana, 1)
    error = await refusal(learner, "rate_limited", opening())
    assert error.keys() == PLAIN | {"retry_after_ms"}
    assert 40_000 < error["retry_after_ms"] <= 60_000
    await (await connect(ben)).open(course="intro")


def sixty_keys_of(user: "User", course: "Course") -> None:
    """As if this user had opened and closed sixty sessions a moment ago."""
    from courses.models import CourseEnrollment, LearningSession

    enrollment: CourseEnrollment = CourseEnrollment.objects.get(student=user, course=course)
    rows = LearningSession.objects.bulk_create(
        LearningSession(user=user, enrollment=enrollment, key=uuid4()) for _ in range(60)
    )
    for row in rows:
        row.ended_at, row.end_reason, row.is_settled = row.started_at, "closed", True
    LearningSession.objects.bulk_update(rows, ["ended_at", "end_reason", "is_settled"])
