"""A WebM film from pictures, without a video encoder: a lossy WebP is one VP8 key frame, and WebM is a box of them.

Only what a short silent film needs. The elements: https://www.matroska.org/technical/elements.html, and which of them
WebM has: https://www.webmproject.org/docs/container/
"""

from collections.abc import Iterable
from io import BytesIO
from struct import pack

from PIL.Image import Image

KEY_FRAME = 0x80


def film(frames: Iterable[Image], *, frames_a_second: int, quality: int = 60) -> bytes:
    """The bytes of a WebM file that shows these pictures, all of one size. A player can jump to each of them."""
    frame_ms = 1000 // frames_a_second
    width = height = count = 0
    clusters, cue_points = b"", []
    for count, frame in enumerate(frames, start=1):
        width, height = frame.size
        cue_points.append(((count - 1) * frame_ms, len(clusters)))
        block = bytes([0x81, 0, 0, KEY_FRAME]) + key_frame(frame, quality)  # track 1, 0 ms into its cluster
        clusters += element("1F43B675", number("E7", (count - 1) * frame_ms) + element("A3", block))
    info = (
        number("2AD7B1", 1_000_000)  # a tick is a millisecond
        + element("4489", pack(">d", count * frame_ms))  # duration
        + text("4D80", "Studybeat")  # written by
        + text("5741", "Studybeat")
    )
    track = (
        number("D7", 1)  # number
        + number("73C5", 1)  # unique id
        + number("83", 1)  # a video
        + text("86", "V_VP8")
        + element("E0", number("B0", width) + number("BA", height))
    )
    head = element("1549A966", info) + element("1654AE6B", element("AE", track))
    # The cues come first, where a player finds them at once; their length does not depend on what they say.
    offset = len(head) + len(cues(cue_points, 0))
    return EBML_HEAD + element("18538067", head + cues(cue_points, offset) + clusters)


def cues(points: list[tuple[int, int]], offset: int) -> bytes:
    """Where to jump to: for each time in milliseconds its cluster's position, this far into the segment."""
    return element(
        "1C53BB6B",
        b"".join(
            element("BB", number("B3", time) + element("B7", number("F7", 1) + number("F1", offset + position)))
            for time, position in points
        ),
    )


def key_frame(picture: Image, quality: int) -> bytes:
    """The VP8 key frame that a picture's WebP is made of: the one chunk in its RIFF box."""
    webp = BytesIO()
    picture.convert("RGB").save(webp, "WEBP", quality=quality)
    box = webp.getvalue()
    assert box[12:16] == b"VP8 ", "a lossy WebP without transparency is one such chunk"
    return box[20 : 20 + int.from_bytes(box[16:20], "little")]


def element(identity: str, body: bytes) -> bytes:
    """An element of this id (in hexadecimal), its length in eight bytes."""
    return bytes.fromhex(identity) + (1 << 56 | len(body)).to_bytes(8, "big") + body


def number(identity: str, value: int) -> bytes:
    return element(identity, value.to_bytes(8, "big"))


def text(identity: str, value: str) -> bytes:
    return element(identity, value.encode())


EBML_HEAD = element(
    "1A45DFA3",
    number("4286", 1)  # EBML's version, and the least that a reader needs
    + number("42F7", 1)
    + number("42F2", 4)  # the longest id and the longest length, in bytes
    + number("42F3", 8)
    + text("4282", "webm")
    + number("4287", 4)  # WebM's version, and the least that a reader needs
    + number("4285", 2),
)
