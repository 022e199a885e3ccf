"""The JSON Schemas as TypeScript: an interface for each object, a union for each enumeration, nothing at run time."""

import json
import textwrap
from typing import Final

from realtime import codec
from realtime.reference import schemas
from realtime.reference.schemas import Schema

HEAD: Final = """\
// Made from realtime/protocol.py by `make generate`. Not to be edited.

/**
 * The wire, version 1: every frame and every body, as the JSON Schemas in docs/protocol have them. Bounds are the
 * server's to check; a type of TypeScript knows none.
 */
"""
WIDTH: Final = 100


def module() -> str:
    made = schemas.definitions()
    parts = [HEAD.rstrip()]
    parts += [_declaration(name, schema) for name, schema in made.items()]
    for name, union in (("ClientFrame", codec.ClientFrame), ("ServerFrame", codec.ServerFrame)):
        parts.append(_union(name, [frame.__name__ for frame in schemas.frames(union)]))
    return "\n\n".join(parts) + "\n"


def _declaration(name: str, schema: Schema) -> str:
    comment = _comment(schema["description"], "")
    if "enum" in schema:
        return comment + _union(name, [json.dumps(value) for value in schema["enum"]])
    fields = "".join(
        f"{_comment(field.get('description', ''), '  ')}"
        f"  readonly {field_name}{'' if field_name in schema['required'] else '?'}: {_type(field)};\n"
        for field_name, field in schema["properties"].items()
    )
    return f"{comment}export interface {name} {{\n{fields}}}"


def _union(name: str, members: list[str]) -> str:
    return f"export type {name} =" + "".join(f"\n  | {member}" for member in members) + ";"


def _type(schema: Schema) -> str:
    """The type of a value. Fails on a schema of a kind that no frame has had so far."""
    match schema:
        case {"$ref": str(ref)}:
            return ref.rpartition("/")[2]
        case {"anyOf": [*choices]}:
            return " | ".join(_type(choice) for choice in choices)
        case {"const": value}:
            return json.dumps(value)
        case {"enum": [*values]}:
            return " | ".join(json.dumps(value) for value in values)
        case {"type": "array", "items": items}:
            inner = _type(items)
            return f"readonly ({inner})[]" if " " in inner else f"readonly {inner}[]"
        case {"type": "integer" | "number"}:
            return "number"
        case {"type": "string" | "boolean" | "null" as kind}:
            return str(kind)
    raise NotImplementedError(f"no TypeScript for {schema}")


def _comment(text: str, indent: str) -> str:
    if not text:
        return ""
    if len(indent + f"/** {text} */") <= WIDTH and "\n" not in text:
        return f"{indent}/** {text} */\n"
    lines = [
        line
        for paragraph in text.split("\n")
        for line in textwrap.wrap(
            paragraph, WIDTH - len(indent) - 3, subsequent_indent="  " * paragraph.startswith("-")
        )
        or [""]
    ]
    body = "".join(f"{indent} * {line}".rstrip() + "\n" for line in lines)
    return f"{indent}/**\n{body}{indent} */\n"
