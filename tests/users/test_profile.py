"""What people say of themselves, and their picture."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests.rest import anonymous, by_cookie, by_token
from tests.users.mailing import send_mails
from users import avatars, texts
from users.models import InstructorProfile, StudentProfile, User

ME = "/api/v1/me/"


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path / "avatars"


def picture(kind: str = "PNG", size: tuple[int, int] = (900, 300), **options: Any) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(file, kind, **options)
    return file.getvalue()


def upload(user: User, data: bytes, name: str = "me.png", **others: str) -> Any:
    file = SimpleUploadedFile(name, data, "image/png")
    return by_token(user).patch(ME, {"avatar": file, **others}, format="multipart")


def test_it_changes_what_is_given(ana: User) -> None:
    changes = {
        "first_name": "Anna",
        "bio": "Learns by night.",
        "date_of_birth": "2001-02-03",
        "phone_number": "+49 30 1234",
        "timezone": "Europe/Berlin",
        "language": "de",
        "weekly_digest": False,
        "student_profile": {"goal": "Half an hour a day."},
    }
    answer = by_token(ana).patch(ME, changes)
    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in changes} == changes
    assert by_token(ana).get(ME).json() == answer.json()
    assert StudentProfile.objects.get().goal == "Half an hour a day."


@pytest.mark.parametrize(
    "change", [{"username": "queen"}, {"role": "instructor"}, {"is_staff": True}, {"email_verified": True}, {"id": 1}]
)
def test_what_is_not_ones_own_to_say_stays(ana: User, change: dict[str, Any]) -> None:
    client = by_token(ana)
    before = client.get(ME).json()
    assert client.patch(ME, change).json() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timezone", "Mars/Olympus"),
        ("language", "xx"),
        ("date_of_birth", "2999-01-01"),
        ("date_of_birth", "1066-10-14"),
        ("email", "BEN@example.org"),
        ("email", ""),
        ("email", f"ana@{'.'.join(['İ' * 20] * 11)}.org"),
        ("bio", "x" * 4001),
        ("phone_number", "1" * 21),
        ("first_name", "a\x00"),
        ("avatar", "http://example.org/a.png"),
        ("instructor_profile", {"title": "Dr"}),
        ("student_profile", {"goal": "x" * 2001}),
    ],
)
def test_what_cannot_be_is_named(ana: User, ben: User, field: str, value: Any) -> None:
    answer = by_token(ana).patch(ME, {field: value})
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [field]


@pytest.mark.parametrize("mark", ["\n", "\r", "\x1b", "\x85", "\u2028"])
@pytest.mark.parametrize("field", ["first_name", "last_name", "phone_number"])
def test_one_line_is_one_line(ana: User, field: str, mark: str) -> None:
    answer = by_token(ana).patch(ME, {field: f"a{mark}b"})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


@pytest.mark.parametrize(("field", "one"), [("student", "Ana\nYou owe us.\u2028Pay"), ("course_title", "A\r\nB")])
def test_a_line_break_in_a_name_writes_no_text(field: str, one: str) -> None:
    told = {"student": "Ana", "course_title": "Intro", field: one}
    title, body = texts.text("notifications/enrollment.requested", language="en", timezone_name="UTC", **told)
    assert " ".join(one.split()) in title
    assert body == "You decide: approve or reject the request."


def test_an_instructor_has_a_profile_too(ines: User) -> None:
    profile = {"title": "Dr", "about": "Teaches."}
    assert by_token(ines).patch(ME, {"instructor_profile": profile}).json()["instructor_profile"] == profile
    assert by_token(ines).patch(ME, {"instructor_profile": {"title": "Prof."}}).status_code == 200
    assert InstructorProfile.objects.get().about == "Teaches."


def test_a_change_overwrites_nothing_that_happened_meanwhile(ana: User) -> None:
    client = by_token(ana)
    from users import accounts

    stale = User.objects.get()
    User.objects.update(failed_login_attempts=3, bio="New.")
    accounts.change_profile(user=stale, first_name="Anna")
    ana.refresh_from_db()
    assert (ana.failed_login_attempts, ana.bio, ana.first_name) == (3, "New.", "Anna")
    assert client.get(ME).json()["first_name"] == "Anna"


def test_a_change_by_cookie_wants_the_csrf_token(ana: User) -> None:
    browser = by_cookie(ana)
    assert browser.patch(ME, {"bio": "x"}).status_code == 403
    assert browser.patch(ME, {"bio": "x"}, format="multipart").status_code == 403
    assert browser.delete(ME, {"password": "studybeat"}).status_code == 403
    token = browser.get(ME).cookies["csrftoken"].value
    assert browser.patch(ME, {"bio": "x"}, HTTP_X_CSRFTOKEN=token).status_code == 200


# The address: whoever reads it can have the password reset


@pytest.mark.parametrize("address", ["new@example.org", "ANA@example.org"])
def test_another_address_is_to_be_verified_and_the_old_one_is_told(ana: User, address: str) -> None:
    User.objects.update(email_verified=True, language="de")
    answer = by_token(ana).patch(ME, {"email": address})
    assert (answer.status_code, answer.json()["email"], answer.json()["email_verified"]) == (200, address, False)
    assert send_mails() == ["ana@example.org", address]
    assert mail.outbox[0].subject == "Dein Konto hat eine andere E-Mail-Adresse"
    assert "http://127.0.0.1:8000/profile" in mail.outbox[0].body


def test_an_address_that_was_never_verified_is_told_nothing(ana: User) -> None:
    by_token(ana).patch(ME, {"email": "new@example.org"})
    assert send_mails() == ["new@example.org"]


# The picture


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("JPEG", {}), ("WEBP", {}), ("GIF", {})],
)
def test_a_picture_is_encoded_anew(ana: User, kind: str, options: dict[str, Any], media: Path) -> None:
    answer = upload(ana, picture(kind, **options), bio="With a picture.")
    assert answer.status_code == 200, answer.content
    assert answer.json()["bio"] == "With a picture."
    shown = by_token(ana).get(answer.json()["avatar"])
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/webp")
    assert shown["X-Content-Type-Options"] == "nosniff"
    with Image.open(io.BytesIO(shown.content)) as kept:
        assert (kept.format, kept.size) == ("WEBP", (512, 512))
    assert len(list(media.iterdir())) == 1
    assert anonymous().get(answer.json()["avatar"]).status_code == 401


def test_whoever_has_none_sees_none(ana: User, ben: User) -> None:
    upload(ben, picture())
    answer = by_token(ana).get("/api/v1/me/avatar/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_it_is_turned_upright_and_says_nothing_of_where_it_was_taken(ana: User, media: Path) -> None:
    photo = Image.new("RGB", (600, 600), "red")
    photo.paste("blue", (0, 0, 600, 300))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    exif[0x010E] = "taken at home"
    file = io.BytesIO()
    photo.save(file, "JPEG", exif=exif, comment=b"taken at home")
    upload(ana, file.getvalue())
    (kept,) = media.iterdir()
    assert b"taken at home" not in kept.read_bytes()
    with Image.open(kept) as shown:
        assert not shown.getexif()
        top, bottom = shown.convert("RGB").getpixel((256, 50)), shown.convert("RGB").getpixel((256, 460))
    assert top[0] > 200 > bottom[0], "red is above now"


def test_a_new_picture_takes_the_place_of_the_old_and_null_removes_it(
    ana: User, media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            upload(ana, picture())
        assert len(list(media.iterdir())) == 1
    with django_capture_on_commit_callbacks(execute=True):
        assert by_token(ana).patch(ME, {"avatar": None}).json()["avatar"] is None
    assert not list(media.iterdir())
    assert by_token(ana).get("/api/v1/me/avatar/").status_code == 404


def test_a_change_that_fails_leaves_no_file(ana: User, ben: User, media: Path) -> None:
    answer = upload(ana, picture(), email=ben.email)
    assert answer.json()["fields"] == {"email": ["Somebody uses this e-mail address already."]}
    assert not media.exists() or not list(media.iterdir())


def test_what_hangs_behind_a_picture_goes(ana: User, media: Path) -> None:
    """A polyglot: a picture to one reader, a page to another."""
    upload(ana, picture() + b"<script>alert(1)</script>PK\x05\x06" + bytes(18))
    (kept,) = media.iterdir()
    assert b"script" not in kept.read_bytes()
    assert b"PK" not in kept.read_bytes()


def png(width: int, height: int) -> bytes:
    """A small file that says it is a large picture: a decompression bomb."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    lines = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (SVG, "that can be read"),
        (b"<html><script>alert(1)</script>", "that can be read"),
        (b"%PDF-1.7 no picture", "that can be read"),
        (b"GIF89a" + bytes(3), "that can be read"),
        (picture("BMP"), "that can be read"),
        (picture("TIFF"), "that can be read"),
        (picture("ICO"), "that can be read"),
        (picture("PDF"), "that can be read"),
        (picture()[:200], "that can be read"),
        (png(20_000, 20_000), "million pixels"),
        (png(4_001, 4_000), "million pixels"),
        (png(2**31 - 1, 2**31 - 1), "million pixels"),
        (picture() + bytes(avatars.MAX_BYTES), "more than 5 MiB"),
    ],
    ids=[
        "empty", "svg", "html", "pdf", "stub", "bmp", "tiff", "ico", "as pdf", "cut off", "bomb", "no jpeg",
        "huge bomb", "large",
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused(ana: User, media: Path, data: bytes, says: str) -> None:
    answer = upload(ana, data)
    assert answer.status_code == 400
    assert says in answer.json()["fields"]["avatar"][0]
    assert not media.exists()


def test_broken_pictures_are_refused_or_read_and_break_nothing(ana: User) -> None:
    from tests.counts import count, seeded

    chance = seeded()
    whole = [picture(kind, (40, 40)) for kind in ("PNG", "JPEG", "WEBP", "GIF")]
    for _ in range(count(200, 5_000)):
        broken = bytearray(chance.choice(whole))
        for _ in range(chance.randrange(1, 8)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        del broken[chance.randrange(1, len(broken) + 1) :]
        try:
            avatars.read(io.BytesIO(broken), len(broken))
        except avatars.NoPicture:
            continue


def test_the_name_of_the_upload_does_not_matter(ana: User, media: Path) -> None:
    assert upload(ana, picture(), "../../evil.html").status_code == 200
    (kept,) = media.iterdir()
    assert kept.suffix == ".webp"
    assert default_storage.exists(f"avatars/{kept.name}")
