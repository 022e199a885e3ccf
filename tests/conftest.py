"""What every test may ask for: private servers, a started site, named people and a course.

`pytest` alone works: the servers' addresses follow from the data folder, so Django's settings know them before
anything runs, and the first test that needs a database starts them. Runs side by side, and the processes of one run
(`-n 2`), take a folder each. With DATABASE_URL or REDIS_URL set, that server is used instead, and tests that stop it
fail and say so.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from lms.devservers import Postgres, Server, Valkey, try_lock
from lms.devservices import Services
from tests.counts import STRESS
from tests.people import PASSWORD, enroll, make_course, make_user, session_of, token_of  # noqa: F401  (moved there)
from tests.site import Site
from tests.stress import write_report

if TYPE_CHECKING:
    from courses.models import Content, Course
    from users.models import User

S = TypeVar("S", bound=Server)

OWN_DATABASE = not os.environ.get("DATABASE_URL")
OWN_REDIS = not os.environ.get("REDIS_URL")


def take_folder(base: Path) -> Path:
    """The first folder that no other run uses; locked as long as this process lives."""
    import fcntl

    number = 0
    while True:
        folder = base / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "run.lock").open("a")
        if try_lock(lock, fcntl.LOCK_EX):
            taken.append(lock)
            return folder
        lock.close()
        number += 1


taken: list[Any] = []
BASE = Path(os.environ.get("DATA_DIR") or Path(__file__).parent.parent / ".data").resolve()


def pytest_configure(config: pytest.Config) -> None:
    """Take a folder, and point Django's settings to the servers there. Not where others run the tests (xdist)."""
    if config.getoption("numprocesses", None):
        return
    global SERVICES
    folder = take_folder(BASE / "tests")
    SERVICES = Services(folder, postgres=OWN_DATABASE, valkey=OWN_REDIS)
    os.environ.setdefault("DATABASE_URL", SERVICES.postgres.url)
    os.environ.setdefault("REDIS_URL", SERVICES.valkey.url)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="lms.settings", DEBUG="1", SECRET_KEY="for the tests", DATA_DIR=str(folder)
    )
    import django

    django.setup()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if STRESS:
        write_report(terminalreporter, BASE / "stress-report.txt")


# Servers -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """PostgreSQL and Valkey, running."""
    SERVICES.hold()
    yield SERVICES
    SERVICES.release()


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, services: Services, django_test_environment: None, django_db_blocker: Any
) -> None:
    """A fresh test database with every migration (`--reuse-db` keeps the last one). It stays: its server goes."""
    from django.db import connection
    from django.test import TransactionTestCase
    from django.test.utils import setup_databases

    # Tests stop PostgreSQL, and a pool comes back from that with pauses: here every connection is made anew.
    connection.settings_dict["OPTIONS"].pop("pool", None)
    keep = request.config.getvalue("reuse_db")
    with django_db_blocker.unblock():
        if not keep:
            with connection._nodb_cursor() as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "test_{connection.settings_dict["NAME"]}" WITH (FORCE)')
        setup_databases(verbosity=0, interactive=False, keepdb=keep)

    TransactionTestCase._fixture_teardown = empty_all_tables  # type: ignore[method-assign]


def empty_all_tables(test: object) -> None:
    """Delete all rows, once nobody writes any. A site that still writes may deadlock with it; then it goes once more.

    Django's own way makes every table and index anew, and after that content types and permissions, which takes a third
    of a second for each test.
    """
    from django.db import OperationalError, connection, transaction

    names = set(connection.introspection.django_table_names(only_existing=True))
    tables = [connection.ops.quote_name(name) for name in sorted(names - {"django_content_type", "auth_permission"})]
    deletes = ", ".join(f"t{number} AS (DELETE FROM {table})" for number, table in enumerate(tables))
    for tries_left in reversed(range(6)):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {', '.join(tables)} IN EXCLUSIVE MODE")
                cursor.execute(f"WITH {deletes} SELECT")  # in one statement: whatever refers to whatever
            return
        except OperationalError:
            if not tries_left:
                raise


@pytest.fixture
def postgres(services: Services, transactional_db: None) -> Iterator[Postgres]:
    """PostgreSQL to stop, kill and start; running again after the test.

    A Django connection from before a restart is dead: `connections.close_all()`, or use `tests.site.orm`.
    """
    yield from healed(services.postgres, OWN_DATABASE)


@pytest.fixture
def valkey(services: Services) -> Iterator[Valkey]:
    """Valkey to kill, suspend, resume and start; running again after the test."""
    yield from healed(services.valkey, OWN_REDIS)


def healed(server: S, is_ours: bool) -> Iterator[S]:
    from django.db import connections

    assert is_ours, f"this test stops {server.name}: unset DATABASE_URL and REDIS_URL"
    yield server
    server.resume()
    server.start()
    connections.close_all()


# The site ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _site(django_db_setup: None) -> Iterator[Site]:
    site = Site(processes=2)
    yield site
    site.stop_all()


@pytest.fixture
def site(_site: Site, transactional_db: None) -> Site:
    """Two server processes on the test database, both up; a test may stop, kill and suspend them."""
    _site.heal()
    return _site


@pytest.fixture
def make_site(transactional_db: None) -> Iterator[Callable[..., Site]]:
    """Further sites for one test, with the arguments of `Site`: another application, other addresses."""
    made: list[Site] = []

    def make(**options: Any) -> Site:
        made.append(Site(**options))
        made[-1].heal()
        return made[-1]

    yield make
    for one in made:
        one.stop_all()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """A failed test shows what its sites logged meanwhile."""
    report = yield
    if report.when == "call" and report.failed:
        for site in Site.all:
            if log := site.take_log():
                report.sections.append(("What the site logged", log[-20_000:]))
    return report


# People and a course ---------------------------------------------------------------------------------------


@pytest.fixture
def ana(db: None) -> "User":
    """A student, enrolled in `intro` when the test asks for that."""
    return make_user("ana")


@pytest.fixture
def ben(db: None) -> "User":
    """A student, enrolled as ana is."""
    return make_user("ben")


@pytest.fixture
def chidi(db: None) -> "User":
    """A student who is enrolled nowhere."""
    return make_user("chidi")


@pytest.fixture
def ines(db: None) -> "User":
    """The instructor who owns the courses."""
    return make_user("ines", role="instructor")


@pytest.fixture
def admin(db: None) -> "User":
    return make_user("admin", is_staff=True, is_superuser=True)


@pytest.fixture
def intro(ines: "User", ana: "User", ben: "User") -> "Course":
    """An open course of two modules with two contents each; ana and ben are enrolled."""
    course = make_course(ines, "intro")
    enroll(ana, course)
    enroll(ben, course)
    return course


@pytest.fixture
def content(intro: "Course") -> "Content":
    """The first content of `intro`."""
    from courses.models import Content

    return Content.objects.filter(module__course=intro).order_by("module__order", "order")[0]
