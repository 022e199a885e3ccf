"""The load: open-loop websocket clients over raw sockets, as cheap as Python has them.

A worker process holds many connections and sends by a fixed schedule, whether or not answers come: the k-th frame of
the load is due at `start + k / rate`, and its latency counts from there, so what the generator is late is counted
too. Nothing here is the server's: it speaks the wire by itself. Masks are all zeros, which the server must unmask all
the same.

The workers run in processes of their own (`Fleet`) and are told what to do through pipes.
"""

import base64
import contextlib
import multiprocessing
import os
import select
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from time import monotonic
from typing import Any, Literal, NamedTuple

HANDSHAKES_AT_ONCE = 16
HANDSHAKE_SECONDS = 60.0
HANDSHAKES_A_SECOND = 25  # at the least, where there are many
ADDRESSES = 8  # of 127.0.0.x, for each worker
BURST = 200  # frames sent before what came in is read
TICK_SECONDS = 0.001
STEPS_A_SECOND = 10_000  # of a latency

TEXT = 0x81
HEADERS = [bytes([TEXT, 0x80 | length, 0, 0, 0, 0]) for length in range(126)] + [
    bytes([TEXT, 0x80 | 126, length >> 8, length & 255, 0, 0, 0, 0]) for length in range(126, 2_000)
]
ACKS = (b'{"type":"session.ack"', b'{"type": "session.ack"')

Speaks = Literal["studybeat", "echo", "tutorial"]


class Seat(NamedTuple):
    """Who sits at a connection: a `token` and a `key` for Studybeat, else only the `session` to name in samples."""

    session: int = 0
    token: str = ""
    key: str = ""


@dataclass(slots=True)
class Answers:
    """What came of a load. Latencies are counted in steps of 0.1 ms, over the frames that were answered in it, without
    those of its first quarter: a load that begins at once at its full rate warms up."""

    sent: int = 0
    answered: int = 0
    latencies: Counter[int] = field(default_factory=Counter)
    early: Counter[int] = field(default_factory=Counter)  # those due in the load's second quarter
    late: Counter[int] = field(default_factory=Counter)  # and in its last
    behind_seconds: float = 0.0  # the generator, at its worst
    strange: list[str] = field(default_factory=list)  # what came that was no answer

    def __iadd__(self, other: "Answers") -> "Answers":
        self.sent += other.sent
        self.answered += other.answered
        self.latencies += other.latencies
        self.early += other.early
        self.late += other.late
        self.behind_seconds = max(self.behind_seconds, other.behind_seconds)
        self.strange += other.strange
        return self


def quantile(latencies: Counter[int], share: float) -> float:
    """In milliseconds; infinite when there are none."""
    left = share * latencies.total()
    for step in sorted(latencies):
        left -= latencies[step]
        if left <= 0:
            return step * 1000 / STEPS_A_SECOND
    return float("inf")


class Client:
    """One connection. `seq` is the last sample sent, `answered` the last one known to be durable (or echoed)."""

    __slots__ = ("answered", "first", "head", "inbox", "index", "key", "opened_at", "outbox", "seq", "socket", "stage")

    def __init__(self, index: int, address: tuple[str, int], source: str, host: str) -> None:
        self.index = index
        self.key = base64.b64encode(os.urandom(16)).decode()
        self.socket = socket.socket()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.bind((source, 0))
        self.socket.connect(address)
        self.socket.setblocking(False)
        self.inbox = b""
        self.outbox = b""
        self.head = b""
        self.stage = "upgrade"
        self.seq = self.answered = self.first = 0
        self.opened_at = 0.0
        self.write(
            f"GET /ws/ HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {self.key}\r\nSec-WebSocket-Version: 13\r\n"
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64) studybeat-bench\r\n\r\n".encode()
        )

    def write(self, data: bytes) -> None:
        """Send, or keep what the socket does not take: a stopped server stops nobody's schedule."""
        if self.outbox:
            self.outbox += data
            return
        try:
            written = self.socket.send(data)
        except BlockingIOError:
            written = 0
        if written < len(data):
            self.outbox = data[written:]

    def flush(self) -> None:
        """Send what was kept, as far as the socket takes it now."""
        data, self.outbox = self.outbox, b""
        if data:
            self.write(data)

    def say(self, payload: bytes) -> None:
        self.write(HEADERS[len(payload)] + payload)

    def send_sample(self, now: float) -> None:
        """The heartbeat of a page in use: one sample, of this moment."""
        self.seq += 1
        self.say(
            b'%b%d,"at":%d,"state":"engaged","interactions":1}]}' % (self.head, self.seq, (now - self.opened_at) * 1000)
        )

    def frames(self) -> Iterator[bytes]:
        """The payloads of what has come in; ends the connection's part with ConnectionError when it was closed."""
        try:
            data = self.socket.recv(262_144)
        except BlockingIOError:
            return
        if not data:
            raise ConnectionError("the server closed a connection")
        if self.inbox:
            data = self.inbox + data
        at, size = 0, len(data)
        if self.stage == "upgrade":
            at = data.find(b"\r\n\r\n") + 4
            if at == 3:
                self.inbox = data
                return
            yield data[:at]
        while at + 2 <= size:
            length, begin = data[at + 1], at + 2
            if length == 126:
                begin += 2
                length = int.from_bytes(data[at + 2 : at + 4], "big")
            elif length == 127:
                begin += 8
                length = int.from_bytes(data[at + 2 : at + 10], "big")
            if begin + length > size or begin > size:
                break
            if data[at] != TEXT:
                raise ConnectionError(f"not a text frame: {data[at : begin + length]!r}")
            yield data[begin : begin + length]
            at = begin + length
        self.inbox = data[at:] if at < size else b""


class Worker:
    """All the connections of one process. Its methods are called by name through the pipe, by `Fleet`."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.groups: dict[Speaks, list[Client]] = {}
        self.strange: list[str] = []

    def connect(self, speaks: Speaks, address: tuple[str, int], seats: Sequence[Seat]) -> int:
        """Connect a client for each seat, and open its session where there is one; how many are ready."""
        clients = self.groups.setdefault(speaks, [])
        epoll, waiting = select.epoll(), dict(enumerate(seats))
        opening: dict[int, tuple[Client, Seat]] = {}
        deadline = monotonic() + HANDSHAKE_SECONDS + len(seats) / HANDSHAKES_A_SECOND
        while waiting or opening:
            while waiting and len(opening) < HANDSHAKES_AT_ONCE:
                index, seat = waiting.popitem()
                source = f"127.0.0.{10 + self.number * ADDRESSES + index % ADDRESSES}"
                client = Client(index, address, source, f"{address[0]}:{address[1]}")
                opening[client.socket.fileno()] = client, seat
                epoll.register(client.socket, select.EPOLLIN)
            if monotonic() > deadline:
                raise TimeoutError(f"{len(waiting) + len(opening)} connections were not ready in time")
            for number, _ in epoll.poll(1.0):
                client, seat = opening[number]
                for payload in client.frames():
                    self._go_on(client, seat, speaks, payload)
                if client.stage == "ready":
                    epoll.unregister(client.socket)
                    del opening[number]
                    clients.append(client)
        return len(clients)

    def _go_on(self, client: Client, seat: Seat, speaks: Speaks, payload: bytes) -> None:
        session = seat.session
        if client.stage == "upgrade":
            if not payload.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(f"refused: {payload[:100]!r}")
            if speaks == "studybeat":
                client.stage = "hello"
                client.say(b'{"type":"hello","token":"%b","device_type":"desktop"}' % seat.token.encode())
                return
        elif client.stage == "hello":
            client.stage = "open"
            client.say(
                b'{"type":"session.open","ref":"a","key":"%b","course":"bench","content":%d}'
                % (seat.key.encode(), seat.session)
            )
            return
        elif client.stage == "open":
            if not payload.startswith(b'{"type":"session.opened"'):
                raise ConnectionError(f"not opened: {payload!r}")
            session = _number(payload, b'"session":')
        client.stage = "ready"
        client.opened_at = monotonic()
        client.head = b'{"type":"session.samples","session":%d,"samples":[{"seq":' % session

    def run(self, speaks: Speaks, rate: float, start: float, seconds: float, patience: float) -> Answers:
        """Send `rate` samples a second, from `start` (monotonic), and await the answers for up to `patience`."""
        clients = self.groups[speaks]
        count, total = len(clients), int(rate * seconds)
        epoll = select.epoll()
        by_number = {client.socket.fileno(): client for client in clients}
        for order, client in enumerate(clients):
            client.index, client.first = order, client.seq + 1
            epoll.register(client.socket, select.EPOLLIN)
        answers = Answers(strange=self.strange)
        quarter, last = start + seconds / 4, start + seconds * 3 / 4
        give_up = start + seconds + patience
        while (now := monotonic()) < give_up and (answers.sent < total or answers.answered < total):
            due = min(total, int((now - start) * rate), answers.sent + BURST)
            if answers.sent < due:
                answers.behind_seconds = max(answers.behind_seconds, now - start - answers.sent / rate)
            while answers.sent < due:
                clients[answers.sent % count].send_sample(now)
                answers.sent += 1
            for number, _ in epoll.poll(TICK_SECONDS):
                client = by_number[number]
                before = client.answered
                for payload in client.frames():
                    self._answer(client, speaks, payload)
                client.flush()
                now = monotonic()
                for seq in range(max(before + 1, client.first), client.answered + 1):
                    due_at = start + ((seq - client.first) * count + client.index) / rate
                    step = int((now - due_at) * STEPS_A_SECOND)
                    answers.answered += 1
                    if due_at >= quarter:
                        answers.latencies[step] += 1
                    if due_at >= last:
                        answers.late[step] += 1
                    elif quarter <= due_at < start + seconds / 2:
                        answers.early[step] += 1
        for client in clients:
            epoll.unregister(client.socket)
        self.strange = []
        return answers

    def _answer(self, client: Client, speaks: Speaks, payload: bytes) -> None:
        if speaks == "echo":
            client.answered += 1
        elif payload.startswith(ACKS):
            client.answered = _number(payload, b'"seq":')
        else:
            self.strange.append(payload.decode())

    def settle(self, speaks: Speaks, seconds: float) -> tuple[int, int]:
        """Wait until everything sent is answered, for at most so long: (sent, answered) since the connections began."""
        clients = self.groups[speaks]
        deadline = monotonic() + seconds
        while monotonic() < deadline and any(client.answered < client.seq or client.outbox for client in clients):
            for client in clients:
                client.flush()
                for payload in client.frames():
                    self._answer(client, speaks, payload)
            select.select([], [], [], 0.02)
        return sum(client.seq for client in clients), sum(client.answered for client in clients)

    def disconnect(self, speaks: Speaks) -> None:
        self.strange = []
        for client in self.groups.pop(speaks):
            client.socket.close()


def _number(payload: bytes, name: bytes) -> int:
    begin = payload.index(name) + len(name)
    end = begin
    while payload[end : end + 1].isdigit() or payload[end : end + 1] == b" ":
        end += 1
    return int(payload[begin:end])


def work(number: int, core: int, pipe: Pipe) -> None:
    """A worker process: does what it is told until the pipe ends."""
    os.sched_setaffinity(0, {core})
    worker = Worker(number)
    with contextlib.suppress(EOFError):
        while True:
            name, arguments = pipe.recv()
            try:
                pipe.send(getattr(worker, name)(*arguments))
            except Exception as error:
                pipe.send(error)


class Fleet:
    """The worker processes, as one."""

    def __init__(self, workers: int, core: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipes: list[Pipe] = []
        for number in range(workers):
            mine, theirs = context.Pipe()
            context.Process(target=work, args=(number, core, theirs), daemon=True).start()
            self.pipes.append(mine)

    def connect(self, speaks: Speaks, port: int, seats: Sequence[Seat]) -> int:
        share = len(self.pipes)
        return sum(self._each("connect", [(speaks, ("127.0.0.1", port), seats[n::share]) for n in range(share)]))

    def run(self, speaks: Speaks, *, rate: float, seconds: float, patience: float) -> Answers:
        """Load one server; see `Worker.run`."""
        share = len(self.pipes)
        total = Answers()
        start = monotonic() + 0.1
        for answers in self._each("run", [(speaks, rate / share, start, seconds, patience)] * share):
            total += answers
        return total

    def settle(self, speaks: Speaks, seconds: float = 10.0) -> tuple[int, int]:
        parts = self._each("settle", [(speaks, seconds)] * len(self.pipes))
        return sum(sent for sent, _ in parts), sum(answered for _, answered in parts)

    def disconnect(self, speaks: Speaks) -> None:
        self._each("disconnect", [(speaks,)] * len(self.pipes))

    def _each(self, name: str, arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        for pipe, given in zip(self.pipes, arguments, strict=True):
            pipe.send((name, given))
        answers = [pipe.recv() for pipe in self.pipes]
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers
