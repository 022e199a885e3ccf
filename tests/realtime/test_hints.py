"""Hints that leave by a real Redis."""

import asyncio
import os
import sys

import pytest

from realtime import hints
from tests.site import ROOT, Site, orm
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

HINT_SECONDS = 10.0
CHANGE_PASSWORD = "from users.models import User; ana = User.objects.get(); ana.set_password('new'); ana.save()"


async def test_what_a_command_hints_has_left_when_it_ends(services: object, ana: User) -> None:
    """It ends as soon as it has committed: the live connections of whose password it changed are to close at once."""
    listens, heard = asyncio.Event(), asyncio.Event()

    def take(hint: hints.Hint) -> None:
        if ana.pk in hint.users:
            heard.set()

    listening = asyncio.create_task(hints.listen(take, begun=listens.set))
    await listens.wait()
    command = await asyncio.create_subprocess_exec(
        sys.executable, "manage.py", "shell", "-v0", "-c", CHANGE_PASSWORD,
        cwd=ROOT, env={**os.environ, "DATABASE_URL": Site.test_database_url()},
    )  # fmt: skip
    assert await command.wait() == 0
    async with asyncio.timeout(HINT_SECONDS):
        await heard.wait()
    listening.cancel()
    assert (await orm(User.objects.get)).password != ana.password
