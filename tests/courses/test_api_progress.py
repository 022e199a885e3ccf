from datetime import timedelta

from django.utils import timezone

from courses.analytics import instructor_totals
from courses.models import CourseEnrollment, Module, ModuleProgress
from tests.people import enroll, make_course, make_user
from tests.rest import anonymous, by_token, queries_of
from users.models import User

PATH = "/api/v1/progress/"
FIELDS = {
    "id",
    "course_title",
    "status",
    "progress_percentage",
    "total_modules",
    "completed_modules",
    "learning_time_hours",
    "last_accessed",
    "engagement_score",
}


def complete(enrollment: CourseEnrollment, *modules: Module) -> None:
    for module in modules:
        ModuleProgress.objects.create(
            enrollment=enrollment,
            module=module,
            completed_contents=2,
            total_contents=2,
            percentage=100,
            completed_at=timezone.now(),
        )


def test_it_counts_modules_and_time(ines: User, ana: User, ben: User) -> None:
    course = make_course(ines, "intro", modules=3)
    enrollment, other = enroll(ana, course), enroll(ben, course)
    first, second, third = course.modules.order_by("order")
    complete(enrollment, first, second)
    complete(other, third)
    ModuleProgress.objects.create(enrollment=enrollment, module=third, total_contents=2)
    CourseEnrollment.objects.filter(pk=enrollment.pk).update(
        progress_percentage="66.67", total_time_spent=timedelta(minutes=89), engagement_score="0.5"
    )
    (progress,) = by_token(ana).get(PATH).json()["results"]
    assert set(progress) == {*FIELDS, "course"}
    assert progress == {
        "id": enrollment.pk,
        "course": "intro",
        "course_title": "Intro",
        "status": "enrolled",
        "progress_percentage": 66.67,
        "total_modules": 3,
        "completed_modules": 2,
        "learning_time_hours": 1.48,
        "last_accessed": None,
        "engagement_score": 0.5,
    }


def test_it_has_what_one_learns_or_completed(ines: User, ana: User) -> None:
    for status in CourseEnrollment.Status:
        enroll(ana, make_course(ines, status, modules=0), status)
    client = by_token(ana)

    def courses(query: str = "") -> list[str]:
        return [one["course"] for one in client.get(f"{PATH}{query}").json()["results"]]

    assert courses() == ["completed", "enrolled"]
    assert courses("?status=completed") == ["completed"]
    assert courses("?course=enrolled") == ["enrolled"]
    assert courses("?search=complet") == ["completed"]
    CourseEnrollment.objects.filter(course__slug="enrolled").update(progress_percentage=50)
    assert courses("?ordering=-progress_percentage") == ["enrolled", "completed"]
    assert by_token(ines).get(PATH).json()["count"] == 0
    assert anonymous().get(PATH).status_code == 401


def test_it_takes_as_many_queries_for_a_hundred_as_for_one(ines: User, ana: User) -> None:
    complete(enroll(ana, make_course(ines, "first")), *Module.objects.all())
    client = by_token(ana)
    few = queries_of(client, f"{PATH}?page_size=200")
    for number in range(99):
        course = make_course(ines, f"course-{number}", modules=2, contents=0)
        complete(enroll(ana, course), *course.modules.all())
    assert client.get(f"{PATH}?page_size=200").json()["count"] == 100
    assert queries_of(client, f"{PATH}?page_size=200") == few <= 4


def test_an_instructors_totals_are_one_query(ines: User, ana: User, ben: User, django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        assert instructor_totals(ines) == {
            "total_students": 0,
            "completed_courses": 0,
            "avg_progress": None,
            "total_learning_time": None,
        }
    first, second = make_course(ines, "first", modules=0), make_course(ines, "second", modules=0)
    enroll(ana, first, "completed")
    for course in (first, second):
        enroll(ben, course)
    enroll(ben, make_course(make_user("rival"), "elsewhere", modules=0))
    CourseEnrollment.objects.filter(student=ana).update(progress_percentage=100, total_time_spent=timedelta(hours=30))
    CourseEnrollment.objects.filter(student=ben).update(total_time_spent=timedelta(minutes=1))
    for number in range(97):
        enroll(make_user(f"learner{number}"), first)
    with django_assert_num_queries(1):
        assert instructor_totals(ines) == {
            "total_students": 100,
            "completed_courses": 1,
            "avg_progress": 1.0,
            "total_learning_time": timedelta(hours=30, minutes=2),
        }
