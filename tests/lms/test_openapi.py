"""The OpenAPI document: what it says of examples and errors is so."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.test import Client

DOCUMENT = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text())
OPERATIONS = [
    pytest.param(path, method, operation, id=f"{method.upper()} {path}")
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def bodies(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What goes either way as JSON, in good cases."""
    request = operation.get("requestBody", {}).get("content", {})
    answers = [response.get("content", {}) for status, response in operation["responses"].items() if status < "300"]
    for content in (request, *answers):
        if "application/json" in content:
            yield "sent" if content is request else "answered", content["application/json"]


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_example_is_of_its_schema(path: str, method: str, operation: dict[str, Any]) -> None:
    for _, body in bodies(operation):
        for example in body.get("examples", {}).values():
            schema = {**body["schema"], "components": DOCUMENT["components"]}
            jsonschema.Draft202012Validator(schema).validate(example["value"])


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_operation_has_examples(path: str, method: str, operation: dict[str, Any]) -> None:
    for direction, body in bodies(operation):
        assert body.get("examples"), direction


def test_what_has_an_etag_says_so() -> None:
    """And 304 is an answer to GET alone."""
    conditional = {f"{operation.id}" for operation in OPERATIONS if "304" in operation.values[2]["responses"]}
    assert conditional == {
        "GET /api/v1/courses/",
        "GET /api/v1/courses/{slug}/",
        "GET /api/v1/courses/{slug}/outline/",
        "GET /api/v1/items/{id}/captions/",
        "GET /api/v1/items/{id}/file/",
    }


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_error_is_a_problem(path: str, method: str, operation: dict[str, Any]) -> None:
    assert {"429", "503"} <= set(operation["responses"])
    for status, response in operation["responses"].items():
        if status < "400":
            continue
        if "$ref" in response:
            response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
        assert response["description"]
        assert response["content"]["application/json"]["schema"]["$ref"].endswith("/Problem")


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/vnd.oai.openapi+json"])
def test_it_is_served_as_json(client: Client, db: None, accept: str) -> None:
    """As everything else that the API answers, also to who says nothing of it."""
    answer = client.get("/api/v1/schema/", headers={"Accept": accept})
    assert answer.status_code == 200
    assert json.loads(answer.content) == DOCUMENT
