"""Several authors, and learners, at one course at once, over two processes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from courses.models import Content, Course, LearningSession
from tests.counts import count
from tests.people import enroll, make_course, token_of
from tests.site import Site
from users.models import RateCount, User

ROUNDS = count(2, 50)
ROUNDS_TO_SEE_IT = 100
"""So often is a fault given the chance to show: a race is not lost every time."""

Call = tuple[str, str, dict[str, Any]]


class People:
    """`ines`, who owns the courses, and `ana`, who learns in them; their calls leave at one moment."""

    def __init__(self, site: Site, ines: User, ana: User) -> None:
        self._site = site
        self.ines, self.ana = ines, ana
        self._headers = {user: {"Authorization": f"Bearer {token_of(user)}"} for user in (ines, ana)}
        self._clients = [httpx.Client(timeout=60, trust_env=False) for _ in range(16)]
        self._pool = ThreadPoolExecutor(len(self._clients))

    def at_once(self, *calls: tuple[User, Call]) -> list[int]:
        """The statuses of the answers; the calls go to each process by turns."""
        RateCount.objects.all().delete()  # many rounds in a minute are more requests than a user may make
        return list(self._pool.map(self._send, range(len(calls)), calls))

    def _send(self, number: int, call: tuple[User, Call]) -> int:
        user, (method, path, body) = call
        url = f"{self._site.http(number % len(self._site))}/api/v1/{path}"
        json = None if method == "DELETE" else body
        return self._clients[number].request(method, url, json=json, headers=self._headers[user]).status_code


@pytest.fixture
def unlocked(make_site: Callable[..., Site]) -> Site:
    return make_site(app="tests.races.unlocked:application", processes=2)


def numbers_stay_whole(people: People, course: Course) -> bool:
    """Eight new modules, and as many contents, at once: each is made, and they are numbered 1, 2, 3, …"""
    module = course.modules.order_by("pk")[0]
    new_module: Call = ("POST", f"courses/{course.slug}/modules/", {"title": "New"})
    new_content: Call = ("POST", f"modules/{module.pk}/contents/", {"title": "New"})
    statuses = people.at_once(*[(people.ines, call) for call in (new_module, new_content) * 8])
    modules = list(course.modules.order_by("order").values_list("order", flat=True))
    contents = list(module.contents.order_by("order").values_list("order", flat=True))
    return set(statuses) == {201} and modules == contents == list(range(1, 11))


def one_module_stays(people: People, course: Course) -> bool:
    """Both modules of a published course are deleted at once: one goes."""
    deletions: list[Call] = [("DELETE", f"modules/{module.pk}/", {}) for module in course.modules.all()]
    statuses = people.at_once(*[(people.ines, call) for call in deletions])
    return sorted(statuses) == [204, 409] and course.modules.count() == 1


def a_content_goes_or_is_learned_with(people: People, course: Course) -> bool:
    """It is deleted while somebody opens a session on it: one of the two happens, and the other is told.

    The session is closed, for only so many of a learner's may live.
    """
    enroll(people.ana, course)
    content = Content.objects.filter(module__course=course)[0]
    body = {"samples": [], "close": True, "open": {"course": course.slug, "content": content.pk}}
    opened, deleted = people.at_once(
        (people.ana, ("POST", f"sessions/{uuid4()}/samples/", body)),
        (people.ines, ("DELETE", f"contents/{content.pk}/", {})),
    )
    sessions = LearningSession.objects.filter(content=content).count()
    return (opened, deleted, sessions) in {(200, 409, 1), (404, 204, 0)}


CHECKS = [numbers_stay_whole, one_module_stays, a_content_goes_or_is_learned_with]


@pytest.mark.parametrize("check", CHECKS)
def test_whoever_writes_at_once_a_course_stays_whole(
    site: Site, ines: User, ana: User, check: Callable[..., bool]
) -> None:
    people = People(site, ines, ana)
    for number in range(ROUNDS):
        assert check(people, make_course(ines, f"course-{number}"))


@pytest.mark.parametrize("check", CHECKS)
def test_without_the_locks_it_does_not(unlocked: Site, ines: User, ana: User, check: Callable[..., bool]) -> None:
    people = People(unlocked, ines, ana)
    assert not all(check(people, make_course(ines, f"course-{number}")) for number in range(ROUNDS_TO_SEE_IT))


def test_one_slug_goes_to_one_of_four(site: Site, ines: User, ana: User) -> None:
    make_course(ines, "intro")
    people = People(site, ines, ana)
    for number in range(ROUNDS):
        body = {"title": "New", "slug": f"new-{number}", "subject": "learning", "overview": "New."}
        statuses = people.at_once(*[(ines, ("POST", "courses/", body))] * 4)
        assert sorted(statuses) == [201, 400, 400, 400]
