"""What a course's owner asks: who is away, how long contents take, where learners stop, when they are there."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from benchmarks import analytics as benchmark
from courses import analytics, certificates, tables
from courses import enrollment as moves
from courses.models import Certificate, Content, ContentProgress, Course, CourseEnrollment, LearningSession
from tests.counts import count
from tests.people import enroll, make_course, make_user, token_of
from tests.rest import by_token, queries_of
from tests.site import Site
from users.models import User

PATH = "/api/v1/courses/intro/analytics/"
NOW = datetime(2026, 11, 4, 12, tzinfo=UTC)  # a Wednesday


def contents(course: Course) -> list[Content]:
    return list(Content.objects.filter(module__course=course).order_by("module__order", "order"))


def change(enrollment: CourseEnrollment, **fields: Any) -> None:
    CourseEnrollment.objects.filter(pk=enrollment.pk).update(**fields)


def opened(enrollment: CourseEnrollment, at: datetime, content: Content | None = None) -> None:
    session = LearningSession.objects.create(
        enrollment=enrollment, user_id=enrollment.student_id, key=uuid4(), content=content
    )
    LearningSession.objects.filter(pk=session.pk).update(started_at=at)


def learner(course: Course, name: str, status: str = "enrolled") -> CourseEnrollment:
    return enroll(make_user(name), course, status)


# Each question


def test_inactive_is_who_is_enrolled_and_was_not_there_for_a_week(ines: User) -> None:
    course = make_course(ines, "intro", modules=0)
    week = timedelta(days=7)
    for name, last_accessed, enrolled_on in (
        ("here", NOW - week + timedelta(seconds=1), NOW - 9 * week),
        ("away", NOW - week - timedelta(seconds=1), NOW - 9 * week),
        ("longest", NOW - 5 * week, NOW - 9 * week),
        ("never", None, NOW - 2 * week),
        ("new", None, NOW - timedelta(days=1)),
    ):
        change(learner(course, name), last_accessed=last_accessed, enrolled_on=enrolled_on)
    for status in ("completed", "paused", "withdrawn", "pending", "rejected"):
        change(learner(course, status, status), last_accessed=NOW - 5 * week)
    change(learner(make_course(ines, "other", modules=0), "elsewhere"), last_accessed=NOW - 5 * week)
    found = analytics.inactive(course, now=NOW)
    assert found.count == 3
    assert [one.student.username for one in found.learners] == ["never", "longest", "away"]


@pytest.mark.parametrize(
    ("status", "made"),
    [
        ("enrolled", [moves.withdraw, moves.admit]),
        ("enrolled", [moves.pause, moves.resume]),
        ("pending", [moves.approve]),
    ],
)
def test_who_was_let_in_this_week_is_not_inactive_yet(ines: User, status: str, made: list[Any]) -> None:
    course = make_course(ines, "intro", modules=0)
    mine = learner(course, "ana", status)
    long_ago = timezone.now() - timedelta(days=60)
    change(mine, last_accessed=None if status == "pending" else long_ago, enrolled_on=long_ago)
    for move in made:
        about = {"course": course, "student": mine.student} if move is moves.admit else {"enrollment": mine}
        move(**about, actor=ines)
    in_days = {days: analytics.inactive(course, now=timezone.now() + timedelta(days=days)).count for days in (0, 6, 8)}
    assert in_days == {0: 0, 6: 0, 8: 1}


def test_a_certificate_that_is_revoked_lets_nobody_in(ines: User) -> None:
    """Its row in the trail has the state that the learner is in: one who completed, left and came back."""
    course = make_course(ines, "intro", modules=0)
    mine = learner(course, "ana")
    change(mine, last_accessed=timezone.now() - timedelta(days=60))
    Certificate.objects.create(enrollment=mine, code="abc")
    certificates.revoke(code="abc", actor=ines)
    assert analytics.inactive(course, now=timezone.now()).count == 1


def test_the_first_of_the_inactive_are_named_and_all_are_counted(ines: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analytics, "FIRST", 2)
    course = make_course(ines, "intro", modules=0)
    for number in range(3):
        change(learner(course, f"learner{number}"), last_accessed=NOW - timedelta(days=30 - number))
    found = analytics.inactive(course, now=NOW)
    assert (found.count, [one.student.username for one in found.learners]) == (3, ["learner0", "learner1"])


def test_the_time_of_a_content_is_that_of_those_who_completed_it(ines: User) -> None:
    course = make_course(ines, "intro", modules=1, contents=3, estimated_hours=2)
    first, second, third = contents(course)
    Content.objects.filter(pk=first.pk).update(completion_method="time_based", required_seconds=1_200)
    for number, minutes in enumerate((10, 20, 30, 40, 1_000, 0)):
        ContentProgress.objects.create(
            enrollment=learner(course, f"learner{number}"),
            content=first,
            time_spent=timedelta(minutes=minutes),
            is_completed=minutes != 1_000,
        )
    Content.objects.filter(pk=third.pk).update(archived_at=NOW)
    found = analytics.content_times(course)
    assert [(one.content, one.title, one.module, one.learners) for one in found] == [
        (first.pk, "Content 1.1", "Module 1", 4),
        (second.pk, "Content 1.2", "Module 1", 0),
    ]
    quartiles = (found[0].lower_quartile, found[0].median, found[0].upper_quartile)
    assert quartiles == tuple(timedelta(minutes=minutes) for minutes in (17.5, 25, 32.5))
    assert (found[1].lower_quartile, found[1].median, found[1].upper_quartile) == (None, None, None)
    # What is left of the two hours is the other one's.
    assert [one.estimate for one in found] == [timedelta(minutes=20), timedelta(minutes=100)]


@pytest.mark.parametrize(
    ("hours", "required", "estimates"),
    # Of an hour that the other content takes nothing is left to share.
    [(None, 60, [None, 60]), (0, 60, [None, 60]), (1, 60, [3_540, 60]), (1, 3_600, [None, 3_600])],
)
def test_an_estimate_is_what_is_required_or_a_share(
    ines: User, hours: int | None, required: int, estimates: list[Any]
) -> None:
    course = make_course(ines, "intro", modules=1, contents=2, estimated_hours=hours)
    Content.objects.filter(pk=contents(course)[1].pk).update(completion_method="time_based", required_seconds=required)
    found = [one.estimate for one in analytics.content_times(course)]
    assert found == [None if one is None else timedelta(seconds=one) for one in estimates]


def test_learners_stop_where_they_were_last(ines: User) -> None:
    course = make_course(ines, "intro")
    first, second, *_ = contents(course)
    for number, visited in enumerate(([first], [first, second], [second, first], [second, None], [None])):
        enrollment = learner(course, f"learner{number}")
        for hours, content in enumerate(visited):
            opened(enrollment, NOW + timedelta(hours=hours), content)
    opened(learner(course, "done", "completed"), NOW, second)
    done_and_gone = learner(course, "done_and_gone", "withdrawn")
    change(done_and_gone, completed_on=NOW)
    opened(done_and_gone, NOW, second)
    opened(learner(course, "gone", "withdrawn"), NOW, second)
    opened(learner(course, "paused", "paused"), NOW, second)
    learner(course, "never")
    found = [(one.content, one.title, one.module, one.learners, one.left) for one in analytics.stops(course)]
    assert found == [(second.pk, "Content 1.2", "Module 1", 4, 1), (first.pk, "Content 1.1", "Module 1", 2, 0)]


@pytest.mark.parametrize(
    ("zone", "found"),
    [
        ("UTC", [(1, 22, 2), (3, 10, 1)]),
        ("Europe/Berlin", [(1, 23, 1), (2, 0, 1), (3, 12, 1)]),  # in between the clocks changed
        ("Asia/Kathmandu", [(2, 3, 1), (2, 4, 1), (3, 15, 1)]),  # 5:45 ahead
        ("Gone/Away", [(1, 22, 2), (3, 10, 1)]),
    ],
)
def test_activity_is_by_the_readers_clocks(ines: User, zone: str, found: list[tuple[int, int, int]]) -> None:
    ines.timezone = zone
    course = make_course(ines, "intro", modules=0)
    enrollment = learner(course, "ana")
    opened(enrollment, datetime(2026, 10, 19, 22, 10, tzinfo=UTC))
    opened(enrollment, datetime(2026, 10, 26, 22, 20, tzinfo=UTC))
    opened(enrollment, datetime(2026, 10, 21, 10, 0, tzinfo=UTC))
    opened(enrollment, datetime(2026, 11, 4, 10, 0, tzinfo=UTC))  # today, which is not over
    opened(enrollment, datetime(2026, 10, 6, 10, 0, tzinfo=UTC))  # before the four weeks
    asked = analytics.activity(course, reader=ines, now=NOW)
    assert [(one.weekday, one.hour, one.sessions) for one in asked] == found


# Over REST


def test_it_is_all_in_one_answer(intro: Course, ines: User, ana: User, ben: User) -> None:
    mine = CourseEnrollment.objects.get(student=ana)
    long_ago = timezone.now() - timedelta(days=10)
    change(mine, last_accessed=long_ago, progress_percentage=25, total_time_spent=timedelta(minutes=30))
    change(CourseEnrollment.objects.get(student=ben), status="completed", progress_percentage=100)
    first = contents(intro)[0]
    opened(mine, long_ago, first)
    ContentProgress.objects.create(enrollment=mine, content=first, time_spent=timedelta(minutes=30), is_completed=True)
    answer = by_token(ines).get(PATH).json()
    assert answer["course"] == "intro"
    assert answer["totals"] == {
        "total_students": 2,
        "completed_courses": 1,
        "avg_progress": 62.5,
        "total_learning_time_seconds": 1_800.0,
    }
    assert answer["inactive"]["count"] == 1
    assert answer["inactive"]["learners"][0]["student"] == "ana"
    assert answer["contents"][0] == {
        "content": first.pk,
        "title": "Content 1.1",
        "module": "Module 1",
        "learners": 1,
        "lower_quartile_seconds": 1_800.0,
        "median_seconds": 1_800.0,
        "upper_quartile_seconds": 1_800.0,
        "estimate_seconds": None,
    }
    assert answer["contents"][1]["median_seconds"] is None
    stop = {"content": first.pk, "title": "Content 1.1", "module": "Module 1", "learners": 1, "left": 0}
    assert answer["stops"] == [stop]
    there = long_ago.astimezone(UTC)
    assert answer["activity"] == [{"weekday": there.isoweekday(), "hour": there.hour, "sessions": 1}]


def test_a_course_without_learners_has_an_answer(ines: User) -> None:
    make_course(ines, "intro")
    answer = by_token(ines).get(PATH).json()
    assert answer["totals"] == {
        "total_students": 0,
        "completed_courses": 0,
        "avg_progress": None,
        "total_learning_time_seconds": 0.0,
    }
    assert answer["inactive"] == {"count": 0, "learners": []}
    assert (len(answer["contents"]), answer["stops"], answer["activity"]) == (4, [], [])


def test_a_hundred_learners_take_as_many_queries_as_one(ines: User) -> None:
    course = make_course(ines, "intro", modules=2, contents=1)
    client = by_token(ines)
    paths = (PATH, *(f"{PATH}{name}.csv" for name in tables.TABLES))
    long_ago = timezone.now() - timedelta(days=10)

    def learn(number: int) -> None:
        enrollment = learner(course, f"learner{number}")
        change(enrollment, last_accessed=long_ago)
        for content in contents(course):
            opened(enrollment, long_ago, content)
            ContentProgress.objects.create(
                enrollment=enrollment, content=content, time_spent=timedelta(minutes=1), is_completed=True
            )

    learn(0)
    few = [queries_of(client, path) for path in paths]
    for number in range(1, 100):
        learn(number)
    assert client.get(PATH).json()["totals"]["total_students"] == 100
    assert [queries_of(client, path) for path in paths] == few


# As a table


async def read(answer: Any) -> str:
    return b"".join([chunk async for chunk in answer]).decode()


def table(user: User, name: str = "learners") -> list[dict[str, str]]:
    answer = by_token(user).get(f"{PATH}{name}.csv")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer["Content-Disposition"] == f'attachment; filename="intro-{name}.csv"'
    return list(csv.DictReader(io.StringIO(async_to_sync(read)(answer), newline="")))


def test_a_table_has_a_row_for_each_learner(intro: Course, ines: User, ana: User) -> None:
    User.objects.filter(pk=ana.pk).update(first_name="Ana, the “first”", last_name="Ünïcödé")
    change(
        CourseEnrollment.objects.get(student=ana),
        enrolled_on=datetime(2026, 1, 1, 9, tzinfo=UTC),
        progress_percentage="33.33",
        engagement_score="0.5",
        total_time_spent=timedelta(minutes=2, milliseconds=250),
        engaged_time=timedelta(minutes=1),
    )
    first, second = table(ines)
    assert first == {
        "student": "ana",
        "first_name": "Ana, the “first”",
        "last_name": "Ünïcödé",
        "status": "enrolled",
        "enrolled_on": "2026-01-01T09:00:00+00:00",
        "last_accessed": "",
        "completed_on": "",
        "progress_percentage": "33.33",
        "engagement_score": "0.50",
        "total_time_spent_seconds": "120.250",
        "engaged_seconds": "60.000",
    }
    assert second["student"] == "ben"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_name_is_no_formula(intro: Course, ines: User, ana: User, name: str) -> None:
    User.objects.filter(pk=ana.pk).update(first_name=name)
    assert table(ines)[0]["first_name"] == f"'{name}"


def test_each_question_is_a_table_too(intro: Course, ines: User, ana: User) -> None:
    mine = CourseEnrollment.objects.get(student=ana)
    change(mine, last_accessed=timezone.now() - timedelta(days=10))
    first = contents(intro)[0]
    opened(mine, timezone.now() - timedelta(days=10), first)
    ContentProgress.objects.create(enrollment=mine, content=first, time_spent=timedelta(minutes=30), is_completed=True)
    Content.objects.filter(pk=first.pk).update(title="=1+1")
    assert [one["student"] for one in table(ines, "inactive")] == ["ana"]
    shown = by_token(ines).get(PATH).json()
    shown["totals"] = [shown["totals"]]
    for name in ("totals", "contents", "stops", "activity"):
        found = [{**row, "title": row.get("title", "").removeprefix("'")} for row in table(ines, name)]
        same = [{"title": "", **row} for row in shown[name]]
        assert found == [{key: "" if value is None else str(value) for key, value in row.items()} for row in same]
        assert found
    assert table(ines, "stops")[0]["title"] == "'=1+1"
    assert by_token(ines).get(f"{PATH}others.csv").status_code == 404


def test_learners_are_read_as_they_are_sent(ines: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROWS_AT_ONCE", 3)
    course = make_course(ines, "intro", modules=0)
    names = [f"learner{number}" for number in range(7)]
    for name in names:
        learner(course, name)
    pieces = tables.write(tables.TABLES["learners"](course, ines, NOW))
    with CaptureQueriesContext(connection) as captured:
        begun = next(pieces)
    assert (len(captured), begun.count(b"\r\n")) == (1, 3)
    late = learner(course, "late").student.username
    rows = csv.DictReader(io.StringIO(b"".join([begun, *pieces]).decode(), newline=""))
    assert [row["student"] for row in rows] == [*names, late]


def test_a_table_comes_from_a_server(site: Site, intro: Course, ines: User) -> None:
    headers = {"Authorization": f"Bearer {token_of(ines)}"}
    answer = httpx.get(f"{site.http()}{PATH}learners.csv", headers=headers, trust_env=False, timeout=60)
    assert (answer.status_code, answer.headers["Transfer-Encoding"]) == (200, "chunked")
    assert [line.partition(",")[0] for line in answer.text.splitlines()] == ["student", "ana", "ben"]


# Plans


@pytest.mark.timeout(count(120, 600))
def test_every_question_is_answered_from_an_index(ines: User) -> None:
    rival = make_user("rival")
    owners = (ines if number % 25 == 0 else rival for number in range(50))
    courses = [make_course(owner, f"course-{number}", modules=2, contents=2) for number, owner in enumerate(owners)]
    benchmark.fill(courses=courses, learners=count(1_000, 5_000), sessions=count(5_000, 20_000))
    assert LearningSession.objects.filter(enrollment__course=courses[0]).count() == count(100, 400)
    answered_from = {
        "teaching": "courses_courseenrollment",
        "totals": "courses_courseenrollment",
        "inactive": "courses_courseenrollment",
        "contents": "courses_contentprogress",
        "stops": "courses_learningsession",
        "activity": "courses_learningsession",
    }
    for name, ask in benchmark.questions(courses[0]).items():
        plan = benchmark.plan(ask)
        assert benchmark.whole_tables(plan) == [], f"{name}:\n{plan}"
        assert answered_from[name] in {table_of(index) for index in benchmark.indexes(plan)}, f"{name}:\n{plan}"


def table_of(index: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_indexes WHERE indexname = %s", [index])
        return str(cursor.fetchone()[0])


def test_a_plan_that_reads_a_whole_table_is_seen(ines: User) -> None:
    """(N) Without an index to begin with."""
    courses = [make_course(ines, f"course-{number}", modules=1, contents=1) for number in range(5)]
    benchmark.fill(courses=courses, learners=50, sessions=500)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_indexscan = off")
        cursor.execute("SET LOCAL enable_indexonlyscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    questions = benchmark.questions(courses[0])
    assert "courses_learningsession" in benchmark.whole_tables(benchmark.plan(questions["activity"]))
    assert "courses_contentprogress" in benchmark.whole_tables(benchmark.plan(questions["contents"]))
