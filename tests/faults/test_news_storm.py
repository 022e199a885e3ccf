"""A storm of news: connections come and go, Redis is killed and hangs, and everybody ends with 1 to n."""

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from django.db import connection, connections, transaction

from lms.devservers import Valkey
from realtime import notifications
from tests.counts import count, seeded
from tests.faults.judging import faults_logged
from tests.learner import Learner
from tests.news import numbers_of
from tests.people import make_user, token_of
from tests.site import Site, orm

if TYPE_CHECKING:
    from courses.models import Course
    from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(count(180, 900))]

WRITERS = 4
CONNECTED_SECONDS = count(4, 20)
PAUSE_SECONDS = count(1, 4)
QUIET_SECONDS = 90.0
"""For a busy machine to hand out what is left; where a hint was lost, up to 20 s of it pass before the next look."""


class UndoneError(Exception):
    """Undoes a transaction whose news is numbered already."""


class Device:
    """A client that keeps the numbers it got, and asks for what came after them when it is back."""

    def __init__(self, site: Site, user: "User", token: str, rng: random.Random) -> None:
        self.site, self.user, self.token, self.rng = site, user, token, rng
        self.got: list[int] = []
        self.reconnects = -1

    async def live(self, head: "asyncio.Future[Mapping[int, int]]", quiet: float) -> None:
        """Connect, listen for a while, vanish, and again; once the `head` is known, stay until it is there."""
        while True:
            self.reconnects += 1
            learner = Learner(self.site.ws(self.rng.randrange(len(self.site))), token=self.token)
            await learner.connect()
            try:
                await learner.hello(notifications_after=self.got[-1] if self.got else 0)
                await asyncio.wait([head], timeout=self.rng.uniform(0.3, CONNECTED_SECONDS))
                if head.done():
                    last = head.result()[self.user.pk]
                    if last and (self.got or [0])[-1] < last:
                        await learner.expect("notification", number=last, within=quiet)
                    return
            finally:
                await learner.vanish()
                self.got += [frame["number"] for frame in learner.seen("notification")]


def write(course: "Course", students: "list[User]", seed: int, total: int) -> None:
    """Tell at random: a few people in each transaction, in any order. Some is undone, in part or at the very end."""
    from courses.events import WaitlistJoined
    from users.events import announce, before_commit

    def undo(_: list[object]) -> None:
        raise UndoneError

    rng = random.Random(seed)
    try:
        while total > 0:
            told = rng.choices(students, k=min(rng.randint(1, 4), total))
            fate = rng.random()
            try:
                with transaction.atomic():
                    for student in told:
                        announce(WaitlistJoined(course.pk, student.pk))
                    if fate < 0.2:
                        try:
                            with transaction.atomic():
                                announce(WaitlistJoined(course.pk, told[0].pk))
                                raise UndoneError
                        except UndoneError:
                            pass
                    elif fate < 0.4:
                        before_commit(undo, None)
                total -= len(told)
            except UndoneError:
                continue
    finally:
        connections.close_all()


class Outcome(NamedTuple):
    devices: list[Device]
    written: list[list[int]]

    def problems(self) -> list[str]:
        """Whatever is not 1 to n: in the database, or with a client."""
        found = []
        for device, numbers in zip(self.devices, self.written, strict=True):
            whole = list(range(1, len(numbers) + 1))
            if numbers != whole:
                found.append(f"{device.user} was written {numbers}")
            if device.got != whole:
                found.append(f"{device.user} got {device.got} of {len(numbers)}")
        return found


async def storm(
    site: Site, course: "Course", *, clients: int, news: int, valkey: Valkey | None = None, quiet: float = QUIET_SECONDS
) -> Outcome:
    """So many clients, so many notifications; `valkey` is killed and suspended meanwhile."""
    rng = seeded()

    def people() -> list[Device]:
        users = [make_user(f"learner{number}") for number in range(clients)]
        return [Device(site, user, token_of(user), rng) for user in users]

    devices = await orm(people)
    head: asyncio.Future[Mapping[int, int]] = asyncio.get_running_loop().create_future()
    living = [asyncio.create_task(device.live(head, quiet)) for device in devices]
    students = [device.user for device in devices]
    writing = [
        asyncio.create_task(asyncio.to_thread(write, course, students, rng.randrange(2**32), news // WRITERS))
        for _ in range(WRITERS)
    ]
    strikes = (valkey.kill, valkey.suspend, valkey.kill) if valkey is not None else ()
    for strike in strikes:
        await asyncio.sleep(PAUSE_SECONDS)
        await asyncio.to_thread(strike)
        await asyncio.sleep(PAUSE_SECONDS)
        await asyncio.to_thread(heal, valkey)
    await asyncio.gather(*writing)
    written = await orm(lambda: [numbers_of(device.user) for device in devices])
    head.set_result({device.user.pk: max(numbers, default=0) for device, numbers in zip(devices, written, strict=True)})
    await asyncio.gather(*living, return_exceptions=True)  # what they lack is judged
    return Outcome(devices, written)


def heal(valkey: Valkey | None) -> None:
    assert valkey is not None
    valkey.resume()
    valkey.start()


async def test_everybody_ends_with_every_number_once_and_in_order(
    site: Site, intro: "Course", valkey: Valkey, record_property: Callable[[str, object], None]
) -> None:
    site.take_log()
    news = count(400, 5_000)
    outcome = await storm(site, intro, clients=count(30, 500), news=news, valkey=valkey)
    record_property("notifications", sum(map(len, outcome.written)))
    record_property("reconnects", sum(device.reconnects for device in outcome.devices))
    assert outcome.problems() == []
    assert sum(map(len, outcome.written)) == news
    assert faults_logged(site.take_log()) == []


@pytest.fixture
def plain_sequence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers as a sequence gives them: no lock while they are given, and none is given back."""

    sequences: dict[int, Iterator[int]] = {}

    def numbers(news: Mapping[int, int]) -> dict[int, Any]:
        taken = {
            user: [next(sequences.setdefault(user, itertools.count(1))) for _ in range(many)]
            for user, many in sorted(news.items())
        }
        time.sleep(random.uniform(0, 0.02))
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO realtime_notificationcursor AS c (user_id, head, seen)"
                " SELECT user_id, head, 0 FROM unnest(%s::bigint[], %s::bigint[]) AS told(user_id, head)"
                " ON CONFLICT (user_id) DO UPDATE SET head = greatest(c.head, EXCLUDED.head)",
                [list(taken), [max(some) for some in taken.values()]],
            )
        return {user: iter(some) for user, some in taken.items()}

    monkeypatch.setattr(notifications, "_numbers", numbers)


async def test_the_storm_sees_what_a_plain_sequence_does(site: Site, intro: "Course", plain_sequence: None) -> None:
    outcome = await storm(site, intro, clients=10, news=100, quiet=2.0)
    assert [problem for problem in outcome.problems() if "was written" in problem]
    assert [problem for problem in outcome.problems() if "got" in problem]
