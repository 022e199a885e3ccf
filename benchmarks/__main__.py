"""`python -m benchmarks`: what one server core carries, beside a bare echo and the usual way, in rounds by turns.

Three server processes run on one core, with the same options; all else (the load, PostgreSQL, Valkey) is on
another. Only one of the three has a load at a time, and they take turns load by load, so that a machine that is slow
for a minute is slow for all three. Every figure is a median over the rounds, and so is every ratio, each of one round.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from math import inf, sqrt
from pathlib import Path

from benchmarks import profiling, report, stage
from benchmarks.load import Answers, Fleet, Speaks, quantile

LAG_SECONDS = 1.0
GROWTH = 0.03
"""A load is sustained when all of it is answered, 99 of 100 within LAG_SECONDS, and the lag does not grow: by the end
even the quickest tenth has its answer later by no more than this part of the time that has passed. Not the median:
answers that come in waves move it by half a wave, without any backlog."""
FIRST_GUESS: dict[Speaks, float] = {"studybeat": 8_000, "echo": 8_000, "tutorial": 200}
BEAT_SECONDS = 15.0
LOADS_A_ROUND = 10
LARGE_STEP = 1.25
PRECISION = 0.05
TURNS: tuple[Speaks, ...] = ("studybeat", "echo", "tutorial")
FRAMES_PER_SECOND = 18.0  # of a connection: below the protocol's limit of 20
WARM_UP = (
    500  # connections before memory is measured: the first ones pay for threads, pools, and what imports left free
)


@dataclass
class Results:
    """What was measured. Rates in a second, memory in KiB a connection, latencies in milliseconds."""

    connections: int
    seconds: float
    command: str
    flush_seconds: float
    busy: float
    lag_seconds: float = LAG_SECONDS
    growth: float = GROWTH
    beat_seconds: float = BEAT_SECONDS
    frames_per_second: float = FRAMES_PER_SECOND
    profile_seconds: int = profiling.SECONDS
    rates: dict[Speaks, list[float]] = field(default_factory=dict)
    cpu_us: dict[Speaks, list[float]] = field(default_factory=dict)
    memory: dict[Speaks, list[float]] = field(default_factory=dict)
    latencies: dict[Speaks, tuple[float, float, float]] = field(default_factory=dict)  # rate, p50, p99
    curve: dict[Speaks, list[tuple[float, float]]] = field(default_factory=dict)  # share of samples, latency
    verified: dict[Speaks, int] = field(default_factory=dict)  # samples acknowledged and found in the database
    hot_percent: float = 0.0
    profile: profiling.Profile | None = None

    @property
    def most(self) -> float:
        """The highest rate that is looked for: no connection goes beyond the protocol's limit."""
        return self.connections * self.frames_per_second

    def median(self, figures: dict[Speaks, list[float]], of: Speaks) -> float:
        return statistics.median(figures[of])

    def ratio(self, figures: dict[Speaks, list[float]], to: Speaks) -> float:
        """Ours to another's: the median of the rounds' ratios, for both figures of a round were taken side by side."""
        return statistics.median(ours / its for ours, its in zip(figures["studybeat"], figures[to], strict=True))


class Bench:
    """One run, from a fresh database to the figures."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.connections: int = arguments.connections
        self.seconds: float = arguments.seconds
        self.rounds: int = arguments.rounds
        self.data_dir = Path(os.environ.get("DATA_DIR") or stage.ROOT / ".data").resolve() / "bench"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.server_core, load_core = stage.cores()
        stage.fresh_database(self.data_dir)
        self.learners = stage.Learners(self.connections + WARM_UP)
        self.fleet = Fleet(arguments.workers, load_core)
        from realtime.recorder import FLUSH_EVERY_SECONDS

        command = " ".join(["python -m benchmarks", *sys.argv[1:]])
        self.results = Results(self.connections, self.seconds, command, FLUSH_EVERY_SECONDS, os.getloadavg()[0])
        self.ports = iter(range(arguments.port, arguments.port + 1000))
        self.guess = dict(FIRST_GUESS)
        self.heard_at: dict[Speaks, float] = {}

    def start(self, name: Speaks) -> stage.Server:
        return stage.Server(name, core=self.server_core, port=next(self.ports), log_dir=self.data_dir)

    def connect(self, name: Speaks, server: stage.Server) -> None:
        seats = self.learners.seats_of_rows() if name == "tutorial" else self.learners.seats()
        self.fleet.connect(name, server.port, seats[: self.connections])
        self.heard_at[name] = time.monotonic()

    def connect_anew(self, name: Speaks) -> None:
        """After a load so far beyond what it sustains that samples were refused: later ones would have a hole before
        them. What was acknowledged until then is not looked for."""
        self.fleet.disconnect(name)
        stored = -1
        while (now_stored := stage.samples_stored(opened=True)) > stored:
            stored = now_stored
            time.sleep(2)
        self.stored_before[name] = stored
        self.connect(name, self.servers[name])

    # Memory

    def memory(self, rounds: int) -> None:
        """Resident memory by which a server grows for each connection; ours with a live session that has samples."""
        for number in range(1, rounds + 1):
            for name in ("studybeat", "echo"):
                server = self.start(name)
                self.fleet.connect(name, server.port, self.learners.seats()[self.connections :])
                self.fleet.run(name, rate=WARM_UP, seconds=2, patience=2)
                before = server.rss_kib()
                self.fleet.connect(name, server.port, self.learners.seats()[: self.connections])
                self.fleet.run(name, rate=self.connections, seconds=3, patience=2)  # three samples each
                grown = (server.rss_kib() - before) / self.connections
                self.results.memory.setdefault(name, []).append(grown)
                self.fleet.settle(name)
                self.fleet.disconnect(name)
                server.stop()
                stage.say(f"memory {number}/{rounds}  {name:9}  {grown:6.1f} KiB a connection, of {self.connections}")

    # Rates

    def load(self, name: Speaks, rate: float, seconds: float) -> tuple[Answers, bool]:
        """One load; whether it was sustained. Waits until all is answered before it returns."""
        for other, heard_at in self.heard_at.items():
            if time.monotonic() - heard_at > BEAT_SECONDS:
                self.beat(other)
        self.heard_at[name] = time.monotonic() + seconds
        answers = self.fleet.run(name, rate=rate, seconds=seconds, patience=LAG_SECONDS)
        rise = quantile(answers.late, 0.1) - quantile(answers.early, 0.1)
        is_sustained = (
            answers.sent == int(rate / len(self.fleet.pipes) * seconds) * len(self.fleet.pipes)
            and answers.answered == answers.sent
            and quantile(answers.latencies, 0.99) <= LAG_SECONDS * 1000
            and rise <= GROWTH * seconds / 2 * 1000
        )
        if strange := [answer for answer in answers.strange if '"rate_limited"' not in answer]:
            sys.exit(f"{name} answered: {strange[0]} (and {len(strange) - 1} more)")
        if answers.strange:
            self.connect_anew(name)
            return answers, False
        self.fleet.settle(name)
        return answers, is_sustained

    def beat(self, name: Speaks) -> None:
        """A sample from each connection, which counts for nothing: between two loads, as pages beat all the time. Else
        leases would end while the others have their turn, and the next turn begin with sessions that are revived."""
        self.fleet.run(name, rate=self.connections, seconds=1, patience=30)
        self.fleet.settle(name, 30)
        self.heard_at[name] = time.monotonic()

    def find_guess(self, name: Speaks) -> None:
        """Roughly where it gives in, before anything counts."""
        rate = self.guess[name]
        while rate < self.results.most and self.load(name, rate, 1.5)[1]:
            rate *= 1.3
        self.guess[name] = min(rate / 1.15, self.results.most)
        stage.say(f"about {self.guess[name]:8.0f}/s  {name}")

    def highest(self, name: Speaks, server: stage.Server) -> Generator[None, None, float]:
        """The highest rate sustained: in large steps until it lies between two, then halving what is between.

        A rate counts as too high when it failed twice: a machine that is slow for a second is no bound. Yields after
        each of its loads, so that the others have one too.
        """
        rate, sustained, failed = self.guess[name], 0.0, inf
        cpu_us = 0.0
        loads = 0
        while loads < LOADS_A_ROUND or not sustained:
            loads += 1
            began = server.cpu_seconds()
            answers, is_sustained = self.load(name, rate, self.seconds)
            if is_sustained:
                sustained, cpu_us = rate, (server.cpu_seconds() - began) / answers.sent * 1e6
            elif not self.load(name, rate, self.seconds)[1]:
                failed = rate
            else:
                sustained = rate
            if sustained == self.results.most or failed < sustained * (1 + PRECISION):
                break
            if failed == inf:
                rate = min(sustained * LARGE_STEP, self.results.most)
            else:
                rate = sqrt(sustained * failed) if sustained else failed / LARGE_STEP
            yield
        self.results.cpu_us.setdefault(name, []).append(cpu_us)
        self.guess[name] = sustained
        return sustained

    def rates(self) -> None:
        """The rounds. After each turn, what was acknowledged is looked for in the database."""
        self.stored_before = {"studybeat": stage.samples_stored(opened=True), "tutorial": 0}
        self.servers = servers = {name: self.start(name) for name in TURNS}
        for name, server in servers.items():
            self.connect(name, server)
            self.find_guess(name)
        for number in range(1, self.rounds + 1):
            searches = {name: self.highest(name, server) for name, server in servers.items()}
            while searches:
                for name, search in list(searches.items()):
                    try:
                        next(search)
                    except StopIteration as found:
                        del searches[name]
                        self.results.rates.setdefault(name, []).append(found.value)
                        self.verify(name)
                        stage.say(f"round {number}/{self.rounds}  {name:9} {found.value:8.0f}/s")
        updates, hot = stage.updates_in_place()
        self.results.hot_percent = 100 * hot / max(1, updates)
        quarter = self.results.median(self.results.rates, "studybeat") / 4
        self.latency("studybeat", quarter)
        self.latency("echo", quarter)
        self.profile(servers["studybeat"], quarter * 2)
        for name, server in servers.items():
            self.fleet.disconnect(name)
            server.stop()

    def verify(self, name: Speaks) -> None:
        """Every sample that was ever acknowledged is in the database. Ends the run when one is not."""
        sent, answered = self.fleet.settle(name)
        if answered != sent:
            sys.exit(f"{name}: {sent - answered} of {sent} samples were never answered")
        if name == "echo":
            return
        stored = stage.samples_stored(opened=name == "studybeat") - self.stored_before[name]
        if stored != answered:
            sys.exit(f"{name}: {answered} samples were acknowledged, the database holds {stored}")
        self.results.verified[name] = stored

    def latency(self, name: Speaks, rate: float) -> None:
        answers, _ = self.load(name, rate, 15.0)
        p50, p99 = quantile(answers.latencies, 0.5), quantile(answers.latencies, 0.99)
        self.results.latencies[name] = rate, p50, p99
        shares = [share / 100 for share in range(1, 100)]
        self.results.curve[name] = [(share, quantile(answers.latencies, share)) for share in shares]
        stage.say(f"latency  {name:9}  p50 {p50:.1f} ms, p99 {p99:.1f} ms at {rate:.0f}/s")

    def profile(self, server: stage.Server, rate: float) -> None:
        with profiling.sampling(server.process.pid, self.data_dir / "profile.txt") as taken:
            self.load("studybeat", rate, profiling.SECONDS + 2)
        self.results.profile = taken()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--connections", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5, help="0: memory only, and no report")
    parser.add_argument("--seconds", type=float, default=6.0, help="how long each load lasts")
    parser.add_argument("--memory-rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2, help="processes that make the load")
    parser.add_argument("--port", type=int, default=18_000)
    parser.add_argument("--report", type=Path, default=stage.ROOT / "benchmarks" / "RESULTS.md")
    arguments = parser.parse_args()
    bench = Bench(arguments)
    bench.memory(arguments.memory_rounds)
    if not arguments.rounds:
        return
    bench.rates()
    report.write(bench.results, arguments.report, stage.ROOT / "benchmarks" / "MENDED.md")
    sys.stdout.write(arguments.report.read_text())


if __name__ == "__main__":
    main()
