"""`make simulate`: what its learners studied is what a started site has of them, and it comes and goes in order."""

import asyncio
import io
import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from benchmarks import simulate
from benchmarks.learners import SECOND, Learner, Page, Sample, learner
from benchmarks.simulate import Room, Student
from tests.contract.conftest import eventually
from tests.people import enroll, make_course, make_user, token_of
from tests.site import Site, free_port, orm
from users import tokens

if TYPE_CHECKING:
    from courses.models import Course, LearningSession
    from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

SHORT = [
    page
    for number in range(600)
    for page in learner(1, number, contents=4, lesson=8 * SECOND).pages
    if page.steps[-1].does == "close"  # type: ignore[union-attr]
]


def pages(does: str, count: int) -> list[Page]:
    """So many short ones in which this happens."""
    return [page for page in SHORT if any(getattr(step, "does", "") == does for step in page.steps)][:count]


def students(site: Site, course: "Course", learners: Sequence[Learner]) -> list[Student]:
    """The learners, with accounts of their own."""
    from courses.models import Content

    contents = Content.objects.filter(module__course=course).order_by("module__order", "order")
    room = Room(site.http(), course.slug, list(contents.values_list("pk", flat=True)))
    people = [make_user(f"learner{number}") for number in range(len(learners))]
    for user in people:
        enroll(user, course)
    return [Student(one, token_of(user), room) for one, user in zip(learners, people, strict=True)]


def sessions() -> "list[LearningSession]":
    from courses.models import LearningSession

    return list(LearningSession.objects.order_by("user", "started_at"))


def studied(page: Page) -> dict[str, Any]:
    """What the row of its session has, by the protocol's words."""
    samples = [step for step in page.steps if isinstance(step, Sample)]
    ms = {"engaged": 0, "focus": 0, "idle": 0}
    for one, after in pairwise(samples):
        ms[one.state] += after.at - one.at
    return {
        "samples": len(samples),
        "engaged": timedelta(milliseconds=ms["engaged"]),
        "focus": timedelta(milliseconds=ms["engaged"] + ms["focus"]),
        "idle": timedelta(milliseconds=ms["idle"]),
        "interactions": sum(sample.interactions for sample in samples),
    }


def assert_studied(row: "LearningSession", page: Page) -> None:
    expected = studied(page)
    assert (row.end_reason, row.acked_seq) == ("closed", expected["samples"])
    assert row.interactions_count == expected["interactions"]
    for name in ("engaged", "focus", "idle"):
        assert abs(getattr(row, f"{name}_time") - expected[name]) < timedelta(seconds=1), name
    assert row.unknown_time < timedelta(seconds=1)


async def test_what_a_class_studied_is_what_the_site_has(site: Site, intro: "Course") -> None:
    from courses.models import ContentProgress
    from realtime.models import Notification

    cut, asking, plain = pages("lose", 4), pages("ask", 4), pages("complete", 4)
    learners = [Learner("mobile", 200 * n, [cut[n], asking[n], plain[n]]) for n in range(4)]
    await simulate.hold(await orm(students, site, intro, learners))
    rows = await orm(sessions)
    played = [page for one in learners for page in one.pages]
    assert len(rows) == len(played)
    for row, page in zip(rows, played, strict=True):
        assert_studied(row, page)
        assert row.device_type == "mobile"
    assert await orm(Notification.objects.filter(kind="help.requested").count) == 4
    assert await orm(ContentProgress.objects.filter(is_completed=True).count) > 0


async def test_a_class_outlives_a_site_that_is_killed_and_is_dismissed_in_order(site: Site, intro: "Course") -> None:
    long = learner(1, 0, contents=4, lesson=600 * SECOND).pages
    there = await orm(students, site, intro, [Learner("desktop", 0, long)] * 3)
    lesson = asyncio.create_task(simulate.hold(there))

    def are_here() -> bool:
        return all(student.standing in ("engaged", "focus", "idle") and not student._kept for student in there)

    await eventually(are_here)
    await asyncio.to_thread(site.kill)
    await eventually(lambda: all(student.standing == "lost" for student in there))
    await asyncio.to_thread(site.start)
    await eventually(are_here, within=30)
    lesson.cancel()
    with pytest.raises(asyncio.CancelledError):
        await lesson
    assert all(student.standing == "finished" for student in there)
    rows = await orm(sessions)
    assert [row.end_reason for row in rows] == ["closed"] * 3
    assert all(row.acked_seq >= 2 and row.unknown_time < timedelta(seconds=1) for row in rows)


# Accounts, and what can't be -----------------------------------------------------------------------------------


@pytest.fixture
def demo_course(ines: "User", settings: Any) -> "Course":
    settings.DEBUG = True
    return make_course(ines, "intro-to-live-learning")


def made(count: int) -> list[str]:
    out = io.StringIO()
    call_command("simulated", str(count), stdout=out)
    found = json.loads(out.getvalue())
    assert found["course"] == "intro-to-live-learning"
    return found["tokens"]


def test_the_second_time_the_same_learners_come(demo_course: "Course") -> None:
    first, more = made(2), made(3)
    people = [found.user for token in (*first, *more) if (found := tokens.find(token))]
    assert [user.username for user in people] == [f"simulated-{number}" for number in (0, 1, 0, 1, 2)]
    assert len({user.get_full_name() for user in people}) == 3
    assert not any(user.has_usable_password() for user in people)
    assert demo_course.course_enrollments.filter(status="enrolled").count() == 3


def test_nobody_is_made_outside_of_development(demo_course: "Course", settings: Any) -> None:
    from users.models import User

    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG"):
        made(1)
    settings.DEBUG = True
    demo_course.delete()
    with pytest.raises(CommandError, match="demo"):
        made(1)
    assert not User.objects.filter(username__startswith="simulated").exists()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LEARNERS", "5000", "LEARNERS is '5000': it has to be a number from 1 to 1000."),
        ("MINUTES", "soon", "MINUTES is 'soon'"),
        ("SEED", "1", "start it by `make run`"),
    ],
)
def test_what_is_wrong_is_said(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=said):
        simulate.main()


def test_learners_of_another_database_are_not_let_in(site: Site) -> None:
    with pytest.raises(SystemExit, match="it has another database"):
        simulate.enter(site.http(), course="intro-to-live-learning", token="sb_unknown")
