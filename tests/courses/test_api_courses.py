from datetime import timedelta

import pytest
from django.utils import timezone

from courses.models import Course, CourseEnrollment, CourseWaitlist, Subject
from tests.people import enroll, make_course, make_user
from tests.rest import anonymous, by_cookie, by_token, queries_of
from users.models import User

LIST_FIELDS = {
    "id",
    "title",
    "slug",
    "overview",
    "difficulty_level",
    "estimated_hours",
    "enrollment_count",
    "can_enroll",
    "instructor_name",
}
STATUSES = list(CourseEnrollment.Status)


def slugs(client, query: str = "") -> list[str]:
    answer = client.get(f"/api/v1/courses/{query}")
    assert answer.status_code == 200, answer.json()
    return [course["slug"] for course in answer.json()["results"]]


def can_enroll(client, slug: str = "intro") -> tuple[bool, str]:
    """As the list and the course's own page both say."""
    listed = next(c for c in client.get("/api/v1/courses/").json()["results"] if c["slug"] == slug)
    assert listed["can_enroll"] == client.get(f"/api/v1/courses/{slug}/").json()["can_enroll"]
    return listed["can_enroll"]["allowed"], listed["can_enroll"]["message"]


def test_anybody_may_list_what_is_published(intro: Course) -> None:
    answer = anonymous().get("/api/v1/courses/").json()
    assert set(answer) == {"count", "next", "previous", "results"}
    (course,) = answer["results"]
    assert set(course) >= LIST_FIELDS
    assert course["slug"] == "intro"
    assert course["subject"] == "learning"
    assert course["instructor_name"] == "Ines"
    assert course["enrollment_count"] == 2
    assert course["can_enroll"] == {"allowed": False, "message": "Sign in to enroll"}


def test_drafts_are_their_owners_and_staffs_alone(ines: User, ana: User, admin: User) -> None:
    course = make_course(ines, "secret", status="draft")
    enroll(ana, course)
    other = make_user("other", role="instructor")
    for client in (anonymous(), by_token(ana), by_token(other)):
        assert slugs(client) == []
        answer = client.get("/api/v1/courses/secret/")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    for client in (by_token(ines), by_token(admin)):
        assert slugs(client) == ["secret"]
        assert client.get("/api/v1/courses/secret/").status_code == 200


@pytest.mark.parametrize("status", STATUSES)
def test_an_archived_course_stays_with_those_who_are_in_it(ines: User, ana: User, status: str) -> None:
    enroll(ana, make_course(ines, "old", status="archived"), status)
    expected = status in {"enrolled", "completed", "paused"}
    assert slugs(by_token(ana)) == (["old"] if expected else [])
    assert by_token(ana).get("/api/v1/courses/old/").status_code == (200 if expected else 404)


def test_an_archived_course_is_gone_for_the_others(ines: User, ana: User, ben: User, admin: User) -> None:
    enroll(ben, make_course(ines, "old", status="archived"))
    assert slugs(anonymous()) == slugs(by_token(ana)) == []
    assert slugs(by_token(ines)) == slugs(by_token(admin)) == ["old"]


def test_it_filters_by_subject_difficulty_type_and_status(ines: User) -> None:
    make_course(ines, "one", difficulty_level="beginner", enrollment_type="open")
    make_course(ines, "two", difficulty_level="advanced", enrollment_type="approval")
    make_course(ines, "three", status="archived")
    Course.objects.filter(slug="two").update(subject=Subject.objects.create(slug="maths", title="Maths"))
    client = by_token(ines)
    assert slugs(client, "?subject=maths") == ["two"]
    assert slugs(client, "?subject=unknown") == []
    assert slugs(client, "?difficulty_level=beginner") == ["one"]
    assert slugs(client, "?enrollment_type=approval&subject=maths") == ["two"]
    assert slugs(client, "?status=archived") == ["three"]


@pytest.mark.parametrize("query", ["?difficulty_level=hard", "?enrollment_type=x", "?status=x"])
def test_an_unknown_choice_is_named(intro: Course, query: str) -> None:
    answer = anonymous().get(f"/api/v1/courses/{query}")
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [query[1:].partition("=")[0]]


def test_it_searches_titles_overviews_and_subjects(ines: User) -> None:
    make_course(ines, "graphs")
    Course.objects.update(overview="Trees, paths and flows.")
    make_course(ines, "prose")
    client = anonymous()
    assert slugs(client, "?search=FLOWS") == ["graphs"]
    assert slugs(client, "?search=prose") == ["prose"]
    assert len(slugs(client, "?search=learning")) == 2
    assert slugs(client, "?search=nothing") == []
    assert client.get("/api/v1/courses/?search=%00").status_code in {200, 400}


@pytest.mark.parametrize("path", ["subjects", "courses", "enrollments", "progress", "courses/intro/enrollments"])
def test_it_looks_for_ten_words_at_most(intro: Course, ines: User, path: str) -> None:
    client = by_token(ines)
    assert client.get(f"/api/v1/{path}/?search={'a+' * 10}").status_code == 200
    answer = client.get(f"/api/v1/{path}/?search={'a+' * 11}")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["search"])


def test_it_orders_as_asked_and_else_by_age(ines: User, ana: User, ben: User) -> None:
    for slug in ("b", "a", "c"):
        make_course(ines, slug)
    for user in (ana, ben):
        enroll(user, Course.objects.get(slug="a"))
    enroll(ana, Course.objects.get(slug="c"))
    client = anonymous()
    assert slugs(client) == ["c", "a", "b"]
    assert slugs(client, "?ordering=title") == ["a", "b", "c"]
    assert slugs(client, "?ordering=-enrollment_count") == ["a", "c", "b"]
    assert slugs(client, "?ordering=password") == ["c", "a", "b"]


def test_pages_hold_each_course_once_though_all_are_equal(ines: User) -> None:
    for n in range(7):
        make_course(ines, f"course-{n}", modules=0)
    Course.objects.update(created=timezone.now(), title="Same")
    client = anonymous()
    for ordering in ("title", "created", "-published_at"):
        seen = [slug for page in (1, 2, 3) for slug in slugs(client, f"?ordering={ordering}&page_size=3&page={page}")]
        assert len(seen) == len(set(seen)) == 7
    assert client.get("/api/v1/courses/?page=9").status_code == 404


@pytest.mark.parametrize("status", STATUSES)
def test_ones_own_enrolment_decides_first(intro: Course, chidi: User, status: str) -> None:
    enroll(chidi, intro, status)
    expected = {
        "pending": (False, "Approval pending"),
        "paused": (False, "Enrollment paused"),
        "enrolled": (False, "Already enrolled"),
        "completed": (False, "Already enrolled"),
    }
    assert can_enroll(by_token(chidi)) == expected.get(status, (True, "Can enroll"))


def test_a_full_course_says_whether_there_is_a_queue(intro: Course, chidi: User, ines: User) -> None:
    Course.objects.update(max_capacity=2)
    assert can_enroll(by_token(chidi)) == (False, "Course full - can join waitlist")
    assert can_enroll(by_token(ines)) == (False, "Owner of the course")
    Course.objects.update(waitlist_enabled=False)
    assert can_enroll(by_token(chidi)) == (False, "Course full - no waitlist")
    Course.objects.update(enrollment_type="restricted")
    assert can_enroll(by_token(chidi)) == (False, "Restricted course")


def test_a_seat_that_is_offered_to_somebody_is_taken(intro: Course, chidi: User) -> None:
    Course.objects.update(max_capacity=3)
    assert can_enroll(by_token(chidi)) == (True, "Can enroll")
    CourseWaitlist.objects.create(
        course=intro,
        student=make_user("dora"),
        notified_of_opening=True,
        offered_at=timezone.now(),
        offer_expires_at=timezone.now() + timedelta(hours=1),
    )
    assert can_enroll(by_token(chidi)) == (False, "Course full - can join waitlist")


def test_the_list_is_filtered_by_who_may_enroll(ines: User, ana: User, ben: User, admin: User) -> None:
    now = timezone.now()
    for status in STATUSES:
        enroll(ana, make_course(ines, f"own-{status}"), status)
        enroll(ana, make_course(ines, f"full-{status}", max_capacity=1), status)
    for slug, fields in {
        "draft": {"status": "draft"},
        "archived": {"status": "archived"},
        "restricted": {"enrollment_type": "restricted"},
        "approval": {"enrollment_type": "approval"},
        "roomy": {"max_capacity": 1},
        "no-queue": {"max_capacity": 1, "waitlist_enabled": False},
        "waited-for": {"max_capacity": 1},
        "offered": {"max_capacity": 1},
        "lapsed": {"max_capacity": 1},
    }.items():
        make_course(ines, slug, **fields)
    enroll(make_user("dora"), Course.objects.get(slug="no-queue"))
    for slug, hours in {"waited-for": 0, "offered": 1, "lapsed": -1}.items():
        offer = {
            "notified_of_opening": True,
            "offered_at": now - timedelta(hours=2),
            "offer_expires_at": now + timedelta(hours=hours),
        }
        course = Course.objects.get(slug=slug)
        CourseWaitlist.objects.create(course=course, student=ben, **(offer if hours else {}))

    for client in (anonymous(), by_token(ana), by_token(ben), by_token(ines), by_token(admin)):
        listed = client.get("/api/v1/courses/?page_size=200").json()["results"]
        for allowed in (True, False):
            expected = {course["slug"] for course in listed if course["can_enroll"]["allowed"] is allowed}
            for word in ("true", "1", "True") if allowed else ("false", "0", "False"):
                assert set(slugs(client, f"?page_size=200&can_enroll={word}")) == expected
    assert "offered" in slugs(by_token(ben), "?page_size=200&can_enroll=true")
    assert "offered" not in slugs(by_token(ana), "?page_size=200&can_enroll=true")
    answer = by_token(ana).get("/api/v1/courses/?can_enroll=maybe")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_course_shows_the_callers_enrolment(intro: Course, ana: User, chidi: User) -> None:
    mine = by_token(ana).get("/api/v1/courses/intro/").json()
    assert mine["enrollment"]["status"] == "enrolled"
    assert mine["enrollment"]["course"] == "intro"
    assert mine["enrollment"]["student"] == "ana"
    assert mine["waitlist"] is None
    for client in (by_token(chidi), anonymous()):
        course = client.get("/api/v1/courses/intro/").json()
        assert (course["enrollment"], course["waitlist"]) == (None, None)


def test_a_course_shows_the_callers_place_in_the_queue(intro: Course, ines: User, chidi: User) -> None:
    now = timezone.now()
    elsewhere = make_course(ines, "elsewhere", modules=0)

    def wait(name: str, *, course: Course = intro, priority: int = 1, minutes: int, offered: float = 0) -> User:
        user = User.objects.filter(username=name).first() or make_user(name)
        entry = CourseWaitlist.objects.create(course=course, student=user, priority=priority)
        fields = {"joined_waitlist": now + timedelta(minutes=minutes)}
        if offered:
            fields |= {
                "notified_of_opening": True,
                "offered_at": now - timedelta(hours=2),
                "offer_expires_at": now + timedelta(hours=offered),
            }
        CourseWaitlist.objects.filter(pk=entry.pk).update(**fields)
        return user

    def place(user: User) -> dict | None:
        client = by_token(user)
        own = client.get("/api/v1/courses/intro/").json()["waitlist"]
        listed = {course["slug"]: course["waitlist"] for course in client.get("/api/v1/courses/").json()["results"]}
        assert listed["intro"] == own
        return own

    holder = wait("holder", minutes=-9, offered=1)
    lapsed = wait("lapsed", minutes=-8, offered=-1)
    first = wait("first", minutes=5, priority=0)
    second = wait("second", minutes=1)
    wait("chidi", minutes=2)
    last = wait("last", minutes=-5, priority=2)
    wait("other", course=elsewhere, minutes=-20)

    assert place(holder)["position"] == 0
    assert place(holder)["offer_expires_at"] is not None
    assert place(lapsed) is None
    assert place(first) == {"position": 1, "offer_expires_at": None}
    assert place(second)["position"] == 2
    assert place(chidi)["position"] == 3
    assert place(last)["position"] == 4


def test_unknown_courses_are_not_found(db: None) -> None:
    for slug in ("nothing", "x" * 300, "%00", "a b"):
        assert anonymous().get(f"/api/v1/courses/{slug}/").status_code == 404


def test_subjects_are_listed_for_anybody(intro: Course) -> None:
    Subject.objects.create(slug="art", title="Art")
    answer = anonymous().get("/api/v1/subjects/").json()
    assert [(s["slug"], s["title"]) for s in answer["results"]] == [("art", "Art"), ("learning", "Learning")]


def test_a_bad_token_is_refused_even_where_nobody_needs_one(intro: Course) -> None:
    client = anonymous()
    client.credentials(HTTP_AUTHORIZATION="Bearer sb_wrong")
    assert client.get("/api/v1/courses/").status_code == 401


def test_the_lists_take_as_many_queries_for_a_hundred_rows_as_for_one(ines: User, ana: User) -> None:
    make_course(ines, "course-0", modules=0)
    enroll(ana, make_course(ines, "joined", modules=0))
    callers = {"nobody": anonymous(), "ana": by_token(ana), "ines": by_cookie(ines)}
    asked = ("", "search=o&ordering=title&", "can_enroll=true&", "can_enroll=false&")
    paths = [f"/api/v1/courses/?{query}page_size=200" for query in asked]
    few = {(name, path): queries_of(client, path) for name, client in callers.items() for path in paths}
    for n in range(1, 100):
        owner = make_user(f"owner{n}")
        course = make_course(owner, f"course-{n}", modules=0, max_capacity=1)
        Course.objects.filter(pk=course.pk).update(subject=Subject.objects.create(slug=f"s{n}", title=f"Subject {n}"))
        enroll(ana if n % 2 else ines, course)
    many = {(name, path): queries_of(client, path) for name, client in callers.items() for path in paths}
    assert many == few
    assert len(slugs(callers["ana"], "?page_size=200")) == 101
    assert queries_of(anonymous(), "/api/v1/subjects/?page_size=200") == 3  # one counts the request


def test_anybody_may_read_who_watches_and_whether_that_is_anonymous(intro: Course, ana: User, ines: User) -> None:
    def shown(client) -> tuple[str, bool]:
        answer = client.get("/api/v1/courses/intro/").json()
        return answer["watched_by"], answer["is_anonymous"]

    assert shown(anonymous()) == shown(by_token(ana)) == ("Ines", False)
    change = {"is_anonymous": True}
    assert by_token(ana).patch("/api/v1/courses/intro/", change, format="json").status_code in (403, 404)
    assert by_token(ines).patch("/api/v1/courses/intro/", change, format="json").status_code == 200
    User.objects.update(first_name="")
    assert shown(anonymous()) == shown(by_token(ana)) == ("ines", True)
