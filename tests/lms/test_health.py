import httpx
import pytest

from lms.devservers import Postgres, Valkey
from tests.proxy import Proxy
from tests.site import Site

pytestmark = pytest.mark.django_db(transaction=True)


def ready(site: Site) -> tuple[int, str, str]:
    response = httpx.get(f"{site.http()}/readyz", trust_env=False, timeout=60)
    body = response.json()
    return response.status_code, body["status"], body["detail"]


def test_well(site: Site) -> None:
    assert ready(site) == (200, "ok", "")


def test_without_redis_it_is_degraded(site: Site, valkey: Valkey) -> None:
    detail = "Redis does not answer: news from other processes comes with a delay."
    valkey.kill()
    assert ready(site) == (200, "degraded", detail)
    valkey.start()
    assert ready(site) == (200, "ok", "")
    valkey.suspend()
    assert ready(site) == (200, "degraded", detail)


def test_without_postgresql_it_is_unready(site: Site, postgres: Postgres) -> None:
    postgres.stop_immediately()
    assert ready(site) == (503, "unready", "PostgreSQL does not answer.")
    assert httpx.get(f"{site.http()}/healthz", trust_env=False).json() == {"status": "ok"}
    postgres.start()
    assert ready(site) == (200, "ok", "")


def test_a_silent_postgresql(make_site: type[Site]) -> None:
    with Proxy.for_database(Site.test_database_url()) as proxy:
        site = make_site(database_url=proxy.database_url(Site.test_database_url()))
        assert ready(site) == (200, "ok", "")
        proxy.black_hole()
        assert ready(site) == (503, "unready", "PostgreSQL does not answer.")
        proxy.heal()
        assert ready(site) == (200, "ok", "")


def test_a_database_without_tables(make_site: type[Site]) -> None:
    site = make_site(database_url=Site.test_database_url().replace("/test_", "/"))
    assert ready(site) == (503, "unready", "PostgreSQL lacks migrations: run manage.py migrate.")
