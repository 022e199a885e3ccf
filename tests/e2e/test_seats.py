"""Two people, each in a browser of their own: what one does, the other's page shows by itself."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from courses import enrollment, waitlist
from courses.models import CourseEnrollment, CourseWaitlist
from tests.e2e.studying import assert_stayed, sign_in, stay
from tests.people import make_course
from tests.site import Site
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def standing(page: Page, expected: str) -> None:
    """The page comes to say that this is where its learner stands; nobody reloads it."""
    expect(page.get_by_test_id("seat")).to_have_attribute("data-standing", expected)


def status(user: User) -> str:
    return CourseEnrollment.objects.get(student=user).status


def test_one_withdraws_and_the_other_takes_the_seat_that_appears(
    site: Site, page: Page, browser: BrowserContext, other_browser: BrowserContext, ines: User, ana: User, ben: User
) -> None:
    seminar = make_course(ines, "seminar", max_capacity=1, waitlist_enabled=True)
    enrollment.enroll(course=seminar, student=ana)
    sign_in(browser, site.http(0), ana)
    sign_in(other_browser, site.http(1), ben)
    page.goto(f"{site.http(0)}/courses/seminar")
    standing(page, "in")
    bens = other_browser.new_page()
    bens.goto(f"{site.http(1)}/courses/seminar")
    standing(bens, "full")
    stay(bens)
    bens.get_by_role("button", name="Join the waitlist").click()
    standing(bens, "waiting")
    expect(bens.get_by_role("heading", name="You are next in line")).to_be_visible()

    page.get_by_role("button", name="Leave the course").click()
    page.get_by_role("dialog").get_by_role("button", name="Leave the course").click()
    standing(page, "full")

    standing(bens, "offered")
    expect(bens.get_by_test_id("offer-left")).to_contain_text("23 h")
    expect(bens.get_by_role("status", name="News")).to_contain_text("A seat in “Seminar” is yours")
    bens.get_by_role("button", name="Accept the seat").click()
    standing(bens, "in")
    expect(bens.get_by_role("link", name="Start learning")).to_be_visible()
    assert_stayed(bens)
    assert (status(ana), status(ben)) == ("withdrawn", "enrolled")
    assert not CourseWaitlist.objects.exists()


def test_a_request_reaches_the_owner_and_the_answer_the_learner(
    site: Site, page: Page, browser: BrowserContext, other_browser: BrowserContext, ines: User, ana: User
) -> None:
    make_course(ines, "project", enrollment_type="approval")
    sign_in(browser, site.http(0), ana)
    sign_in(other_browser, site.http(1), ines)
    owners = other_browser.new_page()
    owners.goto(f"{site.http(1)}/courses/project/people")
    expect(owners.get_by_text("Nobody waits for your answer")).to_be_visible()
    stay(owners)
    page.goto(f"{site.http(0)}/courses/project")
    standing(page, "ask")
    stay(page)
    page.get_by_role("button", name="Ask for a seat").click()
    standing(page, "pending")

    expect(owners.get_by_test_id("inbox-button")).to_have_attribute("data-unread", "1")
    owners.get_by_role("button", name="Approve Ana").click()
    expect(owners.get_by_text("Nobody waits for your answer")).to_be_visible()
    assert_stayed(owners)

    standing(page, "in")
    expect(page.get_by_role("link", name="Start learning")).to_be_visible()
    assert_stayed(page)
    assert status(ana) == "enrolled"


def test_what_is_seen_on_one_device_is_seen_on_the_other(
    site: Site, page: Page, browser: BrowserContext, other_browser: BrowserContext, ines: User, ana: User, ben: User
) -> None:
    seminar = make_course(ines, "seminar", max_capacity=1, waitlist_enabled=True)
    enrollment.enroll(course=seminar, student=ben)
    sign_in(browser, site.http(0), ana)
    sign_in(other_browser, site.http(1), ana)
    second = other_browser.new_page()
    for each, address in ((page, site.http(0)), (second, site.http(1))):
        each.goto(address)
        expect(each.get_by_test_id("inbox-button")).to_have_attribute("data-unread", "0")
    waitlist.join(course=seminar, student=ana)
    for each in (page, second):
        expect(each.get_by_test_id("inbox-button")).to_have_attribute("data-unread", "1")
    page.get_by_test_id("inbox-button").click()
    expect(page.get_by_test_id("notification")).to_contain_text("You are on the waitlist of “Seminar”")
    for each in (page, second):
        expect(each.get_by_test_id("inbox-button")).to_have_attribute("data-unread", "0")
