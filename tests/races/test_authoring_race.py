"""Several authors, and learners, at one course at once, over two processes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from courses.models import Content, Course, LearningSession, Module
from tests.counts import count
from tests.people import enroll, make_course, token_of
from tests.site import Site
from users.models import User

ROUNDS = count(2, 50)
ROUNDS_TO_SEE_IT = 40
"""So often is a fault given the chance to show: a race is not lost every time."""

Call = tuple[str, str, dict[str, Any]]


class Authors:
    """Calls sent at one moment, by turns to each process."""

    def __init__(self, site: Site, *tokens: str) -> None:
        self._site = site
        self._tokens = tokens
        self._clients = [httpx.Client(timeout=60, trust_env=False) for _ in range(16)]
        self._pool = ThreadPoolExecutor(len(self._clients))

    def at_once(self, calls: list[Call]) -> list[int]:
        return list(self._pool.map(self._send, range(len(calls)), calls))

    def _send(self, number: int, call: Call) -> int:
        method, path, body = call
        url = f"{self._site.http(number % len(self._site))}/api/v1/{path}"
        headers = {"Authorization": f"Bearer {self._tokens[number % len(self._tokens)]}"}
        json = None if method == "DELETE" else body
        return self._clients[number].request(method, url, json=json, headers=headers).status_code


@pytest.fixture
def unlocked(make_site: Callable[..., Site]) -> Site:
    return make_site(app="tests.races.unlocked:application", processes=2)


def numbers_stay_whole(authors: Authors, course: Course) -> bool:
    """Eight new modules, and as many contents, at once: each is made, and they are numbered 1, 2, 3, …"""
    module = course.modules.order_by("pk")[0]
    calls: list[Call] = []
    for _ in range(8):
        calls.append(("POST", f"courses/{course.slug}/modules/", {"title": "New"}))
        calls.append(("POST", f"modules/{module.pk}/contents/", {"title": "New"}))
    statuses = authors.at_once(calls)
    modules = list(course.modules.order_by("order").values_list("order", flat=True))
    contents = list(module.contents.order_by("order").values_list("order", flat=True))
    return set(statuses) == {201} and modules == list(range(1, 11)) and contents == list(range(1, 11))


def one_module_stays(authors: Authors, course: Course) -> bool:
    """Both modules of a published course are deleted at once: one goes."""
    statuses = authors.at_once([("DELETE", f"modules/{module.pk}/", {}) for module in course.modules.all()])
    return sorted(statuses) == [204, 409] and course.modules.count() == 1


@pytest.mark.parametrize("check", [numbers_stay_whole, one_module_stays])
def test_parallel_authors_keep_a_course_whole(site: Site, ines: User, check: Callable[..., bool]) -> None:
    authors = Authors(site, token_of(ines))
    for number in range(ROUNDS):
        assert check(authors, make_course(ines, f"course-{number}"))


@pytest.mark.parametrize("check", [numbers_stay_whole, one_module_stays])
def test_without_the_lock_they_do_not(unlocked: Site, ines: User, check: Callable[..., bool]) -> None:
    authors = Authors(unlocked, token_of(ines))
    assert not all(check(authors, make_course(ines, f"course-{number}")) for number in range(ROUNDS_TO_SEE_IT))


def test_one_slug_goes_to_one_of_two(site: Site, ines: User) -> None:
    make_course(ines, "intro")
    authors = Authors(site, token_of(ines))
    for number in range(ROUNDS):
        body = {"title": "New", "slug": f"new-{number}", "subject": "learning", "overview": "New."}
        assert sorted(authors.at_once([("POST", "courses/", body)] * 4)) == [201, 400, 400, 400]


def test_a_content_goes_or_is_learned_with(site: Site, ines: User, ana: User) -> None:
    """It is deleted while somebody opens a session on it: one of the two happens, and no session loses its content."""
    course = make_course(ines, "intro", modules=1, contents=1)
    enroll(ana, course)
    authors = Authors(site, token_of(ana), token_of(ines))
    module = Module.objects.get()
    for number in range(ROUNDS):
        content = Content.objects.create(module=module, title="Fleeting")
        opening = {"samples": [], "close": False, "open": {"course": "intro", "content": content.pk}}
        calls: list[Call] = [
            ("POST", f"sessions/{uuid4()}/samples/", opening),
            ("DELETE", f"contents/{content.pk}/", {}),
        ]
        opened, deleted = authors.at_once(calls)
        assert (opened, deleted) in {(200, 409), (404, 204)}, number
        assert LearningSession.objects.filter(content=content).count() == (1 if opened == 200 else 0)
