"""The protocol's structs in the schema of the REST API: `extend_schema(request=protocol.Posted)`."""

from typing import Any, Final

import msgspec
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiResponse

from realtime import protocol
from realtime.reference import schemas

POST_ERRORS: Final = {
    400: OpenApiResponse(description="`bad_json`; `bad_frame`: of the wrong shape, type or range, `detail` names it."),
    403: OpenApiResponse(description="`not_enrolled`: no enrolment whose time is recorded. `forbidden`: the Origin."),
    404: OpenApiResponse(description="`not_found`: no such session, course or content, or somebody else's."),
    409: OpenApiResponse(
        description="`gap`: a hole before a sample, send from `expect`. `session_closed`: for good, with the totals."
    ),
    413: OpenApiResponse(description=f"`too_large`: over {protocol.FRAME_BYTES:,} bytes."),
    429: OpenApiResponse(description="`too_many_sessions`, `rate_limited`: again after `retry_after_ms`."),
}


class StructSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Any struct, with what it refers to as components of their own."""

    target_class = msgspec.Struct
    match_subclasses = True

    def get_name(self, auto_schema: AutoSchema, direction: str) -> str:
        return str(self.target.__name__)

    def map_serializer(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        made = schemas.definitions("#/components/schemas/{name}")
        schema = made[self.target.__name__]
        for name in schemas.reached(schema, made):
            auto_schema.registry.register_on_missing(
                ResolvedComponent(name, ResolvedComponent.SCHEMA, schema=made[name], object=name)  # type: ignore[no-untyped-call]
            )
        return schema
