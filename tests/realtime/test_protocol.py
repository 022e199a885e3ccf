"""Every frame as the contract writes it, and what is answered to what is no frame."""

import json
from uuid import UUID

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from realtime import codec, protocol, watching
from realtime.codec import BadFrame, decode, decode_samples, encode
from realtime.protocol import CloseCode, ErrorCode, LostReason, Sample
from tests.realtime.malformed import KEY, MALFORMED

ACK_FIELDS = {
    "session": 901,
    "seq": 2,
    "duration_ms": 10_000,
    "focus_ms": 10_000,
    "engaged_ms": 10_000,
    "idle_ms": 0,
    "unknown_ms": 0,
    "interactions": 4,
}


# From the client: the contract's own examples.

GOOD = [
    ('{"type":"hello"}', protocol.Hello()),
    (
        '{"type":"hello","token":"secret","device_type":"tablet","notifications_after":41}',
        protocol.Hello(token="secret", device_type="tablet", notifications_after=41),
    ),
    ('{"type":"hello","token":null,"device_type":null,"notifications_after":null,"ref":null}', protocol.Hello()),
    ('{"type":"ping"}', protocol.Ping()),
    ('{"ref":"p","type":"ping"}', protocol.Ping(ref="p")),
    (
        f'{{"type":"session.open","ref":"a","key":"{KEY}","course":"intro","content":12,"device_type":"mobile"}}',
        protocol.SessionOpen(ref="a", key=UUID(KEY), course="intro", content=12, device_type="mobile"),
    ),
    (
        f'{{"type":"session.open","key":"{KEY}","course":"intro","content":null,"device_type":null}}',
        protocol.SessionOpen(key=UUID(KEY), course="intro"),
    ),
    (
        '{"type":"session.samples","session":901,"samples":['
        '{"seq":1,"at":0,"state":"engaged","interactions":0},{"seq":2,"at":10000,"state":"focus","interactions":4}]}',
        protocol.SessionSamples(session=901, samples=[Sample(1, 0, "engaged", 0), Sample(2, 10_000, "focus", 4)]),
    ),
    ('{"type":"session.samples","session":901,"samples":[]}', protocol.SessionSamples(session=901, samples=[])),
    (
        '{"type":"session.close","ref":"b","session":901,"samples":'
        '[{"seq":3,"at":15000,"state":"focus","interactions":0}]}',
        protocol.SessionClose(ref="b", session=901, samples=[Sample(3, 15_000, "focus", 0)]),
    ),
    (
        '{"type":"notifications.seen","ref":"n","number":58}',
        protocol.NotificationsSeen(ref="n", number=58),
    ),
    ('{"type":"notifications.seen","number":0}', protocol.NotificationsSeen(number=0)),
    ('{"type":"session.close","session":901}', protocol.SessionClose(session=901, samples=[])),
    ('{"type":"content.complete","ref":"c","content":12}', protocol.ContentComplete(ref="c", content=12)),
    ('{"type":"content.consumed","item":31}', protocol.ContentConsumed(item=31)),
    (
        '{"type":"content.consumed","item":33,"ranges":[{"start":0,"end":12.5},{"start":86399.9,"end":86400}]}',
        protocol.ContentConsumed(
            item=33, ranges=[protocol.Played(start=0, end=12.5), protocol.Played(start=86_399.9, end=86_400)]
        ),
    ),
    ('{"type":"watch.start","ref":"w","course":"intro"}', watching.WatchStart(ref="w", course="intro")),
    ('{"type":"watch.stop","course":"intro"}', watching.WatchStop(course="intro")),
    (
        '{"type":"nudge","ref":"n","enrollment":5,"text":"Two\\nlines"}',
        watching.Nudge(ref="n", enrollment=5, text="Two\nlines"),
    ),
    (
        f'{{"type":"help.raise","ref":"h","session":901,"text":"{"😀" * 1000}"}}',
        watching.HelpRaise(ref="h", session=901, text="😀" * 1000),
    ),
    ('{"type":"help.raise","session":901}', watching.HelpRaise(session=901)),
    ('{"type":"help.clear","session":901}', watching.HelpClear(session=901)),
    # What is odd and yet a frame.
    (' \n{ "type" : "ping" }\t', protocol.Ping()),
    ('{"type":"ping","future":{"deep":[1e999,{"type":5}]}}', protocol.Ping()),
    ('{"type":"ping","ref":"a","ref":"b"}', protocol.Ping(ref="b")),
    ('{"type":"ping","ref":""}', protocol.Ping(ref="")),
    (f'{{"type":"ping","ref":"{"😀" * 64}"}}', protocol.Ping(ref="😀" * 64)),
    ('{"type":"ping","ref":"\\ud83d\\ude00\\u0000"}', protocol.Ping(ref="😀\0")),
    ('{"type":"ping","\\u0072ef":"a"}', protocol.Ping(ref="a")),
    ('{"type":"session.samples","session":-0,"samples":[]}', protocol.SessionSamples(session=0, samples=[])),
    (
        '{"type":"session.samples","session":9007199254740991,"samples":'
        '[{"seq":2147483647,"at":9007199254740991,"state":"idle","interactions":9007199254740991}]}',
        protocol.SessionSamples(session=2**53 - 1, samples=[Sample(2**31 - 1, 2**53 - 1, "idle", 2**53 - 1)]),
    ),
    *(
        (
            f'{{"type":"session.open","key":"{spelling}","course":"intro"}}',
            protocol.SessionOpen(key=UUID(spelling), course="intro"),
        )
        for spelling in (KEY.upper(), KEY.replace("-", ""), "019a7c3e-0000-7000-8000-000000000000")
    ),
]


@pytest.mark.parametrize(("text", "frame"), GOOD)
def test_a_frame_is_read(text: str, frame: codec.ClientFrame) -> None:
    assert decode(text) == frame


@pytest.mark.parametrize(("text", "frame"), GOOD)
def test_samples_are_read_alike_where_they_are_taken_at_once(text: str, frame: codec.ClientFrame) -> None:
    assert decode_samples(text.encode()) == (frame if isinstance(frame, protocol.SessionSamples) else None)


@pytest.mark.parametrize("text", [row.text for row in MALFORMED])
def test_what_is_no_frame_is_no_samples_either(text: str) -> None:
    assert decode_samples(text.encode(errors="surrogatepass")) is None


@pytest.mark.parametrize("text", [b"\xff", b"\xed\xa0\x80", b"\xc0\xaf"])
@pytest.mark.parametrize("field", [b'"ref":"%s"', b'"future":"%s"', b'"future":{"deep":["%s"]}', b'"%s":1'])
def test_samples_that_are_not_utf_8_are_none(field: bytes, text: bytes) -> None:
    """Nor where nothing is read: the websocket closes with 1007, which is for it to say."""
    frame = b'{"type":"session.samples","session":901,"samples":[],' + field + b"}"
    assert decode_samples(frame % b"text") is not None
    assert decode_samples(frame % text) is None


def test_a_full_frame_is_read_and_fits() -> None:
    samples = [Sample(2**31 - 101 + n, 2**53 - 1, "engaged", 10_000) for n in range(100)]
    text = msgspec.json.encode(protocol.SessionSamples(session=2**53 - 1, samples=samples)).decode()
    assert len(text) < protocol.FRAME_BYTES
    assert decode(text) == protocol.SessionSamples(session=2**53 - 1, samples=samples)


# What is no frame.


@pytest.mark.parametrize(("text", "code", "begins", "ref"), MALFORMED, ids=[ascii(text[:60]) for text, *_ in MALFORMED])
def test_what_is_no_frame_gets_its_exact_answer(text: str, code: str, begins: str, ref: str | None) -> None:
    with pytest.raises(BadFrame) as refused:
        decode(text)
    bad = refused.value
    assert (bad.code, bad.ref) == (code, ref)
    assert bad.message.startswith(begins)
    answer = json.loads(encode(protocol.Error(ref=bad.ref, code=bad.code, message=bad.message)))
    assert answer == {"type": "error", "ref": ref, "code": str(code), "message": bad.message}
    assert len(bad.message) <= protocol.MAX_MESSAGE


def test_a_message_is_bounded_and_still_begins_with_the_field() -> None:
    with pytest.raises(BadFrame) as refused:
        decode(f'{{"type":"hello","device_type":"{"x" * 15_000}"}}')
    assert refused.value.message.startswith("device_type: invalid enum value 'xxx")
    assert len(refused.value.message) == protocol.MAX_MESSAGE


@pytest.mark.parametrize(
    ("text", "is_hello"), [('{"type":"hello","token":5}', True), ('{"type":"ping","ref":5}', False)]
)
def test_a_bad_hello_is_known_as_one(text: str, is_hello: bool) -> None:
    with pytest.raises(BadFrame) as refused:
        decode(text)
    assert refused.value.is_hello is is_hello


# Whatever comes: a frame, or a BadFrame that can be sent back; and "not JSON" is what another reader calls so.

ANY_TEXT = st.text(st.characters(), max_size=5)  # lone surrogates are among them
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT | st.sampled_from(["focus", "intro", KEY]),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(ANY_TEXT, children, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "ref",
    "token",
    "device_type",
    "notifications_after",
    "key",
    "course",
    "content",
    "session",
    "samples",
    "number",
    "item",
    "ranges",
    "enrollment",
    "text",
]
KINDS = [
    "hello",
    "ping",
    "session.open",
    "session.samples",
    "session.close",
    "notifications.seen",
    "content.complete",
    "content.consumed",
    "watch.start",
    "watch.stop",
    "nudge",
    "help.raise",
    "help.clear",
    "nope",
]
NEARLY_FRAMES = st.fixed_dictionaries(
    {}, optional={"type": st.sampled_from(KINDS) | ANY_JSON} | dict.fromkeys(FIELDS, ANY_JSON)
).map(json.dumps)
BROKEN = st.tuples(NEARLY_FRAMES, st.integers(0, 200), st.integers(0, 3), ANY_TEXT).map(
    lambda cut: cut[0][: cut[1]] + cut[3] + cut[0][cut[1] + cut[2] :]
)


def is_json(text: str) -> bool:
    """What the standard library takes, without what it adds to JSON, and where every string is text."""

    def refuse(name: str) -> None:
        raise ValueError(name)

    try:
        json.dumps(json.loads(text, parse_constant=refuse), ensure_ascii=False).encode()
        text.encode()
    except (ValueError, RecursionError):
        return False
    return True


@settings(max_examples=3 * settings().max_examples)
@given(NEARLY_FRAMES | BROKEN | ANY_TEXT)
@example('{"type":"ping","ref":"\\ud83d"}')
def test_whatever_comes_is_a_frame_or_is_refused(text: str) -> None:
    try:
        frame = decode(text)
        ref, code = frame.ref, None
    except BadFrame as bad:
        ref, code = bad.ref, bad.code
        encode(protocol.Error(ref=bad.ref, code=bad.code, message=bad.message))
    assert (code == ErrorCode.BAD_JSON) is not is_json(text)
    assert ref is None or ref == json.loads(text)["ref"]


WATCHED = watching.WatchedLearner(
    enrollment=5,
    user=watching.WatchedUser(id=2, name="Ana"),
    session=901,
    state="engaged",
    since=msgspec.convert("2026-01-01T00:00:00Z", protocol.Moment),
    content=None,
    device_type="mobile",
    counted_at=msgspec.convert("2026-01-01T00:00:10Z", protocol.Moment),
    focus_ms=10_000,
    engaged_ms=10_000,
    idle_ms=0,
    interactions=4,
    progress=25.0,
    help=False,
)
WATCHED_TEXT = """{"enrollment":5,"user":{"id":2,"name":"Ana"},"session":901,"state":"engaged",
    "since":"2026-01-01T00:00:00Z","content":null,"device_type":"mobile","counted_at":"2026-01-01T00:00:10Z",
    "focus_ms":10000,"engaged_ms":10000,"idle_ms":0,"interactions":4,"progress":25.0,"help":false}"""
COUNTS = watching.WatchedCounts(engaged=1, focus=2, idle=3, silent=4, help=5)


# From the server: what is sent is what the contract shows, to the last field.

SENT = [
    (
        protocol.Welcome(
            connection=UUID(KEY),
            user=protocol.ConnectedUser(id=1, username="ana", role="student"),
            server_time=msgspec.convert("2026-01-01T00:00:00Z", protocol.Moment),
            heartbeat_ms=protocol.HEARTBEAT_MS,
            idle_after_ms=protocol.IDLE_AFTER_MS,
            limits=protocol.Limits(),
            notifications=protocol.NotificationsHead(head=57, seen=40, gap=False),
        ),
        f"""{{"type":"welcome","connection":"{KEY}","user":{{"id":1,"username":"ana","role":"student"}},
        "server_time":"2026-01-01T00:00:00Z","heartbeat_ms":10000,"idle_after_ms":60000,
        "limits":{{"frame_bytes":16384,"samples_per_frame":100,"frames_per_second":20,"burst":40,"sessions":4}},
        "notifications":{{"head":57,"seen":40,"gap":false}}}}""",
    ),
    (
        protocol.Pong(server_time=msgspec.convert("2026-01-01T00:00:00Z", protocol.Moment)),
        '{"type":"pong","server_time":"2026-01-01T00:00:00Z"}',
    ),
    (
        protocol.Pong(ref="p", server_time=msgspec.convert("2026-01-01T00:00:00Z", protocol.Moment)),
        '{"type":"pong","ref":"p","server_time":"2026-01-01T00:00:00Z"}',
    ),
    (
        protocol.SessionOpened(901, 0, 0, 0, 0, 0, 0, 0, ref="a", now_ms=0),
        """{"type":"session.opened","ref":"a","session":901,"now_ms":0,"seq":0,"duration_ms":0,"focus_ms":0,
        "engaged_ms":0,"idle_ms":0,"unknown_ms":0,"interactions":0}""",
    ),
    (
        protocol.SessionAck(**ACK_FIELDS),
        """{"type":"session.ack","session":901,"seq":2,"duration_ms":10000,"focus_ms":10000,"engaged_ms":10000,
        "idle_ms":0,"unknown_ms":0,"interactions":4}""",
    ),
    (
        protocol.SessionClosed(901, 2, 10_000, 10_000, 10_000, 0, 0, 4, ref="b"),
        """{"type":"session.closed","ref":"b","session":901,"seq":2,"duration_ms":10000,"focus_ms":10000,
        "engaged_ms":10000,"idle_ms":0,"unknown_ms":0,"interactions":4}""",
    ),
    (
        protocol.SessionClosed(901, 2, 10_000, 10_000, 10_000, 0, 0, 4),
        json.dumps({"type": "session.closed"} | ACK_FIELDS),
    ),
    (
        protocol.SessionLost(session=901, reason=LostReason.RESUMED_ELSEWHERE),
        '{"type":"session.lost","session":901,"reason":"resumed_elsewhere"}',
    ),
    (
        protocol.Error(ref="a", code=ErrorCode.RATE_LIMITED, message="Too fast.", retry_after_ms=250),
        '{"type":"error","ref":"a","code":"rate_limited","message":"Too fast.","retry_after_ms":250}',
    ),
    (
        protocol.Error(ref=None, code=ErrorCode.GAP, message="A hole.", expect=3),
        '{"type":"error","ref":null,"code":"gap","message":"A hole.","expect":3}',
    ),
    (
        protocol.Error(ref=None, code=ErrorCode.NOT_FOUND, message="No such session."),
        '{"type":"error","ref":null,"code":"not_found","message":"No such session."}',
    ),
    (
        protocol.Error(ref="a", code=ErrorCode.SESSION_CLOSED, message="It has ended.", **ACK_FIELDS),
        json.dumps({"type": "error", "ref": "a", "code": "session_closed", "message": "It has ended."} | ACK_FIELDS),
    ),
    (
        protocol.Notification(
            number=58,
            kind=protocol.NotificationKind.WAITLIST_OFFER,
            created_at=msgspec.convert("2026-01-01T00:00:00Z", protocol.Moment),
            title="A seat",
            body="It is yours.",
            data=protocol.NotificationData(
                course="intro", offer_expires_at=msgspec.convert("2026-01-03T00:00:00Z", protocol.Moment)
            ),
        ),
        """{"type":"notification","number":58,"kind":"waitlist.offer","created_at":"2026-01-01T00:00:00Z",
        "title":"A seat","body":"It is yours.","data":{"course":"intro","offer_expires_at":"2026-01-03T00:00:00Z"}}""",
    ),
    (
        protocol.NotificationsState(head=58, seen=58, unread=0),
        '{"type":"notifications.state","head":58,"seen":58,"unread":0}',
    ),
    (
        protocol.WaitlistUpdated(course="intro", position=2, offer_expires_at=None),
        '{"type":"waitlist.updated","course":"intro","position":2,"offer_expires_at":null}',
    ),
    (
        protocol.WaitlistUpdated(course="intro", position=None, offer_expires_at=None),
        '{"type":"waitlist.updated","course":"intro","position":null,"offer_expires_at":null}',
    ),
    (
        protocol.ProgressUpdated(
            course="intro",
            enrollment=5,
            revision=9,
            content=12,
            content_completed=True,
            module=3,
            module_percent=50.0,
            course_percent=25.0,
            status="enrolled",
        ),
        """{"type":"progress.updated","course":"intro","enrollment":5,"revision":9,"content":12,"content_completed":true,
        "module":3,"module_percent":50.0,"course_percent":25.0,"status":"enrolled"}""",
    ),
    (
        watching.WatchSnapshot(ref="w", course="intro", version=1, learners=[WATCHED]),
        f'{{"type":"watch.snapshot","ref":"w","course":"intro","version":1,"learners":[{WATCHED_TEXT}]}}',
    ),
    (
        watching.WatchDelta(course="intro", version=2, upsert=[WATCHED], remove=[6]),
        f'{{"type":"watch.delta","course":"intro","version":2,"upsert":[{WATCHED_TEXT}],"remove":[6]}}',
    ),
    (protocol.Bye(reconnect_after_ms=1_500), '{"type":"bye","reconnect_after_ms":1500}'),
]


@pytest.mark.parametrize(("frame", "text"), SENT, ids=[frame.__struct_config__.tag for frame, _ in SENT])
def test_what_is_sent_is_what_the_contract_shows(frame: codec.ServerFrame, text: str) -> None:
    assert json.loads(encode(frame)) == json.loads(text)
    assert msgspec.json.decode(text, type=codec.ServerFrame) == frame


@pytest.mark.parametrize("rows", [[], [WATCHED], [WATCHED, WATCHED]])
def test_rows_that_are_encoded_once_are_sent_as_they_are(rows: list[watching.WatchedLearner]) -> None:
    frame = watching.WatchDelta(course="intro", version=2, upsert=rows, remove=[], counts=COUNTS)
    once = msgspec.structs.replace(frame, upsert=codec.encoded(rows))
    assert encode(once) == encode(once) == encode(frame)
    assert json.loads(encode(frame))["counts"] == {"engaged": 1, "focus": 2, "idle": 3, "silent": 4, "help": 5}


def test_codes_and_limits_are_the_contracts() -> None:
    assert sorted(CloseCode) == [1009, 1011, 1013, 4001, 4008, 4012, 4013, 4500, 4501, 4502, 4503, 4504, 4505]
    assert set(ErrorCode) == {
        "bad_json",
        "bad_frame",
        "unknown_type",
        "not_found",
        "not_enrolled",
        "forbidden",
        "gap",
        "session_closed",
        "too_many_sessions",
        "rate_limited",
        "internal",
    }
    assert set(LostReason) == {"resumed_elsewhere", "access_ended", "gone"}
    assert (protocol.SPAN_MS, protocol.IDLE_SPAN_MS, protocol.LATE_MS) == (25_000, 150_000, 150_000)
    assert (protocol.SILENCE_MS, protocol.IDLE_SILENCE_MS, protocol.HELLO_WITHIN_MS) == (60_000, 150_000, 10_000)
    assert (protocol.UNREAD_BYTES, protocol.WRITE_BLOCKED_MS, protocol.OVER_LIMIT_MS) == (2**20, 10_000, 10_000)
    assert {kind.value for kind in protocol.NotificationKind} == {
        "enrollment.requested",
        "enrollment.approved",
        "enrollment.rejected",
        "enrollment.confirmed",
        "enrollment.ended",
        "waitlist.joined",
        "waitlist.offer",
        "waitlist.offer_expired",
        "progress.module_completed",
        "progress.course_completed",
        "certificate.issued",
        "session.nudge",
        "help.requested",
    }
    assert protocol.MISSED_NOTIFICATIONS == 200
    assert (watching.WATCH_EVERY_MS, watching.COUNTERS_EVERY_MS) == (1_000, 60_000)
    assert (protocol.BAD_FRAMES_IN_A_ROW, protocol.CONNECTIONS_PER_USER) == (10, 20)
