"""The published schemas say of every text what the decoder says of it, as far as a schema can."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator, validators
from jsonschema.protocols import Validator

from realtime.codec import BadFrame, decode, decode_posted
from realtime.protocol import ErrorCode
from realtime.reference import __main__ as command
from realtime.reference import schemas
from realtime.reference.comments import with_numbers
from tests.realtime.malformed import KEY, MALFORMED, opening, sampling
from tests.realtime.test_protocol import ACK_FIELDS, ANY_JSON, GOOD, NEARLY_FRAMES, SENT

DOCUMENTS = schemas.documents()


def written_as_integer(_: Any, value: Any) -> bool:
    """To JSON Schema `1.0` is an integer, to the decoder it is none: the one thing that these tests look away from."""
    return isinstance(value, int) and not isinstance(value, bool)


Strict = validators.extend(
    Draft202012Validator, type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", written_as_integer)
)
CLIENT, SERVER, POST, ANSWER = (
    Strict(DOCUMENTS[name]) for name in ("client-frame", "server-frame", "post", "post-answer")
)


def loads(text: str) -> Any:
    """Also of integers with more digits than Python wants to read."""
    return json.loads(text, parse_int=lambda digits: int(digits[:400]))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_is_a_schema_of_2020_12(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENTS[name])
    assert DOCUMENTS[name]["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize("text", [text for text, _ in GOOD])
def test_a_frame_of_a_client_is_one_to_the_schema(text: str) -> None:
    CLIENT.validate(loads(text))


# A name that comes twice: the last one counts, which makes this an empty `hello` to a schema.
TWICE = '{"type":"ping","type":"hello","ref":"r"}'
REFUSED = [bad.text for bad in MALFORMED if bad.code != ErrorCode.BAD_JSON and bad.text != TWICE]


@pytest.mark.parametrize("text", REFUSED, ids=[ascii(text[:60]) for text in REFUSED])
def test_what_is_refused_is_no_frame_to_the_schema(text: str) -> None:
    assert not CLIENT.is_valid(loads(text))


@given(NEARLY_FRAMES)
def test_schema_and_decoder_agree(text: str) -> None:
    agree(CLIENT, text, lambda: decode(text))


@pytest.mark.parametrize(("frame", "text"), SENT, ids=[frame.__struct_config__.tag for frame, _ in SENT])
def test_what_is_sent_is_a_frame_to_the_schema(frame: Any, text: str) -> None:
    """With all that is always there: nothing of it may be missing, but what the server leaves out at times."""
    sent = loads(text)
    SERVER.validate(sent)
    optional = {"ref"} if sent["type"] != "error" else set(sent) - {"type", "ref", "code", "message"}
    for name in sent.keys() - optional:
        assert not SERVER.is_valid({key: value for key, value in sent.items() if key != name}), name
    assert not SERVER.is_valid(sent | {"type": "ping"})


POSTED = [
    "{}",
    '{"samples":[]}',
    '{"samples":[],"close":true,"open":{"course":"intro"}}',
    '{"open":{"course":"intro","content":12,"device_type":"mobile"}}',
    '{"open":{"course":"intro","content":null,"device_type":null,"future":1},"future":[]}',
    '{"samples":[{"seq":1,"at":0,"state":"engaged","interactions":0}],"close":false,"open":null}',
    # Refused:
    "[]",
    "null",
    '{"samples":null}',
    '{"samples":{}}',
    '{"close":null}',
    '{"close":"true"}',
    '{"close":1}',
    '{"open":{}}',
    '{"open":"intro"}',
    '{"open":{"course":"no slug"}}',
    '{"open":{"course":"intro","content":-1}}',
    '{"open":{"course":"intro","device_type":"fridge"}}',
    *(json.dumps({"samples": json.loads(sampling(**{name: -1}))["samples"]}) for name in ("seq", "at", "interactions")),
]


@pytest.mark.parametrize("text", POSTED)
def test_schema_and_decoder_agree_on_posts(text: str) -> None:
    agree(POST, text, lambda: decode_posted(text.encode()))


@given(ANY_JSON.map(json.dumps))
def test_schema_and_decoder_agree_on_any_post(text: str) -> None:
    agree(POST, text, lambda: decode_posted(text.encode()))


def agree(schema: Validator, text: str, read: Any) -> None:
    try:
        read()
    except BadFrame as refused:
        if refused.code != ErrorCode.BAD_JSON:  # a schema judges what is JSON
            assert not schema.is_valid(loads(text)), text
    else:
        schema.validate(loads(text))


def test_the_answer_to_a_post_is_one_to_the_schema() -> None:
    ANSWER.validate(ACK_FIELDS | {"now_ms": 0})
    for name in [*ACK_FIELDS, "now_ms"]:
        assert not ANSWER.is_valid({key: 0 for key in [*ACK_FIELDS, "now_ms"] if key != name})


def test_keys_are_spelled_as_the_decoder_takes_them() -> None:
    """Negative control of the pattern: the schema refuses by itself, without a checker of formats."""
    half = KEY.replace("-", "", 1)
    assert not CLIENT.is_valid(json.loads(opening(key=half)))
    with pytest.raises(BadFrame):
        decode(opening(key=half))


def test_comments_carry_the_numbers_that_are_in_force() -> None:
    assert with_numbers("over UNREAD_BYTES for SILENCE_MS, BURST of it") == (
        "over 1,048,576 bytes for 60,000 ms, BURST of it"
    )


def test_what_is_not_as_it_would_be_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "ROOT", tmp_path)
    command.main([])
    assert command.main(["--check"]) == 0
    (tmp_path / "docs" / "protocol.md").write_text("Something else.")
    assert command.main(["--check"]) == 1
    assert capsys.readouterr().err == (
        "Not what realtime/protocol.py says any more, run `make generate`: docs/protocol.md\n"
    )


def test_a_schema_that_is_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(schemas, "documents", lambda: {"post": {"properties": {"samples": {"type": "list"}}}})
    command.main([])
    assert command.main(["--check"]) == 1
    assert capsys.readouterr().err.startswith("post.schema.json: $.properties.samples.type: 'list' is not valid")
