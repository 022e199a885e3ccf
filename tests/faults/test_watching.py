"""Snapshot and deltas are what a fresh snapshot says, whatever happens to learners, servers and hints meanwhile.

And both are what the tables say, worked out by the contract's words (tests/watcher.py).
"""

import asyncio
import os
import random
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from redis import Redis

from lms.devservers import Valkey
from tests.contract.conftest import eventually, fall_silent, renumbered, sweep
from tests.counts import count, seeded
from tests.learner import Learner
from tests.people import enroll, make_user, token_of
from tests.site import Site, orm
from tests.watcher import Rows, expected, seen, standing, watch

if TYPE_CHECKING:
    from courses.models import Course
    from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(count(240, 1_800))]

MakeSite = Callable[..., Site]

TOLD_SECONDS = 40.0
"""For what a hint tells, or the clock; on a busy machine."""


TOO_LATE_SECONDS = 10.0
"""When to give up on what never comes."""


class Page:
    """One page of a learner: in a session, on some process, or cut off from it."""

    def __init__(self, user: "User", token: str) -> None:
        self.user = user
        self.token = token
        self.key = str(uuid4())
        self.seq = 0
        self.session = 0
        self.learner: Learner | None = None

    async def open(self, site: Site, process: int, **fields: Any) -> None:
        """Open its key here, whoever held it."""
        await self.cut_off()
        self.learner = await Learner(site.ws(process), token=self.token).connect()
        await self.learner.hello()
        opened = await self.learner.open(course="intro", key=self.key, **fields)
        self.session, self.seq = opened["session"], opened["seq"]
        self.now_ms, self.opened_at = opened["now_ms"], monotonic()

    async def be(self, state: str) -> None:
        assert self.learner is not None
        self.seq += 1
        at = self.now_ms + int((monotonic() - self.opened_at) * 1000)
        await self.learner.samples(self.session, [(self.seq, at, state, 0)])
        await self.learner.expect("session.ack", session=self.session, seq=self.seq)

    async def cut_off(self) -> None:
        if self.learner is not None:
            await self.learner.vanish()
            self.learner = None


class Lesson:
    """Learners who come, study, go, crash and come back in a course that is watched on every process."""

    def __init__(self, site: Site, course: "Course", learners: int, rng: random.Random) -> None:
        self.site = site
        self.course = course
        self.rng = rng
        self.users = []
        for number in range(learners):
            user = make_user(f"learner{number}")
            enroll(user, course)
            self.users.append((user, token_of(user)))
        self.watching = token_of(course.owner)
        self.watchers: dict[int, Learner] = {}
        self.pages: list[Page] = []

    async def begin(self) -> None:
        for process in range(len(self.site)):
            await self.watch(process)

    async def watch(self, process: int) -> Rows:
        """Have a fresh watch on this process, in place of the one before."""
        if process in self.watchers:
            await self.watchers[process].close()
        self.watchers[process] = await Learner(self.site.ws(process), token=self.watching).connect()
        await self.watchers[process].hello()
        return await watch(self.watchers[process])

    async def look(self) -> None:
        """Have all be read on every process, as the periodic look does: here by one more watch."""
        for process in range(len(self.site)):
            async with Learner(self.site.ws(process), token=self.watching) as fresh:
                await fresh.hello()
                await watch(fresh)

    async def end(self) -> None:
        for page in self.pages:
            await page.cut_off()
        for watcher in self.watchers.values():
            await watcher.close()

    async def agrees(self, within: float = TOLD_SECONDS) -> None:
        """What each watcher has put together is what the tables say, soon; and so is a fresh snapshot anywhere."""
        for learner in [*self.watchers.values(), *(page.learner for page in self.pages if page.learner)]:
            await self._done(learner)  # and so it is heard
        deadline = monotonic() + within
        for process, watcher in list(self.watchers.items()):
            while (has := standing(seen(watcher))) != (should := await orm(expected, self.course)):
                assert monotonic() < deadline, f"on process {process}: {has} is not {should}"
                await asyncio.sleep(0.2)
        for process in range(len(self.site)):
            async with Learner(self.site.ws(process), token=self.watching) as fresh:
                await fresh.hello()
                now = standing(await watch(fresh))
                for watcher in self.watchers.values():
                    while standing(seen(watcher)) != now:  # the clock may have gone on
                        assert monotonic() < deadline, f"{seen(watcher)} is not {now}"
                        await asyncio.sleep(0.2)
                        now = standing(seen(fresh))

    # What happens

    async def something(self) -> None:
        here = [page for page in self.pages if page.learner is not None]
        away = [page for page in self.pages if page.learner is None]
        events = [self.join, *[self.change] * 3 * bool(here), *[event for event in (self.leave, self.crash) if here]]
        if here:
            events += [self.move_on, self.ask, self.clear, self.complete, self.take_over]
        if away:
            events += [self.come_back, self.come_back, self.fall_silent]
        await self.rng.choice(events)()

    def any_page(self, *, is_here: bool) -> Page:
        return self.rng.choice([page for page in self.pages if (page.learner is not None) is is_here])

    def state(self) -> str:
        return self.rng.choice(("engaged", "focus", "idle"))

    async def join(self) -> None:
        page = Page(*self.rng.choice(self.users))
        device = self.rng.choice(("desktop", "mobile"))
        await page.open(self.site, self.rng.randrange(len(self.site)), device_type=device)
        self.pages.append(page)
        if self.rng.random() < 0.9:
            await page.be(self.state())

    async def come(self) -> None:
        """One learner comes: certainly something to see."""
        self.pages.append(Page(*self.users[0]))
        await self.pages[-1].open(self.site, 0)
        await self.pages[-1].be("engaged")

    async def study(self) -> None:
        """One learner comes and is away a moment later."""
        await self.come()
        await self.pages[-1].be("idle")

    async def change(self) -> None:
        await self.any_page(is_here=True).be(self.state())

    async def leave(self) -> None:
        page = self.any_page(is_here=True)
        assert page.learner is not None
        await page.learner.close_session(page.session)
        await page.cut_off()
        self.pages.remove(page)

    async def crash(self) -> None:
        await self.any_page(is_here=True).cut_off()

    async def come_back(self) -> None:
        page = self.any_page(is_here=False)
        await page.open(self.site, self.rng.randrange(len(self.site)))
        if self.rng.random() < 0.7:
            await page.be(self.state())

    async def take_over(self) -> None:
        page = self.any_page(is_here=True)
        await page.open(self.site, self.rng.randrange(len(self.site)))

    async def fall_silent(self) -> None:
        """As if one that is cut off had been so for longer. What the clock does by itself is not told of: so say it."""
        from realtime import hints

        page = self.any_page(is_here=False)
        await orm(fall_silent, page.session, self.rng.choice((26, 46, 151)))
        if self.rng.random() < 0.5:
            await orm(sweep)
        enrollments = page.user.student_enrollments.values_list("pk", flat=True)
        hints.send(enrollments=await orm(list, enrollments))

    async def move_on(self) -> None:
        """Access ends and begins again: the learner's pages are lost."""
        from courses import enrollment
        from tests.contract.test_access import move

        user = self.any_page(is_here=True).user
        await orm(move, "withdraw", user, self.course.owner)
        await orm(enrollment.enroll, course=self.course, student=user)
        for page in [page for page in self.pages if page.user == user]:
            await page.cut_off()
            self.pages.remove(page)

    async def ask(self) -> None:
        page = self.any_page(is_here=True)
        assert page.learner is not None
        await page.learner.send({"type": "help.raise", "session": page.session, "text": "Help"})
        await self._done(page.learner)

    async def clear(self) -> None:
        page = self.any_page(is_here=True)
        assert page.learner is not None
        await page.learner.send({"type": "help.clear", "session": page.session})
        await self._done(page.learner)

    async def complete(self) -> None:
        from courses.models import Content

        contents = await orm(list, Content.objects.filter(module__course=self.course).values_list("pk", flat=True))
        page = self.any_page(is_here=True)
        assert page.learner is not None
        await page.learner.send({"type": "content.complete", "content": self.rng.choice(contents)})
        await self._done(page.learner)

    async def _done(self, learner: Learner) -> None:
        ref = str(uuid4())
        await learner.send({"type": "ping", "ref": ref})
        await learner.expect("pong", ref=ref)

    # What happens to the servers

    async def kill(self, process: int) -> None:
        """A process is killed and started: all who were on it are cut off; who watches there begins anew.

        With it died the hints that it had not sent yet.
        """
        self.site.kill(process)
        for page in self.pages:
            if page.learner is not None and page.learner.url == self.site.ws(process):
                await page.cut_off()
        await asyncio.to_thread(self.site.start, process)
        await self.watch(process)
        await self.look()


def listeners() -> int:
    """How many processes listen to hints."""
    with Redis.from_url(os.environ["REDIS_URL"]) as asked:
        ((_, number),) = asked.pubsub_numsub("asgi__group__hints")
    return int(number)


def is_listened_to(*, by: int) -> bool:
    return listeners() >= by


async def test_snapshot_and_deltas_are_what_a_fresh_snapshot_says(
    make_site: MakeSite, valkey: Valkey, intro: "Course", record_property: Callable[[str, object], None]
) -> None:
    """Here the periodic look never comes: what is seen came by hints and by the clock."""
    site = make_site(processes=2, **renumbered(LOOK_EVERY_SECONDS=3_600))
    rng = seeded()
    lesson = await orm(Lesson, site, intro, 8, rng)
    batches = count(3, 40)
    try:
        await lesson.begin()
        for batch in range(batches):
            for _ in range(rng.randrange(5, 20)):
                await lesson.something()
            if batch % 6 == 1:
                await lesson.kill(rng.randrange(len(site)))
            elif batch % 6 == 2:
                all_listen = partial(is_listened_to, by=listeners())
                await asyncio.to_thread(valkey.kill)
                for _ in range(5):
                    await lesson.something()
                await asyncio.to_thread(valkey.start)
                await eventually(all_listen)
                await lesson.look()
            await lesson.agrees()
        record_property("batches", batches)
    finally:
        await lesson.end()


async def test_a_lost_hint_is_made_up_for_by_the_next_look(
    make_site: MakeSite, valkey: Valkey, intro: "Course"
) -> None:
    lesson = await orm(Lesson, make_site(app="tests.faults.plants:looks_every_second"), intro, 1, seeded())
    try:
        await lesson.begin()
        await asyncio.to_thread(valkey.kill)
        await lesson.study()
        await lesson.agrees()
    finally:
        await lesson.end()


@pytest.mark.parametrize("plant", ["listens_late", "does_not_look_when_it_listens"])
async def test_what_was_hinted_before_a_process_listened_shows_once_it_does(
    make_site: MakeSite, intro: "Course", plant: str
) -> None:
    lesson = await orm(Lesson, make_site(app=f"tests.faults.plants:{plant}"), intro, 1, seeded())
    try:
        await lesson.begin()
        await lesson.come()
        if plant == "listens_late":
            await lesson.agrees()
        else:
            with pytest.raises(AssertionError, match=r"on process 0: .* is not"):
                await lesson.agrees(TOO_LATE_SECONDS)
    finally:
        await lesson.end()


@pytest.mark.parametrize("plant", ["looks_at_no_watches", "tells_who_watches_before_the_commit"])
async def test_the_check_sees_a_hint_that_is_lost_or_comes_too_soon(
    make_site: MakeSite, valkey: Valkey, intro: "Course", plant: str
) -> None:
    lesson = await orm(Lesson, make_site(app=f"tests.faults.plants:{plant}"), intro, 1, seeded())
    try:
        await lesson.begin()
        if plant == "looks_at_no_watches":
            await asyncio.to_thread(valkey.kill)
        with pytest.raises(AssertionError, match=r"on process 0: .* is not"):
            await lesson.study()
            await lesson.agrees(TOO_LATE_SECONDS)
    finally:
        await lesson.end()
