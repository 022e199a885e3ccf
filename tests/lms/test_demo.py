"""The demo: what it makes, that it can be made twice, and where it is never made."""

import io
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from PIL import Image as Pillow

from courses.models import Content, ContentItem, Course, CourseEnrollment, Text, Video
from lms.demo import pictures, webm
from users.models import User


@pytest.fixture
def demo(db: None, settings: Any, tmp_path: Any) -> None:
    settings.DEBUG = True
    settings.MEDIA_ROOT = tmp_path
    call_command("demo", stdout=io.StringIO())


def snapshot() -> dict[str, list[Any]]:
    models = (User, Course, Content, ContentItem, CourseEnrollment, Text, Video)
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in models}


def test_everybody_can_sign_in(demo: None) -> None:
    for name in ("ana", "ben", "chidi", "ines", "admin"):
        assert authenticate(username=name, password="studybeat") is not None
    people = {user.username: (user.role, user.is_staff, user.is_superuser) for user in User.objects.all()}
    assert people == {
        "ana": ("student", False, False),
        "ben": ("student", False, False),
        "chidi": ("student", False, False),
        "ines": ("instructor", False, False),
        "admin": ("student", True, True),
    }


def test_the_four_courses_are_as_promised(demo: None) -> None:
    courses = {course.slug: course for course in Course.objects.all()}
    assert {slug: (c.status, c.enrollment_type, c.max_capacity) for slug, c in courses.items()} == {
        "intro-to-live-learning": ("published", "open", None),
        "small-seminar": ("published", "open", 1),
        "mentored-project": ("published", "approval", None),
        "closed-circle": ("published", "restricted", None),
    }
    assert courses["small-seminar"].waitlist_enabled
    assert {course.owner.username for course in courses.values()} == {"ines"}
    for course in courses.values():
        course.full_clean()
    enrolled = CourseEnrollment.objects.filter(status="enrolled").values_list("course__slug", "student__username")
    assert set(enrolled) == {("intro-to-live-learning", name) for name in ("ana", "ben", "chidi")}


def test_the_first_course_has_every_kind_of_item_and_is_completed_by_hand(demo: None) -> None:
    course = Course.objects.get(slug="intro-to-live-learning")
    items = ContentItem.objects.filter(content__module__course=course)

    assert course.modules.count() >= 2
    assert {item.kind for item in items} == {"text", "image", "video", "file"}
    assert set(Content.objects.values_list("completion_method", flat=True)) == {"manual"}
    for item in items:
        assert item.item is not None
        if item.kind != "text":
            assert item.item.file.size > 1_000
    assert Video.objects.get().captions.read().startswith(b"WEBVTT\n\n00:00:00.000 --> ")


def test_it_can_be_made_twice_and_changes_nothing(demo: None) -> None:
    User.objects.filter(username="ana").update(bio="Mine.")
    before = snapshot()

    call_command("demo", stdout=io.StringIO())

    assert snapshot() == before


def test_it_refuses_outside_of_development(db: None, settings: Any) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG"):
        call_command("demo")
    assert not User.objects.exists()


def test_the_film_is_a_webm_of_key_frames_that_decode() -> None:
    frames = [Pillow.new("RGB", (64, 32), colour) for colour in ("red", "green", "blue")]
    film = webm.film(frames, frames_a_second=10)

    assert film.startswith(bytes.fromhex("1A45DFA3"))
    assert b"webm" in film[:140]
    assert b"V_VP8" in film
    assert film.count(bytes.fromhex("1F43B675")) == 3  # clusters
    for frame in frames:
        picture = webm.key_frame(frame, 90)
        assert picture[3:6] == bytes.fromhex("9D012A")  # VP8's start code of a key frame
        assert int.from_bytes(picture[6:8], "little") == 64
        assert picture in webm.film([frame], frames_a_second=10, quality=90)


def test_the_story_of_the_film_has_no_hole() -> None:
    ends = [until for until, _, _ in pictures.STORY]
    assert ends == sorted(set(ends))
    assert pictures.session_captions().count("-->") == len(pictures.STORY)
