"""What a client knows of a session: what the page was, and so what the server has to have counted."""

from time import monotonic
from typing import Any, NamedTuple
from uuid import uuid4

COUNTED = ("duration_ms", "focus_ms", "engaged_ms", "idle_ms", "unknown_ms", "interactions")
NOTHING = (0,) * len(COUNTED)
Totals = tuple[int, ...]
Frame = dict[str, Any]

MISSING = "acknowledged and missing"
WRONG = "counted wrong"


class Sample(NamedTuple):
    seq: int
    at: int
    state: str
    interactions: int


class Record:
    """One key. `totals[n]` is what its first `n` samples make, by the rules of the protocol."""

    def __init__(self, content: int | None) -> None:
        self.key = str(uuid4())
        self.content = content
        self.session: int | None = None
        self.samples: list[Sample] = []
        self.totals: list[Totals] = [NOTHING]
        self.sent_at: list[float] = [0.0]  # by seq, when it was first sent
        self.acked = 0
        self.end = ""  # closed, or lost
        self.began = self.ended = monotonic()
        self._anchor: tuple[int, float] | None = None

    def anchor(self, now_ms: int) -> None:
        """The server says where the session's clock stands; it only moves on."""
        if self._anchor is None:
            self.began = monotonic()
        if self._anchor is None or now_ms > self.now_ms:
            self._anchor = now_ms, monotonic()

    @property
    def is_anchored(self) -> bool:
        return self._anchor is not None

    @property
    def now_ms(self) -> int:
        assert self._anchor is not None
        return self._anchor[0] + int((monotonic() - self._anchor[1]) * 1000)

    def add(self, state: str, interactions: int) -> None:
        """The page is in this state from now on."""
        at = self.now_ms
        duration, focus, engaged, idle, unknown, events = self.totals[-1]
        if self.samples:
            before = self.samples[-1]
            span = at - before.at
            if span > (150_000 if before.state == "idle" else 25_000):
                unknown += span
            elif before.state == "idle":
                idle += span
            else:
                focus += span
                engaged += span if before.state == "engaged" else 0
            duration += span
        self.samples.append(Sample(len(self.samples) + 1, at, state, interactions))
        self.totals.append((duration, focus, engaged, idle, unknown, events + interactions))

    def heard(self, frame: Frame) -> str | None:
        """Judge the fields of an acknowledgement; what is wrong with it."""
        seq, counted = frame["seq"], tuple(frame[name] for name in COUNTED)
        if seq < self.acked:
            return f"{MISSING}: {frame} after {self.acked} was acknowledged"
        if seq >= len(self.totals) or counted != self.totals[seq]:
            return f"{WRONG}: {frame}, and its samples make {self.totals[seq : seq + 1]}"
        self.acked = seq
        return None
