"""One learner, two pages at once: each has its own time, and the course has each second once."""

import pytest
from playwright.sync_api import BrowserContext, Page

from courses.models import Content, LearningSession
from tests.e2e.studying import TOLERANCE_SECONDS, Truth, course_seconds, eventually, open_content, sign_in, study
from tests.site import Site
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_tabs_of_one_content_count_each_second_once(
    site: Site, browser: BrowserContext, page: Page, ana: User, content: Content
) -> None:
    sign_in(browser, site.http(), ana)
    truths = [Truth(), Truth()]
    open_content(page, site.http(), content)
    truths[0].turn("engaged")
    study(page, 3)
    second = browser.new_page()
    second.bring_to_front()
    truths[0].turn("idle")
    open_content(second, site.http(), content)
    truths[1].turn("engaged")
    study(second, 4)
    page.bring_to_front()
    truths[1].turn("idle")
    truths[0].turn("engaged")
    study(page, 3)
    for each, truth in zip((page, second), truths, strict=True):
        each.close()
        truth.turn("")

    def ended() -> list[LearningSession] | None:
        sessions = list(LearningSession.objects.filter(content=content, ended_at__isnull=False).order_by("started_at"))
        return sessions if len(sessions) == 2 else None

    sessions = eventually(ended, "the two sessions do not end")
    for session, truth in zip(sessions, truths, strict=True):
        assert truth.is_held_by(session), (truth.seconds, session.__dict__)
    together = sum(truth.seconds["engaged"] for truth in truths)
    assert course_seconds(sessions[0]) == pytest.approx(together, abs=TOLERANCE_SECONDS)


def test_two_browsers_at_once_count_each_second_once(
    site: Site, browser: BrowserContext, page: Page, other_browser: BrowserContext, ana: User, content: Content
) -> None:
    """Both are looked at and pressed into all the while: twice the time in sessions, once in the course."""
    sign_in(browser, site.http(), ana)
    sign_in(other_browser, site.http(), ana)
    together = Truth()
    second = other_browser.new_page()
    second.bring_to_front()
    open_content(page, site.http(), content)
    together.turn("engaged")
    open_content(second, site.http(), content)
    for _ in range(5):
        study(page, 0.5)
        study(second, 0.5)
    second.close()
    page.close()
    together.turn("")

    def ended() -> list[LearningSession] | None:
        sessions = list(LearningSession.objects.filter(content=content, ended_at__isnull=False))
        return sessions if len(sessions) == 2 else None

    sessions = eventually(ended, "the two sessions do not end")
    both = sum(session.focus_time.total_seconds() for session in sessions)
    assert both > 1.5 * together.seconds["engaged"]
    assert course_seconds(sessions[0]) == pytest.approx(together.seconds["engaged"], abs=TOLERANCE_SECONDS)
