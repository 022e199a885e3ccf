"""A learner with a content open in a real tab, and the row that comes to hold the truth about it."""

import time
from collections.abc import Callable
from typing import TypeVar

from playwright.sync_api import BrowserContext, Page

from courses import ledger
from courses.models import Content, CourseEnrollment, LearningSession
from tests.e2e.trace import Trace, Truth
from tests.people import session_of
from users.models import User

TOLERANCE_SECONDS = 1.0
WITHIN_SECONDS = 25.0

RECORDED = """() => new Promise((done) => {
    const look = () => {
        if (document.querySelector("[data-testid=live-state]")?.dataset.phase === "live") done();
        else requestAnimationFrame(look);
    };
    look();
})"""
"""Frame by frame: Playwright's own `expect` looks once a second, by which the truth would begin too late."""

T = TypeVar("T")


def sign_in(browser: BrowserContext, address: str, user: User) -> None:
    browser.add_cookies([{"name": "sessionid", "value": session_of(user), "url": address}])


def visit(browser: BrowserContext, address: str, user: User, path: str = "") -> Page:
    """A fresh tab in front, in which this user is on a page of the site."""
    sign_in(browser, address, user)
    page = browser.new_page()
    page.bring_to_front()
    page.goto(f"{address}/{path}")
    return page


def open_content(page: Page, address: str, content: Content) -> None:
    """To the moment from which its time is recorded."""
    page.goto(f"{address}/courses/{content.module.course.slug}/contents/{content.pk}")
    page.evaluate(RECORDED)


def begin(page: Page, address: str, content: Content, trace: Trace) -> Truth:
    """The truth of a page that opens a content: engaged, from the moment from which its time is recorded."""
    truth = trace.truth()
    open_content(page, address, content)
    truth.turn("engaged")
    return truth


def stay(page: Page) -> None:
    """From now on: had the page been loaded anew, the mark would be gone."""
    page.evaluate("window.stayed = true")


def assert_stayed(page: Page) -> None:
    assert page.evaluate("window.stayed === true"), "the page was loaded anew"


def study(page: Page, seconds: float) -> None:
    """Press into the text now and then."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        page.mouse.click(640, 420)
        page.wait_for_timeout(min(500, max(0, (end - time.monotonic()) * 1000)))


def eventually(look: Callable[[], T | None], what: Callable[[], str]) -> T:
    """The first answer of `look` that is one; what it does not see in time fails, with `what`."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.1)
    raise AssertionError(what())


def the_session(content: Content) -> LearningSession:
    """The only session of this content."""
    return LearningSession.objects.get(content=content)


def off_by(session: LearningSession, truth: Truth) -> dict[str, float]:
    """What the row has of each state, less the truth, in seconds; and what it does not know of."""
    counted = {
        "engaged": session.engaged_time.total_seconds(),
        "focus": (session.focus_time - session.engaged_time).total_seconds(),
        "idle": session.idle_time.total_seconds(),
    }
    off = {state: counted[state] - seconds for state, seconds in truth.seconds.items()}
    return off | {"unknown": session.unknown_time.total_seconds()}


def assert_true(content: Content, trace: Trace, *, closed: bool = True) -> list[LearningSession]:
    """The sessions of this content, one for each page in the order of their opening, come to hold the truth about it,
    and its course each second of focus once."""

    def sessions() -> list[LearningSession]:
        return list(LearningSession.objects.filter(content=content).order_by("started_at"))

    def off(found: list[LearningSession]) -> list[dict[str, float]]:
        return [off_by(session, truth) for session, truth in zip(found, trace.truths, strict=True)]

    def hold() -> list[LearningSession] | None:
        found = sessions()
        if len(found) != len(trace.truths) or (closed and any(session.ended_at is None for session in found)):
            return None
        furthest = max(abs(seconds) for page in off(found) for seconds in page.values())
        return found if furthest <= TOLERANCE_SECONDS else None

    def settled() -> float | None:
        """The course's seconds. With one page they are its very own, once a queue's last samples have come too."""
        seconds = course_seconds(found[0])
        own = [session.focus_time.total_seconds() for session in sessions()]
        return seconds if len(own) > 1 or abs(seconds - own[0]) <= 0.001 else None

    found = eventually(
        hold, lambda: f"{[t.seconds for t in trace.truths]} are not what is in {[s.__dict__ for s in sessions()]}"
    )
    for page in off(found):
        for state, seconds in page.items():
            trace.off_seconds[state] = max(trace.off_seconds.get(state, 0.0), seconds, key=abs)
    seconds = eventually(
        settled, lambda: f"{course_seconds(found[0])} s in the course, {sessions()[0].focus_time} in its only session"
    )
    trace.off_seconds["course"] = seconds - trace.study_seconds
    assert abs(trace.off_seconds["course"]) <= TOLERANCE_SECONDS
    return found


def course_seconds(session: LearningSession) -> float:
    """The course's total for this learner, once all is settled that has been recorded."""
    enrollment = session.enrollment
    ledger.settle(list(enrollment.learning_sessions.values_list("pk", flat=True)))
    return CourseEnrollment.objects.get(pk=enrollment.pk).total_time_spent.total_seconds()
