import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from asgiref.sync import async_to_sync
from django.core.files.base import ContentFile
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from courses.media import RangeNotSatisfiable, requested_range
from courses.models import Content, ContentItem, Course, CourseEnrollment, File, Image, ItemBase, Text, Video
from tests.people import enroll, make_user, session_of, token_of
from tests.rest import anonymous, by_cookie, by_token
from tests.site import Site
from users.models import User

BODY = bytes(range(256)) * 1200
"""Longer than two chunks."""

SIZE = len(BODY)


@pytest.fixture
def media_root(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def place(content: Content, kind: type[ItemBase], name: str, body: bytes = BODY, **fields) -> str:
    """The path of a new item's file."""
    owner = content.module.course.owner
    item = kind.objects.create(owner=owner, title="An item", file=ContentFile(body, name), **fields)
    return f"/api/v1/items/{ContentItem.objects.create(content=content, item=item).pk}/file/"


@pytest.fixture
def video(media_root: Path, content: Content) -> str:
    return place(content, Video, "talk.mp4")


def body_of(response) -> bytes:
    if not response.streaming:
        return response.content

    async def collect() -> bytes:
        return b"".join([chunk async for chunk in response.streaming_content])

    return async_to_sync(collect)()


@pytest.fixture
def ana_client(ana: User) -> APIClient:
    return by_token(ana)


# What is served ------------------------------------------------------------------------------------------------


def test_it_serves_the_whole_file(video: str, ana_client: APIClient) -> None:
    answer = ana_client.get(video)
    assert answer.status_code == 200
    assert body_of(answer) == BODY
    assert answer["Content-Type"] == "video/mp4"
    assert answer["Content-Length"] == str(SIZE)
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "private, no-cache"
    assert answer["ETag"].startswith('"')
    assert "Last-Modified" in answer


def test_an_empty_file_is_served(content: Content, media_root: Path, ana_client: APIClient) -> None:
    path = place(content, File, "empty.txt", b"")
    answer = ana_client.get(path)
    assert (answer.status_code, body_of(answer), answer["Content-Length"]) == (200, b"", "0")
    assert ana_client.get(path, HTTP_RANGE="bytes=0-").status_code == 416


@pytest.mark.parametrize("accept", ["video/*", "image/avif,image/webp", "text/html", "*/*;q=0.1"])
def test_it_does_not_matter_what_a_browser_would_rather_have(video: str, ana_client: APIClient, accept: str) -> None:
    assert ana_client.get(video, HTTP_ACCEPT=accept)["Content-Type"] == "video/mp4"
    assert ana_client.get("/api/v1/items/0/file/", HTTP_ACCEPT=accept).json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("kind", "name", "content_type", "disposition"),
    [
        (Image, "map.png", "image/png", "inline"),
        (Image, "MAP.JPG", "image/jpeg", "inline"),
        (Video, "talk.webm", "video/webm", "inline"),
        (File, "notes.pdf", "application/pdf", "inline"),
        (File, "photo.gif", "image/gif", "inline"),
        (Image, "drawing.svg", "image/svg+xml", "attachment"),
        (File, "page.html", "application/octet-stream", "attachment"),
        (File, "page.xhtml", "application/octet-stream", "attachment"),
        (File, "code.js", "application/octet-stream", "attachment"),
        (File, "notes.txt", "application/octet-stream", "attachment"),
        (File, "archive.zip", "application/zip", "attachment"),
        (File, "png", "application/octet-stream", "attachment"),
        (File, "notes.pdf.exe", "application/octet-stream", "attachment"),
    ],
)
def test_only_images_videos_and_pdfs_are_shown_in_place(
    content: Content,
    media_root: Path,
    ana_client: APIClient,
    kind: type[ItemBase],
    name: str,
    content_type: str,
    disposition: str,
) -> None:
    answer = ana_client.get(place(content, kind, name, b"<script>alert(1)</script>"))
    assert answer["Content-Type"] == content_type
    assert answer["Content-Disposition"] == f'{disposition}; filename="{name}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert ("sandbox" in answer["Content-Security-Policy"]) == (disposition == "attachment")


def test_names_of_any_script_survive(content: Content, media_root: Path, ana_client: APIClient) -> None:
    answer = ana_client.get(place(content, File, "Übung 学.pdf"))
    assert "filename*=utf-8''%C3%9Cbung_%E5%AD%A6.pdf" in answer["Content-Disposition"]


def test_captions_are_webvtt(content: Content, media_root: Path, ana_client: APIClient) -> None:
    vtt = "WEBVTT\n\n00:00.000 --> 00:02.000\nGrüße\n".encode()
    path = place(content, Video, "talk.mp4", captions=ContentFile(vtt, "talk.vtt"))
    answer = ana_client.get(path.replace("/file/", "/captions/"))
    assert answer["Content-Type"] == "text/vtt; charset=utf-8"
    assert body_of(answer) == vtt
    silent = place(content, Video, "silent.mp4").replace("/file/", "/captions/")
    assert ana_client.get(silent).status_code == 404


def test_a_head_has_the_headers_and_no_body(video: str, ana_client: APIClient) -> None:
    answer = ana_client.head(video, HTTP_RANGE="bytes=0-9")
    assert (answer.status_code, body_of(answer)) == (200, b"")
    assert answer["Content-Length"] == str(SIZE)
    assert answer["Accept-Ranges"] == "bytes"


# Ranges --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-499", 0, 499),
        ("bytes=500-", 500, SIZE - 1),
        ("bytes=-500", SIZE - 500, SIZE - 1),
        (f"bytes=-{SIZE * 2}", 0, SIZE - 1),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        (f"bytes=100-{10**17}", 100, SIZE - 1),
        ("bytes=100000-299999", 100_000, 299_999),
        ("BYTES= 5-9 ", 5, 9),
    ],
)
def test_a_single_range_is_206(video: str, ana_client: APIClient, asked: str, start: int, end: int) -> None:
    answer = ana_client.get(video, HTTP_RANGE=asked)
    assert answer.status_code == 206
    assert answer["Content-Range"] == f"bytes {start}-{end}/{SIZE}"
    assert answer["Content-Length"] == str(end - start + 1)
    assert body_of(answer) == BODY[start : end + 1]


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 5}", "bytes=-0", "bytes=999999999-"])
def test_a_range_beyond_the_end_is_416(video: str, ana_client: APIClient, asked: str) -> None:
    answer = ana_client.get(video, HTTP_RANGE=asked)
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{SIZE}"
    assert answer.json()["code"] == "range_not_satisfiable"


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-1,5-9",
        "bytes=9-5",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=0-1-2",
        "bytes=+1-5",
        "bytes=0x1-5",
        "bytes=١-٥",
        "seconds=0-5",
        "nonsense",
        "bytes=" + "9" * 5000 + "-",
    ],
)
def test_what_is_no_single_range_gets_the_whole(video: str, ana_client: APIClient, asked: str) -> None:
    answer = ana_client.get(video, HTTP_RANGE=asked)
    assert (answer.status_code, answer["Content-Length"]) == (200, str(SIZE))
    assert "Content-Range" not in answer


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 40))
def test_ranges_cut_as_slices_do(first: int, last: int, size: int) -> None:
    whole = range(size)
    for header, expected in (
        (f"bytes={first}-{last}", whole[first : last + 1] if first <= last else whole),
        (f"bytes={first}-", whole[first:]),
        (f"bytes=-{last}", whole[max(0, size - last) :] if last else whole[:0]),
    ):
        try:
            asked = requested_range(header, size)
        except RangeNotSatisfiable:
            assert len(expected) == 0
        else:
            assert whole[asked[0] : asked[1] + 1] == expected if asked else expected == whole


def test_if_range_keeps_parts_of_two_versions_apart(video: str, ana_client: APIClient) -> None:
    known = ana_client.head(video)
    for validator, status in (
        (known["ETag"], 206),
        (known["Last-Modified"], 206),
        ('"another"', 200),
        (f"W/{known['ETag']}", 200),
        ("Thu, 01 Jan 2026 00:00:00 GMT", 200),
    ):
        answer = ana_client.get(video, HTTP_RANGE="bytes=0-9", HTTP_IF_RANGE=validator)
        assert answer.status_code == status, validator


# Caches --------------------------------------------------------------------------------------------------------


def test_an_unchanged_file_is_304(video: str, ana_client: APIClient) -> None:
    known = ana_client.head(video)
    for header in (
        {"HTTP_IF_NONE_MATCH": known["ETag"]},
        {"HTTP_IF_NONE_MATCH": f'"x", W/{known["ETag"]}'},
        {"HTTP_IF_NONE_MATCH": "*"},
        {"HTTP_IF_MODIFIED_SINCE": known["Last-Modified"]},
        {"HTTP_IF_NONE_MATCH": known["ETag"], "HTTP_RANGE": "bytes=0-9"},
    ):
        answer = ana_client.get(video, **header)
        assert (answer.status_code, body_of(answer)) == (304, b"")
        assert answer["ETag"] == known["ETag"]


def test_another_version_than_was_asked_for_is_an_error_as_any(video: str, ana_client: APIClient) -> None:
    assert ana_client.get(video, HTTP_IF_MATCH=ana_client.head(video)["ETag"]).status_code == 200
    for header in ({"HTTP_IF_MATCH": '"other"'}, {"HTTP_IF_UNMODIFIED_SINCE": "Thu, 01 Jan 2015 00:00:00 GMT"}):
        refused = ana_client.get(video, HTTP_RANGE="bytes=0-9", **header)
        assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")


def test_a_replaced_file_is_served_anew(video: str, ana_client: APIClient) -> None:
    known = ana_client.head(video)
    item = Video.objects.get()
    item.file.save("talk.mp4", ContentFile(BODY[::-1]))
    answer = ana_client.get(video, HTTP_IF_NONE_MATCH=known["ETag"])
    assert answer.status_code == 200
    assert body_of(answer) == BODY[::-1]


def test_access_that_ended_is_no_304(video: str, ana: User, ana_client: APIClient) -> None:
    known = ana_client.head(video)
    CourseEnrollment.objects.filter(student=ana).update(status="withdrawn")
    assert ana_client.get(video, HTTP_IF_NONE_MATCH=known["ETag"]).status_code == 404


# Who may -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", list(CourseEnrollment.Status))
def test_it_opens_to_those_with_access(video: str, intro: Course, chidi: User, status: str) -> None:
    enroll(chidi, intro, status)
    answer = by_token(chidi).get(video)
    assert answer.status_code == (200 if status in {"enrolled", "completed"} else 404)


def test_owner_and_staff_may_and_others_may_not(video: str, ines: User, admin: User, chidi: User) -> None:
    for user in (ines, admin):
        assert by_token(user).get(video).status_code == 200
        assert by_cookie(user).get(video).status_code == 200
    for user in (chidi, make_user("other", role="instructor")):
        answer = by_token(user).get(video)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    answer = anonymous().get(video)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_drafts_and_archived_contents_are_their_owners(video: str, ana: User, ines: User) -> None:
    Course.objects.update(status="draft")
    assert by_token(ana).get(video).status_code == 404
    assert by_token(ines).get(video).status_code == 200
    Course.objects.update(status="archived")
    assert by_token(ana).get(video).status_code == 200
    Content.objects.update(archived_at=timezone.now())
    assert by_token(ana).get(video).status_code == 404
    assert by_token(ines).get(video).status_code == 200


def test_what_has_no_file_is_not_found(video: str, content: Content, ines: User, media_root: Path) -> None:
    client = by_token(ines)
    text = ContentItem.objects.get(content_type__model="text", content=content)
    assert isinstance(text.item, Text)
    assert client.get(f"/api/v1/items/{text.pk}/file/").status_code == 404
    assert client.get(f"/api/v1/items/{10**30}/file/").status_code == 404
    for file in media_root.rglob("*.mp4"):
        file.unlink()
    assert client.get(video).json()["code"] == "not_found"


def test_nothing_else_leads_to_the_files(video: str, media_root: Path, ines: User) -> None:
    (file,) = media_root.rglob("*.mp4")
    for path in (f"/media/{file.relative_to(media_root)}", f"/{file.relative_to(media_root)}", "/media/"):
        assert BODY[:100] not in body_of(by_token(ines).get(path))


def test_it_reads_the_database_a_constant_number_of_times(
    video: str, ana_client: APIClient, django_assert_num_queries
) -> None:
    ana_client.head(video)
    with django_assert_num_queries(4):  # one counts the request
        ana_client.get(video)


# Against a started server --------------------------------------------------------------------------------------

LARGE = 64 * 1024 * 1024
DOWNLOADS = 24
"""More than the database pool of a process has connections."""


@pytest.fixture
def large_video(content: Content) -> Iterator[str]:
    """A video where the started servers look for it; it takes no room on the disk."""
    path = place(content, Video, "large.mp4", b"begin")
    file = Path(Video.objects.get().file.path)
    with file.open("r+b") as handle:
        handle.truncate(LARGE)
    yield path
    file.unlink()


@pytest.mark.django_db(transaction=True)
def test_a_started_server_serves_ranges_to_tokens_and_cookies(
    site: Site, large_video: str, ana: User, chidi: User
) -> None:
    with httpx.Client(base_url=site.http(), trust_env=False) as http:
        token = {"Authorization": f"Bearer {token_of(ana)}"}
        cookie = {"Cookie": f"sessionid={session_of(ana)}"}
        for who in (token, cookie):
            answer = http.get(large_video, headers={**who, "Range": "bytes=0-9"})
            assert (answer.status_code, answer.content) == (206, b"begin" + bytes(5))
            answer = http.get(large_video, headers={**who, "Range": "bytes=-1000000"})
            assert (answer.status_code, answer.content) == (206, bytes(1_000_000))
        answer = http.head(large_video, headers=token)
        assert (answer.status_code, answer.headers["content-length"]) == (200, str(LARGE))
        answer = http.get(large_video, headers={**token, "If-None-Match": answer.headers["etag"]})
        assert (answer.status_code, answer.content) == (304, b"")
        answer = http.get(large_video, headers={**token, "Range": f"bytes={LARGE}-"})
        assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{LARGE}")
        assert http.get(large_video).status_code == 401
        assert http.get(large_video, headers={"Authorization": f"Bearer {token_of(chidi)}"}).status_code == 404
        answer = http.get(large_video, headers=token)
        assert (answer.status_code, len(answer.content)) == (200, LARGE)


@contextmanager
def stalled_downloads(site: Site, path: str, headers: dict[str, str]) -> Iterator[None]:
    """DOWNLOADS clients that have read the headers, and read no more."""
    with ExitStack() as downloads:
        for _ in range(DOWNLOADS):
            client = downloads.enter_context(httpx.Client(base_url=site.http(), trust_env=False, timeout=20))
            answer = downloads.enter_context(client.stream("GET", path, headers=headers))
            if answer.status_code != 200:  # no connection is left: that is the planted fault's
                break
        yield


@pytest.mark.django_db(transaction=True)
def test_slow_downloads_hold_neither_memory_nor_database_connections(site: Site, large_video: str, ana: User) -> None:
    headers = {"Authorization": f"Bearer {token_of(ana)}"}
    server = psutil.Process(site.pid())
    with httpx.Client(base_url=site.http(), trust_env=False, headers=headers) as http:
        http.get("/api/v1/me/")
        before = server.memory_info().rss
        with stalled_downloads(site, large_video, headers):
            assert http.get("/api/v1/me/").status_code == 200
            assert open_videos(server) == DOWNLOADS
            assert server.memory_info().rss - before < DOWNLOADS * 2 * 1024 * 1024
        deadline = time.monotonic() + 10
        while open_videos(server) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert open_videos(server) == 0


@pytest.mark.django_db(transaction=True)
def test_the_stalled_downloads_above_would_show_connections_that_are_held(
    make_site: Callable[..., Site], large_video: str, ana: User
) -> None:
    site = make_site(app="tests.courses.plants:holds_connections")
    headers = {"Authorization": f"Bearer {token_of(ana)}"}
    with stalled_downloads(site, large_video, headers):
        answer = httpx.get(f"{site.http()}/api/v1/me/", headers=headers, trust_env=False, timeout=20)
        assert answer.status_code == 503
    log = site.take_log()
    assert "no turn at the database" in log


def open_videos(process: psutil.Process) -> int:
    return sum("/videos/" in file.path for file in process.open_files())


# Behind nginx ----------------------------------------------------------------------------------------------------


def test_nginx_is_told_which_file_to_send(video: str, ana_client: APIClient, chidi: User, settings) -> None:
    settings.MEDIA_ACCEL = "/protected/"
    answer = ana_client.get(video, HTTP_RANGE="bytes=0-9")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["X-Accel-Redirect"] == "/protected/videos/talk.mp4"
    assert answer["Content-Type"] == "video/mp4"
    assert answer["Content-Disposition"] == 'inline; filename="talk.mp4"'
    assert "ETag" not in answer
    assert by_token(chidi).get(video).status_code == 404


def test_nginx_is_told_in_ascii(content: Content, media_root: Path, ana_client: APIClient, settings) -> None:
    settings.MEDIA_ACCEL = "/protected/"
    answer = ana_client.get(place(content, File, "Übung 100%.txt"))
    assert answer["X-Accel-Redirect"] == "/protected/files/%C3%9Cbung_100.txt"
