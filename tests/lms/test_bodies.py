"""A request's body is bounded before anybody looks at it, whether or not it says how long it is, and whose it is."""

import socket
from collections.abc import Callable

import httpx
import pytest
from django.conf import settings

from courses.models import ContentItem, Course
from lms.bodies import FORMS
from tests.people import session_of, token_of
from tests.site import Site
from users.models import User

MIB = 1024**2
JSON = "application/json"
FORM = "multipart/form-data; boundary=x"


def status_line(site: Site, path: str, *, kind: str, length: str, by: str = "X: x", body: bytes = b"") -> bytes:
    """What is answered to this much of a request; the rest of it never comes."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n{by}\r\n{length}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", site.ports[0]), timeout=60) as connection:
        connection.sendall(head.encode() + body)
        return connection.recv(4096).partition(b"\r\n")[0]


ORDINARY = 2 * MIB
PICTURE = 7 * MIB
UPLOAD = 514 * MIB


@pytest.mark.parametrize("kind", [JSON, FORM])
@pytest.mark.parametrize("path", ["/api/v1/login/", "/api/v1/courses/", "/api/v1/nothing/", "/", "/admin/login/"])
def test_only_where_files_are_taken_is_more_than_the_ordinary(site: Site, path: str, kind: str) -> None:
    line = status_line(site, path, kind=kind, length=f"Content-Length: {ORDINARY + 1}")
    assert line.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    ("path", "kind", "most"),
    [
        ("/api/v1/contents/1/items/", FORM, UPLOAD),
        ("/api/v1/contents/1/items/", JSON, ORDINARY),
        ("/api/v1/contents/1/items/order/", FORM, ORDINARY),
        ("/api/v1/items/1/", FORM, UPLOAD),
        ("/admin/courses/content/1/change/", FORM, UPLOAD),
        ("/admin/users/user/1/change/", FORM, PICTURE),
        ("/api/v1/me/", FORM, PICTURE),
        ("/api/v1/courses/intro/enrollments/import/", FORM, PICTURE),
    ],
)
def test_a_body_that_says_it_is_too_large_is_refused_at_once(
    site: Site, intro: Course, ines: User, path: str, kind: str, most: int
) -> None:
    by = f"Authorization: Bearer {token_of(ines)}"
    line = status_line(site, path, kind=kind, by=by, length=f"Content-Length: {most + 1}")
    assert line.startswith(b"HTTP/1.1 413")
    if kind == FORM:
        assert most == next((form.most for form in FORMS if form.paths.fullmatch(path)), ORDINARY)


@pytest.mark.parametrize("path", ["/api/v1/contents/1/items/", "/admin/courses/content/1/change/", "/api/v1/me/"])
@pytest.mark.parametrize("by", ["X: x", "Authorization: Bearer wrong", "Cookie: sessionid=wrong"])
@pytest.mark.parametrize("length", [f"Content-Length: {ORDINARY + 1}", "Transfer-Encoding: chunked"])
def test_who_is_not_known_sends_no_file(site: Site, path: str, by: str, length: str) -> None:
    body = b"" if length.startswith("Content") else b"%x\r\n%s\r\n" % (ORDINARY + 1, b" " * (ORDINARY + 1))
    line = status_line(site, path, kind=FORM, by=by, length=length, body=body)
    assert line.startswith(b"HTTP/1.1 401")


def test_who_cannot_be_looked_up_comes_again(make_site: Callable[..., Site]) -> None:
    away = make_site(database_url="postgresql://127.0.0.1:1/none")
    headers = {"Authorization": "Bearer unknown", "Content-Type": FORM}
    answer = httpx.patch(f"{away.http()}/api/v1/me/", content=b" " * (ORDINARY + 1), headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "unavailable", "2")


def test_who_writes_no_course_sends_no_file_into_one(site: Site, intro: Course, ana: User) -> None:
    for by in (f"Authorization: Bearer {token_of(ana)}", f"Cookie: sessionid={session_of(ana)}"):
        line = status_line(site, "/api/v1/items/1/", kind=FORM, by=by, length=f"Content-Length: {ORDINARY + 1}")
        assert line.startswith(b"HTTP/1.1 413")


def test_anybody_who_is_known_sends_their_picture(site: Site, ana: User) -> None:
    for headers, status in (
        ({"Authorization": f"Bearer {token_of(ana)}"}, 400),
        ({"Cookie": f"sessionid={session_of(ana)}"}, 403),  # it was read: what is missing is the CSRF token
    ):
        file = {"avatar": ("me.png", b"x" * (ORDINARY + 1))}
        answer = httpx.patch(f"{site.http()}/api/v1/me/", files=file, headers=headers, timeout=60)
        assert answer.status_code == status, answer.text


def test_a_large_file_is_read_where_files_are_taken(site: Site, intro: Course, ines: User) -> None:
    headers = {"Authorization": f"Bearer {token_of(ines)}"}
    content = ContentItem.objects.all()[0].content_id
    url = f"{site.http()}/api/v1/contents/{content}/items/"
    file = {"file": ("notes.txt", b"x\n" * (4 * MIB + 1))}
    answer = httpx.post(url, data={"kind": "file", "title": "Notes"}, files=file, headers=headers, timeout=60)
    assert answer.status_code == 201, answer.text


def test_a_body_that_does_not_say_is_refused_when_it_is_too_large(site: Site) -> None:
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    chunks = b"".join(b"%x\r\n%s\r\n" % (MIB, b" " * MIB) for _ in range(most // MIB)) + b"1\r\n \r\n"
    line = status_line(site, "/api/v1/login/", kind=JSON, length="Transfer-Encoding: chunked", body=chunks)
    assert line.startswith(b"HTTP/1.1 413")
    assert httpx.get(f"{site.http()}/healthz", timeout=60).status_code == 200


def test_a_body_within_bounds_is_read(site: Site, ines: User) -> None:
    headers = {"Authorization": f"Bearer {token_of(ines)}"}
    body = {"title": "x" * MIB}
    answer = httpx.post(f"{site.http()}/api/v1/courses/", json=body, headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_the_fields_of_a_form_are_bounded_too(site: Site, intro: Course, ines: User) -> None:
    headers = {"Authorization": f"Bearer {token_of(ines)}"}
    url = f"{site.http()}/api/v1/items/{ContentItem.objects.all()[0].pk}/"
    file = {"file": ("notes.txt", b"x")}
    answer = httpx.patch(url, data={"title": "x" * 3 * MIB}, files=file, headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    many = {f"file{number}": ("notes.txt", b"x") for number in range(101)}
    answer = httpx.patch(url, files=many, headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
