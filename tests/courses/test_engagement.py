"""The engagement score: the formula by hand and by its properties, its days, who reads it, and when it is refreshed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from procrastinate.contrib.django.models import ProcrastinateJob

from courses import engagement, sessions, tasks
from courses.engagement import ACTIVE, WINDOW_DAYS, Engagement, assess
from courses.models import Course, CourseEnrollment, EnrollmentEvent, LearningSession
from tests.courses.studying import study
from tests.people import enroll, make_course, make_user
from tests.rest import by_token
from users.models import User

HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")


def week(*hours: float) -> list[timedelta]:
    """The days of the window: these hours on the first ones, nothing on the others."""
    return [timedelta(hours=one) for one in hours] + [timedelta()] * (WINDOW_DAYS - len(hours))


# By hand (docs/engagement.md)


@pytest.mark.parametrize(
    ("engaged", "estimated_hours", "progress", "in_course", "parts", "score"),
    [
        # 84 h take 28 weeks, so 6 h in two; 14 of 28 weeks are over.
        (week(1, 1, 1), 84, 25.0, timedelta(weeks=14), (0.5, 0.5, 0.5), 0.5),
        # 2 h take the least time, the window: all of it in one evening is all the time, and one day of six.
        (week(2), 2, 100.0, timedelta(weeks=1), (1.0, 1 / 6, 1.0), 0.71),
        # Unsaid: 42 h in 14 weeks, so 6 h in two.
        (week(0.5, 0.5, 0.5, 0.5, 0.5, 0.5), None, 10.0, timedelta(weeks=7), (0.5, 1.0, 0.2), 0.62),
        (week(3, 3, 3, 3, 3, 3, 3), 0, 100.0, timedelta(weeks=60), (1.0, 1.0, 1.0), 1.0),
        # More hours than a calendar has.
        (week(1, 1, 1), 2**31 - 1, 0.0, timedelta(weeks=14), (0.5, 0.5, 0.0), 0.4),
        # Nobody is behind at the moment of enrolling, or before it by a clock that is slow.
        (week(), 20, 0.0, timedelta(), (0.0, 0.0, 1.0), 0.2),
        (week(), 20, 0.0, timedelta(seconds=-3), (0.0, 0.0, 1.0), 0.2),
        (week(), 20, 0.0, timedelta(weeks=4), (0.0, 0.0, 0.0), 0.0),
    ],
)
def test_by_hand(
    engaged: list[timedelta],
    estimated_hours: int | None,
    progress: float,
    in_course: timedelta,
    parts: tuple[float, float, float],
    score: float,
) -> None:
    found = assess(engaged=engaged, estimated_hours=estimated_hours, progress=progress, in_course=in_course)
    assert (found.time, found.regularity, found.completion) == pytest.approx(parts)
    assert found.score == score
    assert found.formula == 1


def test_five_minutes_make_a_day() -> None:
    days = [ACTIVE, ACTIVE - timedelta(microseconds=1), ACTIVE, *week()[3:]]
    assert assess(engaged=days, estimated_hours=10, progress=0, in_course=HOUR).active_days == 2


# By its properties

DAYS = st.lists(
    st.timedeltas(min_value=timedelta(), max_value=timedelta(hours=25)), min_size=WINDOW_DAYS, max_size=WINDOW_DAYS
)
FACTS = st.fixed_dictionaries(
    {
        "engaged": DAYS,
        "estimated_hours": st.none() | st.integers(0, 2**31 - 1),
        "progress": st.floats(0, 100),
        "in_course": st.timedeltas(min_value=timedelta(days=-1), max_value=timedelta(days=20_000)),
    }
)


@given(FACTS)
def test_it_is_within_its_bounds_and_is_the_sum_of_its_parts(facts: dict[str, Any]) -> None:
    found = assess(**facts)
    for part in (found.score, found.time, found.regularity, found.completion):
        assert 0 <= part <= 1
    assert found.score == pytest.approx(
        0.45 * found.time + 0.35 * found.regularity + 0.20 * found.completion, abs=0.00501
    )
    assert round(found.score, 2) == found.score
    assert assess(**facts) == found


@given(FACTS, st.integers(0, WINDOW_DAYS - 1), st.timedeltas(min_value=timedelta(), max_value=HOUR), st.floats(0, 100))
def test_more_of_anything_is_never_less(facts: dict[str, Any], day: int, more: timedelta, further: float) -> None:
    before = assess(**facts)
    engaged = [*facts["engaged"]]
    engaged[day] += more
    longer = assess(**{**facts, "engaged": engaged})
    assert longer.score >= before.score
    assert longer.time >= before.time
    assert longer.regularity >= before.regularity
    ahead = assess(**{**facts, "progress": max(facts["progress"], further)})
    assert ahead.score >= before.score
    assert ahead.completion >= before.completion
    later = assess(**{**facts, "in_course": facts["in_course"] + more})
    assert later.completion <= before.completion


@given(FACTS, st.permutations(range(WINDOW_DAYS)))
def test_which_of_the_days_it_was_does_not_matter(facts: dict[str, Any], order: list[int]) -> None:
    shuffled = [facts["engaged"][one] for one in order]
    assert assess(**{**facts, "engaged": shuffled}) == assess(**facts)


# From the ledger


def of(enrollment: CourseEnrollment, now: datetime) -> Engagement:
    (found,) = engagement.of_enrollments(CourseEnrollment.objects.filter(pk=enrollment.pk), now=now).values()
    return found


def test_two_tabs_count_once_and_focus_alone_counts_nothing(ines: User, ana: User) -> None:
    enrollment = enroll(ana, make_course(ines, "intro"))
    now = datetime(2026, 5, 20, 12, tzinfo=UTC)
    begins = now - timedelta(hours=3)
    study(enrollment, begins, 60)
    study(enrollment, begins + timedelta(minutes=30), 60)
    study(enrollment, begins, 170, engaged=False)
    found = of(enrollment, now)
    assert found.engaged == timedelta(minutes=90)
    assert found.active_days == 1


@pytest.mark.parametrize(
    ("zone", "active_days"),
    [("Europe/Berlin", 2), ("UTC", 1), ("America/New_York", 1), ("Gone/Away", 1)],
)
def test_days_are_the_learners_own(ines: User, ana: User, zone: str, active_days: int) -> None:
    User.objects.filter(pk=ana.pk).update(timezone=zone)
    enrollment = enroll(ana, make_course(ines, "intro"))
    study(enrollment, datetime(2026, 5, 19, 23, 50, tzinfo=BERLIN), 20)
    assert of(enrollment, datetime(2026, 5, 20, 12, tzinfo=UTC)).active_days == active_days


def test_the_window_is_today_and_the_thirteen_days_before(ines: User, ana: User) -> None:
    User.objects.filter(pk=ana.pk).update(timezone="Europe/Berlin")
    enrollment = enroll(ana, make_course(ines, "intro"))
    now = datetime(2026, 10, 30, 15, tzinfo=BERLIN)  # in it is the day of 25 hours
    first = datetime(2026, 10, 17, tzinfo=BERLIN)
    study(enrollment, first - timedelta(minutes=30), 40)
    assert of(enrollment, now).engaged == timedelta(minutes=10)
    assert of(enrollment, now + timedelta(days=1)).engaged == timedelta()


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 5, 5), 24)])
def test_a_day_whose_clocks_change_is_one_day(ines: User, ana: User, day: date, hours: int) -> None:
    User.objects.filter(pk=ana.pk).update(timezone="Europe/Berlin")
    enrollment = enroll(ana, make_course(ines, "intro"))
    begins = datetime.combine(day, datetime.min.time(), BERLIN)
    study(enrollment, begins.astimezone(UTC) - timedelta(minutes=4), hours * 60 + 8)  # four minutes on either side
    found = of(enrollment, begins + timedelta(days=3))
    assert found.active_days == 1
    assert found.engaged == timedelta(hours=hours, minutes=8)


def test_progress_is_expected_while_the_course_is_open(ines: User, ana: User) -> None:
    """Not while a request waits, during a pause, or after one has left; and coming back begins nothing anew."""
    course = make_course(ines, "intro", modules=0, estimated_hours=84)  # 28 weeks
    enrollment = enroll(ana, course)
    began = datetime(2026, 5, 4, 12, tzinfo=UTC)
    CourseEnrollment.objects.filter(pk=enrollment.pk).update(enrolled_on=began)

    def expected(day: float) -> float:
        return of(enrollment, began + timedelta(days=day)).expected_percentage / 100 * 28 * 7

    assert expected(3) == pytest.approx(3)  # one that has no trail
    trail = ((0, "pending"), (7, "enrolled"), (9, "paused"), (19, "enrolled"), (21, "withdrawn"), (22, "waiting"))
    for day, status in (*trail, (23, ""), (41, "enrolled"), (43, "completed"), (50, "withdrawn")):
        event = EnrollmentEvent.objects.create(course=course, student=ana, kind="move", to_status=status)
        EnrollmentEvent.objects.filter(pk=event.pk).update(created_at=began + timedelta(days=day))
    assert expected(60) == pytest.approx(2 + 2 + 9)
    EnrollmentEvent.objects.filter(to_status="withdrawn", created_at__gte=began + timedelta(days=50)).delete()
    assert expected(60) == pytest.approx(2 + 2 + 19)


def test_what_a_deleted_enrollment_left_in_the_trail_does_not_count(ines: User, ana: User) -> None:
    course = make_course(ines, "intro", estimated_hours=42)
    now = timezone.now()
    for days, status in ((100, "enrolled"), (60, "withdrawn"), (7, "enrolled")):
        event = EnrollmentEvent.objects.create(course=course, student=ana, kind="move", to_status=status)
        EnrollmentEvent.objects.filter(pk=event.pk).update(created_at=now - timedelta(days=days))
    enrollment = enroll(ana, course)
    CourseEnrollment.objects.filter(pk=enrollment.pk).update(enrolled_on=now - timedelta(days=7))
    (found,) = engagement.of_enrollments(CourseEnrollment.objects.filter(pk=enrollment.pk), now=now).values()
    assert found.expected_percentage == pytest.approx(100 / 14)


def test_a_hundred_take_as_many_queries_as_one(ines: User) -> None:
    course = make_course(ines, "intro")
    now = timezone.now()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            found = engagement.of_enrollments(CourseEnrollment.objects.all(), now=now)
        assert all(one.engaged == timedelta(minutes=10) for one in found.values())
        return len(captured)

    for number in range(100):
        study(enroll(make_user(f"learner{number}"), course), now - timedelta(minutes=30), 10)
        if number == 0:
            few = queries()
    assert queries() == few == 3


# Read


def test_learner_and_owner_see_why(ines: User, ana: User, admin: User) -> None:
    course = make_course(ines, "intro", estimated_hours=2)
    enrollment = enroll(ana, course)
    CourseEnrollment.objects.filter(pk=enrollment.pk).update(
        progress_percentage=25, enrolled_on=timezone.now() - timedelta(days=7)
    )
    study(enrollment, timezone.now() - timedelta(days=2), 60)
    path = f"/api/v1/enrollments/{enrollment.pk}/engagement/"
    answers = [by_token(user).get(path).json() for user in (ana, ines, admin)]
    expected = answers[0].pop("expected_percentage")
    assert expected == pytest.approx(50, abs=0.1)
    completion = answers[0].pop("completion")
    assert completion == pytest.approx(0.5, abs=0.01)
    active_days = answers[0].pop("active_days")
    assert active_days in (1, 2)  # it may have been midnight
    assert answers[0] == {
        "formula": 1,
        "score": round(0.45 * 0.5 + 0.35 * active_days / 6 + 0.2 * 0.5, 2),
        "weights": {"time": 0.45, "regularity": 0.35, "completion": 0.2},
        "window_days": 14,
        "time": 0.5,
        "engaged_seconds": 3600.0,
        "expected_seconds": 7200.0,
        "regularity": pytest.approx(active_days / 6),
        "expected_days": 6,
        "progress_percentage": 25.0,
    }
    assert {one["score"] for one in answers} == {answers[0]["score"]}
    for user in (make_user("chidi"), make_user("rival", role="instructor")):
        assert by_token(user).get(path).json()["code"] == "not_found"


# Refreshed


@pytest.fixture
def no_jobs(transactional_db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")


@pytest.mark.usefixtures("no_jobs")
def test_a_session_that_ends_has_the_score_refreshed(ines: User, ana: User, ben: User) -> None:
    course = make_course(ines, "intro", estimated_hours=2)
    mine, other = enroll(ana, course), enroll(ben, course)
    ended = LearningSession.objects.create(
        enrollment=mine,
        user=ana,
        key=uuid4(),
        last_at_ms=3_600_000,
        unsettled=[[0, 3_600_000, True]],
        focus_time=HOUR,
        engaged_time=HOUR,
        duration=HOUR,
    )
    long_ago = timezone.now() - timedelta(hours=2)
    LearningSession.objects.filter(pk=ended.pk).update(started_at=long_ago, last_heard_at=long_ago)
    LearningSession.objects.create(enrollment=other, user=ben, key=uuid4())  # goes on
    sessions.sweep()
    (job,) = ProcrastinateJob.objects.filter(task_name="courses.tasks.refresh_engagement")
    assert job.args == {"enrollment_ids": [mine.pk]}
    assert job.priority < 0
    tasks.refresh_engagement(**job.args)
    mine.refresh_from_db()
    other.refresh_from_db()
    assert mine.engagement_score > 0
    assert float(mine.engagement_score) == of(mine, timezone.now()).score
    assert other.engagement_score == 0
    sessions.sweep()
    assert ProcrastinateJob.objects.filter(task_name="courses.tasks.refresh_engagement").count() == 1


def test_only_scores_that_changed_are_written(ines: User, ana: User, ben: User) -> None:
    course = make_course(ines, "intro")
    rows = [enroll(ana, course), enroll(ben, course)]
    study(rows[0], timezone.now() - timedelta(hours=2), 90)
    engagement.refresh(one.pk for one in rows)

    def written() -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, ctid::text FROM courses_courseenrollment ORDER BY id")
            return cursor.fetchall()

    before = written()
    engagement.refresh(one.pk for one in rows)
    assert written() == before
    CourseEnrollment.objects.filter(pk=rows[1].pk).update(engagement_score="0.99")
    engagement.refresh(one.pk for one in rows)
    rows[1].refresh_from_db()
    assert float(rows[1].engagement_score) < 0.99


@pytest.mark.usefixtures("no_jobs")
def test_every_night_all_who_have_a_seat_are_looked_at(ines: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engagement, "BATCH", 2)
    monkeypatch.setattr(engagement, "JOBS_AT_ONCE", 2)
    course: Course = make_course(ines, "intro", modules=0)
    seated = [
        enroll(make_user(f"learner{number}"), course, status).pk
        for number, status in enumerate(["enrolled", "paused", "completed", "enrolled", "enrolled", "enrolled"])
    ]
    for status in ("pending", "withdrawn", "rejected"):
        enroll(make_user(status), course, status)
    CourseEnrollment.objects.update(engagement_score="0.77")
    tasks.refresh_all_engagement(timestamp=0)
    jobs = ProcrastinateJob.objects.filter(task_name="courses.tasks.refresh_engagement").order_by("id")
    assert [job.args["enrollment_ids"] for job in jobs] == [seated[0:2], seated[2:4], seated[4:6]]
    for job in jobs:
        tasks.refresh_engagement(**job.args)
    assert CourseEnrollment.objects.filter(engagement_score="0.77").count() == 3
