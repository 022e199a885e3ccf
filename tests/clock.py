"""A clock that moves when a test moves it: PostgreSQL's, Django's and the monotonic one of the recorder, all at once.

PostgreSQL looks for `clock_timestamp()` and its like in a schema of ours before it comes to its own; what they return
is the last value of a sequence, which all connections see at once, in a transaction or not. What runs under this clock,
the server's SQL included, is what runs under the real one, letter by letter (docs/decisions/0073).
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FUNCTIONS = ("clock_timestamp", "now", "statement_timestamp", "transaction_timestamp")
MONOTONIC = ("realtime.recorder.monotonic", "realtime.held.monotonic", "realtime.writer.monotonic")

MAKE = """
DROP SCHEMA IF EXISTS simulated CASCADE;
CREATE SCHEMA simulated;
CREATE SEQUENCE simulated.milliseconds;
""" + "".join(
    f"CREATE FUNCTION simulated.{name}() RETURNS timestamptz LANGUAGE sql VOLATILE AS"
    " $$ SELECT timestamptz 'epoch' + last_value * interval '1 ms' FROM simulated.milliseconds $$;"
    for name in FUNCTIONS
)


class Clock:
    """`now_ms` are milliseconds since 1970: set it, and `tell` PostgreSQL before it is asked for anything."""

    def __init__(self, now: datetime) -> None:
        self._began_ms = self.now_ms = (now - EPOCH) // timedelta(milliseconds=1)
        self._told_ms = 0

    def now(self) -> datetime:
        return EPOCH + timedelta(milliseconds=self.now_ms)

    def monotonic(self) -> float:
        return (self.now_ms - self._began_ms) / 1000

    def tell(self) -> None:
        from django.db import connection

        if self._told_ms != self.now_ms:
            with connection.cursor() as cursor:
                cursor.execute("SELECT setval('simulated.milliseconds', %s)", [self.now_ms])
            self._told_ms = self.now_ms


@contextmanager
def moved_by_hand(begins: datetime) -> Iterator[Clock]:
    """For every connection of this process that is opened meanwhile; no other process sees anything of it."""
    from django.db import connection

    options = connection.settings_dict["OPTIONS"]
    with connection.cursor() as cursor:
        cursor.execute(MAKE)
    connection.close()
    clock = Clock(begins)
    with ExitStack() as stack:
        stack.enter_context(patch.dict(options, options="-c search_path=simulated,pg_catalog,public"))
        stack.enter_context(patch("django.utils.timezone.now", clock.now))
        for name in MONOTONIC:
            stack.enter_context(patch(name, clock.monotonic))
        clock.tell()
        yield clock
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA simulated CASCADE")
