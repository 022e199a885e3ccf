"""The rows of the error table that a well-made frame can cause, but for those of test_limits.py.

What is no frame: test_malformed.py.
"""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.utils import timezone

from tests.contract.asking import PLAIN, opening, refusal, sampling
from tests.contract.conftest import ACK_FIELDS, Connect, counted, row_of
from tests.learner import Frame, Learner
from tests.site import orm

if TYPE_CHECKING:
    from courses.models import Content, Course
    from users.models import User


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
