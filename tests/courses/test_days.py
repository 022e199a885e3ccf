"""One's own time by day: by one's own clocks, each second once, however many pages and courses were open."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courses import days
from tests.counts import count, seeded
from tests.courses.studying import study
from tests.people import enroll, make_course
from tests.rest import anonymous, by_token, queries_of
from users.models import User

PATH = "/api/v1/me/days/"
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "last", "hours"),
    [
        (datetime(2026, 3, 29, 22, 30, tzinfo=UTC), date(2026, 3, 30), [24, 23, 24]),
        (datetime(2026, 10, 26, 0, 0, tzinfo=BERLIN), date(2026, 10, 26), [24, 25, 24]),
        (datetime(2026, 1, 1, 12, tzinfo=UTC), date(2026, 1, 1), [24, 24, 24]),
    ],
)
def test_days_last_from_midnight_to_midnight(now: datetime, last: date, hours: list[int]) -> None:
    found = days.last_days(3, there=BERLIN, now=now)
    assert [one.date for one in found] == [last - timedelta(days=back) for back in (2, 1, 0)]
    lengths = [(one.ends.astimezone(UTC) - one.begins.astimezone(UTC)) / timedelta(hours=1) for one in found]
    assert lengths == hours
    assert [one.ends for one in found[:-1]] == [one.begins for one in found[1:]]
    assert found[-1].begins <= now < found[-1].ends


def test_a_stretch_over_midnight_is_cut_there(ines: User, ana: User) -> None:
    ana.timezone = "Europe/Berlin"
    enrollment = enroll(ana, make_course(ines, "intro"))
    study(enrollment, datetime(2026, 3, 28, 23, 30, tzinfo=BERLIN), 60)
    study(enrollment, datetime(2026, 3, 29, 23, 50, tzinfo=BERLIN), 20, engaged=False)
    found = days.of_user(ana, count=4, now=datetime(2026, 3, 30, 12, tzinfo=BERLIN))
    assert [(one.date.day, one.focus / timedelta(minutes=1), one.engaged / timedelta(minutes=1)) for one in found] == [
        (27, 0, 0),
        (28, 30, 30),
        (29, 40, 30),
        (30, 10, 0),
    ]


def test_each_second_counts_once_over_all_courses(ines: User, ana: User, ben: User) -> None:
    """Against an oracle that paints every minute of every stretch."""
    rng = seeded()
    ana.timezone = "Europe/Berlin"
    enrollments = [enroll(ana, make_course(ines, f"course-{number}", modules=0)) for number in range(3)]
    other = enroll(ben, make_course(ines, "other", modules=0))
    begins = datetime(2026, 10, 23, tzinfo=BERLIN).astimezone(UTC)
    painted: dict[bool, set[datetime]] = {True: set(), False: set()}
    for _ in range(count(60, 600)):
        start = begins + timedelta(minutes=rng.randrange(-600, 5 * 1_500))
        minutes, engaged = rng.choice([1, 5, 45, 200, 1_500]), rng.random() < 0.5
        study(rng.choice(enrollments), start, minutes, engaged=engaged)
        study(other, start, minutes)
        stretch = {start + timedelta(minutes=one) for one in range(minutes)}
        painted[False] |= stretch
        painted[True] |= stretch if engaged else set()
    focus, in_engaged = (
        Counter(minute.astimezone(BERLIN).date() for minute in painted[kind]) for kind in (False, True)
    )
    found = days.of_user(ana, count=4, now=datetime(2026, 10, 26, 23, tzinfo=BERLIN))
    assert len(found) == 4
    for one in found:
        assert one.focus == timedelta(minutes=focus[one.date])
        assert one.engaged == timedelta(minutes=in_engaged[one.date])


def test_over_rest(ines: User, ana: User) -> None:
    enrollment = enroll(ana, make_course(ines, "intro"))
    now = timezone.now()
    study(enrollment, now - timedelta(hours=30), 2)
    client = by_token(ana)
    answer = client.get(PATH).json()
    today = datetime.now(UTC).date()
    assert len(answer) == 28
    assert answer[-1]["date"] in (str(today), str(today - timedelta(days=1)))
    assert sum(one["focus_seconds"] for one in answer) == sum(one["engaged_seconds"] for one in answer) == 120
    assert set(answer[0]) == {"date", "engaged_seconds", "focus_seconds"}
    assert len(client.get(f"{PATH}?days=1").json()) == 1
    assert len(client.get(f"{PATH}?days=366").json()) == 366
    assert by_token(ines).get(PATH).json()[-2]["focus_seconds"] == 0
    assert anonymous().get(PATH).status_code == 401


@pytest.mark.parametrize("wrong", ["0", "367", "-1", "many", "1.5"])
def test_what_is_no_number_of_days_is_refused(ana: User, wrong: str) -> None:
    answer = by_token(ana).get(f"{PATH}?days={wrong}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert "days" in answer.json()["fields"]


def test_a_hundred_courses_take_as_many_queries_as_one(ines: User, ana: User) -> None:
    client, path = by_token(ana), f"{PATH}?days=366"
    now = timezone.now()

    def learn(number: int) -> None:
        study(enroll(ana, make_course(ines, f"course-{number}", modules=0)), now - timedelta(days=number, hours=1), 9)

    learn(0)
    few = queries_of(client, path)
    for number in range(1, 100):
        learn(number)
    assert queries_of(client, path) == few
    with CaptureQueriesContext(connection) as captured:
        found: list[Any] = days.of_user(ana, count=366, now=now)
    assert len(captured) == 1
    assert sum((one.focus for one in found), timedelta()) == timedelta(minutes=900)
