"""Django's PostgreSQL backend, with a pool that is usable at once after PostgreSQL was restarted."""

from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
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
