"""One run of a scenario: what the pages truly were, and what the trackers of others get to see of them.

The truth is what the browser was told to do, and when, by this machine's clock; nothing of it comes from the SDK. The
others are given what the page really did in that run: the requests that it made, its websockets, and a script of
a few lines in it that does what such trackers do, with the page's own timers and its own wall clock.
"""

import time
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, WebSocket

HEARTBEAT_SECONDS = 10
STUDY = ("engaged", "focus")

SEES = """
if (location.pathname.includes("/contents/")) {
    const opened = Date.now();
    const say = (what) => console.debug("seen", what, Date.now() - opened);
    setInterval(() => say("clock"), 1000);
    setInterval(() => say("heartbeat"), HEARTBEAT_MS);
}
""".replace("HEARTBEAT_MS", str(HEARTBEAT_SECONDS * 1000))
"""What rides along in every page of a content."""


class Truth:
    """What one page really was."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, float, float]] = []
        self.state = ""
        self.since = 0.0

    def turn(self, state: str) -> None:
        """The page is this from now on; "" ends it."""
        now = time.monotonic()
        if self.state:
            self.spans.append((self.state, self.since, now))
        self.state, self.since = state, now

    @property
    def seconds(self) -> dict[str, float]:
        totals = {"engaged": 0.0, "focus": 0.0, "idle": 0.0}
        for state, begin, end in self.spans:
            totals[state] += end - begin
        return totals


@dataclass
class Visit:
    """One page of a content, as a tracker in it sees it."""

    heartbeats: int = 0  # that found a websocket open
    clock_seconds: float = 0.0  # by the page's own wall clock, from its opening to its last sign of life
    sockets: list[WebSocket] = field(default_factory=list)


class Trace:
    """What happened in this run, in all the windows that it watches."""

    def __init__(self) -> None:
        self.truths: list[Truth] = []
        self.visits: list[Visit] = []
        self.requests: list[float] = []  # when one came, in seconds; of pages and of the API, but for our samples
        self.off_seconds: dict[str, float] = {}  # what was counted, less the truth

    def truth(self) -> Truth:
        """The truth of one more page."""
        self.truths.append(Truth())
        return self.truths[-1]

    def watch(self, context: BrowserContext) -> None:
        context.add_init_script(SEES)
        context.on("page", self._visited)
        context.on("request", self._requested)

    @property
    def study_seconds(self) -> float:
        """The time in which at least one page was in focus."""
        study, until = 0.0, 0.0
        spans = [span for truth in self.truths for span in truth.spans if span[0] in STUDY]
        for _, begin, end in sorted(spans, key=lambda span: span[1]):
            study += max(0.0, end - max(begin, until))
            until = max(until, end)
        return study

    def _requested(self, request: Request) -> None:
        is_page = request.resource_type == "document" and "/contents/" in request.url
        is_call = "/api/" in request.url and not request.url.endswith("/samples/")
        if is_page or is_call:
            self.requests.append(time.monotonic())

    def _visited(self, page: Page) -> None:
        visit = Visit()
        self.visits.append(visit)

        def said(message: ConsoleMessage) -> None:
            match message.text.split():
                case ["seen", what, ms]:
                    visit.clock_seconds = int(ms) / 1000
                    visit.heartbeats += what == "heartbeat" and any(not one.is_closed() for one in visit.sockets)

        page.on("websocket", lambda socket: visit.sockets.append(socket))
        page.on("console", said)
