"""A class that is watched: an instructor and two learners, each in a browser of their own."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import BrowserContext, Error, Locator, Page, Playwright, expect

from courses.events import LearningChanged
from courses.models import Content, Course, CourseEnrollment, LearningSession
from tests.contract.conftest import fall_silent
from tests.e2e.conftest import running_chromium, windows
from tests.e2e.studying import assert_stayed, open_content, sign_in, stay, study, visit
from tests.e2e.test_owner import PHONE, assert_nothing_sticks_out
from tests.e2e.trace import Trace
from tests.site import Site
from tests.watcher import make_roster
from users.events import announce
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

AWAY_WITHIN_SECONDS = 2.0
TURNS = 3
"""One of so many has to show in time: the machine has more to do than this."""

TEXT_OF = "(node) => { const range = document.createRange(); range.selectNodeContents(node); return range; }"
LINES = f"(node) => new Set([...({TEXT_OF})(node).getClientRects()].map(({{ top }}) => top)).size"
IS_APART = f"""(number) => {{
    const texts = [number.previousElementSibling.lastChild, number].map({TEXT_OF});
    const [word, figure] = texts.map((text) => text.getBoundingClientRect());
    return word.right + 4 <= figure.left || word.bottom <= figure.top;
}}"""
"""Whether it stands clear of the word before it."""


@pytest.fixture
def third_browser(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory, trace: Trace
) -> Iterator[BrowserContext]:
    with running_chromium(tmp_path_factory.mktemp("third")) as address:
        yield from windows(playwright, address, trace)


def learns(browser: BrowserContext, address: str, user: User, content: Content) -> Page:
    """A tab in front, in which this user has the content open, and reads."""
    sign_in(browser, address, user)
    page = browser.new_page()
    page.bring_to_front()
    open_content(page, address, content)
    study(page, 1)
    return page


def row(page: Page, user: User) -> Locator:
    """The learner on the roster."""
    enrollment = CourseEnrollment.objects.get(student=user)
    return page.locator(f"[data-testid=watched][data-enrollment='{enrollment.pk}']")


def shows(page: Page, user: User, state: str, within_ms: float = 20_000) -> None:
    expect(row(page, user)).to_have_attribute("data-state", state, timeout=within_ms)


def turn_away(page: Page, user: User, studying: Page) -> float:
    """The learner turns to another tab, and back; how many seconds passed until it was shown."""
    turned = time.monotonic()
    beside = studying.context.new_page()
    beside.bring_to_front()
    row(page, user).and_(page.locator("[data-state=idle]")).wait_for()
    seconds = time.monotonic() - turned
    expect(page.get_by_test_id("count-idle")).to_have_text("1")
    expect(row(page, user)).to_contain_text("Away for")
    beside.close()
    studying.bring_to_front()
    study(studying, 1)
    shows(page, user, "engaged")
    return seconds


def assert_turning_away_shows_in_time(page: Page, user: User, studying: Page) -> float:
    took: list[float] = []
    while len(took) < TURNS:
        took.append(turn_away(page, user, studying))
        if took[-1] <= AWAY_WITHIN_SECONDS:
            return took[-1]
    raise AssertionError(f"away was shown after {took} s")


def die(studying: Page) -> None:
    """Its browser is killed: nobody says goodbye."""
    assert studying.context.browser is not None
    with suppress(Error):  # nobody is left to answer
        studying.context.browser.new_browser_cdp_session().send("Browser.crash")


def assert_silence_and_leaving_show(page: Page, user: User, within_ms: float = 20_000) -> None:
    """As time passes in which the learner is not heard, and the lease ends."""
    passes(user, 30)
    shows(page, user, "silent", within_ms)
    expect(page.get_by_test_id("count-silent")).to_have_text("1")
    passes(user, 30)
    expect(row(page, user)).to_have_count(0)


def passes(user: User, seconds: float) -> None:
    """As if so much more time had passed since the learner was heard for the last time."""
    session = LearningSession.objects.get(user=user)
    fall_silent(session.pk, seconds)
    with transaction.atomic():
        announce(LearningChanged((session.enrollment_id,)))


def test_a_class_is_watched_as_it_learns(
    site: Site,
    browser: BrowserContext,
    other_browser: BrowserContext,
    third_browser: BrowserContext,
    ines: User,
    ana: User,
    ben: User,
    content: Content,
    record_property: Callable[[str, object], None],
) -> None:
    page = visit(browser, site.http(0), ines, "courses/intro")
    page.get_by_role("link", name="Live", exact=True).click()
    expect(page.get_by_role("heading", name="Nobody is here just now")).to_be_visible()
    stay(page)
    anas = learns(other_browser, site.http(1), ana, content)
    bens = learns(third_browser, site.http(0), ben, content)
    shows(page, ana, "engaged")
    shows(page, ben, "engaged")
    expect(page.get_by_test_id("count-engaged")).to_have_text("2")
    expect(page.get_by_role("heading", level=3, name="Content 1.1")).to_be_visible()
    counted = row(page, ana).get_by_test_id("watched-focus")
    before = int(counted.get_attribute("data-ms") or 0)

    away_after = assert_turning_away_shows_in_time(page, ana, anas)
    record_property("seconds until away is shown", round(away_after, 2))
    assert int(counted.get_attribute("data-ms") or 0) >= before

    # She asks for help, and has a word back.
    anas.get_by_role("button", name="I need help").click()
    anas.get_by_label("What is it about?").fill("I am lost in the second part")
    anas.get_by_role("dialog").get_by_role("button", name="Ask for help").click()
    expect(anas.get_by_test_id("help")).to_have_attribute("data-known", "true")
    expect(row(page, ana).get_by_test_id("flag")).to_be_visible()
    expect(row(page, ana)).to_contain_text("I am lost in the second part")
    expect(page.get_by_test_id("inbox-button")).to_have_attribute("data-unread", "1")
    page.get_by_role("button", name="Nudge Ana").click()
    dialog = page.get_by_role("dialog", name="A word to Ana")
    dialog.get_by_label("What to say").fill("Look at the picture first")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog.get_by_test_id("nudge-outcome")).to_have_text("Ana has your word now.")
    expect(anas.get_by_role("status", name="News")).to_contain_text("Look at the picture first")
    dialog.get_by_role("button", name="Close").first.click()
    anas.get_by_role("button", name="I need no help any more").click()
    expect(row(page, ana).get_by_test_id("flag")).to_have_count(0)

    # His browser dies: he is not heard any more, and when his lease ends he is not there.
    die(bens)
    assert_silence_and_leaving_show(page, ben)
    shows(page, ana, "engaged")

    page.set_viewport_size(PHONE)
    expect(row(page, ana).get_by_role("button", name="Nudge Ana")).to_be_visible()
    assert_nothing_sticks_out(page, PHONE["width"])
    assert_stayed(page)


def test_a_class_of_thousands_has_room(site: Site, browser: BrowserContext, ines: User, intro: Course) -> None:
    make_roster(intro, 1_200)
    LearningSession.objects.update(last_heard_at=timezone.now() + timedelta(hours=1))  # nobody falls silent meanwhile
    CourseEnrollment.objects.update(progress_percentage=100)
    page = visit(browser, site.http(), ines, "courses/intro/live")
    for size in ({"width": 1280, "height": 900}, PHONE):
        page.set_viewport_size(size)
        engaged, progress = page.get_by_test_id("count-engaged"), page.get_by_text("100 %").first
        expect(engaged).to_have_text("1200")
        assert progress.evaluate(LINES) == 1, size
        assert engaged.evaluate(IS_APART), size
        assert_nothing_sticks_out(page, size["width"])


def test_the_checks_see_news_that_is_late_and_who_does_not_leave(
    make_site: Callable[..., Site],
    browser: BrowserContext,
    other_browser: BrowserContext,
    ines: User,
    ana: User,
    content: Content,
) -> None:
    site = make_site(app="tests.faults.plants:shows_late_and_for_ever")
    page = visit(browser, site.http(), ines, "courses/intro/live")
    anas = learns(other_browser, site.http(), ana, content)
    shows(page, ana, "engaged")
    with pytest.raises(AssertionError, match="away was shown after"):
        assert_turning_away_shows_in_time(page, ana, anas)
    die(anas)
    with pytest.raises(AssertionError, match="data-state"):
        assert_silence_and_leaving_show(page, ana, within_ms=6_000)


def test_names_can_be_hidden_and_a_course_be_watched_anonymously(
    site: Site,
    browser: BrowserContext,
    other_browser: BrowserContext,
    ines: User,
    ana: User,
    intro: Course,
    content: Content,
) -> None:
    anas = learns(other_browser, site.http(1), ana, content)
    expect(anas.get_by_test_id("who-watches")).to_contain_text("Ines and staff can see live that you are here")
    page = visit(browser, site.http(0), ines, "courses/intro/live")
    expect(row(page, ana)).to_contain_text("Ana")
    page.get_by_role("switch", name="Hide names").click()  # it lives in the address: checked a moment later
    expect(row(page, ana)).to_contain_text("Learner 1")
    expect(row(page, ana)).not_to_contain_text("Ana")

    page.get_by_role("switch", name="Watch anonymously").check()
    expect(page.get_by_role("heading", name="This course is watched anonymously")).to_be_visible(timeout=40_000)
    expect(page.get_by_test_id("count-engaged")).to_have_text("1")
    expect(row(page, ana)).to_have_count(0)
    intro.refresh_from_db()
    assert intro.is_anonymous
    who_watches = anas.get_by_test_id("who-watches")
    expect(who_watches).to_contain_text("how many learn in this course, but not who", timeout=40_000)
    page.get_by_role("switch", name="Watch anonymously").uncheck()
    expect(who_watches).to_contain_text("can see live that you are here", timeout=40_000)
