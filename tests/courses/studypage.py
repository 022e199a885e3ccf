"""A page of the simulated term (tests/courses/term.py): what it was, and what it told the server.

It does as the SDK does: samples at each change and every ten seconds, kept until they are acknowledged, sent again
from where the server stands. What it was in truth is kept apart (`truth`) from what it told (`at`, `state`), and when.
"""

from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from benchmarks.learners import moods
from courses import sessions
from realtime import codec, protocol
from realtime.held import Held
from realtime.protocol import Sample, State
from users.errors import DomainError

if TYPE_CHECKING:
    from courses.models import Content
    from tests.courses.term import Learner, Process, Term

SECOND = 1_000
MINUTE = 60 * SECOND
HEARTBEAT = 10 * SECOND
FRAME = 100

STATES: tuple[State, ...] = ("engaged", "focus", "idle")
Interval = tuple[int, int]
"""From when to when, in milliseconds since 1970."""


class Line:
    """A connection of a page, as the recorder sees it."""

    def __init__(self, page: "Page", process: "Process") -> None:
        self.page = page
        self.process = process
        self.sessions: dict[int, Held] = {}
        self.is_deaf = False  # what the server says is lost on the way

    def push(self, frame: codec.ServerFrame) -> None:
        if self.page.line is self and not self.is_deaf:
            self.page.hear(frame)


class Page:
    """One key. `speed`: how fast its clock runs; anything but 1 is a client that lies."""

    def __init__(
        self, learner: "Learner", enrollment: int, course: str, content: "Content | None", device: str
    ) -> None:
        term = learner.term
        self.term: Term = term
        self.learner = learner
        self.enrollment, self.course, self.content, self.device = enrollment, course, content, device
        self.key = UUID(int=term.rng.getrandbits(128), version=4)
        self.speed = term.rng.choice((1.5, 2.2)) if term.happens(term.lies) else 1.0
        self.is_http = self.speed == 1.0 and term.happens(0.04)
        self.line: Line | None = None
        self.session: int | None = None
        self.started_ms = 0
        self.acked = 0
        self.is_over = False  # closed, lost, or refused for good
        self.at, self.state, self.arrived = array("q"), array("b"), array("q")
        self.clicks = array("b")
        self.truth: list[Interval] = []
        self._focused_since: int | None = None
        self._anchor = (0, 0)
        self._back_at: int | None = None
        self.number = len(term.pages)
        term.pages.append(self)

    # What the learner does

    def visit(self, minutes: float) -> Iterator[int]:
        """Some minutes on this page; yields how long it waits."""
        term = self.term
        until = term.now + round(minutes * 6) * 10 * SECOND
        self.connect()
        for state, lasts, _ in moods(term.rng):
            if self.is_over or term.now >= until:
                break
            self._is(state)
            stalls = state == "idle" and term.happens(0.1)  # as timers of hidden pages do, until the lease is over
            changes = min(until, term.now + (4 * lasts if stalls else lasts))
            while not self.is_over and term.now < changes:
                self._beat(state)
                if term.happens(0.001):
                    yield from self._sleep()
                    break
                if self._back_at is None and term.happens(0.004):
                    self._lose_the_line()
                yield min(200 * SECOND if stalls else HEARTBEAT, changes - term.now)
        self._is("idle")
        if not self.is_over and not term.happens(0.08):  # else it crashed
            yield from self._leave()

    def _is(self, state: State) -> None:
        """The page is in this state from now on, whoever hears of it."""
        if self._focused_since is not None and self._focused_since < self.term.now:
            self.truth.append((self._focused_since, self.term.now))
        self._focused_since = None if state == "idle" else self.term.now

    def _beat(self, state: State) -> None:
        """Take a sample, and send what was not sent."""
        if self._back_at is not None and self.term.now >= self._back_at:
            self.connect()
        if not self.is_over and self.session is not None:
            self._take_sample(state)
            if self.term.happens(0.003) and self._back_at is None and self.speed == 1:
                self._post_all(closes=False)  # beside the connection, which hears of it with the next samples
                return
            self._send(len(self.at))
            if self.term.happens(0.01):
                self._send(max(1, len(self.at) - 3))  # once more: they were counted

    def _take_sample(self, state: State) -> None:
        anchor_ms, anchored = self._anchor
        self.at.append(anchor_ms + int((self.term.now - anchored) * self.speed))
        self.state.append(STATES.index(state))
        self.clicks.append(self.term.rng.randrange(6) if state == "engaged" else 0)
        self.arrived.append(-1)

    def _sleep(self) -> Iterator[int]:
        """The lid is closed: no sample, no timer, and nobody is there."""
        self._is("idle")
        self._cut()
        yield self.term.rng.randrange(40 * SECOND, 40 * MINUTE, 10)
        self.connect()

    def _lose_the_line(self) -> None:
        """For seconds, or for hours; sometimes the server does not notice."""
        away = self.term.rng.choice((15 * SECOND, 2 * MINUTE, 6 * MINUTE, 90 * MINUTE))
        self._back_at = self.term.now + self.term.rng.randrange(SECOND, away, 10)
        if self.line is not None and self.term.happens(0.3):
            self.line.is_deaf = True
        else:
            self._cut()

    def _leave(self) -> Iterator[int]:
        """Close, and see that it was heard; a page that is gone has kept what was not, and its browser sends it."""
        if self.session is None:
            return
        self._take_sample("idle")
        by_beacon = self.is_http or (self._back_at is None and self.speed == 1.0 and self.term.happens(0.2))
        for _ in range(3):
            if self._back_at is not None or (self.line is None and not self.is_http):
                yield self.term.rng.choice((5 * SECOND, 10 * MINUTE, 3 * 60 * MINUTE))
                self.connect()
            if self.is_over:
                return
            if by_beacon:
                self._post_all(closes=True)
                self._cut()
            elif self.line is not None:
                self._send(len(self.at), closes=True)
            yield 2 * MINUTE
            if self.is_over:
                return
            self._cut()

    # What goes over the wire

    def connect(self) -> None:
        """Open the key, on whatever process; what is not durable is sent again."""
        self._back_at = None
        if self.is_http:
            self._post_all(closes=False)
            return
        self._cut()
        process = self.term.rng.choice(self.term.processes)
        self.line = Line(self, process)
        try:
            row = process.open(self.line)
        except DomainError:
            self.is_over, self.line = True, None
            return
        self._opened(row.id, row.acked_seq, row.elapsed_ms)
        for seq in range(row.acked_seq + 1, len(self.at) + 1, FRAME):
            self._send(seq, upto=seq + FRAME, anew=True)

    def _opened(self, session: int, seq: int, now_ms: int) -> None:
        if self.session is None:
            self.session, self.started_ms = session, self.term.now - now_ms
        self.acked = seq
        if now_ms > self._anchor[0] or self._anchor[1] == 0:
            self._anchor = now_ms, self.term.now

    def _send(self, seq: int, *, upto: int | None = None, anew: bool = False, closes: bool = False) -> None:
        """The samples from `seq` on, by the connection if there is one."""
        if self.is_http:
            if len(self.at) % 3 == 0 and self._back_at is None:
                self._post_all(closes=False)
            return
        line = self.line
        held = line.sessions.get(self.session or 0) if line is not None else None
        if line is None or held is None:
            return
        samples = self._samples(seq, upto, anew=anew)
        recorder = line.process.recorder
        if not held.is_live(self.term.clock.monotonic()) and not closes:
            try:
                self.term.ask(sessions.revive, user_id=self.learner.user.pk, key=self.key, epoch=held.epoch)
            except DomainError:
                self.is_over = True
                return
        recorder.take(held, samples, self.term.clock.monotonic(), closes=closes)
        line.process.has_news()

    def _samples(self, seq: int, upto: int | None = None, *, anew: bool) -> list[Sample]:
        """From `seq` on, as they go out now. `anew`: for the server, this is when they arrive."""
        elapsed = self.term.now - self.started_ms
        numbers = range(seq, min(upto or len(self.at) + 1, len(self.at) + 1))
        for number in numbers:
            if number > self.acked and (anew or self.arrived[number - 1] < 0):
                self.arrived[number - 1] = elapsed
        return [Sample(n, self.at[n - 1], STATES[self.state[n - 1]], self.clicks[n - 1]) for n in numbers]

    def _post_all(self, *, closes: bool) -> None:
        while not self.is_over and len(self.at) - self.acked > FRAME:
            self._post(closes=False)
        if not self.is_over:
            self._post(closes=closes)

    def _post(self, *, closes: bool) -> None:
        """By HTTP: what is not acknowledged, as far as it fits; durable when it answers."""
        body: dict[str, Any] = {"close": closes}
        samples = self._samples(self.acked + 1, anew=True)[:FRAME]
        body["samples"] = [
            {"seq": s.seq, "at": s.at, "state": s.state, "interactions": s.interactions} for s in samples
        ]
        if self.session is None:
            content = {} if self.content is None else {"content": self.content.pk}
            body["open"] = {"course": self.course, "device_type": self.device, **content}
        path = f"/api/v1/sessions/{self.key}/samples/"
        answer = self.term.ask(self.learner.client.post, path, body)
        if answer.status_code == 200:
            told = answer.json()
            self._opened(told["session"], told["seq"], told["now_ms"])
            self.is_over = closes
        else:
            assert answer.json()["code"] in ("session_closed", "not_enrolled", "not_found", "too_many_sessions"), answer
            self.is_over = True

    def hear(self, frame: codec.ServerFrame) -> None:
        match frame:
            case protocol.SessionAck():
                self.acked = max(self.acked, frame.seq)
            case protocol.SessionClosed():
                self.acked, self.is_over = frame.seq, True
            case protocol.SessionLost(reason=protocol.LostReason.ACCESS_ENDED):
                self.is_over = True
            case protocol.Error(code=protocol.ErrorCode.SESSION_CLOSED):
                self.is_over = True
            case _:
                self.is_over = True
                self.term.unexpected.append(f"{self.key} was told {frame}")

    def dropped(self) -> None:
        """The server is gone; the page comes back after a moment, which differs from page to page."""
        self.line = None
        self._back_at = self.term.now + self.term.rng.randrange(0, 10 * SECOND, 10)

    def _cut(self) -> None:
        if self.line is not None:
            line, self.line = self.line, None
            for held in list(line.sessions.values()):
                line.process.recorder.release(held)

    # What must have been counted

    def passed(self) -> list[Interval]:
        """When there was somebody; of a page that lies, when there was a page."""
        if self.speed == 1:
            return self.truth
        return [(self.started_ms, self.started_ms + max(self.arrived, default=0))]

    def credited(self, durable: int) -> Iterator[tuple[int, int, bool]]:
        """What its first `durable` samples make by the protocol's words: focus from when to when, engaged or not."""
        before_ms, before = 0, None
        for number in range(durable):
            position = max(before_ms, min(self.at[number], self.arrived[number] + 2_000))
            if before in ("engaged", "focus") and before_ms < position <= before_ms + 25_000:
                is_late = self.arrived[number] - position > 150_000
                yield self.started_ms + before_ms, self.started_ms + position, before == "engaged" and not is_late
            before_ms, before = position, STATES[self.state[number]]
