"""A conversation with a started server, written down as it happens, and what of it differs each time."""

import json
import re
import textwrap
import time
from asyncio import sleep
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from realtime.reference import schemas
from tests.learner import Frame, Learner

WIDTH = 110
VOLATILE = [
    (r"\s+", " "),  # where a line is broken depends on how long the rest is
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
    (r'"\d{4}-\d\d-\d\dT[^"]+"', "TIME"),
    (r'"(id|session|content|now_ms|reconnect_after_ms)": \d+', r'"\1": N'),
]


def masked(text: str) -> str:
    """The text without what no two conversations share: names, clocks, chance."""
    for pattern, instead in VOLATILE:
        text = re.sub(pattern, instead, text)
    return text


class Transcript:
    """Headings, prose, and lines of a conversation, as Markdown."""

    def __init__(self, title: str, prose: str) -> None:
        self.parts = [f"# {title}\n\n{prose}\n"]
        self.lines: list[str] = []

    def scene(self, title: str, prose: str) -> None:
        """Begin a part; `prose` says what is about to happen."""
        self._end_scene()
        self.parts.append(f"## {title}\n\n{prose}\n")

    def line(self, who: str, arrow: str, what: str | Frame, before: str = "") -> None:
        text = " ".join(filter(None, [before, what if isinstance(what, str) else json.dumps(what)]))
        self.lines += textwrap.wrap(
            f"{who} {arrow} {text}",
            WIDTH,
            subsequent_indent=" " * (len(who) + 3),
            break_long_words=False,
            break_on_hyphens=False,
        )

    def text(self) -> str:
        self._end_scene()
        return "\n".join(self.parts)

    def _end_scene(self) -> None:
        if self.lines:
            self.parts.append("\n".join(["```", *self.lines, "```", ""]))
        self.lines = []


class Page:
    """One websocket of the conversation. `until` waits for the session's clock, so that what it claims is true."""

    def __init__(self, transcript: Transcript, who: str, url: str, token: str) -> None:
        self.transcript = transcript
        self.who = who
        self.learner = Learner(url, token=token)

    async def __aenter__(self) -> "Page":
        await self.learner.connect()
        self.transcript.line(self.who, "→", "GET /ws/, subprotocol studybeat.v1, Authorization: Bearer …")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.learner.close()
        assert self.learner._waiting == [], "it heard more than was written down"
        schema = Draft202012Validator(schemas.documents()["server-frame"])
        for frame in self.learner.frames:
            schema.validate(frame)

    async def says(self, type: str, **fields: Any) -> None:
        frame = {"type": type, **fields}
        self.transcript.line(self.who, "→", frame)
        await self.learner.send(frame)

    async def hears(self, type: str, **fields: Any) -> Frame:
        frame = await self.learner.expect(type, **fields)
        self.transcript.line(self.who, "←", frame)
        if type == "session.opened":
            self.began = time.monotonic() - frame["now_ms"] / 1000
        return frame

    async def hears_the_close(self) -> None:
        self.transcript.line(self.who, "←", f"close {await self.learner.closed()}")

    async def until(self, at_ms: int) -> None:
        await sleep(max(0, self.began + at_ms / 1000 - time.monotonic()))


class Poster:
    """A page without a websocket."""

    def __init__(self, transcript: Transcript, who: str, url: str, token: str) -> None:
        self.transcript = transcript
        self.who = who
        self.http = httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, trust_env=False)

    async def posts(self, path: str, body: Frame) -> Frame:
        self.transcript.line(self.who, "→", body, f"POST /api/v1/{path}")
        response = await self.http.post(f"/api/v1/{path}", json=body)
        answer: Frame = response.json()
        self.transcript.line(self.who, "←", answer, str(response.status_code))
        return answer
