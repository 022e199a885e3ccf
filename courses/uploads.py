"""What may be uploaded into a course. The bytes decide what a file is; its name is only a name.

Each function takes an uploaded file and gives the one to keep, or raises BadUpload. An image is decoded and written
anew, so that nothing of it survives but the picture: no place where it was taken, no script behind its last byte.
A video is known by what holds it (`courses/films.py`). Any other file is kept as it is, and served as a download.
"""

import io
import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.files.base import ContentFile, File
from PIL import Image, ImageOps, ImageSequence

from courses import films
from users.avatars import may_decode

if TYPE_CHECKING:
    Upload = File[bytes]
else:
    Upload = File

IMAGE_PIXELS = 24_000_000
"""All frames of a picture together: decoded, 96 MB."""
IMAGE_FRAMES = 500

TOO_MANY_PIXELS = f"This picture is too large: at most {IMAGE_PIXELS:,} pixels, all frames together."

IMAGE_SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "MPO": ".jpg", "GIF": ".gif", "WEBP": ".webp"}
"""What Pillow may decode. MPO is the JPEG of phones that keep a second picture behind the first."""

SIGNATURES = {
    ".avif": rb"....ftypavi[fs]",
    ".gif": rb"GIF8[79]a",
    ".jpeg": rb"\xff\xd8\xff",
    ".jpg": rb"\xff\xd8\xff",
    ".png": rb"\x89PNG\r\n\x1a\n",
    ".webp": rb"RIFF....WEBP",
    ".m4v": rb"....ftyp",
    ".mov": rb"....(ftyp|moov|mdat|wide|free)",
    ".mp4": rb"....ftyp",
    ".ogv": rb"OggS",
    ".webm": rb"\x1a\x45\xdf\xa3",
    ".pdf": rb"%PDF-",
}
"""How the files begin that a browser may show in place (`media.INLINE_TYPES`)."""


class BadUpload(Exception):
    """It is not what it should be; the message is a sentence for people."""


def image(upload: Upload) -> Upload:
    """The picture, written anew in its own format and upright."""
    _bounded(upload, "image")
    try:
        with may_decode, Image.open(upload, formats=("PNG", "JPEG", "GIF", "WEBP")) as picture:
            kind = picture.format or ""
            allowed = min(IMAGE_FRAMES, IMAGE_PIXELS // (picture.width * picture.height))
            if allowed == 0 or (kind != "MPO" and _has_frame(picture, allowed)):
                raise BadUpload(TOO_MANY_PIXELS)
            return ContentFile(_written_anew(picture, kind), _stem(upload) + IMAGE_SUFFIXES[kind])
    except BadUpload:
        raise
    except Image.DecompressionBombError:
        raise BadUpload(TOO_MANY_PIXELS) from None
    except Exception:  # whatever Pillow chokes on: it has no error of its own for it
        raise BadUpload("This is no picture that we know: PNG, JPEG, GIF or WebP.") from None


def _has_frame(picture: Image.Image, number: int) -> bool:
    try:
        picture.seek(number)
    except EOFError:
        picture.seek(0)
        return False
    return True


def _written_anew(picture: Image.Image, kind: str) -> bytes:
    written = io.BytesIO()
    if kind in {"GIF", "WEBP", "PNG"} and getattr(picture, "is_animated", False):
        frames, durations = [], []
        for frame in ImageSequence.Iterator(picture):
            frames.append(_bare(frame.convert("RGBA")))
            durations.append(frame.info.get("duration", 100))
        frames[0].save(
            written,
            kind,
            save_all=True,
            append_images=frames[1:],
            duration=durations,
            loop=picture.info.get("loop", 0),
        )
    else:
        upright = _bare(ImageOps.exif_transpose(picture))
        upright.save(written, "JPEG" if kind == "MPO" else kind, quality=90)
    return written.getvalue()


def _bare(picture: Image.Image) -> Image.Image:
    """The pixels alone, with what is needed to show them right: Pillow would else write comments back."""
    picture.info = {name: picture.info[name] for name in ("transparency", "icc_profile") if name in picture.info}
    return picture


def video(upload: Upload) -> Upload:
    """The film, as it is; MP4 or WebM."""
    _bounded(upload, "video")
    if films.is_mp4(upload):
        return _named(upload, ".mp4")
    if films.is_webm(upload):
        return _named(upload, ".webm")
    raise BadUpload("This is no video that every browser plays: MP4 or WebM.")


def captions(upload: Upload) -> Upload:
    """Captions as WebVTT."""
    _bounded(upload, "captions")
    upload.seek(0)
    try:
        text = upload.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadUpload("Captions are UTF-8.") from None
    if not re.match(r"WEBVTT([ \t\r\n]|\Z)", text) or "\0" in text:
        raise BadUpload("Captions are WebVTT: they begin with a line WEBVTT.")
    return ContentFile(text.encode(), _stem(upload) + ".vtt")


def file(upload: Upload) -> Upload:
    """Any file, as it is; but one whose name says that a browser may show it must be what the name says."""
    _bounded(upload, "file")
    suffix = _cut(PurePath(upload.name or "").suffix.lower(), characters=20, octets=60)
    upload.seek(0)
    if suffix in SIGNATURES and not re.match(SIGNATURES[suffix], upload.read(16), re.DOTALL):
        raise BadUpload(f"The name says {suffix}, but that is not what is in the file.")
    return _named(upload, suffix)


JUDGES = {"image": {"file": image}, "video": {"file": video, "captions": captions}, "file": {"file": file}}
"""Which function judges which field of which kind of item, whoever sends it."""


def _named(upload: Upload, suffix: str) -> Upload:
    """The same file, at its beginning; moved where it belongs, not copied, when it lies on the disk already."""
    upload.seek(0)
    upload.name = _stem(upload) + suffix
    return upload


def _bounded(upload: Upload, kind: str) -> None:
    most = settings.UPLOAD_MAX_BYTES[kind]
    if upload.size > most:
        raise BadUpload(f"This is too large: at most {most // 1024**2} MiB.")


def _stem(upload: Upload) -> str:
    """What is before the suffix of its name."""
    return _cut(PurePath(upload.name or "").stem, characters=50, octets=150) or "file"


def _cut(name: str, *, characters: int, octets: int) -> str:
    """Its beginning, short enough for the column and for a file system, which counts bytes (255 for a name)."""
    return name[:characters].encode()[:octets].decode(errors="ignore")
