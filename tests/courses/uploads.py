"""Files to upload: good ones, and those that somebody makes who means harm."""

import io
import struct
import zlib

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, PngImagePlugin

MARK = b"<script>alert(1)</script>"
"""What nobody should find in a picture that was kept."""


def picture(kind: str = "PNG", size: tuple[int, int] = (8, 6), **options) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(written, kind, **options)
    return written.getvalue()


def animation(kind: str, frames: int = 3, size: tuple[int, int] = (8, 6)) -> bytes:
    written = io.BytesIO()
    pictures = [Image.new("RGB", size, (number * 90 % 256, number % 256, 90)) for number in range(frames)]
    pictures[0].save(written, kind, save_all=True, append_images=pictures[1:], duration=40, loop=0)
    return written.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A few kilobytes that say they are a picture of so many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(b"\0" * 1_000_000)),
            chunk(b"IEND", b""),
        )
    )


def text_bomb() -> bytes:
    """A small picture with a comment that grows to 64 MiB."""
    whole = picture()
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 64 * 1024**2))
    return whole[:33] + bomb + whole[33:]


def commented() -> dict[str, bytes]:
    """Pictures with a script in every place beside the pixels, by their names."""
    about = PngImagePlugin.PngInfo()
    about.add_text("Comment", MARK.decode())
    exif = Image.Exif()
    exif[0x010E] = MARK.decode()  # the description
    return {
        "behind.png": picture() + MARK,
        "text.png": picture(pnginfo=about),
        "exif.png": picture(exif=exif),
        "behind.jpg": picture("JPEG") + MARK,
        "comment.jpg": picture("JPEG", comment=MARK),
        "exif.jpg": picture("JPEG", exif=exif),
        "comment.gif": picture("GIF", comment=MARK),
        "behind.gif": picture("GIF") + MARK,
        "animated.gif": animation("GIF") + MARK,
        "behind.webp": picture("WEBP") + MARK,
        "exif.webp": picture("WEBP", exif=exif),
        "xmp.webp": picture("WEBP", xmp=MARK),
        "animated.webp": animation("WEBP") + MARK,
    }


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PDF = b"%PDF-1.7\n%%EOF\n"
ZIP = b"PK\x03\x04" + b"\0" * 40
MP4 = (
    struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"mp41")
    + struct.pack(">I4s", 16, b"moov")
    + b"\0" * 8
    + struct.pack(">I4sQ", 1, b"mdat", 32)
    + b"\0" * 16
)


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def mp4(mvhd: bytes) -> bytes:
    """With the film before the facts, and a box between."""
    facts = box(b"moov", box(b"free", b"12") + box(b"mvhd", mvhd))
    return box(b"ftyp", b"isom\0\0\0\0mp41") + struct.pack(">I4sQ", 1, b"mdat", 20) + b"film" + facts


MVHD = struct.pack(">IIIII", 0, 1, 2, 600, 54_300) + b"\0" * 80
"""90.5 s."""
WEBM = b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm\x18\x53\x80\x67\x80"
VTT = b"WEBVTT\n\n00:00.000 --> 00:02.000\nHello\n"


def upload(name: str, body: bytes) -> SimpleUploadedFile:
    """As a form sends it: the type it claims is worth nothing, so it is always the same."""
    return SimpleUploadedFile(name, body, content_type="image/png")
