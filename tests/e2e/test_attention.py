"""Where a learner's attention goes: to another tab, to another window, or elsewhere for long."""

import json

import pytest
from playwright.sync_api import BrowserContext, Page

from courses.models import Content
from tests.counts import count
from tests.e2e.studying import assert_true, begin, sign_in, study
from tests.e2e.trace import Trace, Truth
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def test_switching_tabs_and_closing_leaves_the_true_times(
    browser: BrowserContext, page: Page, address: str, trace: Trace, ana: User, content: Content
) -> None:
    """What it says as it hides, which may be its last words, it says by its socket and by a post both."""
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(str(frame))))
    sign_in(browser, address, ana)
    truth = begin(page, address, content, trace)
    study(page, count(5, 10))
    with page.expect_request("**/samples/") as posting:
        other = browser.new_page()
        other.bring_to_front()
        truth.turn("idle")
    [*_, last] = posting.value.post_data_json["samples"]
    assert last["state"] == "idle"
    assert json.loads(frames[-1])["samples"][-1] == last
    other.wait_for_timeout(count(4, 40) * 1000)
    page.bring_to_front()
    truth.turn("engaged")
    study(page, 3)
    shown = int(page.get_by_test_id("live-engaged-ms").get_attribute("data-ms") or 0)
    page.close()
    truth.turn("")
    [session] = assert_true(content, trace)
    assert session.end_reason == "closed"
    assert shown <= session.engaged_time.total_seconds() * 1000
    assert session.interactions_count > 0


def test_a_window_that_takes_the_focus_takes_the_learner_away(
    browser: BrowserContext, page: Page, trace: Trace, truth: Truth, content: Content
) -> None:
    """Beside it, so that the page stays in sight: what is seen without the focus is not studied."""
    study(page, 3)
    with browser.expect_page() as opening:
        browser.new_cdp_session(page).send(
            "Target.createTarget",
            {"url": "about:blank", "newWindow": True, "left": 1300, "top": 0, "width": 300, "height": 300},
        )
    truth.turn("idle")
    other = opening.value
    other.wait_for_timeout(1_000)
    assert page.evaluate("[document.visibilityState, document.hasFocus()]") == ["visible", False]
    other.wait_for_timeout(count(5, 40) * 1000)
    page.bring_to_front()
    truth.turn("engaged")
    study(page, 2)
    page.close()
    truth.turn("")
    assert_true(content, trace)


@pytest.mark.timeout(900)
def test_a_hidden_page_keeps_its_one_session_and_all_of_the_time_is_away(
    browser: BrowserContext, page: Page, trace: Trace, truth: Truth, content: Content
) -> None:
    """Its timers stall after a minute, and to once a minute after five: seven minutes in `make stress`."""
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
    [session] = assert_true(content, trace)
    assert session.acked_seq >= truth.seconds["idle"] / 10, "a sample at least every heartbeat"
