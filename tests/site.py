"""A started site: real server processes on the test database, each on a port of its own, to stop, kill and suspend."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import ClassVar, ParamSpec, TypeVar
from urllib.parse import urlsplit

import httpx

from lms.parent import die_with

START_SECONDS = 60.0
STOP_SECONDS = 30.0
ROOT = Path(__file__).parent.parent

with_us = partial(die_with, os.getpid())
"""As `preexec_fn` of what a test starts: it goes with the tests, whatever ends them."""

P = ParamSpec("P")
T = TypeVar("T")


class Site:
    """`processes` servers of `app`. Every method takes the number of a process, from 0.

    `app`           what Uvicorn imports; a planted fault is an application of its own, in tests/faults/plants.py
    `database_url`  default: the test database. `Site.test_database_url()` gives its address, for a proxy
    `redis_url`     default: the tests' own
    `env`           further environment
    """

    all: ClassVar[list["Site"]] = []

    def __init__(
        self,
        *,
        processes: int = 1,
        app: str = "lms.asgi:application",
        database_url: str | None = None,
        redis_url: str | None = None,
        env: dict[str, str] | None = None,
    ) -> None:
        self.app = app
        self.ports = [free_port() for _ in range(processes)]
        self.environment = {
            **os.environ,
            "DEBUG": "0",
            "DATABASE_URL": database_url or self.test_database_url(),
            "REDIS_URL": redis_url or os.environ["REDIS_URL"],
            **(env or {}),
        }
        self.log_path = Path(os.environ["DATA_DIR"]) / f"site-{self.ports[0]}.log"
        self._read_up_to = 0
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self.all.append(self)

    @staticmethod
    def test_database_url() -> str:
        from django.db import connection

        parts = urlsplit(os.environ["DATABASE_URL"])
        return parts._replace(path=f"/{connection.settings_dict['NAME']}").geturl()

    def __len__(self) -> int:
        return len(self.ports)

    def http(self, number: int = 0) -> str:
        return f"http://127.0.0.1:{self.ports[number]}"

    def ws(self, number: int = 0) -> str:
        return f"ws://127.0.0.1:{self.ports[number]}/ws/"

    def pid(self, number: int = 0) -> int:
        return self._children[number].pid

    def is_up(self, number: int = 0) -> bool:
        return number in self._children and self._children[number].poll() is None

    def launch(self, number: int = 0) -> None:
        """Start it, without waiting for it."""
        with self.log_path.open("ab") as log:
            self._children[number] = subprocess.Popen(
                [sys.executable, "-m", "tests.serve", self.app, str(self.ports[number]), str(os.getpid())],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait(self, number: int = 0) -> None:
        """Until it answers."""
        assert self._comes_up(number), f"no start:\n{self.take_log()[-5000:]}"

    def _comes_up(self, number: int) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers(number):
            if not self.is_up(number) or time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def start(self, number: int = 0) -> None:
        """Start it, and wait until it answers."""
        self.launch(number)
        self.wait(number)

    def stop(self, number: int = 0) -> int:
        """SIGTERM, and wait for its end; its exit code."""
        self._children[number].terminate()
        return self._children[number].wait(STOP_SECONDS)

    def kill(self, number: int = 0) -> None:
        """SIGKILL."""
        self._children[number].kill()
        self._children[number].wait()

    def suspend(self, number: int = 0) -> None:
        """SIGSTOP: it keeps its connections and answers nobody."""
        self._children[number].send_signal(signal.SIGSTOP)

    def resume(self, number: int = 0) -> None:
        self._children[number].send_signal(signal.SIGCONT)

    def heal(self) -> None:
        """Have every process up and answering."""
        for number in range(len(self)):
            if self.is_up(number):
                self.resume(number)
            else:
                self.launch(number)
        for number in range(len(self)):
            if not self._comes_up(number):  # it may have been dying just then
                self.launch(number)
                self.wait(number)

    def stop_all(self) -> None:
        for child in self._children.values():
            child.send_signal(signal.SIGCONT)
            child.terminate()
        for child in self._children.values():
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
        self.all.remove(self)

    def take_log(self) -> str:
        """What was logged since it was last taken."""
        with self.log_path.open("rb") as log:
            log.seek(self._read_up_to)
            news = log.read()
        self._read_up_to += len(news)
        return news.decode(errors="replace")

    def _answers(self, number: int) -> bool:
        try:
            return httpx.get(f"{self.http(number)}/healthz", trust_env=False, timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


@contextmanager
def job_worker(**environment: str) -> Iterator[None]:
    """The job worker as in production, on the test database."""
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "procrastinate", "worker"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": Site.test_database_url(), **environment},
        preexec_fn=with_us,
    )
    try:
        yield
        assert worker.poll() is None, "the worker has ended by itself"
    finally:
        worker.terminate()
        worker.wait(2 * STOP_SECONDS)


given_ports: set[int] = set()


def free_port() -> int:
    """A port below those that the system hands out for outgoing connections: it stays free across a restart.

    Never one that was given before: nobody may listen there yet, or for a moment not.
    """
    while True:
        port = random.randrange(20_000, 30_000)
        if port in given_ports:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            given_ports.add(port)
            return port


async def orm(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call `function` on a thread with fresh database connections of its own: Django's ORM in async tests."""

    def call() -> T:
        from django.db import connections

        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return await asyncio.to_thread(call)
