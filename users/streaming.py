"""An open file as the body of a response.

Django's own FileResponse would read all of it into memory under ASGI.
"""

import asyncio
from collections.abc import AsyncIterator
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


def _return_connection() -> None:
    """Give the request's database connection back to the pool, unless a transaction (a test's) holds it.

    A phone may take minutes over a video; the request keeps its connection until the last byte is sent.
    """
    if not connection.in_atomic_block:
        connection.close()
