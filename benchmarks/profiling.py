"""Where the server's time goes, by function: samples (py-spy) of all its threads, but for those that only wait."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SECONDS = 20
RATE = 60  # each sample stops the server for a moment: stacks that are read while it runs are torn
WAITING = ("threading.py", "concurrent/futures/thread.py", "psycopg/connection.py")
SOCKETS = "uvloop with its reads and writes"
PARTS = {
    "websockets": ("websockets/",),
    "Uvicorn": ("uvicorn/", "lms/websocket.py"),
    "ours": ("realtime/", "courses/", "lms/", "users/"),
    "psycopg": ("psycopg",),
    "msgspec": ("msgspec",),
}


@dataclass
class Profile:
    """Shares of the time on the processor, from 0 to 1: alone, and with what a function calls."""

    alone: list[tuple[str, float]]
    inclusive: list[tuple[str, float]]
    parts: list[tuple[str, float]]


@contextmanager
def sampling(pid: int, into: Path) -> Iterator[Callable[[], Profile | None]]:
    """Sample the process from the block's begin, for SECONDS; after the block the callable has the profile.

    It is None where the system lets nobody look into another process (ptrace_scope, a container).
    """
    into.unlink(missing_ok=True)
    sampler = Path(sys.executable).with_name("py-spy")
    child = subprocess.Popen(
        [*f"{sampler} record -p {pid} -d {SECONDS} -r {RATE} -f raw -F -o".split(), str(into)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield lambda: read(into) if into.exists() else None
    child.wait(60)


def read(path: Path) -> Profile:
    """The profile from py-spy's raw form: a stack and a count in each line."""
    alone: Counter[str] = Counter()
    inclusive: Counter[str] = Counter()
    parts: Counter[str] = Counter()
    for line in path.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        if any(place in frames[-1] for place in WAITING):
            continue
        alone[frames[-1]] += int(count)
        inclusive.update(dict.fromkeys(frames, int(count)))
        parts[part_of(frames)] += int(count)
    total = alone.total()

    def shares(counted: Counter[str], most: int) -> list[tuple[str, float]]:
        return [(name, count / total) for name, count in counted.most_common(most)]

    return Profile(shares(alone, 20), shares(inclusive, 30), shares(parts, 10))


def part_of(frames: list[str]) -> str:
    """Whose code the innermost frame of a known part is. Beneath the loop's own frame there is none: sockets."""
    if "asyncio/runners" in frames[-1]:
        return SOCKETS
    for frame in reversed(frames):
        for part, places in PARTS.items():
            if any(place in frame for place in places):
                return part
    return "the rest"
