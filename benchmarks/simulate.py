"""`make simulate LEARNERS=300`: a class at work on a running site, to watch.

One process with a socket for each learner, which knows the site by its public wire alone; what the learners do is in
learners.py. Accounts and tokens come from `manage.py simulated` (docs/decisions/0090). All of it from the environment:
LEARNERS, SEED (the same class again), MINUTES (how long the lesson lasts), PORT (of the site on this machine).
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from math import inf
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import websockets

from benchmarks import stage
from benchmarks.learners import MINUTE, Act, Learner, Page, Sample, learner

MOST_LEARNERS = 1_000
MOST_MINUTES = 600
FRAME = 100  # samples, at most
ANSWER_SECONDS = 20.0
GOODBYE_SECONDS = 5.0

Frame = dict[str, Any]


class Refused(Exception):
    """The server will not have this learner, or this page."""


BROKEN = (OSError, websockets.WebSocketException)
"""The line is, or was; what was not acknowledged is kept, and sent by the next one."""


class Room(NamedTuple):
    """Where the class meets: the site, and the course with its contents in order."""

    url: str
    course: str
    contents: list[int]


class Student:
    """Plays one learner, as a client that keeps to docs/protocol.md does. A line that breaks by itself is made anew at
    the page's next sample."""

    def __init__(self, learner: Learner, token: str, room: Room) -> None:
        self.learner = learner
        self.token = token
        self.room = room
        self._state = ""  # what the page said last
        self._has_finished = False
        self._line: websockets.ClientConnection | None = None
        self._is_cut = False  # by the learner's own doing
        self._answers: dict[str, asyncio.Future[Frame]] = {}
        self._session: int | None = None
        self._is_over = False
        self._kept: list[Frame] = []  # samples that are not known to be durable

    @property
    def standing(self) -> str:
        """For who looks at the class."""
        if self._has_finished:
            return "finished"
        if not self._state:
            return "to come"
        return self._state if self._line is not None else "lost"

    async def attend(self) -> None:
        """The whole lesson. When it is cancelled, the page that is open is closed."""
        await asyncio.sleep(self.learner.arrives / 1000)
        try:
            with suppress(Refused):
                for page in self.learner.pages:
                    await self._read(page)
        finally:
            self._has_finished = True
            await self._go()

    async def _read(self, page: Page) -> None:
        self._key, self._content = str(uuid4()), self.room.contents[page.content]
        self._kept, self._session, self._is_over, self._began = [], None, False, inf
        while not await self._open():  # noqa: ASYNC110 - it is tried anew
            await asyncio.sleep(random.uniform(1, 5))  # noqa: S311 - no secret
        if page is self.learner.pages[0]:
            for content in self.room.contents[: page.content]:
                await self._say({"type": "content.complete", "content": content})
        number = 0
        for step in page.steps:
            await asyncio.sleep(self._began + step.at / 1000 - asyncio.get_running_loop().time())
            if self._is_over:
                raise Refused
            match step:
                case Sample():
                    number += 1
                    await self._take({"seq": number, **step._asdict()})
                case Act():
                    await self._do(step)

    async def _take(self, sample: Frame) -> None:
        self._state = sample["state"]
        self._kept.append(sample)
        if self._line is not None:
            await self._say({"type": "session.samples", "session": self._session, "samples": [sample]})
        elif not self._is_cut:
            await self._open()

    async def _do(self, act: Act) -> None:
        match act.does:
            case "lose":
                self._is_cut = True
                self._drop()
            case "return":
                self._is_cut = False
                await self._open()
            case "ask":
                await self._say({"type": "help.raise", "session": self._session, "text": act.words})
            case "calm":
                await self._say({"type": "help.clear", "session": self._session})
            case "complete":
                await self._say({"type": "content.complete", "content": self._content})
            case "close":
                await self._close()
            case "vanish":
                self._drop()
                self._session = None

    # The line

    async def _open(self) -> bool:
        """Open the key, on a line that is made when there is none, and send what is kept. Raises Refused."""
        try:
            if self._line is None:
                await self._dial()
            place = {"key": self._key, "course": self.room.course, "content": self._content}
            opened = await self._ask({"type": "session.open", **place})
            now = asyncio.get_running_loop().time()
            self._began = min(self._began, now - opened["now_ms"] / 1000)
            self._session = opened["session"]
            self._forget(opened)
            for first in range(0, len(self._kept), FRAME):
                samples = self._kept[first : first + FRAME]
                await self._say({"type": "session.samples", "session": self._session, "samples": samples})
        except BROKEN:
            self._drop()
        return self._line is not None

    async def _dial(self) -> None:
        self._line = line = await websockets.connect(
            self.room.url.replace("http", "ws", 1) + "/ws/",
            subprotocols=[websockets.Subprotocol("studybeat.v1")],
            compression=None,
            ping_interval=None,
            proxy=None,
        )
        self._listening = asyncio.create_task(self._listen(line))
        device = self.learner.device
        await self._ask({"type": "hello", "token": self.token, "device_type": device}, answer="welcome")

    async def _listen(self, line: websockets.ClientConnection) -> None:
        with suppress(websockets.ConnectionClosed):
            async for text in line:
                frame = json.loads(text)
                if frame["type"] == "session.ack":
                    self._forget(frame)
                elif frame["type"] == "session.lost":
                    self._is_over = True
                elif (asked := self._answers.pop(frame.get("ref") or frame["type"], None)) and not asked.done():
                    asked.set_result(frame)
        if self._line is line:
            self._line, answers = None, self._answers
            self._answers = {}
            is_final = (line.close_code or 1006) >= 4500
            for asked in answers.values():
                if not asked.done():
                    asked.set_exception(Refused() if is_final else ConnectionError())

    def _forget(self, counted: Frame) -> None:
        """What is durable."""
        if counted["session"] == self._session:
            self._kept = [sample for sample in self._kept if sample["seq"] > counted["seq"]]

    async def _say(self, frame: Frame) -> None:
        """Send it, if there is a line."""
        if self._line is not None:
            with suppress(websockets.ConnectionClosed):
                await self._line.send(json.dumps(frame))

    async def _ask(self, frame: Frame, *, answer: str = "") -> Frame:
        """Send it; what comes back, by its `ref`, or by its type where it has none. Raises BROKEN, Refused."""
        if self._line is None:
            raise ConnectionError
        ref = answer or frame["type"]
        asked = self._answers[ref] = asyncio.get_running_loop().create_future()
        await self._line.send(json.dumps(frame if answer else {**frame, "ref": ref}))
        async with asyncio.timeout(ANSWER_SECONDS):
            answered: Frame = await asked
        if answered["type"] != "error":
            return answered
        if "retry_after_ms" in answered:
            raise ConnectionError(answered["message"])
        raise Refused(answered["message"])

    async def _close(self) -> None:
        """Where there is no line its lease ends it."""
        session, self._session = self._session, None
        with suppress(*BROKEN):
            await self._ask({"type": "session.close", "session": session})

    def _drop(self) -> None:
        """As in a tunnel: without a word."""
        line, self._line = self._line, None
        if line is not None:
            line.transport.abort()

    async def _go(self) -> None:
        with suppress(TimeoutError, Refused):
            async with asyncio.timeout(GOODBYE_SECONDS):
                if self._session is not None:
                    await self._close()
                if self._line is not None:
                    await self._line.close()


# The lesson ----------------------------------------------------------------------------------------------------


async def hold(students: Sequence[Student]) -> None:
    """Until everybody has finished; or, cancelled, until everybody has gone."""
    telling = asyncio.create_task(tell(students))
    try:
        async with asyncio.TaskGroup() as lesson:
            for student in students:
                lesson.create_task(student.attend())
    finally:
        telling.cancel()
        show(students, end="\n")


async def tell(students: Sequence[Student]) -> None:
    while True:
        show(students, end="" if sys.stdout.isatty() else "\n")
        await asyncio.sleep(1 if sys.stdout.isatty() else 10)


def show(students: Iterable[Student], *, end: str) -> None:
    counts = Counter(student.standing for student in students)
    here = counts["engaged"] + counts["focus"] + counts["idle"] + counts["lost"]
    line = (
        f"{time.strftime('%H:%M:%S')}  {here} here: {counts['engaged']} engaged, {counts['focus']} in focus, "
        f"{counts['idle']} away, {counts['lost']} lost; {counts['finished']} finished, {counts['to come']} to come"
    )
    sys.stdout.write(f"\r\x1b[K{line}{end}" if sys.stdout.isatty() else f"{line}{end}")
    sys.stdout.flush()


def enter(url: str, *, course: str, token: str) -> Room:
    """The course as this learner sees it. Exits where the site knows no such learner."""
    path = f"{url}/api/v1/courses/{course}/outline/"
    answer = httpx.get(path, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=ANSWER_SECONDS)
    if answer.status_code == 401:
        sys.exit(
            f"The site at {url} does not know the learners that were just made: it has another database. "
            "Use the DATA_DIR or DATABASE_URL that it was started with."
        )
    answer.raise_for_status()
    modules = answer.json()["modules"]
    return Room(url, course, [content["id"] for module in modules for content in module["contents"]])


def make_learners(count: int) -> tuple[str, list[str]]:
    """The course that they learn in, and a token for each. Exits with what `manage.py` says when it makes none."""
    made = subprocess.run(
        [sys.executable, "manage.py", "simulated", str(count)], cwd=stage.ROOT, stdout=subprocess.PIPE
    )
    if made.returncode:
        sys.exit(made.returncode)
    found = json.loads(made.stdout)
    return found["course"], found["tokens"]


def setting(name: str, default: int, most: int) -> int:
    """What the environment has under this name. Exits when it is no number from 1 to `most`."""
    text = os.environ.get(name) or str(default)
    if not (text.isdecimal() and 0 < int(text) <= most):
        sys.exit(f"{name} is {text!r}: it has to be a number from 1 to {most}.")
    return int(text)


def main() -> None:
    count = setting("LEARNERS", 300, MOST_LEARNERS)
    seed = setting("SEED", 1, 10**9)
    lesson = setting("MINUTES", 10, MOST_MINUTES) * MINUTE
    url = f"http://127.0.0.1:{setting('PORT', 8000, 65_535)}"
    stage.allow_open_files(count + 100)
    try:
        httpx.get(f"{url}/healthz", trust_env=False, timeout=ANSWER_SECONDS).raise_for_status()
    except httpx.HTTPError as error:
        sys.exit(f"There is no Studybeat at {url} ({error}): start it by `make run`, or say its PORT.")
    course, tokens = make_learners(count)
    room = enter(url, course=course, token=tokens[0])
    contents = len(room.contents)
    students = [
        Student(learner(seed, number, contents=contents, lesson=lesson), token, room)
        for number, token in enumerate(tokens)
    ]
    sys.stdout.write(f"{count} learners come. Watch them as ines: {url}/courses/{course}/live (Ctrl-C ends it)\n")
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(until_told(students))


async def until_told(students: Sequence[Student]) -> None:
    """`hold`, which SIGTERM ends as Ctrl-C does."""
    holding = asyncio.current_task()
    assert holding is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, holding.cancel)
    await hold(students)


if __name__ == "__main__":
    main()
