"""Pages that go away: by a link, into the back-forward cache, frozen, or dead at once."""

import contextlib

import pytest
from playwright.sync_api import BrowserContext, Error, Page, expect

from courses.models import Content
from tests.counts import count
from tests.e2e.studying import assert_true, study, the_session
from tests.e2e.trace import Trace, Truth
from tests.site import Site

pytestmark = pytest.mark.django_db(transaction=True)

KEYS = "navigator.locks.query().then(({ held }) => held.map(({ name }) => name))"
"""What pages of this site own at this moment."""


def test_a_page_that_is_left_for_another_site_has_all_its_time(
    page: Page, trace: Trace, truth: Truth, content: Content
) -> None:
    study(page, count(4, 30))
    page.goto("data:text/plain,elsewhere")
    truth.turn("")
    assert_true(content, trace, closed=False)  # it may come back; else the lease ends it, as of this moment


def test_a_page_that_is_left_has_all_its_time_though_its_connection_is_dead(
    page: Page, trace: Trace, truth: Truth, content: Content
) -> None:
    """And nobody has noticed that yet."""
    study(page, 3)
    page.evaluate("WebSocket.prototype.send = () => undefined")
    study(page, 3)
    page.goto("data:text/plain,elsewhere")
    truth.turn("")
    assert_true(content, trace, closed=False)


def test_a_page_that_comes_back_whole_goes_on_with_its_session(
    site: Site, page: Page, trace: Trace, truth: Truth, content: Content
) -> None:
    page.evaluate("window.isTheSamePage = true")
    study(page, 3)
    assert page.evaluate(KEYS) == [f"studybeat:{the_session(content).key}"]
    page.goto(f"{site.http()}/healthz")
    truth.turn("idle")
    assert page.evaluate(KEYS) == [], "a page that is put aside lets go of its key"
    page.wait_for_timeout(count(4, 40) * 1000)
    page.evaluate("history.back()")
    page.wait_for_url("**/contents/*", wait_until="commit")  # nothing is loaded
    truth.turn("engaged")
    assert page.evaluate("window.isTheSamePage === true"), "the page was not kept in the back-forward cache"
    study(page, 3)
    assert page.evaluate(KEYS) == [f"studybeat:{the_session(content).key}"]
    page.close()
    truth.turn("")
    assert_true(content, trace)


def test_a_frozen_page_goes_on_when_it_thaws(
    browser: BrowserContext, page: Page, trace: Trace, truth: Truth, content: Content
) -> None:
    study(page, 3)
    other = browser.new_page()
    other.bring_to_front()
    truth.turn("idle")
    devtools = browser.new_cdp_session(page)
    devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
    other.wait_for_timeout(count(6, 40) * 1000)
    devtools.send("Page.setWebLifecycleState", {"state": "active"})
    page.bring_to_front()
    truth.turn("engaged")
    study(page, 2)
    page.close()
    truth.turn("")
    assert_true(content, trace)


def crash_and_visit(browser: BrowserContext, page: Page, address: str, truth: Truth, content: Content) -> None:
    """The renderer dies with more than a second that is not recorded yet; then there is another page."""
    with page.expect_event("crash"), contextlib.suppress(Error):
        page.goto("chrome://crash")
    truth.turn("")
    assert the_session(content).focus_time.total_seconds() < truth.seconds["engaged"] - 1.0, "nothing to make up for"
    next_page = browser.new_page()
    next_page.goto(address)
    expect(next_page.get_by_test_id("me")).to_be_visible()


def test_a_page_whose_renderer_dies_is_made_up_for_by_the_next_one(
    browser: BrowserContext, page: Page, address: str, trace: Trace, truth: Truth, content: Content
) -> None:
    study(page, count(6, 30))
    crash_and_visit(browser, page, address, truth, content)
    [session] = assert_true(content, trace, closed=False)
    assert session.end_reason == "", "the next page does not close it: the lease does"


def test_a_page_whose_database_the_browser_drops_keeps_its_time_in_a_new_one(
    browser: BrowserContext, page: Page, address: str, trace: Trace, truth: Truth, content: Content
) -> None:
    """As when somebody clears a site's data, or the disk is full."""
    study(page, 2)
    browser.new_cdp_session(page).send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": "indexeddb"})
    study(page, 4)
    crash_and_visit(browser, page, address, truth, content)
    assert_true(content, trace, closed=False)
