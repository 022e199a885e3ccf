"""One learner, several pages at once: each has its own time, and the course has each second once."""

import pytest
from playwright.sync_api import BrowserContext, Page

from courses.models import Content
from tests.counts import count
from tests.e2e.studying import assert_true, begin, sign_in, study
from tests.e2e.trace import Trace, Truth
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_tabs_of_one_content_count_each_second_once(
    browser: BrowserContext, page: Page, address: str, trace: Trace, truth: Truth, content: Content
) -> None:
    study(page, count(3, 15))
    second = browser.new_page()
    second.bring_to_front()
    truth.turn("idle")
    then = begin(second, address, content, trace)
    study(second, count(4, 20))
    page.bring_to_front()
    then.turn("idle")
    truth.turn("engaged")
    study(page, 3)
    page.close()
    truth.turn("")
    second.bring_to_front()
    then.turn("engaged")
    study(second, 1)
    second.close()
    then.turn("")
    assert_true(content, trace)


def test_two_browsers_at_once_count_each_second_once(
    browser: BrowserContext,
    page: Page,
    other_browser: BrowserContext,
    address: str,
    trace: Trace,
    truth: Truth,
    ana: User,
    content: Content,
) -> None:
    """One of them has two tabs, and both are looked at and pressed into all the while: twice the time in sessions,
    once in the course."""
    study(page, 1)
    sign_in(other_browser, address, ana)
    other = other_browser.new_page()
    other.bring_to_front()
    elsewhere = begin(other, address, content, trace)
    study(other, 1)
    second = browser.new_page()
    second.bring_to_front()
    truth.turn("idle")
    behind = begin(second, address, content, trace)
    study(second, 1)
    page.bring_to_front()
    behind.turn("idle")
    truth.turn("engaged")
    for _ in range(count(5, 15)):
        study(page, 0.5)
        study(other, 0.5)
    for each, its in ((other, elsewhere), (page, truth)):
        each.close()
        its.turn("")
    second.bring_to_front()
    behind.turn("engaged")
    study(second, 1)
    second.close()
    behind.turn("")
    sessions = assert_true(content, trace)
    assert sum(session.focus_time.total_seconds() for session in sessions) > 1.5 * trace.study_seconds
