"""Items in the admin: edited on the page of their content, and their files judged as those that come over REST."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image as Pillow

from courses.models import Content, ContentItem, Course, File, Text, Video
from tests.conftest import make_course
from tests.courses.test_admin import change_page, formset, saved
from tests.courses.uploads import MARK, MVHD, WEBM, commented, mp4, picture, png_bomb
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def items_form(content: Content, **formsets: dict[str, Any]) -> dict[str, Any]:
    """What the page of a content sends; the four kinds of items are formsets `items` to `items-4`."""
    form: dict[str, Any] = {
        "module": content.module_id, "title": content.title, "order": content.order, "completion_method": "manual",
    }  # fmt: skip
    for prefix in ("items", "items-2", "items-3", "items-4"):
        form |= formsets.get(prefix.replace("-", "_"), formset(prefix))
    return form


def test_items_of_every_kind_are_made_on_the_page_of_their_content(client: Client, intro: Course) -> None:
    content = Content.objects.create(module=intro.modules.all()[0], title="All kinds")
    upload = SimpleUploadedFile
    video = {
        "title": "Film", "file": upload("film.webm", WEBM), "captions": upload("film.vtt", b"WEBVTT"),
        "duration": "00:01:00", "order": "2",
    }  # fmt: skip
    form = items_form(
        content,
        items=formset("items", {"title": "Words", "body": "Read me."}),
        items_2=formset("items-2", {"title": "Dot", "file": SimpleUploadedFile("dot.png", picture()), "alt": "A dot"}),
        items_3=formset("items-3", video),
        items_4=formset("items-4", {"title": "Table", "file": upload("table.csv", b"a,b")}),
    )

    saved(client.post(change_page(content), form))

    items = list(content.items.all())
    assert [(place.order, place.kind) for place in items] == [(1, "text"), (2, "image"), (3, "video"), (4, "file")]
    owners = {place.item.owner for place in items if place.item}
    assert owners == {intro.owner}
    film = items[2].item
    assert film.duration == timedelta(minutes=1)  # type: ignore[union-attr]
    assert film.captions.read() == b"WEBVTT"  # type: ignore[union-attr]


def test_a_film_is_as_long_as_its_file_says_unless_one_types_something_else(client: Client, content: Content) -> None:
    films = ({"title": "Own", "order": "2"}, {"title": "Typed", "order": "3", "duration": "00:01:00"})
    rows = [{**film, "file": SimpleUploadedFile("film.mp4", mp4(MVHD))} for film in films]
    form = items_form(content, items_3=formset("items-3", *rows))
    form["items-INITIAL_FORMS"] = "0"
    saved(client.post(change_page(content), form))
    assert dict(Video.objects.values_list("title", "duration")) == {
        "Own": timedelta(seconds=90.5),
        "Typed": timedelta(minutes=1),
    }


@pytest.mark.parametrize("name", sorted(commented()))
def test_a_picture_is_written_anew(client: Client, content: Content, media: Path, name: str) -> None:
    picture = SimpleUploadedFile(name, commented()[name], "image/png")
    form = items_form(content, items_2=formset("items-2", {"title": "Dot", "file": picture, "alt": "A dot"}))
    saved(client.post(change_page(content), form))
    (kept,) = [path for path in media.rglob("*") if path.is_file()]
    assert MARK not in kept.read_bytes()
    assert Pillow.open(kept).size == (8, 6)


@pytest.mark.parametrize(
    ("prefix", "file", "says"),
    [
        ("items-2", png_bomb(), ""),
        ("items-3", b"<script>alert(1)</script>", "MP4 or WebM"),
        ("items-4", b"<script>alert(1)</script>", "The name says .png"),
    ],
    ids=["image", "video", "file"],
)
def test_an_upload_is_judged_by_its_bytes(
    client: Client, content: Content, media: Path, prefix: str, file: bytes, says: str
) -> None:
    row = {"title": "Bad", "file": SimpleUploadedFile("x.png", file, "image/png")}
    response = client.post(
        change_page(content), items_form(content, **{prefix.replace("-", "_"): formset(prefix, row)})
    )
    errors = [inline.formset.errors for inline in response.context["inline_admin_formsets"]]
    (error,) = [row["file"] for rows in errors for row in rows if row]
    assert says in str(error)
    assert not [path for path in media.rglob("*") if path.is_file()]


def test_an_item_is_edited_and_taken_away_on_the_page_of_its_content(client: Client, content: Content) -> None:
    place = content.items.get()
    row = {"id": place.pk, "content": content.pk, "title": "Words", "body": "Other words.", "order": "1"}
    saved(client.post(change_page(content), items_form(content, items=formset("items", row, existing=1))))
    assert place.item == Text.objects.get(title="Words", body="Other words.")

    row["DELETE"] = "on"
    saved(client.post(change_page(content), items_form(content, items=formset("items", row, existing=1))))
    assert not content.items.exists()
    assert not Text.objects.filter(title="Words").exists()


def test_the_page_names_the_file_that_is_there(client: Client, content: Content) -> None:
    file = File.objects.create(
        owner=content.module.course.owner, title="Table", file=SimpleUploadedFile("table.csv", b"a")
    )
    ContentItem.objects.create(content=content, item=file)
    page = client.get(change_page(content)).content.decode()
    assert "Now: table.csv" in page
    assert "files/table.csv" not in page


def test_an_item_without_what_it_needs_is_explained(client: Client, content: Content) -> None:
    before = ContentItem.objects.count()
    broken = {"title": "No image", "file": SimpleUploadedFile("x.png", b"not a picture")}
    subtitles = {
        "title": "Film",
        "file": SimpleUploadedFile("f.webm", WEBM),
        "captions": SimpleUploadedFile("f.srt", b"1"),
    }
    form = items_form(
        content,
        items=formset("items", {"title": "No body"}),
        items_2=formset("items-2", broken),
        items_3=formset("items-3", subtitles),
    )
    # The text that is there already belongs to the formset of texts.
    form["items-INITIAL_FORMS"] = "0"

    response = client.post(change_page(content), form)

    errors = [inline.formset.errors for inline in response.context["inline_admin_formsets"]]
    assert [list(rows[0]) for rows in errors if rows] == [["body"], ["file"], ["captions"]]
    assert ContentItem.objects.count() == before


def test_contents_stay_in_their_course(client: Client, content: Content, ines: User) -> None:
    elsewhere = make_course(ines, "elsewhere").modules.all()[0]
    form = items_form(content, items=formset("items"))

    saved(client.post(change_page(content), {**form, "module": elsewhere.pk, "title": "Renamed"}))

    content.refresh_from_db()
    assert (content.title, content.module.course.slug) == ("Renamed", "intro")
