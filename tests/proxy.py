"""A TCP proxy for faults in between: slow, silent, refusing, or cutting a connection at the very byte that matters.

It lives on a thread of its own, so a test may block or await as it likes.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

POSTGRES_COMMITTED = b"COMMIT\x00"
"""In PostgreSQL's answer to a COMMIT. A statement that commits by itself answers `UPDATE 3`, `INSERT 0 1`, …"""

Hook = Callable[[bytes], bool]


class Proxy:
    """Between clients and `upstream`, a `(host, port)` or a unix socket's path. Use it as a context manager.

    `latency`  seconds that every piece of data is held back, each way
    `refuses`  reset new connections at once
    """

    def __init__(self, upstream: tuple[str, int] | str) -> None:
        self.upstream = upstream
        self.latency = 0.0
        self.refuses = False
        self._hook: Hook | None = None
        self._links: set[Link] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @classmethod
    def for_database(cls, url: str) -> Self:
        """A proxy before the PostgreSQL of this address; `database_url(url)` then leads through it."""
        parts = urlsplit(url)
        host = dict(parse_qsl(parts.query)).get("host") or unquote(parts.hostname or "127.0.0.1")
        port = parts.port or 5432
        return cls(f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port))

    def database_url(self, url: str) -> str:
        """The same database by way of this proxy, in the clear, so that a hook can read it."""
        parts = urlsplit(url)
        user = parts.netloc.rpartition("@")[0]
        return parts._replace(
            netloc=f"{user}@127.0.0.1:{self.port}", query="sslmode=disable&gssencmode=disable"
        ).geturl()

    def __enter__(self) -> Self:
        self._thread.start()
        self._flowing = self._call(self._new_event())
        self._server = self._call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # Faults

    def black_hole(self) -> None:
        """Let nothing through, either way, and say nothing. Nothing is lost: `heal` lets it go on."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def heal(self) -> None:
        """No fault any more; open connections go on."""
        self.latency, self.refuses, self._hook = 0.0, False, None
        self._loop.call_soon_threadsafe(self._flowing.set)

    def cut(self) -> int:
        """Reset every open connection, both ways; how many."""
        return self._call(self._cut())

    def on_answer(self, hook: Hook) -> None:
        """Call `hook` with each piece of data on its way back (on the proxy's thread). True: reset that connection
        at once; the client never sees the data."""
        self._hook = hook

    def cut_at_answer(self, marker: bytes = POSTGRES_COMMITTED) -> threading.Event:
        """Once: reset the connection whose answer contains `marker`, before the client sees it. Set when done."""
        done = threading.Event()

        def hook(data: bytes) -> bool:
            if done.is_set() or marker not in data:
                return False
            done.set()
            return True

        self.on_answer(hook)
        return done

    @property
    def connections(self) -> int:
        return len(self._links)

    # Inside, on the proxy's thread

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _new_event(self) -> asyncio.Event:
        event = asyncio.Event()
        event.set()
        return event

    async def _cut(self) -> int:
        links = list(self._links)
        for link in links:
            link.reset()
        return len(links)

    async def _close(self) -> None:
        self._server.close()
        await self._cut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            reset(writer)
            return
        try:
            if isinstance(self.upstream, str):
                up_reader, up_writer = await asyncio.open_unix_connection(self.upstream)
            else:
                up_reader, up_writer = await asyncio.open_connection(*self.upstream)
        except OSError:
            reset(writer)
            return
        link = Link(writer, up_writer)
        self._links.add(link)
        try:
            await asyncio.gather(
                self._pump(reader, up_writer, link, is_answer=False),
                self._pump(up_reader, writer, link, is_answer=True),
            )
        except OSError:
            link.reset()
        except asyncio.CancelledError:
            pass  # the proxy ends; asyncio would log a connection's task that was cancelled as a fault
        finally:
            self._links.discard(link)
            link.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: "Link", *, is_answer: bool
    ) -> None:
        while data := await reader.read(65_536):
            if self.latency:
                await asyncio.sleep(self.latency)
            await self._flowing.wait()
            if is_answer and self._hook is not None and self._hook(data):
                link.reset()
                return
            writer.write(data)
            await writer.drain()
        await self._flowing.wait()
        with contextlib.suppress(OSError):
            writer.write_eof()


class Link:
    """One client's connection and its other half."""

    def __init__(self, *writers: asyncio.StreamWriter) -> None:
        self.writers = writers

    def reset(self) -> None:
        for writer in self.writers:
            reset(writer)

    def close(self) -> None:
        for writer in self.writers:
            writer.close()


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST where the socket knows it, not with an orderly end."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
