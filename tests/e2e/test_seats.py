"""Two people, each in a browser of their own: what one does, the other's page shows by itself."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from courses import enrollment, waitlist
from courses.models import CourseEnrollment, CourseWaitlist
from tests.e2e.studying import assert_stayed, stay, visit
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
    site: Site, browser: BrowserContext, other_browser: BrowserContext, ines: User, ana: User, ben: User
) -> None:
    seminar = make_course(ines, "seminar", max_capacity=1, waitlist_enabled=True)
    enrollment.enroll(course=seminar, student=ana)
    anas = visit(browser, site.http(0), ana, "courses/seminar")
    bens = visit(other_browser, site.http(1), ben, "courses/seminar")
    standing(anas, "in")
    standing(bens, "full")
    stay(bens)
    bens.get_by_role("button", name="Join the waitlist").click()
    standing(bens, "waiting")
    expect(bens.get_by_role("heading", name="You are next in line")).to_be_visible()

    anas.get_by_role("button", name="Leave the course").click()
    anas.get_by_role("dialog").get_by_role("button", name="Leave the course").click()
    standing(anas, "full")

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
    site: Site, browser: BrowserContext, other_browser: BrowserContext, ines: User, ana: User
) -> None:
    make_course(ines, "project", enrollment_type="approval")
    owners = visit(other_browser, site.http(1), ines, "courses/project/people")
    expect(owners.get_by_text("Nobody waits for your answer")).to_be_visible()
    stay(owners)
    anas = visit(browser, site.http(0), ana, "courses/project")
    standing(anas, "ask")
    stay(anas)
    anas.get_by_role("button", name="Ask for a seat").click()
    standing(anas, "pending")

    expect(owners.get_by_test_id("inbox-button")).to_have_attribute("data-unread", "1")
    owners.get_by_role("button", name="Approve Ana").click()
    expect(owners.get_by_text("Nobody waits for your answer")).to_be_visible()
    assert_stayed(owners)

    standing(anas, "in")
    expect(anas.get_by_role("link", name="Start learning")).to_be_visible()
    assert_stayed(anas)
    assert status(ana) == "enrolled"


def test_what_is_seen_on_one_device_is_seen_on_the_other(
    site: Site, browser: BrowserContext, other_browser: BrowserContext, ines: User, ana: User, ben: User
) -> None:
    seminar = make_course(ines, "seminar", max_capacity=1, waitlist_enabled=True)
    enrollment.enroll(course=seminar, student=ben)
    devices = [visit(browser, site.http(0), ana), visit(other_browser, site.http(1), ana)]
    for each in devices:
        expect(each.get_by_test_id("inbox-button")).to_have_attribute("data-unread", "0")
    waitlist.join(course=seminar, student=ana)
    for each in devices:
        expect(each.get_by_test_id("inbox-button")).to_have_attribute("data-unread", "1")
    devices[0].get_by_test_id("inbox-button").click()
    expect(devices[0].get_by_test_id("notification")).to_contain_text("You are on the waitlist of “Seminar”")
    for each in devices:
        expect(each.get_by_test_id("inbox-button")).to_have_attribute("data-unread", "0")
