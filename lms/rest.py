"""What every list of the API has in common."""

from typing import Any

from rest_framework.pagination import PageNumberPagination


class Pagination(PageNumberPagination):
    """`{"count","next","previous","results"}`, with `?page=` and `?page_size=`."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """As OpenAPI 3.1 says it: the framework's own is of 3.0."""

        def link(page: int) -> dict[str, Any]:
            example = f"https://studybeat.example/api/v1/courses/?page={page}"
            return {"type": ["string", "null"], "format": "uri", "example": example}

        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": "integer", "example": 120},
                "next": link(3),
                "previous": link(1),
                "results": schema,
            },
        }
