"""How the API reads a body in JSON."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError


class JSONParser(parsers.JSONParser):
    """Refuses two more kinds of JSON as any other that can't be read: what is nested too deep, where Python's reader
    gives up in its own way; and half of a character, which no answer can say again."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            read = super().parse(stream, media_type, parser_context)
            json.dumps(read, ensure_ascii=False).encode()  # as an answer would be that repeats what was sent
            return read
        except RecursionError:
            raise ParseError("JSON parse error: nested too deep.") from None
        except UnicodeEncodeError:
            raise ParseError("JSON parse error: a text has half of a character in it, a lone surrogate.") from None
