"""Bodies of responses that are made while they are sent: an open file, and whatever gives pieces.

Django's own FileResponse would read all of a file into memory under ASGI. Nobody keeps a database connection while a
piece is sent: a phone may take minutes over it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import IO

from asgiref.sync import sync_to_async
from django.db import connection

CHUNK_BYTES = 128 * 1024


class FileBody:
    """A stretch of an open file, read chunk by chunk in a thread; closes the file."""

    def __init__(self, file: IO[bytes], *, start: int = 0, length: int) -> None:
        self._file = file
        self._start = start
        self._length = length

    async def __aiter__(self) -> AsyncIterator[bytes]:
        await sync_to_async(_return_connection)()
        left = self._length
        try:
            await asyncio.to_thread(self._file.seek, self._start)
            while left and (chunk := await asyncio.to_thread(self._file.read, min(left, CHUNK_BYTES))):
                left -= len(chunk)
                yield chunk
        finally:
            self.close()

    def close(self) -> None:
        self._file.close()


async def one_by_one(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """What an iterator gives, each piece made in the request's thread once the one before is sent."""
    while piece := await sync_to_async(_next)(pieces):
        yield piece


def _next(pieces: Iterator[bytes]) -> bytes:
    try:
        return next(pieces, b"")
    finally:
        _return_connection()


def _return_connection() -> None:
    """Give the request's database connection back to the pool, unless a transaction (a test's) holds it."""
    if not connection.in_atomic_block:
        connection.close()
