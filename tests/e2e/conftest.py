"""A real Chromium with true visibility and focus, driven by Playwright.

Playwright's own launch makes every page believe that it is visible and focused, and keeps hidden pages running; a
headless Chromium gives every window the focus. So it is started plainly here, on an X display of its own, and
Playwright connects to it without its defaults.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import connections
from playwright.sync_api import BrowserContext, Page, Playwright, expect, sync_playwright

from tests.counts import STRESS
from tests.e2e import accuracy
from tests.e2e.trace import Trace, Truth
from tests.site import Site, with_us

if TYPE_CHECKING:
    from courses.models import Content
    from users.models import User

START_SECONDS = 30.0
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running Chromium's DevTools."""
    with running_chromium(tmp_path_factory.mktemp("chromium")) as address:
        yield address


@pytest.fixture
def other_chromium(tmp_path: Path) -> Iterator[str]:
    """A second one, with a profile and a display of its own: another device, to the server."""
    with running_chromium(tmp_path) as address:
        yield address


@contextmanager
def running_chromium(profile: Path) -> Iterator[str]:
    with running_display() as display:
        process = subprocess.Popen(
            [
                "chromium",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--window-size=1280,900",
                "--window-position=0,0",
                "--remote-debugging-port=0",
                f"--user-data-dir={profile}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(profile), "DISPLAY": display},
            preexec_fn=with_us,
        )
        try:
            yield f"http://127.0.0.1:{_devtools_port(process, profile / 'DevToolsActivePort')}"
        finally:
            process.terminate()
            process.wait()


@contextmanager
def running_display() -> Iterator[str]:
    """The name of an X display that nobody sees."""
    reader, writer = os.pipe()
    with open(reader) as said:
        process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[writer],
            preexec_fn=with_us,
        )
        os.close(writer)
        try:
            number = said.readline().strip()  # once it is ready
            assert number, "Xvfb did not start"
            yield f":{number}"
        finally:
            process.terminate()
            process.wait()


def _devtools_port(process: subprocess.Popen[bytes], file: Path) -> int:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "Chromium did not start"
        if file.exists() and "\n" in (text := file.read_text()):
            return int(text.split()[0])
        time.sleep(0.05)
    raise AssertionError("Chromium did not say where it listens")


@pytest.fixture(autouse=True)
def _orm_beside_playwright(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright keeps an event loop in this thread, which runs nothing of ours: the ORM may be used beside it."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


@pytest.fixture(scope="session")
def traces() -> Iterator[dict[str, Trace]]:
    """The trace of each scenario that came true; at full counts, all of them together make docs/accuracy.md."""
    found: dict[str, Trace] = {}
    yield found
    if STRESS and found.keys() == accuracy.SCENARIOS.keys():
        accuracy.PAGE.write_text(accuracy.page(found), encoding="utf-8")


@pytest.fixture
def trace(
    request: pytest.FixtureRequest, traces: dict[str, Trace], record_property: Callable[[str, object], None]
) -> Iterator[Trace]:
    """What happens in the browsers of this test."""
    trace = Trace()
    yield trace
    name = request.node.name
    if name in accuracy.SCENARIOS and "course" in trace.off_seconds:
        traces[name] = trace
        record_property("off by seconds", {state: round(off, 2) for state, off in trace.off_seconds.items()})


@pytest.fixture
def playwright() -> Iterator[Playwright]:
    """Playwright, whose event loop runs in this thread; Django has a connection of its own for code beside a loop.

    That one goes with the loop: nobody else would close it when a later test stops PostgreSQL.
    """
    with sync_playwright() as started:
        yield started
        connections.close_all()


@pytest.fixture
def browser(playwright: Playwright, chromium: str, trace: Trace) -> Iterator[BrowserContext]:
    """The windows of that Chromium; nobody is signed in."""
    yield from windows(playwright, chromium, trace)


@pytest.fixture
def other_browser(playwright: Playwright, other_chromium: str, trace: Trace) -> Iterator[BrowserContext]:
    """Those of the second one."""
    yield from windows(playwright, other_chromium, trace)


def windows(playwright: Playwright, chromium: str, trace: Trace) -> Iterator[BrowserContext]:
    connected = playwright.chromium.connect_over_cdp(chromium, no_defaults=True)
    context = connected.contexts[0]
    context.clear_cookies()
    trace.watch(context)
    yield context
    for page in context.pages[1:]:
        page.close()


@pytest.fixture
def address(site: Site) -> str:
    """Where the pages of a test come from."""
    return site.http()


@pytest.fixture
def truth(page: Page, address: str, ana: "User", content: "Content", trace: Trace) -> Truth:
    """What the page truly is, in which ana has the content open: engaged, as the test begins."""
    from tests.e2e.studying import begin, sign_in

    sign_in(page.context, address, ana)
    return begin(page, address, content, trace)


@pytest.fixture
def page(browser: BrowserContext) -> Page:
    """A fresh tab in front."""
    page = browser.new_page()
    page.bring_to_front()
    return page
