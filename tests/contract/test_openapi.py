"""The whole OpenAPI document against the started site: whatever is sent, by whomever, the answer is one it names.

No 5xx, no status that the document does not have, no body or header that is not of its schema. Half of the requests
name things that are there, so that they get past the door. What a field should have been is not judged here: the REST
framework reads "1" as 1, and a valid text may be refused for what it says.
"""

import re
from collections.abc import Callable
from itertools import count as counting
from pathlib import Path
from typing import Any
from uuid import uuid4

import hypothesis
import pytest
import requests
import schemathesis
from django.core.files.base import ContentFile
from hypothesis import HealthCheck, Phase
from schemathesis.checks import CHECKS

from courses.models import Certificate, ContentItem, ContentProgress, File, Image, LearningSession, Video
from tests.counts import STRESS, count
from tests.courses.uploads import MP4, VTT, picture
from tests.people import enroll, make_course, make_user, token_of
from tests.site import Site
from users.models import User

SCHEMA = schemathesis.openapi.from_path(Path(__file__).parents[2] / "docs" / "openapi.json")
CHECKED = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)
EVERYTHING = hypothesis.settings(
    max_examples=count(1, 10),
    deadline=None,
    database=None,
    derandomize=not STRESS,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
number = counting()


def make_people() -> dict[str, User]:
    """One of each role."""
    this = next(number)
    return {
        "student": make_user(f"student-{this}"),
        "owner": make_user(f"owner-{this}", role="instructor"),
        "staff": make_user(f"staff-{this}", is_staff=True),
    }


def one_who_is_there(role: str, people: dict[str, User]) -> User:
    """As the account is now: its password may have changed. Where it was closed, everybody is new."""
    caller = User.objects.filter(pk=people[role].pk, is_active=True).first()
    if caller is None:
        people.update(make_people())
        caller = people[role]
    return caller


def has_token(caller: User) -> bool:
    """It may have been revoked."""
    return caller.api_tokens.filter(name="tests", is_active=True).exists()


def make_world(owner: User, learner: User) -> dict[str, Any]:
    """A course with something of everything; what it is called in the paths of the document."""
    course = make_course(owner, f"course-{next(number)}", max_capacity=30)
    enrollment = enroll(learner, course)
    module = course.modules.all()[0]
    content = module.contents.all()[0]
    items = [
        Image.objects.create(owner=owner, title="Image", file=ContentFile(picture(), "image.png")),
        File.objects.create(owner=owner, title="File", file=ContentFile(b"notes", "notes.txt")),
        Video.objects.create(
            owner=owner, title="Film", file=ContentFile(MP4, "film.mp4"), captions=ContentFile(VTT, "film.vtt")
        ),
    ]
    places = [ContentItem.objects.create(content=content, item=item) for item in items]
    ContentProgress.objects.create(enrollment=enrollment, content=module.contents.all()[1])
    session = LearningSession.objects.create(user=learner, enrollment=enrollment, key=uuid4())
    token_of(learner, "Phone")
    token = learner.api_tokens.latest("pk")
    return {
        "slug": course.slug,
        "table": "learners",
        "key": str(session.key),
        "code": Certificate.objects.create(enrollment=enrollment, code=f"code-{enrollment.pk}").code,
        "courses": course.pk,
        "modules": module.pk,
        "contents": content.pk,
        "items": places[-1].pk,
        "sessions": session.pk,
        "enrollments": enrollment.pk,
        "tokens": token.pk,
    }


def named(path: str, world: dict[str, Any]) -> dict[str, Any]:
    """The parameters of this path that name something of the world."""
    kind = path.split("/")[3]
    known = world | ({"id": world[kind]} if kind in world else {})
    return {name: known[name] for name in re.findall(r"{(\w+)}", path) if name in known}


def requests_to(path: str, world: dict[str, Any]) -> list[tuple[schemathesis.GenerationMode, dict[str, Any]]]:
    """Good and bad requests about what is there, and about whatever."""
    good, bad = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
    known = {"path_parameters": parameters} if (parameters := named(path, world)) else {}
    return [(good, known), (bad, known), (good, {}), (bad, {})] if STRESS else [(good, known), (bad, {})]


@pytest.fixture
def unthrottled(make_site: Callable[..., Site]) -> Site:
    return make_site(app="tests.contract.unthrottled:application")


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("role", ["nobody", "student", "owner", "staff"])
def test_every_answer_is_in_the_document(role: str, unthrottled: Site, settings, db: None) -> None:
    settings.MEDIA_ROOT = Path(unthrottled.environment["DATA_DIR"]) / "media"
    session = requests.Session()
    session.trust_env = False
    failures: list[str] = []
    answered: set[int] = set()
    people = make_people()
    world = make_world(people["owner"], people["student"])
    for found in SCHEMA.get_all_operations():
        operation = found.ok()
        for mode, options in requests_to(operation.path, world):
            try:
                cases = operation.as_strategy(generation_mode=mode, **options)

                @EVERYTHING
                @hypothesis.given(case=cases)
                def check(case: schemathesis.Case) -> None:
                    if role in people and not has_token(caller := one_who_is_there(role, people)):
                        session.headers["Authorization"] = f"Bearer {token_of(caller)}"
                    answer = case.call(base_url=unthrottled.http(), session=session, timeout=60)
                    answered.add(answer.status_code)
                    case.validate_response(answer, checks=CHECKED)

                check()
            except hypothesis.errors.Unsatisfiable:
                continue  # there is nothing to send that would be wrong
            except (Exception, BaseExceptionGroup) as failure:
                failures.append(f"{operation.label}, {mode}:\n{failure!s:.3000}")
        if operation.method == "delete":
            world = make_world(one_who_is_there("owner", people), one_who_is_there("student", people))
    assert not failures, "\n\n".join(failures)
    assert answered >= ({200, 404} if role in people else {200, 401})
