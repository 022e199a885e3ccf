"""Everything that is held on somebody, as a zip of JSON files: one for each kind, and their picture.

Written to a file on disk row by row, so memory stays small however much there is; then the connection to the database
is given back, so a slow download holds nothing but the file.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from psycopg.types.range import Range

from users.models import User
from users.personal_data import registered

ROWS_AT_ONCE = 500


class Encoder(DjangoJSONEncoder):
    """Durations as seconds, ranges as pairs, decimals as numbers."""

    def default(self, value: Any) -> Any:
        if isinstance(value, timedelta):
            return value.total_seconds()
        if isinstance(value, Decimal):
            return float(value)
        if isinstance(value, Range):
            return [value.lower, value.upper]
        return super().default(value)


def write(user: User) -> IO[bytes]:
    """A temporary file with the archive, at its beginning; whoever gets it closes it."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # handed on
    with transaction.atomic(), ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for data in registered():
            columns = data.columns()
            rows = data.of(user).order_by("pk").values_list(*columns).iterator(chunk_size=ROWS_AT_ONCE)
            names = list(columns.values())
            with archive.open(f"{data.name}.json", "w", force_zip64=True) as entry:
                for piece in _json(dict(zip(names, row, strict=True)) for row in rows):
                    entry.write(piece)
        with suppress(FileNotFoundError, ValueError):  # there is none
            archive.writestr("avatar.webp", user.avatar.read())
    file.seek(0)
    return file


def _json(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """A JSON list, one row a line."""
    before = "["
    for row in rows:
        yield f"{before}\n{json.dumps(row, cls=Encoder, ensure_ascii=False)}".encode()
        before = ","
    yield b"[]\n" if before == "[" else b"\n]\n"
