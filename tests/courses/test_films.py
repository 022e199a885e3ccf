"""How long a film is by its own word, of good files and of broken ones."""

import struct
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from PIL import Image
from rest_framework.test import APIClient

from courses import films
from courses.models import Content, Video
from lms.demo import webm
from tests.counts import count, seeded
from tests.courses.uploads import MP4, MVHD, WEBM, mp4, upload
from tests.rest import by_token
from users.models import User


def recorded(*facts: bytes) -> bytes:
    """A WebM with these facts, of a length that is not known yet, as a browser records it."""
    segment = webm.element("EC", b"void") + webm.element("1549A966", b"".join(facts)) + webm.element("1F43B675", b"")
    return WEBM[:12] + b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + segment


LATE = struct.pack(">IQQIQ", 1 << 24, 1, 2, 90_000, 8_145_000) + b"\0" * 80
SHORT = webm.element("4489", struct.pack(">f", 90_500.0))
NINETY = timedelta(seconds=90.5)
SAY: dict[str, bytes] = {
    "mp4": mp4(MVHD),
    "mp4 with long numbers": mp4(LATE),
    "webm": recorded(SHORT),
    "webm with ticks": recorded(webm.number("2AD7B1", 10**9), webm.element("4489", struct.pack(">d", 90.5))),
}
SILENT: dict[str, bytes] = {
    "mp4 without facts": MP4,
    "mp4 that streams": mp4(struct.pack(">IIIII", 0, 1, 2, 600, 0)),
    "mp4 without a scale": mp4(struct.pack(">IIIII", 0, 1, 2, 0, 54_300)),
    "mp4 cut off": mp4(MVHD[:18]),
    "mp4 of days": mp4(struct.pack(">IIIII", 0, 1, 2, 1, 2**31)),
    "mp4 that does not know": mp4(struct.pack(">IIIII", 0, 1, 2, 90_000, 2**32 - 1)),
    "webm without facts": WEBM,
    "webm that was recorded": recorded(webm.number("2AD7B1", 10**6)),
    "webm of no number": recorded(webm.element("4489", struct.pack(">d", float("nan")))),
    "webm of two bytes": recorded(webm.element("4489", b"12")),
    "nothing": b"",
}


def length(body: bytes) -> timedelta | None:
    return films.length(ContentFile(body, "film"))


@pytest.mark.parametrize("name", list(SAY))
def test_it_is_as_long_as_it_says(name: str) -> None:
    assert films.is_mp4(ContentFile(SAY[name])) != films.is_webm(ContentFile(SAY[name]))
    assert length(SAY[name]) == NINETY


def test_the_demos_film_is_as_long_as_it_was_made() -> None:
    frames = [Image.new("RGB", (16, 16), (number * 20, 0, 0)) for number in range(10)]
    assert length(webm.film(frames, frames_a_second=4)) == timedelta(seconds=2.5)


@pytest.mark.parametrize("name", list(SILENT))
def test_one_that_does_not_say_has_no_length(name: str) -> None:
    assert length(SILENT[name]) is None


@pytest.mark.parametrize("name", [*SAY, *SILENT])
def test_broken_bytes_are_no_trouble(name: str) -> None:
    rng = seeded()
    whole = {**SAY, **SILENT}[name]
    for _ in range(count(200, 5_000)):
        broken = bytearray(whole)
        for _ in range(rng.randrange(1, 4)):
            if broken:
                broken[rng.randrange(len(broken))] = rng.choice([0, 1, 255, rng.randrange(256)])
        found = length(bytes(broken[: rng.choice([len(broken), rng.randrange(len(broken) + 1)])]))
        assert found is None or timedelta() < found <= timedelta(days=1)


def test_an_uploaded_film_has_its_own_length_unless_its_author_says_otherwise(
    settings: Any, tmp_path: Path, ines: User, content: Content
) -> None:
    settings.MEDIA_ROOT = tmp_path
    author: APIClient = by_token(ines)
    path = f"/api/v1/contents/{content.pk}/items/"

    def sent(**fields: Any) -> dict[str, Any]:
        film = upload("film.mp4", SAY["mp4"])
        answer = author.post(path, {"kind": "video", "title": "Film", "file": film, **fields}, format="multipart")
        assert answer.status_code == 201, answer.json()
        return dict(answer.json())

    def changed(item: dict[str, Any], **fields: Any) -> float | None:
        answer = author.patch(f"/api/v1/items/{item['id']}/", fields, format="multipart")
        assert answer.status_code == 200, answer.json()
        return answer.json()["duration_seconds"]

    item = sent()
    assert item["duration_seconds"] == 90.5
    assert sent(duration_seconds="12")["duration_seconds"] == 12.0
    assert changed(item, title="Another title") == 90.5
    assert changed(item, duration_seconds="60") == 60.0
    assert changed(item, file=upload("film.webm", SAY["webm with ticks"])) == 90.5
    assert changed(item, file=upload("film.webm", WEBM)) is None
    assert Video.objects.count() == 2
