"""What the tests of the wire contract share: connections that end with their test, and time that has passed."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.learner import Learner
from tests.people import token_of
from tests.site import Site, orm

if TYPE_CHECKING:
    from courses.models import Course, LearningSession
    from users.models import User

Connect = Callable[..., Awaitable[Learner]]

AT_ONCE_SECONDS = 5
"""For what a hint brings: ample on a busy machine, and well below the 20 s after which a lost hint heals."""

ACK_FIELDS = ("session", "seq", "duration_ms", "focus_ms", "engaged_ms", "idle_ms", "unknown_ms", "interactions")


@pytest.fixture
async def connect(site: Site, intro: "Course") -> AsyncIterator[Connect]:
    """`connect(user, process)`: a connection that has said hello. It closes with the test.

    `to` is another site; anything else goes to `Learner`.
    """
    async with AsyncExitStack() as stack:

        async def connect(user: "User", process: int = 0, *, to: Site = site, **options: Any) -> Learner:
            learner = Learner(to.ws(process), token=await orm(token_of, user), **options)
            await stack.enter_async_context(learner)
            await learner.hello()
            return learner

        yield connect


@pytest.fixture(autouse=True)
def log_is_clean(site: Site) -> Iterator[None]:
    """Nothing a client does is an exception to the server."""
    site.take_log()  # of the tests before
    yield
    log = site.take_log()
    assert "Traceback" not in log, log[-20_000:]


def renumbered(**numbers: int) -> dict[str, Any]:
    """The arguments of a `Site` whose protocol has other numbers (tests/contract/renumbered.py)."""
    return {"app": "tests.contract.renumbered:application", "env": {"NUMBERS": json.dumps(numbers)}}


@pytest.fixture(scope="session")
def _quick_site(django_db_setup: None) -> Iterator[Site]:
    site = Site(
        **renumbered(
            HELLO_WITHIN_MS=1_500,
            SILENCE_MS=2_000,
            IDLE_SILENCE_MS=5_000,
            OVER_LIMIT_MS=2_000,
            LEASE_MS=2_000,
        )
    )
    yield site
    site.stop_all()


@pytest.fixture
def quick_site(_quick_site: Site, site: Site) -> Site:
    """A site of one process, whose time limits a test can wait for: 2 s mostly, 5 s where nobody studies."""
    _quick_site.heal()
    return _quick_site


def counted(frame: dict[str, Any]) -> dict[str, int]:
    """The fields of `session.ack` of any frame that carries them."""
    return {name: frame[name] for name in ACK_FIELDS}


def row_of(session: int) -> "LearningSession":
    from courses.models import LearningSession

    return LearningSession.objects.get(pk=session)


def grow_old(session: int, seconds: float) -> None:
    """As if all that happened in this session, and in the ledger of it, had happened so much earlier.

    Whoever holds it learns of it only by opening its key again.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE courses_learningsession SET started_at = started_at - d, last_heard_at = last_heard_at - d,"
            " ended_at = ended_at - d FROM (SELECT %s * interval '1 s') AS ago(d) WHERE id = %s",
            [seconds, session],
        )
        cursor.execute(
            "UPDATE courses_focusspan SET span = tstzrange(lower(span) - d, upper(span) - d)"
            " FROM (SELECT %s * interval '1 s') AS ago(d) WHERE session_id = %s",
            [seconds, session],
        )


def fall_silent(session: int, seconds: float) -> None:
    """As if it had been heard so much earlier for the last time."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE courses_learningsession SET last_heard_at = last_heard_at - %s * interval '1 s' WHERE id = %s",
            [seconds, session],
        )


def until(condition: Callable[[], bool], within: float = 20.0) -> None:
    """Wait until this holds in the database. For `orm`."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within} s"
        time.sleep(0.05)


async def lives(learner: Learner) -> None:
    """It answers, so it was not closed."""
    ref = f"lives {time.monotonic()}"
    await learner.send({"type": "ping", "ref": ref})
    await learner.expect("pong", ref=ref)


async def eventually(condition: Callable[[], bool], within: float = 20.0) -> None:
    """Wait until this holds of what no event tells of: another process, a socket's buffer."""
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.05)


def sweep() -> None:
    """What the job worker does every few seconds."""
    from courses import sessions

    sessions.sweep()
