"""Being engaged ends by itself; that takes a minute, so this runs in `make stress` (see conftest.py)."""

import time

import pytest
from playwright.sync_api import BrowserContext, Page

from courses.models import Content
from tests.e2e.studying import Truth, assert_true, open_content, sign_in, study
from tests.site import Site
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def test_without_input_being_engaged_ends_after_a_minute(
    site: Site, browser: BrowserContext, page: Page, ana: User, content: Content
) -> None:
    truth = Truth()
    sign_in(browser, site.http(), ana)
    open_content(page, site.http(), content)
    truth.turn("engaged")
    study(page, 2)
    last_input = time.monotonic()
    page.mouse.click(640, 420)
    page.wait_for_timeout(60_000 - (time.monotonic() - last_input) * 1000)
    truth.turn("focus")
    page.wait_for_timeout(8_000)
    truth.turn("engaged")
    study(page, 2)
    page.close()
    truth.turn("")
    assert_true(content, truth)
