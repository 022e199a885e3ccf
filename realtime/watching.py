"""The wire of watching a course and of reaching out, as types: what `protocol.py` is for all else.

The same rules hold: every number and string is bounded, docstrings and `#:` comments are what clients read. Must never
import Django, do I/O, or know what a frame leads to.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from realtime.protocol import MAX_REASON, DeviceType, Moment, Number, Percent, Ref, Request, Slug

WATCHES_A_CONNECTION: Final = 4  #: Courses that a connection may watch at once.
WATCH_EVERY_MS: Final = 1_000  #: At most one delta of a watch in this time.
COUNTERS_EVERY_MS: Final = 60_000  #: Where nothing but its counters changed, a row is sent again after this time.

# Free text that reaches the database: no NUL.
Line = Annotated[str, Meta(max_length=MAX_REASON, pattern="^[^\\u0000]*$")]
Words = Annotated[str, Meta(min_length=1, max_length=MAX_REASON, pattern="^[^\\u0000]*$")]

SeenState = Literal["engaged", "focus", "idle", "silent"]


# From the client.


class WatchStart(Request, tag="watch.start", frozen=True, kw_only=True):
    """Show who learns in this course, now and from now on: for its owner and staff. Again: it begins anew.

    Over WATCHES_A_CONNECTION of them: `rate_limited`. When the right to watch ends so does the watch, with an `error`
    that has the watch's `ref` and `course`.
    """

    course: Slug  #: The course's slug.


class WatchStop(Request, tag="watch.stop", frozen=True, kw_only=True):
    """No more of this course."""

    course: Slug  #: The course's slug, as in `watch.start`.


class Nudge(Request, tag="nudge", frozen=True, kw_only=True):
    """A word to a learner, who gets it as a notification `session.nudge`: from the course's owner or staff.

    `rate_limited` when the learner got several just now; `forbidden` in a course that is watched anonymously.
    """

    enrollment: Number  #: The learner's enrolment.
    text: Words  #: What to say.


class HelpRaise(Request, tag="help.raise", frozen=True, kw_only=True):
    """The learner needs help: shown to who watches, and told to the course's owner as `help.requested`.

    Raised already: nothing is told again. It is up until it is cleared, or its session has ended.
    """

    session: Number  #: A live session of the learner's own.
    text: Line = ""  #: What it is about.


class HelpClear(Request, tag="help.clear", frozen=True, kw_only=True):
    """The learner needs no help any more. Cleared already: nothing happens."""

    session: Number  #: The session that it was raised in.


# From the server.


class WatchedUser(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A learner, for who watches."""

    id: Number  #: The user's number.
    name: Annotated[str, Meta(max_length=310)]  #: The learner's name.


class WatchedLearner(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A learner with a live session that has a sample, and that session: of several the one with the highest state
    (engaged, then focus, idle, silent), then with the latest sample.

    `silent`: nothing heard for SPAN_MS, IDLE_SPAN_MS when idle. A client counts the times on from `counted_at`.
    """

    enrollment: Number  #: Names the row.
    user: WatchedUser  #: Who it is.
    session: Number  #: The session's number.
    state: SeenState  #: What the page is.
    since: Moment  #: Since when it is that; `silent`: when it was last heard.
    content: Number | None  #: The content that the page shows.
    device_type: DeviceType  #: What it is studied on.
    counted_at: Moment  #: Up to when the counters count.
    focus_ms: Number  #: In focus, engaged or not.
    engaged_ms: Number  #: Of it, engaged.
    idle_ms: Number  #: Out of focus or hidden.
    interactions: Number  #: Those that count.
    progress: Percent  #: How much of the course is completed.
    help: bool  #: Whether the learner asks for help, in any live session.


class WatchedCounts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How many learners there are in each state: all that is shown of a course that is watched anonymously."""

    engaged: Number  #: How many are engaged.
    focus: Number  #: How many are in focus.
    idle: Number  #: How many are away.
    silent: Number  #: How many are not heard.
    help: Number  #: How many of them ask for help.


class WatchSnapshot(msgspec.Struct, tag="watch.snapshot", frozen=True, kw_only=True, omit_defaults=True):
    """All who learn in the course now: the answer to `watch.start`. It replaces everything.

    Without a `ref` it was not asked for: the client had read too slowly for deltas, or the course is watched
    anonymously from now on, or not any more. Anonymously there are no learners in it, and `counts`.
    """

    ref: Ref | None = None  #: That of the `watch.start`.
    course: Slug  #: The course's slug.
    version: Number  #: 1 for the answer; then one more with every frame of this watch.
    learners: list[WatchedLearner]  #: In no order.
    counts: WatchedCounts | None = None  #: Where the course is watched anonymously.


class WatchDelta(msgspec.Struct, tag="watch.delta", frozen=True, kw_only=True, omit_defaults=True):
    """What changed since the frame of this watch before."""

    course: Slug  #: The course's slug.
    version: Number  #: One more than that of the frame before.
    upsert: list[WatchedLearner]  #: Rows that are new or not what they were, whole.
    remove: list[Number]  #: Enrolments that have no row any more.
    counts: WatchedCounts | None = None  #: Where the course is watched anonymously: all of them.
