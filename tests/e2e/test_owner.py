"""What a course's owner looks at: how it is taken, and how each learner gets on."""

import csv
import io
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from courses import certificates
from courses.models import Content, ContentProgress, Course, CourseEnrollment, LearningSession
from tests.e2e.studying import visit
from tests.people import enroll, make_course, make_user
from tests.site import Site
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

LEARNERS = 12
LONG = "A content whose title is as long as a title may well become in a course of some ambition"
PHONE = {"width": 360, "height": 740}


@pytest.fixture
def taken(ines: User) -> Course:
    """A course of four contents and two hours. A third of its learners have been away for weeks."""
    course = make_course(ines, "intro", estimated_hours=2)
    contents = list(Content.objects.order_by("module__order", "order"))
    Content.objects.filter(pk=contents[1].pk).update(title=LONG)
    now = timezone.now()
    for number in range(LEARNERS):
        learner = enroll(make_user(f"learner{number}", last_name="Of Some Length"), course)
        for reached, content in enumerate(contents[: 1 + number % 4]):
            spent = timedelta(minutes=(reached + 1) * (5 + 3 * number))
            ContentProgress.objects.create(enrollment=learner, content=content, time_spent=spent, is_completed=True)
            session = LearningSession.objects.create(
                enrollment=learner, user=learner.student, key=uuid4(), content=content
            )
            began = now - timedelta(days=4 + 3 * number % 17 - reached, hours=7 * number % 24)
            LearningSession.objects.filter(pk=session.pk).update(started_at=began, ended_at=began, end_reason="lease")
        CourseEnrollment.objects.filter(pk=learner.pk).update(
            last_accessed=now - timedelta(days=30 if number % 3 == 0 else 1),
            progress_percentage=25 * (1 + number % 4),
            engagement_score=0.5,
            total_time_spent=timedelta(minutes=10 * number),
        )
    return course


def assert_nothing_sticks_out(page: Page, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_owner_sees_how_a_course_is_taken(site: Site, browser: BrowserContext, ines: User, taken: Course) -> None:
    page = visit(browser, site.http(), ines, "courses/intro")
    page.get_by_role("link", name="Analytics").click()
    expect(page.get_by_test_id("totals")).to_contain_text(f"Learners ever{LEARNERS}")
    expect(page.get_by_test_id("activity-sum")).to_contain_text("sessions began in the last four weeks")
    expect(page.locator("[data-testid=hour]:not([data-shade='0'])").first).to_be_visible()
    first = page.get_by_test_id("content-time").first
    expect(first).to_contain_text("Half of 12 learners took from")
    expect(first).to_contain_text("Estimated: 30 min")
    expect(page.get_by_test_id("stop")).to_have_count(4)
    expect(page.get_by_test_id("away-count")).to_have_text("4 learners")
    expect(page.get_by_test_id("person")).to_have_count(4)
    file = page.get_by_role("link", name="All learners").get_attribute("href")
    rows = list(csv.DictReader(io.StringIO(page.request.get(f"{site.http()}{file}").text())))
    assert {row["student"] for row in rows} == {f"learner{number}" for number in range(LEARNERS)}
    page.set_viewport_size(PHONE)
    assert_nothing_sticks_out(page, PHONE["width"])


def test_an_owner_sees_why_a_learners_engagement_is_what_it_is(
    site: Site, browser: BrowserContext, ines: User, taken: Course
) -> None:
    page = visit(browser, site.http(), ines, "courses/intro/people?tab=learners")
    page.set_viewport_size(PHONE)
    button = page.get_by_role("button", name="Engagement of Learner3 Of Some Length: 50 of 100")
    button.click()
    dialog = page.get_by_role("dialog", name="Engagement of Learner3 Of Some Length")
    expect(dialog.get_by_text("Days with five engaged minutes or more: 0 of 6.")).to_be_visible()
    expect(dialog.get_by_text("100 % of the course is done")).to_be_visible()
    expect(dialog.get_by_text("Formula 1: the three parts add up.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()
    assert_nothing_sticks_out(page, PHONE["width"])


def test_an_owner_takes_a_certificate_back(site: Site, browser: BrowserContext, ines: User, ana: User) -> None:
    course = make_course(ines, "intro", certificate_enabled=True)
    certificates.issue(enrollment_ids=[enroll(ana, course, "completed").pk])
    page = visit(browser, site.http(), ines, "courses/intro/people?tab=learners")
    page.set_viewport_size(PHONE)
    page.get_by_text("Completed", exact=True).click()
    link = page.get_by_role("link", name="Certificate of Ana")
    expect(link).to_be_visible()
    assert_nothing_sticks_out(page, PHONE["width"])
    address = f"{site.http()}{link.get_attribute('href')}"
    page.get_by_role("button", name="Revoke the certificate of Ana").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(link).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "Not valid: revoked" in page.request.get(address).text()


def test_a_learner_finds_no_such_page(site: Site, browser: BrowserContext, ana: User, intro: Course) -> None:
    page = visit(browser, site.http(), ana, "courses/intro/analytics")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    expect(page.get_by_role("link", name="Analytics")).to_have_count(0)
