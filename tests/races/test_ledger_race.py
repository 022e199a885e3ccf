"""Two processes settle the sessions of the same learners at the same time: each second counts once, for ever.

The oracle knows nothing of stretches, unions or settling: it paints every millisecond of the samples onto a strip.
"""

import json
import os
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import IO, TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from realtime.protocol import Sample
from realtime.timekeeper import Timekeeper
from realtime.writer import Row, Writer
from tests.counts import count, seeded
from tests.faults.judging import audit
from tests.people import enroll, make_user
from tests.site import ROOT, Site

if TYPE_CHECKING:
    from courses.models import Course

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(count(120, 900))]

ENROLLMENTS = 4
SESSIONS_EACH = 5
STEPS = 12
STRIP_MS = 120_000
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
"""Where the strip begins."""


@dataclass
class Page:
    """One session as its holder sees it, growing step by step."""

    id: int
    enrollment: int
    content: int | None
    offset_ms: int  # on the strip
    samples: list[Sample] = field(default_factory=list)
    timekeeper: Timekeeper = field(default_factory=Timekeeper)
    durable_seq: int = 0

    def grow(self, rng: random.Random) -> None:
        for _ in range(rng.randrange(4)):
            before = self.samples[-1] if self.samples else Sample(0, 0, "idle", 0)
            at = before.at + rng.choice((0, 1, 400, 1_500, 3_000))
            self.samples.append(Sample(before.seq + 1, at, rng.choice(("engaged", "focus", "idle")), 0))
            self.timekeeper.apply(self.samples[-1:], at)

    def row(self, *, closes: bool) -> Row:
        timekeeper = self.timekeeper
        return Row(
            self.id,
            0,
            self.durable_seq,
            timekeeper.seq,
            timekeeper.at_ms,
            timekeeper.state or "",
            timekeeper.duration_ms,
            timekeeper.focus_ms,
            timekeeper.engaged_ms,
            timekeeper.idle_ms,
            timekeeper.unknown_ms,
            0,
            json.dumps(timekeeper.stretches),
            closes,
            timekeeper.since_ms,
        )


@pytest.fixture
def pages(intro: "Course") -> list[Page]:
    """Sessions of some learners, several of each open at once, on the same content, on others, and on none."""
    from courses.models import Content, LearningSession

    rng = seeded()
    contents = [None, *Content.objects.filter(module__course=intro).values_list("pk", flat=True)[:2]]
    pages = []
    for number in range(ENROLLMENTS):
        learner = make_user(f"learner{number}")
        enrollment = enroll(learner, intro)
        for _ in range(SESSIONS_EACH):
            offset_ms = rng.randrange(15_000)
            row = LearningSession.objects.create(
                user=learner, key=uuid4(), enrollment=enrollment, content_id=rng.choice(contents)
            )
            started_at = BEGAN + timedelta(milliseconds=offset_ms)
            LearningSession.objects.filter(pk=row.pk).update(started_at=started_at)
            pages.append(Page(row.pk, enrollment.pk, row.content_id, offset_ms))
    return pages


class Settler:
    """A process that settles (tests/races/settler.py)."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.races.settler", *arguments],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": Site.test_database_url()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self, sessions: Sequence[int]) -> None:
        self._pipe(self.process.stdin).write(json.dumps(sessions) + "\n")
        self._pipe(self.process.stdin).flush()

    def wait(self) -> None:
        assert self._pipe(self.process.stdout).readline() == "settled\n"

    def end(self) -> None:
        self._pipe(self.process.stdin).close()
        assert self.process.wait(30) == 0
        self._pipe(self.process.stdout).close()

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


@contextmanager
def settlers(*arguments: str) -> Iterator[list[Settler]]:
    both = [Settler(*arguments), Settler(*arguments)]
    yield both
    for settler in both:
        settler.end()


def write(writer: Writer, pages: Sequence[Page], rng: random.Random, *, closes: bool = False) -> None:
    """One flush of all these, as the recorder makes it. Rows that a settler has locked are written by a later one."""
    written = writer.write([page.row(closes=closes) for page in pages], set())
    assert not written.refused
    for page in pages:
        settled_ms = written.settled.get((page.id, 0))
        if settled_ms is not None:
            page.durable_seq = page.timekeeper.seq
            if rng.random() < 0.5:  # stretches that are settled may stay in hand
                page.timekeeper.settled(settled_ms)


def study(pages: list[Page], both: list[Settler]) -> None:
    """All grow step by step and are written; both processes settle meanwhile, whatever they like; then all close."""
    rng = seeded()
    writer = Writer()
    everything = [page.id for page in pages]
    for _ in range(STEPS):
        for page in pages:
            page.grow(rng)
        write(writer, pages, rng)
        rng.shuffle(everything)
        # Mostly each its own sessions of the same learners, so that nothing but the learners' lock keeps them apart.
        middle, shared = len(everything) // 2, rng.choice((0, 0, 0, 3))
        both[0].begin(everything[: middle + shared])
        both[1].begin(everything[middle:])
        for page in pages:
            page.grow(rng)
        write(writer, pages, rng)
        for settler in both:
            settler.wait()
    write(writer, pages, rng, closes=True)
    writer.close()
    for settler in both:
        settler.begin(everything)
    for settler in both:
        settler.wait()


def painted(pages: Sequence[Page], *, engaged_only: bool) -> dict[tuple[int, int | None], int]:
    """How many milliseconds each enrolment has, under content 0, and each of its contents."""
    strips: dict[tuple[int, int | None], bytearray] = defaultdict(lambda: bytearray(STRIP_MS))
    for page in pages:
        for sample, following in zip(page.samples, page.samples[1:], strict=False):
            counts = sample.state == "engaged" or (sample.state == "focus" and not engaged_only)
            span_ms = following.at - sample.at
            if counts:
                start = page.offset_ms + sample.at
                for strip in {(page.enrollment, 0), (page.enrollment, page.content)}:
                    strips[strip][start : start + span_ms] = b"\1" * span_ms
    return {strip: sum(ms) for strip, ms in strips.items() if strip[1] is not None and any(ms)}


def recorded(*, engaged_only: bool) -> dict[tuple[int, int | None], int]:
    """The same as the database has it."""
    from courses.models import ContentProgress, CourseEnrollment

    rows: list[tuple[int, int | None, timedelta, timedelta]] = [
        *((e.pk, 0, e.total_time_spent, e.engaged_time) for e in CourseEnrollment.objects.all()),
        *((p.enrollment_id, p.content_id, p.time_spent, p.engaged_time) for p in ContentProgress.objects.all()),
    ]
    times: dict[tuple[int, int | None], Any] = {
        (enrollment, content): round((engaged if engaged_only else focus).total_seconds() * 1000)
        for enrollment, content, focus, engaged in rows
    }
    return {strip: ms for strip, ms in times.items() if ms}


def overlaps() -> int:
    """How many spans of one session overlap another of it."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM courses_focusspan a JOIN courses_focusspan b"
            " ON a.session_id = b.session_id AND a.id < b.id AND a.span && b.span"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("attempt", range(count(3, 40)))
def test_settling_from_two_processes_makes_the_union(pages: list[Page], attempt: int) -> None:
    with settlers() as both:
        study(pages, both)
    for engaged_only in (False, True):
        assert recorded(engaged_only=engaged_only) == painted(pages, engaged_only=engaged_only)
    assert overlaps() == 0
    assert audit() == []


def test_without_the_enrolments_lock_time_counts_twice(pages: list[Page]) -> None:
    with settlers("unlocked") as both:
        study(pages, both)
    assert sum(recorded(engaged_only=False).values()) > sum(painted(pages, engaged_only=False).values())
    assert audit() != []
