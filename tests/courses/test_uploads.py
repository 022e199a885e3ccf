"""What may be uploaded: judged by its bytes, kept with its item, gone with it, and nothing left of what failed."""

import io
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Thread

import pytest
from django.core.files import File as UploadedFile
from django.db import IntegrityError
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from rest_framework.test import APIClient

from courses import authoring, uploads
from courses.models import Content, ContentItem, Image, Video
from tests.counts import count
from tests.courses.uploads import (
    MARK,
    MP4,
    PDF,
    SVG,
    VTT,
    WEBM,
    ZIP,
    animation,
    commented,
    picture,
    png_bomb,
    text_bomb,
    upload,
)
from tests.rest import by_cookie, by_token
from users import avatars
from users.models import User


@pytest.fixture(autouse=True)
def media(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def author(ines: User) -> APIClient:
    return by_token(ines)


def kept(media: Path) -> list[str]:
    return sorted(path.name for path in media.rglob("*") if path.is_file())


def add(client: APIClient, content: Content, kind: str, file, **fields):
    data = {"kind": kind, "title": "An item", "file": file, **fields}
    return client.post(f"/api/v1/contents/{content.pk}/items/", data, format="multipart")


# What is kept ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "body", "kept_as"),
    [
        ("image", "photo.png", picture(), "photo.png"),
        ("image", "photo.html", picture("JPEG"), "photo.jpg"),
        ("image", "photo", picture("GIF"), "photo.gif"),
        ("image", "photo.svg", picture("WEBP"), "photo.webp"),
        ("video", "talk.html", MP4, "talk.mp4"),
        ("video", "talk.mp4", WEBM, "talk.webm"),
        ("file", "notes.pdf", PDF, "notes.pdf"),
        ("file", "code.js", b"alert(1)", "code.js"),
        ("file", "page.html", MARK, "page.html"),
        ("file", "drawing.svg", SVG, "drawing.svg"),
        ("file", "Übung 学.odt", ZIP, "Übung_学.odt"),
        ("file", "x" * 300 + ".txt", b"long", "x" * 50 + ".txt"),
        ("file", "𠀀" * 50 + "." + "𠀁" * 19, b"long", "𠀀" * 37 + "." + "𠀁" * 14),
    ],
)
def test_the_bytes_decide_what_it_is_kept_as(
    author: APIClient, content: Content, media: Path, kind: str, name: str, body: bytes, kept_as: str
) -> None:
    answer = add(author, content, kind, upload(name, body))
    assert answer.status_code == 201, answer.json()
    item = answer.json()
    assert (item["kind"], item["name"], item["title"]) == (kind, kept_as, "An item")
    assert kept(media) == [kept_as]
    served = author.get(item["url"])
    shown = kept_as.endswith((".png", ".jpg", ".gif", ".webp", ".mp4", ".webm", ".pdf"))
    assert served["Content-Disposition"].startswith("inline" if shown else "attachment")
    assert served["X-Content-Type-Options"] == "nosniff"


def test_a_browser_uploads_with_its_cookie(content: Content, ines: User) -> None:
    client = by_cookie(ines)
    assert add(client, content, "file", upload("notes.txt", b"x")).status_code == 403
    token = client.get("/api/v1/me/").cookies["csrftoken"].value
    client.credentials(HTTP_X_CSRFTOKEN=token)
    assert add(client, content, "file", upload("notes.txt", b"x")).status_code == 201


@pytest.mark.parametrize("name", list(commented()))
def test_of_a_picture_nothing_is_kept_but_the_picture(
    author: APIClient, content: Content, media: Path, name: str
) -> None:
    body = commented()[name]
    assert MARK in body
    assert add(author, content, "image", upload(name, body)).status_code == 201
    (path,) = [path for path in media.rglob("*") if path.is_file()]
    assert MARK not in path.read_bytes()
    with Pillow.open(io.BytesIO(body)) as before, Pillow.open(path) as after:
        assert (after.format, after.size) == (before.format, before.size)
        assert getattr(after, "n_frames", 1) == getattr(before, "n_frames", 1)
        red, green, blue = after.convert("RGB").getpixel((3, 3))
        assert (abs(red - 200) < 12 and abs(green - 30) < 12 and abs(blue - 30) < 12) or "animated" in name


def test_a_photo_is_kept_upright(author: APIClient, content: Content, media: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # a quarter turn
    add(author, content, "image", upload("photo.jpg", picture("JPEG", (8, 6), exif=exif)))
    (path,) = [path for path in media.rglob("*") if path.is_file()]
    with Pillow.open(path) as after:
        assert after.size == (6, 8)
        assert not after.getexif()


def test_a_video_has_captions_and_a_length(author: APIClient, content: Content, media: Path) -> None:
    item = add(
        author,
        content,
        "video",
        upload("talk.mp4", MP4),
        captions=upload("talk.txt", VTT),
        duration_seconds="90.5",
    ).json()
    assert item["duration_seconds"] == 90.5
    assert author.get(item["captions"])["Content-Type"] == "text/vtt; charset=utf-8"
    assert kept(media) == ["talk.mp4", "talk.vtt"]


# What is refused -------------------------------------------------------------------------------------------------

REFUSED = [
    ("image", "photo.png", b"", "empty"),
    ("image", "photo.png", b"no picture", "no picture"),
    ("image", "photo.png", SVG, "no picture"),
    ("image", "photo.png", PDF, "no picture"),
    ("image", "photo.png", picture()[:40], "no picture"),
    ("image", "photo.png", picture("BMP"), "no picture"),
    ("image", "photo.png", picture("TIFF"), "no picture"),
    ("image", "bomb.png", png_bomb(), "too large"),
    ("image", "bomb.png", png_bomb(1, 2**31 - 1), "too large"),
    ("image", "bomb.png", png_bomb(4_000, 4_000), "no picture"),
    ("image", "bomb.png", text_bomb(), "no picture"),
    ("image", "long.gif", animation("GIF", uploads.IMAGE_FRAMES + 1, (1, 1)), "too large"),
    ("image", "wide.gif", animation("GIF", 4, (2_500, 2_500)), "too large"),
    ("video", "talk.mp4", b"", "empty"),
    ("video", "talk.mp4", b"no video", "no video"),
    ("video", "talk.mp4", MARK + MP4, "no video"),
    ("video", "talk.mp4", MP4 + MARK, "no video"),
    ("video", "talk.mp4", MP4[:-1], "no video"),
    ("video", "talk.mp4", MP4.replace(b"moov", b"free"), "no video"),
    ("video", "talk.mp4", MP4.replace(b"isom", b"qt  "), "no video"),
    ("video", "talk.mp4", b"\0\0\0\0ftypisom", "no video"),
    ("video", "talk.webm", WEBM.replace(b"webm", b"matr"), "no video"),
    ("video", "talk.webm", picture(), "no video"),
    ("file", "notes.txt", b"", "empty"),
    ("file", "notes.pdf", MARK, ".pdf"),
    ("file", "photo.png", MARK, ".png"),
    ("file", "PHOTO.JPG", PDF, ".jpg"),
    ("file", "talk.mp4", MARK, ".mp4"),
]


@pytest.mark.parametrize(("kind", "name", "body", "why"), REFUSED)
def test_it_is_refused_and_nothing_is_left(
    author: APIClient, content: Content, media: Path, kind: str, name: str, body: bytes, why: str
) -> None:
    answer = add(author, content, kind, upload(name, body))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), answer.json()
    assert why in answer.json()["fields"]["file"][0]
    assert kept(media) == []
    assert content.items.count() == 1


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"1\n00:00", "WEBVTT"),
        (b"WEBVTTX\n", "WEBVTT"),
        ("WEBVTT\n\n…".encode("utf-16"), "UTF-8"),
        (b"WEBVTT\n\0", "WEBVTT"),
        (b"WEBVTT\n" + b"x" * 1024**2, "too large"),
    ],
)
def test_captions_are_webvtt(author: APIClient, content: Content, media: Path, body: bytes, why: str) -> None:
    answer = add(author, content, "video", upload("talk.mp4", MP4), captions=upload("talk.vtt", body))
    assert why in answer.json()["fields"]["captions"][0]
    assert kept(media) == []


@pytest.mark.parametrize(("kind", "body"), [("image", picture()), ("video", MP4), ("file", ZIP)])
def test_a_size_is_bounded(author: APIClient, content: Content, media: Path, settings, kind: str, body: bytes) -> None:
    settings.UPLOAD_MAX_BYTES = {**settings.UPLOAD_MAX_BYTES, kind: len(body) - 1}
    answer = add(author, content, kind, upload("file.bin", body))
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["file"])
    assert kept(media) == []


def test_a_file_is_missing_or_is_none(author: APIClient, content: Content) -> None:
    path = f"/api/v1/contents/{content.pk}/items/"
    for body in ({"kind": "image", "title": "T"}, {"kind": "image", "title": "T", "file": "photo.png"}):
        answer = author.post(path, body)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["file"])
    for body in ({}, {"kind": "song"}, {"kind": ["text"]}, [], "text"):
        assert author.post(path, body).status_code == 400
    assert author.post(path, "<x/>", content_type="text/xml").status_code == 415


@pytest.mark.parametrize("whole", [picture(), picture("JPEG"), animation("GIF"), picture("WEBP"), MP4, WEBM], ids=repr)
def test_whatever_is_done_to_the_bytes_it_is_kept_or_refused(whole: bytes) -> None:
    @settings(max_examples=count(25, 1000), deadline=None, database=None)
    @given(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.binary(min_size=1, max_size=8)), max_size=6))
    def check(changes: list[tuple[int, bytes]]) -> None:
        body = bytearray(whole)
        for at, piece in changes:
            body[at : at + len(piece)] = piece
        for judge in (uploads.image, uploads.video, uploads.file):
            try:
                judge(upload("a.bin", bytes(body)))
            except uploads.BadUpload:
                continue

    check()


class Met(io.BytesIO):
    """A picture that is read when as many are as `barrier` waits for, or else a second later; `met` says so."""

    def __init__(self, barrier: Barrier) -> None:
        super().__init__(picture())
        self._barrier = barrier
        self.met = False

    def read(self, size: int | None = -1, /) -> bytes:
        with suppress(BrokenBarrierError):
            self._barrier.wait(1)
            self.met = True
        return super().read(size)


def as_avatar(file: Met) -> None:
    avatars.read(file, len(picture()))


def as_image(file: Met) -> None:
    uploads.image(UploadedFile(file, "a.png"))


@pytest.mark.parametrize("judge", [as_avatar, as_image])
def test_two_pictures_are_decoded_at_once_and_no_third(judge: Callable[[Met], None]) -> None:
    """A small file may need a lot of memory, and there may be many of them at once."""

    def have_met(number: int) -> bool:
        barrier = Barrier(number)
        files = [Met(barrier) for _ in range(number)]
        threads = [Thread(target=judge, args=[file]) for file in files]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return any(file.met for file in files)

    assert have_met(2)
    assert not have_met(3)


# As long as its item ---------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_new_file_replaces_the_old_one(author: APIClient, content: Content, media: Path) -> None:
    item = add(author, content, "image", upload("first.png", picture())).json()
    path = f"/api/v1/items/{item['id']}/"
    assert author.patch(path, {"title": "Renamed", "alt": "Red"}).json()["alt"] == "Red"
    assert kept(media) == ["first.png"]
    second = author.patch(path, {"file": upload("second.png", picture("GIF"))}, format="multipart")
    assert second.json()["name"] == "second.gif"
    assert kept(media) == ["second.gif"]
    refused = author.patch(path, {"file": upload("third.png", SVG)}, format="multipart")
    assert refused.status_code == 400
    assert author.patch(path, {"kind": "file"}).status_code == 400
    assert kept(media) == ["second.gif"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["items/{item}/", "contents/{content}/", "modules/{module}/", "courses/intro/"])
def test_files_go_with_their_item(
    author: APIClient, content: Content, media: Path, what: str, django_user_model
) -> None:
    django_user_model.objects.filter(username__in=("ana", "ben")).delete()  # with their enrolments
    item = add(author, content, "video", upload("talk.mp4", MP4), captions=upload("talk.vtt", VTT)).json()
    assert kept(media) == ["talk.mp4", "talk.vtt"]
    path = what.format(item=item["id"], content=content.pk, module=content.module_id)
    assert author.delete(f"/api/v1/{path}").status_code == 204
    assert kept(media) == []
    assert not Video.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_deletion_that_is_rolled_back_keeps_the_file(author: APIClient, content: Content, media: Path) -> None:
    from django.db import transaction

    item = add(author, content, "file", upload("notes.txt", b"notes")).json()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        authoring.delete_item(place=ContentItem.objects.get(pk=item["id"]))
        raise ZeroDivisionError
    assert kept(media) == ["notes.txt"]


@pytest.mark.django_db(transaction=True)
def test_no_file_is_left_of_a_request_that_fails_after_storing_it(
    author: APIClient, content: Content, media: Path
) -> None:
    with pytest.raises(IntegrityError):
        authoring.add_item(content=content, kind=Image, title=None, file=upload("lost.png", picture()))
    assert kept(media) == []
    place = ContentItem.objects.get(pk=add(author, content, "image", upload("kept.png", picture())).json()["id"])
    with pytest.raises(IntegrityError):
        authoring.change_item(place=place, title=None, file=upload("lost.png", picture()))
    assert kept(media) == ["kept.png"]
    authoring.delete_item(place=place)
    answer = add(author, content, "image", upload("late.png", picture()), alt="x" * 301)
    assert answer.status_code == 400
    assert kept(media) == []
