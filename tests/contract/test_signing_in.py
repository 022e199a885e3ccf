"""Many sign in at once, and some guess: the limits hold over all processes, and nobody else waits for it."""

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.learner import Learner
from tests.people import PASSWORD, token_of
from tests.site import Site, orm

if TYPE_CHECKING:
    from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 60


async def sign_in(site: Site, process: int, password: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        return await client.post(f"{site.http(process)}/api/v1/login/", json={"username": "ana", "password": password})


async def test_a_lecture_hall_signs_in_at_once_and_holds_up_nobody(site: Site, ana: "User", ben: "User") -> None:
    token = await orm(token_of, ben)
    signing_in = [asyncio.create_task(sign_in(site, number % 2, PASSWORD)) for number in range(AT_ONCE)]
    async with Learner(site.ws(), token=token) as neighbour:
        await asyncio.wait(signing_in, return_when=asyncio.FIRST_COMPLETED)
        await neighbour.send({"type": "hello"})
        await neighbour.expect("welcome", within=5)
        assert sum(task.done() for task in signing_in) < AT_ONCE, "they were still signing in"
    assert Counter([(await task).status_code for task in signing_in]) == {200: AT_ONCE}


async def test_of_forty_guesses_at_once_thirty_are_tried(site: Site, ana: "User") -> None:
    answers = await asyncio.gather(*(sign_in(site, number % 2, "wrong") for number in range(40)))
    assert Counter(answer.status_code for answer in answers) == {401: 30, 429: 10}
    assert all(0 < int(answer.headers["Retry-After"]) <= 60 for answer in answers if answer.status_code == 429)
    assert (await sign_in(site, 0, PASSWORD)).status_code == 429
