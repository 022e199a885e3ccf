"""What the bytes of a film say of it: what holds it, MP4 or WebM, and how long it plays.

Read by offsets, and believed no further than that: nothing is decoded, and what makes no sense is not known.
"""

import re
import struct
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from django.core.files.base import File

if TYPE_CHECKING:
    Film = File[bytes]
else:
    Film = File

MP4_BRANDS: Final = {
    b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash", b"MSNV"
}  # fmt: skip
MOST_PARTS: Final = 10_000
"""So many boxes or elements are looked at."""

SEGMENT, INFO, CLUSTER, SCALE, DURATION = 0x18538067, 0x1549A966, 0x1F43B675, 0x2AD7B1, 0x4489
"""Elements of a WebM. What plays is in clusters, and the facts come before them."""

MOST_SECONDS: Final = 24 * 3_600
UNKNOWN_LENGTH: Final = 2**32 - 1
"""What an MP4 says of its length that is not known: with many ticks a second it would be less than a day."""

Part = tuple[int, int, int]
"""Its kind, and where what is in it begins and ends."""


def is_mp4(film: Film) -> bool:
    """Whether it is nothing but MP4 boxes from the first byte to the last, with a known brand and a `moov`."""
    boxes = list(_boxes(film, 0, film.size))
    if not boxes or boxes[0][0] != _kind(b"ftyp") or boxes[-1][2] != film.size:
        return False
    film.seek(boxes[0][1])
    return film.read(4) in MP4_BRANDS and any(kind == _kind(b"moov") for kind, *_ in boxes)


def is_webm(film: Film) -> bool:
    """Whether it begins with an EBML header of the type `webm` and a segment."""
    film.seek(0)
    head = film.read(128)
    return re.match(rb"\x1a\x45\xdf\xa3.{0,80}\x42\x82\x84webm.{0,40}\x18\x53\x80\x67", head, re.DOTALL) is not None


def length(film: Film) -> timedelta | None:
    """How long it plays by its own word; None where it does not say, as one that was recorded in a browser."""
    seconds = _mp4_seconds(film) if is_mp4(film) else _webm_seconds(film)
    return timedelta(seconds=seconds) if seconds is not None and 0.001 <= seconds <= MOST_SECONDS else None


# MP4 -------------------------------------------------------------------------------------------------------------


def _kind(name: bytes) -> int:
    return int.from_bytes(name, "big")


def _boxes(film: Film, at: int, end: int) -> Iterator[Part]:
    """The boxes between these places, up to one that can't be."""
    for _ in range(MOST_PARTS):
        if at >= end:
            return
        film.seek(at)
        header = film.read(16)
        size, kind, begins = _kind(header[:4]), _kind(header[4:8]), at + 8
        if size == 1:
            size, begins = _kind(header[8:16]), at + 16
        elif size == 0:  # up to the end
            size = end - at
        if size < begins - at:
            return
        yield kind, begins, at + size
        at += size


def _mp4_seconds(film: Film) -> float | None:
    for moov, begins, end in _boxes(film, 0, film.size):
        if moov != _kind(b"moov"):
            continue
        for mvhd, at, _ in _boxes(film, begins, min(end, film.size)):
            if mvhd == _kind(b"mvhd"):
                film.seek(at)
                facts = film.read(32)
                layout, skipped = (">IQ", 20) if facts[:1] == b"\1" else (">II", 12)
                facts = facts[skipped : skipped + struct.calcsize(layout)]
                if len(facts) < struct.calcsize(layout):
                    return None
                scale, lasts = struct.unpack(layout, facts)
                return lasts / scale if scale and lasts != UNKNOWN_LENGTH else None
    return None


# WebM ------------------------------------------------------------------------------------------------------------


def _elements(film: Film, at: int, end: int) -> Iterator[Part]:
    """The elements between these places, up to one that can't be."""
    while at < end:
        film.seek(at)
        head = film.read(12)
        name = 9 - head[0].bit_length() if head else 9
        if name > 4 or len(head) <= name:
            return
        number = 9 - head[name].bit_length()
        if number > 8 or len(head) < name + number:
            return
        begins = at + name + number
        unknown = (1 << 7 * number) - 1
        size = int.from_bytes(head[name : name + number], "big") & unknown
        at = end if size == unknown else begins + size
        yield int.from_bytes(head[:name], "big"), begins, min(at, end)


def _webm_seconds(film: Film) -> float | None:
    segments = (part for part in islice(_elements(film, 0, film.size), MOST_PARTS) if part[0] == SEGMENT)
    for _, begins, end in segments:
        for kind, at, until in islice(_elements(film, begins, end), MOST_PARTS):
            if kind == CLUSTER:
                return None
            if kind == INFO:
                return _info_seconds(film, at, until)
    return None


def _info_seconds(film: Film, at: int, end: int) -> float | None:
    facts: dict[int, bytes] = {}
    for kind, begins, until in islice(_elements(film, at, end), MOST_PARTS):
        if kind in (SCALE, DURATION) and until - begins <= 8:
            film.seek(begins)
            facts[kind] = film.read(until - begins)
    layout = {4: ">f", 8: ">d"}.get(len(facts.get(DURATION, b"")))
    if layout is None:
        return None
    nanoseconds = int.from_bytes(facts[SCALE], "big") if SCALE in facts else 1_000_000
    (lasts,) = struct.unpack(layout, facts[DURATION])
    return float(lasts) * nanoseconds / 1e9
