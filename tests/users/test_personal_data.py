"""What is held on people: named in one list, and not kept for ever."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from courses.models import Course, LearningSession
from tests.site import Site
from tests.users.holding import studied
from users import personal_data, tasks
from users.models import User
from users.personal_data import PersonalData, registered

ROOMS = {"users", "courses", "realtime", "lms", "auth", "admin", "sessions"}


def relations_to(model: type[Model], targets: set[type[Model]]) -> set[str]:
    """The columns of this model that point to one of these."""
    return {
        one.name
        for one in model._meta.concrete_fields
        if one.is_relation and one.related_model is not None and one.related_model in targets
    }


def unnamed() -> set[str]:
    """What is held on people, or hangs on something that is, and is not in the list."""
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in ROOMS]
    named = {data.model for data in registered()}
    owners = {(data.model, data.owner.partition("__")[0]) for data in registered()}
    missing = {
        f"{model._meta.label}.{column}"
        for model in models
        for column in relations_to(model, {User})
        if (model, column) not in owners
    }
    return missing | {model._meta.label for model in models if model not in named and relations_to(model, named)}


def test_all_that_is_held_on_people_is_named() -> None:
    assert unnamed() == set()


@pytest.mark.parametrize(
    ("left_out", "found"),
    [
        ("api_tokens", {"users.APIToken", "users.APIToken.user"}),
        ("approvals", {"courses.CourseEnrollment.approved_by"}),
        ("focus_spans", {"courses.FocusSpan"}),
        ("groups", {"users.User_groups", "users.User_groups.user"}),
    ],
)
def test_what_is_left_out_is_found(left_out: str, found: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """(N) exists to ensure that the test above would see it."""
    monkeypatch.delitem(personal_data._registered, left_out)
    assert unnamed() == found


@pytest.mark.parametrize("data", registered(), ids=lambda data: data.name)
def test_its_columns_and_lookups_exist(data: PersonalData, ana: User) -> None:
    list(data.of(ana).values_list(*data.columns()))
    fields = {one.name for one in data.model._meta.get_fields()}
    values = data.at_close if isinstance(data.at_close, dict) else {}
    assert {*data.hidden, *data.traces, *values} <= fields
    assert bool(data.traces) == bool(data.since)


def test_learners_can_read_of_each() -> None:
    page = (Path(django_settings.BASE_DIR) / "docs" / "privacy.md").read_text()
    assert [data.name for data in registered() if f"`{data.name}`" not in page] == []


# What is not kept for ever


def aged(days: int, ip: str | None = "192.0.0.0", agent: str = "A browser") -> Any:
    return {"started_at": timezone.now() - timedelta(days=days), "ip_address": ip, "user_agent": agent}


def test_addresses_and_browser_names_go_after_ninety_days(
    intro: Course, ana: User, ben: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(personal_data, "BATCH", 2)
    sessions = [studied(ana, intro) for _ in range(7)]
    old, recent = sessions[:6], sessions[6]
    for n, session in enumerate(old):
        LearningSession.objects.filter(pk=session.pk).update(**aged(91, *((None, "x"), ("1.2.0.0", ""))[n % 2]))
    LearningSession.objects.filter(pk=recent.pk).update(**aged(89))
    User.objects.filter(pk=ana.pk).update(last_login=timezone.now() - timedelta(days=91), last_login_ip="192.0.0.0")
    User.objects.filter(pk=ben.pk).update(last_login=timezone.now() - timedelta(days=89), last_login_ip="192.0.0.0")
    tasks.forget_traces.func(0)
    assert set(LearningSession.objects.values_list("pk", "ip_address", "user_agent")) == {
        *((session.pk, None, "") for session in old),
        (recent.pk, "192.0.0.0", "A browser"),
    }
    assert dict(User.objects.filter(student_enrollments__isnull=False).values_list("username", "last_login_ip")) == {
        "ana": None,
        "ben": "192.0.0.0",
    }
    assert personal_data.forget_traces() == 0


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_has_locked_keeps_its_traces_until_the_next_time(intro: Course, ana: User) -> None:
    busy, free = studied(ana, intro), studied(ana, intro)
    LearningSession.objects.update(**aged(91))
    with psycopg.connect(Site.test_database_url()) as other:
        other.execute("SELECT FROM courses_learningsession WHERE id = %s FOR NO KEY UPDATE", [busy.pk])
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            assert personal_data.forget_traces() == 1
    assert [one.pk for one in LearningSession.objects.filter(ip_address=None)] == [free.pk]
    assert personal_data.forget_traces() == 1
