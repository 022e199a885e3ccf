"""docs/protocol.md: the wire for people who write a client."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from realtime import codec, protocol, watching
from realtime.reference import asyncapi, comments, schemas
from realtime.reference.schemas import Schema, tag

HEAD: Final = f"""\
<!-- Made from realtime/protocol.py by `make generate`. Not to be edited. -->

# The wire, version 1

A websocket at `/ws/`, subprotocol `{protocol.SUBPROTOCOL}` (offering none is taken for it), one JSON object in each
text frame; every object has a `type`. Unknown fields are ignored, unknown types are errors. An integer is written as
one: `true`, `"1"` and `1.0` are none. `_ms` is milliseconds.

- **Who you are**, first match wins: an `Authorization: Bearer TOKEN` header; `token` in `hello`; the session cookie. A
  bad token never falls back to the cookie. The cookie counts only with an `Origin` that the site allows.
- **The first frame** is `hello`, answered by `welcome`. A refusal comes after the accept, so that its close code can be
  read.
- **A session** is named by a `key` of the client's making. It has one content of one course, and belongs to one page.
- **A sample** says what the page is from `at` on; timekeeping.md says how samples become time. One is due at every
  change of state, and at least every `heartbeat_ms`.
- **Acknowledged means durable.** The client keeps every sample until a `session.ack`, `session.opened` or
  `session.closed` has its `seq`. After a lost connection it opens the same key again, on any server, and sends what is
  not durable; what was counted already is passed over.
- **Notifications** are kept, and numbered 1, 2, 3, … per user. Each is sent on a connection once, in order; to a client
  that says in `hello` which one it has, those it missed come first.
- **Watching.** A course's owner and staff get a snapshot of who learns in it, and deltas: together they are what a new
  snapshot would say, but for the counters. The snapshot of a course with thousands of learners is a frame of megabytes.
- **Silence.** A dropped socket does not end a session. 45 s after it was last heard (150 s after an `idle` sample) it
  ends as of its last sample, and goes on when it is heard again within 24 h.

For programs: JSON Schemas of [a client's frame](protocol/client-frame.schema.json), [a server's
frame](protocol/server-frame.schema.json), [a post](protocol/post.schema.json) and [its
answer](protocol/post-answer.schema.json), and an [AsyncAPI document](protocol/asyncapi.json). To see it in use:
[a conversation](transcript.md). In the tables `?` marks a field that may be left out.
"""

HTTP: Final = """\
`POST /api/v1/sessions/KEY/samples/`, for a page's last words and for networks that block websockets. With the session
cookie it needs an `Origin` that the site allows. Errors have the codes below, with `detail` in place of `message`: 400
`bad_json`, `bad_frame`; 401 `not_authenticated`; 403 `not_enrolled`, `forbidden`; 404 `not_found`; 409 `gap` (with
`expect`), `session_closed` (with the fields of `session.ack`), `bad_frame` (a key of something else); 413 `too_large`;
429 `too_many_sessions`, `rate_limited`; 503 `unavailable` (the database does not answer). After a 429 or a 503 the same
may be posted again in `Retry-After` seconds; after any other 5xx, and where no answer came, a little later.
"""

OTHER_ERRORS: Final = (
    "On any other answer to an open or to samples a client drops that key's queue, and tells its page."
)
OTHER_CLOSES: Final = "All others below 4000: come back too. Backoff has full jitter and is capped at 10 s."

WORDS: Final = {"ErrorCode": "an error code", "LostReason": "a reason", "NotificationKind": "a kind"}


def page() -> str:
    parts = [HEAD, "## From the client\n"]
    parts += [_frame(frame) for frame in schemas.frames(codec.ClientFrame)]
    parts += ["### Sample\n", _struct(protocol.Sample), "### Played\n", _struct(protocol.Played)]
    parts += ["## From the server\n"]
    parts += [_frame(frame) for frame in schemas.frames(codec.ServerFrame)]
    for part in (
        protocol.ConnectedUser,
        protocol.Limits,
        protocol.NotificationsHead,
        protocol.NotificationData,
        watching.WatchedLearner,
        watching.WatchedUser,
        watching.WatchedCounts,
    ):
        parts += [f"### {part.__name__}\n", _struct(part)]
    parts += [
        "## Over HTTP\n",
        HTTP,
        "### The body\n",
        _struct(protocol.Posted),
        "### `open` in it\n",
        _struct(protocol.PostedOpen),
        "### The answer\n",
        _struct(protocol.PostAnswer),
        "## Errors\n",
        f"{schemas.meaning(protocol.ErrorCode)} {OTHER_ERRORS}\n",
        _table(("code", "what"), [(f"`{code.value}`", _of(code)) for code in protocol.ErrorCode]),
        "## Why a session is lost\n",
        _table(("reason", "what"), [(f"`{reason.value}`", _of(reason)) for reason in protocol.LostReason]),
        "## Kinds of notifications\n",
        _table(("kind", "what it tells"), [(f"`{kind.value}`", _of(kind)) for kind in protocol.NotificationKind]),
        "## Close codes\n",
        f"{schemas.meaning(protocol.CloseCode)} {OTHER_CLOSES}\n",
        _table(
            ("code", "why, and what the client does", "comes back"),
            [(str(code.value), _of(code), "yes" if asyncapi.reconnects(code) else "no") for code in protocol.CloseCode],
        ),
        "## Numbers\n",
        _table(
            ("name", "value", "what"),
            [(f"`{name}`", comments.spelled(name), comments.of_number(name)) for name in comments.numbers()],
        ),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _of(member: Any) -> str:
    return comments.of_member(type(member), member.name)


def _frame(frame: type[msgspec.Struct]) -> str:
    answer = asyncapi.ANSWERS.get(frame)
    answered = f"\nAnswer: `{tag(answer)}`.\n" if answer else ""
    return f"### `{tag(frame)}`\n\n{_struct(frame, answered)}"


def _struct(struct: type[msgspec.Struct], more: str = "") -> str:
    schema = schemas.definitions()[struct.__name__]
    rows = [
        (f"`{name}`" + ("" if name in schema["required"] else " ?"), _type(field), field["description"])
        for name, field in schema["properties"].items()
        if name != "type"
    ]
    text = f"{schema['description']}\n{more}"
    return f"{text}\n{_table(('field', 'type', 'what'), rows)}" if rows else text


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _type(schema: Schema) -> str:
    """The type and the bounds of a field, for people."""
    match schema:
        case {"$ref": str(ref)}:
            name = ref.rpartition("/")[2]
            return WORDS.get(name, name)
        case {"anyOf": [*choices]}:
            return " or ".join(_type(choice) for choice in choices)
        case {"enum": [*values]}:
            return ", ".join(f"`{value}`" for value in values)
        case {"type": "array", "items": items, "maxItems": most}:
            return f"at most {most} of {_type(items)}"
        case {"type": "integer", "minimum": least, "maximum": most}:
            return f"integer from {least}" + ("" if most == protocol.MAX_INTEGER else f" to {most:,}")
        case {"type": "number", "minimum": least, "maximum": most}:
            return f"number from {least:,} to {most:,}"
        case {"type": "string", "format": "date-time"}:
            return "time, RFC 3339"
        case {"type": "string", "format": "uuid"}:
            return "UUID"
        case {"type": "array", "items": items}:
            return f"list of {_type(items)}"
        case {"type": "string", "maxLength": most}:
            of = f" of `{schema['pattern']}`" if "pattern" in schema else ""
            return f"text{of}, at most {most} characters"
        case {"type": "boolean" | "null" as kind}:
            return str(kind)
    raise NotImplementedError(f"no words for {schema}")
