"""Django's PostgreSQL backend, with three things that it lacks.

A pool that is usable at once after PostgreSQL was restarted (docs/decisions/0007); turns, so that requests can't take
all of the pool (0008); and a last moment of a transaction, in which `users.events.before_commit` has what must come
after all else (0046).
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

import psycopg
from django.db import Error
from django.db.backends.postgresql import base
from django.db.transaction import TransactionManagementError
from psycopg_pool import ConnectionPool

from users.events import BeforeCommit

TURNS: Final = 6
"""Requests that hold a connection at once. The pool has room for these, the websockets' eight threads and the
settler's, and for requests that record."""
TURN_WITHIN_SECONDS: Final = 5.0


class DatabaseWrapper(base.DatabaseWrapper):
    turns = threading.BoundedSemaphore(TURNS)
    takes_turns = False
    _has_turn = False

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection, after a wait for a turn where this thread takes turns. It is given back with the connection."""
        if self.takes_turns and not self._has_turn:
            if not self.turns.acquire(timeout=TURN_WITHIN_SECONDS):
                raise psycopg.OperationalError(f"no turn at the database within {TURN_WITHIN_SECONDS:g} s")
            self._has_turn = True
        try:
            return self._working_connection(conn_params)
        except BaseException:
            self._give_turn_back()
            raise

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._give_turn_back()

    def _give_turn_back(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self.turns.release()

    def _working_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection that works, as far as the server does.

        When one from the pool is dead, so are the others that lie there: they all go. With CONN_HEALTH_CHECKS the
        pool would find that out one by one, with longer and longer pauses between, and refuse for as long.
        """
        connection = super().get_new_connection(conn_params)
        pool = self.pool
        if pool is None:
            return connection
        try:
            ConnectionPool.check_connection(connection)
        except psycopg.OperationalError:
            pool.putconn(connection)
            pool.drain()
            return super().get_new_connection(conn_params)
        return connection

    def _commit(self) -> None:  # a hook of Django's, which its stubs don't know
        try:
            self._end()
        except BaseException:
            try:
                self.rollback()
            except Error:
                self.close()
            raise
        super()._commit()  # type: ignore[misc]

    def _end(self) -> None:
        """Call what waits for the end of the transaction, as within `transaction.atomic`."""
        waiting = self._waiting()
        if not waiting:
            return
        self.in_atomic_block = True
        try:
            for function, items in waiting.items():
                function(items)
        finally:
            self.in_atomic_block = False
        if self._waiting() != waiting:
            raise TransactionManagementError("The transaction ends already: what is asked for now would never be done.")

    def _waiting(self) -> dict[Callable[[list[Any]], None], list[Any]]:
        waiting: dict[Callable[[list[Any]], None], list[Any]] = defaultdict(list)
        for _, callback, *_ in self.run_on_commit:
            if isinstance(callback, BeforeCommit):
                waiting[callback.function].append(callback.item)
        return waiting
