"""A fleet of learners at work: clients that keep to the protocol whatever becomes of the server, and forget nothing.

Each studies in a course of the test, under one key at a time; the page goes on while the connection is away. A record
holds what the page was and what was acknowledged of it, and so says what the database has to hold: every
acknowledgement is judged as it comes, the rows at the end. Knows the wire and the tables, and nothing of the server.
"""

import asyncio
import contextlib
import itertools
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from time import monotonic

import httpx
import websockets

from tests.faults.judging import audit, misrecorded, unsettled
from tests.faults.record import MISSING, Frame, Record, Sample
from tests.site import Site, orm

SAMPLES_A_FRAME = 100
CONNECTED_IN_SECONDS = 10.0
BEGUN_IN_SECONDS = ENDED_IN_SECONDS = 40.0
SETTLED_IN_SECONDS = 10.0
QUIET_MS = 2_000  # no interactions at first: they are capped by the age of the session as the server knows it


class Student:
    """One learner with one page: connects, studies, comes back, closes."""

    def __init__(self, fleet: "Fleet", token: str, rng: random.Random) -> None:
        self.fleet = fleet
        self.token = token
        self.rng = rng
        self.records = [Record(rng.choice(fleet.contents))]
        self.is_done = False
        self._socket: websockets.ClientConnection | None = None
        self._is_open = False
        self._sent = 0
        self._news = asyncio.Event()

    @property
    def record(self) -> Record:
        return self.records[-1]

    async def live(self) -> None:
        page = asyncio.create_task(self._study())
        try:
            await asyncio.sleep(self.rng.uniform(0, self.fleet.spread_seconds))
            while not self.is_done:
                site, number = self.rng.choice(self.fleet.processes)
                try:
                    await self._converse(site.ws(number))
                except websockets.ConnectionClosed as error:
                    if not self.is_done:
                        self.fleet.ends[str(error.rcvd.code if error.rcvd else "dropped")] += 1
                except (OSError, TimeoutError, websockets.WebSocketException) as error:
                    self.fleet.ends[type(error).__name__] += 1
                self._is_open = False
                if not self.is_done:
                    await asyncio.sleep(self.rng.uniform(0, 1.0))
                if self.record.session and not self.is_done and self.rng.random() < self.fleet.posts:
                    await self._post(closes=False)
        finally:
            page.cancel()

    async def _study(self) -> None:
        """The page, which goes on whether or not anybody hears of it."""
        state = "engaged"
        while not self.fleet.is_ending:
            if self.record.is_anchored:
                if self.rng.random() < 0.3:
                    state = self.rng.choice(("engaged", "focus", "idle"))
                is_early = self.record.now_ms < QUIET_MS
                self.record.add(state, 0 if is_early else self.rng.choice((0, 0, 1, 2)))
            self._news.set()
            await asyncio.sleep(self.rng.uniform(0.1, 0.3))
            if self._socket is not None and self.rng.random() < self.fleet.drops:
                self._socket.transport.abort()

    async def _converse(self, url: str) -> None:
        """One connection, until it ends or all is done."""
        socket = self._socket = await websockets.connect(
            url,
            subprotocols=["studybeat.v1"],  # type: ignore[list-item]
            compression=None,
            ping_interval=None,
            open_timeout=CONNECTED_IN_SECONDS,
            proxy=None,
        )
        sender: asyncio.Task[None] | None = None
        try:
            await socket.send(json.dumps({"type": "hello", "token": self.token}))
            while not self.is_done:
                async with asyncio.timeout(self.fleet.patience):
                    frame = json.loads(await socket.recv())
                if frame["type"] == "welcome":
                    await self._open(socket)
                    sender = asyncio.create_task(self._send(socket))
                else:
                    await self._hear(socket, frame)
            await socket.close()
        finally:
            if sender is not None:
                sender.cancel()
            self._socket = None
            socket.transport.abort()

    async def _open(self, socket: websockets.ClientConnection) -> None:
        self._is_open = False
        frame: Frame = {"type": "session.open", "ref": "open", "key": self.record.key, "course": self.fleet.course}
        if self.record.content is not None:
            frame["content"] = self.record.content
        await socket.send(json.dumps(frame))

    async def _send(self, socket: websockets.ClientConnection) -> None:
        """Send what is new, and the end when it is time for that. Ends with the connection, as its reader does."""
        has_closed = False
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await self._news.wait()
                self._news.clear()
                if not self._is_open:
                    has_closed = False
                while self._is_open and not has_closed:
                    record = self.record
                    batch = record.samples[self._sent : self._sent + SAMPLES_A_FRAME]
                    has_closed = self.fleet.is_ending and self._sent + len(batch) == len(record.samples)
                    if not batch and not has_closed:
                        break
                    self._sent += len(batch)
                    record.sent_at += [monotonic()] * (self._sent + 1 - len(record.sent_at))
                    if has_closed and len(record.samples) - record.acked <= SAMPLES_A_FRAME:
                        if self.rng.random() < self.fleet.posts:
                            await self._post(closes=True)
                        if self.is_done:
                            await socket.close()
                            return
                    frame = {"type": "session.samples", "session": record.session, "samples": as_json(batch)}
                    if has_closed:
                        frame |= {"type": "session.close", "ref": "close"}
                    await socket.send(json.dumps(frame))

    async def _hear(self, socket: websockets.ClientConnection, frame: Frame) -> None:
        record = self.record
        match frame["type"]:
            case "session.opened":
                record.session = frame["session"]
                if self._acknowledged(frame):
                    record.anchor(frame["now_ms"])
                    self._go_on_from(frame["seq"])
                else:
                    await self._start_anew(socket, "missing")  # what it lacks is dropped here already
            case "session.ack" if frame["session"] == record.session:
                self._acknowledged(frame)
            case "session.closed" if frame["session"] == record.session:
                self._acknowledged(frame)
                self._closed()
            case "session.lost" if frame["session"] == record.session:
                self.fleet.lost[frame["reason"]] += 1
                await self._start_anew(socket, "lost")
            case "error":
                await self._refused(socket, frame)

    async def _refused(self, socket: websockets.ClientConnection, frame: Frame) -> None:
        self.fleet.errors[frame["code"]] += 1
        match frame["code"]:
            case "gap":
                self._go_on_from(min(self._sent, frame["expect"] - 1))
            case "rate_limited":
                await asyncio.sleep(frame["retry_after_ms"] / 1000)
                if frame["ref"] == "open":
                    await self._open(socket)
                else:
                    self._go_on_from(self.record.acked)
            case "session_closed" if self.fleet.is_ending:  # the close was committed, and its answer lost
                self._acknowledged(frame)
                self._closed()
            case _:
                self.fleet.problems.append(f"refused: {frame}")
                self.is_done = True

    async def _post(self, *, closes: bool) -> None:
        """Say over HTTP what is not acknowledged: a page's last words, or what waits while there is no connection."""
        record = self.record
        unacknowledged = record.samples[record.acked : record.acked + SAMPLES_A_FRAME]
        site, number = self.rng.choice(self.fleet.processes)
        try:
            response = await self.fleet.http.post(
                f"{site.http(number)}/api/v1/sessions/{record.key}/samples/",
                headers={"Authorization": f"Bearer {self.token}"},
                json={"samples": as_json(unacknowledged), "close": closes},
            )
        except httpx.HTTPError:
            self.fleet.posted["failed"] += 1
            return
        answer = response.json()
        self.fleet.posted[answer.get("code", "ok")] += 1
        if response.status_code == 200:
            self._acknowledged(answer)
            if closes:
                self._closed()
        elif answer["code"] == "gap":
            self.fleet.problems.append(f"{MISSING}: {answer} after {record.acked} was acknowledged")
        elif response.status_code == 500:
            self.fleet.problems.append(f"posted {record.key}: {answer}")

    def _go_on_from(self, seq: int) -> None:
        self._sent = seq
        self._is_open = True
        self._news.set()

    async def _start_anew(self, socket: websockets.ClientConnection, why: str) -> None:
        self.record.end, self.record.ended = why, monotonic()
        self.records.append(Record(self.record.content))
        await self._open(socket)

    def _closed(self) -> None:
        self.record.end, self.record.ended = "closed", monotonic()
        self.is_done = True

    def _acknowledged(self, frame: Frame) -> bool:
        before = self.record.acked
        if problem := self.record.heard(frame):
            self.fleet.problems.append(problem)
            return False
        if frame.get("type") == "session.ack" and frame["seq"] > before:
            now = monotonic()
            self.fleet.waits.append((now, now - self.record.sent_at[before + 1]))
        return True


class Fleet:
    """Learners, by user id with a token each, spread over the processes of these sites.

    `note`      what tells the report about a test: pytest's `record_property`
    `posts`     how often (0 to 1) they say something over HTTP, while they are not connected and at the end
    `patience`  after so many seconds in which nothing comes back they try another process
    `drops`     how often (0 to 1) a connection drops after a sample, as in a tunnel
    `problems`  what was wrong so far; `ends`, `lost`, `errors`, `posted`: how connections, sessions, requests and posts
                ended, and how often
    `waits`     for each ack when it came, and how many seconds after its oldest sample was first sent
    """

    def __init__(
        self,
        sites: Sequence[Site],
        *,
        course: str,
        contents: Sequence[int | None],
        tokens: Mapping[int, str],
        rng: random.Random,
        note: Callable[[str, object], None],
        patience: float = 10.0,
        posts: float = 0.0,
        drops: float = 0.0,
    ) -> None:
        self.processes = [(site, number) for site in sites for number in range(len(site))]
        self.http = httpx.AsyncClient(trust_env=False, timeout=CONNECTED_IN_SECONDS)
        self.note = note
        self.patience = patience
        self.posts = posts
        self.drops = drops
        self.posted: Counter[str] = Counter()
        self.course = course
        self.contents = contents
        self.users = list(tokens)
        self.spread_seconds = len(tokens) / 100
        self.problems: list[str] = []
        self.ends: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.waits: list[tuple[float, float]] = []
        self.is_ending = False
        self.students = [Student(self, token, random.Random(rng.random())) for token in tokens.values()]

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """They study meanwhile: begin once each has an ack, and at the end close what they have open."""
        tasks = [asyncio.create_task(student.live()) for student in self.students]
        try:
            async with asyncio.timeout(BEGUN_IN_SECONDS):
                while not all(student.record.acked for student in self.students):
                    await asyncio.sleep(0.05)
            yield
            self.is_ending = True
            for student in self.students:
                student._news.set()
            _, late = await asyncio.wait(tasks, timeout=ENDED_IN_SECONDS)
            self.problems += ["a session could not be closed"] * len(late)
        finally:
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, Exception):
                    raise result
            await self.http.aclose()

    @property
    def records(self) -> list[Record]:
        return list(itertools.chain.from_iterable(student.records for student in self.students))

    async def judged(self) -> list[str]:
        """All that is wrong: with what was heard, with the rows, and with the ledger once all is settled.

        Notes for the report what the fleet went through.
        """
        self.note("learners", len(self.students))
        self.note("samples acknowledged", sum(record.acked for record in self.records))
        for name, happened in [("connections", self.ends), ("lost", self.lost), ("posts", self.posted)]:
            if happened:
                self.note(name, dict(happened))
        left_over = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLED_IN_SECONDS):
                while left_over := await orm(unsettled):
                    await asyncio.sleep(0.1)
        problems = [f"{left_over} closed sessions were not settled by their processes"] if left_over else []
        return self.problems + problems + await orm(misrecorded, self.records, self.users) + await orm(audit)

    def longest_wait(self, since: float = 0.0, until: float = float("inf")) -> float:
        """The longest that a sample waited for its ack, of the acks that came in this time (monotonic seconds)."""
        return max((wait for when, wait in self.waits if since <= when <= until), default=float("inf"))


def as_json(samples: Sequence[Sample]) -> list[Frame]:
    return [sample._asdict() for sample in samples]
