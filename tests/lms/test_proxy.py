"""The proxy that the fault tests trust."""

import time

import psycopg
import pytest
from psycopg import Connection

from tests.proxy import Proxy
from tests.site import Site

pytestmark = pytest.mark.django_db(transaction=True)


def connected(proxy: Proxy | None = None) -> "Connection[tuple[object, ...]]":
    url = Site.test_database_url()
    return psycopg.connect(proxy.database_url(url) if proxy else url)


@pytest.fixture
def direct() -> "Connection[tuple[object, ...]]":
    connection = connected()
    connection.autocommit = True
    connection.execute("CREATE TABLE IF NOT EXISTS proxied (n int)")
    connection.execute("TRUNCATE proxied")
    return connection


def rows(direct: "Connection[tuple[object, ...]]") -> list[tuple[object, ...]]:
    return direct.execute("SELECT n FROM proxied").fetchall()


def test_a_commit_whose_answer_is_lost(direct: "Connection[tuple[object, ...]]") -> None:
    with Proxy.for_database(Site.test_database_url()) as proxy:
        through = connected(proxy)
        cut = proxy.cut_at_answer()
        through.execute("INSERT INTO proxied VALUES (1)")
        assert not cut.is_set()
        with pytest.raises(psycopg.OperationalError):
            through.commit()
        assert cut.is_set()
        assert rows(direct) == [(1,)]

        again = connected(proxy)  # once only
        again.execute("INSERT INTO proxied VALUES (2)")
        again.commit()
        assert rows(direct) == [(1,), (2,)]
        again.close()


def test_cut_and_refuse(direct: "Connection[tuple[object, ...]]") -> None:
    with Proxy.for_database(Site.test_database_url()) as proxy:
        through = connected(proxy)
        through.execute("INSERT INTO proxied VALUES (1)")
        assert proxy.cut() == 1
        with pytest.raises(psycopg.OperationalError):
            through.commit()
        assert rows(direct) == []
        proxy.refuses = True
        with pytest.raises(psycopg.OperationalError):
            connected(proxy)
        proxy.heal()
        connected(proxy).close()


def test_latency(direct: "Connection[tuple[object, ...]]") -> None:
    with Proxy.for_database(Site.test_database_url()) as proxy, connected(proxy) as through:
        proxy.latency = 0.05
        began = time.monotonic()
        through.execute("SELECT 1")
        assert time.monotonic() - began >= 0.1
