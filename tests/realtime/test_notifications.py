"""From the domain's events to numbered rows: who is told what, in which words, as the transaction's last act."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.db import IntegrityError, OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from courses import events
from courses.models import LearningSession
from realtime import notifications, texts
from realtime.models import Notification, NotificationCursor
from realtime.protocol import EndCause, NotificationData, NotificationKind
from tests.counts import count
from tests.news import announce_all, confirm, numbers_of
from tests.people import enroll, make_user
from tests.rest import by_token, queries_of
from users.events import announce, before_commit

if TYPE_CHECKING:
    from courses.models import Course
    from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

UNTIL = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)

# Who is told what


@pytest.mark.parametrize(
    ("event", "kind", "told"),
    [
        (lambda c, s: events.EnrollmentConfirmed(c, s, 5), "enrollment.confirmed", {"enrollment": 5}),
        (lambda c, s: events.EnrollmentApproved(c, s, 5), "enrollment.approved", {"enrollment": 5}),
        (
            lambda c, s: events.EnrollmentRejected(c, s, 5, "No."),
            "enrollment.rejected",
            {"enrollment": 5, "reason": "No."},
        ),
        (lambda c, s: events.EnrollmentRejected(c, s, 5, ""), "enrollment.rejected", {"enrollment": 5}),
        (
            lambda c, s: events.EnrollmentEnded(c, s, 5, "removed", "Over."),
            "enrollment.ended",
            {"enrollment": 5, "cause": "removed", "reason": "Over."},
        ),
        (lambda c, s: events.EnrollmentEnded(c, s, None, "archived"), "enrollment.ended", {"cause": "archived"}),
        (lambda c, s: events.WaitlistJoined(c, s), "waitlist.joined", {}),
        (
            lambda c, s: events.WaitlistOffered(c, s, UNTIL),
            "waitlist.offer",
            {"offer_expires_at": "2026-03-01T12:30:00Z"},
        ),
        (lambda c, s: events.WaitlistOfferExpired(c, s), "waitlist.offer_expired", {}),
        (
            lambda c, s: events.CertificateIssued(c, s, 5, "Vn3k"),
            "certificate.issued",
            {"enrollment": 5, "code": "Vn3k"},
        ),
    ],
)
def test_a_learner_is_told(
    event: Callable[[int, int], events.Place], kind: str, told: dict[str, object], intro: "Course", ana: "User"
) -> None:
    announce_all(event(intro.pk, ana.pk))
    row = Notification.objects.get()
    assert (row.user, row.number, row.kind) == (ana, 1, kind)
    assert row.data == {"course": "intro", "course_title": "Intro", **told}


def test_the_owner_is_told_who_asks(intro: "Course", ana: "User", ines: "User") -> None:
    announce_all(events.EnrollmentRequested(intro.pk, ana.pk, 5))
    row = Notification.objects.get()
    assert (row.user, row.kind) == (ines, "enrollment.requested")
    assert row.data == {"course": "intro", "course_title": "Intro", "enrollment": 5, "student": "Ana"}


def test_a_long_reason_is_cut(intro: "Course", ana: "User") -> None:
    announce_all(events.EnrollmentRejected(intro.pk, ana.pk, 5, "x" * 5_000))
    assert len(Notification.objects.get().data["reason"]) == 1_000


def test_who_is_gone_is_told_nothing_and_spoils_nothing(intro: "Course", ana: "User", chidi: "User") -> None:
    with transaction.atomic():
        announce(events.WaitlistJoined(intro.pk, chidi.pk))
        announce(events.WaitlistJoined(intro.pk, ana.pk))
        announce(events.WaitlistJoined(404, ana.pk))
        chidi.delete()
    assert numbers_of(ana) == [1]
    assert Notification.objects.count() == 1


# Words


def test_every_kind_has_its_words_in_every_language() -> None:
    folder = Path(texts.__file__).parent / "templates"
    files = {
        language.name: {path.name for path in (language / "notifications").iterdir()} for language in folder.iterdir()
    }
    assert files == {language: {f"{kind}.txt" for kind in NotificationKind} for language in ("en", "de")}


@pytest.mark.parametrize("kind", NotificationKind)
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_words_say_what_it_is_about_and_escape_nothing(kind: NotificationKind, language: str) -> None:
    title = "Tom & <Jerry>"
    data = NotificationData(
        course="tom", course_title=title, student="Ana", reason="It's full", text="Look", offer_expires_at=UNTIL
    )
    said, body = texts.of_notification(kind, data, language=language, timezone_name="Europe/Berlin")
    assert title in said
    assert body
    assert "\n" not in said
    if kind in ("enrollment.rejected", "enrollment.ended"):
        assert "It's full" in body
    if kind == "waitlist.offer":
        assert "13:30" in body


@pytest.mark.parametrize(
    ("language", "zone", "until"),
    [
        ("en", "UTC", "1 March, 12:30 UTC."),
        ("de-at", "Europe/Vienna", "1. März, 13:30 Uhr (CET)"),
        ("fr", "America/New_York", "1 March, 07:30 EST."),
        ("en", "Gone/Away", "1 March, 12:30 UTC."),
    ],
)
def test_a_moment_is_told_by_the_users_clocks_in_the_texts_language(language: str, zone: str, until: str) -> None:
    data = NotificationData(course_title="Intro", offer_expires_at=UNTIL)
    _, body = texts.of_notification(NotificationKind.WAITLIST_OFFER, data, language=language, timezone_name=zone)
    assert until in body


@pytest.mark.parametrize(
    ("language", "cause", "enrollment", "says"),
    [
        ("en", "paused", 5, ("You are paused in “Intro”", "The reason given: Full.", "Your seat stays yours")),
        ("en", "removed", 5, ("Your place in “Intro” has ended", "The reason given: Full.", "stays recorded")),
        ("en", "archived", 5, ("“Intro” takes nobody in any more", "Your request ends")),
        ("en", "archived", None, ("“Intro” takes nobody in any more", "The waitlist ends")),
        ("en", "restricted", None, ("“Intro” is by invitation now", "the waitlist has ended")),
        ("de", "paused", 5, ("ist unterbrochen", "Die Begründung: Full.", "Dein Platz bleibt dir")),
        ("de", "removed", 5, ("besteht nicht mehr", "Die Begründung: Full.", "bleibt erhalten")),
        ("de", "archived", 5, ("nimmt niemanden mehr auf", "Der Kurs wurde archiviert. Deine Anfrage endet")),
        ("de", "archived", None, ("nimmt niemanden mehr auf", "Der Kurs wurde archiviert. Die Warteliste endet")),
        ("de", "restricted", None, ("nur noch auf Einladung", "die Warteliste gibt es nicht mehr")),
    ],
)
def test_a_place_that_ended_is_told_with_what_ended_it(
    language: str, cause: str, enrollment: int | None, says: tuple[str, ...]
) -> None:
    reason = "Full." if cause in ("paused", "removed") else None
    data = NotificationData(course_title="Intro", cause=EndCause(cause), enrollment=enrollment, reason=reason)
    title, body = texts.of_notification(NotificationKind.ENROLLMENT_ENDED, data, language=language, timezone_name="UTC")
    assert says[0] in title
    assert all(part in body for part in says[1:])
    assert ("Full." in body) == (reason is not None)


# Over HTTP


def test_lists_take_as_many_queries_for_a_hundred_as_for_one(intro: "Course", ines: "User") -> None:
    def ask_for_help(first: int, last: int) -> None:
        for number in range(first, last + 1):
            enrollment = enroll(make_user(f"learner{number}"), intro)
            LearningSession.objects.create(user=enrollment.student, enrollment=enrollment, key=uuid4(), needs_help=True)
            announce_all(events.HelpRequested(intro.pk, enrollment.student_id, enrollment.pk, "Where?"))

    inbox, calls = "/api/v1/notifications/", "/api/v1/courses/intro/calls/"
    client = by_token(ines)
    ask_for_help(1, 1)
    few = [queries_of(client, path) for path in (inbox, calls)]
    ask_for_help(2, 100)
    assert len(client.get(inbox).json()["results"]) == len(client.get(calls).json()) == 100
    assert [queries_of(client, path) for path in (inbox, calls)] == few


# At the transaction's end


def test_numbers_run_without_a_hole_whatever_is_undone(intro: "Course", ana: "User", ben: "User") -> None:
    confirm(intro, ana)
    with transaction.atomic():
        announce(events.WaitlistJoined(intro.pk, ana.pk))
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            announce(events.WaitlistJoined(intro.pk, ana.pk))
            raise ZeroDivisionError
        with transaction.atomic():
            announce(events.WaitlistJoined(intro.pk, ben.pk))
            announce(events.WaitlistJoined(intro.pk, ana.pk))
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        announce(events.WaitlistJoined(intro.pk, ana.pk))
        raise ZeroDivisionError
    confirm(intro, ana, ben)
    assert (numbers_of(ana), numbers_of(ben)) == ([1, 2, 3, 4], [1, 2])
    assert NotificationCursor.objects.get(user=ana).head == 4


def test_what_fails_at_the_end_undoes_all_of_it(intro: "Course", ana: "User") -> None:
    def fail(items: list[str]) -> None:
        raise RuntimeError(*items)

    with pytest.raises(RuntimeError, match="late"), transaction.atomic():
        ana.bio = "changed"
        ana.save()
        announce(events.WaitlistJoined(intro.pk, ana.pk))
        before_commit(fail, "late")
    ana.refresh_from_db()
    assert (ana.bio, numbers_of(ana)) == ("", [])
    confirm(intro, ana)
    assert numbers_of(ana) == [1], "the connection is as good as before"


def test_what_is_asked_for_at_the_end_is_refused_and_not_lost(intro: "Course", ana: "User") -> None:
    def tell_once_more(users: list["User"]) -> None:
        for user in users:
            announce(events.WaitlistJoined(intro.pk, user.pk))

    with pytest.raises(transaction.TransactionManagementError, match="ends already"), transaction.atomic():
        announce(events.WaitlistJoined(intro.pk, ana.pk))
        before_commit(tell_once_more, ana)
    assert numbers_of(ana) == []
    confirm(intro, ana)
    assert numbers_of(ana) == [1], "the connection is as good as before"


def test_what_the_database_refuses_at_the_end_undoes_all_of_it(intro: "Course", ana: "User") -> None:
    confirm(intro, ana)
    NotificationCursor.objects.update(head=0)
    with pytest.raises(IntegrityError):
        confirm(intro, ana)
    NotificationCursor.objects.update(head=1)
    confirm(intro, ana)
    assert numbers_of(ana) == [1, 2]


def test_without_a_transaction_there_is_no_end_to_wait_for(intro: "Course", ana: "User") -> None:
    with pytest.raises(transaction.TransactionManagementError):
        announce(events.WaitlistJoined(intro.pk, ana.pk))


def test_much_news_takes_as_many_queries_as_little(intro: "Course", ana: "User", ben: "User") -> None:
    def queries(times: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            confirm(intro, ana, ben, times=times)
        return len(captured)

    assert queries(1) == queries(100)


def cross(course: "Course", one: "User", other: "User", *, times: int) -> list[Exception]:
    """Two transactions at a time, which tell these two in opposite orders; what went wrong."""
    together = Barrier(2)
    failed: list[Exception] = []

    def work(first: "User", second: "User") -> None:
        try:
            for _ in range(times):
                together.wait(30)
                try:
                    with transaction.atomic():
                        announce(events.WaitlistJoined(course.pk, first.pk))
                        announce(events.WaitlistJoined(course.pk, second.pk))
                except OperationalError as error:
                    failed.append(error)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(work, one, other), threads.submit(work, other, one)]:
            done.result()
    return failed


def test_two_who_tell_the_same_people_in_opposite_orders_do_not_deadlock(
    intro: "Course", ana: "User", ben: "User"
) -> None:
    times = count(20, 300)
    assert cross(intro, ana, ben, times=times) == []
    assert numbers_of(ana) == numbers_of(ben) == list(range(1, 2 * times + 1))


def test_numbering_at_once_is_seen_to_deadlock(
    intro: "Course", ana: "User", ben: "User", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "before_commit", lambda write, told: write([told]))
    assert any("deadlock" in str(error) for error in cross(intro, ana, ben, times=5))
