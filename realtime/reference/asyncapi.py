"""The websocket as an AsyncAPI 3.0 document: the channel, what is said in both directions, and how it ends."""

from typing import Any, Final

import msgspec

from realtime import codec, protocol, watching
from realtime.reference import comments, schemas
from realtime.reference.schemas import Schema, tag

ANSWERS: Final[dict[type[msgspec.Struct], type[msgspec.Struct]]] = {
    protocol.Hello: protocol.Welcome,
    protocol.Ping: protocol.Pong,
    protocol.SessionOpen: protocol.SessionOpened,
    protocol.SessionSamples: protocol.SessionAck,
    protocol.SessionClose: protocol.SessionClosed,
    watching.WatchStart: watching.WatchSnapshot,
}
"""What a request is answered with, if not with an `error`. Those that are not here need no answer."""

DESCRIPTION: Final = """\
One JSON object in each text frame; every object has a `type`. Unknown fields are ignored, unknown types are errors. \
The client's first frame is `hello`. A refusal of the connection comes after the accept, as a close code."""

BEARER: Final = """\
An API token in the `Authorization` header; where no header can be set, as `token` in `hello`. With a token the \
`Origin` is not judged, and a bad token never falls back to the cookie."""

COOKIE: Final = "The session cookie of a signed-in browser. It counts only with an `Origin` that the site allows."


def document() -> Schema:
    requests, pushes = schemas.frames(codec.ClientFrame), schemas.frames(codec.ServerFrame)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Studybeat",
            "version": "1",
            "description": DESCRIPTION,
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "site": {
                "host": "{host}",
                "protocol": "wss",
                "description": "A site; on a development machine `ws` in place of `wss`.",
                "variables": {"host": {"default": "localhost:8000"}},
                "security": [
                    {"$ref": "#/components/securitySchemes/token"},
                    {"$ref": "#/components/securitySchemes/cookie"},
                ],
            }
        },
        "channels": {
            "live": {
                "address": "/ws/",
                "description": f"Subprotocol `{protocol.SUBPROTOCOL}`. Offering none is taken for it.",
                "messages": {tag(frame): _ref("messages", tag(frame)) for frame in requests + pushes},
                "bindings": {"ws": {"method": "GET", "headers": _headers(), "bindingVersion": "0.1.0"}},
                "x-close-codes": {
                    str(code.value): {
                        "name": code.name.lower(),
                        "description": comments.of_member(protocol.CloseCode, code.name),
                        "reconnect": reconnects(code),
                    }
                    for code in sorted(protocol.CloseCode)
                },
            }
        },
        "operations": {_name(frame): _request(frame) for frame in requests}
        | {
            "push": {
                "action": "send",
                "channel": {"$ref": "#/channels/live"},
                "summary": "What the server sends, asked or not.",
                "messages": [_message(frame) for frame in pushes],
            }
        },
        "components": {
            "messages": {
                tag(frame): {
                    "name": tag(frame),
                    "title": frame.__name__,
                    "summary": schemas.meaning(frame).split("\n")[0],
                    "payload": _ref("schemas", frame.__name__),
                }
                for frame in requests + pushes
            },
            "schemas": _schemas(requests + pushes),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": BEARER},
                "cookie": {"type": "httpApiKey", "in": "cookie", "name": "sessionid", "description": COOKIE},
            },
        },
    }


def reconnects(code: protocol.CloseCode) -> bool:
    """Whether a client comes back by itself after this close code."""
    return code < protocol.CloseCode.NOT_AUTHENTICATED


def _request(frame: type[msgspec.Struct]) -> Schema:
    return {
        "action": "receive",
        "channel": {"$ref": "#/channels/live"},
        "summary": schemas.meaning(frame).split("\n")[0],
        "messages": [_message(frame)],
        "reply": {
            "channel": {"$ref": "#/channels/live"},
            "messages": [*([_message(ANSWERS[frame])] if frame in ANSWERS else []), _message(protocol.Error)],
        },
    }


def _headers() -> Schema:
    return {
        "type": "object",
        "properties": {
            "Authorization": {"type": "string", "description": "`Bearer TOKEN`"},
            "Origin": {"type": "string", "description": "Judged with the session cookie only."},
            "Sec-WebSocket-Protocol": {"type": "string", "examples": [protocol.SUBPROTOCOL]},
        },
    }


def _schemas(frames: list[type[msgspec.Struct]]) -> dict[str, Schema]:
    made = schemas.definitions("#/components/schemas/{name}")
    needed = {frame.__name__ for frame in frames}
    needed |= schemas.reached([made[name] for name in needed], made)
    return {name: _refs_alone(schema) for name, schema in made.items() if name in needed}


def _refs_alone(schema: Any) -> Any:
    """AsyncAPI's own schemas go by draft 7, where whatever stands beside a `$ref` is not seen."""
    if isinstance(schema, list):
        return [_refs_alone(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: _refs_alone(item) for name, item in schema.items()}
    if "$ref" in inner and len(inner) > 1:
        return {"allOf": [{"$ref": inner.pop("$ref")}], **inner}
    return inner


def _message(frame: type[msgspec.Struct]) -> Schema:
    return {"$ref": f"#/channels/live/messages/{tag(frame)}"}


def _ref(kind: str, name: str) -> Schema:
    return {"$ref": f"#/components/{kind}/{name}"}


def _name(frame: type[msgspec.Struct]) -> str:
    return frame.__name__[0].lower() + frame.__name__[1:]
