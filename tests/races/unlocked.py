"""The site whose authors lock nothing, an application for `make_site(app=…)`: the tests must see it fail."""

from typing import Any
from unittest.mock import patch

from lms.asgi import application


def read(model: Any, pk: int) -> Any:
    return model.objects.get(pk=pk)


patch("courses.authoring._locked", read).start()

__all__ = ["application"]
