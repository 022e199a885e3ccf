"""Every page of the app, judged by axe-core: none breaks a rule of WCAG 2.2, A or AA.

Each twice: wide and light, then dark on a phone.
"""

from io import StringIO
from typing import Any, NamedTuple

import pytest
from django.core.management import call_command
from playwright.sync_api import BrowserContext, Page, expect

from courses.models import Content, Course
from tests.e2e.studying import sign_in
from tests.e2e.test_owner import PHONE
from tests.site import ROOT, Site
from tests.watcher import make_roster
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

AXE = ROOT / "frontend/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDE = {"width": 1280, "height": 900}
JUDGE = """async (rules) => {
    for (const one of document.getAnimations()) if (one instanceof CSSTransition) one.finish();
    const { violations } = await axe.run({ runOnly: rules, resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
        `${id}: ${target.join(" ")}: ${failureSummary}`));
}"""


class Place(NamedTuple):
    """A page by its path, and what is opened there: the button that does it, or nothing."""

    path: str
    opens: str = ""


COURSE = "courses/intro-to-live-learning"
NOBODY = [
    Place("sign-in"),
    Place("register"),
    Place("forgot-password"),
    Place("reset-password#17.secret"),
    Place("verify-email#17.secret"),
    Place("verify-email"),
]
LEARNER = [
    Place(""),
    Place(COURSE),
    Place("courses/small-seminar"),
    Place(f"{COURSE}/contents/{{picture}}"),
    Place(f"{COURSE}/contents/{{film}}"),
    Place(f"{COURSE}/contents/{{film}}", opens="I need help"),
    Place("time"),
    Place("time", opens="Inbox"),
    Place("profile"),
    Place("nowhere"),
]
OWNER = [
    Place(COURSE),
    Place(f"{COURSE}/live"),
    Place(f"{COURSE}/live", opens="Nudge"),
    *[Place(f"{COURSE}/people?tab={tab}") for tab in ("requests", "learners", "waitlist", "add")],
    Place(f"{COURSE}/analytics"),
]


@pytest.fixture
def demo(transactional_db: None, settings: Any) -> None:
    """All kinds of courses and contents, and three who learn."""
    settings.DEBUG = True  # else there is no demo
    call_command("demo", stdout=StringIO())
    make_roster(Course.objects.get(slug="intro-to-live-learning"), 3)


@pytest.fixture
def judged(page: Page) -> Page:
    """A tab in which axe-core is at hand, and nothing moves."""
    page.add_init_script(path=AXE)
    page.emulate_media(reduced_motion="reduce")
    return page


def violations(page: Page, address: str, place: Place) -> list[str]:
    """What is wrong on the page there."""
    page.set_viewport_size(WIDE)
    page.goto(f"{address}/{place.path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()  # there is one, and no more
    if place.opens:
        page.get_by_role("button", name=place.opens).first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    found = page.evaluate(JUDGE, RULES)
    page.set_viewport_size(PHONE)
    page.evaluate("document.documentElement.dataset.mantineColorScheme = 'dark'")
    return [f"{place}: {one}" for one in [*found, *page.evaluate(JUDGE, RULES)]]


@pytest.mark.parametrize(
    ("who", "places"), [(None, NOBODY), ("ana", LEARNER), ("ines", OWNER)], ids=["nobody", "learner", "owner"]
)
def test_no_page_breaks_a_rule(
    site: Site, browser: BrowserContext, judged: Page, demo: None, who: str | None, places: list[Place]
) -> None:
    if who is not None:
        sign_in(browser, site.http(), User.objects.get(username=who))
    named = {
        "picture": Content.objects.get(title="Three states of a page").pk,
        "film": Content.objects.get(title="Watch a session").pk,
    }
    found = [
        one for path, opens in places for one in violations(judged, site.http(), Place(path.format(**named), opens))
    ]
    assert not found, "\n".join(found)


def test_the_check_sees_a_picture_without_words(site: Site, judged: Page) -> None:
    judged.goto(f"{site.http()}/sign-in")
    expect(judged.get_by_role("heading", level=1)).to_be_visible()
    judged.evaluate("document.querySelector('main, #root').append(Object.assign(new Image(), { src: '/picture.png' }))")
    assert any(one.startswith("image-alt") for one in judged.evaluate(JUDGE, RULES))
