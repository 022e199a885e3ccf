"""The migrations: nothing left to make, in the order of the model's phases, and old rows carried along."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_every_index_and_constraint_of_the_models_is_in_the_database_by_its_name() -> None:
    with connection.cursor() as cursor:
        for model in (m for app in ("users", "courses", "realtime") for m in apps.get_app_config(app).get_models()):
            found = connection.introspection.get_constraints(cursor, model._meta.db_table)
            named = {rule.name for rule in (*model._meta.indexes, *model._meta.constraints)}
            assert named <= set(found), model


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("idx_course_enrollment_analytics", "courses_courseenrollment USING btree (course_id, status, last_accessed)"),
        (
            "idx_content_progress_completion",
            "courses_contentprogress USING btree (enrollment_id, is_completed, completed_at)",
        ),
        (
            "idx_learning_sessions_analytics",
            "courses_learningsession USING btree (enrollment_id, started_at, device_type)",
        ),
        ("idx_course_capacity_lookup", "courses_course USING btree (enrollment_type, status, max_capacity)"),
    ],
)
def test_the_performance_critical_indexes_are_as_written(name: str, columns: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [name])
        (definition,) = cursor.fetchone()
    assert definition.endswith(columns)


@pytest.mark.django_db
def test_the_phases_come_in_order_over_both_rooms() -> None:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    phases = [
        ("courses", "0001_initial"),
        ("courses", "0002_course_enrollment_type_and_capacity"),
        ("courses", "0003_course_waitlist"),
        ("courses", "0004_enrollment_approval"),
        ("courses", "0005_content_progress_metrics"),
        ("courses", "0006_engagement"),
        ("courses", "0007_analytics_indexes"),
        ("users", "0002_api_token"),
        ("users", "0003_api_access"),
        ("courses", "0008_performance_indexes"),
        ("courses", "0009_seats_and_audit_trail"),
    ]
    order = [(migration.app_label, migration.name) for migration, _ in plan]
    assert [node for node in order if node in phases] == phases


@pytest.fixture
def at_phase_1c(transactional_db: None) -> Iterator[Any]:
    """The models as they were before what we added; all migrations are applied again afterwards."""
    executor = MigrationExecutor(connection)
    state = executor.migrate([("courses", "0010_completion_and_engaged_time")])
    yield state.apps
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_earlier_sessions_are_carried_along(at_phase_1c: Any) -> None:
    old = at_phase_1c.get_model
    user = old("users", "User").objects.create(username="ana")
    subject = old("courses", "Subject").objects.create(title="s", slug="s")
    course = old("courses", "Course").objects.create(owner=user, subject=subject, title="c", slug="c", overview="")
    minute = timedelta(minutes=1)
    enrollment = old("courses", "CourseEnrollment").objects.create(
        student=user, course=course, total_time_spent=50 * minute
    )
    first, second, going_on = (old("courses", "LearningSession").objects.create(enrollment=enrollment) for _ in "123")
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for row, started_at in ((first, noon), (second, noon + 3 * minute)):
        old("courses", "LearningSession").objects.filter(pk=row.pk).update(
            started_at=started_at,
            ended_at=started_at + 10 * minute,
            duration=10 * minute,
            focus_time=4 * minute + timedelta(microseconds=7),
            idle_time=5 * minute,
        )

    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())

    from courses import sessions
    from courses.models import CourseEnrollment, LearningSession

    now = LearningSession.objects.get(pk=first.pk)
    assert now.user_id == user.pk
    assert (now.duration, now.focus_time, now.unknown_time) == (10 * minute, 4 * minute, minute)
    assert (now.last_at_ms, now.end_reason) == (600_000, "closed")
    other = LearningSession.objects.get(pk=going_on.pk)
    assert (other.duration, other.end_reason, other.is_settled) == (timedelta(), "", False)
    assert other.key != now.key
    sessions.sweep()
    call_command("audit_time", stdout=io.StringIO())
    assert CourseEnrollment.objects.get().total_time_spent == 7 * minute  # the two overlapped for one
