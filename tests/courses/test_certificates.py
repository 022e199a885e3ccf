"""Certificates: issued once, found by their code alone, revoked by who teaches, shown on a page."""

import re
from datetime import UTC, datetime

import pytest
from django.db import transaction
from django.test import Client

from courses import authoring, certificates, progress
from courses import enrollment as moves
from courses.events import CourseCompleted
from courses.models import Certificate, Course, CourseEnrollment, EnrollmentEvent
from realtime.models import Notification
from tests.courses.progressing import contents_of, follow
from tests.news import announce_all
from tests.people import enroll, make_course, make_user
from tests.rest import anonymous, by_token, queries_of
from users import accounts
from users.events import announce
from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_jobs")]

API = "/api/v1/certificates"


@pytest.fixture
def enrollment(ines: User, ana: User) -> CourseEnrollment:
    """Ana, who has completed a course that gives certificates."""
    course = make_course(ines, "intro", certificate_enabled=True)
    return enroll(ana, course, "completed")


@pytest.fixture
def certificate(enrollment: CourseEnrollment) -> Certificate:
    complete(enrollment)
    return Certificate.objects.get()


def complete(enrollment: CourseEnrollment) -> None:
    announce_all(CourseCompleted(enrollment.course_id, enrollment.student_id, enrollment.pk))


def trail() -> list[tuple[str, str, str]]:
    events = EnrollmentEvent.objects.select_related("actor").order_by("pk")
    return [(one.kind, one.actor.username if one.actor else "", one.reason) for one in events]


# Issued


def test_completing_issues_one_and_tells_the_learner(enrollment: CourseEnrollment, ana: User) -> None:
    complete(enrollment)
    (certificate,) = enrollment.certificates.all()
    assert certificate.revoked_at is None
    assert trail() == [("certify", "", "")]
    (told,) = Notification.objects.filter(kind="certificate.issued")
    assert told.user == ana
    assert told.data == {
        "course": "intro",
        "course_title": "Intro",
        "enrollment": enrollment.pk,
        "code": certificate.code,
    }


def test_completing_again_issues_no_other_even_when_it_was_revoked(
    enrollment: CourseEnrollment, certificate: Certificate, ines: User
) -> None:
    complete(enrollment)
    certificates.revoke(code=certificate.code, actor=ines)
    complete(enrollment)
    assert enrollment.certificates.count() == 1
    assert Notification.objects.filter(kind="certificate.issued").count() == 1


def test_a_course_that_gives_none_gives_none(ines: User, ana: User) -> None:
    complete(enroll(ana, make_course(ines, "plain"), "completed"))
    assert not Certificate.objects.exists()
    assert not Notification.objects.filter(kind="certificate.issued").exists()


def test_a_completion_that_is_undone_leaves_none(enrollment: CourseEnrollment) -> None:
    with transaction.atomic():
        announce(CourseCompleted(enrollment.course_id, enrollment.student_id, enrollment.pk))
        assert Certificate.objects.exists()
        transaction.set_rollback(True)
    assert not Certificate.objects.exists()


def test_codes_are_of_144_bits_and_fit_into_an_address() -> None:
    assert certificates.CODE_BYTES * 8 >= 128
    codes = {certificates.secrets.token_urlsafe(certificates.CODE_BYTES) for _ in range(200)}
    assert len(codes) == 200
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{24}", code) for code in codes)


# Begun to give later


def enable(course: Course) -> None:
    """The owner has it give certificates, and the worker does what comes of it."""
    authoring.change_course(course=Course.objects.get(pk=course.pk), certificate_enabled=True)
    follow()


def test_who_completed_before_gets_one_when_the_course_begins_to_give_them(
    ines: User, ana: User, ben: User, chidi: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also who has left since; not who is still at it."""
    monkeypatch.setattr(certificates, "BATCH", 2)
    course = make_course(ines, "plain", modules=1, contents=1)
    enrollments = [enroll(one, course) for one in (ana, ben, *(make_user(f"learner{n}") for n in range(3)))]
    learning = enroll(chidi, course)
    for one in enrollments:
        progress.complete_content(student_id=one.student_id, content_id=contents_of(course)[0].pk)
    moves.withdraw(enrollment=enrollments[1], actor=ben)
    assert not Certificate.objects.exists()
    enable(course)
    assert {one.enrollment_id for one in Certificate.objects.all()} == {one.pk for one in enrollments}
    told = Notification.objects.filter(kind="certificate.issued").order_by("user")
    assert [(one.user_id, one.data["code"]) for one in told] == [
        (one.enrollment.student_id, one.code) for one in Certificate.objects.order_by("enrollment__student")
    ]
    assert EnrollmentEvent.objects.filter(kind="certify").count() == len(enrollments)
    progress.complete_content(student_id=chidi.pk, content_id=contents_of(course)[0].pk)
    assert learning.certificates.count() == 1


def test_switched_off_and_on_nobody_gets_another(
    enrollment: CourseEnrollment, certificate: Certificate, ines: User
) -> None:
    certificates.revoke(code=certificate.code, actor=ines)
    authoring.change_course(course=enrollment.course, certificate_enabled=False)
    assert follow() == 0
    enable(enrollment.course)
    certificates.issue_to_all(enrollment.course_id)
    assert Certificate.objects.get() == certificate
    assert Notification.objects.filter(kind="certificate.issued").count() == 1


def test_switched_off_before_the_job_runs_nobody_gets_any(ines: User, ana: User) -> None:
    course = make_course(ines, "plain")
    enroll(ana, course, "completed")
    for is_enabled in (True, False):
        authoring.change_course(course=Course.objects.get(pk=course.pk), certificate_enabled=is_enabled)
    assert follow() == 1
    assert not Certificate.objects.exists()


def test_no_other_change_of_a_course_is_a_reason_to_look(enrollment: CourseEnrollment, ines: User) -> None:
    course = Course.objects.get(pk=enrollment.course_id)
    for fields in ({"title": "Another"}, {"certificate_enabled": True}, {"max_capacity": 9}):
        authoring.change_course(course=course, **fields)
    assert follow() == 0


def test_the_owner_switches_it_on_over_rest(ines: User, ana: User) -> None:
    course = make_course(ines, "plain")
    enrollment = enroll(ana, course, "completed")
    assert by_token(ines).patch("/api/v1/courses/plain/", {"certificate_enabled": True}).status_code == 200
    assert follow() == 1
    assert enrollment.certificates.count() == 1


# Found


def test_whoever_has_the_code_reads_it_and_nothing_else_of_the_learner(certificate: Certificate, ana: User) -> None:
    answer = anonymous().get(f"{API}/{certificate.code}/")
    assert answer.status_code == 200
    assert answer.json() == {
        "code": certificate.code,
        "holder": "Ana",
        "course": "intro",
        "course_title": "Intro",
        "issued_at": certificate.issued_at.isoformat().replace("+00:00", "Z"),
        "revoked_at": None,
    }


@pytest.mark.parametrize("code", ["nobody-has-this-code", "A", "x" * 500])
def test_another_code_is_not_found(certificate: Certificate, code: str) -> None:
    assert anonymous().get(f"{API}/{code}/").json()["code"] == "not_found"
    assert anonymous().get(f"{API}/{certificate.code[:-1]}/").status_code == 404
    assert anonymous().get(f"{API}/{certificate.code.swapcase()}/").status_code == 404


def test_a_closed_account_has_no_name_on_it(certificate: Certificate, ana: User) -> None:
    accounts.close(user=ana)
    assert anonymous().get(f"{API}/{certificate.code}/").json()["holder"].startswith("closed-")


def test_the_enrolment_names_it_while_it_is_valid(
    enrollment: CourseEnrollment, certificate: Certificate, ana: User, ines: User
) -> None:
    def named() -> set[str | None]:
        mine = by_token(ana).get("/api/v1/enrollments/").json()["results"]
        theirs = by_token(ines).get("/api/v1/courses/intro/enrollments/").json()["results"]
        of_course = by_token(ana).get("/api/v1/courses/intro/").json()["enrollment"]
        return {one["certificate"] for one in (*mine, *theirs, of_course)}

    assert named() == {certificate.code}
    certificates.revoke(code=certificate.code, actor=ines)
    assert named() == {None}


def test_a_list_of_a_hundred_takes_as_many_queries_as_of_one(
    enrollment: CourseEnrollment, certificate: Certificate, ines: User
) -> None:
    client, path = by_token(ines), "/api/v1/courses/intro/enrollments/?page_size=200"
    few = queries_of(client, path)
    for number in range(99):
        complete(enroll(make_user(f"learner{number}"), enrollment.course, "completed"))
    assert Certificate.objects.count() == 100
    assert queries_of(client, path) == few


# Revoked


def test_the_owner_revokes_it_once_for_a_reason(certificate: Certificate, ines: User, admin: User) -> None:
    path = f"{API}/{certificate.code}/revoke/"
    first = by_token(ines).post(path, {"reason": "Somebody else's work."})
    assert first.status_code == 200
    assert first.json()["revoked_at"]
    again = by_token(admin).post(path, {"reason": "Again."})
    assert again.json() == first.json() == anonymous().get(f"{API}/{certificate.code}/").json()
    assert trail() == [("certify", "", ""), ("revoke", "ines", "Somebody else's work.")]


def test_nobody_else_revokes_it(certificate: Certificate, ana: User, chidi: User) -> None:
    rival = make_user("rival", role="instructor")
    for user in (ana, chidi, rival):
        answer = by_token(user).post(f"{API}/{certificate.code}/revoke/", {})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert by_token(rival).post(f"{API}/unknown/revoke/", {}).status_code == 404
    certificate.refresh_from_db()
    assert certificate.revoked_at is None


# The page


def page(code: str, language: str = "en") -> tuple[int, str]:
    answer = Client().get(f"/certificates/{code}", headers={"Accept-Language": language})
    assert "Accept-Language" in answer["Vary"]
    assert (answer["Cache-Control"], answer["X-Robots-Tag"]) == ("no-cache", "noindex")
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize(
    ("asked", "language", "words", "day"),
    [
        ("en-GB", "en", "has completed the course", "1 March 2026"),
        ("de-AT,de;q=0.9,en;q=0.5", "de", "hat diesen Kurs abgeschlossen", "1. März 2026"),
        ("fr, de;q=0.8", "de", "hat diesen Kurs abgeschlossen", "1. März 2026"),
        ("fr", "en", "has completed the course", "1 March 2026"),
        ("*", "en", "has completed the course", "1 March 2026"),
        ("", "en", "has completed the course", "1 March 2026"),
        ("..", "en", "has completed the course", "1 March 2026"),
    ],
)
def test_it_is_in_the_readers_language_with_the_learners_day(
    certificate: Certificate, ana: User, asked: str, language: str, words: str, day: str
) -> None:
    User.objects.filter(pk=ana.pk).update(timezone="Europe/Berlin")
    Certificate.objects.update(issued_at=datetime(2026, 2, 28, 23, 30, tzinfo=UTC))
    status, text = page(certificate.code, asked)
    assert status == 200
    assert f'lang="{language}"' in text
    for shown in (words, day, "Ana", "Intro", certificate.code, f"http://testserver/certificates/{certificate.code}"):
        assert shown in text


@pytest.mark.parametrize(("language", "words"), [("en", "Not valid: revoked on"), ("de", "Ungültig: widerrufen am")])
def test_a_revoked_one_says_so(certificate: Certificate, ines: User, language: str, words: str) -> None:
    valid = page(certificate.code, language)[1]
    assert words not in valid
    certificates.revoke(code=certificate.code, actor=ines)
    status, text = page(certificate.code, language)
    assert status == 200
    assert words in text
    assert 'class="state"' not in text


@pytest.mark.parametrize(("language", "words"), [("en", "There is no certificate"), ("de", "Es gibt kein Zertifikat")])
def test_the_page_of_another_code_says_that_there_is_none(certificate: Certificate, language: str, words: str) -> None:
    status, text = page("unknown", language)
    assert status == 404
    assert words in text
    assert "Ana" not in text


def test_its_address_may_end_as_those_of_the_api_do(certificate: Certificate) -> None:
    answer = Client().get(f"/certificates/{certificate.code}/")
    assert (answer.status_code, answer["Location"]) == (302, f"/certificates/{certificate.code}")


def test_names_are_text_on_it_and_no_script_runs(certificate: Certificate, ana: User) -> None:
    User.objects.filter(pk=ana.pk).update(first_name="<script>alert(1)</script>")
    Course.objects.update(title="Tom & <b>Jerry</b>")
    _, text = page(certificate.code)
    assert "<script" not in text
    assert "Tom &amp; &lt;b&gt;Jerry&lt;/b&gt;" in text
    answer = Client().get(f"/certificates/{certificate.code}")
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert Client().post(f"/certificates/{certificate.code}").status_code == 405
