"""A row that can't be written, for good or for a while, doesn't hold up the acks of the others."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.counts import count
from tests.faults.judging import audit
from tests.learner import Learner
from tests.people import enroll, make_user, token_of
from tests.site import Site, orm

if TYPE_CHECKING:
    from courses.models import Course

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]

MakeSite = Callable[..., Site]
Class = list[tuple[Learner, int]]

LEARNERS = 51
IN_TIME_SECONDS = 1.0

CONSTRAINT = (
    # 23514, check_violation
    "ALTER TABLE courses_learningsession ADD CONSTRAINT planted CHECK (id <> {id} OR acked_seq < 2)",
    "ALTER TABLE courses_learningsession DROP CONSTRAINT planted",
)
OUT_OF_RANGE = (
    # 22003, numeric_value_out_of_range
    """CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '22003'; END$$;
    CREATE TRIGGER planted BEFORE UPDATE ON courses_learningsession FOR EACH ROW
        WHEN (NEW.id = {id} AND NEW.acked_seq >= 2) EXECUTE FUNCTION planted()""",
    "DROP FUNCTION planted CASCADE",
)


@pytest.fixture
def tokens(intro: "Course") -> list[str]:
    """Of LEARNERS learners, all enrolled."""
    users = [make_user(f"learner{number}") for number in range(LEARNERS)]
    for user in users:
        enroll(user, intro)
    return [token_of(user) for user in users]


@asynccontextmanager
async def everybody(site: Site, tokens: list[str]) -> AsyncIterator[Class]:
    """Each with a session on the same process, and one sample acknowledged."""

    async def begin(token: str) -> tuple[Learner, int]:
        learner = await stack.enter_async_context(Learner(site.ws(), token=token))
        await learner.hello()
        session = (await learner.open(course="intro"))["session"]
        await learner.samples(session, [(1, 0, "engaged", 0)])
        await learner.expect("session.ack", session=session, seq=1)
        return learner, session

    async with AsyncExitStack() as stack:
        yield await asyncio.gather(*(begin(token) for token in tokens))


async def send_at_once(site: Site, present: Class, seq: int) -> None:
    """A sample of each reaches the process in the same moment, so that they share a flush."""
    site.suspend()
    try:
        for learner, session in present:
            await learner.samples(session, [(seq, seq * 100, "engaged", 0)])
    finally:
        site.resume()


async def acks(present: Class, seq: int, *, within: float) -> None:
    await asyncio.gather(
        *(learner.expect("session.ack", session=session, seq=seq, within=within) for learner, session in present)
    )


@pytest.mark.parametrize("plant", [CONSTRAINT, OUT_OF_RANGE], ids=["constraint", "out of range"])
async def test_a_row_that_cannot_be_stored_is_given_up_and_the_others_are_acknowledged(
    site: Site, tokens: list[str], plant: tuple[str, str]
) -> None:
    async with everybody(site, tokens) as present:
        (victim, session), *others = present
        async with planted(*plant, session):
            await send_at_once(site, present, 2)
            await acks(others, 2, within=IN_TIME_SECONDS)
            await victim.expect("session.lost", session=session, reason="gone", within=IN_TIME_SECONDS)
        await send_at_once(site, others, 3)
        await acks(others, 3, within=IN_TIME_SECONDS)
        assert not victim.seen("session.ack", session=session, seq=2)
        assert await orm(acked, session) == 1
    assert await orm(audit) == []


async def test_without_that_the_others_would_wait(make_site: MakeSite, tokens: list[str]) -> None:
    site = make_site(app="tests.faults.plants:one_row_fails_all")
    async with everybody(site, tokens) as present:
        (_, session), *others = present
        async with planted(*CONSTRAINT, session):
            await send_at_once(site, present, 2)
            with pytest.raises(AssertionError):
                await acks(others, 2, within=2 * IN_TIME_SECONDS)


async def test_a_locked_row_is_written_later_and_the_others_at_once(site: Site, tokens: list[str]) -> None:
    held_seconds = count(2, 6)
    async with everybody(site, tokens) as present:
        (victim, session), *others = present
        began = monotonic()
        async with locked(session):
            seq = 1
            while monotonic() - began < held_seconds:
                seq += 1
                await send_at_once(site, present, seq)
                await acks(others, seq, within=IN_TIME_SECONDS)
            assert await orm(acked, session) == 1
            assert not victim.seen("session.ack", session=session, seq=2)
        await victim.expect("session.ack", session=session, seq=seq, within=IN_TIME_SECONDS)
    assert await orm(audit) == []


async def test_waiting_for_a_locked_row_would_hold_up_the_others(make_site: MakeSite, tokens: list[str]) -> None:
    site = make_site(app="tests.faults.plants:waits_for_locked_rows")
    async with everybody(site, tokens) as present:
        (_, session), *others = present
        async with locked(session):
            await send_at_once(site, present, 2)
            with pytest.raises(AssertionError):
                await acks(others, 2, within=2 * IN_TIME_SECONDS)


@asynccontextmanager
async def planted(plant: str, remove: str, session: int) -> AsyncIterator[None]:
    async with await psycopg.AsyncConnection.connect(Site.test_database_url(), autocommit=True) as connection:
        await connection.execute(plant.format(id=session))
        try:
            yield
        finally:
            await connection.execute(remove)


@asynccontextmanager
async def locked(session: int) -> AsyncIterator[None]:
    async with (
        await psycopg.AsyncConnection.connect(Site.test_database_url()) as connection,
        connection.transaction(),
    ):
        await connection.execute("SELECT FROM courses_learningsession WHERE id = %s FOR UPDATE", [session])
        yield


def acked(session: int) -> int:
    from courses.models import LearningSession

    return LearningSession.objects.get(pk=session).acked_seq
