"""Mail: who gets one, in which words, and that none goes out twice."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage as Received
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from django.test import Client

from courses import bulk, enrollment
from courses.events import CertificateIssued, EnrollmentConfirmed, EnrollmentRejected, WaitlistOffered
from realtime import delivery, digest, tasks
from realtime.models import Notification
from tests.mailserver import MailServer
from tests.news import announce_all
from tests.people import make_course, make_user
from tests.site import ROOT, Site

if TYPE_CHECKING:
    from django.core.mail import EmailMessage
    from django.db.models import Model, QuerySet
    from pytest_django.fixtures import SettingsWrapper

    from courses.models import Course
    from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

UNTIL = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
MONDAY_NOON = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
WEEK = date(2026, 3, 2)


@pytest.fixture
def mails(settings: "SettingsWrapper") -> Iterator[MailServer]:
    """The mail server that this process and a worker send to."""
    from lms.settings import mail

    with MailServer() as server:
        for name, value in mail(server.url).items():
            setattr(settings, name, value)
        yield server


@pytest.fixture
def ana(ana: "User") -> "User":
    """A student with a verified address."""
    ana.email_verified = True
    ana.save()
    return ana


def work(server: MailServer) -> None:
    """A real job worker, which does what is due and ends."""
    import os

    environment = {**os.environ, "DEBUG": "0", "DATABASE_URL": Site.test_database_url(), "EMAIL_URL": server.url}
    command = [sys.executable, "manage.py", "procrastinate", "worker", "--one-shot", "--queues", "mail"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=120)


def make_due() -> None:
    """As if the pause before the next try were over."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'")


def forget_jobs() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")


@pytest.fixture(autouse=True)
def no_jobs(transactional_db: None) -> None:
    forget_jobs()


def reject(course: "Course", student: "User") -> int:
    """Tell that this request was turned down; the notification's id."""
    announce_all(EnrollmentRejected(course.pk, student.pk, 1, "No seat left."))
    return Notification.objects.filter(user=student).latest("id").pk


def link_in(mail: "Received") -> str:
    """The way to have no more of these."""
    return str(mail["List-Unsubscribe"]).strip().strip("<>")


# Who and what


def test_a_worker_mails_what_is_worth_it_to_verified_people_who_want_that(
    mails: MailServer, ana: "User", ben: "User", intro: "Course"
) -> None:
    """Ben's address is not verified, Dora wants none, Emil's account is closed."""
    dora = make_user("dora", email_verified=True, email_notifications=False)
    emil = make_user("emil", email_verified=True, is_active=False)
    ana.language, ana.timezone = "de", "Europe/Berlin"
    ana.save()
    for student in (ana, ben, dora, emil):
        announce_all(
            WaitlistOffered(intro.pk, student.pk, UNTIL),
            EnrollmentConfirmed(intro.pk, student.pk, 1),
        )
    work(mails)
    (mail,) = mails.taken
    assert mail["To"] == "ana@example.org"
    assert mail["Subject"] == "Ein Platz in „Intro“ gehört dir"
    assert mail["From"] == "Studybeat <studybeat@localhost>"
    body = mail.get_content()
    assert "Hallo Ana," in body
    assert "bis zum 1. März, 13:30 Uhr" in body
    assert "/courses/intro" in body
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link_in(mail) in body
    work(mails)
    assert len(mails.taken) == 1


def test_who_was_given_a_seat_hears_of_it_by_mail(mails: MailServer, ana: "User", ines: "User") -> None:
    """Who took it knows."""
    enrollment.enroll(course=make_course(ines, "taken"), student=ana)
    enrollment.admit(course=make_course(ines, "given"), student=ana, actor=ines)
    bulk.enroll_all(course=make_course(ines, "listed"), lines=bulk.lines_of_list(["ana"]), actor=ines)
    work(mails)
    assert [mail["Subject"] for mail in mails.taken] == [
        "Your seat in “Given” is confirmed",
        "Your seat in “Listed” is confirmed",
    ]


def test_the_mail_of_a_certificate_leads_to_its_page(mails: MailServer, ana: "User", intro: "Course") -> None:
    announce_all(CertificateIssued(intro.pk, ana.pk, 1, "Vn3k"))
    work(mails)
    (mail,) = mails.taken
    assert mail["Subject"] == "Your certificate for “Intro” is ready"
    assert "http://127.0.0.1:8000/certificates/Vn3k" in mail.get_content()


def test_a_rolled_back_transaction_mails_nothing(mails: MailServer, ana: "User", intro: "Course") -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        announce_all(EnrollmentRejected(intro.pk, ana.pk, 1, ""))
        raise ZeroDivisionError
    work(mails)
    assert mails.taken == []


# Once


def test_a_refused_mail_is_sent_by_a_later_try(mails: MailServer, ana: "User", intro: "Course") -> None:
    mails.refusals = 1
    reject(intro, ana)
    work(mails)
    assert mails.taken == []
    make_due()
    work(mails)
    assert [mail["Subject"] for mail in mails.taken] == ["Your request for “Intro” was turned down"]


def tried(notification: int, times: int = 3) -> None:
    """What a job that fails does again and again."""
    for _ in range(times):
        try:
            delivery.mail_notification(notification)
        except Exception:  # the worker notes it, and tries again
            continue


def test_a_mail_whose_answer_was_lost_is_not_sent_again(mails: MailServer, ana: "User", intro: "Course") -> None:
    mails.silences = 1
    tried(reject(intro, ana))
    assert len(mails.taken) == 1


def test_a_mail_server_that_is_away_takes_nothing_from_the_mail(
    mails: MailServer, ana: "User", intro: "Course", settings: "SettingsWrapper"
) -> None:
    there, settings.EMAIL_PORT = settings.EMAIL_PORT, 9
    notification = reject(intro, ana)
    with pytest.raises(OSError, match="refused"):
        delivery.mail_notification(notification)
    settings.EMAIL_PORT = there
    tried(notification)
    assert len(mails.taken) == 1


def test_sending_before_taking_is_seen_to_send_twice(
    mails: MailServer, ana: "User", intro: "Course", monkeypatch: pytest.MonkeyPatch
) -> None:
    def send_then_mark(row: "QuerySet[Model]", mail: "EmailMessage") -> None:
        if row.filter(mailed_at=None).exists():
            mail.send()
            row.update(mailed_at=datetime.now(UTC))

    monkeypatch.setattr(delivery, "send_once", send_then_mark)
    mails.silences = 1
    tried(reject(intro, ana))
    assert len(mails.taken) == 2


def test_two_workers_at_once_send_one(mails: MailServer, ana: "User", intro: "Course") -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connections

    notification = reject(intro, ana)

    def mail(_: int) -> None:
        try:
            delivery.mail_notification(notification)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(mail, range(8)))
    assert len(mails.taken) == 1


# No more of them


def test_one_click_ends_it_without_signing_in(mails: MailServer, ana: "User", intro: "Course") -> None:
    delivery.mail_notification(reject(intro, ana))
    link = link_in(mails.taken[0]).replace("http://127.0.0.1:8000", "")
    browser = Client(enforce_csrf_checks=True)
    asked = browser.get(link)
    assert asked.status_code == 200
    assert b"<form" in asked.content
    ana.refresh_from_db()
    assert ana.email_notifications, "programs follow links too"
    for _ in range(2):
        done = browser.post(link, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
        assert done.status_code == 200
    ana.refresh_from_db()
    assert (ana.email_notifications, ana.weekly_digest) == (False, True)
    delivery.mail_notification(reject(intro, ana))
    assert len(mails.taken) == 1


@pytest.mark.parametrize("signed", ["", "x", "1:email_notifications", "1:is_active:abc"])
def test_a_link_that_was_not_signed_does_nothing(ana: "User", signed: str) -> None:
    assert Client().post(f"/unsubscribe/{signed}/").status_code in (404, 405)
    ana.refresh_from_db()
    assert ana.email_notifications


# The week


def studied(student: "User", course: "Course", *stretches: tuple[datetime, int]) -> None:
    """Sessions of so many minutes in focus, each on a page of its own."""
    from uuid import uuid4

    from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

    from courses.models import CourseEnrollment, FocusSpan, LearningSession

    enrollment = CourseEnrollment.objects.get(student=student, course=course)
    for begins, minutes in stretches:
        session = LearningSession.objects.create(enrollment=enrollment, user=student, key=uuid4())
        span = DateTimeTZRange(begins, begins + timedelta(minutes=minutes))
        FocusSpan.objects.create(session=session, enrollment=enrollment, engaged=False, span=span)


def test_the_week_says_time_progress_and_what_waits(mails: MailServer, ana: "User", intro: "Course") -> None:
    """Two pages at once count once, and only what lies within the week by her own clocks, which are an hour ahead."""
    ana.timezone = "Europe/Berlin"
    ana.save()
    begin = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)  # midnight in Berlin
    studied(
        ana,
        intro,
        (begin - timedelta(minutes=30), 60),
        (begin, 45),
        (begin + timedelta(days=7) - timedelta(minutes=40), 90),
    )
    announce_all(EnrollmentConfirmed(intro.pk, ana.pk, 1))
    tasks.plan_digests(timestamp=int(MONDAY_NOON.timestamp()))
    work(mails)
    (mail,) = mails.taken
    assert mail["Subject"] == "Your week from 2 March"
    body = mail.get_content()
    assert "- Intro: 1 h 25 min, 0 % done" in body
    assert "- Unread notifications: 1" in body
    Client().post(link_in(mail).replace("http://127.0.0.1:8000", ""))
    ana.refresh_from_db()
    assert (ana.email_notifications, ana.weekly_digest) == (True, False)


@pytest.mark.parametrize(
    ("zone", "now", "is_due"),
    [
        ("UTC", datetime(2026, 3, 9, 7, 59, tzinfo=UTC), False),
        ("UTC", datetime(2026, 3, 9, 8, 0, tzinfo=UTC), True),
        ("UTC", datetime(2026, 3, 9, 23, 59, tzinfo=UTC), True),
        ("UTC", datetime(2026, 3, 10, 8, 0, tzinfo=UTC), False),
        ("Pacific/Auckland", datetime(2026, 3, 8, 19, 0, tzinfo=UTC), True),
        ("America/Los_Angeles", datetime(2026, 3, 9, 14, 59, tzinfo=UTC), False),
        ("America/Los_Angeles", datetime(2026, 3, 9, 15, 0, tzinfo=UTC), True),
        ("Gone/Away", datetime(2026, 3, 9, 8, 0, tzinfo=UTC), True),
    ],
)
def test_it_is_due_on_monday_morning_by_ones_own_clocks(ana: "User", zone: str, now: datetime, is_due: bool) -> None:
    ana.timezone = zone
    ana.save()
    assert digest.plan(now) == ([(ana.pk, WEEK)] if is_due else [])
    assert digest.plan(now) == [], "once a week"


def test_it_is_for_who_wants_it_and_has_anything_to_read(mails: MailServer) -> None:
    wanting: dict[str, Any] = {"email_verified": True}
    idle = make_user("idle", **wanting)
    for name, fields in (
        ("unverified", {}),
        ("unwilling", {**wanting, "weekly_digest": False}),
        ("closed", {**wanting, "is_active": False}),
    ):
        make_user(name, **fields)
    assert digest.plan(MONDAY_NOON) == [(idle.pk, WEEK)]
    digest.mail(idle.pk, WEEK)
    assert mails.taken == []


def test_each_week_goes_out_once(mails: MailServer, ana: "User", intro: "Course") -> None:
    for weeks in range(3):
        for hours in range(3):
            tasks.plan_digests(timestamp=int((MONDAY_NOON + timedelta(weeks=weeks, hours=hours)).timestamp()))
            digest.mail(ana.pk, WEEK + timedelta(weeks=weeks))
    digest.mail(ana.pk, WEEK)
    assert [mail["Subject"] for mail in mails.taken] == [
        "Your week from 2 March",
        "Your week from 9 March",
        "Your week from 16 March",
    ]
