"""The admin's pages explain what can't be: no value of no field is an error of ours."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin as django_admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.forms import EmailInput, NumberInput, Select, Textarea, TextInput
from django.forms.boundfield import BoundField
from django.test import Client, RequestFactory
from django.urls import reverse

from courses.models import Content, Course, CourseEnrollment, Module, Subject
from tests.counts import count
from tests.people import make_course
from users.models import User

TYPED = (TextInput, NumberInput, EmailInput, Textarea)
BAD = ("9" * 18, "x" * 300, "-1")[: count(1, 3)]
NO_CHOICE = ("x",)

NEW: dict[type[Any], Any] = {
    User: lambda course: {"username": "dana", "password1": "correct horse", "password2": "correct horse"},
    Group: lambda course: {"name": "Helpers"},
    Subject: lambda course: {"title": "New", "slug": "new"},
    Course: lambda course: {
        "title": "New", "slug": "new", "overview": "…", "subject": course.subject_id, "owner": course.owner_id,
        "modules-0-title": "First", "modules-0-order": "1",
    },
    Module: lambda course: {
        "course": course.pk, "title": "New", "order": "", "contents-0-title": "First", "contents-0-order": "1",
    },
    Content: lambda course: {"module": course.modules.all()[0].pk, "title": "New", "order": "", **NEW_TEXT},
    CourseEnrollment: lambda course: {"course": course.pk, "student": User.objects.get(username="chidi").pk},
}  # fmt: skip
"""What makes a new one, beside what the empty page has already."""

NEW_TEXT = {"items-TOTAL_FORMS": 1, "items-0-title": "Text", "items-0-body": "…", "items-0-order": "1"}


@pytest.fixture
def client(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def address(model: type[Any], page: str, *args: int) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def fields(client: Client, path: str) -> Iterator[BoundField]:
    """Everything that may be filled in on this page."""
    shown = client.get(path).context
    forms = [shown["adminform"].form]
    for inline in shown["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    return itertools.chain.from_iterable(forms)


def bad_values(fields: Iterator[BoundField]) -> Iterator[tuple[BoundField, str]]:
    for field in fields:
        widget = getattr(field.field.widget, "widget", field.field.widget)  # the admin wraps those with links beside
        bad = BAD if isinstance(widget, TYPED) else NO_CHOICE if isinstance(widget, Select) else ()
        yield from ((field, value) for value in bad)


def sent_by(client: Client, path: str) -> dict[str, Any]:
    """What a browser sends of this page when nothing is changed on it."""
    values = {field.html_name: field.value() for field in fields(client, path) if field.widget_type != "file"}
    return {
        name: "on" if value is True else value
        for name, value in values.items()
        if value is not None and value is not False
    }


def bad_values_are_explained(client: Client, path: str, form: dict[str, Any]) -> None:
    """Nothing is raised, whatever is sent in one field: the page comes back, or is saved."""
    with transaction.atomic():
        answer = client.post(path, form)
        assert answer.status_code == 302, answer.context["errors"]
        transaction.set_rollback(True)
    for field, value in list(bad_values(fields(client, path))):
        with transaction.atomic():
            assert client.post(path, {**form, field.html_name: value}).status_code in (200, 302)
            transaction.set_rollback(True)


def test_every_page_to_fill_in_is_here(admin: User) -> None:
    request = RequestFactory().get("/")
    request.user = admin
    pages = django_admin.site._registry.items()
    assert {model for model, page in pages if page.has_add_permission(request)} == set(NEW)
    assert {model for model, page in pages if page.has_change_permission(request)} == set(NEW)


@pytest.mark.parametrize("model", NEW, ids=lambda model: model.__name__)
def test_bad_values_of_a_new_one(client: Client, intro: Course, chidi: User, model: type[Any]) -> None:
    path = address(model, "add")
    bad_values_are_explained(client, path, {**sent_by(client, path), **NEW[model](intro)})


@pytest.mark.parametrize("model", [model for model in NEW if model is not CourseEnrollment], ids=lambda m: m.__name__)
def test_bad_values_of_a_change(client: Client, intro: Course, model: type[Any]) -> None:
    Group.objects.create(name="Helpers")
    path = address(model, "change", model._default_manager.order_by("pk")[0].pk)
    bad_values_are_explained(client, path, sent_by(client, path))


@pytest.mark.parametrize(
    ("model", "changed", "says"),
    [
        (Course, {"max_capacity": "0"}, "positive_capacity"),
        (Course, {"slug": "other"}, "already exists"),
        (User, {"email": "INES@example.org"}, "Somebody uses this e-mail address already."),
        (User, {"timezone": "Gone/Away"}, "is no time zone that we know."),
        (Content, {"completion_method": "time_based"}, "Required seconds go with a time based content"),
    ],
)
def test_what_a_model_refuses_is_said(
    client: Client, intro: Course, ines: User, model: type[Any], changed: dict[str, str], says: str
) -> None:
    make_course(ines, "other")
    row = User.objects.get(username="ana") if model is User else model._default_manager.order_by("pk")[0]
    path = address(model, "change", row.pk)
    answer = client.post(path, {**sent_by(client, path), **changed})
    assert answer.status_code == 200
    assert says in answer.content.decode()


def test_a_published_course_that_lost_its_modules_is_explained(client: Client, ines: User) -> None:
    path = address(Course, "change", make_course(ines, "empty", modules=0).pk)
    answer = client.post(path, {**sent_by(client, path), "title": "Renamed"})
    assert "Published courses must have at least one module" in answer.content.decode()
