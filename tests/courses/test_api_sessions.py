from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from courses.models import Content, Course, CourseEnrollment, LearningSession
from tests.people import enroll, make_course, make_user
from tests.rest import anonymous, by_token, queries_of
from users.models import User

PATH = "/api/v1/sessions/"


def record(user: User, course: Course, *, started: datetime | None = None, **fields: Any) -> LearningSession:
    """A session of ten minutes, heard just now unless told."""
    session = LearningSession.objects.create(
        user=user,
        enrollment=CourseEnrollment.objects.get(student=user, course=course),
        key=uuid4(),
        **{
            "last_at_ms": 600_000,
            "last_heard_at": timezone.now(),
            "state": "focus",
            "duration": timedelta(minutes=10),
            "focus_time": timedelta(minutes=7),
            "engaged_time": timedelta(minutes=5, microseconds=250_000),
            "idle_time": timedelta(minutes=2),
            "unknown_time": timedelta(minutes=1),
            **fields,
        },
    )
    LearningSession.objects.filter(pk=session.pk).update(started_at=started or timezone.now() - timedelta(minutes=10))
    session.refresh_from_db()
    return session


def get(user: User, session: LearningSession) -> dict:
    answer = by_token(user).get(f"{PATH}{session.pk}/")
    assert answer.status_code == 200
    return answer.json()


def ids(user: User, query: str = "") -> list[int]:
    return [one["id"] for one in by_token(user).get(f"{PATH}{query}").json()["results"]]


def test_it_shows_where_the_time_went(intro: Course, content: Content, ana: User) -> None:
    session = record(ana, intro, content=content, device_type="mobile", interactions_count=12, acked_seq=61)
    shown = get(ana, session)
    started_at = shown.pop("started_at")
    assert datetime.fromisoformat(started_at) == session.started_at
    assert shown == {
        "id": session.pk,
        "key": str(session.key),
        "course": "intro",
        "content": content.pk,
        "enrollment": session.enrollment_id,
        "student": "ana",
        "ended_at": None,
        "end_reason": "",
        "state": "focus",
        "duration_seconds": 600.0,
        "focus_seconds": 420.0,
        "engaged_seconds": 300.25,
        "idle_seconds": 120.0,
        "unknown_seconds": 60.0,
        "interactions_count": 12,
        "device_type": "mobile",
        "acked_seq": 61,
    }


def test_a_session_without_a_sample_has_lasted_no_time(intro: Course, ana: User) -> None:
    nothing = timedelta()
    session = record(
        ana,
        intro,
        state="",
        duration=None,
        focus_time=nothing,
        engaged_time=nothing,
        idle_time=nothing,
        unknown_time=nothing,
    )
    shown = get(ana, session)
    assert (shown["duration_seconds"], shown["state"], shown["content"]) == (0.0, "", None)


@pytest.mark.parametrize(
    ("state", "silent_seconds", "has_ended"),
    [("focus", 40, False), ("engaged", 50, True), ("idle", 140, False), ("idle", 155, True), ("", 50, True)],
)
def test_a_session_ends_by_the_clock_as_of_its_last_sample(
    intro: Course, ana: User, state: str, silent_seconds: int, has_ended: bool
) -> None:
    heard = timezone.now() - timedelta(seconds=silent_seconds)
    session = record(ana, intro, state=state, last_heard_at=heard)
    shown = get(ana, session)
    if has_ended:
        assert datetime.fromisoformat(shown["ended_at"]) == session.started_at + timedelta(minutes=10)
        assert shown["end_reason"] == "lease"
    else:
        assert (shown["ended_at"], shown["end_reason"]) == (None, "")
    assert ids(ana, "?active=true") == ([] if has_ended else [session.pk])
    assert ids(ana, "?active=false") == ([session.pk] if has_ended else [])
    assert ids(ana) == [session.pk]


@pytest.mark.parametrize(("yes", "no"), [("true", "false"), ("1", "0"), ("True", "False")])
def test_a_filter_takes_yes_and_no_as_clients_write_them(intro: Course, ana: User, yes: str, no: str) -> None:
    session = record(ana, intro, last_heard_at=timezone.now())
    assert (ids(ana, f"?active={yes}"), ids(ana, f"?active={no}")) == ([session.pk], [])


def test_a_filter_that_can_not_be_read_is_refused(ana: User) -> None:
    answer = by_token(ana).get(f"{PATH}?active=banana")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["active"])


def test_an_ended_session_says_why(intro: Course, ana: User) -> None:
    ended_at = timezone.now() - timedelta(days=1)
    shown = get(ana, record(ana, intro, ended_at=ended_at, end_reason="closed"))
    assert datetime.fromisoformat(shown["ended_at"]) == ended_at
    assert shown["end_reason"] == "closed"


def test_the_list_is_ones_own_newest_first(intro: Course, ana: User, ben: User) -> None:
    old = record(ana, intro, started=timezone.now() - timedelta(days=2))
    new = record(ana, intro)
    record(ben, intro)
    assert ids(ana) == [new.pk, old.pk]


def test_it_filters_by_course(intro: Course, ana: User, ines: User) -> None:
    second = make_course(ines, "second", modules=0)
    enroll(ana, second)
    record(ana, intro)
    there = record(ana, second)
    assert ids(ana, "?course=second") == [there.pk]
    assert ids(ana, "?course=second&active=true") == [there.pk]
    assert ids(ana, "?course=unknown") == []


def test_the_owner_and_staff_read_a_courses_sessions(
    intro: Course, ana: User, ben: User, ines: User, admin: User
) -> None:
    sessions = [record(ana, intro), record(ben, intro)]
    for user in (ines, admin):
        assert ids(user) == []
        assert set(ids(user, "?course=intro")) == {session.pk for session in sessions}
        assert get(user, sessions[0])["student"] == "ana"


def test_in_a_course_that_is_watched_anonymously_nobody_reads_who_is_there(
    intro: Course, ana: User, ines: User, admin: User
) -> None:
    here = record(ana, intro)
    gone = record(ana, intro, ended_at=timezone.now(), end_reason="closed")
    Course.objects.update(is_anonymous=True)
    for user in (ines, admin):
        assert ids(user, "?course=intro") == ids(user, "?course=intro&active=true") == []
        for session in (here, gone):
            assert by_token(user).get(f"{PATH}{session.pk}/").status_code == 404
    assert set(ids(ana, "?course=intro")) == {here.pk, gone.pk}
    assert get(ana, here)["state"] == "focus"
    Course.objects.update(is_anonymous=False)
    assert set(ids(ines, "?course=intro")) == {here.pk, gone.pk}


def test_somebody_elses_session_is_not_found(intro: Course, ana: User, ben: User) -> None:
    session = record(ana, intro)
    other = make_user("other", role="instructor")
    make_course(other, "elsewhere", modules=0)
    for user in (ben, other):
        answer = by_token(user).get(f"{PATH}{session.pk}/")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert ids(user, "?course=intro") == []
    assert by_token(ana).get(f"{PATH}{2**70}/").status_code == 404
    assert anonymous().get(PATH).status_code == 401
    assert anonymous().get(f"{PATH}{session.pk}/").status_code == 401


def test_it_takes_as_many_queries_for_a_hundred_as_for_one(intro: Course, ana: User, ines: User) -> None:
    record(ana, intro)
    client, owner = by_token(ana), by_token(ines)
    paths = {f"{PATH}?page_size=200": client, f"{PATH}?course=intro&active=true&page_size=200": owner}
    few = {path: queries_of(caller, path) for path, caller in paths.items()}
    for n in range(99):
        user = make_user(f"learner{n}")
        enroll(user, intro)
        record(user if n % 2 else ana, intro)
    assert {path: queries_of(caller, path) for path, caller in paths.items()} == few
    assert owner.get(f"{PATH}?course=intro&page_size=200").json()["count"] == 100
