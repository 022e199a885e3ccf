"""What all web processes of the site count together on this machine.

Each counts in memory (`realtime/metrics.py`), and a thread of its own writes that down every WRITE_EVERY_SECONDS:
nothing else waits for the disk (docs/decisions/0126). Whoever is asked adds what the others have written.

A process has a *place* to write to: the lowest number whose lock is free. Who holds the lock of a place is alive. When
it dies, however, its gauges are not shown any more, and what it has counted stays, for the next process that takes the
place to go on from: so no sum falls while the server runs.
"""

import fcntl
import logging
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import msgspec
from prometheus_client import Gauge, Metric

from lms.devservers import is_locked, try_lock
from lms.settings import DATA_DIR
from realtime.metrics import REGISTRY

FOLDER = DATA_DIR / "metrics"
WRITE_EVERY_SECONDS = 1.0
"""So much of what it has counted may go with a process that is killed."""

Sample = tuple[str, str, tuple[tuple[str, str], ...]]
"""The names of a metric and of a sample of it, and the sample's labels."""
Figures = list[tuple[Sample, float]]

PROCESSES = Gauge("studybeat_web_processes", "Web processes of this machine that are alive.", registry=REGISTRY)
PROCESSES.set(1)

log = logging.getLogger(__name__)


class Written(msgspec.Struct):
    """What was counted in a place, and how it was with the process there when it wrote."""

    counted: Figures = []
    gauges: Figures = []


class Place:
    """Where this process writes. Raises OSError when there is none to be had."""

    def __init__(self) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for self.number in count():
            self._lock = (FOLDER / f"{self.number}.lock").open("a")
            if try_lock(self._lock, fcntl.LOCK_EX):
                break
            self._lock.close()
        self.inherited = read(self.number).counted
        self._text = b""

    def write(self) -> None:
        """Write down how things are, if that is news. Who reads meanwhile gets all of the old or all of the new."""
        own = in_memory()
        text = msgspec.json.encode(Written(added(self.inherited, own.counted), own.gauges))
        if text != self._text:
            new = FOLDER / f"{self.number}.new"
            new.write_bytes(text)
            new.replace(FOLDER / f"{self.number}.json")
            self._text = text


def read(number: int) -> Written:
    """What was written in a place; nothing where that can't be read."""
    with suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode((FOLDER / f"{number}.json").read_bytes(), type=Written)
    return Written()


def in_memory() -> Written:
    own = Written([], [])
    for metric in REGISTRY.collect():
        figures = own.gauges if metric.type == "gauge" else own.counted
        figures += [
            ((metric.name, sample.name, tuple(sample.labels.items())), sample.value)
            for sample in metric.samples
            if not sample.name.endswith("_created")
        ]
    return own


def added(*parts: Figures) -> Figures:
    sums: defaultdict[Sample, float] = defaultdict(float)
    for part in parts:
        for sample, value in part:
            sums[sample] += value
    return list(sums.items())


def together() -> Iterator[Metric]:
    """Every metric, with the sums of all processes."""
    own = in_memory()
    parts = [own.counted, own.gauges]
    mine = _place
    if mine is not None:
        parts.append(mine.inherited)
    for number in places():
        if mine is None or number != mine.number:
            there = read(number)
            parts += [there.counted, there.gauges] if is_locked(FOLDER / f"{number}.lock") else [there.counted]
    sums = added(*parts)
    for metric in REGISTRY.collect():
        metric.samples = []
        for (of, name, labels), value in sums:
            if of == metric.name:
                metric.add_sample(name, dict(labels), value)
        yield metric


def places() -> list[int]:
    return [int(path.stem) for path in FOLDER.glob("*.json")]


def forget_the_dead() -> None:
    """The server starts: what was counted before it counts no more. (Where that can't be, nothing can be written.)"""
    for number in places():
        with suppress(OSError), (FOLDER / f"{number}.lock").open("a") as lock:
            if try_lock(lock, fcntl.LOCK_EX):
                (FOLDER / f"{number}.json").unlink(missing_ok=True)


_place: Place | None = None
_ends = threading.Event()
_thread: threading.Thread


def start() -> None:
    """Begin to write."""
    global _thread
    _thread = threading.Thread(target=_write_forever, name="figures", daemon=True)
    _thread.start()


def stop() -> None:
    """Write for the last time. Waits for that."""
    _ends.set()
    _thread.join()


def _write_forever() -> None:
    global _place
    is_failing = is_last = False
    while True:
        try:
            _place = _place or Place()
            _place.write()
            is_failing = False
        except OSError as error:
            if not is_failing:
                log.error("What is counted for /metrics can't be written: %s. Trying again until it can.", error)
            is_failing = True
        if is_last:
            return
        is_last = _ends.wait(WRITE_EVERY_SECONDS)
