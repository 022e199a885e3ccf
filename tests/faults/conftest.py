"""Learners by the dozen."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.counts import seeded
from tests.faults.fleet import Fleet
from tests.people import enroll, make_user, token_of
from tests.site import Site

if TYPE_CHECKING:
    from courses.models import Course


@pytest.fixture
def make_fleet(intro: "Course", record_property: Callable[[str, object], None]) -> Callable[..., Fleet]:
    """A fleet of `learners`, each enrolled in `intro` with a token of its own, for these sites. `habits`: see Fleet."""

    def make(*sites: Site, learners: int, **habits: float) -> Fleet:
        from courses.models import Content

        contents = [None, *Content.objects.filter(module__course=intro).values_list("pk", flat=True)]
        tokens = {}
        for number in range(learners):
            user = make_user(f"learner{number}")
            enroll(user, intro)
            tokens[user.pk] = token_of(user)
        return Fleet(
            sites,
            course=intro.slug,
            contents=contents,
            tokens=tokens,
            rng=seeded(),
            note=record_property,
            **habits,
        )

    return make
