"""Texts that are no frame, and what each is answered: the code, how the message begins, and the `ref`."""

import json
from typing import Any, NamedTuple

from realtime.protocol import ErrorCode

KEY = "6f1f4c5c-8b9e-4b0e-a1a3-f6a3c2b1d0e9"


class Malformed(NamedTuple):
    """A text, and its answer."""

    text: str
    code: ErrorCode
    begins: str
    ref: str | None


def opening(**fields: Any) -> str:
    return json.dumps({"type": "session.open", "ref": "r", "key": KEY, "course": "intro"} | fields)


def sampling(*, session: Any = 901, samples: Any = None, **fields: Any) -> str:
    """A `session.samples` frame whose second sample has these fields."""
    good = {"seq": 1, "at": 0, "state": "focus", "interactions": 0}
    if samples is None:
        samples = [good, good | {"seq": 2} | fields]
    return json.dumps({"type": "session.samples", "ref": "r", "session": session, "samples": samples})


def consuming(*ranges: Any) -> str:
    return json.dumps({"type": "content.consumed", "ref": "r", "item": 31, "ranges": ranges})


def nudging(**fields: Any) -> str:
    return json.dumps({"type": "nudge", "ref": "r", "enrollment": 5, "text": "Hello"} | fields)


def without(name: str, text: str) -> str:
    return json.dumps({key: value for key, value in json.loads(text).items() if key != name})


BAD_JSON = [
    "",
    " ",
    "hello",
    "{",
    "}",
    '{"type":"ping"',
    '{"type":"ping"}}',
    '{"type":"ping"}{"type":"ping"}',
    '{"type":"ping",}',
    "{'type':'ping'}",
    "{type:1}",
    '\ufeff{"type":"ping"}',
    '{"type":"ping"} // comment',
    '{"type":"ping","ref":NaN}',
    '{"type":"ping","future":NaN}',
    '{"type":"ping","future":[Infinity]}',
    '{"type":"ping","future":-Infinity}',
    '{"type":"ping","future":+1}',
    '{"type":"ping","future":01}',
    '{"type":"ping","future":0x10}',
    '{"type":"ping","future":.5}',
    '{"type":"ping","future":1.}',
    '{"type":"ping","future":True}',
    '{"type":"ping","future":undefined}',
    '{"type":"ping","ref":"\0"}',
    '{"type":"ping","ref":"line\nbreak"}',
    '{"type":"ping","ref":"\\x41"}',
    '{"type":"ping","ref":"open',
    # Half a surrogate pair: escaped, and (which no websocket delivers) as such.
    '{"type":"ping","ref":"\\ud800"}',
    '{"type":"ping","ref":"\\udc00 and more text"}',
    '{"type":"ping","ref":"\\ud800 and more text"}',
    '{"type":"ping","ref":"\\ud800\\u0041"}',
    '{"type":"hello","token":"\\ud800\\ud800"}',
    '{"type":"ping","\\ud800":1}',
    '{"type":"\\ud800"}',
    '{"type":"ping","ref":"\ud800"}',
    # Wrong fields before what is not JSON.
    '{"type":"ping","ref":5,oops',
    '[1,2,"',
    '"type',
    # Nested too deep to be read, closed or not.
    '{"type":"ping","future":' + "[" * 8_000 + "]" * 8_000 + "}",
    '{"type":"ping","ref":' + '{"a":' * 2_000 + "1" + "}" * 2_000 + "}",
    "[" * 16_000,
]

BAD_FRAMES = [
    # No object, or no type.
    *((text, "a frame is a JSON object", None) for text in ("[]", "5", "null", "true", '"ping"', '[{"type":"ping"}]')),
    ("{}", "type: this field is required", None),
    ('{"ref":"r"}', "type: this field is required", "r"),
    ('{"Type":"ping","ref":"r"}', "type: this field is required", "r"),
    ('{"type":null,"ref":"r"}', "type: expected `str`", "r"),
    ('{"type":5,"ref":"r"}', "type: expected `str`", "r"),
    ('{"type":["ping"],"ref":"r"}', "type: expected `str`", "r"),
    ('{"type":{"type":"ping"},"ref":"r"}', "type: expected `str`", "r"),
    ('{"type":"ping","type":"hello","ref":"r"}', "type: invalid value 'hello'", "r"),
    # A ref that can't be repeated.
    ('{"type":"ping","ref":5}', "ref: expected `str | null`, got `int`", None),
    ('{"type":"ping","ref":{}}', "ref: expected `str | null`, got `object`", None),
    ('{"type":"ping","ref":1e999}', "ref: ", None),
    (f'{{"type":"ping","ref":"{"x" * 65}"}}', "ref: expected `str` of length <= 64", None),
    # hello
    ('{"type":"hello","ref":"r","token":5}', "token: expected `str | null`, got `int`", "r"),
    (f'{{"type":"hello","ref":"r","token":"{"x" * 201}"}}', "token: expected `str` of length <= 200", "r"),
    ('{"type":"hello","ref":"r","device_type":"fridge"}', "device_type: invalid enum value 'fridge'", "r"),
    ('{"type":"hello","ref":"r","device_type":" - at `$.token`"}', "device_type: invalid enum value", "r"),
    ('{"type":"hello","ref":"r","notifications_after":-1}', "notifications_after: expected `int` >= 0", "r"),
    ('{"type":"hello","ref":"r","notifications_after":"1"}', "notifications_after: expected `int | null`", "r"),
    # session.open
    (without("key", opening()), "key: this field is required", "r"),
    (without("course", opening()), "course: this field is required", "r"),
    (opening(key=None), "key: expected `uuid`, got `null`", "r"),
    (opening(key=5), "key: expected `uuid`, got `int`", "r"),
    (opening(key="not a uuid"), "key: invalid UUID", "r"),
    (opening(key=KEY[:-1]), "key: invalid UUID", "r"),
    (opening(key=f"{{{KEY}}}"), "key: invalid UUID", "r"),
    (opening(key=f"{KEY}\0"), "key: invalid UUID", "r"),
    (opening(course=None), "course: expected `str`, got `null`", "r"),
    (opening(course=5), "course: expected `str`, got `int`", "r"),
    (opening(course=""), "course: expected `str` matching regex", "r"),
    (opening(course="no slug"), "course: expected `str` matching regex", "r"),
    (opening(course="intro\0"), "course: expected `str` matching regex", "r"),
    (opening(course="x" * 201), "course: expected `str` of length <= 200", "r"),
    (opening(content="12"), "content: expected `int | null`, got `str`", "r"),
    (opening(content=12.0), "content: expected `int | null`, got `float`", "r"),
    (opening(content=True), "content: expected `int | null`, got `bool`", "r"),
    (opening(content=-1), "content: expected `int` >= 0", "r"),
    (opening(content=2**53), "content: expected `int` <= 9007199254740991", "r"),
    (opening(device_type="Mobile"), "device_type: invalid enum value 'Mobile'", "r"),
    (opening(device_type=1), "device_type: expected `str | null`, got `int`", "r"),
    # session.samples and session.close
    (without("type", sampling()), "type: this field is required", "r"),
    (without("session", sampling()), "session: this field is required", "r"),
    (without("samples", sampling()), "samples: this field is required", "r"),
    (sampling(session="901"), "session: expected `int`, got `str`", "r"),
    (sampling(session=None), "session: expected `int`, got `null`", "r"),
    (sampling(session=-1), "session: expected `int` >= 0", "r"),
    (sampling(session=10**400), "session: expected `int` <= 9007199254740991", "r"),
    (f'{{"type":"session.samples","ref":"r","session":{"9" * 5_000},"samples":[]}}', "session: integer value", "r"),
    ('{"type":"session.samples","ref":"r","session":1e999,"samples":[]}', "session: number out of range", "r"),
    (sampling(samples=5), "samples: expected `array`, got `int`", "r"),
    (sampling(samples={}), "samples: expected `array`, got `object`", "r"),
    (sampling(samples="x"), "samples: expected `array`, got `str`", "r"),
    (sampling(samples=[None]), "samples[0]: expected `object`, got `null`", "r"),
    (sampling(samples=[[1, 0, "focus", 0]]), "samples[0]: expected `object`, got `array`", "r"),
    (sampling(samples=[{}]), "samples[0].seq: this field is required", "r"),
    (sampling(samples=json.loads(sampling())["samples"] * 51), "samples: expected `array` of length <= 100", "r"),
    (sampling(seq=0), "samples[1].seq: expected `int` >= 1", "r"),
    (sampling(seq=-1), "samples[1].seq: expected `int` >= 1", "r"),
    (sampling(seq=2**31), "samples[1].seq: expected `int` <= 2147483647", "r"),
    (sampling(seq=True), "samples[1].seq: expected `int`, got `bool`", "r"),
    (sampling(seq=None), "samples[1].seq: expected `int`, got `null`", "r"),
    (sampling(at=True), "samples[1].at: expected `int`, got `bool`", "r"),
    (sampling(at=1.5), "samples[1].at: expected `int`, got `float`", "r"),
    (sampling(at=1.0), "samples[1].at: expected `int`, got `float`", "r"),
    (sampling(at="0"), "samples[1].at: expected `int`, got `str`", "r"),
    (sampling(at=-1), "samples[1].at: expected `int` >= 0", "r"),
    (sampling(at=2**53), "samples[1].at: expected `int` <= 9007199254740991", "r"),
    (sampling(at=-(10**30)), "samples[1].at: expected `int` >= 0", "r"),
    (sampling(state="asleep"), "samples[1].state: invalid enum value 'asleep'", "r"),
    (sampling(state="ENGAGED"), "samples[1].state: invalid enum value 'ENGAGED'", "r"),
    (sampling(state=""), "samples[1].state: invalid enum value ''", "r"),
    (sampling(state=None), "samples[1].state: expected `str`, got `null`", "r"),
    (sampling(interactions=-1), "samples[1].interactions: expected `int` >= 0", "r"),
    (sampling(interactions=2**53), "samples[1].interactions: expected `int` <= 9007199254740991", "r"),
    (sampling(interactions=[]), "samples[1].interactions: expected `int`, got `array`", "r"),
    ('{"type":"session.close","ref":"r"}', "session: this field is required", "r"),
    ('{"type":"notifications.seen","ref":"r"}', "number: this field is required", "r"),
    ('{"type":"notifications.seen","ref":"r","number":-1}', "number: expected `int` >= 0", "r"),
    ('{"type":"notifications.seen","ref":"r","number":"58"}', "number: expected `int`, got `str`", "r"),
    ('{"type":"content.complete","ref":"r"}', "content: this field is required", "r"),
    ('{"type":"content.complete","ref":"r","content":1.5}', "content: expected `int`, got `float`", "r"),
    ('{"type":"content.consumed","ref":"r"}', "item: this field is required", "r"),
    (consuming({"start": 0}), "ranges[0].end: this field is required", "r"),
    (consuming({"start": -0.1, "end": 1}), "ranges[0].start: expected `float` >= 0.0", "r"),
    (consuming({"start": 0, "end": 86_401}), "ranges[0].end: expected `float` <= 86400.0", "r"),
    (consuming({"start": "0", "end": 1}), "ranges[0].start: expected `float`, got `str`", "r"),
    (consuming(*[{"start": 0, "end": 1}] * 101), "ranges: expected `array` of length <= 100", "r"),
    ('{"type":"watch.start","ref":"r"}', "course: this field is required", "r"),
    ('{"type":"watch.stop","ref":"r","course":"in tro"}', "course: expected `str` matching regex", "r"),
    (nudging(enrollment="5"), "enrollment: expected `int`, got `str`", "r"),
    (nudging(text=""), "text: expected `str` of length >= 1", "r"),
    (nudging(text="x" * 1001), "text: expected `str` of length <= 1000", "r"),
    (nudging(text="a\0b"), "text: expected `str` matching regex", "r"),
    ('{"type":"help.raise","ref":"r","text":"Help"}', "session: this field is required", "r"),
    ('{"type":"help.raise","ref":"r","session":901,"text":"\\u0000"}', "text: expected `str` matching regex", "r"),
    ('{"type":"help.raise","ref":"r","session":901,"text":null}', "text: expected `str`, got `null`", "r"),
    ('{"type":"help.clear","ref":"r","session":-1}', "session: expected `int` >= 0", "r"),
    ('{"type":"session.close","ref":"r","session":1,"samples":null}', "samples: expected `array`, got `null`", "r"),
]

UNKNOWN_TYPES = [
    ('{"type":"session.pause","ref":"r"}', "type: no frame is called 'session.pause'", "r"),
    ('{"type":"","ref":"r"}', "type: no frame is called ''", "r"),
    ('{"type":"PING","ref":"r"}', "type: no frame is called 'PING'", "r"),
    ('{"type":"welcome","ref":"r"}', "type: no frame is called 'welcome'", "r"),
    ('{"type":"Request","ref":"r"}', "type: no frame is called 'Request'", "r"),
    ('{"type":"ping\\u0000","ref":"r"}', "type: no frame is called 'ping\\x00'", "r"),
    ('{"type":"nope","ref":5}', "type: no frame is called 'nope'", None),
    (f'{{"type":"{"x" * 10_000}","ref":"r"}}', f"type: no frame is called '{'x' * 64}'", "r"),
    (f'{{"type":"nope","ref":"{"x" * 65}"}}', "type: no frame is called 'nope'", None),
]

MALFORMED = [
    *(Malformed(text, ErrorCode.BAD_JSON, "the frame is ", None) for text in BAD_JSON),
    *(Malformed(text, ErrorCode.BAD_FRAME, begins, ref) for text, begins, ref in BAD_FRAMES),
    *(Malformed(text, ErrorCode.UNKNOWN_TYPE, begins, ref) for text, begins, ref in UNKNOWN_TYPES),
]
