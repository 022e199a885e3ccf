from datetime import timedelta

from courses.models import Course, CourseEnrollment
from tests.people import enroll, make_course
from tests.rest import anonymous, by_token, queries_of
from users.models import User

PATH = "/api/v1/enrollments/"


def test_it_lists_ones_own_alone(intro: Course, ana: User, ines: User) -> None:
    answer = by_token(ana).get(PATH).json()
    assert answer["count"] == 1
    assert answer["results"][0]["student"] == "ana"
    assert by_token(ines).get(PATH).json()["count"] == 0
    assert anonymous().get(PATH).status_code == 401


def test_numbers_are_numbers_and_durations_are_seconds(intro: Course, ana: User) -> None:
    CourseEnrollment.objects.filter(student=ana).update(
        progress_percentage="33.25",
        engagement_score="0.75",
        total_time_spent=timedelta(hours=30, milliseconds=1),
        engaged_time=timedelta(seconds=90, microseconds=1499),
        progress_revision=7,
    )
    (enrollment,) = by_token(ana).get(PATH).json()["results"]
    enrolled_on = enrollment.pop("enrolled_on")
    assert enrolled_on.endswith("Z")
    assert enrollment == {
        "id": CourseEnrollment.objects.get(student=ana).pk,
        "course": "intro",
        "course_title": "Intro",
        "student": "ana",
        "student_name": "Ana",
        "status": "enrolled",
        "progress_percentage": 33.25,
        "progress_revision": 7,
        "completed_on": None,
        "last_accessed": None,
        "total_time_spent_seconds": 108000.001,
        "engaged_seconds": 90.001,
        "engagement_score": 0.75,
        "approval_requested_at": None,
        "approved_at": None,
        "rejection_reason": "",
        "from_offer": False,
        "certificate": None,
    }


def test_it_filters_by_course_and_status(intro: Course, ana: User, ines: User) -> None:
    enroll(ana, make_course(ines, "second", modules=0), "pending")
    client = by_token(ana)

    def courses(query: str) -> list[str]:
        return [one["course"] for one in client.get(f"{PATH}{query}").json()["results"]]

    assert courses("") == ["second", "intro"]
    assert courses("?status=pending") == ["second"]
    assert courses("?course=intro") == ["intro"]
    assert courses("?course=unknown") == []
    assert client.get(f"{PATH}?status=lost").status_code == 400


def test_it_takes_as_many_queries_for_a_hundred_as_for_one(intro: Course, ana: User, ines: User) -> None:
    client = by_token(ana)
    few = queries_of(client, f"{PATH}?page_size=200")
    for n in range(99):
        enroll(ana, make_course(ines, f"course-{n}", modules=0))
    assert client.get(f"{PATH}?page_size=200").json()["count"] == 100
    assert queries_of(client, f"{PATH}?page_size=200") == few
