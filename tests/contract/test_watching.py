"""Watching a course: a snapshot, deltas of what changes, and the end of it. Each sentence of the contract."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.contract.conftest import AT_ONCE_SECONDS, Connect, eventually, lives, renumbered, row_of
from tests.contract.test_slow_readers import Unread
from tests.learner import Frame
from tests.people import make_course, make_user, token_of
from tests.rest import by_token
from tests.site import Site, orm
from tests.watcher import (
    as_json,
    enrollment_of,
    expected,
    make_roster,
    say,
    seen,
    shows,
    standing,
    study,
    watch,
)

if TYPE_CHECKING:
    from courses.models import Content, Course
    from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_watch_begins_with_a_snapshot_and_goes_on_with_deltas(
    connect: Connect, ana: "User", ines: "User", content: "Content"
) -> None:
    watcher, learner = await connect(ines, 0), await connect(ana, 1)
    await watcher.send({"type": "watch.start", "ref": "w", "course": "intro"})
    snapshot = await watcher.expect("watch.snapshot", within=AT_ONCE_SECONDS)
    assert snapshot == {"type": "watch.snapshot", "ref": "w", "course": "intro", "version": 1, "learners": []}
    session = (await learner.open(course="intro", content=content.pk, device_type="mobile"))["session"]
    await lives(watcher)
    await learner.samples(session, [(1, 0, "engaged", 0), (2, 400, "focus", 0), (3, 600, "focus", 1)])
    delta = await watcher.expect("watch.delta", within=AT_ONCE_SECONDS)
    assert {name: delta[name] for name in ("course", "version", "remove")} == {
        "course": "intro",
        "version": 2,
        "remove": [],
    }
    (row,) = delta["upsert"]
    assert row == {
        "enrollment": await orm(enrollment_of, ana),
        "user": {"id": ana.pk, "name": "Ana"},
        "session": session,
        "state": "focus",
        "since": row["since"],
        "content": content.pk,
        "device_type": "mobile",
        "counted_at": row["counted_at"],
        "focus_ms": 600,
        "engaged_ms": 400,
        "idle_ms": 0,
        "interactions": row["interactions"],
        "progress": 0.0,
        "help": False,
    }
    started = (await orm(row_of, session)).started_at
    assert (row["since"], row["counted_at"]) == tuple(
        as_json(started + timedelta(milliseconds=after)) for after in (400, 600)
    )
    again = await connect(ines, 1)
    assert await watch(again) == {row["enrollment"]: row}


async def test_a_change_of_state_shows_at_once_on_every_process(connect: Connect, ana: "User", ines: "User") -> None:
    watchers, learner = [await connect(ines, 0), await connect(ines, 1)], await connect(ana, 0)
    enrollment = await orm(enrollment_of, ana)
    session = await study(learner)
    for watcher in watchers:
        assert (await watch(watcher))[enrollment]["state"] == "engaged"
    for seq, state in enumerate(("focus", "idle", "engaged"), start=2):
        await say(learner, session, seq, state)
        for watcher in watchers:
            await shows(watcher, enrollment, state=state)


async def test_there_is_at_most_one_delta_a_second(connect: Connect, ana: "User", ines: "User") -> None:
    watcher, learner = await connect(ines), await connect(ana)
    session = await study(learner)
    await watch(watcher)
    began = monotonic()
    for seq in range(2, 32):
        await say(learner, session, seq, "focus" if seq % 2 else "engaged")
        await asyncio.sleep(0.1)
    await shows(watcher, await orm(enrollment_of, ana), state="focus")
    assert len(watcher.seen("watch.delta")) <= monotonic() - began + 1


async def test_only_the_owner_and_staff_may_watch(
    connect: Connect, ana: "User", admin: "User", ines: "User", intro: "Course"
) -> None:
    other = await orm(make_user, "otto", role="instructor")
    await orm(make_course, other, "hidden", status="draft")
    for user, course, code in [
        (ana, "intro", "forbidden"),
        (other, "intro", "forbidden"),
        (ines, "nowhere", "not_found"),
        (ines, "hidden", "not_found"),
    ]:
        watcher = await connect(user)
        await watcher.send({"type": "watch.start", "ref": "w", "course": course})
        error = await watcher.expect_error(code, ref="w")
        assert "course" not in error
    for user, course in [(admin, "intro"), (admin, "hidden"), (other, "hidden"), (ines, "intro")]:
        assert await watch(await connect(user), course) == {}


async def test_a_stopped_watch_is_silent_and_one_that_is_started_again_begins_anew(
    connect: Connect, ana: "User", ines: "User"
) -> None:
    watcher, learner = await connect(ines), await connect(ana)
    session = await study(learner)
    await watch(watcher)
    await say(learner, session, 2, "idle")
    await watcher.expect("watch.delta", version=2)
    await watch(watcher)
    await say(learner, session, 3, "focus")
    await watcher.expect("watch.delta", version=2)
    await watcher.send({"type": "watch.stop", "course": "intro"})
    await watcher.send({"type": "watch.stop", "course": "nowhere"})
    other = await connect(ines)
    await watch(other)
    await say(learner, session, 4, "idle")
    await other.expect("watch.delta")
    await lives(watcher)
    assert len(watcher.seen("watch.delta")) == 2


async def test_a_connection_watches_at_most_four_courses(connect: Connect, ines: "User") -> None:
    courses = ["intro", *[(await orm(make_course, ines, f"course{n}")).slug for n in range(4)]]
    watcher = await connect(ines)
    for course in courses[:4]:
        await watch(watcher, course)
    await watcher.send({"type": "watch.start", "ref": "one more", "course": courses[4]})
    assert (await watcher.expect_error("rate_limited", ref="one more"))["retry_after_ms"] > 0
    await watch(watcher, courses[3])
    await watcher.send({"type": "watch.stop", "course": courses[0]})
    await watch(watcher, courses[4])


@pytest.mark.parametrize("end", ["handed over", "no longer staff", "deleted"])
async def test_a_watch_ends_with_the_right_to_it(
    connect: Connect, ana: "User", ben: "User", ines: "User", admin: "User", intro: "Course", end: str
) -> None:
    watcher = await connect(admin if end == "no longer staff" else ines)
    empty = await orm(make_course, ines, "empty")
    course = empty.slug if end == "deleted" else "intro"
    await watch(watcher, course)

    def end_it() -> None:
        from courses.models import Course, CourseEnrollment
        from realtime import hints
        from users.models import User

        if end == "handed over":
            Course.objects.filter(slug="intro").update(owner=make_user("otto", role="instructor"))
        elif end == "no longer staff":
            User.objects.filter(pk=admin.pk).update(is_staff=False)
        else:
            empty.delete()
            hints.send(enrollments=CourseEnrollment.objects.values_list("pk", flat=True)[:1])

    await orm(end_it)
    learner = await connect(ana, 1)
    await study(learner)  # something to see, which is not shown any more
    error = await watcher.expect("error", ref=f"watch {course}", within=AT_ONCE_SECONDS)
    assert error["code"] == ("not_found" if end == "deleted" else "forbidden")
    assert error["course"] == course
    await lives(watcher)
    assert not watcher.seen("watch.delta")


# Anonymously


async def test_a_course_that_is_watched_anonymously_shows_counts_only(
    connect: Connect, ana: "User", ben: "User", ines: "User", intro: "Course"
) -> None:
    def set_anonymous(is_anonymous: bool) -> None:
        path = "/api/v1/courses/intro/"
        assert by_token(ines).patch(path, {"is_anonymous": is_anonymous}, format="json").status_code == 200
        assert by_token(ana).get(path).json()["is_anonymous"] is is_anonymous

    watcher, anas, bens = await connect(ines), await connect(ana, 1), await connect(ben)
    session = await study(anas)
    assert len(await watch(watcher)) == 1
    nobody = {"engaged": 0, "focus": 0, "idle": 0, "silent": 0, "help": 0}

    await orm(set_anonymous, True)
    await study(bens, "idle")  # something to see, with which the new mode shows too
    snapshot = await watcher.expect("watch.snapshot", course="intro", learners=[], within=AT_ONCE_SECONDS)
    assert "ref" not in snapshot
    assert snapshot["counts"] == nobody | {"engaged": 1, "idle": 1}
    await say(anas, session, 2, "focus")
    await anas.send({"type": "help.raise", "session": session, "text": ""})
    await watcher.expect("watch.delta", counts=nobody | {"focus": 1, "idle": 1, "help": 1}, within=AT_ONCE_SECONDS)
    await watcher.send({"type": "nudge", "ref": "n", "enrollment": await orm(enrollment_of, ana), "text": "Hello"})
    await watcher.expect_error("forbidden", ref="n")
    shown = watcher.frames[watcher.frames.index(snapshot) :]
    assert all(not frame.get("upsert") and not frame.get("remove") for frame in shown)
    again = await connect(ines, 1)
    await watch(again)
    assert again.frames[-1]["learners"] == []

    await orm(set_anonymous, False)
    await say(anas, session, 3, "engaged")
    await eventually(lambda: len(seen(watcher)) == 2, AT_ONCE_SECONDS)
    assert "counts" not in watcher.seen("watch.snapshot")[-1]


# A watcher that reads slowly


async def test_who_reads_slowly_gets_a_snapshot_and_never_a_queue(
    connect: Connect, site: Site, ana: "User", ines: "User", intro: "Course"
) -> None:
    """What is watched here is larger than all that may wait for a client, and than what the system takes in for it.

    Samples go on meanwhile.
    """
    sessions = await orm(make_roster, intro, 5_000)
    process = psutil.Process(site.pid(0))
    learner = await connect(ana)
    before = process.memory_info().rss
    async with Unread(site, await orm(token_of, ines), buffer=262_144) as unread:
        await unread.socket.send(json.dumps({"type": "watch.start", "ref": "w", "course": "intro"}))
        for seq, session in enumerate([await study(learner)] * 6, start=2):
            await orm(hint_all, intro, sessions, "idle" if seq % 2 else "focus")
            unread.socket.transport.pause_reading()
            began = monotonic()
            await say(learner, session, seq, "focus" if seq % 2 else "engaged")
            assert monotonic() - began < 2, "an ack waited for what is watched"
            await asyncio.sleep(1)
        assert process.memory_info().rss - before < 96 * 2**20
        unread.socket.transport.resume_reading()
        frames: list[Frame] = []
        async with asyncio.timeout(30):
            while not frames or frames[-1]["type"] == "watch.delta" or "ref" in frames[-1]:
                frames.append(json.loads(await unread.socket.recv()))
            rows = {row["enrollment"]: row for row in frames[-1]["learners"]}
            while standing(rows) != await orm(expected, intro):
                frames.append(json.loads(await unread.socket.recv()))
                rows |= {row["enrollment"]: row for row in frames[-1]["upsert"]}
        assert [frame["version"] for frame in frames] == list(range(1, len(frames) + 1))
        assert len(frames) < 10, "most of what waited was replaced"


async def test_a_large_snapshot_may_take_long_and_who_reads_nothing_of_it_is_dropped(
    make_site: Callable[..., Site], ines: "User", intro: "Course"
) -> None:
    """Here a write may be blocked for 1 s, and for so long again with each 256 KiB. What is small waits behind it."""
    patient = make_site(**renumbered(WRITE_BLOCKED_MS=1_000))
    await orm(make_roster, intro, 5_000)
    token = await orm(token_of, ines)

    @asynccontextmanager
    async def asking() -> AsyncIterator[Unread]:
        async with Unread(patient, token, buffer=16_384) as unread:
            unread.socket.transport.pause_reading()
            await unread.socket.send(json.dumps({"type": "watch.start", "ref": "w", "course": "intro"}))
            await asyncio.sleep(2)  # its snapshot is on the way
            await unread.socket.send(json.dumps({"type": "ping"}))
            yield unread

    async with asking() as reads_nothing, asking() as reads_on:
        await asyncio.sleep(3)
        reads_on.socket.transport.resume_reading()
        async with asyncio.timeout(20):
            frames = [json.loads(await reads_on.socket.recv()) for _ in range(2)]
        assert [(frame["type"], len(frame.get("learners", []))) for frame in frames] == [
            ("watch.snapshot", 5_000),
            ("pong", 0),
        ]
        await reads_nothing.is_dropped(within=40)


def hint_all(course: "Course", sessions: list[int], state: str) -> None:
    """As if all of them had changed their state just now."""
    from courses.models import CourseEnrollment, LearningSession
    from courses.models.session import ClockTimestamp
    from realtime import hints

    LearningSession.objects.filter(pk__in=sessions).update(state=state, last_heard_at=ClockTimestamp())
    hints.send(enrollments=CourseEnrollment.objects.filter(course=course).values_list("pk", flat=True))
