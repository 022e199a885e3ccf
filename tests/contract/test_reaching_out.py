"""A learner asks for help, and somebody has a word for them: flags on the roster, notifications, and who may."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.contract.conftest import AT_ONCE_SECONDS, Connect, fall_silent, lives, row_of, until
from tests.learner import Learner
from tests.people import make_course, make_user
from tests.rest import by_token
from tests.site import orm
from tests.watcher import enrollment_of, is_gone, shows, study, watch

if TYPE_CHECKING:
    from courses.models import Course
    from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


async def ask(learner: Learner, session: int, text: str = "I am lost", **fields: Any) -> None:
    await learner.send({"type": "help.raise", "session": session, "text": text, **fields})


async def test_a_call_for_help_is_on_the_roster_and_told_to_the_owner_until_it_is_cleared(
    connect: Connect, ana: "User", ines: "User"
) -> None:
    watcher, elsewhere, learner = await connect(ines, 0), await connect(ines, 1), await connect(ana, 1)
    enrollment = await orm(enrollment_of, ana)
    session = await study(learner)
    assert not (await watch(watcher))[enrollment]["help"]
    await ask(learner, session)
    await shows(watcher, enrollment, help=True)
    for connection in (watcher, elsewhere):
        told = await connection.expect("notification", kind="help.requested", within=AT_ONCE_SECONDS)
        assert (told["title"], told["body"]) == ("Ana asks for help in “Intro”", "I am lost")
        assert told["data"] == {
            "course": "intro",
            "course_title": "Intro",
            "enrollment": enrollment,
            "student": "Ana",
            "text": "I am lost",
        }
    await ask(learner, session, "Still lost")  # nobody is told again
    await learner.send({"type": "help.clear", "session": session})
    await shows(watcher, enrollment, help=False)
    await learner.send({"type": "help.clear", "session": session})
    await lives(learner)
    await ask(learner, session, "")
    await shows(watcher, enrollment, help=True)
    told = await watcher.expect("notification", number=2, within=AT_ONCE_SECONDS)
    assert told["body"] == ""
    assert "text" not in told["data"]
    assert not learner.seen("error")


async def test_a_call_for_help_names_its_session_so_that_is_not_silent(connect: Connect, ana: "User") -> None:
    learner = await connect(ana)
    session = await study(learner)
    frames: list[dict[str, Any]] = [{"type": "help.raise", "text": "Hello?"}, {"type": "help.clear"}]
    for frame in frames:
        await orm(fall_silent, session, 40)
        silent_since = (await orm(row_of, session)).last_heard_at
        await learner.send({**frame, "session": session})
        await orm(until, lambda since=silent_since: row_of(session).last_heard_at - since > timedelta(seconds=30))
    assert not learner.seen("error")


async def test_whoever_may_watch_reads_what_those_who_ask_for_help_wrote(
    connect: Connect, ana: "User", ben: "User", ines: "User", admin: "User", intro: "Course"
) -> None:
    def read(user: "User") -> Any:
        answer = by_token(user).get("/api/v1/courses/intro/calls/")
        return answer.json() if answer.status_code == 200 else answer.status_code

    def set_anonymous(is_anonymous: bool) -> None:
        intro.is_anonymous = is_anonymous
        intro.save()

    anas, bens = await connect(ana), await connect(ben, 1)
    session, enrollment = await study(anas), await orm(enrollment_of, ana)
    await ask(bens, await study(bens), "")  # without a word
    await ask(anas, session, "I am lost")
    await anas.send({"type": "help.clear", "session": session})
    await ask(anas, session, "Now I am lost here")
    await lives(anas)
    await lives(bens)
    for user in (ines, admin):
        assert await orm(read, user) == [{"enrollment": enrollment, "text": "Now I am lost here"}]
    for user in (ana, ben):
        assert await orm(read, user) == 404
    await orm(set_anonymous, True)
    assert await orm(read, ines) == []
    await orm(set_anonymous, False)
    await anas.close_session(session)
    assert await orm(read, ines) == []


async def test_it_is_the_learners_whichever_session_shows_and_ends_with_its_own(
    connect: Connect, ana: "User", ines: "User"
) -> None:
    watcher, learner = await connect(ines), await connect(ana)
    enrollment = await orm(enrollment_of, ana)
    asking, other = await study(learner, "idle"), await study(learner, "engaged")
    await watch(watcher)
    await ask(learner, asking)
    await shows(watcher, enrollment, session=other, help=True)
    await ask(learner, other)  # of the same learner, who asks already
    await learner.close_session(other)
    await shows(watcher, enrollment, session=asking, help=True)
    await learner.close_session(asking)
    await is_gone(watcher, enrollment)
    await study(learner)
    await shows(watcher, enrollment, help=False)
    await lives(watcher)
    assert len(watcher.seen("notification")) == 1


async def test_help_is_for_a_live_session_of_ones_own(connect: Connect, ana: "User", ben: "User", ines: "User") -> None:
    anas, bens = await connect(ana), await connect(ben)
    session, closed, lapsed = [await study(anas) for _ in range(3)]
    await anas.close_session(closed)
    await orm(fall_silent, lapsed, 50)
    for who, number, code in [
        (bens, session, "not_found"),
        (anas, 2**53 - 1, "not_found"),
        (anas, lapsed, "not_found"),
        (anas, closed, "session_closed"),
    ]:
        ref = str(uuid4())
        await ask(who, number, ref=ref)
        await who.expect_error(code, ref=ref)
    await bens.send({"type": "help.clear", "ref": "clear", "session": session})
    await bens.expect_error("not_found", ref="clear")


async def test_asking_again_and_again_is_bounded(connect: Connect, ana: "User", ines: "User") -> None:
    learner, owner = await connect(ana), await connect(ines)
    session = await study(learner)
    for number in range(7):
        await ask(learner, session, ref=f"help {number}")
        await learner.send({"type": "help.clear", "session": session})
    assert (await learner.expect_error("rate_limited", ref="help 6"))["retry_after_ms"] > 0
    await owner.expect("notification", number=6)
    await lives(owner)
    assert len(owner.seen("notification")) == 6


async def test_a_nudge_arrives_at_once_on_every_device(
    connect: Connect, ana: "User", ben: "User", ines: "User", admin: "User"
) -> None:
    here, there, other = await connect(ana, 0), await connect(ana, 1), await connect(ben)
    enrollment = await orm(enrollment_of, ana)
    for number, sender in enumerate([ines, admin], start=1):
        watcher = await connect(sender, 1)
        await watcher.send({"type": "nudge", "ref": "n", "enrollment": enrollment, "text": "Try page two"})
        for connection in (here, there):
            told = await connection.expect("notification", number=number, within=AT_ONCE_SECONDS)
            assert (told["kind"], told["title"], told["body"]) == (
                "session.nudge",
                "A word about “Intro”",
                "Try page two",
            )
            assert told["data"]["text"] == "Try page two"
        await lives(watcher)
        assert not watcher.seen("error")
    await lives(other)
    assert not other.seen("notification")


async def test_a_nudge_is_for_a_learner_of_a_course_that_one_may_watch(
    connect: Connect, ana: "User", ben: "User", ines: "User", intro: "Course"
) -> None:
    from tests.contract.test_access import move

    otto = await orm(make_user, "otto", role="instructor")
    await orm(make_course, otto, "other")
    enrollment = await orm(enrollment_of, ana)
    await orm(move, "withdraw", ben, ines)
    for sender, number, code in [
        (otto, enrollment, "forbidden"),
        (ana, enrollment, "forbidden"),
        (ines, 2**53 - 1, "not_found"),
        (ines, await orm(enrollment_of, ben), "not_enrolled"),
    ]:
        watcher = await connect(sender)
        await watcher.send({"type": "nudge", "ref": "n", "enrollment": number, "text": "Hello"})
        await watcher.expect_error(code, ref="n")


async def test_nudging_again_and_again_is_bounded(connect: Connect, ana: "User", ines: "User") -> None:
    watcher, learner = await connect(ines), await connect(ana)
    enrollment = await orm(enrollment_of, ana)
    for number in range(7):
        await watcher.send({"type": "nudge", "ref": f"n{number}", "enrollment": enrollment, "text": f"{number}"})
    assert (await watcher.expect_error("rate_limited", ref="n6"))["retry_after_ms"] > 0
    await learner.expect("notification", number=6)
    await lives(learner)
    assert len(learner.seen("notification")) == 6
