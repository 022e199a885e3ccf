"""Write what is made from the protocol; with `--check` only look whether it is as it would be written, and right.

Right are JSON Schemas by their own meta-schema; frontend/asyncapi.js reads the AsyncAPI document.
"""

import json
import sys
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from realtime.reference import asyncapi, page, schemas, typescript

ROOT = Path(__file__).parent.parent.parent


def files() -> dict[Path, str]:
    """Everything that is made, by its place."""
    docs = ROOT / "docs"
    return {
        **{docs / "protocol" / f"{name}.schema.json": as_text(made) for name, made in schemas.documents().items()},
        docs / "protocol" / "asyncapi.json": as_text(asyncapi.document()),
        docs / "protocol.md": page.page(),
        ROOT / "frontend" / "sdk" / "src" / "generated.ts": typescript.module(),
    }


def as_text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def faults(schema: dict[str, Any]) -> list[str]:
    """What is wrong with a schema as such."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return [f"{error.json_path}: {error.message}"]
    return []


def main(arguments: list[str]) -> int:
    made = files()
    stale = [path for path, text in made.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if arguments == ["--check"]:
        if stale:
            names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
            sys.stderr.write(f"Not what realtime/protocol.py says any more, run `make generate`: {names}\n")
        wrong = [
            f"{name}.schema.json: {fault}\n" for name, schema in schemas.documents().items() for fault in faults(schema)
        ]
        sys.stderr.writelines(wrong)
        return 1 if stale or wrong else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
