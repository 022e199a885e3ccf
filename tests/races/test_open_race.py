"""Opens at the same moment, on two processes: the limit holds exactly, and a key is one session's."""

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.counts import count
from tests.learner import Learner
from tests.people import token_of
from tests.site import Site, orm

if TYPE_CHECKING:
    from courses.models import Course
    from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(count(120, 600))]

LIVE_SESSIONS_A_USER = 20
OPENS = 32
OPENS_A_CONNECTION = 4


async def test_of_many_opens_at_once_twenty_succeed(site: Site, ana: "User", intro: "Course") -> None:
    token = await orm(token_of, ana)
    async with AsyncExitStack() as stack:
        learners = [
            await stack.enter_async_context(Learner(site.ws(number % 2), token=token))
            for number in range(OPENS // OPENS_A_CONNECTION)
        ]
        for learner in learners:
            await learner.hello()
        await asyncio.gather(
            *(learner.send(an_open(str(uuid4()))) for learner in learners for _ in range(OPENS_A_CONNECTION))
        )
        for learner in learners:
            await learner.send({"type": "ping"})
            await learner.expect("pong")  # answered after the opens
    opened = [frame for learner in learners for frame in learner.seen("session.opened")]
    refused = [frame for learner in learners for frame in learner.seen("error", code="too_many_sessions")]
    assert len({frame["session"] for frame in opened}) == len(opened) == LIVE_SESSIONS_A_USER
    assert len(refused) == OPENS - LIVE_SESSIONS_A_USER
    assert await orm(sessions_of, ana) == LIVE_SESSIONS_A_USER


@pytest.mark.parametrize("attempt", range(count(5, 50)))
async def test_two_opens_of_a_new_key_at_once_make_one_session_of_one_holder(
    site: Site, ana: "User", intro: "Course", attempt: int
) -> None:
    token = await orm(token_of, ana)
    async with Learner(site.ws(0), token=token) as here, Learner(site.ws(1), token=token) as there:
        await here.hello()
        await there.hello()
        key = str(uuid4())
        opened, again = await asyncio.gather(*(learner.open(course="intro", key=key) for learner in (here, there)))
        session = opened["session"]
        assert again["session"] == session
        assert await orm(sessions_of, ana) == 1
        for learner, state in ((here, "engaged"), (there, "idle")):
            await learner.samples(session, [(1, 0, state, 0)])
        async with asyncio.timeout(10):
            while len([*acked(here, there), *lost(here, there)]) < 2:
                await asyncio.sleep(0.02)
        holder, loser = acked(here, there), lost(here, there)
        assert len(holder) == len(loser) == 1
        assert holder != loser
        assert await orm(epoch_and_state, session) == (2, "engaged" if holder == [here] else "idle")


def acked(*learners: Learner) -> list[Learner]:
    return [learner for learner in learners if learner.seen("session.ack", seq=1)]


def lost(*learners: Learner) -> list[Learner]:
    return [learner for learner in learners if learner.seen("session.lost", reason="resumed_elsewhere")]


def an_open(key: str) -> dict[str, str]:
    return {"type": "session.open", "key": key, "course": "intro"}


def sessions_of(user: "User") -> int:
    return user.learning_sessions.count()


def epoch_and_state(session: int) -> tuple[int, str]:
    from courses.models import LearningSession

    row = LearningSession.objects.get(pk=session)
    return row.epoch, row.state
