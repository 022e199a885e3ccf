"""The frames as JSON Schema (2020-12), from the structs that read and write them.

A schema says what `codec.decode` takes, but for three things it can't: `1.0` is an integer to JSON Schema; it does not
see that a name comes twice in an object (the last one counts); and it sees no text, so nothing of its length in bytes.
"""

import enum
import inspect
import re
from typing import Any, Final, get_args

import msgspec

from realtime import codec, protocol
from realtime.reference import comments

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

FROM_CLIENT: Final = (codec.ClientFrame, protocol.Posted)
FROM_SERVER: Final = (codec.ServerFrame, protocol.PostAnswer, protocol.AckFields, protocol.SeenFields)


def frames(union: Any) -> list[type[msgspec.Struct]]:
    """The structs of ClientFrame or ServerFrame, in the protocol's order."""
    return list(get_args(union))


def tag(frame: type[msgspec.Struct]) -> str:
    """The `type` of a frame."""
    return str(frame.__struct_config__.tag)


def meaning(owner: type) -> str:
    """A docstring, a line each paragraph."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", comments.with_numbers(inspect.cleandoc(owner.__doc__ or "")))


def definitions(ref_template: str = "#/$defs/{name}") -> dict[str, Schema]:
    """A schema of each struct and enumeration of the protocol, by name."""
    _, from_client = msgspec.json.schema_components(FROM_CLIENT, ref_template=ref_template)
    _, from_server = msgspec.json.schema_components(FROM_SERVER, ref_template=ref_template)
    for name, schema in from_server.items():
        _as_sent(schema, comments.named(name))
    made = from_client | from_server
    return {name: _typed(_described(schema, comments.named(name))) for name, schema in made.items()}


def _as_sent(schema: Schema, owner: type) -> None:
    """The server is strict in what it sends: None is left out where a field may be, and all else is there."""
    if not issubclass(owner, msgspec.Struct):
        return
    for field in msgspec.structs.fields(owner):
        if field.default is msgspec.NODEFAULT:
            continue
        shape = schema["properties"][field.encode_name]
        default = shape.pop("default")
        if default is None and owner.__struct_config__.omit_defaults:
            (one,) = [choice for choice in shape.pop("anyOf") if choice != {"type": "null"}]
            shape.update(one)
        else:
            shape["examples"] = [default]
            schema["required"].append(field.encode_name)


def _described(schema: Schema, owner: type) -> Schema:
    text = meaning(owner)
    if issubclass(owner, enum.Enum):
        words = [f"- `{member.value}`: {comments.of_member(owner, member.name)}" for member in owner]
        return schema | {"description": "\n".join([text, "", *words])}
    fields = {
        name: {"const": shape["enum"][0]}
        if name == "type"
        else {"description": comments.of_member(owner, name), **shape}
        for name, shape in schema["properties"].items()
    }
    return schema | {"description": text, "properties": fields}


def _typed(schema: Any) -> Any:
    """Every choice of words says that they are words: some readers of schemas want to know."""
    if isinstance(schema, list):
        return [_typed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return ({"type": "string"} if "enum" in schema else {}) | {name: _typed(item) for name, item in schema.items()}


def reached(schema: Any, made: dict[str, Schema]) -> set[str]:
    """The definitions that a schema refers to, and those that they do."""
    if isinstance(schema, list):
        return set().union(*(reached(item, made) for item in schema))
    if not isinstance(schema, dict):
        return set()
    names = set().union(*(reached(item, made) for item in schema.values()))
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        names |= {name} | reached(made[name], made)
    return names


def document(name: str, description: str, root: Schema) -> Schema:
    """A schema that stands alone: a root, and the definitions that it needs."""
    made = definitions()
    needed = reached(root, made)
    return {
        "$schema": DIALECT,
        "$id": f"urn:{protocol.SUBPROTOCOL.replace('.', ':')}:{name}",
        "title": name,
        "description": description,
        **root,
        "$defs": {one: schema for one, schema in made.items() if one in needed},
    }


def documents() -> dict[str, Schema]:
    """The schemas that others validate with, by the name of their file."""

    def any_of(union: Any) -> Schema:
        return {"anyOf": [{"$ref": f"#/$defs/{frame.__name__}"} for frame in frames(union)]}

    return {
        "client-frame": document(
            "client-frame", "What a client may send over the websocket.", any_of(codec.ClientFrame)
        ),
        "server-frame": document(
            "server-frame", "What the server sends over the websocket.", any_of(codec.ServerFrame)
        ),
        "post": document("post", "What a client may post over HTTP.", {"$ref": "#/$defs/Posted"}),
        "post-answer": document("post-answer", "What a post is answered.", {"$ref": "#/$defs/PostAnswer"}),
    }
