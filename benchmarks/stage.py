"""What a run needs besides the load: cores, a fresh database with learners in it, and the servers under test."""

import hashlib
import http.client
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.load import Seat

ROOT = Path(__file__).resolve().parent.parent
APPS = {
    "studybeat": "lms.asgi:application",
    "echo": "benchmarks.peers.echo:application",
    "tutorial": "benchmarks.peers.tutorial:application",
    "groups": "benchmarks.peers.groups:application",
}
START_SECONDS = 60.0


def say(text: str) -> None:
    """A line of progress, with the time."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {text}\n")
    sys.stdout.flush()


def fresh_database(data_dir: Path) -> None:
    """Private PostgreSQL and Valkey, a new database in them, and Django set up on it.

    Both servers stay on the cores of the calling process, and end with it.
    """
    import psycopg

    from lms import devservices

    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("REDIS_URL", None)
    devservices.ensure(data_dir)
    services = devservices.Services.of_this_process
    assert services is not None, "neither address was set"
    with psycopg.connect(services.postgres.database_url("postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS bench WITH (FORCE)")
        connection.execute("CREATE DATABASE bench")
    os.environ |= {
        "DATABASE_URL": services.postgres.database_url("bench"),
        "DATA_DIR": str(data_dir),
        "DJANGO_SETTINGS_MODULE": "lms.settings",
        "SECRET_KEY": "for the benchmark",
        "DEBUG": "0",
    }
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def make_people(names: Sequence[str], **fields: Any) -> tuple[list[Any], list[str]]:
    """An account for each of these names, and a token."""
    from users.models import APIToken, User

    users = User.objects.bulk_create([User(username=name, email=f"{name}@example.org", **fields) for name in names])
    tokens = [f"sb_{name}" for name in names]
    APIToken.objects.bulk_create(
        APIToken(user=user, name="bench", token=hashlib.sha256(token.encode()).hexdigest())
        for user, token in zip(users, tokens, strict=True)
    )
    return users, tokens


class Learners:
    """As many learners of one course as there are connections: an account, a token and an enrolment each."""

    def __init__(self, count: int) -> None:
        from courses.models import Content, Course, CourseEnrollment, Module, Subject
        from users.models import User

        users, self.tokens = make_people([f"learner-{number}" for number in range(count)])
        course = Course.objects.create(
            owner=User.objects.create(username="owner", role=User.Role.INSTRUCTOR),
            subject=Subject.objects.create(title="Learning", slug="learning"),
            slug="bench",
            title="Bench",
            overview="A course.",
            status=Course.Status.PUBLISHED,
        )
        self.content = Content.objects.create(module=Module.objects.create(course=course, title="One"), title="One")
        self.enrollments = CourseEnrollment.objects.bulk_create(
            CourseEnrollment(student=user, course=course) for user in users
        )

    def seats(self) -> list[Seat]:
        """For Studybeat: each opens a session of its own, under a new key."""
        return [Seat(session=self.content.pk, token=token, key=str(uuid4())) for token in self.tokens]

    def seats_of_rows(self) -> list[Seat]:
        """For the tutorial's consumer, which opens nothing: a row each, ready to be updated."""
        from courses.models import LearningSession

        rows = LearningSession.objects.bulk_create(
            LearningSession(user_id=one.student_id, key=uuid4(), enrollment=one, content=self.content)
            for one in self.enrollments
        )
        return [Seat(session=row.pk) for row in rows]


def samples_stored(*, opened: bool) -> int:
    """How many samples PostgreSQL holds: of the sessions opened by socket, or of the tutorial's rows."""
    from django.db import connection, connections

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT sum(acked_seq) FROM courses_learningsession WHERE epoch {'>' if opened else '='} 0")
        stored: int = cursor.fetchone()[0] or 0
    connections.close_all()
    return stored


def updates_in_place() -> tuple[int, int]:
    """Updates of session rows so far, and how many of them were heap-only: in place, without touching an index."""
    from django.db import connection, connections

    with connection.cursor() as cursor:
        cursor.execute("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = %s", [SESSIONS])
        updates, hot = cursor.fetchone()
    connections.close_all()
    return updates, hot


SESSIONS = "courses_learningsession"


class Server:
    """One server process under test, on a core of its own, with the options of production."""

    def __init__(self, name: str, *, core: int, port: int, log_dir: Path) -> None:
        self.port = port
        with (log_dir / f"{name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.serve", APPS[name], str(port), str(os.getpid())],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        os.sched_setaffinity(self.process.pid, {core})  # before it has any thread but its first
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"The server {name} did not start: see {log.name}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
            asking.request("GET", "/healthz")
            return asking.getresponse().status == 200
        except OSError:
            return False

    def rss_kib(self) -> int:
        """Its resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))

    def cpu_seconds(self) -> float:
        """The time it has computed, in user and kernel."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def allow_open_files(count: int) -> None:
    """To this process, and to what it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count and hard != resource.RLIM_INFINITY:
        sys.exit(f"This needs {count} open files at once, and the system allows {hard}.")
    if soft < count and soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def cores() -> tuple[int, int]:
    """The server's core, and the one for everything else. Moves this process, and what it starts, to the latter."""
    free: Sequence[int] = sorted(os.sched_getaffinity(0))
    if len(free) < 2:
        sys.exit("The benchmark needs two cores: one for the server, one for everything else.")
    os.sched_setaffinity(0, {free[0]})
    return free[1], free[0]
