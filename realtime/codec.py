"""Text to frame and back: what the decoder lets through is right to the last bound, what it doesn't gets its answer.

Owns which frames are served, how one is read, and how the refusal of one is worded. Must never import Django or do I/O.
"""

import re
from typing import TypeAlias, cast, get_args
from uuid import UUID

import msgspec

from realtime import protocol, watching
from realtime.protocol import MAX_MESSAGE, MAX_REF, ErrorCode, Posted

ClientFrame: TypeAlias = (
    protocol.Hello
    | protocol.Ping
    | protocol.SessionOpen
    | protocol.SessionSamples
    | protocol.SessionClose
    | protocol.NotificationsSeen
    | protocol.ContentComplete
    | protocol.ContentConsumed
    | watching.WatchStart
    | watching.WatchStop
    | watching.Nudge
    | watching.HelpRaise
    | watching.HelpClear
)

ServerFrame: TypeAlias = (
    protocol.Welcome
    | protocol.Pong
    | protocol.SessionOpened
    | protocol.SessionAck
    | protocol.SessionClosed
    | protocol.SessionLost
    | protocol.Notification
    | protocol.NotificationsState
    | protocol.WaitlistUpdated
    | protocol.ProgressUpdated
    | watching.WatchSnapshot
    | watching.WatchDelta
    | protocol.Error
    | protocol.Bye
)


class BadFrame(Exception):
    """A text that is no frame. `code`, `message` and `ref` are those of the `error` that answers it.

    `code` is BAD_JSON, BAD_FRAME or UNKNOWN_TYPE; `ref` is the frame's own wherever one can be read. `is_hello`
    says that it was meant to be a `hello`.
    """

    def __init__(self, code: ErrorCode, message: str, ref: str | None = None, *, is_hello: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message[:MAX_MESSAGE]
        self.ref = ref
        self.is_hello = is_hello


_decoder: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)
_posted_decoder = msgspec.json.Decoder(Posted)
_encoder = msgspec.json.Encoder()
_served_types = {frame.__struct_config__.tag for frame in get_args(ClientFrame)}


def decode(text: str) -> ClientFrame:
    """The frame that `text` is, checked to the last bound. Raises BadFrame, and nothing else."""
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise _refusal(text, error) from None


def decode_samples(text: bytes) -> protocol.SessionSamples | None:
    """The frame that `text` is if it is a good one of samples, in ASCII. Others may be good too: `decode` knows.

    Only of ASCII is it known that it is UTF-8 throughout: the decoder does not look at fields it passes over.
    """
    if not text.isascii():
        return None
    try:
        frame = _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return frame if isinstance(frame, protocol.SessionSamples) else None


def decode_posted(body: bytes) -> Posted:
    """What was posted, checked like a frame. Raises BadFrame, and nothing else."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise BadFrame(ErrorCode.BAD_JSON, "the body is not UTF-8") from None
    try:
        return _posted_decoder.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise _refusal(text, error) from None


def decode_key(text: str) -> UUID:
    """The key of a session in an address, read as one in a frame is. Raises BadFrame."""
    try:
        return msgspec.convert(text, UUID)
    except msgspec.ValidationError:
        raise BadFrame(ErrorCode.BAD_FRAME, "key: expected a UUID") from None


def encode(frame: ServerFrame) -> bytes:
    """The text of a frame, in UTF-8."""
    return _encoder.encode(frame)


def encoded(rows: list[watching.WatchedLearner]) -> list[watching.WatchedLearner]:
    """The same rows, to be a part of several frames: they are encoded now, once."""
    return cast(list[watching.WatchedLearner], msgspec.Raw(_encoder.encode(rows)))


def _refusal(text: str, error: Exception) -> BadFrame:
    """What to answer to `text`. The decoder stopped at the first `error`, perhaps before text that is not JSON.

    Of what it reads, this builds only `type` and `ref`: a bad frame costs little more than a good one.
    """
    try:
        _any_json.decode(text)
    except RecursionError:
        return BadFrame(ErrorCode.BAD_JSON, "the frame is nested too deep")
    except (msgspec.DecodeError, UnicodeEncodeError) as malformed:
        return BadFrame(ErrorCode.BAD_JSON, f"the frame is not JSON: {malformed}".replace("JSON is malformed: ", ""))
    try:
        envelope = _any_object.decode(text)
    except msgspec.ValidationError:
        return BadFrame(ErrorCode.BAD_FRAME, "a frame is a JSON object")
    kind, ref = _text_or_none(envelope.type), _text_or_none(envelope.ref)
    if ref is not None and len(ref) > MAX_REF:
        ref = None
    if kind is not None and kind not in _served_types:
        return BadFrame(ErrorCode.UNKNOWN_TYPE, f"type: no frame is called {kind[:MAX_REF]!r}", ref)
    return BadFrame(ErrorCode.BAD_FRAME, _field_first(str(error)), ref, is_hello=kind == "hello")


class _Envelope(msgspec.Struct):
    type: msgspec.Raw = msgspec.Raw(b"null")
    ref: msgspec.Raw = msgspec.Raw(b"null")


_any_json = msgspec.json.Decoder(msgspec.Raw)
_any_object = msgspec.json.Decoder(_Envelope)
_any_text = msgspec.json.Decoder(str)


def _text_or_none(raw: msgspec.Raw) -> str | None:
    try:
        return _any_text.decode(raw)
    except msgspec.ValidationError:
        return None


def _field_first(message: str) -> str:
    """msgspec's "Expected … - at `$.samples[0].at`" as "samples[0].at: expected …"."""
    what, _, path = message.rpartition(" - at `$") if " - at `$" in message else (message, "", "")
    path = path.strip(".`")
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", what):
        path, what = f"{path}.{missing[1]}".strip("."), "this field is required"
    what = what[0].lower() + what[1:]
    return f"{path}: {what}" if path else what
