"""An oracle for the timekeeper: it paints a session, a byte for each millisecond, and counts the bytes.

Written from the contract's words, with its own numbers, and as unlike the timekeeper as can be.
"""

import re
from itertools import pairwise
from typing import Any, NamedTuple

from realtime.protocol import Sample


class Frame(NamedTuple):
    """Samples that arrived together, when the session was `elapsed_ms` old."""

    elapsed_ms: int
    samples: list[Sample]


class Bitmap:
    """A session: the samples it took, each with the session's age when it came."""

    def __init__(self) -> None:
        self.taken: list[tuple[Sample, int]] = []

    def deliver(self, frame: Frame) -> int | None:
        """Take a frame. Returns the number to send from, when there is a hole."""
        seqs = [len(self.taken), *(sample.seq for sample in frame.samples)]
        if any(seq > max(seqs[:position]) + 1 for position, seq in enumerate(seqs) if position):
            return len(self.taken) + 1
        for sample in frame.samples:
            if sample.seq == len(self.taken) + 1:
                self.taken.append((sample, frame.elapsed_ms))
        return None

    def positions(self) -> list[int]:
        """Where on the session's time line each sample is put."""
        positions = [0]
        for sample, elapsed_ms in self.taken:
            earliest, latest = positions[-1], max(positions[-1], elapsed_ms + 2_000)
            positions.append(sorted([earliest, sample.at, latest])[1])
        return positions[1:]

    def picture(self) -> bytes:
        positions = self.positions()
        picture = bytearray(b"." * (positions[-1] if positions else 0))
        for ((sample, _), start), ((_, elapsed_ms), end) in pairwise(zip(self.taken, positions, strict=True)):
            if end - start > {"engaged": 25_000, "focus": 25_000, "idle": 150_000}[sample.state]:
                paint = b"u"
            elif sample.state == "engaged" and elapsed_ms > end + 150_000:
                paint = b"f"
            else:
                paint = sample.state[0].encode()
            picture[start:end] = paint * (end - start)
        return bytes(picture)

    def interactions(self) -> int:
        total = 0
        for sample, elapsed_ms in self.taken:
            room = elapsed_ms // 20 - total
            total += min(sample.interactions, max(room, 0))
        return total

    def since_ms(self) -> int:
        """Walk back from the last sample, as long as the state is its and nothing in between is unknown."""
        positions, picture = self.positions(), self.picture()
        first = len(positions) - 1
        while first > 0 and self.taken[first - 1][0].state == self.taken[-1][0].state:
            if b"u" in picture[positions[first - 1] : positions[first]]:
                break
            first -= 1
        return positions[first] if positions else 0

    def facts(self) -> dict[str, Any]:
        picture = self.picture()
        positions = self.positions()
        return {
            "seq": len(self.taken),
            "at_ms": positions[-1] if positions else 0,
            "state": self.taken[-1][0].state if self.taken else None,
            "duration_ms": len(picture) - picture.count(b"."),
            "focus_ms": picture.count(b"e") + picture.count(b"f"),
            "engaged_ms": picture.count(b"e"),
            "idle_ms": picture.count(b"i"),
            "unknown_ms": picture.count(b"u"),
            "interactions": self.interactions(),
            "since_ms": self.since_ms(),
            "stretches": [[run.start(), run.end(), run[0][:1] == b"e"] for run in re.finditer(b"e+|f+", picture)],
        }
