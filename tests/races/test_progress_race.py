"""Two devices complete the last two contents of a course at one moment: the course is completed, and once."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import httpx
import pytest

from tests.counts import count
from tests.people import enroll, make_course, token_of
from tests.races.test_access_race import deadlocks
from tests.site import Site, orm

if TYPE_CHECKING:
    from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(count(180, 1200))]

ROUNDS = count(5, 200)


class Outcome(NamedTuple):
    """What came of a round, all of it as it should be by default."""

    status: str = "completed"
    percent: float = 100.0
    revision: int = 4
    modules: int = 2
    trail: int = 1
    told: tuple[str, ...] = ("progress.course_completed", "progress.module_completed", "progress.module_completed")


async def a_round(site: Site, owner: "User", learner: "User", slug: str, *, posts: int) -> Outcome:
    """Each device says so many times at once that its content is done."""
    from courses import progress
    from courses.models import Content, CourseEnrollment, EnrollmentEvent, ModuleProgress
    from realtime.models import Notification
    from users.models import RateCount

    def prepare() -> tuple[int, list[int]]:
        RateCount.objects.all().delete()  # many rounds in a minute are more requests than a user may make
        course = make_course(owner, slug)
        contents = list(Content.objects.filter(module__course=course).values_list("pk", flat=True).order_by("pk"))
        enrollment = enroll(learner, course)
        for content in (contents[0], contents[2]):
            progress.complete_content(student_id=learner.pk, content_id=content)
        return enrollment.pk, [contents[1], contents[3]]

    def outcome() -> Outcome:
        row = CourseEnrollment.objects.get(pk=enrollment)
        news = Notification.objects.filter(user=learner, data__course=slug)
        return Outcome(
            row.status,
            float(row.progress_percentage),
            row.progress_revision,
            ModuleProgress.objects.filter(enrollment=row, completed_at__isnull=False).count(),
            EnrollmentEvent.objects.filter(course__slug=slug, kind="complete").count(),
            tuple(sorted(news.values_list("kind", flat=True))),
        )

    enrollment, last = await orm(prepare)
    headers = {"Authorization": f"Bearer {await orm(token_of, learner)}"}
    async with httpx.AsyncClient(timeout=120, trust_env=False, headers=headers) as client:
        urls = [f"{site.http(number)}/api/v1/contents/{content}/complete/" for number, content in enumerate(last)]
        answers = await asyncio.gather(*(client.post(url) for url in urls for _ in range(posts)))
    assert {answer.status_code for answer in answers} == {200}
    return await orm(outcome)


async def test_the_last_two_contents_at_once_complete_the_course_once(site: Site, ines: "User", ana: "User") -> None:
    before = await orm(deadlocks)
    for number in range(ROUNDS):
        assert await a_round(site, ines, ana, f"course-{number}", posts=2) == Outcome()
    assert await orm(deadlocks) == before


async def test_without_the_lock_the_course_is_never_completed(
    make_site: Callable[..., Site], ines: "User", ana: "User"
) -> None:
    """The control: shows that the test above would see it."""
    site = make_site(processes=2, app="tests.races.plants:no_enrollment_lock")
    outcome = await a_round(site, ines, ana, "course", posts=1)
    assert (outcome.status, outcome.percent, outcome.trail) == ("enrolled", 75.0, 0)
