"""`/metrics` of a started site: what it counts, over all its processes and beyond their lives, and who may read it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest
from django.db import connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from lms.devservers import Postgres
from lms.errors import NOT_FOUND
from tests.contract.conftest import eventually
from tests.learner import Learner
from tests.people import token_of
from tests.site import ROOT, STOP_SECONDS, Site, free_port, orm, with_us

if TYPE_CHECKING:
    from courses.models import Course
    from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

FAR = "203.0.113.77"
TOKEN = "a-token-of-many-letters"


def get(url: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{url}/metrics", headers=headers, trust_env=False, timeout=60)


def figures(url: str) -> dict[str, float]:
    """By name, with the labels' values behind it but for a histogram's buckets."""
    answer = get(url)
    assert answer.status_code == 200
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def of(url: str, *names: str) -> list[float]:
    found = figures(url)
    return [found[f"studybeat_{name}"] for name in names]


@pytest.fixture
def own_site(make_site: Callable[..., Site], tmp_path: Path) -> Site:
    """Two processes that count from zero."""
    return make_site(processes=2, env={"DATA_DIR": str(tmp_path)})


async def studying(site: Site, number: int, user: "User", samples: int) -> Learner:
    """A learner with so many samples acknowledged, in a session that stays open."""
    learner = await Learner(site.ws(number), token=await orm(token_of, user, f"on {number}")).connect()
    await learner.hello()
    session = (await learner.open(course="intro"))["session"]
    await learner.samples(session, [(seq, seq - 1, "engaged", 0) for seq in range(1, samples + 1)])
    await learner.expect("session.ack", session=session, seq=samples)
    return learner


HELD = ("web_processes", "connections", "sessions", "samples_durable_total")


async def test_all_processes_are_counted_together_whichever_answers(
    own_site: Site, intro: "Course", ana: "User", ben: "User"
) -> None:
    first, second = await studying(own_site, 0, ana, 2), await studying(own_site, 1, ben, 3)
    for url in (own_site.http(0), own_site.http(1)):
        await eventually(lambda url=url: of(url, *HELD) == [2, 2, 2, 5])  # type: ignore[misc]
        await eventually(lambda url=url: of(url, "rows_written_total", "ack_seconds_count") == [2, 2])  # type: ignore[misc]
        found = figures(url)
        assert found["studybeat_write_seconds_count"] == 2
        assert 0 < found["studybeat_ack_seconds_sum"] < 20
        assert found["studybeat_samples_in_hand"] == found["studybeat_writes_failed_total"] == 0
    await first.close()
    await second.close()
    for url in (own_site.http(0), own_site.http(1)):
        await eventually(lambda url=url: of(url, *HELD) == [2, 0, 0, 5])  # type: ignore[misc]
        assert of(url, "connections_closed_total client") == [2]


async def test_processes_that_share_no_folder_are_not(
    make_site: Callable[..., Site], tmp_path: Path, intro: "Course", ana: "User"
) -> None:
    """(N) exists to ensure that the sums above come from what the processes tell each other."""
    one, other = (make_site(env={"DATA_DIR": str(tmp_path / name)}) for name in ("one", "other"))
    learner = await studying(one, 0, ana, 2)
    await eventually(lambda: of(one.http(), *HELD) == [1, 1, 1, 2])
    assert of(other.http(), *HELD) == [1, 0, 0, 0]
    await learner.close()


async def test_what_a_killed_process_has_counted_stays_and_how_it_was_goes(
    own_site: Site, intro: "Course", ana: "User", ben: "User"
) -> None:
    lost, kept = await studying(own_site, 0, ana, 2), await studying(own_site, 1, ben, 3)
    await eventually(lambda: of(own_site.http(1), *HELD) == [2, 2, 2, 5])
    own_site.kill(0)
    assert of(own_site.http(1), *HELD) == [1, 1, 1, 5]
    await lost.close()
    for _ in range(2):  # it dies again before it has counted anything
        own_site.start(0)
        for url in (own_site.http(0), own_site.http(1)):
            await eventually(lambda url=url: of(url, *HELD) == [2, 1, 1, 5])  # type: ignore[misc]
        own_site.kill(0)
    own_site.start(0)
    back = await studying(own_site, 0, ana, 4)
    for url in (own_site.http(0), own_site.http(1)):
        await eventually(lambda url=url: of(url, *HELD) == [2, 2, 2, 9])  # type: ignore[misc]
    own_site.stop(0)
    assert of(own_site.http(1), *HELD) == [1, 1, 1, 9]
    assert of(own_site.http(1), "connections_closed_total 4001") == [1], "its last words"
    await back.close()
    await kept.close()


@pytest.fixture
def server(own_site: Site) -> Iterator[Callable[[], tuple[str, "subprocess.Popen[bytes]"]]]:
    """Starts the server as in production: two workers that share a port, in the folder of `own_site`."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> tuple[str, "subprocess.Popen[bytes]"]:
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "lms.server", "--port", str(port)],
            cwd=ROOT,
            env=own_site.environment,
            preexec_fn=with_us,
        )
        started.append(process)
        return f"http://127.0.0.1:{port}", process

    yield start
    for process in started:
        process.terminate()
        process.wait(2 * STOP_SECONDS)


def processes(url: str) -> float:
    try:
        return of(url, "web_processes")[0]
    except httpx.TransportError:
        return 0


async def test_a_server_begins_at_zero_and_stays_whole_when_a_worker_dies(
    own_site: Site, server: Callable[[], Any], intro: "Course", ana: "User"
) -> None:
    learner = await studying(own_site, 0, ana, 2)
    await eventually(lambda: of(own_site.http(1), "samples_durable_total") == [2])
    await learner.close()
    own_site.kill(0)
    own_site.stop(1)
    url, process = server()
    await eventually(lambda: processes(url) == 2, within=60)
    assert of(url, "samples_durable_total") == [0]
    workers = [one for one in psutil.Process(process.pid).children() if "spawn_main" in " ".join(one.cmdline())]
    assert len(workers) == 2
    served = figures(url)["studybeat_http_request_seconds_count 2xx"]
    os.kill(workers[0].pid, signal.SIGKILL)
    await eventually(lambda: processes(url) == 1)
    await eventually(lambda: processes(url) == 2, within=60)
    assert figures(url)["studybeat_http_request_seconds_count 2xx"] > served - 3, "but for its last second"


async def test_what_is_refused_closed_and_told_is_counted(own_site: Site, intro: "Course", ana: "User") -> None:
    from courses import guidance
    from courses.models import CourseEnrollment

    url = own_site.http(0)
    assert of(url, "frames_refused_total bad_json", "connections_closed_total 4500") == [0, 0]
    learner = await studying(own_site, 0, ana, 1)
    await learner.send("{")
    await learner.expect_error("bad_json")
    session = learner.seen("session.opened")[0]["session"]
    await learner.samples(session, [(9, 9, "engaged", 0)])
    await learner.expect_error("gap")
    assert of(url, "frames_refused_total bad_json", "frames_refused_total gap") == [1, 1]
    mine = await orm(CourseEnrollment.objects.get, student=ana)
    await orm(guidance.nudge, user_id=intro.owner_id, enrollment_id=mine.pk, text="Well done.")
    await learner.expect("notification")
    assert of(url, "notifications_pushed_total") == [1]
    async with Learner(own_site.ws(0), token="nobody's") as stranger:
        await stranger.send({"type": "hello"})
        await stranger.socket.wait_closed()
    await eventually(lambda: of(url, "connections_closed_total 4500") == [1])
    assert get(url, **{"X-Forwarded-For": FAR}).status_code == 404
    assert of(url, "http_request_seconds_count 4xx") == [1]
    await learner.close()


def put_jobs(*statuses: str) -> None:
    with connection.cursor() as cursor:
        for status in statuses:
            cursor.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status, scheduled_at)"
                " VALUES ('metrics', 'none', %s, CASE WHEN %s = 'later' THEN now() + interval '1 hour' END)",
                ["todo" if status == "later" else status, status],
            )


def test_jobs_that_wait_and_that_failed(site: Site) -> None:
    names = ("jobs_waiting", "jobs_failed")
    before = of(site.http(), *names)
    try:
        put_jobs("todo", "todo", "failed", "succeeded", "later")
        assert of(site.http(), *names) == [before[0] + 2, before[1] + 1]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs WHERE queue_name = 'metrics'")


async def test_without_the_database_it_answers_and_tells_of_it(
    own_site: Site, postgres: Postgres, intro: "Course", ana: "User"
) -> None:
    url = own_site.http(0)
    learner = await studying(own_site, 0, ana, 1)
    assert "studybeat_jobs_waiting" in figures(url)
    postgres.stop_immediately()
    session = learner.seen("session.opened")[0]["session"]
    await learner.samples(session, [(2, 1, "engaged", 0), (3, 2, "engaged", 0)])
    await eventually(lambda: of(url, "writes_failed_total")[0] >= 1)
    found = figures(url)
    assert found["studybeat_samples_in_hand"] == 3
    assert found["studybeat_samples_durable_total"] == 1
    assert not [name for name in found if "jobs" in name]
    postgres.start()
    await learner.expect("session.ack", session=session, seq=3)
    found = figures(url)
    assert (found["studybeat_samples_in_hand"], found["studybeat_samples_durable_total"]) == (0, 3)
    assert "studybeat_jobs_waiting" in found
    await learner.close()


def test_a_folder_that_cannot_be_written_costs_only_the_others_figures(
    make_site: Callable[..., Site], tmp_path: Path
) -> None:
    (tmp_path / "metrics").write_text("a file")
    site = make_site(env={"DATA_DIR": str(tmp_path)})
    assert of(site.http(), "web_processes") == [1]
    assert "can't be written" in site.take_log()
    (tmp_path / "metrics").unlink()


# Who may read it


def test_from_this_machine_in_the_format_that_prometheus_reads(site: Site) -> None:
    answer = get(site.http())
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "no-store" in answer.headers["Cache-Control"]
    families = list(text_string_to_metric_families(answer.text))
    assert all(family.name.startswith("studybeat_") and family.documentation for family in families)
    assert len(answer.content) < 20_000
    assert httpx.post(f"{site.http()}/metrics", trust_env=False).status_code == 405


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        (FAR, {}, 404),
        ("", {}, 404),  # a socket file: anybody's
        ("127.0.0.1", {"X-Forwarded-For": FAR}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),
        ("127.0.0.1", {"X-Forwarded-For": ""}, 404),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 404),
        ("127.0.0.1", {"X-Real-IP": "127.0.0.1"}, 404),
        ("127.0.0.1", {"Via": "1.1 proxy"}, 404),
        (FAR, {"Authorization": f"Bearer {TOKEN}"}, 200),
        (FAR, {"Authorization": f"bearer  {TOKEN} "}, 200),
        ("127.0.0.1", {"X-Forwarded-For": FAR, "Authorization": f"Bearer {TOKEN}"}, 200),
        (FAR, {"Authorization": f"Bearer {TOKEN[:-1]}"}, 404),
        (FAR, {"Authorization": "Bearer tökén"}, 404),
        (FAR, {"Authorization": f"Basic {TOKEN}"}, 404),
        (FAR, {"Authorization": TOKEN}, 404),
    ],
)
def test_who_may_read_it(client: Client, settings: Any, address: str, headers: dict[str, str], status: int) -> None:
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", headers=headers, REMOTE_ADDR=address)
    assert answer.status_code == status
    assert "no-store" in answer["Cache-Control"]
    if status == 404:
        assert answer.json() == NOT_FOUND
        assert client.post("/metrics", headers=headers, REMOTE_ADDR=address).status_code == 404


@pytest.mark.parametrize("said", [{}, {"Authorization": "Bearer "}, {"Authorization": "Bearer"}])
def test_where_no_token_is_set_there_is_none(client: Client, said: dict[str, str]) -> None:
    assert client.get("/metrics", headers=said, REMOTE_ADDR=FAR).status_code == 404
    assert client.get("/metrics", headers=said, REMOTE_ADDR="127.0.0.1").status_code == 200


def test_behind_a_proxy_that_is_trusted_it_is_the_client_that_counts(make_site: Callable[..., Site]) -> None:
    site = make_site(env={"TRUSTED_PROXIES": "127.0.0.0/8,10.0.0.0/8", "METRICS_TOKEN": TOKEN})
    token = {"Authorization": f"Bearer {TOKEN}"}
    for headers, status in (
        ({}, 200),
        ({"X-Forwarded-For": "127.0.0.1"}, 200),
        ({"X-Forwarded-For": "127.0.0.1, 10.1.2.3"}, 200),
        ({"X-Forwarded-For": FAR}, 404),
        ({"X-Forwarded-For": f"127.0.0.1, {FAR}"}, 404),  # the client added the first itself
        ({"X-Forwarded-For": "nonsense"}, 404),
        ({"Forwarded": "for=127.0.0.1"}, 404),
        ({"X-Forwarded-For": FAR, **token}, 200),
        ({"X-Forwarded-For": FAR, "Authorization": "Bearer wrong"}, 404),
    ):
        assert get(site.http(), **headers).status_code == status, headers


def test_a_proxy_that_is_not_trusted_names_nobody(make_site: Callable[..., Site]) -> None:
    site = make_site(env={"TRUSTED_PROXIES": "10.0.0.0/8"})
    assert get(site.http()).status_code == 200
    assert get(site.http(), **{"X-Forwarded-For": "127.0.0.1"}).status_code == 404


def test_an_address_in_another_dress_is_not_the_proxys(client: Client, settings: Any) -> None:
    """On a socket for both kinds of addresses the server does not know a proxy that it trusts by its IPv4 address."""
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    headers = {"X-Forwarded-For": FAR}
    assert client.get("/metrics", headers=headers, REMOTE_ADDR="::ffff:127.0.0.1").status_code == 404
