"""Being engaged ends without input, and goes on while a film plays."""

from collections.abc import Iterator

import pytest
from django.core.files.base import ContentFile
from playwright.sync_api import BrowserContext, Page

from courses.models import Content, ContentItem, Video
from lms.demo.pictures import session_film
from tests.contract.conftest import renumbered
from tests.counts import count
from tests.e2e.studying import assert_true, begin, sign_in, study
from tests.e2e.trace import Trace, Truth
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
def address(_restless_site: Site, transactional_db: None) -> str:
    """Of a site where being engaged ends after `IDLE_AFTER_SECONDS`."""
    _restless_site.heal()
    return _restless_site.http()


def test_without_input_being_engaged_ends(page: Page, trace: Trace, truth: Truth, content: Content) -> None:
    """The page is still in focus then."""
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
    browser: BrowserContext, page: Page, address: str, trace: Trace, ana: User, content: Content
) -> None:
    """While it is in sight, and without a touch; from its end on, for as long as after a touch."""
    owner = content.module.course.owner
    film = Video.objects.create(owner=owner, title="A film", file=ContentFile(session_film(), "film.webm"))
    ContentItem.objects.create(content=content, item=film)
    sign_in(browser, address, ana)
    truth = begin(page, address, content, trace)
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
