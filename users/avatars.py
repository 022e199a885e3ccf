"""Pictures of people: decoded, turned upright, cut to a square and encoded anew.

What is kept is made of the pixels alone, so nothing else of the upload survives: no place and time (EXIF), no script,
no second file behind the first.
"""

from io import BytesIO
from threading import BoundedSemaphore
from typing import IO
from uuid import uuid4

from django.core.files.base import ContentFile
from PIL import Image, ImageOps

MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 40_000_000
DECODED_PIXELS = 16_000_000
"""What is held in memory at once: 70 to 190 MiB, by its kind. Of a large JPEG it is a fraction of its pixels."""
DECODES_AT_ONCE = 2
may_decode = BoundedSemaphore(DECODES_AT_ONCE)
"""Whoever decodes an upload holds this: a file of 60 KB may take 190 MiB, and many may come at once."""
SIDE_PIXELS = 512
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


class NoPicture(ValueError):
    """What was uploaded can't be used; the message says why."""


def read(upload: IO[bytes], size: int) -> "ContentFile[bytes]":
    """The picture to keep. Raises NoPicture."""
    if not size:
        raise NoPicture("This file is empty.")
    if size > MAX_BYTES:
        raise NoPicture(f"This picture has more than {MAX_BYTES // 1024**2} MiB.")
    try:
        with may_decode, Image.open(upload, formats=FORMATS) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise Image.DecompressionBombError  # Pillow's own bound is higher
            picture.draft("RGB", (SIDE_PIXELS, SIDE_PIXELS))  # a large JPEG is never decoded at full size
            if picture.width * picture.height > DECODED_PIXELS:
                raise Image.DecompressionBombError
            mode = "RGBA" if picture.has_transparency_data else "RGB"
            plain = picture if picture.mode == mode else picture.convert(mode)  # which copies all of it
            small = ImageOps.exif_transpose(ImageOps.fit(plain, (SIDE_PIXELS, SIDE_PIXELS)))
            made = BytesIO()
            Image.frombytes(small.mode, small.size, small.tobytes()).save(made, "WEBP", quality=85)
    except Image.DecompressionBombError as error:
        raise NoPicture("This picture has more than 16 million pixels (as a JPEG: 40 million).") from error
    except Exception as error:  # Pillow's decoders raise whatever a broken file leads to
        raise NoPicture("This is no JPEG, PNG, WebP or GIF picture that can be read.") from error
    return ContentFile(made.getvalue(), name=f"{uuid4().hex}.webp")
