"""Progress over the wire: completed on one device, there on all, in order, and never twice."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.conftest import AT_ONCE_SECONDS, Connect, eventually, grow_old, lives
from tests.learner import Learner
from tests.people import enroll, make_course, token_of
from tests.rest import by_token
from tests.site import ROOT, Site, orm

if TYPE_CHECKING:
    from courses.models import Content, Course
    from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def contents_of(course: "Course") -> list[int]:
    from courses.models import Content

    contents = Content.objects.filter(module__course=course).order_by("module__order", "order")
    return list(contents.values_list("pk", flat=True))


def revisions(learner: Learner) -> list[int]:
    return [frame["revision"] for frame in learner.seen("progress.updated")]


async def test_what_is_completed_on_one_device_is_completed_on_all(
    connect: Connect, ana: "User", ben: "User", intro: "Course"
) -> None:
    first, second, *_ = await orm(contents_of, intro)
    here, there, other = await connect(ana, 0), await connect(ana, 1), await connect(ben, 1)
    await here.send({"type": "content.complete", "ref": "c", "content": first})
    for learner in (here, there):
        told = await learner.expect("progress.updated", within=AT_ONCE_SECONDS)
        assert told == {
            "type": "progress.updated",
            "course": "intro",
            "enrollment": told["enrollment"],
            "revision": 1,
            "content": first,
            "content_completed": True,
            "module": told["module"],
            "module_percent": 50.0,
            "course_percent": 25.0,
            "status": "enrolled",
        }
    posted = await orm(lambda: by_token(ana).post(f"/api/v1/contents/{second}/complete/").json())
    for learner in (here, there):
        told = await learner.expect("progress.updated", content=second, within=AT_ONCE_SECONDS)
        assert {"type": "progress.updated", **posted} == told
        await learner.expect("notification", kind="progress.module_completed", within=AT_ONCE_SECONDS)
        assert revisions(learner) == [1, 2]
    await lives(other)
    assert not other.seen("progress.updated")


async def test_who_says_again_that_a_content_is_done_is_told_where_they_stand(
    connect: Connect, ana: "User", intro: "Course"
) -> None:
    """The asker alone, with the newest revision; so no page waits for an answer that never comes."""
    first, second, *_ = await orm(contents_of, intro)
    here, there = await connect(ana, 0), await connect(ana, 1)
    for content in (first, second):
        await here.send({"type": "content.complete", "content": content})
        for learner in (here, there):
            news = await learner.expect("progress.updated", content=content, within=AT_ONCE_SECONDS)
    late = await connect(ana, 1)
    for learner in (here, late):
        before = len(revisions(learner))
        await learner.send({"type": "content.complete", "ref": "again", "content": first})
        await eventually(lambda learner=learner, before=before: len(revisions(learner)) > before)  # type: ignore[misc]
        assert learner.seen("progress.updated")[-1] == {**news, "content": first}
    for learner in (here, there, late):
        await lives(learner)
    assert (revisions(here), revisions(there), revisions(late)) == ([1, 2, 2], [1, 2], [2])


async def test_an_answer_never_overtakes_what_was_completed_before(connect: Connect, ana: "User", ines: "User") -> None:
    """Whoever drops older revisions loses nothing by having asked."""
    course = await orm(make_course, ines, "long", modules=2, contents=10)
    await orm(enroll, ana, course)
    first, *others = await orm(contents_of, course)
    here, there = await connect(ana, 0), await connect(ana, 1)
    await here.send({"type": "content.complete", "content": first})
    await there.expect("progress.updated", content=first, within=AT_ONCE_SECONDS)
    for content in others:
        await here.send({"type": "content.complete", "content": content})
        await there.send({"type": "content.complete", "content": first})
    for learner in (here, there):
        await learner.expect("progress.updated", revision=20)
    await there.send({"type": "content.complete", "content": first})
    await eventually(lambda: there.seen("progress.updated")[-1]["content"] == first)
    heard = there.seen("progress.updated")
    assert [frame["revision"] for frame in heard] == sorted(frame["revision"] for frame in heard)
    assert [frame["content"] for frame in heard if frame["content"] != first] == others
    assert revisions(here) == list(range(1, 21))


async def test_the_last_content_completes_the_course(connect: Connect, ana: "User", intro: "Course") -> None:
    here, there = await connect(ana, 0), await connect(ana, 1)
    contents = await orm(contents_of, intro)
    for content in contents:
        await here.send({"type": "content.complete", "content": content})
    for learner in (here, there):
        last = await learner.expect("progress.updated", content=contents[-1], within=AT_ONCE_SECONDS)
        assert (last["course_percent"], last["module_percent"], last["status"]) == (100.0, 100.0, "completed")
        await learner.expect("notification", kind="progress.course_completed", within=AT_ONCE_SECONDS)
        assert [frame["content"] for frame in learner.seen("progress.updated")] == contents
        assert revisions(learner) == [1, 2, 3, 4]
        modules = learner.seen("notification", kind="progress.module_completed")
        assert [frame["data"]["module_title"] for frame in modules] == ["Module 1", "Module 2"]
        assert len(learner.seen("notification", kind="progress.course_completed")) == 1


async def test_what_can_not_be_completed_says_why(connect: Connect, ana: "User", ines: "User", intro: "Course") -> None:
    from django.utils import timezone

    from courses.models import Content

    first, second, third, _ = await orm(contents_of, intro)
    (elsewhere, *_) = await orm(lambda: contents_of(make_course(ines, "elsewhere")))
    await orm(lambda: Content.objects.filter(pk=second).update(archived_at=timezone.now()))
    await orm(lambda: Content.objects.filter(pk=third).update(completion_method="auto"))
    learner = await connect(ana)
    cases: list[tuple[Any, str]] = [
        (2**53 - 1, "not_found"),
        (second, "not_found"),
        (elsewhere, "not_enrolled"),
        (third, "forbidden"),
        ("twelve", "bad_frame"),
        (-1, "bad_frame"),
    ]
    for number, (content, code) in enumerate(cases):
        await learner.send({"type": "content.complete", "ref": f"r{number}", "content": content})
        await learner.expect_error(code, ref=f"r{number}")
    owner = await connect(ines)
    await owner.send({"type": "content.complete", "ref": "mine", "content": first})
    await owner.expect_error("not_enrolled", ref="mine")
    assert not learner.seen("progress.updated")


async def test_who_connects_while_contents_are_completed_hears_of_each_once_in_order(
    site: Site, connect: Connect, ana: "User", ines: "User"
) -> None:
    course = await orm(make_course, ines, "long", modules=2, contents=15)
    await orm(enroll, ana, course)
    contents = await orm(contents_of, course)
    working = await connect(ana, 0)
    others: list[Learner] = []
    for number, content in enumerate(contents):
        await working.send({"type": "content.complete", "content": content})
        if number % 5 == 0:
            others.append(await connect(ana, number % 2))
        await asyncio.sleep(0)
    for learner in (working, *others):
        await eventually(lambda learner=learner: len(revisions(learner)) > 0)  # type: ignore[misc]
        await learner.expect("progress.updated", revision=30)
        heard = revisions(learner)
        assert heard == list(range(heard[0], 31))
    assert revisions(working) == list(range(1, 31))


async def open_timed(learner: Learner, content: "Content") -> int:
    """Open a session of this content, which 20 engaged seconds complete, as if a minute ago; its number."""

    def ask_for_time() -> None:
        content.completion_method, content.required_seconds = "time_based", 20
        content.save()

    await orm(ask_for_time)
    opened = await learner.open(course="intro", content=content.pk)
    await orm(grow_old, opened["session"], 60)
    await learner.open(course="intro", content=content.pk, key=opened_key(learner))
    session: int = opened["session"]
    return session


async def test_enough_time_completes_a_content_by_itself(
    connect: Connect, ana: "User", intro: "Course", content: "Content"
) -> None:
    here, there = await connect(ana, 0), await connect(ana, 1)
    session = await open_timed(here, content)
    await here.samples(session, [(1, 0, "engaged", 1), (2, 19_000, "idle", 1)])
    await here.expect("session.ack", seq=2)
    await here.samples(session, [(3, 20_000, "engaged", 1), (4, 21_500, "idle", 1)])
    for learner in (here, there):
        told = await learner.expect("progress.updated", content=content.pk, within=AT_ONCE_SECONDS)
        assert told["content_completed"]
        assert told["revision"] == 1


async def test_enough_time_completes_with_the_sample_that_ends_it(
    connect: Connect, ana: "User", content: "Content"
) -> None:
    """Also where the page stays in focus: nothing more is sent."""
    here = await connect(ana)
    session = await open_timed(here, content)
    await here.samples(session, [(1, 0, "engaged", 1), (2, 20_000, "focus", 1)])
    await here.expect("progress.updated", content=content.pk, within=AT_ONCE_SECONDS)


def opened_key(learner: Learner) -> str:
    (frame,) = learner.seen("session.opened")
    return str(frame["ref"]).removeprefix("open ")


async def test_what_is_consumed_completes_a_content_by_itself(
    connect: Connect, ana: "User", intro: "Course", content: "Content"
) -> None:
    from courses.models import ContentItem, Video

    def make_film() -> tuple[int, int]:
        content.completion_method = "auto"
        content.save()
        film = Video.objects.create(owner=intro.owner, title="Film", duration=timedelta(seconds=60))
        return content.items.get().pk, ContentItem.objects.create(content=content, item=film).pk

    text, film = await orm(make_film)
    here, there = await connect(ana, 0), await connect(ana, 1)

    async def refused(code: str, **fields: Any) -> dict[str, Any]:
        await here.send({"type": "content.consumed", "ref": "r", **fields})
        return await here.expect_error(code, ref="r")

    def ranges(*pairs: tuple[float, float]) -> list[dict[str, float]]:
        return [{"start": start, "end": end} for start, end in pairs]

    await refused("not_found", item=text)  # there was no session of the content yet
    opened = await here.open(course="intro", content=content.pk)
    await refused("not_found", item=2**40)
    await refused("bad_frame", item=text, ranges=ranges((0, 1)))
    await refused("bad_frame", item=film, ranges=ranges((0, 86_401)))
    early = await refused("rate_limited", item=film, ranges=ranges((0, 60)))  # nobody plays a minute in a moment
    assert 20_000 < early["retry_after_ms"] <= 25_000
    await here.send({"type": "content.consumed", "item": text})
    await orm(grow_old, opened["session"], 60)
    await here.send({"type": "content.consumed", "item": film, "ranges": ranges((0, 30), (20, 40))})
    await here.send({"type": "content.consumed", "item": film, "ranges": ranges((46, 59.5))})
    await lives(here)
    assert not here.seen("progress.updated")  # 53.5 of 60 seconds
    await there.send({"type": "content.consumed", "item": film, "ranges": ranges((40, 40.5))})
    for learner in (here, there):
        told = await learner.expect("progress.updated", content=content.pk, within=AT_ONCE_SECONDS)
        assert told["revision"] == 1


async def test_what_an_author_changes_reaches_who_learns(
    connect: Connect, site: Site, ana: "User", ines: "User", intro: "Course"
) -> None:
    """By a job; the update names no content."""
    here, there = await connect(ana, 0), await connect(ana, 1)
    first, second, *_ = await orm(contents_of, intro)
    await here.send({"type": "content.complete", "content": first})
    await here.expect("progress.updated", revision=1)

    def archive() -> None:
        assert by_token(ines).patch(f"/api/v1/contents/{second}/", {"archived": True}).status_code == 200
        command = [sys.executable, "manage.py", "procrastinate", "worker", "--one-shot", "--queues", "default"]
        subprocess.run(command, cwd=ROOT, env=site.environment, check=True, capture_output=True, timeout=60)

    await orm(archive)
    for learner in (here, there):
        told = await learner.expect("progress.updated", revision=2, within=AT_ONCE_SECONDS)
        assert told == {
            "type": "progress.updated",
            "course": "intro",
            "enrollment": told["enrollment"],
            "revision": 2,
            "content": None,
            "content_completed": None,
            "module": None,
            "module_percent": None,
            "course_percent": 33.33,
            "status": "enrolled",
        }
        await learner.expect("notification", kind="progress.module_completed")


async def test_a_lost_hint_heals(
    make_site: Callable[..., Site], connect: Connect, ana: "User", intro: "Course"
) -> None:
    """Nobody hears this site's hints: what the other process was told the next look finds."""
    site = make_site(processes=2, app="tests.faults.plants:looks_every_second", redis_url="redis://127.0.0.1:1/0")
    here, there = await connect(ana, 0, to=site), await connect(ana, 1, to=site)
    first, *_ = await orm(contents_of, intro)
    await here.send({"type": "content.complete", "content": first})
    for learner in (here, there):
        await learner.expect("progress.updated", content=first, revision=1)
    assert revisions(here) == revisions(there) == [1]


async def test_without_the_look_a_lost_hint_stays_lost(
    make_site: Callable[..., Site], ana: "User", intro: "Course"
) -> None:
    """The control."""
    site = make_site(processes=2, app="tests.faults.plants:looks_at_no_news", redis_url="redis://127.0.0.1:1/0")
    token = await orm(token_of, ana)
    async with Learner(site.ws(0), token=token) as here, Learner(site.ws(1), token=token) as there:
        await here.hello()
        await there.hello()
        first, *_ = await orm(contents_of, intro)
        await here.send({"type": "content.complete", "content": first})
        await here.expect("progress.updated")
        with pytest.raises(AssertionError, match=r"no .*progress"):
            await there.expect("progress.updated", within=AT_ONCE_SECONDS)
