"""Courses in the admin: made from nothing, moved by the rules, and never deleted over recorded time."""

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib import admin as django_admin
from django.contrib.messages import get_messages
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses import authoring
from courses.models import (
    Content,
    Course,
    CourseEnrollment,
    EnrollmentEvent,
    FocusSpan,
    LearningSession,
    Module,
    Subject,
    Text,
)
from tests.conftest import enroll, make_course, make_user
from tests.waiting import be_waited_for
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def act(client: Client) -> Callable[..., str]:
    """Run an action of the list over these rows; gives the page or the messages it leaves."""

    def run(action: str, *rows: Any, **data: str) -> str:
        meta = rows[0]._meta
        form = {"action": action, "_selected_action": [row.pk for row in rows], **data}
        response = client.post(reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"), form)
        if response.status_code == 302:
            return " ".join(str(message) for message in get_messages(response.wsgi_request))
        return response.content.decode()

    return run


def change_page(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def formset(prefix: str, *rows: dict[str, Any], existing: int = 0) -> dict[str, Any]:
    form: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": str(len(rows)), f"{prefix}-INITIAL_FORMS": str(existing)}
    for number, row in enumerate(rows):
        form |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return form


def saved(response: Any) -> None:
    errors = (
        []
        if response.status_code == 302
        else [
            response.context["adminform"].errors,
            [inline.formset.errors for inline in response.context["inline_admin_formsets"]],
        ]
    )
    assert response.status_code == 302, errors


# Authoring -----------------------------------------------------------------------------------------------------


def test_a_course_is_made_with_its_modules(client: Client, ines: User) -> None:
    subject = Subject.objects.create(title="Learning", slug="learning")
    form = {
        "title": "New", "slug": "new", "overview": "…", "subject": subject.pk, "owner": ines.pk,
        "enrollment_type": "open", "waitlist_enabled": "on", "difficulty_level": "",
        **formset("modules", {"title": "First"}, {"title": "Second", "order": "1"}, {}),
    }  # fmt: skip

    saved(client.post(reverse("admin:courses_course_add"), form))

    course = Course.objects.get()
    assert course.status == "draft"
    assert list(course.modules.values_list("order", "title")) == [(1, "First"), (2, "Second")]


def test_modules_are_put_in_another_order(client: Client, intro: Course) -> None:
    first, second = intro.modules.all()
    form = {
        "title": intro.title, "slug": intro.slug, "overview": "…", "subject": intro.subject_id,
        "owner": intro.owner_id, "enrollment_type": "open", "difficulty_level": "",
        **formset(
            "modules",
            {"id": first.pk, "course": intro.pk, "title": first.title, "order": "2"},
            {"id": second.pk, "course": intro.pk, "title": second.title, "order": "1"},
            existing=2,
        ),
    }  # fmt: skip

    saved(client.post(change_page(intro), form))

    assert list(intro.modules.values_list("order", "pk")) == [(1, second.pk), (2, first.pk)]
    connection.check_constraints()


def test_contents_are_made_inside_their_module(client: Client, intro: Course) -> None:
    module = Module.objects.create(course=intro, title="New")
    timed = {"title": "Timed", "completion_method": "time_based", "required_seconds": "60"}
    form = {
        "course": intro.pk, "title": "Renamed", "order": module.order,
        **formset("contents", {"title": "Read", "completion_method": "manual"}, timed),
    }  # fmt: skip

    saved(client.post(change_page(module), form))

    module.refresh_from_db()
    assert module.title == "Renamed"
    assert list(module.contents.values_list("order", "title", "required_seconds")) == [
        (1, "Read", None),
        (2, "Timed", 60),
    ]


def test_a_time_based_content_without_seconds_is_explained(client: Client, intro: Course) -> None:
    module = intro.modules.all()[0]
    form = {
        "course": intro.pk, "title": module.title, "order": "1",
        **formset("contents", {"title": "Timed", "completion_method": "time_based"}),
    }  # fmt: skip
    response = client.post(change_page(module), form)
    assert "Required seconds go with a time based content" in response.content.decode()


def test_publishing_is_an_action(client: Client, act: Callable[..., str], ines: User) -> None:
    ready = make_course(ines, "ready", status="draft")
    empty = make_course(ines, "empty", modules=0, status="draft")

    messages = act("publish", ready, empty)

    assert "Ready is published." in messages
    assert "Empty: Add a module first: a published course has at least one." in messages
    assert set(Course.objects.values_list("slug", "status")) == {("ready", "published"), ("empty", "draft")}


@pytest.mark.django_db(transaction=True)
def test_publishing_waits_for_who_deletes_the_last_module(act: Callable[..., str], ines: User) -> None:
    course = make_course(ines, "emptied", modules=1, status="draft")
    said: list[str] = []

    def publish() -> None:
        try:
            said.append(act("publish", course))
        finally:
            connection.close()

    publishing = threading.Thread(target=publish)
    with transaction.atomic():
        authoring.delete_module(module=course.modules.get())
        publishing.start()
        be_waited_for(unless=lambda: not publishing.is_alive())
    publishing.join()

    assert "Add a module first" in said[0]
    assert Course.objects.get().status == "draft"


def test_archiving_hides_contents_and_courses(act: Callable[..., str], content: Content, intro: Course) -> None:
    act("archive", content)
    assert content not in Content.objects.in_outline()
    act("bring_back", content)
    assert content in Content.objects.in_outline()
    act("archive", intro)
    assert Course.objects.get(pk=intro.pk).status == "archived"


def test_who_archives_a_course_is_in_the_audit_trail(
    act: Callable[..., str], intro: Course, admin: User, chidi: User
) -> None:
    enroll(chidi, intro, "pending")
    act("archive", intro)
    event = EnrollmentEvent.objects.get(student=chidi)
    assert (event.kind, event.actor) == ("withdraw", admin)


# Kept records --------------------------------------------------------------------------------------------------


@pytest.fixture
def studied(content: Content, ana: User) -> LearningSession:
    enrollment = CourseEnrollment.objects.get(student=ana)
    return LearningSession.objects.create(enrollment=enrollment, content=content, user=ana, key=uuid.uuid4())


@pytest.mark.parametrize("is_settled", [False, True])
def test_nothing_is_deleted_over_recorded_time(
    client: Client, act: Callable[..., str], studied: LearningSession, content: Content, is_settled: bool
) -> None:
    if is_settled:
        noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
        FocusSpan.objects.create(
            session=studied, enrollment=studied.enrollment, content=content, engaged=True,
            span=DateTimeTZRange(noon, noon + timedelta(seconds=9)),
        )  # fmt: skip
    course = content.module.course
    for row, instead in {
        content: "Archive the content",
        content.module: "Archive its contents",
        course: "Archive the course",
        course.subject: "Move its courses to another subject first",
        studied.enrollment: "Withdraw the enrollment",
        course.owner: "Disable them instead",
        studied.user: "Disable them instead",
    }.items():
        address = change_page(row).replace("/change/", "/delete/")
        assert instead in client.post(address, {"post": "yes"}).content.decode(), row
        assert instead in act("delete_selected", row, post="yes"), row
        assert type(row)._default_manager.filter(pk=row.pk).exists()
    assert client.post(change_page(studied).replace("/change/", "/delete/"), {"post": "yes"}).status_code == 403


def test_a_subject_with_enrollments_stays_and_one_without_goes(act: Callable[..., str], intro: Course) -> None:
    other = Subject.objects.create(title="Empty", slug="empty")
    assert "Move its courses" in act("delete_selected", intro.subject, post="yes")
    act("delete_selected", other, post="yes")
    assert list(Subject.objects.all()) == [intro.subject]


def test_what_nobody_studied_can_be_deleted(act: Callable[..., str], ines: User) -> None:
    course = make_course(ines, "mistake", status="draft")
    act("delete_selected", course.modules.all()[0].contents.all()[0], post="yes")
    assert Content.objects.count() == 3
    act("delete_selected", course.modules.all()[0], post="yes")
    act("delete_selected", course, post="yes")
    assert not Course.objects.exists()
    assert not Text.objects.exists()


def test_a_published_course_keeps_its_last_module(act: Callable[..., str], ines: User) -> None:
    course = make_course(ines, "thin")
    first, second = course.modules.all()
    assert "keeps at least one module" in act("delete_selected", first, second, post="yes")
    act("delete_selected", first, post="yes")
    assert "keeps at least one module" in act("delete_selected", second, post="yes")
    assert list(course.modules.all()) == [second]


# Enrolments ----------------------------------------------------------------------------------------------------


def test_the_actions_move_by_the_rules(act: Callable[..., str], intro: Course, ana: User, admin: User) -> None:
    row = CourseEnrollment.objects.get(course=intro, student=ana)

    assert act("pause", row).endswith("1 paused.")
    assert act("pause", row).endswith("This enrollment is paused: you cannot pause it.")
    assert act("resume", row).endswith("1 resumed.")
    assert act("withdraw", row).endswith("1 withdrawn.")

    events = EnrollmentEvent.objects.filter(student=ana).values_list("kind", "actor__username")
    assert list(events) == [("pause", "admin"), ("resume", "admin"), ("withdraw", "admin")]


def test_one_that_may_not_move_holds_up_no_other(act: Callable[..., str], intro: Course, ana: User, ben: User) -> None:
    mine, other = (CourseEnrollment.objects.get(student=user) for user in (ana, ben))
    act("withdraw", mine)
    assert "1 paused." in act("pause", mine, other)
    other.refresh_from_db()
    assert other.status == "paused"


def test_a_request_is_approved_by_whoever_clicks(act: Callable[..., str], ines: User, ana: User, admin: User) -> None:
    row = enroll(ana, make_course(ines, "mentored", enrollment_type="approval"), "pending")
    act("approve", row)
    row.refresh_from_db()
    assert (row.status, row.approved_by) == ("enrolled", admin)


def test_adding_an_enrollment_gives_a_seat(client: Client, ines: User, ana: User, ben: User) -> None:
    circle = make_course(ines, "circle", enrollment_type="restricted", max_capacity=1)
    address = reverse("admin:courses_courseenrollment_add")

    saved(client.post(address, {"student": ana.pk, "course": circle.pk}))
    full = client.post(address, {"student": ben.pk, "course": circle.pk}, follow=True)

    assert "All seats of this course are taken." in full.content.decode()
    assert CourseEnrollment.objects.get().student == ana
    CourseEnrollment.objects.update(status="withdrawn")
    saved(client.post(address, {"student": ana.pk, "course": circle.pk}))
    assert CourseEnrollment.objects.get().status == "enrolled"


def test_nothing_of_an_enrollment_is_typed(client: Client, intro: Course, ana: User) -> None:
    row = CourseEnrollment.objects.get(student=ana)
    assert client.get(change_page(row)).status_code == 200
    assert client.post(change_page(row), {"status": "completed"}).status_code == 403


# All of it -----------------------------------------------------------------------------------------------------

OURS = [model for model in django_admin.site._registry if model._meta.app_label in ("users", "courses", "realtime")]


def test_everything_is_registered() -> None:
    from django.apps import apps

    labels = ("users", "courses", "realtime")
    every = {model for label in labels for model in apps.get_app_config(label).get_models()}
    assert every == set(OURS)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_list_can_be_searched_and_every_page_opened(
    client: Client, studied: LearningSession, model: type[Any]
) -> None:
    base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert client.get(reverse(f"{base}_changelist"), {"q": "ana"}).status_code == 200
    assert client.get(reverse(f"{base}_add")).status_code in (200, 403)
    for row in model._default_manager.all()[:1]:
        assert client.get(reverse(f"{base}_change", args=[row.pk])).status_code == 200


@pytest.mark.parametrize("model", [Course, CourseEnrollment, Content, LearningSession], ids=lambda m: m.__name__)
def test_lists_take_as_many_queries_for_ten_rows_as_for_one(client: Client, ines: User, model: type[Any]) -> None:
    def grow(name: str) -> None:
        course = make_course(ines, name)
        user = make_user(f"user-{name}")
        LearningSession.objects.create(
            enrollment=enroll(user, course),
            content=course.modules.all()[0].contents.all()[0],
            user=user,
            key=uuid.uuid4(),
        )

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse(f"admin:courses_{model._meta.model_name}_changelist")).status_code == 200
        return len(captured)

    grow("first")
    queries()
    before = queries()
    for number in range(9):
        grow(f"more-{number}")

    assert queries() == before
