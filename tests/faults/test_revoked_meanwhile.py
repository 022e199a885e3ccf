"""A token that is taken away while its `hello` is being answered: the hint finds no connection to close yet."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.faults.plants import ADMISSION
from tests.learner import Learner
from tests.people import token_of
from tests.site import Site, orm

if TYPE_CHECKING:
    from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]

CREDENTIALS_ENDED = 4503
AT_ONCE_SECONDS = 10.0
"""Generous, and less than the time to the next look."""
MEANWHILE_SECONDS = 3.0


def revoke(user: "User") -> None:
    from users import tokens
    from users.models import APIToken

    tokens.revoke(APIToken.objects.get(user=user))


async def revoked_while_it_says_hello(site: Site, ana: "User") -> Learner:
    """The learner, whose token went after it was looked at and before it was admitted."""
    token = await orm(token_of, ana)
    late = Learner(site.ws(), token=token)
    async with (
        Learner(site.ws(), token=token) as early,
        await psycopg.AsyncConnection.connect(Site.test_database_url(), autocommit=True) as holder,
    ):
        await early.hello()
        await holder.execute("SELECT pg_advisory_lock(%s)", [ADMISSION])
        await late.connect()
        await late.send({"type": "hello"})
        while not await waits(holder):
            await asyncio.sleep(0.01)
        await orm(revoke, ana)
        assert await early.closed() == CREDENTIALS_ENDED  # the hint has come
    return late


async def waits(holder: psycopg.AsyncConnection) -> bool:
    cursor = await holder.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    return await cursor.fetchone() is not None


async def test_its_connection_ends_at_once(make_site: Callable[..., Site], ana: "User") -> None:
    site = make_site(app="tests.faults.plants:admits_slowly")
    late = await revoked_while_it_says_hello(site, ana)
    assert await late.closed(within=AT_ONCE_SECONDS) == CREDENTIALS_ENDED


async def test_else_it_goes_on(make_site: Callable[..., Site], ana: "User") -> None:
    """The control."""
    site = make_site(app="tests.faults.plants:admits_slowly_and_believes_it")
    late = await revoked_while_it_says_hello(site, ana)
    await late.expect("welcome")
    with pytest.raises(TimeoutError):
        await late.closed(within=MEANWHILE_SECONDS)
    await late.close()
