"""A learner with a content open in a real tab, and the truth about it, measured apart from the SDK."""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from courses import ledger
from courses.models import Content, CourseEnrollment, LearningSession
from tests.people import session_of
from users.models import User

TOLERANCE_SECONDS = 1.0
WITHIN_SECONDS = 25.0

T = TypeVar("T")


class Truth:
    """What the page really was: by what the browser was told to do, and when."""

    def __init__(self) -> None:
        self.seconds = {"engaged": 0.0, "focus": 0.0, "idle": 0.0}
        self.state = ""
        self.since = 0.0

    def turn(self, state: str) -> None:
        """The page is this from now on; "" ends it."""
        now = time.monotonic()
        if self.state:
            self.seconds[self.state] += now - self.since
        self.state, self.since = state, now

    def is_held_by(self, session: LearningSession) -> bool:
        """Whether the row has it all by now, to the tolerance."""
        counted = {
            "engaged": session.engaged_time.total_seconds(),
            "focus": (session.focus_time - session.engaged_time).total_seconds(),
            "idle": session.idle_time.total_seconds(),
        }
        return counted == pytest.approx(self.seconds, abs=TOLERANCE_SECONDS)


def sign_in(browser: BrowserContext, address: str, user: User) -> None:
    browser.add_cookies([{"name": "sessionid", "value": session_of(user), "url": address}])


def open_content(page: Page, address: str, content: Content) -> None:
    """Until its time is recorded."""
    page.goto(f"{address}/courses/{content.module.course.slug}/contents/{content.pk}")
    expect(page.get_by_test_id("live-state")).to_have_attribute("data-phase", "live")


def study(page: Page, seconds: float) -> None:
    """Press into the text now and then."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        page.mouse.click(640, 420)
        page.wait_for_timeout(min(500, max(0, (end - time.monotonic()) * 1000)))


def eventually(look: Callable[[], T | None], what: str) -> T:
    """The first answer of `look` that is one; what it does not see in time fails, with `what`."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(what)


def the_session(content: Content) -> LearningSession:
    """The only session of this content."""
    return LearningSession.objects.get(content=content)


def assert_true(content: Content, truth: Truth, *, closed: bool = True) -> LearningSession:
    """The only session of this content comes to hold the truth, and its course each second of focus once."""

    def look() -> LearningSession | None:
        session = the_session(content)
        return session if truth.is_held_by(session) and (session.ended_at is not None or not closed) else None

    try:
        session = eventually(look, "")
    except AssertionError:
        raise AssertionError(f"the truth: {truth.seconds}, counted: {the_session(content).__dict__}") from None
    assert session.unknown_time.total_seconds() <= TOLERANCE_SECONDS
    assert course_seconds(session) == pytest.approx(session.focus_time.total_seconds(), abs=0.001)
    return session


def course_seconds(session: LearningSession) -> float:
    """The course's total for this learner, once all is settled that has been recorded."""
    enrollment = session.enrollment
    ledger.settle(list(enrollment.learning_sessions.values_list("pk", flat=True)))
    return CourseEnrollment.objects.get(pk=enrollment.pk).total_time_spent.total_seconds()
