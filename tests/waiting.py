"""Waits until somebody waits: where a test of two at once goes on."""

import time
from collections.abc import Callable

from django.db import connection

PATIENCE_SECONDS = 60.0


def be_waited_for(*, unless: Callable[[], bool] = lambda: False) -> None:
    """Return once another transaction waits for a lock that this thread's holds, or `unless` is so. Raises
    TimeoutError."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with connection.cursor() as cursor:
        while not unless():
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_locks"
                " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
            )
            if cursor.fetchone()[0]:
                return
            if time.monotonic() > deadline:
                raise TimeoutError("nobody waits for this transaction")
            time.sleep(0.02)
