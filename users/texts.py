"""The words of mails and notifications: a template for each text in each language (docs/decisions/0045).

Owns how a text finds its template, and its user's language and time zone. A language that has no folder below
`templates/` is spoken to in English.
"""

from datetime import datetime
from typing import Any, Final

from django.template import Context
from django.template.backends.django import Template
from django.template.loader import select_template
from django.utils import timezone, translation

from users.models import zone

FALLBACK: Final = "en"

ONE_LINE: Final = frozenset({"name", "student", "course_title", "module_title", "title"})
"""What stands in a title or among other words: a line break in it would write the rest of the text."""


def text(template_name: str, /, *, language: str, timezone_name: str, **context: Any) -> tuple[str, str]:
    """Title and body: the first line of this template and the rest, in this language and time zone.

    They are plain text: nothing in them is HTML, and nothing is escaped.
    """
    context = {
        key: " ".join(str(value).split()) if key in ONE_LINE and value else value for key, value in context.items()
    }
    languages = (language, language.partition("-")[0], FALLBACK)
    template = select_template([f"{one}/{template_name}.txt" for one in languages])
    assert isinstance(template, Template)
    spoken = str(template.origin.template_name).partition("/")[0]  # months and days in the text's own language
    with translation.override(spoken), timezone.override(zone(timezone_name)):
        rendered = template.template.render(Context(context, autoescape=False))
    title, _, body = rendered.strip().partition("\n")
    return title.strip(), body.strip()


def local(moment: datetime, timezone_name: str) -> datetime:
    """This moment by the clocks of that time zone."""
    return moment.astimezone(zone(timezone_name))
