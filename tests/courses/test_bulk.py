"""Many learners at once: all of them or nobody, and every line that can't be is named."""

import codecs
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courses import bulk, seats, waitlist
from courses import enrollment as moves
from courses.errors import CourseFull
from courses.events import EnrollmentApproved, EnrollmentConfirmed
from courses.models import Course, CourseEnrollment, EnrollmentEvent
from tests.courses.seating import listening, names, pass_time, queue
from tests.people import enroll, make_course, make_user
from tests.rest import by_token
from users.models import User

PATH = "/api/v1/courses/circle/enrollments/import/"


@pytest.fixture
def circle(ines: User, ana: User, ben: User, chidi: User) -> Course:
    """A restricted course with nobody in it; ana's address is verified."""
    User.objects.filter(pk=ana.pk).update(email_verified=True)
    return make_course(ines, "circle", enrollment_type="restricted")


def send(user: User, learners: list[str], **fields: Any) -> tuple[int, Any]:
    answer = by_token(user).post(PATH, {"learners": learners, **fields})
    return answer.status_code, answer.json()


def upload(user: User, data: bytes, **fields: Any) -> tuple[int, Any]:
    file = SimpleUploadedFile("people.csv", data, "text/csv")
    answer = by_token(user).post(PATH, {"file": file, **fields}, format="multipart")
    return answer.status_code, answer.json()


def enrolled() -> list[str]:
    return sorted(CourseEnrollment.objects.filter(status="enrolled").values_list("student__username", flat=True))


# Lists ---------------------------------------------------------------------------------------------------------


def test_a_list_of_names_and_verified_addresses_fills_a_restricted_course(circle: Course, ines: User) -> None:
    with listening() as told:
        assert send(ines, ["Ana@Example.org", " ben "]) == (200, {"dry_run": False, "enrolled": ["ana", "ben"]})
    assert enrolled() == ["ana", "ben"]
    assert names(told) == ["EnrollmentConfirmed"] * 2
    events = EnrollmentEvent.objects.values_list("kind", "student__username", "from_status", "actor__username")
    assert sorted(events) == [("enroll", "ana", "", "ines"), ("enroll", "ben", "", "ines")]


def test_a_name_may_be_spelt_as_another_program_spells_it(circle: Course, ines: User) -> None:
    """With the accent behind its letter, as some write it: the account is kept under the one that has both."""
    make_user("jos\u00e9")
    assert send(ines, ["jose\u0301"]) == (200, {"dry_run": False, "enrolled": ["jos\u00e9"]})


def test_a_dry_run_judges_and_changes_nothing(circle: Course, ines: User) -> None:
    assert send(ines, ["ana", "ben"], dry_run=True) == (200, {"dry_run": True, "enrolled": ["ana", "ben"]})
    assert send(ines, ["ana", "nobody"], dry_run=True)[0] == 400
    assert enrolled() == []
    assert not EnrollmentEvent.objects.exists()


def test_every_line_that_can_not_be_is_named_and_nothing_is_half_done(circle: Course, ines: User, chidi: User) -> None:
    enroll(chidi, circle)
    make_user("eve", is_active=False)
    make_user("fay@example.net")
    User.objects.create(username="gil", email="fay@example.net", email_verified=True)

    status, refused = send(
        ines,
        ["ana", "nobody", "ben@example.org", "chidi", "ana@example.org", "ines", "eve", "fay@example.net", "ben"],
    )

    assert (status, refused["code"]) == (400, "import_refused")
    assert refused["detail"].startswith("line 2: Nobody here has the user name or verified address nobody.")
    assert [(line["line"], line["learner"], line["code"]) for line in refused["lines"]] == [
        (2, "nobody", "unknown"),
        (3, "ben@example.org", "unverified"),
        (4, "chidi", "already_enrolled"),
        (5, "ana@example.org", "repeated"),
        (6, "ines", "owner"),
        (7, "eve", "unknown"),
        (8, "fay@example.net", "ambiguous"),
    ]
    assert "line 1" in refused["lines"][3]["detail"]
    assert enrolled() == ["chidi"]


def test_seats_that_are_not_there_are_named(circle: Course, ines: User) -> None:
    Course.objects.update(max_capacity=2)
    status, refused = send(ines, ["ana", "ben", "chidi"])
    assert status == 400
    assert [(line["line"], line["code"]) for line in refused["lines"]] == [(3, "over_capacity")]
    assert enrolled() == []


def test_who_asked_waits_or_was_here_before_is_let_in(ines: User, ana: User, ben: User, chidi: User) -> None:
    course = make_course(ines, "circle", max_capacity=3, enrollment_type="approval")
    people = [make_user(name) for name in ("one", "two")]
    for user in people:
        enroll(user, course)
    enroll(ana, course, "withdrawn")
    request = enroll(ben, course, "pending")
    CourseEnrollment.objects.filter(student=ben).update(approval_requested_at="2026-01-01T00:00:00Z")
    waiting = enroll(make_user("three"), course)
    waitlist.join(course=course, student=chidi)
    moves.withdraw(enrollment=waiting, actor=waiting.student)
    assert queue(course) == [("chidi", 0)]
    Course.objects.filter(pk=course.pk).update(max_capacity=5)

    with listening() as told:
        assert send(ines, ["chidi", "ben", "ana"])[0] == 200

    assert enrolled() == ["ana", "ben", "chidi", "one", "two"]
    assert queue(course) == []
    assert EnrollmentApproved(course.pk, ben.pk, request.pk) in told
    assert sum(isinstance(event, EnrollmentConfirmed) for event in told) == 2
    approved = CourseEnrollment.objects.get(student=ben)
    assert approved.approval_requested_at is not None
    assert approved.approved_by == ines
    assert course.get_seats_taken() == 5


def test_a_list_jumps_no_queue(ines: User, ana: User, ben: User, chidi: User) -> None:
    course = make_course(ines, "circle", max_capacity=1)
    seat = enroll(ana, course)
    for user in (ben, chidi):
        waitlist.join(course=course, student=user)
    moves.withdraw(enrollment=seat, actor=ana)

    assert send(ines, ["chidi"])[0] == 400
    pass_time(hours=25)
    assert send(ines, ["chidi"])[0] == 200  # the turn has come by then
    assert enrolled() == ["chidi"]


def test_an_offer_that_lapses_meanwhile_is_one_seat_and_not_two(ines: User, ana: User, ben: User, chidi: User) -> None:
    course = make_course(ines, "circle", max_capacity=1)
    seat = enroll(ana, course)
    waitlist.join(course=course, student=ben)
    moves.withdraw(enrollment=seat, actor=ana)
    with pytest.raises(CourseFull), seats.locked(course.pk) as held:
        pass_time(hours=25)  # after the lock has looked for offers that have lapsed
        moves.admit_all(held, students=[ben, chidi], actor=ines)
    assert enrolled() == []


def test_the_same_few_queries_for_many(circle: Course, ines: User, ana: User) -> None:
    def queries(names: list[str]) -> int:
        lines = bulk.lines_of_list(names)
        with CaptureQueriesContext(connection) as captured:
            bulk.enroll_all(course=circle, lines=lines, actor=ines)
        return len(captured)

    for number in range(60):
        make_user(f"learner{number}")
    few = queries(["learner0", "learner1"])
    assert queries([f"learner{number}" for number in range(2, 60)]) == few


@pytest.mark.parametrize(
    ("learners", "says"),
    [
        ([], "nobody in this list"),
        (["ana", " "], "line 2: there is no name"),
    ],
)
def test_an_empty_list_or_line_is_refused(circle: Course, ines: User, learners: list[str], says: str) -> None:
    status, refused = send(ines, learners)
    assert (status, refused["code"]) == (400, "import_refused")
    assert says in refused["detail"]


@pytest.mark.parametrize("body", [{}, {"learners": "ana"}, {"learners": [1, None]}, {"learners": ["x"] * 2001}, []])
def test_a_body_of_another_shape_is_refused(circle: Course, ines: User, body: Any) -> None:
    answer = by_token(ines).post(PATH, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_bad_entry_is_named_as_people_count(circle: Course, ines: User) -> None:
    answer = by_token(ines).post(PATH, {"learners": ["ana", None, "ben"]})
    assert answer.json()["detail"].startswith("learners, entry 2: ")


@pytest.mark.parametrize("status", ["archived", "draft"])
def test_a_course_that_is_not_published_takes_nobody(circle: Course, ines: User, status: str) -> None:
    Course.objects.update(status=status)
    assert send(ines, ["ana"])[1]["code"] == "course_closed"


# Files ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"ana\nben\n",
        codecs.BOM_UTF8 + b"ana\r\nben\r\n",
        b"username\nana\n\nben",
        b"Name;E-mail\r\nAna;ana@example.org\r\n",
        b'name,username\n"Learner, Ana",ana\nBen,ben\n',
        b"ana\tfirst\nben\tsecond\n",
    ],
)
def test_a_file_is_read_as_people_save_it(circle: Course, ines: User, data: bytes) -> None:
    status, done = upload(ines, data)
    assert status == 200, done
    assert done["enrolled"][0] == "ana"


def test_a_dry_run_of_a_file(circle: Course, ines: User) -> None:
    assert upload(ines, b"ana\nben", dry_run="true") == (200, {"dry_run": True, "enrolled": ["ana", "ben"]})
    assert enrolled() == []


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("ana\nJürgen\n".encode("latin-1"), "line 2: this is not UTF-8"),
        ("ana\nben\n".encode("utf-16"), "line 1: this is not UTF-8"),
        ("ana\nben\n".encode("utf-16-le"), "line 1: this is not UTF-8"),
        (b"username\nana\nnobody\n", "line 3: Nobody here"),
        (b"student\nana\n", "line 1: Nobody here"),
        (b"ana\n\n\nana\n", "line 4: ana is on line 1 already"),
        (b'"two\nlines"\nnobody\n', "line 1: Nobody here"),
        (b"name,username\nAna\n", "line 2: there is no name in column 2"),
        (b"x" * 300, "line 1: this is longer than any name"),
        (b'ana\n"ben', "line 2: this is no CSV"),
        (b"username\n", "nobody in this list"),
        (b"someone\n" * 2_001, "line 2001: a list has at most 2000"),
        (b"x\n" * 300_000, "at most 512 KiB"),
    ],
)
def test_a_bad_file_is_refused_by_the_line(circle: Course, ines: User, data: bytes, says: str) -> None:
    status, refused = upload(ines, data)
    assert (status, refused["code"]) == (400, "import_refused")
    assert says in refused["detail"]
    assert enrolled() == []


def test_an_empty_or_missing_file_is_refused(circle: Course, ines: User) -> None:
    assert upload(ines, b"")[1]["code"] == "invalid"
    assert by_token(ines).post(PATH, {"dry_run": "true"}, format="multipart").json()["code"] == "invalid"
