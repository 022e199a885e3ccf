"""A smoke test on Daphne, which serves `manage.py runserver`: a session from hello to closed, and refusals."""

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.conftest import token_of
from tests.contract.conftest import row_of
from tests.learner import Learner
from tests.site import ROOT, START_SECONDS, Site, free_port, orm, with_us

if TYPE_CHECKING:
    from courses.models import Content
    from users.models import User


@pytest.fixture
def daphne(site: Site) -> Iterator[int]:
    """The port of a Daphne on the test database."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", f"{port}", "lms.asgi:application"],
        cwd=ROOT,
        env=site.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=with_us,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", process)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            assert httpx.get(url, trust_env=False, timeout=5).status_code == 200
            return
        except httpx.TransportError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)


async def test_a_session_from_hello_to_closed(daphne: int, ana: "User", content: "Content") -> None:
    url = f"ws://127.0.0.1:{daphne}/ws/"
    token = await orm(token_of, ana)
    async with Learner(url, token=token) as learner:
        assert learner.socket.subprotocol == "studybeat.v1"
        assert (await learner.hello())["user"]["username"] == "ana"
        opened = await learner.open(course="intro", content=content.pk)
        session = opened["session"]
        await learner.samples(session, [(1, 0, "engaged", 0), (2, 300, "focus", 1)])
        ack = await learner.expect("session.ack", seq=2)
        assert (ack["engaged_ms"], ack["duration_ms"]) == (300, 300)
        closed = await learner.close_session(session, [(3, 500, "idle", 0)])
        assert (closed["seq"], closed["focus_ms"]) == (3, 500)
        row = await orm(row_of, session)
        assert (row.acked_seq, row.end_reason) == (3, "closed")
        await learner.send("not JSON")
        await learner.expect_error("bad_json")
        await learner.send(b"binary")
        assert await learner.closed() == 4501
    async with Learner(url, token=token, subprotocols=["other"]) as learner:
        assert await learner.closed() == 4505
    async with Learner(url) as learner:
        await learner.send({"type": "hello"})
        assert await learner.closed() == 4500


async def test_a_connection_holds_up_no_other_requests(daphne: int, ana: "User", content: "Content") -> None:
    async with Learner(f"ws://127.0.0.1:{daphne}/ws/", token=await orm(token_of, ana)) as learner:
        await learner.hello()
        async with httpx.AsyncClient(trust_env=False) as http:
            assert (await http.get(f"http://127.0.0.1:{daphne}/healthz")).status_code == 200
        await learner.open(course="intro")
