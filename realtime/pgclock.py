"""PostgreSQL's clock as this process knows it, without asking for every sample.

Each answer of the database that carries its time tells between which bounds the distance from the monotonic clock to
PostgreSQL's must lie: it read its clock after we asked and before we had the answer. The estimate moves only as far
as the newest bounds force it to, so a slow answer changes nothing, and a clock that was set is followed at once.
"""


class PgClock:
    """Milliseconds since 1970 by PostgreSQL's clock, from this process's monotonic clock (seconds)."""

    __slots__ = ("_distance_ms",)

    def __init__(self) -> None:
        self._distance_ms: float | None = None

    def observe(self, *, before: float, now_ms: float, after: float) -> None:
        """PostgreSQL's clock read `now_ms` at some moment from `before` to `after` (monotonic seconds)."""
        least, most = now_ms - after * 1000, now_ms - before * 1000
        # At first the least: to take a session for younger than it is never credits too much.
        self._distance_ms = least if self._distance_ms is None else min(max(self._distance_ms, least), most)

    def at(self, moment: float) -> float:
        """What PostgreSQL's clock reads at `moment` (monotonic seconds). It must have been observed before."""
        assert self._distance_ms is not None, "a session is held only after the database was asked for it"
        return moment * 1000 + self._distance_ms
