"""A private PostgreSQL and Valkey under DATA_DIR, for a machine that has none (lms/devservers.py has the servers).

`manage.py` starts them when DATABASE_URL or REDIS_URL is not set; importing this, or the settings, starts nothing.

Who needs them is known by a lock: every user holds `users.lock` shared. The last one out stops the servers, or, when it
was killed, the keeper (`python -m lms.devservices`), who waits for that lock.
"""

import atexit
import fcntl
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, ClassVar

from lms.devservers import CannotStart, Postgres, Server, Valkey, is_locked, try_lock


class Services:
    """The servers of one DATA_DIR and this process's claim on them."""

    of_this_process: ClassVar["Services | None"] = None

    def __init__(self, data_dir: Path, *, postgres: bool = True, valkey: bool = True) -> None:
        self.data_dir = data_dir
        self.postgres = Postgres(data_dir)
        self.valkey = Valkey(data_dir)
        self._wanted: list[Server] = [self.postgres] * postgres + [self.valkey] * valkey
        self._claim: IO[str] | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    def hold(self) -> None:
        """Have them run, and keep them running until `release` or the end of this process. Raises CannotStart."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            with (self.data_dir / "start.lock").open("a") as one_at_a_time:
                fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
                self._claim = (self.data_dir / "users.lock").open("a")
                fcntl.flock(self._claim, fcntl.LOCK_SH)
                if not is_locked(self.data_dir / "keeper.lock"):
                    self._keeper = start_keeper(self.data_dir)
                for server in self._wanted:
                    server.start()
        except OSError as error:
            raise CannotStart(f"the private servers cannot start in {self.data_dir}: {error}") from error

    def restart_stopped(self) -> list[Server]:
        """Start those that have stopped meanwhile, and return them. Raises CannotStart."""
        stopped = [server for server in self._wanted if not server.is_running()]
        for server in stopped:
            server.start()
        return stopped

    def release(self) -> None:
        """Let go; the last one stops the servers."""
        if self._claim is None:
            return
        with self._claim as claim:
            last = try_lock(claim, fcntl.LOCK_EX)
            if last:
                stop_all(self.data_dir)
        self._claim = None
        if last and self._keeper is not None:
            self._keeper.wait()


def ensure(data_dir: Path) -> None:
    """Set DATABASE_URL and REDIS_URL where they are not, with private servers behind them until this process ends.

    Raises CannotStart.
    """
    postgres, valkey = not os.environ.get("DATABASE_URL"), not os.environ.get("REDIS_URL")
    services = Services(data_dir, postgres=postgres, valkey=valkey)
    if postgres or valkey:
        atexit.register(services.release)
        services.hold()
        Services.of_this_process = services
    if postgres:
        os.environ["DATABASE_URL"] = services.postgres.url
    if valkey:
        os.environ["REDIS_URL"] = services.valkey.url


def stop_all(data_dir: Path) -> None:
    for server in (Valkey(data_dir), Postgres(data_dir)):
        server.stop()


def start_keeper(data_dir: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "lms.devservices", str(data_dir)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parent.parent,
        start_new_session=True,
    )


def keep(data_dir: Path) -> None:
    """The keeper: stop the servers when nobody uses them any more. One for each DATA_DIR, the others go home.

    Its own lock is let go first: whoever waits for the other one to begin anew has to see that there is no keeper.
    """
    with (data_dir / "users.lock").open("a") as users, (data_dir / "keeper.lock").open("a") as only_one:
        if try_lock(only_one, fcntl.LOCK_EX):
            fcntl.flock(users, fcntl.LOCK_EX)
            stop_all(data_dir)


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
