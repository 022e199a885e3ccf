"""A network that goes away, a server that restarts, a proxy that lets no websocket through."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from courses.models import Content, LearningSession
from tests.contract.conftest import grow_old
from tests.counts import count
from tests.e2e.studying import (
    RECORDED,
    TOLERANCE_SECONDS,
    assert_true,
    begin,
    eventually,
    sign_in,
    study,
    the_session,
)
from tests.e2e.trace import Trace, Truth
from tests.proxy import Proxy
from tests.site import Site
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def network(site: Site) -> Iterator[Proxy]:
    """What is between the browser and the first process of the site."""
    with Proxy(("127.0.0.1", site.ports[0])) as proxy:
        yield proxy


@pytest.fixture
def address(network: Proxy) -> str:
    return f"http://127.0.0.1:{network.port}"


def test_time_offline_is_kept_and_sent_afterwards(
    network: Proxy, browser: BrowserContext, page: Page, trace: Trace, truth: Truth, content: Content
) -> None:
    """Two minutes in `make stress`."""
    study(page, 2)
    network.refuses = True
    network.cut()
    study(page, count(5, 90))
    other = browser.new_page()
    other.bring_to_front()
    truth.turn("idle")
    other.wait_for_timeout(count(3, 30) * 1000)
    page.bring_to_front()
    truth.turn("engaged")
    study(page, 1)
    network.heal()
    expect(page.get_by_test_id("live-connection")).to_have_attribute("data-status", "online")
    page.close()
    truth.turn("")
    assert_true(content, trace)


def test_a_server_that_restarts_in_between_loses_nothing(
    site: Site, page: Page, trace: Trace, truth: Truth, content: Content
) -> None:
    study(page, 2)
    site.kill()
    study(page, 1)
    site.launch()
    study(page, count(4, 20))
    expect(page.get_by_test_id("live-connection")).to_have_attribute("data-status", "online")
    page.close()
    truth.turn("")
    assert_true(content, trace)


def test_where_websockets_are_refused_it_records_all_the_same_and_says_so(
    network: Proxy, page: Page, address: str, trace: Trace, ana: User, content: Content
) -> None:
    network.on_answer(lambda data: data.startswith(b"HTTP/1.1 101"))
    sign_in(page.context, address, ana)
    truth = begin(page, address, content, trace)
    connection = page.get_by_test_id("live-connection")
    expect(connection).to_have_attribute("data-status", "http")
    expect(connection).to_have_text("Recording without a live connection")
    study(page, count(12, 30))
    assert int(page.get_by_test_id("live-engaged-ms").get_attribute("data-ms") or 0) >= 9_000
    page.close()
    truth.turn("")
    assert_true(content, trace)


def test_a_page_that_was_offline_for_a_day_goes_on_with_a_new_session(
    network: Proxy, page: Page, truth: Truth, content: Content
) -> None:
    """Its key is closed by then: as when a computer wakes up after the weekend, and the learner just reads on."""
    study(page, 1)
    network.refuses = True
    network.cut()
    first = the_session(content)
    grow_old(first.pk, 25 * 3600)
    network.heal()
    later = LearningSession.objects.filter(content=content).exclude(pk=first.pk)
    eventually(later.first, lambda: "it was not followed by another")
    page.evaluate(RECORDED)
    truth.turn("engaged")
    study(page, 3)
    page.close()
    truth.turn("")
    ended = eventually(later.filter(end_reason="closed").first, lambda: f"{later.get().__dict__}")
    assert abs(ended.focus_time.total_seconds() - truth.spans[-1][2] + truth.spans[-1][1]) <= TOLERANCE_SECONDS
