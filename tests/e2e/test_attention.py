"""Where a learner's attention goes: to another tab, to another window, for long, or nowhere."""

import json
from collections.abc import Iterator

import pytest
from django.core.files.base import ContentFile
from playwright.sync_api import BrowserContext, Page

from courses.models import Content, ContentItem, Video
from lms.demo.pictures import session_film
from tests.contract.conftest import renumbered
from tests.counts import count
from tests.e2e.studying import assert_true, open_content, sign_in, study
from tests.e2e.trace import Trace
from tests.site import Site
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

IDLE_AFTER_SECONDS = count(4, 60)
"""After so long without input being engaged ends: a minute to everybody, and in `make stress`."""


@pytest.fixture(scope="module")
def _restless_site(django_db_setup: None) -> Iterator[Site]:
    site = Site(**renumbered(IDLE_AFTER_MS=IDLE_AFTER_SECONDS * 1000))
    yield site
    site.stop_all()


@pytest.fixture
def restless_site(_restless_site: Site, transactional_db: None) -> Site:
    """A site where being engaged ends after `IDLE_AFTER_SECONDS`."""
    _restless_site.heal()
    return _restless_site


def test_switching_tabs_and_closing_leaves_the_true_times(
    site: Site, browser: BrowserContext, page: Page, trace: Trace, ana: User, content: Content
) -> None:
    """What it says as it hides, which may be its last words, it says by its socket and by a post both."""
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(str(frame))))
    truth = trace.truth()
    sign_in(browser, site.http(), ana)
    open_content(page, site.http(), content)
    truth.turn("engaged")
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
    site: Site, browser: BrowserContext, page: Page, trace: Trace, ana: User, content: Content
) -> None:
    """Beside it, so that the page stays in sight: what is seen without the focus is not studied."""
    truth = trace.truth()
    sign_in(browser, site.http(), ana)
    open_content(page, site.http(), content)
    truth.turn("engaged")
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


def test_without_input_being_engaged_ends(
    restless_site: Site, browser: BrowserContext, page: Page, trace: Trace, ana: User, content: Content
) -> None:
    """The page is still in focus then."""
    truth = trace.truth()
    sign_in(browser, restless_site.http(), ana)
    open_content(page, restless_site.http(), content)
    truth.turn("engaged")
    study(page, 2)
    page.mouse.click(640, 420)
    page.wait_for_timeout(IDLE_AFTER_SECONDS * 1000)
    truth.turn("focus")
    page.wait_for_timeout(count(4, 20) * 1000)
    truth.turn("engaged")
    study(page, 2)
    page.close()
    truth.turn("")
    assert_true(content, trace)


def test_a_film_that_plays_engages_all_the_while(
    restless_site: Site, browser: BrowserContext, page: Page, trace: Trace, ana: User, content: Content
) -> None:
    """While it is in sight, and without a touch; from its end on, for as long as after a touch."""
    owner = content.module.course.owner
    film = Video.objects.create(owner=owner, title="A film", file=ContentFile(session_film(), "film.webm"))
    ContentItem.objects.create(content=content, item=film)
    truth = trace.truth()
    sign_in(browser, restless_site.http(), ana)
    open_content(page, restless_site.http(), content)
    truth.turn("engaged")
    page.mouse.click(640, 420)
    page.evaluate("() => { const film = document.querySelector('video'); film.loop = true; return film.play(); }")
    page.wait_for_timeout((IDLE_AFTER_SECONDS + 3) * 1000)
    other = browser.new_page()
    other.bring_to_front()
    truth.turn("idle")
    other.wait_for_timeout(2_000)
    page.bring_to_front()
    truth.turn("engaged")
    page.wait_for_timeout(2_000)
    page.evaluate("document.querySelector('video').pause()")
    page.wait_for_timeout(IDLE_AFTER_SECONDS * 1000)
    truth.turn("focus")
    page.wait_for_timeout(3_000)
    page.close()
    truth.turn("")
    assert_true(content, trace)


@pytest.mark.timeout(900)
def test_a_hidden_page_keeps_its_one_session_and_all_of_the_time_is_away(
    site: Site, browser: BrowserContext, page: Page, trace: Trace, ana: User, content: Content
) -> None:
    """Its timers stall after a minute, and to once a minute after five: seven minutes in `make stress`."""
    truth = trace.truth()
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
    [session] = assert_true(content, trace)
    assert session.acked_seq >= truth.seconds["idle"] / 10, "a sample at least every heartbeat"
