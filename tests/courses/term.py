"""A term of learning, played in minutes by a clock that moves by hand (tests/clock.py), the same for the same seed.

Learners with laptops and phones, several pages at once, tunnels, closed lids, crashes; owners who change their courses
under them; servers that are killed. All that the server does is the server's own code: sessions, recorder, timekeeper,
writer and ledger, the HTTP way in, completing and consuming, enrolling and authoring. Of it only the event loop is
played: the writes of a process come every ROUND, its settling every minute, the sweep and the jobs in their turn.
"""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from heapq import heappop, heappush
from itertools import count as numbers
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from courses import authoring, consumption, engagement, enrollment, ledger, progress, sessions
from courses.errors import RateLimited
from courses.models import Content, ContentItem, ContentProgress, Course, CourseEnrollment, Text, Video
from realtime.recorder import Recorder
from tests.clock import Clock
from tests.courses.progressing import follow
from tests.courses.studypage import MINUTE, SECOND, Line, Page
from tests.people import make_course, make_user
from tests.rest import client_with
from users import tokens
from users.errors import DomainError

if TYPE_CHECKING:
    from users.models import User

BEGINS = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday; Berlin sets its clocks on the 29th, New York on the 8th
ENDS = datetime(2027, 1, 1, tzinfo=UTC)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")
DAY = 24 * 60 * MINUTE
EVENING = 17 * 60 * MINUTE
EVENINGS = (0, 2, 5)
"""Of a week, when people study: many at once, as the server has it, and few rounds with next to nothing in them."""
ROUND = 20 * SECOND
SWEEP = 10 * MINUTE

Actor = Iterator[int]
"""Yields for how many milliseconds it waits."""

P = ParamSpec("P")
T = TypeVar("T")


class Process:
    """A server process: its recorder, whose rounds are played."""

    def __init__(self, term: "Term") -> None:
        self.term = term
        self._begin()

    def _begin(self) -> None:
        self.recorder = Recorder()
        self.recorder._quiet.clear()  # it begins no round by itself
        self.lines: set[Line] = set()
        self._will_write = self._will_settle = False

    def open(self, line: Line) -> sessions.DurableSession:
        """As the consumer does. Raises what `open_session` does."""
        page = line.page
        row = self.term.ask(
            sessions.open_session,
            user_id=page.learner.user.pk,
            key=page.key,
            course=page.course,
            content=page.content and page.content.pk,
            device_type=page.device,
            user_agent="",
            ip_address=None,
        )
        self.recorder.hold(row, line, asked=self.term.clock.monotonic())
        self.lines.add(line)
        return row

    def has_news(self) -> None:
        if not self._will_write:
            self._will_write = True
            self.term.at(self.term.now + ROUND - self.term.now % ROUND, partial(self._write, self.recorder))

    def _write(self, recorder: Recorder) -> None:
        if recorder is not self.recorder:
            return  # it was killed
        self._will_write = False
        self.write()
        if recorder._dirty or recorder._look_at:
            self.has_news()
        if recorder._settle and not self._will_settle:
            self._will_settle = True
            self.term.at(self.term.now + MINUTE, partial(self._settle, recorder))

    def write(self) -> None:
        self.term.clock.tell()
        this = self.recorder._next_round()
        rows = [row for _, row in this.rows.values()]
        self.recorder._answer(this, self.recorder._writer.write(rows, this.reload))

    def _settle(self, recorder: Recorder) -> None:
        if recorder is not self.recorder:
            return
        self._will_settle = False
        due, recorder._settle = recorder._settle, set()
        self.term.ask(ledger.settle, due)

    def kill(self) -> None:
        """With all that it has in memory; sometimes just after a commit, before anybody hears of it."""
        if self.term.happens(0.5):
            for line in self.lines:
                line.is_deaf = True
            self.write()
        self.stop()
        lines = self.lines
        self._begin()
        for line in sorted(lines, key=lambda line: line.page.number):
            if line.page.line is line:
                line.page.dropped()

    def stop(self) -> None:
        self.recorder._write_thread.submit(self.recorder._writer.close).result()
        self.recorder._write_thread.shutdown()
        self.recorder._settle_thread.shutdown()


class Learner:
    """Somebody who learns: how often they study, in which courses, and where."""

    def __init__(self, term: "Term", name: str) -> None:
        rng = term.rng
        self.term = term
        self.user: User = make_user(name, timezone=rng.choice(ZONES))
        _, token = tokens.issue(user=self.user, name="term", expires_at=ENDS)
        self.client = client_with(token)
        self.courses = rng.sample(term.courses, 2 if term.happens(0.4) else 1)
        self.diligence = rng.uniform(0.5, 1.5) * term.evenings / len(EVENINGS)
        self.device = rng.choice(("desktop", "mobile", "tablet", "unknown"))
        self.enrollments: dict[str, int] = {}

    def learns(self, weeks: int) -> Actor:
        term = self.term
        leaves = term.rng.choice(term.evenings_of(weeks)) if term.happens(0.15) else None
        for day in term.evenings_of(weeks):
            begins = term.began + day * DAY + EVENING + term.rng.randrange(0, 60 * MINUTE, 10)
            yield begins - term.now if begins > term.now else 0
            if day == leaves:
                yield from self._withdraws()
            elif term.happens(self.diligence):
                yield from self._studies()

    def _studies(self) -> Actor:
        term = self.term
        course = term.rng.choice(self.courses)
        if course.slug not in self.enrollments:
            row = term.ask(enrollment.enroll, course=course, student=self.user)
            self.enrollments[course.slug] = row.pk
        for _ in range(term.rng.choice((1, 1, 2))):
            content = self._next(course)
            if content is None and not term.happens(0.2):
                return
            page = self._page(course, content)
            if term.happens(0.12):  # a tab, or another device, on the same content, another one, or none
                other = term.rng.choice((content, self._next(course, skipping=1), None))
                term.begin(self._page(course, other).visit(term.rng.uniform(1, 8)))
            yield from page.visit(term.rng.uniform(3, 11))
            if content is not None:
                with suppress(DomainError):  # archived meanwhile, another method, no session of it, …
                    self._completes(content)

    def _page(self, course: Course, content: Content | None) -> Page:
        device = self.device if self.term.happens(0.8) else "mobile"
        return Page(self, self.enrollments[course.slug], course.slug, content, device)

    def _next(self, course: Course, *, skipping: int = 0) -> Content | None:
        """The first that is not completed, as far as the learner knows the outline."""
        rows = ContentProgress.objects.filter(enrollment=self.enrollments[course.slug], is_completed=True)
        done = set(self.term.ask(list, rows.values_list("content", flat=True)))
        left = [content for content in self.term.outlines[course.slug] if content.pk not in done]
        return left[skipping] if skipping < len(left) else None

    def _completes(self, content: Content) -> None:
        term = self.term
        match content.completion_method:
            case "manual" if term.happens(0.2):
                term.ask(self.client.post, f"/api/v1/contents/{content.pk}/complete/")
            case "manual" if term.happens(0.95):
                term.ask(progress.complete_content, student_id=self.user.pk, content_id=content.pk)
            case "auto":
                for place in term.ask(list, content.items.all()):
                    played = [(0, 120_000), (100_000, 290_000)] if place.kind == "video" else []
                    with suppress(RateLimited):
                        term.ask(consumption.consume, student_id=self.user.pk, item_id=place.pk, played=played)

    def _withdraws(self) -> Actor:
        """In the middle of studying; half of them come back some days later."""
        if not self.enrollments:
            return
        slug, pk = self.term.rng.choice(sorted(self.enrollments.items()))
        course = next(one for one in self.courses if one.slug == slug)
        self.term.begin(self._page(course, self._next(course)).visit(6))
        yield 3 * MINUTE
        self.term.left.add(pk)
        row = self.term.ask(CourseEnrollment.objects.get, pk=pk)
        self.term.ask(enrollment.withdraw, enrollment=row, actor=self.user)
        if self.term.happens(0.5):
            yield self.term.rng.randrange(MINUTE, 3 * DAY, 10)
            self.term.ask(enrollment.enroll, course=course, student=self.user)
        else:
            del self.enrollments[slug]
            self.courses = [one for one in self.courses if one is not course] or [
                one for one in self.term.courses if one is not course
            ]


class Term:
    """All of it, with `contents` in each module at first, for people who study on so many `evenings` a week; of their
    pages `lies` have a clock that runs ahead.

    `pages` are all that were ever open, `left` the enrolments whose learner was away for a while, `unexpected` what the
    server should not have said.
    """

    def __init__(self, rng: random.Random, clock: Clock, *, contents: int, evenings: float, lies: float = 0.03) -> None:
        self.rng, self.clock, self.evenings, self.lies = rng, clock, evenings, lies
        self.loop = asyncio.new_event_loop()
        self.began = clock.now_ms
        self.processes = [Process(self), Process(self)]
        self.pages: list[Page] = []
        self.left: set[int] = set()
        self.killed = 0
        self.unexpected: list[str] = []
        self._agenda: list[tuple[int, int, Callable[[], object]]] = []
        self._numbers = numbers()
        self.owner = make_user("owner", role="instructor")
        self.courses = [
            self._make_course("reading", contents, certificate_enabled=True, estimated_hours=6),
            self._make_course("watching", contents, certificate_enabled=False, estimated_hours=3),
            self._make_course("doing", contents, certificate_enabled=True),
        ]

        self.outlines: dict[str, list[Content]] = {}
        for course in self.courses:
            self._read_outline(course)

    @property
    def now(self) -> int:
        return self.clock.now_ms

    @staticmethod
    def evenings_of(weeks: int) -> list[int]:
        """Days since the term began."""
        return [week * 7 + day for week in range(weeks) for day in EVENINGS]

    def _read_outline(self, course: Course) -> None:
        rows = Content.objects.in_outline().filter(module__course=course)
        self.outlines[course.slug] = list(rows.order_by("module__order", "order"))

    def happens(self, chance: float) -> bool:
        return self.rng.random() < chance

    def ask(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what asks the database, at this moment of its clock."""
        self.clock.tell()
        return function(*args, **kwargs)

    def at(self, moment: int, act: Callable[[], object]) -> None:
        heappush(self._agenda, (moment, next(self._numbers), act))

    def begin(self, actor: Actor) -> None:
        self.at(self.now, partial(self._go_on, actor))

    def _go_on(self, actor: Actor) -> None:
        wait = next(actor, None)
        if wait is not None:
            self.at(self.now + wait, partial(self._go_on, actor))

    def play(self, *, learners: int, weeks: int) -> None:
        """Until the last page is closed, the last lease has run out, and all jobs are done."""
        self.people = [Learner(self, f"learner{number}") for number in range(learners)]
        for learner in self.people:
            self.begin(learner.learns(weeks))
        for course in self.courses:
            self.begin(self._writes(course, weeks))
            if not course.certificate_enabled:
                self.begin(self._certifies(course, weeks))
        self.begin(self._operates(weeks))
        while self._agenda:
            moment, _, act = heappop(self._agenda)
            self.clock.now_ms = moment
            act()
        self.clock.now_ms += DAY
        self.ask(sessions.sweep)
        self._jobs()
        for process in self.processes:
            process.stop()
        self.loop.close()

    def _operates(self, weeks: int) -> Actor:
        """The sweep, the job worker, and the machine that is switched off now and then."""
        for day in self.evenings_of(weeks):
            yield self.began + day * DAY + EVENING - self.now
            if self.happens(0.4):
                self.at(self.now + self.rng.randrange(0, 180 * MINUTE, 10), self._kill)
            for _ in range(4 * 60 * MINUTE // SWEEP):
                yield SWEEP
                self.ask(sessions.sweep)
            self._jobs()
            if day % 7 == EVENINGS[-1]:
                for batches in engagement.batches():
                    for ids in batches:
                        engagement.refresh(ids)

    def _kill(self) -> None:
        self.killed += 1
        self.rng.choice(self.processes).kill()

    def _jobs(self) -> None:
        from django.db import connection

        self.ask(follow)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs")  # mails, and scores, which are refreshed once a week

    def _make_course(self, slug: str, contents: int, **fields: Any) -> Course:
        course = make_course(self.owner, slug, modules=3, contents=contents, **fields)
        for number, content in enumerate(Content.objects.filter(module__course=course)):
            if number % 3 == 1:
                content.completion_method, content.required_seconds = "time_based", 60 * self.rng.randrange(2, 6)
            elif number % 3 == 2 and slug != "doing":
                content.completion_method = "auto"
                film = Video.objects.create(owner=self.owner, title="Film", duration="00:05:00")
                if slug == "watching":
                    ContentItem.objects.create(content=content, item=film)
            content.save()
        return course

    # What the owner does

    def _writes(self, course: Course, weeks: int) -> Actor:
        for week in range(weeks):
            for change in self.rng.sample((self._add, self._archive, self._move, self._reorder, self._ask_for_less), 2):
                moment = self.began + week * 7 * DAY + EVENING + self.rng.randrange(0, 6 * DAY, 10)
                yield max(0, moment - self.now)
                self.ask(change, course)
                if self.happens(0.7):  # else it is the learners who find out
                    self._read_outline(course)
                yield self.rng.randrange(SECOND, 20 * MINUTE, 10)
                self.ask(follow)

    def _certifies(self, course: Course, weeks: int) -> Actor:
        """Half of the term is over, and some have completed it, when it begins to give certificates."""
        yield (weeks + 1) // 2 * 7 * DAY
        self.ask(authoring.change_course, course=course, certificate_enabled=True)
        self.ask(follow)

    def _add(self, course: Course) -> None:
        content = authoring.add_content(module=self.rng.choice(list(course.modules.all())), title="Added")
        text = {"title": "Text", "body": "More."}
        authoring.add_item(content=content, kind=Text, **text)

    def _archive(self, course: Course) -> None:
        """Or bring one back."""
        content = self.rng.choice(list(Content.objects.filter(module__course=course).order_by("pk")))
        authoring.change_content(content=content, archived=content.archived_at is None)

    def _move(self, course: Course) -> None:
        """By hand: no author can so far."""
        content = self.rng.choice(list(Content.objects.filter(module__course=course).order_by("pk")))
        module = self.rng.choice(list(course.modules.all()))
        Content.objects.filter(pk=content.pk).update(module=module, order=1_000 + next(self._numbers))
        authoring.change_content(content=Content.objects.get(pk=content.pk), title="Moved")

    def _reorder(self, course: Course) -> None:
        module = self.rng.choice(list(course.modules.all()))
        ids = list(module.contents.order_by("pk").values_list("pk", flat=True))
        self.rng.shuffle(ids)
        authoring.order_contents(module=module, ids=ids)

    def _ask_for_less(self, course: Course) -> None:
        timed = Content.objects.filter(module__course=course, completion_method="time_based").order_by("pk")
        authoring.change_content(content=self.rng.choice(list(timed)), required_seconds=self.rng.randrange(60, 300))
