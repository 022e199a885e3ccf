"""Every row of the error table that a well-made frame can cause. What is no frame: test_malformed.py."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.utils import timezone

from tests.contract.conftest import ACK_FIELDS, Connect, counted, eventually, fall_silent, row_of
from tests.learner import Frame, Learner, as_frames
from tests.site import Site, orm

if TYPE_CHECKING:
    from courses.models import Content, Course
    from users.models import User

PLAIN = {"type", "ref", "code", "message"}


async def refusal(learner: Learner, code: str, frame: Frame) -> Frame:
    """The error that answers this frame. It repeats its `ref`, and the connection lives on."""
    ref = uuid4().hex
    await learner.send({**frame, "ref": ref})
    error = await learner.expect("error", ref=ref)
    assert error["code"] == code, error
    assert 0 < len(error["message"]) <= 300
    await learner.send({"type": "ping", "ref": ref})
    await learner.expect("pong", ref=ref)
    return error


async def answer_to(learner: Learner, ref: str) -> Frame:
    """The pong or the error that repeats this `ref`."""
    answers: list[Frame] = []

    def has_come() -> bool:
        answers[:] = [frame for frame in learner.frames if frame.get("ref") == ref]
        return bool(answers)

    await eventually(has_come)
    return answers[0]


def opening(course: str = "intro", **fields: Any) -> Frame:
    return {"type": "session.open", "key": str(uuid4()), "course": course, **fields}


def sampling(session: int, *samples: tuple[int, int, str, int], type: str = "session.samples") -> Frame:
    return {"type": type, "session": session, "samples": as_frames(list(samples))}


async def test_a_refusal_without_a_ref_says_null(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    await learner.send(sampling(4_711))
    assert (await learner.expect_error("not_found")).items() >= {"ref": None}.items()


# not_found


async def test_not_found_for_sessions_that_are_not_there_or_not_held_or_not_yours(
    connect: Connect, ana: "User", ben: "User"
) -> None:
    anas, bens, anas_other = await connect(ana), await connect(ben), await connect(ana, 1)
    session = (await bens.open(course="intro"))["session"]
    mine = (await anas_other.open(course="intro"))["session"]
    for number in (0, session + 1_000, 2**31, 2**53 - 1, session, mine):
        for type in ("session.samples", "session.close"):
            error = await refusal(anas, "not_found", sampling(number, (1, 0, "engaged", 0), type=type))
            assert error.keys() == PLAIN
    for number in (session, mine):
        assert (await orm(row_of, number)).acked_seq == 0


async def test_an_archived_content_is_finished_but_not_begun(connect: Connect, ana: "User", content: "Content") -> None:
    learner = await connect(ana)
    key = str(uuid4())
    session = (await learner.open(course="intro", content=content.pk, key=key))["session"]
    await orm(archive, content)
    assert (await learner.open(course="intro", content=content.pk, key=key))["session"] == session
    await refusal(learner, "not_found", opening(content=content.pk))


def archive(content: "Content") -> None:
    content.archived_at = timezone.now()
    content.save()


async def test_not_found_for_a_course_or_content_that_is_not_there(
    connect: Connect, ana: "User", chidi: "User", ines: "User", content: "Content"
) -> None:
    from courses.models import Content
    from tests.conftest import make_course

    learner = await connect(ana)
    other = await orm(make_course, ines, "another")
    elsewhere = await orm(Content.objects.filter(module__course=other).first)
    assert elsewhere is not None
    assert (await refusal(learner, "not_found", opening("no-such-course"))).keys() == PLAIN
    for number in (0, content.pk + 10_000, 2**53 - 1, elsewhere.pk):
        assert (await refusal(learner, "not_found", opening(content=number))).keys() == PLAIN


async def test_a_draft_is_not_found_by_those_who_are_not_in_it(
    connect: Connect, chidi: "User", ines: "User", admin: "User"
) -> None:
    from tests.conftest import make_course

    await orm(make_course, ines, "draft", status="draft")
    await refusal(await connect(chidi), "not_found", opening("draft"))
    await refusal(await connect(ines), "not_enrolled", opening("draft"))
    await refusal(await connect(admin), "not_enrolled", opening("draft"))


# not_enrolled


async def test_not_enrolled_for_who_is_not_and_for_the_preview_of_owner_and_staff(
    connect: Connect, chidi: "User", ines: "User", admin: "User", content: "Content"
) -> None:
    from courses.models import LearningSession

    for user in (chidi, ines, admin):
        learner = await connect(user)
        assert (await refusal(learner, "not_enrolled", opening())).keys() == PLAIN
        assert (await refusal(learner, "not_enrolled", opening(content=content.pk))).keys() == PLAIN
    assert await orm(LearningSession.objects.count) == 0


@pytest.mark.parametrize("status", ["pending", "paused", "withdrawn", "rejected"])
async def test_not_enrolled_without_access(connect: Connect, chidi: "User", intro: "Course", status: str) -> None:
    from tests.conftest import enroll

    await orm(enroll, chidi, intro, status)
    await refusal(await connect(chidi), "not_enrolled", opening())


@pytest.mark.parametrize("status", ["enrolled", "completed"])
@pytest.mark.parametrize("course_status", ["published", "archived"])
async def test_those_with_access_may_open(
    connect: Connect, chidi: "User", intro: "Course", status: str, course_status: str
) -> None:
    from tests.conftest import enroll

    await orm(enroll, chidi, intro, status)
    intro.status = course_status
    await orm(intro.save)
    await (await connect(chidi)).open(course="intro")


# gap


async def test_gap_says_what_to_expect_and_nothing_of_the_frame_is_applied(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    session = (await learner.open(course="intro"))["session"]
    for hole in ([(2, 0, "engaged", 0)], [(1, 0, "engaged", 0), (3, 5, "focus", 0)], [(2**31 - 1, 0, "idle", 0)]):
        error = await refusal(learner, "gap", sampling(session, *hole))
        assert error.keys() == PLAIN | {"expect"}
        assert error["expect"] == 1
    await learner.samples(session, [(1, 0, "engaged", 0)])
    assert (await learner.expect("session.ack"))["seq"] == 1
    assert (await refusal(learner, "gap", sampling(session, (1, 0, "idle", 0), (3, 9, "idle", 0))))["expect"] == 2
    error = await refusal(learner, "gap", sampling(session, (3, 20, "focus", 0), type="session.close"))
    assert error["expect"] == 2
    row = await orm(row_of, session)
    assert (row.acked_seq, row.state, row.end_reason) == (1, "engaged", "")
    closed = await learner.close_session(session, [(2, 10, "focus", 0), (3, 20, "focus", 0)])
    assert (closed["seq"], closed["duration_ms"]) == (3, 20)


async def test_a_hole_that_the_next_frame_would_fill_is_a_gap_all_the_same(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    session = (await learner.open(course="intro"))["session"]
    for sample in ((2, 20, "focus", 0), (1, 10, "engaged", 0)):
        await learner.samples(session, [sample])
    assert (await learner.expect_error("gap"))["expect"] == 1
    assert (await learner.expect("session.ack"))["seq"] == 1


# session_closed


async def closed_session(learner: Learner, key: str) -> Frame:
    session = (await learner.open(course="intro", key=key))["session"]
    return await learner.close_session(session, [(1, 0, "engaged", 0), (2, 40, "idle", 3), (3, 100, "idle", 0)])


async def test_session_closed_carries_the_acks_fields(connect: Connect, ana: "User") -> None:
    learner, elsewhere = await connect(ana), await connect(ana, 1)
    key = str(uuid4())
    closed = await closed_session(learner, key)
    assert (closed["seq"], closed["duration_ms"], closed["engaged_ms"], closed["idle_ms"]) == (3, 100, 40, 60)
    session = closed["session"]
    for connection in (learner, elsewhere):
        for frame in (
            sampling(session, (4, 200, "engaged", 0)),
            sampling(session, (1, 0, "engaged", 0)),
            sampling(session),
            sampling(session, (9, 200, "engaged", 0)),
            sampling(session, (4, 200, "engaged", 0), type="session.close"),
            {"type": "session.close", "session": session},
            opening(key=key),
        ):
            error = await refusal(connection, "session_closed", frame)
            assert error.keys() == PLAIN | set(ACK_FIELDS)
            assert counted(error) == counted(closed)
    assert (await orm(row_of, session)).duration == timedelta(milliseconds=100)


async def test_what_comes_in_the_same_breath_after_a_close_is_told(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    session = (await learner.open(course="intro"))["session"]
    await learner.send({**sampling(session, (1, 0, "engaged", 0), type="session.close"), "ref": "close"})
    await learner.send({**sampling(session, (2, 50, "engaged", 0)), "ref": "more"})
    await learner.send({**sampling(session, (2, 50, "engaged", 0), type="session.close"), "ref": "again"})
    closed = await learner.expect("session.closed", ref="close")
    for ref in ("more", "again"):
        assert counted(await learner.expect_error("session_closed", ref=ref)) == counted(closed)
    assert closed["seq"] == 1


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


# A key names one thing


async def test_a_key_of_another_course_or_content_is_refused(
    connect: Connect, ana: "User", ines: "User", content: "Content"
) -> None:
    from tests.conftest import enroll, make_course

    await orm(enroll, ana, await orm(make_course, ines, "another"))
    learner = await connect(ana)
    key = str(uuid4())
    session = (await learner.open(course="intro", content=content.pk, key=key))["session"]
    await refusal(learner, "bad_frame", opening("another", key=key))
    await refusal(learner, "bad_frame", opening(content=content.pk + 1, key=key))
    await learner.samples(session, [(1, 0, "engaged", 0)])
    await learner.expect("session.ack", session=session, seq=1)


async def test_the_same_key_of_two_users_names_two_sessions(connect: Connect, ana: "User", ben: "User") -> None:
    key = str(uuid4())
    anas, bens = await connect(ana), await connect(ben)
    one, two = await anas.open(course="intro", key=key), await bens.open(course="intro", key=key)
    assert one["session"] != two["session"]
    await anas.close_session(one["session"], [(1, 0, "engaged", 0)])
    assert (await bens.close_session(two["session"]))["seq"] == 0
