"""`manage.py run`: everything a development machine needs, in one command, until Ctrl-C or SIGTERM.

Owns the children: the web server and the job worker, each in a session of its own, so that a Ctrl-C reaches them as one
orderly SIGTERM. What dies is started again; what cannot start ends it all with a line that says why.
"""

import io
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.base import DatabaseWrapper

from lms.devservers import CannotStart
from lms.devservices import Services
from lms.parent import die_with

READY_SECONDS = 60.0
STOP_SECONDS = 30.0
LOOK_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0  # a child that lived so long may die without a pause before it is started again
WORKER = ("--concurrency", "4")  # a mail server that keeps one job waiting holds up no sweep

DEMO = "Sign in as ana, ben or chidi (students), ines (instructor) or admin; password studybeat."


class Child:
    """One process that is kept running."""

    def __init__(self, name: str, *arguments: str) -> None:
        self.name = name
        self.command = [sys.executable, *arguments]
        self._pause = 1.0
        self._start_at = 0.0
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        self._started_at = time.monotonic()
        with_us = partial(die_with, os.getpid())
        return subprocess.Popen(self.command, cwd=settings.BASE_DIR, start_new_session=True, preexec_fn=with_us)

    def look(self) -> str:
        """Start it again when it died and its pause is over. Returns a line when there is news, else nothing."""
        now = time.monotonic()
        code = self.process.poll()
        if code is None:
            return ""
        if not self._start_at:
            if now - self._started_at > STEADY_SECONDS:
                self._pause = 1.0
            self._start_at = now + self._pause
            news = f"The {self.name} stopped (exit code {code}); it starts again in {self._pause:.0f} s."
            self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
            return news
        if now >= self._start_at:
            self._start_at = 0.0
            self.process = self._start()
        return ""


class Command(BaseCommand):
    help = "Run Studybeat: database, web server and job worker, until Ctrl-C."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.children: list[Child] = []
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, leave)
        try:
            self.port = free_port(os.environ.get("PORT") or "8000")
            self.prepare()
            self.start()
            self.look_after()
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self.stop()

    def prepare(self) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        if settings.DEBUG and not get_user_model().objects.exists():
            self.say("Loading the demo …")
            call_command("demo", stdout=io.StringIO())
        if not settings.DEBUG:
            call_command("collectstatic", verbosity=0, interactive=False)
        close_pool(connections["default"])

    def start(self) -> None:
        os.environ.setdefault("SITE_URL", f"http://127.0.0.1:{self.port}")
        self.children = [
            Child("web server", "-m", "lms.server", "--port", str(self.port)),
            Child("job worker", str(Path(settings.BASE_DIR) / "manage.py"), "procrastinate", "worker", *WORKER),
        ]
        deadline = time.monotonic() + READY_SECONDS
        while trouble := self.trouble():
            for child in self.children:
                if child.process.poll() is not None:
                    raise CommandError(f"The {child.name} did not start (exit code {child.process.returncode}).")
            if time.monotonic() > deadline:
                raise CommandError(f"Not ready within {READY_SECONDS:.0f} s: {trouble}")
            time.sleep(0.1)
        self.say(f"Studybeat is ready at http://127.0.0.1:{self.port}")
        if settings.DEBUG:
            self.say(DEMO)

    def trouble(self) -> str:
        """Why it is not ready yet; nothing when it is."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            opener.open(f"http://127.0.0.1:{self.port}/readyz", timeout=5).close()
        except urllib.error.HTTPError as answer:
            return answer.read(500).decode(errors="replace")
        except OSError as error:
            return str(error)
        return ""

    def look_after(self) -> NoReturn:
        services = Services.of_this_process
        while True:
            time.sleep(LOOK_SECONDS)
            for child in self.children:
                if news := child.look():
                    self.say(news)
            if services is not None:
                try:
                    for server in services.restart_stopped():
                        self.say(f"{server.name} had stopped; it runs again.")
                except CannotStart as error:
                    raise CommandError(str(error)) from error

    def stop(self) -> None:
        for child in self.children:
            child.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self.children:
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def leave(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def free_port(port: str) -> int:
    """PORT, when it can be had. Raises CommandError."""
    if not (port.isdecimal() and 0 < int(port) < 65_536):
        raise CommandError(f"PORT is {port!r}: it has to be a number from 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(port)))
        except OSError as error:
            raise CommandError(f"Port {port} cannot be used ({error.strerror}): set PORT to another one.") from error
    return int(port)


def close_pool(connection: BaseDatabaseWrapper) -> None:
    """Done with the database here; the children have connections of their own."""
    assert isinstance(connection, DatabaseWrapper)
    connection.close()
    connection.close_pool()
