"""The recorder's SQL: one guarded statement writes every session that has news.

Runs on the recorder's own thread, with a connection of its own that nothing else uses. Owns that connection; must never
decide anything about a session: that is the recorder's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import NamedTuple

import msgspec
import psycopg
from django.db import connections

from courses.sessions import DURABLE_SESSION, WRITABLE, DurableSession


class Row(NamedTuple):
    """What one session is to become. `was_seq` is the durable `acked_seq` that it was counted on from."""

    id: int
    epoch: int
    was_seq: int
    seq: int
    last_at_ms: int
    state: str
    duration_ms: int
    focus_ms: int
    engaged_ms: int
    idle_ms: int
    unknown_ms: int
    interactions: int
    stretches: str
    closes: bool
    since_ms: int


Epoch = tuple[int, int]
"""A session and the epoch under which it is held."""


@dataclass(slots=True)
class Written:
    """What came of a write.

    `settled` has each session that was written, with the `settled_ms` of its row. `refused` are the sessions that
    no write can store (a value out of range, a broken constraint). `found` is what PostgreSQL holds of the sessions
    that were not written, and of those that were asked for; one that is missing there is gone.
    PostgreSQL's clock read `now_ms` at some moment between `before` and `after` on the monotonic clock.
    """

    settled: dict[Epoch, int] = field(default_factory=dict)
    refused: set[Epoch] = field(default_factory=set)
    found: dict[int, DurableSession] = field(default_factory=dict)
    now_ms: float = 0.0
    before: float = 0.0
    after: float = 0.0


# SKIP LOCKED: a row that somebody else has locked is written by the next flush instead of holding up all the others.
# It does wait all the same where one lock gives way to another at that very moment (docs/decisions/0023), with other
# rows in hand that may be waited for: so a write gives up long before PostgreSQL would call that a deadlock.
LOCK_MS = 100

WRITE = f"""
    WITH free AS MATERIALIZED (
        SELECT id FROM courses_learningsession WHERE id = ANY(%s::bigint[]) FOR NO KEY UPDATE SKIP LOCKED)
    UPDATE courses_learningsession AS s SET
        acked_seq = d.seq, last_at_ms = d.last_at_ms, state = d.state,
        duration = d.duration_ms * interval '1 ms', focus_time = d.focus_ms * interval '1 ms',
        engaged_time = d.engaged_ms * interval '1 ms', idle_time = d.idle_ms * interval '1 ms',
        unknown_time = d.unknown_ms * interval '1 ms', interactions_count = d.interactions,
        unsettled = d.stretches::jsonb, state_since_ms = d.since_ms,
        last_heard_at = clock_timestamp(), is_settled = false,
        ended_at = CASE WHEN d.closes THEN s.started_at + d.last_at_ms * interval '1 ms' END,
        end_reason = CASE WHEN d.closes THEN 'closed' ELSE '' END
    FROM free, unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[],
        %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::boolean[],
        %s::bigint[])
        AS d(id, epoch, was_seq, seq, last_at_ms, state, duration_ms, focus_ms, engaged_ms, idle_ms, unknown_ms,
             interactions, stretches, closes, since_ms)
    WHERE s.id = free.id AND s.id = d.id AND s.epoch = d.epoch AND s.acked_seq = d.was_seq AND {WRITABLE}
    RETURNING s.id, s.epoch, s.settled_ms"""


def parameters(rows: Sequence[Row]) -> list[str]:
    """The parameters of `WRITE`: the ids to lock, then an array for each column, as PostgreSQL writes one.

    psycopg would convert item by item, which costs more than all else here. But for the braces PostgreSQL reads what
    JSON writes: the values are numbers, booleans, states, and stretches, whose JSON has no string in it.
    """
    arrays = [f"{{{msgspec.json.encode(column).decode()[1:-1]}}}" for column in zip(*rows, strict=True)]
    return [arrays[0], *arrays]


class Writer:
    """Writes and reads session rows over a connection of its own. Not for use from several threads at once."""

    def __init__(self) -> None:
        self._connection: psycopg.Connection | None = None

    def write(self, rows: Sequence[Row], reload: set[int]) -> Written:
        """Commit these rows as far as their guards let them, and read those that were not written, or are in `reload`.

        Raises psycopg.Error when nothing is known about what was committed: then all of it is tried again.
        """
        try:
            written = Written()
            if rows:
                self._write(rows, written)
            missed = {row.id for row in rows if (row.id, row.epoch) not in written.settled} | reload
            written.before = monotonic()
            with self._cursor() as cursor:
                cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8 * 1000")
                now_ms = cursor.fetchone()
                written.after = monotonic()
                assert now_ms is not None
                written.now_ms = now_ms[0]
                if missed:
                    cursor.execute(f"{DURABLE_SESSION} WHERE s.id = ANY(%s)", [list(missed)])
                    written.found = {row[0]: DurableSession(*row) for row in cursor.fetchall()}
            return written
        except psycopg.OperationalError:
            self.close()
            raise

    def _write(self, rows: Sequence[Row], written: Written) -> None:
        try:
            with self._cursor() as cursor:
                cursor.execute(WRITE, parameters(rows))
                written.settled.update({(id, epoch): settled_ms for id, epoch, settled_ms in cursor.fetchall()})
        except psycopg.errors.LockNotAvailable:
            pass  # nothing of it is written, and the next flush may
        except (psycopg.DataError, psycopg.IntegrityError):
            # One bad row fails the whole statement. Halve until it stands alone; all others are committed.
            if len(rows) == 1:
                written.refused.add((rows[0].id, rows[0].epoch))
                return
            middle = len(rows) // 2
            self._write(rows[:middle], written)
            self._write(rows[middle:], written)

    def _cursor(self) -> psycopg.Cursor:
        if self._connection is None or self._connection.broken:
            params = connections["default"].get_connection_params()
            params.pop("cursor_factory", None)
            params.pop("context", None)
            self._connection = psycopg.connect(**params, autocommit=True)
            self._connection.execute(f"SET lock_timeout = {LOCK_MS}")
        return self._connection.cursor()

    def close(self) -> None:
        """Close the connection; the next write opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
