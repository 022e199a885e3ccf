from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from courses.models import (
    Content,
    ContentItem,
    ContentProgress,
    Course,
    CourseEnrollment,
    File,
    Image,
    Module,
    ModuleProgress,
    Video,
)
from tests.people import enroll, make_course, make_user
from tests.rest import anonymous, by_token, queries_of
from users.models import User

PATH = "/api/v1/courses/intro/outline/"


@pytest.fixture(autouse=True)
def media(settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path


def test_it_shows_modules_contents_and_items_in_order(intro: Course, ana: User) -> None:
    outline = by_token(ana).get(PATH).json()
    assert set(outline) >= {"course", "enrollment", "modules"}
    assert outline["course"] == "intro"
    assert outline["enrollment"]["status"] == "enrolled"
    assert [module["title"] for module in outline["modules"]] == ["Module 1", "Module 2"]
    module = outline["modules"][0]
    assert set(module) >= {"id", "title", "order", "percent", "contents"}
    content = module["contents"][0]
    assert set(content) >= {"id", "title", "order", "completion_method", "completed", "items"}
    assert [content["title"] for content in module["contents"]] == ["Content 1.1", "Content 1.2"]
    assert (content["completion_method"], content["completed"], module["percent"]) == ("manual", False, 0.0)
    (item,) = content["items"]
    assert set(item) == {"id", "kind", "title", "body"}
    assert (item["kind"], item["body"]) == ("text", "The text of Content 1.1.")


def test_each_kind_of_item_carries_what_it_needs(content: Content, ana: User, ines: User) -> None:
    places = [
        ContentItem.objects.create(content=content, item=item)
        for item in (
            Image.objects.create(owner=ines, title="A map", alt="Map", file=ContentFile(b"png", "map.png")),
            Video.objects.create(
                owner=ines,
                title="A talk",
                file=ContentFile(b"video", "talk.mp4"),
                captions=ContentFile(b"WEBVTT", "talk.vtt"),
                duration=timedelta(seconds=90, milliseconds=500),
            ),
            Video.objects.create(owner=ines, title="Silent", file=ContentFile(b"video", "silent.mp4")),
            File.objects.create(owner=ines, title="Notes", file=ContentFile(b"notes!", "notes.odt")),
        )
    ]
    items = by_token(ana).get(PATH).json()["modules"][0]["contents"][0]["items"]
    assert [item["id"] for item in items[1:]] == [place.pk for place in places]
    image, video, silent, file = items[1:]
    assert image == {
        "id": places[0].pk,
        "kind": "image",
        "title": "A map",
        "url": f"/api/v1/items/{places[0].pk}/file/",
        "name": "map.png",
        "size": 3,
        "alt": "Map",
    }
    assert video["captions"] == f"/api/v1/items/{places[1].pk}/captions/"
    assert video["duration_seconds"] == 90.5
    assert (silent["kind"], silent["captions"], silent["duration_seconds"]) == ("video", None, None)
    assert (file["kind"], file["name"], file["size"]) == ("file", "notes.odt", 6)


def test_a_missing_file_has_no_size(content: Content, ana: User, ines: User) -> None:
    file = File.objects.create(owner=ines, title="Gone", file=ContentFile(b"x", "gone.txt"))
    ContentItem.objects.create(content=content, item=file)
    file.file.storage.delete(file.file.name)
    assert by_token(ana).get(PATH).json()["modules"][0]["contents"][0]["items"][1]["size"] is None


def test_it_shows_the_callers_own_progress(intro: Course, content: Content, ana: User, ben: User) -> None:
    enrollment = CourseEnrollment.objects.get(student=ana)
    ContentProgress.objects.create(enrollment=enrollment, content=content, is_completed=True)
    other = Content.objects.filter(module=content.module).exclude(pk=content.pk).get()
    ContentProgress.objects.create(enrollment=enrollment, content=other, is_completed=False)
    ModuleProgress.objects.create(
        enrollment=enrollment, module=content.module, completed_contents=1, total_contents=2, percentage=50
    )

    def seen_by(user: User) -> list:
        modules = by_token(user).get(PATH).json()["modules"]
        return [(m["percent"], [c["completed"] for c in m["contents"]]) for m in modules]

    assert seen_by(ana) == [(50.0, [True, False]), (0.0, [False, False])]
    assert seen_by(ben) == [(0.0, [False, False]), (0.0, [False, False])]


def test_archived_contents_are_out_of_sight(content: Content, ana: User) -> None:
    Content.objects.filter(pk=content.pk).update(archived_at=timezone.now())
    contents = by_token(ana).get(PATH).json()["modules"][0]["contents"]
    assert [content["title"] for content in contents] == ["Content 1.2"]


def test_reordering_shows(intro: Course, ana: User) -> None:
    for module in Module.objects.filter(course=intro):
        Module.objects.filter(pk=module.pk).update(order=10 - module.order)
    modules = by_token(ana).get(PATH).json()["modules"]
    assert [module["title"] for module in modules] == ["Module 2", "Module 1"]


@pytest.mark.parametrize("status", list(CourseEnrollment.Status))
def test_it_opens_to_those_with_access(intro: Course, chidi: User, status: str) -> None:
    enroll(chidi, intro, status)
    answer = by_token(chidi).get(PATH)
    if status in {"enrolled", "completed"}:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "not_enrolled")


def test_owner_and_staff_preview_without_an_enrolment(intro: Course, ines: User, admin: User) -> None:
    for user in (ines, admin):
        outline = by_token(user).get(PATH).json()
        assert outline["enrollment"] is None
        assert len(outline["modules"]) == 2
        assert not outline["modules"][0]["contents"][0]["completed"]


def test_others_are_kept_out(intro: Course, chidi: User) -> None:
    other = make_user("other", role="instructor")
    for user in (chidi, other):
        answer = by_token(user).get(PATH)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_enrolled")
    assert anonymous().get(PATH).status_code == 401


def test_a_draft_is_not_there_for_others(intro: Course, ana: User, ines: User) -> None:
    Course.objects.update(status="draft")
    answer = by_token(ana).get(PATH)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert by_token(ines).get(PATH).status_code == 200


def test_an_archived_course_goes_on_for_who_is_enrolled(intro: Course, ana: User, chidi: User) -> None:
    Course.objects.update(status="archived")
    assert by_token(ana).get(PATH).status_code == 200
    assert by_token(chidi).get(PATH).status_code == 404


def test_it_takes_as_many_queries_for_a_hundred_contents_as_for_one(ana: User, ines: User) -> None:
    def fill(slug: str, *, modules: int, contents: int) -> str:
        course = make_course(ines, slug, modules=modules, contents=contents)
        enroll(ana, course)
        for place in Content.objects.filter(module__course=course):
            for item in (
                Image.objects.create(owner=ines, title="Image", file=ContentFile(b"x", "x.png")),
                Video.objects.create(owner=ines, title="Video", file=ContentFile(b"x", "x.mp4")),
                File.objects.create(owner=ines, title="File", file=ContentFile(b"x", "x.txt")),
            ):
                ContentItem.objects.create(content=place, item=item)
        return f"/api/v1/courses/{slug}/outline/"

    client = by_token(ana)
    few = queries_of(client, fill("small", modules=1, contents=1))
    many = queries_of(client, fill("large", modules=10, contents=10))
    assert few == many <= 12
