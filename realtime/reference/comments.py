"""The `#:` comments of the protocol's modules: what each field, code and number means, in the words of its author."""

import ast
import inspect
import io
import re
import tokenize
from functools import cache
from typing import Any, Final

from realtime import protocol, watching

UNITS: Final = {"MS": " ms", "BYTES": " bytes"}
MODULES: Final = (protocol, watching)


def named(name: str) -> Any:
    """A struct, an enumeration or a number of the protocol."""
    return getattr(next(module for module in MODULES if hasattr(module, name)), name)


def spelled(name: str) -> str:
    """A number of the protocol as people read it: `SILENCE_MS` as "60,000 ms"."""
    return f"{named(name):,}{UNITS.get(name.rpartition('_')[2], '')}"


def with_numbers(text: str) -> str:
    """The text, with the protocol's numbers in place of their names."""
    return re.sub(r"\b[A-Z]+(?:_[A-Z]+)+\b", lambda match: spelled(match[0]), text)


@cache
def _comments() -> dict[str, dict[str, str]]:
    """What stands behind each name, by class; those of the module by ""."""
    found: dict[str, dict[str, str]] = {}
    for module in MODULES:
        for scope, of_scope in _comments_of(inspect.getsource(module)).items():
            found.setdefault(scope, {}).update(of_scope)
    return found


def _comments_of(source: str) -> dict[str, dict[str, str]]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {
        token.start[0]: with_numbers(token.string[2:].strip()) for token in tokens if token.string.startswith("#:")
    }
    module = ast.parse(source)
    scopes = {"": module} | {node.name: node for node in module.body if isinstance(node, ast.ClassDef)}
    return {
        scope: {
            ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node.targets[0]): comments[node.end_lineno]
            for node in body.body
            if isinstance(node, ast.AnnAssign | ast.Assign) and node.end_lineno in comments
        }
        for scope, body in scopes.items()
    }


def of_number(name: str) -> str:
    return _comments()[""][name]


def of_member(owner: type, name: str) -> str:
    """What a field of a struct, or a member of an enumeration, means; inherited fields mean what they did."""
    for scope in owner.__mro__:
        if comment := _comments().get(scope.__name__, {}).get(name):
            return comment
    raise LookupError(f"{owner.__module__}: {owner.__name__}.{name} has no #: comment")


def numbers() -> list[str]:
    """The names of the protocol's numbers that are published, in order."""
    return list(_comments()[""])
