"""Completion and its roll-up, by hand and by time; what an author's changes lead to; and the audit that sees it all."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from courses import authoring, ledger, progress, sessions
from courses import enrollment as moves
from courses.errors import NotEnrolled, NotFound, NotManual
from courses.events import CourseCompleted, ModuleCompleted, ProgressChanged
from courses.models import (
    Content,
    ContentProgress,
    Course,
    CourseEnrollment,
    EnrollmentEvent,
    LearningSession,
    Module,
    ModuleProgress,
)
from courses.rollup import percentage
from realtime.models import Notification
from tests.courses.progressing import audit, complete, contents_of, follow, listening
from tests.people import enroll, make_course, make_user
from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_jobs")]


def row_of(student: User, course: Course) -> CourseEnrollment:
    return CourseEnrollment.objects.get(student=student, course=course)


def standing(student: User, course: Course) -> tuple[float, int, str]:
    row = row_of(student, course)
    return float(row.progress_percentage), row.progress_revision, row.status


@pytest.mark.parametrize(
    ("completed", "total", "expected"),
    [(0, 0, "0"), (0, 3, "0"), (1, 3, "33.33"), (2, 3, "66.66"), (3, 3, "100"), (39_999, 40_000, "99.99")],
)
def test_a_percentage_is_rounded_down_so_that_100_is_all(completed: int, total: int, expected: str) -> None:
    assert percentage(completed, total) == Decimal(expected)


# By hand


def test_completing_rolls_up_to_module_and_course(intro: Course, ana: User, ben: User) -> None:
    first, second, third, fourth = contents_of(intro)
    row = row_of(ana, intro)
    place = (intro.pk, ana.pk, row.pk)
    with listening() as told:
        done = complete(ana, first)
    assert (done.revision, done.module_percent, done.course_percent, done.status) == (1, 50.0, 25.0, "enrolled")
    assert told == [ProgressChanged(*place)]
    with listening() as told:
        complete(ana, second)
    assert told == [ModuleCompleted(*place, first.module_id), ProgressChanged(*place)]
    complete(ana, third)
    with listening() as told:
        done = complete(ana, fourth)
    assert told == [ModuleCompleted(*place, third.module_id), CourseCompleted(*place), ProgressChanged(*place)]
    assert (done.revision, done.course_percent, done.status) == (4, 100.0, "completed")
    row.refresh_from_db()
    assert row.completed_on is not None
    (event,) = EnrollmentEvent.objects.filter(kind="complete")
    assert (event.student_id, event.course_id, event.actor_id) == (ana.pk, intro.pk, None)
    assert standing(ben, intro) == (0.0, 0, "enrolled")
    kinds = Notification.objects.filter(user=ana).order_by("number").values_list("kind", flat=True)
    assert list(kinds) == ["progress.module_completed"] * 2 + ["progress.course_completed"]
    assert audit() == []


def test_completing_again_changes_nothing_and_is_answered_alike(intro: Course, ana: User, content: Content) -> None:
    once = complete(ana, content)
    before = ContentProgress.objects.values().get()
    with listening() as told:
        assert complete(ana, content) == once
    assert told == []
    assert ContentProgress.objects.values().get() == before


@pytest.mark.parametrize(
    ("status", "error"),
    [("pending", NotEnrolled), ("paused", NotEnrolled), ("withdrawn", NotEnrolled), ("rejected", NotEnrolled)],
)
def test_it_takes_access(intro: Course, ana: User, content: Content, status: str, error: type[Exception]) -> None:
    CourseEnrollment.objects.update(status=status)
    with pytest.raises(error):
        complete(ana, content)


def test_who_completed_the_course_may_complete_what_came_later(intro: Course, ana: User, content: Content) -> None:
    CourseEnrollment.objects.filter(student=ana).update(status="completed", completed_on=timezone.now())
    assert complete(ana, content).course_percent == 25.0


def test_what_is_out_of_sight_is_not_found(intro: Course, ana: User, chidi: User, content: Content) -> None:
    with pytest.raises(NotEnrolled):
        complete(chidi, content)
    Course.objects.update(status="archived")
    with pytest.raises(NotFound):
        complete(chidi, content)
    assert complete(ana, content).course_percent == 25.0  # who is in it goes on
    Course.objects.update(status="draft")
    with pytest.raises(NotFound):
        complete(ana, content)
    Course.objects.update(status="published")
    Content.objects.update(archived_at=timezone.now())
    with pytest.raises(NotFound):
        complete(ana, content)


def test_other_methods_are_not_by_hand(intro: Course, ana: User, content: Content) -> None:
    Content.objects.update(completion_method="auto")
    with pytest.raises(NotManual):
        complete(ana, content)


# By time


def study(student: User, content: Content, *, minutes: float, engaged: bool = True) -> None:
    """A session that ended long ago, not settled yet."""
    ms = int(minutes * 60_000)
    start = timezone.now() - timedelta(days=1)
    row = LearningSession.objects.create(
        user=student,
        key=uuid4(),
        enrollment=row_of(student, content.module.course),
        content=content,
        last_at_ms=ms,
        unsettled=[[0, ms, engaged]],
        ended_at=start + timedelta(milliseconds=ms),
        end_reason="closed",
    )
    LearningSession.objects.filter(pk=row.pk).update(started_at=start)
    ledger.settle([row.pk])


@pytest.fixture
def timed(content: Content) -> Content:
    """The first content of `intro`, which five engaged minutes complete."""
    content.completion_method, content.required_seconds = "time_based", 300
    content.save()
    return content


def test_engaged_time_completes_and_nothing_else_does(intro: Course, ana: User, ben: User, timed: Content) -> None:
    study(ana, timed, minutes=60, engaged=False)
    study(ben, timed, minutes=4.99)
    assert standing(ana, intro) == standing(ben, intro) == (0.0, 0, "enrolled")
    study(ana, timed, minutes=5)  # the same minutes, engaged this time
    assert standing(ana, intro) == (25.0, 1, "enrolled")
    own = ContentProgress.objects.get(enrollment__student=ana)
    assert (own.is_completed, own.completion_method, own.completed_revision) == (True, "time_based", 1)
    with listening() as told:
        study(ana, timed, minutes=90)
    assert told == []
    assert audit() == []


def test_a_settle_takes_no_more_queries_with_time_based_contents(intro: Course, ana: User, timed: Content) -> None:
    by_hand = contents_of(intro)[1]

    def queries(content: Content) -> int:
        session = LearningSession.objects.create(user=ana, key=uuid4(), enrollment=row_of(ana, intro), content=content)
        session.unsettled, session.last_at_ms = [[0, 1_000, True]], 1_000
        session.save()
        with CaptureQueriesContext(connection) as captured:
            ledger.settle([session.pk])
        return len(captured)

    assert queries(timed) == queries(by_hand)
    assert ContentProgress.objects.get(content=timed).engaged_time == timedelta(seconds=1)


def test_time_that_is_settled_after_access_ended_completes_too(intro: Course, ana: User, timed: Content) -> None:
    first, *others = contents_of(intro)
    for one in others:
        complete(ana, one)
    CourseEnrollment.objects.filter(student=ana).update(status="paused")
    study(ana, first, minutes=6)
    assert standing(ana, intro) == (100.0, 4, "paused")
    with listening() as told:
        moves.resume(enrollment=row_of(ana, intro), actor=intro.owner)
        assert follow() == 1
    assert standing(ana, intro) == (100.0, 5, "completed")  # a new revision: the state is news to every device
    assert [type(event) for event in told] == [CourseCompleted, ProgressChanged]


def test_who_completed_and_comes_back_is_completed_again_and_told_once(intro: Course, ana: User) -> None:
    for one in contents_of(intro):
        complete(ana, one)
    moves.withdraw(enrollment=row_of(ana, intro), actor=ana)
    moves.enroll(course=intro, student=ana)
    assert standing(ana, intro) == (100.0, 4, "enrolled")
    assert audit() == []  # the job is still to come
    with listening() as told:
        assert follow() == 1
    assert standing(ana, intro) == (100.0, 5, "completed")
    assert row_of(ana, intro).completed_on is not None
    assert [type(event) for event in told] == [ProgressChanged]
    assert audit() == []


# Views


def test_a_session_counts_as_a_view_and_a_resumed_one_does_not(intro: Course, ana: User, content: Content) -> None:
    def open_one(key: Any) -> None:
        sessions.open_session(
            user_id=ana.pk,
            key=key,
            course="intro",
            content=content.pk,
            device_type="mobile",
            user_agent="",
            ip_address=None,
        )

    first = uuid4()
    for key in (first, uuid4(), first):
        open_one(key)
    own = ContentProgress.objects.get()
    assert (own.view_count, own.is_completed) == (2, False)
    assert own.last_viewed is not None
    accessed = row_of(ana, intro).last_accessed
    assert accessed is not None
    assert abs(accessed - own.last_viewed) < timedelta(seconds=1)
    assert audit() == []


# What an author changes


def change(content: Content, **fields: Any) -> None:
    authoring.change_content(content=content, **fields)
    assert follow() == 1
    assert audit() == []


def test_archiving_the_rest_completes_module_and_course(intro: Course, ana: User, ben: User) -> None:
    first, second, third, fourth = contents_of(intro)
    complete(ana, first)
    change(second, archived=True)
    assert standing(ana, intro) == (33.33, 2, "enrolled")
    assert ModuleProgress.objects.get().completed_at is not None
    change(third, archived=True)
    assert standing(ana, intro) == (50.0, 3, "enrolled")
    change(fourth, archived=True)
    assert standing(ana, intro) == (100.0, 4, "completed")
    assert standing(ben, intro) == (0.0, 0, "enrolled")
    with listening() as told:
        change(second, archived=False)
    assert standing(ana, intro) == (50.0, 5, "completed")
    assert told == [ProgressChanged(intro.pk, ana.pk, row_of(ana, intro).pk)]
    with listening() as told:
        complete(ana, second)
    assert standing(ana, intro) == (100.0, 6, "completed")
    assert len(told) == 1


def test_a_content_that_comes_later_lowers_the_percentage_and_reverts_nothing(intro: Course, ana: User) -> None:
    for one in contents_of(intro):
        complete(ana, one)
    module = intro.modules.order_by("order")[0]
    authoring.add_content(module=module, title="Later")
    assert standing(ana, intro) == (100.0, 4, "completed")  # the job is still to come
    assert follow() == 1
    assert standing(ana, intro) == (80.0, 5, "completed")
    own = ModuleProgress.objects.get(module=module)
    assert (own.completed_contents, own.total_contents, own.percentage) == (2, 3, Decimal("66.66"))
    assert own.completed_at is not None
    assert audit() == []


def test_a_content_that_is_deleted_is_not_missed(intro: Course, ana: User) -> None:
    first, second, *_ = contents_of(intro)
    complete(ana, first)
    authoring.delete_content(content=second)
    assert follow() == 1
    assert standing(ana, intro) == (33.33, 2, "enrolled")
    assert audit() == []


def test_a_content_that_moves_takes_its_completion_along(intro: Course, ana: User) -> None:
    first, second, third, _ = contents_of(intro)
    complete(ana, first)
    complete(ana, second)
    Content.objects.filter(pk=second.pk).update(module=third.module, order=9)
    change(first, title="Moved on")
    assert [float(one.percentage) for one in ModuleProgress.objects.order_by("module")] == [100.0, 33.33]


def test_less_time_asked_for_completes_who_has_it(intro: Course, ana: User, timed: Content) -> None:
    study(ana, timed, minutes=4)
    change(timed, required_seconds=240)
    assert standing(ana, intro) == (25.0, 1, "enrolled")


@pytest.mark.parametrize(("status", "is_told"), [("withdrawn", False), ("rejected", False), ("paused", True)])
def test_who_left_is_rolled_up_and_told_nothing(ines: User, ana: User, status: str, is_told: bool) -> None:
    course = make_course(ines, "short", modules=1, contents=2)
    row = enroll(ana, course)
    first, second = contents_of(course)
    complete(ana, first)
    CourseEnrollment.objects.update(status=status)
    with listening() as told:
        change(second, archived=True)
    place = (course.pk, ana.pk, row.pk)
    assert told == ([ModuleCompleted(*place, first.module_id), ProgressChanged(*place)] if is_told else [])
    assert Notification.objects.filter(user=ana).exists() == is_told
    assert standing(ana, course) == (100.0, 2, status)
    assert ModuleProgress.objects.get().completed_at is not None


def test_what_is_due_of_who_left_is_completed_when_they_come_back(intro: Course, ana: User, timed: Content) -> None:
    study(ana, timed, minutes=4)
    moves.withdraw(enrollment=row_of(ana, intro), actor=ana)
    change(timed, required_seconds=240)
    assert standing(ana, intro) == (0.0, 0, "withdrawn")
    moves.enroll(course=intro, student=ana)
    assert follow() == 1
    assert standing(ana, intro) == (25.0, 1, "enrolled")
    assert audit() == []


def test_time_that_is_settled_when_they_have_left_completes_when_they_come_back(
    intro: Course, ana: User, timed: Content
) -> None:
    moves.withdraw(enrollment=row_of(ana, intro), actor=ana)
    study(ana, timed, minutes=6)
    assert standing(ana, intro) == (0.0, 0, "withdrawn")
    assert audit() == []
    moves.enroll(course=intro, student=ana)
    assert follow() == 1
    assert standing(ana, intro) == (25.0, 1, "enrolled")
    assert audit() == []


def test_a_course_without_contents_is_not_completed_by_that(ines: User, ana: User) -> None:
    course = make_course(ines, "empty", modules=1, contents=1)
    enroll(ana, course)
    change(contents_of(course)[0], archived=True)
    assert standing(ana, course) == (0.0, 0, "enrolled")


def test_where_nobody_learns_there_is_no_job(ines: User) -> None:
    course = make_course(ines, "draft", status="draft")
    authoring.add_content(module=course.modules.all()[0], title="New")
    jobs = ProcrastinateJob.objects.filter(task_name="courses.tasks.follow_outline", args__course_id=course.pk)
    assert not jobs.exists()


def test_following_takes_as_many_queries_for_a_hundred_as_for_one(intro: Course, ana: User) -> None:
    first, second, *_ = contents_of(intro)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            progress.follow_outline(intro.pk)
        return len(captured)

    complete(ana, first)
    Content.objects.filter(pk=second.pk).update(archived_at=timezone.now())
    few = queries()
    Content.objects.filter(pk=second.pk).update(archived_at=None)
    progress.follow_outline(intro.pk)
    for number in range(99):
        learner = make_user(f"learner{number}")
        enroll(learner, intro)
        complete(learner, first)
    Content.objects.filter(pk=second.pk).update(archived_at=timezone.now())
    assert queries() == few
    assert audit() == []


# The audit


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE courses_courseenrollment SET progress_percentage = 26 WHERE progress_percentage = 25",
        "UPDATE courses_courseenrollment SET progress_revision = 0",
        "UPDATE courses_courseenrollment SET status = 'completed'",
        "UPDATE courses_moduleprogress SET percentage = 49.99",
        "UPDATE courses_moduleprogress SET total_contents = 3",
        "UPDATE courses_moduleprogress SET completed_contents = 0",
        "DELETE FROM courses_moduleprogress",
        "UPDATE courses_contentprogress SET completed_at = NULL",
        "UPDATE courses_contentprogress SET completed_revision = 7",
        "UPDATE courses_contentprogress SET is_completed = false",
        "UPDATE courses_content SET archived_at = now() WHERE id = (SELECT max(id) FROM courses_content)",
        "DELETE FROM courses_contentprogress",
    ],
)
def test_the_audit_sees_what_does_not_add_up(intro: Course, ana: User, content: Content, damage: str) -> None:
    complete(ana, content)
    assert audit() == []
    with connection.cursor() as cursor:
        cursor.execute(damage)
        assert cursor.rowcount > 0
    assert audit() != []


def test_the_audit_sees_progress_where_there_is_nothing_to_learn(ines: User, ana: User) -> None:
    enrollment = enroll(ana, make_course(ines, "empty", modules=0))
    assert audit() == []
    CourseEnrollment.objects.filter(pk=enrollment.pk).update(progress_percentage=26)
    assert audit() != []


def test_the_audit_passes_over_what_a_job_is_still_to_follow(intro: Course, ana: User, content: Content) -> None:
    complete(ana, content)
    authoring.add_content(module=Module.objects.get(pk=content.module_id), title="New")
    assert audit() == []
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    assert audit() != []
