"""What every operation of the REST API has in common in its OpenAPI schema: the errors that anybody may meet."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework import serializers


class ProblemSerializer(serializers.Serializer[None]):
    """An error. `code` is for programs, `detail` a sentence for people; some carry more, as `code` says."""

    code = serializers.CharField()
    detail = serializers.CharField()
    fields_ = serializers.DictField(required=False)

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["fields"] = fields.pop("fields_")
        return fields


REASONS = {
    "400": "What was sent can't be read, or `fields` says what is wrong with it.",
    "401": "Nobody is signed in, or the token is not valid.",
    "403": "Not allowed, or the session cookie came without its CSRF token.",
    "404": "There is nothing here, or it is not yours.",
    "413": "More than a request may carry.",
    "415": "Not a type that is read here.",
    "429": "Too many requests: again after `Retry-After` seconds.",
    "503": "Too much to do, or the database does not answer: again after `Retry-After` seconds.",
}


class Schema(AutoSchema):
    """A view whose DELETE takes a body says so by `deletes_with_body`; drf-spectacular leaves it out."""

    def _get_request_body(self, direction: Any = "request") -> Any:
        method = self.method
        if method == "DELETE" and getattr(self.view, "deletes_with_body", False):
            self.method = "POST"
        try:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        finally:
            self.method = method

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        responses = super()._get_response_bodies(direction)
        problem = {"application/json": {"schema": self.resolve_serializer(ProblemSerializer, "response").ref}}
        for status, response in responses.items():
            if status >= "400":
                response.setdefault("content", problem)
        for status in self._common_errors():
            common = ResolvedComponent(  # type: ignore[no-untyped-call]
                name=f"Problem{status}",
                type=ResolvedComponent.RESPONSE,
                schema={"description": REASONS[status], "content": problem},
                object=status,
            )
            self.registry.register_on_missing(common)
            responses.setdefault(status, common.ref)
        return dict(sorted(responses.items()))

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "response" and not isinstance(serializer, ProblemSerializer) and "properties" in schema:
            schema["required"] = sorted(schema["properties"])  # an answer leaves nothing out
        return schema

    def _common_errors(self) -> list[str]:
        errors = ["429", "503"]
        takes_body = self.method in {"POST", "PUT", "PATCH"} or getattr(self.view, "deletes_with_body", False)
        if self.method != "GET" and takes_body and self.get_request_serializer() is not None:
            errors += ["400", "413", "415"]
        elif self._is_list_view():
            errors += ["400"]
        if "{" in self.path or self._is_list_view():
            errors += ["404"]
        if self.view.get_authenticators():
            errors += ["401"]
            if self.method not in {"GET", "HEAD"}:
                errors += ["403"]
        return errors
