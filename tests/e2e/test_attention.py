"""Where a learner's attention goes: to another tab, for long, or nowhere.

Not to another window: in a headless Chromium every window has the focus. That blur counts as away, the SDK's own
tests hold.
"""

import pytest
from playwright.sync_api import BrowserContext, Page

from courses.models import Content
from tests.counts import count
from tests.e2e.studying import Truth, assert_true, open_content, sign_in, study
from tests.site import Site
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def test_switching_tabs_and_closing_leaves_the_true_times(
    site: Site, browser: BrowserContext, page: Page, ana: User, content: Content
) -> None:
    truth = Truth()
    sign_in(browser, site.http(), ana)
    open_content(page, site.http(), content)
    truth.turn("engaged")
    study(page, 5)
    other = browser.new_page()
    other.bring_to_front()
    truth.turn("idle")
    other.wait_for_timeout(4_000)
    page.bring_to_front()
    truth.turn("engaged")
    study(page, 3)
    shown = int(page.get_by_test_id("live-engaged-ms").get_attribute("data-ms") or 0)
    page.close()
    truth.turn("")
    session = assert_true(content, truth)
    assert session.end_reason == "closed"
    assert shown <= session.engaged_time.total_seconds() * 1000
    assert session.interactions_count > 0


@pytest.mark.timeout(900)
def test_a_hidden_page_keeps_its_one_session_and_all_of_the_time_is_away(
    site: Site, browser: BrowserContext, page: Page, ana: User, content: Content
) -> None:
    """Its timers stall after a minute, and to once a minute after five: seven minutes in `make stress`."""
    truth = Truth()
    sign_in(browser, site.http(), ana)
    open_content(page, site.http(), content)
    truth.turn("engaged")
    study(page, 1)
    other = browser.new_page()
    other.bring_to_front()
    truth.turn("idle")
    other.wait_for_timeout(count(13, 420) * 1000)
    page.bring_to_front()
    truth.turn("engaged")
    study(page, 1)
    page.close()
    truth.turn("")
    session = assert_true(content, truth)
    assert session.acked_seq >= truth.seconds["idle"] / 10, "a sample at least every heartbeat"
