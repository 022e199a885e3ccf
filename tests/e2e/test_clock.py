"""A wall clock that jumps, as when somebody sets it or a machine wakes up."""

import pytest
from playwright.sync_api import Page

from courses.models import Content
from tests.counts import count
from tests.e2e.studying import assert_true, eventually, study, the_session
from tests.e2e.trace import Trace, Truth

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_wall_clock_that_is_set_credits_nothing(page: Page, trace: Trace, truth: Truth, content: Content) -> None:
    """Its page's, that is: this machine's own is everybody's. The two clocks part, and the key is opened again."""
    study(page, 3)
    page.evaluate("() => { const now = Date.now; Date.now = () => now() + 3_600_000; }")
    study(page, count(4, 20))
    eventually(lambda: the_session(content).epoch == 2 or None, lambda: "it was not opened again")
    page.close()
    truth.turn("")
    assert_true(content, trace)
