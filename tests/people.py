"""Makes people, their credentials, and courses for them to learn in."""

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from courses.models import Course, CourseEnrollment
    from users.models import User

PASSWORD = "studybeat"


@cache
def password_hash() -> str:
    from django.contrib.auth.hashers import make_password

    return make_password(PASSWORD)


def make_user(username: str, **fields: Any) -> "User":
    """An account; its password is PASSWORD."""
    from users.models import User

    return User.objects.create(
        username=username,
        first_name=username.title(),
        password=password_hash(),
        email=f"{username}@example.org",
        **fields,
    )


def token_of(user: "User", name: str = "tests") -> str:
    """A fresh API token."""
    from users import tokens

    return tokens.issue(user=user, name=name)[1]


def session_of(user: "User") -> str:
    """The value of a fresh session cookie."""
    from django.test import Client

    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def enroll(user: "User", course: "Course", status: str = "enrolled") -> "CourseEnrollment":
    from courses.models import CourseEnrollment

    return CourseEnrollment.objects.create(student=user, course=course, status=status)


def make_course(owner: "User", slug: str, *, modules: int = 2, contents: int = 2, **fields: Any) -> "Course":
    """A published course; each content has a text."""
    from courses.models import Content, ContentItem, Course, Module, Subject, Text

    subject, _ = Subject.objects.get_or_create(slug="learning", defaults={"title": "Learning"})
    course = Course.objects.create(
        owner=owner,
        subject=subject,
        slug=slug,
        title=slug.replace("-", " ").title(),
        overview="A course.",
        **{"status": "published", **fields},
    )
    for m in range(1, modules + 1):
        module = Module.objects.create(course=course, title=f"Module {m}")
        for c in range(1, contents + 1):
            content = Content.objects.create(module=module, title=f"Content {m}.{c}")
            text = Text.objects.create(owner=owner, title="Text", body=f"The text of {content}.")
            ContentItem.objects.create(content=content, item=text)
    return course
