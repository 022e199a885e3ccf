"""A websocket client for tests, which knows the wire and nothing of the server."""

import asyncio
import json
import uuid
from types import TracebackType
from typing import Any, Self

import websockets

DEADLINE_SECONDS = 20.0
Frame = dict[str, Any]


class Learner:
    """One connection. `frames` holds every frame that ever came, in order; `expect` takes them one by one.

        async with Learner(site.ws(0), token=token_of(ana)) as learner:
            await learner.hello()
            opened = await learner.open(course="intro", content=content.pk)
            await learner.samples(opened["session"], [(1, 0, "engaged", 0)])
            ack = await learner.expect("session.ack", seq=1)

    `token` goes into the Authorization header, `cookie` is the session cookie's value; `origin` its Origin.
    Anything else goes to `websockets.connect`.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        cookie: str | None = None,
        origin: str | None = None,
        subprotocols: list[str] | None = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> None:
        self.url = url
        self.headers = dict(headers or {})
        if token is not None:
            self.headers["Authorization"] = f"Bearer {token}"
        if cookie is not None:
            self.headers["Cookie"] = f"sessionid={cookie}"
        self.origin = origin
        self.subprotocols = ["studybeat.v1"] if subprotocols is None else subprotocols
        self.options = options
        self.frames: list[Frame] = []
        self._waiting: list[Frame] = []
        self._news = asyncio.Condition()
        self._is_closed = False

    async def connect(self) -> Self:
        self.socket = await websockets.connect(
            self.url,
            origin=self.origin,  # type: ignore[arg-type]
            subprotocols=self.subprotocols or None,  # type: ignore[arg-type]
            additional_headers=self.headers,
            compression=None,
            ping_interval=None,
            max_size=None,
            open_timeout=DEADLINE_SECONDS,
            close_timeout=5,
            proxy=None,
            **self.options,
        )
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _read(self) -> None:
        try:
            async for text in self.socket:
                frame = json.loads(text)
                async with self._news:
                    self.frames.append(frame)
                    self._waiting.append(frame)
                    self._news.notify_all()
        except websockets.ConnectionClosed:
            pass
        finally:
            async with self._news:
                self._is_closed = True
                self._news.notify_all()

    # What it says

    async def send(self, frame: Frame | str | bytes) -> None:
        """A dict as JSON; text and bytes as they are, for what no client should send."""
        await self.socket.send(json.dumps(frame) if isinstance(frame, dict) else frame)

    async def hello(self, **fields: Any) -> Frame:
        """Say hello; the `welcome`."""
        await self.send({"type": "hello", **fields})
        return await self.expect("welcome")

    async def open(self, *, course: str, content: int | None = None, key: str | None = None, **fields: Any) -> Frame:
        """Open a session, by default under a new key; the `session.opened`."""
        key = key or str(uuid.uuid4())
        frame: Frame = {"type": "session.open", "ref": f"open {key}", "key": key, "course": course, **fields}
        if content is not None:
            frame["content"] = content
        await self.send(frame)
        return await self.expect("session.opened", ref=frame["ref"])

    async def samples(self, session: int, samples: list[tuple[int, int, str, int]]) -> None:
        """Send samples, each `(seq, at, state, interactions)`."""
        await self.send({"type": "session.samples", "session": session, "samples": as_frames(samples)})

    async def close_session(self, session: int, samples: list[tuple[int, int, str, int]] | None = None) -> Frame:
        """Close a session, with its last samples; the `session.closed`."""
        ref = f"close {session}"
        await self.send({"type": "session.close", "ref": ref, "session": session, "samples": as_frames(samples or [])})
        return await self.expect("session.closed", ref=ref)

    # What it hears

    async def expect(self, type: str, *, within: float = DEADLINE_SECONDS, **fields: Any) -> Frame:
        """The first frame not yet taken of this type and with these values, come already or still to come.

        Fails when the connection closes first, or after `within` seconds; other frames stay for later.
        """
        wanted = {"type": type, **fields}
        try:
            async with asyncio.timeout(within), self._news:
                while True:
                    for frame in self._waiting:
                        if wanted.items() <= frame.items():
                            self._waiting.remove(frame)
                            return frame
                    assert not self._is_closed, (
                        f"closed with {self.socket.close_code} before {wanted}; not taken: {self._waiting[-10:]}"
                    )
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"no {wanted} within {within} s; not taken: {self._waiting[-10:]}") from None

    async def expect_error(self, code: str, **fields: Any) -> Frame:
        return await self.expect("error", code=code, **fields)

    def seen(self, type: str, **fields: Any) -> list[Frame]:
        """Every such frame that came so far, taken or not."""
        return [frame for frame in self.frames if {"type": type, **fields}.items() <= frame.items()]

    async def closed(self, *, within: float = DEADLINE_SECONDS) -> int:
        """Wait for the server to close; the close code (1006 when there was no close frame)."""
        async with asyncio.timeout(within):
            await self.socket.wait_closed()
            await self._reader
        code = self.socket.close_code
        assert code is not None
        return code

    # How it ends

    async def close(self) -> None:
        """Close in good order."""
        await self.socket.close()
        await self._reader

    async def vanish(self) -> None:
        """Drop the connection without a word, as a phone in a tunnel does."""
        self.socket.transport.abort()
        await self._reader


def as_frames(samples: list[tuple[int, int, str, int]]) -> list[Frame]:
    return [dict(zip(("seq", "at", "state", "interactions"), sample, strict=True)) for sample in samples]
