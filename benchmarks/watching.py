"""`python -m benchmarks.watching`: how soon who watches a course sees what its learners do, and what watching costs.

One server on a core of its own, all else on another. Thousands of learners (learners.py) study one course without a
pause; by turns nobody watches it and several do. The clock of a change of state starts when it is due at the client, so
what the load is late is counted too. It stops at each watcher with the frame whose row of this learner is as of then.
"""

import argparse
import multiprocessing
import os
import random
import select
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from heapq import heappush, heapreplace
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import msgspec

from benchmarks import stage
from benchmarks.learners import MINUTE, SECOND, Sample, samples
from benchmarks.load import ACKS, Client, Worker
from benchmarks.news import connected, quantiles

SETTLE_SECONDS = 12.0  # every page has said something by then
COME_AT_ONCE = 250
COME_SECONDS = 1.0  # a watch's first frames are no part of what it costs to go on
PATIENCE_SECONDS = 3.0  # what changes so late in a turn need not be seen in it


class Change(NamedTuple):
    """The learner at this seat was something else from `at` on (ms of their session), at `due` (monotonic)."""

    seat: int
    at: int
    due: float


class Row(msgspec.Struct):
    enrollment: int
    since: datetime


class Seen(msgspec.Struct):
    """The rows of a snapshot, or of a delta."""

    learners: list[Row] = []
    upsert: list[Row] = []


Heard = tuple[int, float, Seen]
"""By which watcher, and when."""


class Class:
    """The learners of a process, at work: each says what they are about when it is due."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.behind_seconds = 0.0  # at its worst
        self.clients: dict[int, Client] = {}
        self.agenda: list[tuple[float, int, Sample, str, Iterator[Sample], int]] = []
        self.epoll = select.epoll()

    def enter(self, client: Client) -> None:
        number = client.socket.fileno()
        self.clients[number] = client
        self.epoll.register(number, select.EPOLLIN)
        rng = random.Random(client.index)  # noqa: S311 - no secret
        said = samples(rng)
        reads_for = rng.randrange(3 * MINUTE)  # already, as the load begins
        shift = int((monotonic() - client.opened_at) * SECOND) - reads_for
        state = ""
        while (sample := next(said)).at < reads_for:
            state = sample.state
        due = client.opened_at + (sample.at + shift) / SECOND
        heappush(self.agenda, (due, number, sample, state, said, shift))

    def go_on(self, *, at_most_seconds: float = 60.0, until: int = -1) -> bool:
        """Say what is due and read what came, waiting for either. Whether there is something to read from `until`."""
        while self.agenda[0][0] <= (now := monotonic()):
            due, number, sample, state, said, shift = self.agenda[0]
            client = self.clients[number]
            at = sample.at + shift
            client.seq += 1
            client.say(
                b'%b%d,"at":%d,"state":"%b","interactions":%d}]}'
                % (client.head, client.seq, at, sample.state.encode(), sample.interactions)
            )
            if sample.state != state:
                self.changes.append(Change(client.index, at, due))
            self.behind_seconds = max(self.behind_seconds, now - due)
            then = next(said)
            due_then = client.opened_at + (then.at + shift) / SECOND
            heapreplace(self.agenda, (due_then, number, then, sample.state, said, shift))
        for number, _ in self.epoll.poll(min(at_most_seconds, max(0.0, self.agenda[0][0] - now))):
            if number == until:
                return True
            client = self.clients[number]
            if strange := [payload for payload in client.frames() if not payload.startswith(ACKS)]:
                raise ConnectionError(f"not an ack: {strange[0]!r}")
            client.flush()
        return False


def study(core: int, pipe: Pipe) -> None:
    """A process of learners: takes `(port, seats)`, and says when everybody has begun. Told anything, it ends: with all
    changes, and by how many seconds it was late at its worst."""
    os.sched_setaffinity(0, {core})
    port, seats = pipe.recv()
    worker, learners = Worker(0), Class()
    for begin in range(0, len(seats), COME_AT_ONCE):  # those who are there already go on meanwhile
        there = len(worker.groups.get("studybeat", []))
        worker.connect("studybeat", ("127.0.0.1", port), seats[begin : begin + COME_AT_ONCE])
        for client in worker.groups["studybeat"][there:]:
            client.index += begin
            learners.enter(client)
        learners.go_on(at_most_seconds=0.0)
    learners.changes.clear()
    learners.behind_seconds = 0.0
    learners.epoll.register(pipe.fileno(), select.EPOLLIN)
    pipe.send(len(learners.clients))
    while not learners.go_on(until=pipe.fileno()):
        pass
    pipe.send((learners.changes, learners.behind_seconds))


def watch(core: int, pipe: Pipe) -> None:
    """A process of watchers: takes `(port, tokens)`, says when each has its snapshot, and, told anything, what came."""
    os.sched_setaffinity(0, {core})
    decode = msgspec.json.Decoder(Seen).decode
    while (asked := pipe.recv()) is not None:
        port, tokens = asked
        clients = connected(port, tokens)
        epoll = select.epoll()
        for number, client in clients.items():
            epoll.register(number, select.EPOLLIN)
            client.say(b'{"type":"watch.start","ref":"w","course":"bench"}')
        epoll.register(pipe.fileno(), select.EPOLLIN)
        lacking = set(clients)
        heard: list[tuple[int, float, bytes]] = []
        is_over = False
        while not is_over:
            for number, _ in epoll.poll():
                if number == pipe.fileno():
                    pipe.recv()
                    is_over = True
                    continue
                for payload in clients[number].frames():
                    if not payload.startswith(b'{"type":"watch.'):
                        continue
                    heard.append((clients[number].index, monotonic(), payload))
                    if number in lacking:
                        lacking.discard(number)
                        if not lacking:
                            pipe.send(len(clients))
        for client in clients.values():
            client.socket.close()
        pipe.send([(watcher, at, decode(payload)) for watcher, at, payload in heard])


class Turn(NamedTuple):
    """What the server computed, in seconds a second; with watchers also when it was, and what they heard."""

    cpu: float
    began: float = 0.0
    ended: float = 0.0
    heard: Sequence[Heard] = ()


class Bench:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.seconds: float = arguments.seconds
        self.connections: int = arguments.connections
        stage.allow_open_files(self.connections + 1_000)
        data_dir = Path(os.environ.get("DATA_DIR") or stage.ROOT / ".data").resolve() / "bench"
        data_dir.mkdir(parents=True, exist_ok=True)
        server_core, self.load_core = stage.cores()
        stage.fresh_database(data_dir)
        self.learners = stage.Learners(self.connections)
        names = [f"watcher-{number}" for number in range(arguments.watchers)]
        _, self.watchers = stage.make_people(names, is_staff=True)
        self.server = stage.Server("studybeat", core=server_core, port=arguments.port, log_dir=data_dir)
        self.studying, self.watching = self._start(study), self._start(watch)
        self.turns: dict[bool, list[Turn]] = {False: [], True: []}  # by whether there were watchers

    def _start(self, work: Any) -> Pipe:
        context = multiprocessing.get_context("spawn")
        pipe, theirs = context.Pipe()
        context.Process(target=work, args=(self.load_core, theirs), daemon=True).start()
        theirs.close()
        return pipe

    def turn(self, *, is_watched: bool) -> None:
        if is_watched:
            self.watching.send((self.server.port, self.watchers))
            self.watching.recv()
            time.sleep(COME_SECONDS)
        began, before = monotonic(), self.server.cpu_seconds()
        time.sleep(self.seconds)
        ended, after = monotonic(), self.server.cpu_seconds()
        heard: Sequence[Heard] = ()
        if is_watched:
            self.watching.send("over")
            heard = self.watching.recv()
        self.turns[is_watched].append(Turn((after - before) / (ended - began), began, ended, heard))

    def run(self, rounds: int) -> str:
        try:
            self.studying.send((self.server.port, self.learners.seats()))
            stage.say(f"{self.studying.recv():,} learners study")
            time.sleep(SETTLE_SECONDS)
            for number in range(1, rounds + 1):
                for is_watched in (False, True):
                    self.turn(is_watched=is_watched)
                    name = f"{len(self.watchers) if is_watched else 0} watchers"
                    stage.say(f"round {number}/{rounds}  {name:12}  {self.turns[is_watched][-1].cpu:.1%} of a core")
            self.watching.send(None)
            self.studying.send("over")
            changes, behind = self.studying.recv()
        finally:
            self.server.stop()
        return self.report(rounds, changes, behind)

    def latencies(self, turn: Turn, changes: Sequence[Change]) -> tuple[list[float], int]:
        """From each change of this turn to each watcher, in sorted milliseconds; and how many never came."""
        from courses.models import LearningSession

        starts = dict(LearningSession.objects.values_list("enrollment", "started_at"))
        came: dict[tuple[int, int], list[tuple[int, float]]] = defaultdict(list)
        for watcher, at, seen in turn.heard:
            for row in (*seen.learners, *seen.upsert):
                since = round((row.since - starts[row.enrollment]) / timedelta(milliseconds=1))
                came[watcher, row.enrollment].append((since, at))
        times, lost = [], 0
        for seat, changed_at, due in changes:
            if not turn.began <= due < turn.ended - PATIENCE_SECONDS:
                continue
            for watcher in range(len(self.watchers)):
                rows = came[watcher, self.learners.enrollments[seat].pk]
                seen_at = next((at for since, at in rows if since >= changed_at), None)
                if seen_at is None:
                    lost += 1
                else:
                    times.append((seen_at - due) * 1000)
        return sorted(times), lost

    def report(self, rounds: int, changes: Sequence[Change], behind: float) -> str:
        each = [self.latencies(turn, changes) for turn in self.turns[True]]
        p50, p99 = (statistics.median(column) for column in zip(*(quantiles(times) for times, _ in each), strict=True))
        alone, watched = ([turn.cpu for turn in self.turns[is_watched]] for is_watched in (False, True))
        ratio = statistics.median(ours / its for ours, its in zip(watched, alone, strict=True))
        first, last = changes[0].due, changes[-1].due
        return f"""# A class that is watched

Written by `{" ".join(["python -m benchmarks.watching", *sys.argv[1:]])}`. {self.connections:,} learners of one
course on one server, which has a core of its own; {len(changes) / (last - first):.0f} changes of state a second, and a
heartbeat every ten seconds. {len(self.watchers)} watch, or nobody does, by turns of {self.seconds:g} s, in {rounds}
rounds. Medians over the rounds, and so is the ratio. The load was late by {behind * 1000:.0f} ms at its worst.

| from a change of state at the client to the delta of each watcher | median | p99 | not come |
|---|---|---|---|
| Studybeat | {p50:.0f} ms | {p99:.0f} ms | {sum(lost for _, lost in each)} |

A watch gets at most one delta a second, so half a second of the median is that wait.

| the server's CPU | of a core | ratio |
|---|---|---|
| nobody watches | {statistics.median(alone):.1%} | 1 |
| {len(self.watchers)} watch | {statistics.median(watched):.1%} | {ratio:.2f} |
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watching", description=__doc__)
    parser.add_argument("--connections", type=int, default=5_000, help="learners")
    parser.add_argument("--watchers", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long a turn lasts")
    parser.add_argument("--port", type=int, default=19_100)
    parser.add_argument("--report", type=Path, default=stage.ROOT / "benchmarks" / "WATCHING.md")
    arguments = parser.parse_args()
    text = Bench(arguments).run(arguments.rounds)
    arguments.report.write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
