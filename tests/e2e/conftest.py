"""A real Chromium with true visibility and focus, driven by Playwright.

Playwright's own launch makes every page believe that it is visible and focused, and keeps hidden pages running. So
Chromium is started plainly here, and Playwright connects to it without its defaults.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect, sync_playwright

from tests.counts import STRESS

START_SECONDS = 30.0
collect_ignore = [] if STRESS else ["test_idle.py"]
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running Chromium's DevTools."""
    yield from running_chromium(tmp_path_factory.mktemp("chromium"))


@pytest.fixture
def other_chromium(tmp_path: Path) -> Iterator[str]:
    """A second one, with a profile of its own: another device, to the server."""
    yield from running_chromium(tmp_path)


def running_chromium(profile: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [
            "chromium",
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            "about:blank",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(profile)},
    )
    try:
        yield f"http://127.0.0.1:{_devtools_port(process, profile / 'DevToolsActivePort')}"
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


@pytest.fixture
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture
def browser(playwright: Playwright, chromium: str) -> Iterator[BrowserContext]:
    """The windows of that Chromium; nobody is signed in."""
    yield from windows(playwright, chromium)


@pytest.fixture
def other_browser(playwright: Playwright, other_chromium: str) -> Iterator[BrowserContext]:
    """Those of the second one."""
    yield from windows(playwright, other_chromium)


def windows(playwright: Playwright, chromium: str) -> Iterator[BrowserContext]:
    connected = playwright.chromium.connect_over_cdp(chromium, no_defaults=True)
    context = connected.contexts[0]
    context.clear_cookies()
    yield context
    for page in context.pages[1:]:
        page.close()


@pytest.fixture
def page(browser: BrowserContext) -> Page:
    """A fresh tab in front."""
    page = browser.new_page()
    page.bring_to_front()
    return page
