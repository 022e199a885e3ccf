"""`python -m benchmarks.news`: from a commit to the frame at the client, beside plain channels_redis group sends.

Two server processes share one core, all else is on another; they take turns. Ours writes a numbered row in PostgreSQL,
commits, and hints; the clock starts when the commit is done. The peer sends to a group of one user; the clock starts
with the send. Both tell one user at random at a time, by a fixed schedule.
"""

import argparse
import asyncio
import multiprocessing
import os
import random
import select
import statistics
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from time import monotonic
from typing import Literal

from benchmarks import stage
from benchmarks.load import Client

Peer = Literal["studybeat", "groups"]

PEERS: tuple[Peer, ...] = ("studybeat", "groups")
AT_ONCE = 16  # handshakes
PATIENCE_SECONDS = 2.0  # for what was told last


def listen(core: int, pipe: Pipe) -> None:
    """A process of connections: takes `(port, tokens)`, says ready, and returns who heard which number when."""
    os.sched_setaffinity(0, {core})
    while (asked := pipe.recv()) is not None:
        port, tokens = asked
        clients = connected(port, tokens)
        pipe.send(len(clients))
        epoll = select.epoll()
        for number in clients:
            epoll.register(number, select.EPOLLIN)
        epoll.register(pipe.fileno(), select.EPOLLIN)
        heard: dict[tuple[int, int], float] = {}
        is_over = False
        while not is_over:
            for number, _ in epoll.poll():
                if number == pipe.fileno():
                    pipe.recv()
                    is_over = True
                    continue
                client = clients[number]
                for payload in client.frames():
                    now = monotonic()
                    if payload.startswith((b'{"type":"notification"', b'{"type": "notification"')):
                        told = payload.partition(b'"number":')[2].lstrip()
                        heard[client.index, int(told[: -len(told.lstrip(b"0123456789")) or None])] = now
        for client in clients.values():
            client.socket.close()
        pipe.send(heard)


def connected(port: int, tokens: list[str]) -> dict[int, Client]:
    """A client for each token, welcomed, by the number of its socket."""
    waiting, opening, ready = list(enumerate(tokens)), dict[int, Client](), dict[int, Client]()
    epoll = select.epoll()
    while waiting or opening:
        while waiting and len(opening) < AT_ONCE:
            index, _ = waiting.pop()
            client = Client(index, ("127.0.0.1", port), f"127.0.0.{10 + index % 8}", f"127.0.0.1:{port}")
            opening[client.socket.fileno()] = client
            epoll.register(client.socket, select.EPOLLIN)
        for number, _ in epoll.poll(1.0):
            client = opening[number]
            for payload in client.frames():
                if client.stage == "upgrade":
                    client.stage = "hello"
                    client.say(b'{"type":"hello","token":"%b"}' % tokens[client.index].encode())
                elif payload.startswith((b'{"type":"welcome"', b'{"type": "welcome"')):
                    ready[number] = opening.pop(number)
                    epoll.unregister(number)
    return ready


class Told:
    """What was told when: the number of each piece of news of a user (by index), and when its clock started."""

    def __init__(self, learners: stage.Learners) -> None:
        self.learners = learners
        self.at: dict[tuple[int, int], float] = {}
        self.counts = [0] * len(learners.tokens)

    def next(self, user: int) -> tuple[int, int]:
        self.counts[user] += 1
        return user, self.counts[user]


def tell_by_row(told: Told, user: int) -> None:
    """One transaction that tells this user that they have a seat."""
    from django.db import transaction

    from courses.events import EnrollmentConfirmed
    from users.events import announce

    enrollment = told.learners.enrollments[user]
    with transaction.atomic():
        mark = told.next(user)
        transaction.on_commit(lambda: told.at.update({mark: monotonic()}))
        announce(EnrollmentConfirmed(enrollment.course_id, enrollment.student_id, enrollment.pk))


class ByGroup:
    """Sends to a user's group, on the layer that the peer listens to."""

    def __init__(self) -> None:
        from channels_redis.core import RedisChannelLayer
        from django.conf import settings

        self.loop = asyncio.new_event_loop()
        self.layer = RedisChannelLayer(hosts=[settings.REDIS_URL], capacity=10_000)

    def __call__(self, told: Told, user: int) -> None:
        mark = told.next(user)
        told.at[mark] = monotonic()
        group, message = f"user.{told.learners.tokens[user]}", {"type": "news", "number": mark[1]}
        self.loop.run_until_complete(self.layer.group_send(group, message))


class Bench:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.rate: float = arguments.rate
        self.seconds: float = arguments.seconds
        data_dir = Path(os.environ.get("DATA_DIR") or stage.ROOT / ".data").resolve() / "bench"
        data_dir.mkdir(parents=True, exist_ok=True)
        server_core, self.load_core = stage.cores()
        stage.fresh_database(data_dir)
        learners = stage.Learners(arguments.connections)
        self.servers = {
            name: stage.Server(name, core=server_core, port=arguments.port + number, log_dir=data_dir)
            for number, name in enumerate(PEERS)
        }
        self.told = {name: Told(learners) for name in PEERS}
        self.tell: dict[Peer, Callable[[Told, int], None]] = {"studybeat": tell_by_row, "groups": ByGroup()}
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        context.Process(target=listen, args=(self.load_core, theirs), daemon=True).start()
        self.latencies: dict[Peer, list[list[float]]] = {name: [] for name in PEERS}
        self.lost: dict[Peer, int] = dict.fromkeys(PEERS, 0)

    def turn(self, name: Peer) -> None:
        """Connect everybody, tell by the schedule, and take down what came."""
        told = self.told[name]
        told.at.clear()
        self.pipe.send((self.servers[name].port, told.learners.tokens))
        self.pipe.recv()
        rng = random.Random(1)  # noqa: S311  # no secret
        start = monotonic()
        for number in range(int(self.rate * self.seconds)):
            time.sleep(max(0.0, start + number / self.rate - monotonic()))
            self.tell[name](told, rng.randrange(len(told.counts)))
        time.sleep(PATIENCE_SECONDS)
        self.pipe.send("over")
        heard: dict[tuple[int, int], float] = self.pipe.recv()
        times = sorted((heard[mark] - at) * 1000 for mark, at in told.at.items() if mark in heard)
        self.lost[name] += len(told.at) - len(times)
        self.latencies[name].append(times)

    def run(self, rounds: int) -> str:
        try:
            for number in range(1, rounds + 1):
                for name in PEERS:
                    self.turn(name)
                    p50, p99 = quantiles(self.latencies[name][-1])
                    stage.say(f"round {number}/{rounds}  {name:9}  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms")
            self.pipe.send(None)
        finally:
            for server in self.servers.values():
                server.stop()
        return self.report(rounds)

    def report(self, rounds: int) -> str:
        names = {
            "studybeat": "Studybeat: a numbered row, its commit to the frame",
            "groups": "channels_redis group send",
        }
        rows = []
        for name in PEERS:
            each = [quantiles(times) for times in self.latencies[name]]
            p50, p99 = (statistics.median(column) for column in zip(*each, strict=True))
            rows.append(f"| {names[name]} | {p50:.1f} ms | {p99:.1f} ms | {self.lost[name]} |")
        connections = len(self.told["studybeat"].counts)
        return f"""# From a commit to the client

Written by `{" ".join(["python -m benchmarks.news", *sys.argv[1:]])}`. {connections:,} connections to each server,
both on one core; {self.rate:g} notifications a second to users at random, for {self.seconds:g} s, in {rounds} rounds by
turns. Medians over the rounds. A group send is neither kept nor numbered.

| | median | p99 | not come |
|---|---|---|---|
{chr(10).join(rows)}
"""


def quantiles(times: list[float]) -> tuple[float, float]:
    """Median and p99 of sorted times."""
    return (times[len(times) // 2], times[int(len(times) * 0.99)]) if times else (float("inf"), float("inf"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.news", description=__doc__)
    parser.add_argument("--connections", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=float, default=100.0, help="notifications a second")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long a turn lasts")
    parser.add_argument("--port", type=int, default=19_000)
    parser.add_argument("--report", type=Path, default=stage.ROOT / "benchmarks" / "NEWS.md")
    arguments = parser.parse_args()
    text = Bench(arguments).run(arguments.rounds)
    arguments.report.write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
