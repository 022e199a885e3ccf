"""A learner with two devices: what is completed on one, the other shows by itself."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from courses.models import Content, CourseEnrollment
from tests.e2e.studying import assert_stayed, open_content, sign_in, stay, visit
from tests.e2e.test_owner import PHONE
from tests.people import enroll, make_course
from tests.site import Site
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def percent(page: Page, bar: str, expected: int) -> None:
    """A progress bar comes to stand there; nobody reloads it."""
    expect(page.get_by_role("progressbar", name=bar).first).to_have_attribute("aria-valuenow", str(expected))


def test_completing_on_one_device_moves_the_bars_on_the_other(
    site: Site, page: Page, browser: BrowserContext, other_browser: BrowserContext, ines: User, ana: User
) -> None:
    course = make_course(ines, "intro", modules=1, certificate_enabled=True)
    enroll(ana, course)
    first, second = Content.objects.order_by("order")
    inside, outside = (visit(other_browser, site.http(1), ana, path) for path in ("courses/intro", ""))
    for each in (inside, outside):
        percent(each, "Your progress in", 0)
        stay(each)

    sign_in(browser, site.http(0), ana)
    open_content(page, site.http(0), first)
    page.get_by_role("button", name="Mark as complete").click()
    expect(page.get_by_test_id("completion")).to_have_attribute("data-completed", "true")
    for each in (page, inside, outside):
        percent(each, "Your progress in", 50)
    expect(inside.get_by_role("link", name="Content 1.1 Done")).to_be_visible()

    open_content(page, site.http(0), second)
    page.get_by_role("button", name="Mark as complete").click()
    for each in (page, inside, outside):
        percent(each, "Your progress in", 100)
    expect(inside.get_by_role("heading", name="You have completed this course")).to_be_visible()
    expect(inside.get_by_role("status", name="News")).to_contain_text("completed")
    expect(outside.get_by_role("article").filter(has_text="Completed")).to_be_visible()
    for each in (inside, outside):
        assert_stayed(each)
    assert CourseEnrollment.objects.get().status == "completed"

    inside.bring_to_front()  # a hidden page draws nothing, and can't be clicked
    inside.get_by_role("link", name="Your certificate", exact=True).click()
    expect(inside).to_have_url(re.compile(r"/certificates/"))
    expect(inside.get_by_text("Ana", exact=True)).to_be_visible()
    outside.goto(f"{site.http(1)}/time")
    expect(outside.get_by_test_id("time-sum")).to_contain_text("of 28 days with time in focus")


@pytest.mark.parametrize("width", [320, PHONE["width"], 414])
def test_on_a_phone_the_days_of_my_time_are_named_apart_from_each_other(
    site: Site, browser: BrowserContext, ana: User, width: int
) -> None:
    page = visit(browser, site.http(), ana, "time")
    named = page.get_by_test_id("day").locator("text")
    expect(named).not_to_have_count(0)
    page.set_viewport_size({"width": width, "height": 740})
    page.wait_for_function("document.querySelector('svg[role=img]').getAttribute('width') < innerWidth")
    boxes = named.evaluate_all("all => all.map((one) => one.getBoundingClientRect().toJSON())")
    assert len(boxes) > 1
    assert all(one["right"] + 4 < after["left"] for one, after in pairwise(boxes)), boxes


def test_a_text_that_is_read_to_its_end_completes_itself(
    site: Site, page: Page, browser: BrowserContext, ines: User, ana: User
) -> None:
    course = make_course(ines, "intro", modules=1, contents=1)
    enroll(ana, course)
    content = Content.objects.get()
    Content.objects.update(completion_method="auto")
    place = content.items.get()
    place.item.body = "\n\n".join(f"Paragraph {number}." for number in range(1, 101))
    place.item.save()
    sign_in(browser, site.http(0), ana)
    open_content(page, site.http(0), content)
    completion = page.get_by_test_id("completion")
    expect(completion).to_have_attribute("data-method", "auto")
    page.wait_for_timeout(2_500)
    expect(completion).to_have_attribute("data-completed", "false")
    page.get_by_text("Paragraph 100.").scroll_into_view_if_needed()
    expect(completion).to_have_attribute("data-completed", "true")
    percent(page, "Your progress in", 100)
