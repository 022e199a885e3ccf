"""The site whose authors lock nothing, an application for `make_site(app=…)`: the tests must see it fail."""

from typing import Any
from unittest.mock import patch

from lms.asgi import application


def read(model: Any, pk: int) -> Any:
    return model.objects.get(pk=pk)


def refuse_recorded(contents: Any, course_id: int, message: str) -> None:
    from courses.errors import HasRecords
    from courses.models import LearningSession

    if LearningSession.objects.filter(content__in=contents).exists():
        raise HasRecords(message)


patch("courses.authoring._locked", read).start()
patch("courses.authoring._refuse_recorded", refuse_recorded).start()

__all__ = ["application"]
