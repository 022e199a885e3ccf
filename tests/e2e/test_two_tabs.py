"""One learner, several pages at once: each has its own time, and the course has each second once."""

import pytest
from playwright.sync_api import BrowserContext, Page

from courses.models import Content
from tests.counts import count
from tests.e2e.studying import assert_true, open_content, sign_in, study
from tests.e2e.trace import Trace
from tests.site import Site
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_tabs_of_one_content_count_each_second_once(
    site: Site, browser: BrowserContext, page: Page, trace: Trace, ana: User, content: Content
) -> None:
    sign_in(browser, site.http(), ana)
    first, then = trace.truth(), trace.truth()
    open_content(page, site.http(), content)
    first.turn("engaged")
    study(page, count(3, 15))
    second = browser.new_page()
    second.bring_to_front()
    first.turn("idle")
    open_content(second, site.http(), content)
    then.turn("engaged")
    study(second, count(4, 20))
    page.bring_to_front()
    then.turn("idle")
    first.turn("engaged")
    study(page, 3)
    page.close()
    first.turn("")
    second.bring_to_front()
    then.turn("engaged")
    study(second, 1)
    second.close()
    then.turn("")
    assert_true(content, trace)


def test_two_browsers_at_once_count_each_second_once(
    site: Site,
    browser: BrowserContext,
    page: Page,
    other_browser: BrowserContext,
    trace: Trace,
    ana: User,
    content: Content,
) -> None:
    """One of them has two tabs, and both are looked at and pressed into all the while: twice the time in sessions,
    once in the course."""
    sign_in(browser, site.http(), ana)
    sign_in(other_browser, site.http(), ana)
    front, elsewhere, behind = trace.truth(), trace.truth(), trace.truth()
    open_content(page, site.http(), content)
    front.turn("engaged")
    study(page, 1)
    other = other_browser.new_page()
    other.bring_to_front()
    open_content(other, site.http(), content)
    elsewhere.turn("engaged")
    study(other, 1)
    second = browser.new_page()
    second.bring_to_front()
    front.turn("idle")
    open_content(second, site.http(), content)
    behind.turn("engaged")
    study(second, 1)
    page.bring_to_front()
    behind.turn("idle")
    front.turn("engaged")
    for _ in range(count(5, 15)):
        study(page, 0.5)
        study(other, 0.5)
    for each, truth in ((other, elsewhere), (page, front)):
        each.close()
        truth.turn("")
    second.bring_to_front()
    behind.turn("engaged")
    study(second, 1)
    second.close()
    behind.turn("")
    sessions = assert_true(content, trace)
    assert sum(session.focus_time.total_seconds() for session in sessions) > 1.5 * trace.study_seconds
