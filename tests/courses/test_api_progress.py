from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courses.analytics import instructor_totals
from courses.models import Content, ContentProgress, CourseEnrollment, Module, ModuleProgress
from tests.courses.progressing import contents_of
from tests.people import enroll, make_course, make_user
from tests.rest import anonymous, by_token, queries_of
from users.models import User

PATH = "/api/v1/progress/"
ENROLLMENT = "/api/v1/enrollments/{}/progress/"
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
    assert by_token(ines).get("/api/v1/analytics/").json() == {
        "total_students": 100,
        "completed_courses": 1,
        "avg_progress": 1.0,
        "total_learning_time_seconds": 108_120.0,
    }


# One enrolment


def test_completing_over_rest_is_seen_wherever_progress_is(ines: User, ana: User) -> None:
    course = make_course(ines, "intro")
    enrollment = enroll(ana, course)
    first, second, *_ = contents_of(course)
    client = by_token(ana)
    for _ in range(2):
        answer = client.post(f"/api/v1/contents/{first.pk}/complete/")
        assert (answer.status_code, answer.json()) == (
            200,
            {
                "course": "intro",
                "enrollment": enrollment.pk,
                "revision": 1,
                "content": first.pk,
                "content_completed": True,
                "module": first.module_id,
                "module_percent": 50.0,
                "course_percent": 25.0,
                "status": "enrolled",
            },
        )
    (module, _) = client.get("/api/v1/courses/intro/outline/").json()["modules"]
    assert (module["percent"], [one["completed"] for one in module["contents"]]) == (50.0, [True, False])
    assert client.get("/api/v1/courses/intro/").json()["enrollment"]["progress_percentage"] == 25.0
    assert client.get(PATH).json()["results"][0]["progress_percentage"] == 25.0
    client.post(f"/api/v1/contents/{second.pk}/complete/")
    assert client.get(PATH).json()["results"][0]["completed_modules"] == 1


def test_what_is_not_by_hand_is_409(ines: User, ana: User) -> None:
    course = make_course(ines, "intro")
    enroll(ana, course)
    content = contents_of(course)[0]
    Content.objects.update(completion_method="auto")
    answer = by_token(ana).post(f"/api/v1/contents/{content.pk}/complete/")
    assert (answer.status_code, answer.json()["code"]) == (409, "forbidden")


def test_an_enrolment_shows_each_content_with_method_and_time(ines: User, ana: User) -> None:
    course = make_course(ines, "intro", modules=1, contents=3)
    enrollment = enroll(ana, course)
    first, second, third = contents_of(course)
    Content.objects.filter(pk=second.pk).update(completion_method="time_based", required_seconds=300)
    ContentProgress.objects.create(
        enrollment=enrollment,
        content=second,
        time_spent=timedelta(seconds=250.5),
        engaged_time=timedelta(seconds=200),
        view_count=2,
        last_viewed=timezone.now(),
    )
    client = by_token(ana)
    client.post(f"/api/v1/contents/{first.pk}/complete/")
    Content.objects.filter(pk=first.pk).update(completion_method="auto")  # what applied stays
    shown = client.get(ENROLLMENT.format(enrollment.pk)).json()
    assert {name: shown[name] for name in ("enrollment", "course", "status", "percent", "revision")} == {
        "enrollment": enrollment.pk,
        "course": "intro",
        "status": "enrolled",
        "percent": 33.33,
        "revision": 1,
    }
    (module,) = shown["modules"]
    assert (module["percent"], module["completed_contents"], module["total_contents"]) == (33.33, 1, 3)
    assert [
        (one["id"], one["completion_method"], one["completed"], one["percent"], one["engaged_seconds"])
        for one in module["contents"]
    ] == [
        (first.pk, "manual", True, 100.0, 0.0),
        (second.pk, "time_based", False, 66.66, 200.0),
        (third.pk, "manual", False, 0.0, 0.0),
    ]
    assert (module["contents"][1]["time_spent_seconds"], module["contents"][1]["view_count"]) == (250.5, 2)
    assert by_token(ines).get(ENROLLMENT.format(enrollment.pk)).json() == shown


def test_a_content_is_never_more_than_whole(ines: User, ana: User) -> None:
    """Who left is completed nothing when less is asked for afterwards: the owner goes on seeing what they had."""
    enrollment = enroll(ana, make_course(ines, "intro", modules=1, contents=1), "withdrawn")
    Content.objects.update(completion_method="time_based", required_seconds=300)
    content, ten = Content.objects.get(), timedelta(minutes=10)
    ContentProgress.objects.create(enrollment=enrollment, content=content, time_spent=ten, engaged_time=ten)
    (module,) = by_token(ines).get(ENROLLMENT.format(enrollment.pk)).json()["modules"]
    assert (module["contents"][0]["completed"], module["contents"][0]["percent"]) == (False, 100.0)


def test_an_enrolment_takes_as_many_queries_for_a_hundred_contents_as_for_one(ines: User, ana: User) -> None:
    paths = []
    for slug, modules, contents in (("small", 1, 1), ("large", 10, 10)):
        course = make_course(ines, slug, modules=modules, contents=contents)
        enrollment = enroll(ana, course)
        complete(enrollment, *course.modules.all())
        rows = [ContentProgress(enrollment=enrollment, content=one, view_count=1) for one in contents_of(course)]
        ContentProgress.objects.bulk_create(rows)
        paths.append(ENROLLMENT.format(enrollment.pk))
    client = by_token(ana)
    few, many = (queries_of(client, path) for path in paths)
    assert many == few <= 7


def test_completing_takes_as_many_queries_in_a_large_course_as_in_a_small_one(ines: User, ana: User) -> None:
    client = by_token(ana)
    counts = []
    for slug, modules, contents in (("small", 1, 2), ("large", 10, 10)):
        course = make_course(ines, slug, modules=modules, contents=contents)
        enroll(ana, course)
        client.get(PATH)
        with CaptureQueriesContext(connection) as captured:
            assert client.post(f"/api/v1/contents/{contents_of(course)[0].pk}/complete/").status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]
