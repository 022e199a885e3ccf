"""The wire, version 1: the frames a client and the server exchange, as types; those of watching are in `watching.py`.

Owns the shapes, bounds, numbers and codes of the contract, each once; `codec.py` says which frames are served. The
reference for clients, the schemas and the SDK's types are made from them (realtime/reference/): docstrings and `#:`
comments are what they say. Must never import Django, do I/O, or know what a frame leads to.

Unknown fields are ignored, so that either side may grow; unknown types are errors. `_ms` is milliseconds. An
integer is written as one: `true`, `"1"` and `1.0` are none.
"""

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

SUBPROTOCOL: Final = "studybeat.v1"

# What a client is told in `welcome`.
HEARTBEAT_MS: Final = 10_000  #: A sample is due at least this often.
IDLE_AFTER_MS: Final = 60_000  #: Without input for this long, `engaged` turns to `focus`.
FRAME_BYTES: Final = 16_384  #: The longest frame, and the longest post.
SAMPLES_PER_FRAME: Final = 100  #: The most samples in a frame or a post.
FRAMES_PER_SECOND: Final = 20  #: How many frames a connection may send, of any type.
BURST: Final = 40  #: Frames at once, before the rate counts.
SESSIONS: Final = 4  #: Live sessions of a connection.

# What else bounds a connection and a user.
HELLO_WITHIN_MS: Final = 10_000  #: `hello` comes within this time of the connect.
SILENCE_MS: Final = 60_000  #: Nothing heard for this long: the server closes.
IDLE_SILENCE_MS: Final = 150_000  #: The same, while no session of the connection is `engaged` or `focus`.
OVER_LIMIT_MS: Final = 10_000  #: Over the frame limit for this long on end: the server closes.
BAD_FRAMES_IN_A_ROW: Final = 10  #: So many frames on end that can't be read: the server closes.
UNREAD_BYTES: Final = 1_048_576  #: More than this waiting for a client that reads too slowly: the server closes.
WRITE_BLOCKED_MS: Final = 10_000  #: A write to the client blocked for this long: the server closes.
CONNECTIONS_PER_USER: Final = 20  #: Connections of a user on a server process; one more, and the oldest is closed.
MISSED_NOTIFICATIONS: Final = 200  #: After `welcome` at most so many are sent; who missed more reads them over REST.

# How time is counted: docs/timekeeping.md.
SPAN_MS: Final = 25_000  #: A longer time between two samples is `unknown`.
IDLE_SPAN_MS: Final = 150_000  #: The same, after an `idle` sample.
LATE_MS: Final = 150_000  #: Reported later than this, an engaged span counts as focus.
CLOCK_SLACK_MS: Final = 2_000  #: How far `at` may be ahead of the server's clock.
INTERACTIONS_PER_SECOND: Final = 50  #: The most that count, for each second of the session's age.

MAX_INTEGER: Final = 2**53 - 1  #: The largest integer: JavaScript's numbers hold it exactly.
MAX_SEQ: Final = 2**31 - 1  #: The largest `seq`.
MAX_REF: Final = 64  #: Characters of a `ref`.
MAX_MESSAGE: Final = 300  #: Characters of an error's `message`.
MAX_REASON: Final = 1_000  #: Characters of a `reason` or `text`.
MAX_RANGES: Final = 100  #: Ranges of a `content.consumed`.
MAX_VIDEO_SECONDS: Final = 86_400  #: No video is longer.

Number = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
Seq = Annotated[int, Meta(ge=1, le=MAX_SEQ)]
AckedSeq = Annotated[int, Meta(ge=0, le=MAX_SEQ)]
Ref = Annotated[str, Meta(max_length=MAX_REF)]  # free text: only ever echoed
Token = Annotated[str, Meta(max_length=200)]  # free text: hashed before any look-up
Slug = Annotated[str, Meta(max_length=200, pattern=r"^[-a-zA-Z0-9_]+$")]  # reaches the database: no NUL
Message = Annotated[str, Meta(max_length=MAX_MESSAGE)]
Moment = Annotated[datetime, Meta(tz=True)]
Title = Annotated[str, Meta(max_length=300)]
Body = Annotated[str, Meta(max_length=2_000)]
Key = Annotated[  # the pattern tells a schema's reader what the decoder does by itself
    UUID,
    Meta(extra_json_schema={"pattern": "^([0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"}),
]

Percent = Annotated[float, Meta(ge=0, le=100)]
VideoSeconds = Annotated[float, Meta(ge=0, le=MAX_VIDEO_SECONDS)]

State = Literal["engaged", "focus", "idle"]
DeviceType = Literal["desktop", "tablet", "mobile", "unknown"]


class CloseCode(IntEnum):
    """Why the server closes. Below 4500 the client comes back (backed off), from 4500 on it does not."""

    FRAME_TOO_LARGE = 1009  #: A frame over FRAME_BYTES. Reconnect, with smaller frames.
    SERVER_ERROR = 1011  #: A fault of the server's, logged there. Reconnect.
    TRY_AGAIN_LATER = 1013  #: The server can't ask its database in time, so it can't tell who this is. Reconnect.
    DRAINING = 4001  #: The process stops; a `bye` came first. Reconnect after its `reconnect_after_ms`.
    TOO_SLOW = 4008  #: Over UNREAD_BYTES wait for the client, or a write is blocked for WRITE_BLOCKED_MS. Reconnect.
    SILENT = 4012  #: Nothing heard for SILENCE_MS, IDLE_SILENCE_MS while nobody studies. Reconnect.
    TOO_MANY_FRAMES = 4013  #: Over the frame limit for OVER_LIMIT_MS on end. Reconnect, backed off.
    NOT_AUTHENTICATED = 4500  #: Bad or no sign-in, a forbidden Origin, or a first frame that is no `hello`. Stop.
    BAD_FRAMES = 4501  #: BAD_FRAMES_IN_A_ROW frames on end that could not be read, or a binary one. Stop.
    NO_HELLO = 4502  #: No `hello` within HELLO_WITHIN_MS. Stop.
    CREDENTIALS_ENDED = 4503  #: Token revoked or expired, password changed, signed out, account disabled. Stop.
    TOO_MANY_CONNECTIONS = 4504  #: Over CONNECTIONS_PER_USER connections of this user: the oldest is closed. Stop.
    UNKNOWN_SUBPROTOCOL = 4505  #: Only subprotocols that are not served were offered. Stop.


class ErrorCode(StrEnum):
    """What an `error` says. The connection lives on."""

    BAD_JSON = "bad_json"  #: Not JSON (nor is half a surrogate pair), or nested too deep to be read.
    BAD_FRAME = "bad_frame"  #: JSON of the wrong shape, type or range; the message names the field.
    UNKNOWN_TYPE = "unknown_type"  #: A type that is not served.
    NOT_FOUND = "not_found"  #: No such thing, or somebody else's.
    NOT_ENROLLED = "not_enrolled"  #: No enrolment whose time is recorded.
    FORBIDDEN = "forbidden"  #: Not this user's to do.
    GAP = "gap"  #: A hole before a sample; nothing of the frame was applied. Send from `expect`.
    SESSION_CLOSED = "session_closed"  #: For good; carries the acknowledged totals.
    TOO_MANY_SESSIONS = "too_many_sessions"  #: Too many live ones. Again after `retry_after_ms`.
    RATE_LIMITED = "rate_limited"  #: Too much, or not now. Again after `retry_after_ms`.
    INTERNAL = "internal"  #: A fault of the server's, logged there; the frame was not carried out.


class LostReason(StrEnum):
    """Why a session is no longer this connection's to write."""

    RESUMED_ELSEWHERE = "resumed_elsewhere"  #: Another connection opened its key. Never open that key again.
    ACCESS_ENDED = "access_ended"  #: Withdrawn, paused or rejected.
    GONE = "gone"  #: The record can no longer be written.


class NotificationKind(StrEnum):
    """What a notification tells."""

    ENROLLMENT_REQUESTED = "enrollment.requested"  #: To the course's owner: a learner asks for a seat.
    ENROLLMENT_APPROVED = "enrollment.approved"  #: The request was granted.
    ENROLLMENT_REJECTED = "enrollment.rejected"  #: The request was turned down, for `reason`.
    ENROLLMENT_CONFIRMED = "enrollment.confirmed"  #: A seat is the learner's.
    ENROLLMENT_ENDED = "enrollment.ended"  #: Somebody else ended or paused the learner's place: `cause`.
    WAITLIST_JOINED = "waitlist.joined"  #: The learner is in the queue.
    WAITLIST_OFFER = "waitlist.offer"  #: A seat is kept for the learner until `offer_expires_at`.
    WAITLIST_OFFER_EXPIRED = "waitlist.offer_expired"  #: It was not taken in time; the learner has left the queue.
    MODULE_COMPLETED = "progress.module_completed"  #: A module is completed.
    COURSE_COMPLETED = "progress.course_completed"  #: A course is completed.
    CERTIFICATE_ISSUED = "certificate.issued"  #: There is a certificate.
    SESSION_NUDGE = "session.nudge"  #: A word from who watches the course.
    HELP_REQUESTED = "help.requested"  #: To the course's owner: a learner asks for help.


class EndCause(StrEnum):
    """Why a place is not the learner's any more, though they did not give it up."""

    PAUSED = "paused"  #: Whoever teaches took the access away for a while; the seat stays.
    REMOVED = "removed"  #: Whoever teaches ended the enrolment or the request.
    ARCHIVED = "archived"  #: The course takes nobody in any more: requests and waitlist have ended.
    RESTRICTED = "restricted"  #: The course is by invitation now: its waitlist has ended.


# From the client.


class Sample(msgspec.Struct, frozen=True, gc=False):
    """What the page is from `at` on.

    `engaged`: visible, focused, and input or playing media within `idle_after_ms`. `focus`: visible and focused.
    `idle`: out of focus or hidden.
    """

    seq: Seq  #: 1, 2, 3, … for the session's whole life, across connections.
    at: Number  #: ms of the session: `now_ms` of its latest opening, plus the client's monotonic time since.
    state: State  #: What the page is from then on.
    interactions: Number  #: How many there were since the sample before.


Samples = Annotated[list[Sample], Meta(max_length=SAMPLES_PER_FRAME)]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What every frame from a client may carry."""

    ref: Ref | None = None  #: The client's own mark; the answer or the error repeats it.


class Hello(Request, tag="hello", frozen=True, kw_only=True):
    """The first frame: who this is."""

    token: Token | None = None  #: An API token. Without one (nor in the header) the session cookie counts.
    device_type: DeviceType | None = None  #: For sessions that name none of their own.
    notifications_after: Number | None = None  #: The last notification number that this client has.


class Ping(Request, tag="ping", frozen=True):
    """Answered by `pong`; like any frame, it says that the client is there."""


class SessionOpen(Request, tag="session.open", frozen=True, kw_only=True):
    """Begin or resume the session that this user calls `key`."""

    key: Key  #: A UUID of the client's making, of any version, hyphens or not.
    course: Slug  #: The slug of a course that the user is enrolled in.
    content: Number | None = None  #: The content of it that the page shows.
    device_type: DeviceType | None = None  #: What it is studied on; else as `hello` said.


class SessionSamples(Request, tag="session.samples", frozen=True, kw_only=True, gc=False):
    """What the page has been; answered by a later `session.ack`. No samples at all only says: still here."""

    session: Number  #: From `session.opened`.
    samples: Samples  #: In order; acknowledged ones are passed over.


class SessionClose(Request, tag="session.close", frozen=True, kw_only=True):
    """The last samples, if any are left, and the end of the session for good."""

    session: Number  #: From `session.opened`.
    samples: Samples = []  #: Every sample that is left.


class NotificationsSeen(Request, tag="notifications.seen", frozen=True, kw_only=True):
    """The user has seen every notification up to this number. One past the head counts as the head."""

    number: Number  #: The newest that was seen. `seen` never falls: a lower one changes nothing.


class ContentComplete(Request, tag="content.complete", frozen=True, kw_only=True):
    """The user says that a `manual` content is done. Said again, it changes nothing.

    What comes of it is a `progress.updated` on every connection of the user; said again, on the one that says so.
    """

    content: Number  #: The content's number.


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a video that was played."""

    start: VideoSeconds  #: Seconds of the video.
    end: VideoSeconds  #: Seconds of the video.


Ranges = Annotated[list[Played], Meta(max_length=MAX_RANGES)]


class ContentConsumed(Request, tag="content.consumed", frozen=True, kw_only=True):
    """A text was read to its end, an image seen, or of a video these ranges played: for contents that complete so.

    Ranges add up, over frames and devices, so sending them again is harmless; `rate_limited` when there has not been
    the time to play so much. A file counts when it is downloaded. It needs a session of the content, live or ended.
    """

    item: Number  #: The item's number, from the outline.
    ranges: Ranges = []  #: With a video only.


class PostedOpen(msgspec.Struct, frozen=True, kw_only=True):
    """What `session.open` says beside the key, which is in the address of the post."""

    course: Slug  #: The slug of a course that the user is enrolled in.
    content: Number | None = None  #: The content of it that the page shows.
    device_type: DeviceType | None = None  #: What it is studied on.


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """The body of `POST /api/v1/sessions/KEY/samples/`: the same rules as over the socket."""

    samples: Samples = []  #: In order; acknowledged ones are passed over. None at all sets the session's clock going.
    close: bool = False  #: Whether this ends the session for good.
    open: PostedOpen | None = None  #: Makes the session if the key is unknown.


# From the server. Optional fields that are None are left out (`omit_defaults`).


class AckFields(msgspec.Struct, frozen=True, gc=False):
    """What PostgreSQL has of a session, once committed: every sample up to `seq`, and the totals they make."""

    session: Number  #: The session's number.
    seq: AckedSeq  #: The last durable sample; 0: none yet.
    duration_ms: Number  #: `focus_ms` + `idle_ms` + `unknown_ms`, always.
    focus_ms: Number  #: In focus, engaged or not.
    engaged_ms: Number  #: Of it, engaged.
    idle_ms: Number  #: Out of focus or hidden.
    unknown_ms: Number  #: Spans too long to be known as anything.
    interactions: Number  #: Those that count.


class SessionAck(AckFields, tag="session.ack", frozen=True, gc=False):
    """Everything up to `seq` is durable: the client may drop it. Cumulative and coalesced."""


class SessionOpened(AckFields, tag="session.opened", frozen=True, kw_only=True, omit_defaults=True):
    """The session is this connection's, with what is durable of it. The client sends the rest."""

    ref: Ref | None = None  #: That of the `session.open`.
    now_ms: Number  #: Where the session's clock stands: `at` goes on from there.


class SessionClosed(AckFields, tag="session.closed", frozen=True, kw_only=True, omit_defaults=True):
    """The session has ended for good, with everything that came before durable."""

    ref: Ref | None = None  #: That of the `session.close`.


class PostAnswer(AckFields, frozen=True, kw_only=True):
    """The answer to a post, once it is durable: the fields of `session.opened`."""

    now_ms: Number  #: Where the session's clock stands.


class SessionLost(msgspec.Struct, tag="session.lost", frozen=True, kw_only=True):
    """The session is no longer this connection's to write. Nothing more of it is acknowledged here."""

    session: Number  #: The session's number.
    reason: LostReason  #: Why.


class ConnectedUser(msgspec.Struct, frozen=True, kw_only=True):
    """Who the connection belongs to."""

    id: Number  #: The user's number.
    username: Annotated[str, Meta(max_length=150)]  #: The name to sign in with.
    role: Annotated[str, Meta(max_length=20)]  #: `student` or `instructor`.


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a client keeps to. Going over is answered, never guessed at."""

    frame_bytes: Number = FRAME_BYTES  #: The longest frame.
    samples_per_frame: Number = SAMPLES_PER_FRAME  #: The most samples in one.
    frames_per_second: Number = FRAMES_PER_SECOND  #: How many frames, of any type.
    burst: Number = BURST  #: Frames at once, before the rate counts.
    sessions: Number = SESSIONS  #: Live sessions of a connection.


class NotificationsHead(msgspec.Struct, frozen=True, kw_only=True):
    """Where the user's notifications stand."""

    head: Number  #: The newest number; 0: none yet.
    seen: Number  #: The newest that was seen.
    gap: bool  #: Whether too many were missed to be sent: read them over REST.


class Welcome(msgspec.Struct, tag="welcome", frozen=True, kw_only=True, omit_defaults=True):
    """The answer to `hello`: who this is, and what to keep to."""

    ref: Ref | None = None  #: That of the `hello`.
    connection: UUID  #: Names this connection.
    user: ConnectedUser  #: Who the connection belongs to.
    server_time: Moment  #: Now.
    heartbeat_ms: Number  #: A sample is due at least this often.
    idle_after_ms: Number  #: Without input for this long, `engaged` turns to `focus`.
    limits: Limits  #: What a client keeps to.
    notifications: NotificationsHead  #: Where the user's notifications stand.


class NotificationData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a notification is about, for programs. Each kind has what fits it."""

    course: Slug | None = None  #: The course's slug.
    course_title: Annotated[str, Meta(max_length=200)] | None = None  #: The course's title, at that time.
    enrollment: Number | None = None  #: The enrolment's number.
    student: Annotated[str, Meta(max_length=310)] | None = None  #: The learner's name, for who is not the learner.
    cause: EndCause | None = None  #: What ended or paused the place.
    reason: Annotated[str, Meta(max_length=MAX_REASON)] | None = None  #: Why, in the words of who did it.
    text: Annotated[str, Meta(max_length=MAX_REASON)] | None = None  #: What somebody wrote.
    offer_expires_at: Moment | None = None  #: Until when the seat is kept.
    module: Number | None = None  #: The module's number.
    module_title: Annotated[str, Meta(max_length=200)] | None = None  #: The module's title, at that time.
    code: Annotated[str, Meta(max_length=32)] | None = None  #: The certificate's, which is at `/certificates/CODE`.


class Notification(msgspec.Struct, tag="notification", frozen=True, kw_only=True):
    """Something the user is told. Kept by the server; sent on each connection once, in the order of its number."""

    number: Annotated[int, Meta(ge=1, le=MAX_INTEGER)]  #: 1, 2, 3, … per user, with no hole.
    kind: NotificationKind  #: What it tells.
    created_at: Moment  #: When it happened.
    title: Title  #: For people, in the user's language.
    body: Body  #: The same at length; may be empty.
    data: NotificationData  #: For programs.


class SeenFields(msgspec.Struct, frozen=True, kw_only=True):
    """How far the user has seen their notifications, on whatever device."""

    head: Number  #: The newest number.
    seen: Number  #: The newest that was seen.
    unread: Number  #: How many were not.


class NotificationsState(SeenFields, tag="notifications.state", frozen=True, kw_only=True):
    """How far the user has seen them; sent on all of the user's connections when that changes."""


class WaitlistUpdated(msgspec.Struct, tag="waitlist.updated", frozen=True, kw_only=True):
    """The user's place in the queue of a course changed."""

    course: Slug  #: The course's slug.
    position: Number | None  #: 1: the next in turn. 0: an offer is theirs. null: not in it.
    offer_expires_at: Moment | None  #: With position 0: until when the seat is kept.


class ProgressUpdated(msgspec.Struct, tag="progress.updated", frozen=True, kw_only=True):
    """The user's progress in a course changed; sent on every connection of theirs. Whoever says of a content that is
    completed that it is done gets one too, with the newest revision.

    One for each content that was completed. A change of another kind (the course's owner added or archived something)
    names no content and no module: read the outline anew. Percents are as of now, also where several come at once.
    """

    course: Slug  #: The course's slug.
    enrollment: Number  #: The enrolment's number.
    revision: Number  #: Grows with every change of this enrolment's progress: drop older ones.
    content: Number | None  #: The content that was completed.
    content_completed: bool | None  #: Whether it is completed.
    module: Number | None  #: The module that it is in.
    module_percent: Percent | None  #: How much of the module is completed.
    course_percent: Percent  #: How much of the course is completed.
    status: Annotated[str, Meta(max_length=15)]  #: The enrolment's: `enrolled`, `completed`, …


class Pong(msgspec.Struct, tag="pong", frozen=True, kw_only=True, omit_defaults=True):
    """The answer to `ping`."""

    ref: Ref | None = None  #: That of the `ping`.
    server_time: Moment  #: Now.


class Error(msgspec.Struct, tag="error", frozen=True, kw_only=True, omit_defaults=True):
    """A request was refused. With `session_closed` come all the fields of `session.ack`."""

    ref: Ref | None  #: Always there: null when the request had none that could be read.
    code: ErrorCode  #: What to act on.
    message: Message  #: A sentence for people.
    retry_after_ms: Number | None = None  #: With `rate_limited` and `too_many_sessions`.
    expect: Seq | None = None  #: With `gap`: the `seq` to send from.
    course: Slug | None = None  #: With a watch that has ended, whose `ref` it repeats: the course's slug.
    session: Number | None = None  #: The session's number.
    seq: AckedSeq | None = None  #: The last durable sample; 0: none yet.
    duration_ms: Number | None = None  #: As in `session.ack`.
    focus_ms: Number | None = None  #: As in `session.ack`.
    engaged_ms: Number | None = None  #: As in `session.ack`.
    idle_ms: Number | None = None  #: As in `session.ack`.
    unknown_ms: Number | None = None  #: As in `session.ack`.
    interactions: Number | None = None  #: As in `session.ack`.


class Bye(msgspec.Struct, tag="bye", frozen=True, kw_only=True):
    """The process stops: close code 4001 follows, and the client comes back after this long."""

    reconnect_after_ms: Number  #: Drawn at random, so that not all come back at once.
