"""`manage.py run`, for real: from an empty folder to a page and back to nothing."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from lms.devservers import Postgres, Valkey
from tests.lms.test_devservices import eventually, nothing_runs
from tests.site import ROOT, free_port, with_us

DEADLINE_SECONDS = 120.0


class Run:
    """One `manage.py run`; what it says is kept."""

    def __init__(self, folder: Path, port: int, **environment: str) -> None:
        self.folder, self.port = folder, port
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "run"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "DATA_DIR": str(folder), "PORT": str(port), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=with_us,
        )
        self.said = ""
        self._heard = threading.Condition()
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._heard:
                self.said += line
                self._heard.notify_all()
        with self._heard:
            self._heard.notify_all()

    def until(self, words: str) -> None:
        with self._heard:
            heard = self._heard.wait_for(
                lambda: words in self.said or self.process.poll() is not None, DEADLINE_SECONDS
            )
        assert heard
        assert words in self.said, self.said

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(DEADLINE_SECONDS)
        self._listener.join()
        return code

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", trust_env=False, timeout=30)


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="studybeat-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def test_start_use_stop_start_again(folder: Path) -> None:
    port = free_port()
    run = Run(folder, port)
    run.until(f"Studybeat is ready at http://127.0.0.1:{port}\n")
    run.until("password studybeat")
    assert run.get("/readyz").json() == {"status": "ok", "detail": ""}
    signed_in = httpx.post(
        f"http://127.0.0.1:{port}/api/v1/tokens/",
        json={"username": "ana", "password": "studybeat", "name": "a test"},
        trust_env=False,
    )
    assert signed_in.status_code == 201

    # Other commands with the same folder reach the running servers, and leave them running.
    shell = subprocess.run(
        [
            sys.executable,
            "manage.py",
            "shell",
            "-v0",
            "-c",
            "from users.models import *; print(APIToken.objects.count())",
        ],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
    )
    assert shell.stdout.split() == ["1"], shell.stderr
    assert run.get("/readyz").status_code == 200

    left = run.descendants()
    assert run.end(signal.SIGINT) == 0
    assert nothing_runs(folder)
    assert not [process for process in left if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert "Traceback" not in run.said

    run = Run(folder, port)
    run.until("is ready")
    assert "Loading the demo" not in run.said
    headers = {"Authorization": f"Bearer {signed_in.json()['token']}"}
    mine = httpx.get(f"http://127.0.0.1:{port}/api/v1/me/", headers=headers, trust_env=False)
    assert mine.json()["username"] == "ana"
    assert run.end(signal.SIGTERM) == 0
    assert nothing_runs(folder)


def test_what_dies_comes_back(folder: Path) -> None:
    run = Run(folder, free_port())
    run.until("is ready")
    Postgres(folder).kill()
    run.until("PostgreSQL had stopped; it runs again.")
    Valkey(folder).kill()
    run.until("Valkey had stopped; it runs again.")
    worker = next(one for one in run.descendants() if "procrastinate" in one.cmdline())
    worker.kill()
    run.until("The job worker stopped (exit code -9); it starts again in 1 s.")
    eventually(lambda: any("procrastinate" in one.cmdline() for one in run.descendants()))
    web = next(one for one in run.descendants() if re.search("lms.server", " ".join(one.cmdline())))
    web.children()[-1].kill()
    eventually(lambda: run.get("/readyz").status_code == 200)
    assert run.end() == 0
    assert nothing_runs(folder)


def test_killed_it_takes_everything_along(folder: Path) -> None:
    run = Run(folder, free_port())
    run.until("is ready")
    left = run.descendants()
    assert len(left) >= 4
    run.end(signal.SIGKILL)
    eventually(lambda: nothing_runs(folder))
    eventually(lambda: not [one for one in left if one.is_running() and one.status() != psutil.STATUS_ZOMBIE])


def test_a_busy_port_is_said_in_one_line(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = Run(folder, port)
        assert run.process.wait(DEADLINE_SECONDS) == 1
    run._listener.join()
    assert run.said == f"CommandError: Port {port} cannot be used (Address already in use): set PORT to another one.\n"
    assert nothing_runs(folder)


def test_a_stop_while_it_starts(folder: Path) -> None:
    run = Run(folder, free_port(), PYTHONUNBUFFERED="1")
    run.until("Loading the demo")
    assert run.end() == 0
    assert nothing_runs(folder)
