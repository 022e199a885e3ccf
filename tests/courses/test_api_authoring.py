"""Courses, modules, contents and their order, written over REST."""

import pytest
from django.utils import timezone

from courses import progress
from courses.models import (
    Content,
    ContentItem,
    ContentProgress,
    Course,
    CourseEnrollment,
    CourseWaitlist,
    EnrollmentEvent,
    Module,
    ModuleProgress,
    Subject,
    Text,
)
from tests.people import enroll, make_course, make_user
from tests.rest import by_cookie, by_token, queries_of
from users.models import User

NEW = {"title": "Graphs", "slug": "graphs", "subject": "learning", "overview": "Trees and paths."}


@pytest.fixture
def subject(db: None) -> Subject:
    return Subject.objects.create(slug="learning", title="Learning")


def titles(client, path: str) -> list[str]:
    return [one["title"] for one in client.get(path).json()["results"]]


# Courses -------------------------------------------------------------------------------------------------------


def test_an_instructor_begins_a_course_as_a_draft(subject: Subject, ines: User) -> None:
    answer = by_token(ines).post("/api/v1/courses/", NEW)
    assert answer.status_code == 201, answer.json()
    course = answer.json()
    assert (course["slug"], course["owner"], course["status"], course["published_at"]) == (
        "graphs",
        "ines",
        "draft",
        None,
    )
    assert Course.objects.get().overview == "Trees and paths."


def test_a_student_begins_none(subject: Subject, ana: User) -> None:
    answer = by_token(ana).post("/api/v1/courses/", NEW)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert not Course.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": "Two\nlines"}, "title"),
        ({"slug": "with space"}, "slug"),
        ({"slug": ""}, "slug"),
        ({"slug": "intro"}, "slug"),
        ({"subject": "unknown"}, "subject"),
        ({"subject": "\0"}, "subject"),
        ({"title": "x" * 201}, "title"),
        ({"title": "\0"}, "title"),
        ({"overview": "x" * 20_001}, "overview"),
        ({"max_capacity": 0}, "max_capacity"),
        ({"max_capacity": 2**31}, "max_capacity"),
        ({"waitlist_offer_hours": 0}, "waitlist_offer_hours"),
        ({"enrollment_type": "closed"}, "enrollment_type"),
        ({"difficulty_level": "hard"}, "difficulty_level"),
        ({"estimated_hours": -1}, "estimated_hours"),
    ],
)
def test_what_is_wrong_is_named(intro: Course, ines: User, change: dict, field: str) -> None:
    answer = by_token(ines).post("/api/v1/courses/", {**NEW, **change})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == [field]
    answer = by_token(ines).patch("/api/v1/courses/intro/", change)
    expected = 200 if change == {"slug": "intro"} else 400
    assert answer.status_code == expected


def test_a_course_is_changed_in_part(intro: Course, ines: User) -> None:
    answer = by_token(ines).patch("/api/v1/courses/intro/", {"title": "Renamed", "max_capacity": 30})
    assert answer.status_code == 200
    assert (answer.json()["title"], answer.json()["max_capacity"]) == ("Renamed", 30)
    intro.refresh_from_db()
    assert (intro.title, intro.overview, intro.status) == ("Renamed", "A course.", "published")


def test_status_and_owner_are_not_written_with_the_rest(intro: Course, ines: User, chidi: User) -> None:
    by_token(ines).patch("/api/v1/courses/intro/", {"status": "draft", "owner": "chidi", "published_at": None})
    intro.refresh_from_db()
    assert (intro.status, intro.owner) == ("published", ines)
    assert intro.published_at is not None


def test_a_slug_changes_only_before_the_first_publishing(ines: User) -> None:
    make_course(ines, "draft", status="draft")
    client = by_token(ines)
    assert client.patch("/api/v1/courses/draft/", {"slug": "named"}).json()["slug"] == "named"
    client.post("/api/v1/courses/named/publish/")
    answer = client.patch("/api/v1/courses/named/", {"slug": "again"})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["slug"])


def test_a_browser_needs_its_csrf_token(intro: Course, ines: User) -> None:
    answer = by_cookie(ines).patch("/api/v1/courses/intro/", {"title": "Renamed"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_publishing_needs_a_module(subject: Subject, ines: User) -> None:
    client = by_token(ines)
    client.post("/api/v1/courses/", NEW)
    answer = client.post("/api/v1/courses/graphs/publish/")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_modules")
    client.post("/api/v1/courses/graphs/modules/", {"title": "One"})
    published = client.post("/api/v1/courses/graphs/publish/").json()
    assert (published["status"], published["published_at"] is not None) == ("published", True)
    assert client.post("/api/v1/courses/graphs/publish/").json()["published_at"] == published["published_at"]


def test_archiving_tells_those_who_wait_and_keeps_those_who_learn(intro: Course, ines: User, chidi: User) -> None:
    CourseWaitlist.objects.create(course=intro, student=chidi)
    assert by_token(ines).post("/api/v1/courses/intro/archive/").status_code == 200
    assert not CourseWaitlist.objects.exists()
    event = EnrollmentEvent.objects.get(student=chidi)
    assert (event.kind, event.actor, event.reason) == ("close", ines, "The course was archived.")
    assert set(intro.course_enrollments.values_list("status", flat=True)) == {"enrolled"}


def test_an_archived_course_can_be_published_again(intro: Course, ines: User) -> None:
    client = by_token(ines)
    first = client.get("/api/v1/courses/intro/").json()["published_at"]
    assert client.post("/api/v1/courses/intro/archive/").json()["status"] == "archived"
    again = client.post("/api/v1/courses/intro/publish/").json()
    assert (again["status"], again["published_at"]) == ("published", first)


def test_a_course_nobody_took_part_in_is_deleted_whole(ines: User) -> None:
    make_course(ines, "empty")
    assert by_token(ines).delete("/api/v1/courses/empty/").status_code == 204
    assert not any(kind.objects.exists() for kind in (Course, Module, Content, ContentItem, Text))


@pytest.mark.parametrize("status", list(CourseEnrollment.Status))
def test_a_course_somebody_took_part_in_is_kept(ines: User, ana: User, status: str) -> None:
    enroll(ana, make_course(ines, "kept"), status)
    answer = by_token(ines).delete("/api/v1/courses/kept/")
    assert (answer.status_code, answer.json()["code"]) == (409, "has_records")
    assert "archive" in answer.json()["detail"]


# Modules and contents ------------------------------------------------------------------------------------------


def test_modules_come_after_the_last(intro: Course, ines: User) -> None:
    client = by_token(ines)
    answer = client.post("/api/v1/courses/intro/modules/", {"title": "Module 3", "overview": "More."})
    assert answer.status_code == 201
    module = answer.json()
    assert {**module, "id": 0} == {
        "id": 0,
        "course": "intro",
        "title": "Module 3",
        "overview": "More.",
        "order": 3,
    }
    assert client.get(f"/api/v1/modules/{module['id']}/").json() == module
    assert titles(client, "/api/v1/courses/intro/modules/") == ["Module 1", "Module 2", "Module 3"]


def test_a_module_is_changed_and_deleted(ines: User) -> None:
    course = make_course(ines, "draft")
    module = course.modules.first()
    client = by_token(ines)
    assert client.patch(f"/api/v1/modules/{module.pk}/", {"title": "Renamed"}).json()["title"] == "Renamed"
    assert client.delete(f"/api/v1/modules/{module.pk}/").status_code == 204
    assert client.delete(f"/api/v1/modules/{module.pk}/").status_code == 404
    last = course.modules.get()
    answer = client.delete(f"/api/v1/modules/{last.pk}/")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_modules")
    Course.objects.update(status="draft")
    assert client.delete(f"/api/v1/modules/{last.pk}/").status_code == 204


def test_what_somebody_worked_on_is_archived_not_deleted(
    intro: Course, content: Content, ana: User, ines: User
) -> None:
    ContentProgress.objects.create(enrollment=CourseEnrollment.objects.get(student=ana), content=content)
    client = by_token(ines)
    for path in (f"/api/v1/contents/{content.pk}/", f"/api/v1/modules/{content.module_id}/"):
        answer = client.delete(path)
        assert (answer.status_code, answer.json()["code"]) == (409, "has_records")
    answer = client.patch(f"/api/v1/contents/{content.pk}/", {"archived": True})
    assert answer.json()["archived_at"] is not None
    first = answer.json()["archived_at"]
    assert client.patch(f"/api/v1/contents/{content.pk}/", {"archived": True}).json()["archived_at"] == first
    outline = client.get("/api/v1/courses/intro/outline/").json()
    assert [one["title"] for one in outline["modules"][0]["contents"]] == ["Content 1.2"]
    assert titles(client, f"/api/v1/modules/{content.module_id}/contents/") == ["Content 1.1", "Content 1.2"]
    assert client.patch(f"/api/v1/contents/{content.pk}/", {"archived": False}).json()["archived_at"] is None


def test_a_content_nobody_worked_on_goes_with_its_items(content: Content, ines: User) -> None:
    assert by_token(ines).delete(f"/api/v1/contents/{content.pk}/").status_code == 204
    assert not Text.objects.filter(body__contains="1.1").exists()


def test_a_time_based_content_says_how_long(intro: Course, ines: User) -> None:
    client = by_token(ines)
    path = f"/api/v1/modules/{intro.modules.first().pk}/contents/"
    timed = client.post(path, {"title": "Timed", "completion_method": "time_based", "required_seconds": 60}).json()
    assert (timed["order"], timed["required_seconds"], timed["archived_at"]) == (3, 60, None)
    for wrong in (
        {"completion_method": "time_based"},
        {"completion_method": "time_based", "required_seconds": 0},
        {"completion_method": "manual", "required_seconds": 60},
        {"required_seconds": 60},
        {"completion_method": "sometimes"},
    ):
        answer = client.post(path, {"title": "Wrong", **wrong})
        assert answer.status_code == 400, wrong
    one = f"/api/v1/contents/{timed['id']}/"
    assert client.patch(one, {"required_seconds": None}).status_code == 400
    assert client.patch(one, {"completion_method": "auto"}).json()["required_seconds"] is None
    assert client.patch(one, {"completion_method": "time_based"}).status_code == 400


def test_a_content_moves_behind_the_last_of_another_module_and_learners_follow(
    intro: Course, content: Content, ana: User, ines: User
) -> None:
    first, second = intro.modules.order_by("order")
    enrollment = CourseEnrollment.objects.get(student=ana)
    progress.complete_content(student_id=ana.pk, content_id=content.pk)
    client = by_token(ines)
    path = f"/api/v1/contents/{content.pk}/"
    for module in (second.pk, second.pk):  # said again, it stays where it is
        moved = client.patch(path, {"module": module, "title": "Moved"}).json()
        assert (moved["module"], moved["order"], moved["title"]) == (second.pk, 3, "Moved")
    progress.follow_enrollments([enrollment.pk])
    counted = ModuleProgress.objects.filter(enrollment=enrollment).order_by("module__order")
    assert [(one.completed_contents, one.total_contents) for one in counted] == [(0, 1), (1, 3)]
    assert [one.order for one in first.contents.all()] == [1]
    assert client.patch(path, {"module": first.pk}).json()["order"] == 2


def test_a_content_stays_in_its_course(intro: Course, content: Content, ines: User) -> None:
    rival = make_user("rival", role="instructor")
    mine, theirs = (make_course(owner, slug, modules=1).modules.get() for owner, slug in ((ines, "a"), (rival, "b")))
    path = f"/api/v1/contents/{content.pk}/"
    for module in (mine.pk, theirs.pk, 2**53 - 1, 0, None, "x"):
        answer = by_token(ines).patch(path, {"module": module})
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["module"])
    assert by_token(rival).patch(path, {"module": theirs.pk}).status_code == 404
    assert Content.objects.get(pk=content.pk).module == content.module


def test_a_content_moves_to_no_module_that_is_full(intro: Course, content: Content, ines: User) -> None:
    module = intro.modules.order_by("order")[1]
    Content.objects.bulk_create(Content(module=module, title="x", order=number) for number in range(10, 208))
    answer = by_token(ines).patch(f"/api/v1/contents/{content.pk}/", {"module": module.pk})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many")


# Order ---------------------------------------------------------------------------------------------------------


def test_one_call_orders_the_children_of_each_level(intro: Course, content: Content, ines: User) -> None:
    ContentItem.objects.create(content=content, item=Text.objects.create(owner=ines, title="Second", body="2"))
    client = by_token(ines)
    for path in (
        "/api/v1/courses/intro/modules/",
        f"/api/v1/modules/{content.module_id}/contents/",
        f"/api/v1/contents/{content.pk}/items/",
    ):
        ids = [one["id"] for one in client.get(path).json()["results"]]
        assert len(ids) == 2
        assert client.put(f"{path}order/", {"ids": ids[::-1]}).status_code == 204
        assert [one["id"] for one in client.get(path).json()["results"]] == ids[::-1]
        for wrong in ([], ids[:1], [ids[0], ids[0]], [*ids, ids[0]], [ids[0], 2**53 - 1]):
            answer = client.put(f"{path}order/", {"ids": wrong})
            assert (answer.status_code, answer.json()["code"]) == (409, "order_mismatch"), wrong
        assert client.put(f"{path}order/", {"ids": ["x"]}).status_code == 400
        assert client.put(f"{path}order/", {}).status_code == 400
    modules = client.get("/api/v1/courses/intro/outline/").json()["modules"]
    assert [(one["title"], one["order"]) for one in modules] == [("Module 2", 1), ("Module 1", 2)]


@pytest.mark.parametrize("which", [0, 1])
def test_what_is_deleted_leaves_no_hole(ines: User, which: int) -> None:
    course = make_course(ines, "new", modules=3, contents=3)
    content = course.modules.all()[2].contents.all()[0]
    for title in ("Second", "Third"):
        ContentItem.objects.create(content=content, item=Text.objects.create(owner=ines, title=title, body="…"))
    client = by_token(ines)
    for rows, route in ((content.items, "items"), (content.module.contents, "contents"), (course.modules, "modules")):
        kept = [one.pk for number, one in enumerate(rows.all()) if number != which]
        assert client.delete(f"/api/v1/{route}/{rows.all()[which].pk}/").status_code == 204
        assert list(rows.values_list("order", "pk")) == list(enumerate(kept, start=1))


def test_an_order_takes_as_many_queries_for_a_hundred_as_for_two(
    intro: Course, ines: User, django_assert_max_num_queries
) -> None:
    client = by_token(ines)
    for number in range(98):
        Module.objects.create(course=intro, title=f"Module {number}")
    ids = list(intro.modules.order_by("-order").values_list("pk", flat=True))
    with django_assert_max_num_queries(9):
        assert client.put("/api/v1/courses/intro/modules/order/", {"ids": ids}).status_code == 204


def test_an_outline_is_bounded(intro: Course, ines: User) -> None:
    module = intro.modules.first()
    Content.objects.bulk_create(Content(module=module, title="x", order=number) for number in range(10, 208))
    answer = by_token(ines).post(f"/api/v1/modules/{module.pk}/contents/", {"title": "One too many"})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many")


# Whose ---------------------------------------------------------------------------------------------------------


def test_staff_write_for_the_owner(intro: Course, content: Content, admin: User, ines: User) -> None:
    client = by_token(admin)
    assert client.patch("/api/v1/courses/intro/", {"title": "By staff"}).status_code == 200
    answer = client.post(f"/api/v1/contents/{content.pk}/items/", {"kind": "text", "title": "T", "body": "B"})
    assert answer.status_code == 201
    assert Text.objects.latest("pk").owner == ines


def test_the_lists_take_as_many_queries_for_a_hundred_rows_as_for_one(ines: User) -> None:
    few, many = make_course(ines, "few", modules=1, contents=1), make_course(ines, "many", modules=1, contents=1)
    module = many.modules.get()
    content = module.contents.get()
    for number in range(99):
        Module.objects.create(course=many, title=f"Module {number}")
        Content.objects.create(module=module, title=f"Content {number}", archived_at=timezone.now())
        text = Text.objects.create(owner=ines, title="Text", body="…")
        ContentItem.objects.create(content=content, item=text)
    client = by_token(ines)

    def paths(course: Course) -> list[str]:
        one = course.modules.order_by("order")[0]
        return [
            f"/api/v1/courses/{course.slug}/modules/?page_size=200",
            f"/api/v1/modules/{one.pk}/contents/?page_size=200",
            f"/api/v1/contents/{one.contents.order_by('order')[0].pk}/items/?page_size=200",
        ]

    assert [client.get(path).json()["count"] for path in paths(many)] == [100, 100, 100]
    assert [queries_of(client, path) for path in paths(many)] == [queries_of(client, path) for path in paths(few)]


def test_another_instructors_course_is_not_there(intro: Course, content: Content) -> None:
    client = by_token(make_user("rival", role="instructor"))
    for method, path in (
        ("patch", "courses/intro/"),
        ("get", "courses/intro/modules/"),
        ("post", f"modules/{content.module_id}/contents/"),
        ("patch", f"contents/{content.pk}/"),
        ("delete", f"items/{content.items.get().pk}/"),
    ):
        answer = getattr(client, method)(f"/api/v1/{path}", {} if method != "get" else None)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
