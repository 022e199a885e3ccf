"""A simulated term: 300 learners, 14 weeks, after which every number follows from what was told, to the millisecond.

What the pages told is counted again by brute force (`Page.credited`, unions of intervals), beside what they were in
truth; the database is held against both, and audited.
"""

import random
import time
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from courses import certificates, days, ledger
from courses.models import Certificate, ContentProgress, CourseEnrollment, EnrollmentEvent, LearningSession
from realtime import timekeeper, writer
from realtime.models import Notification
from tests.clock import EPOCH, Clock, moved_by_hand
from tests.counts import count, seeded
from tests.courses.progressing import audit as audit_progress
from tests.courses.studypage import Interval, Page
from tests.courses.term import BEGINS, DAY, Term
from tests.faults.judging import audit as audit_time
from users.models import zone

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(count(240, 1800))]

LEARNERS, WEEKS = count(8, 300), count(2, 14)
SLACK_MS = 2_000
"""How far a clock may run ahead by the protocol."""


@pytest.fixture
def clock(transactional_db: None) -> Iterator[Clock]:
    with moved_by_hand(BEGINS) as clock:
        yield clock


def test_after_a_term_every_number_follows_from_what_was_told(
    clock: Clock, record_property: Callable[[str, object], None]
) -> None:
    began = time.monotonic()
    term = Term(seeded(), clock, contents=count(1, 3), evenings=count(4, 0.8))
    term.play(learners=LEARNERS, weeks=WEEKS)
    seconds = time.monotonic() - began
    assert wrong(term) == []
    told = sum(len(page.at) for page in term.pages)
    hours = sum(length(union(page.truth)) for page in term.pages) / 3_600_000
    record_property("learners", LEARNERS)
    record_property("weeks", WEEKS)
    record_property("pages", len(term.pages))
    record_property("samples", told)
    record_property("hours", round(hours))
    record_property("servers killed", term.killed)
    record_property("completed", EnrollmentEvent.objects.filter(kind="complete").count())
    record_property("played in s", round(seconds))


def adds_all(new: Any, old: Any) -> ledger.Growth:
    def sum_of(stretches: Any) -> timedelta:
        return sum((stretch.end - stretch.start for stretch in stretches), timedelta())

    return ledger.Growth(focus=sum_of(new), engaged=sum_of(stretch for stretch in new if stretch.engaged))


@pytest.mark.parametrize(
    ("owner", "name", "bug", "seen"),
    [
        (ledger, "_union_growth", adds_all, "the ledger says"),
        (timekeeper, "CLOCK_SLACK_MS", 10**9, "beyond the time that passed"),
        (writer, "WRITE", writer.WRITE.replace(" AND s.acked_seq = d.was_seq", ""), "the pages told"),
        (certificates, "issue_to_all", lambda course_id: None, "certificates"),
    ],
    ids=["counts pages twice", "believes every clock", "writes over what is newer", "forgets who completed before"],
)
def test_a_planted_bug_is_seen(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, bug: object, seen: str
) -> None:
    """(N) In a small term, always the same."""
    monkeypatch.setattr(owner, name, bug)
    term = Term(random.Random(6), clock, contents=1, evenings=5, lies=0.2)
    term.play(learners=6, weeks=1)
    assert any(seen in problem for problem in wrong(term))


# The judgement -----------------------------------------------------------------------------------------------------


def wrong(term: Term) -> list[str]:
    """What does not add up after this term."""
    term.clock.tell()
    problems = [*audit_time(), *audit_progress()]
    told = Told(term.pages)
    problems += term.unexpected
    problems += told.problems
    problems += times(told)
    problems += own_days(term, told)
    problems += completions(term)
    return problems


def union(intervals: Iterable[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def length(apart: Iterable[Interval]) -> int:
    return sum(end - start for start, end in apart)


def ms(duration: timedelta) -> float:
    return duration / timedelta(milliseconds=1)


class Told:
    """What the pages told, as far as it is durable: intervals of focus and engaged ones, by enrolment, by content, and
    by learner; what passed in truth; and, where a clock ran ahead, by how much counting may differ."""

    def __init__(self, pages: list[Page]) -> None:
        self.problems: list[str] = []
        self.focus: dict[Any, list[Interval]] = defaultdict(list)
        self.engaged: dict[Any, list[Interval]] = defaultdict(list)
        self.passed: dict[Any, list[Interval]] = defaultdict(list)
        self.ahead: Counter[Any] = Counter()  # pages whose clock ran ahead
        self.tolerance: Counter[Any] = Counter()  # ms: the age of a session is known to within one, for each sample
        durable = dict(LearningSession.objects.values_list("key", "acked_seq"))
        for page in pages:
            seq = durable.pop(page.key, 0)
            if not page.acked <= seq <= len(page.at):
                self.problems.append(f"{page.key}: {seq} of {len(page.at)} samples, {page.acked} were acknowledged")
                continue
            content = page.content.pk if page.content is not None else None
            keys = (("enrolment", page.enrollment), ("content", page.enrollment, content), page.learner.user.pk)
            credited = list(page.credited(seq))
            for key in keys:
                self.focus[key] += ((start, end) for start, end, _ in credited)
                self.engaged[key] += ((start, end) for start, end, engaged in credited if engaged)
                self.passed[key] += page.passed()
                if page.speed != 1:
                    self.ahead[key] += 1
                    self.tolerance[key] += seq
        self.problems += [f"a session that no page opened: {key}" for key in durable]

    def beyond(self, key: Any, counted: float) -> str | None:
        passed = length(union(self.passed[key])) + SLACK_MS * self.ahead[key]
        return f"{key}: {counted} ms, {counted - passed} beyond the time that passed" if counted > passed else None


def times(told: Told) -> list[str]:
    """Totals of enrolments and contents, against what was told and what was true."""
    rows: list[tuple[Any, timedelta, timedelta]] = [
        (("enrolment", pk), focus, engaged)
        for pk, focus, engaged in CourseEnrollment.objects.values_list("pk", "total_time_spent", "engaged_time")
    ]
    rows += [
        (("content", pk, content), focus, engaged)
        for pk, content, focus, engaged in ContentProgress.objects.values_list(
            "enrollment", "content", "time_spent", "engaged_time"
        )
    ]
    problems = []
    for key, focus, engaged in rows:
        off = told.tolerance[key]
        for name, counted, intervals in (("focus", focus, told.focus), ("engaged", engaged, told.engaged)):
            expected = length(union(intervals[key]))
            if abs(ms(counted) - expected) > off:
                problems.append(f"{key}: {name} is {ms(counted)} ms, the pages told {expected}")
        if beyond := told.beyond(key, ms(focus)):
            problems.append(beyond)
    return problems


def own_days(term: Term, told: Told) -> list[str]:
    """Each learner's days, over all courses, against what was told, cut at their midnights; and their sum."""
    problems = []
    now = term.clock.now()
    length_of_term = (term.now - term.began) // DAY + 2
    for learner in term.people:
        user = learner.user
        studied = days.of_user(user, count=length_of_term, now=now)
        midnights = [
            (day.begins - EPOCH) // timedelta(milliseconds=1)
            for day in days.last_days(length_of_term, there=zone(user.timezone), now=now)
        ]
        off = told.tolerance[user.pk]
        for name, intervals in (("focus", told.focus), ("engaged", told.engaged)):
            apart = union(intervals[user.pk])
            expected = by_day(apart, midnights)
            counted = [ms(getattr(day, name)) for day in studied]
            if any(abs(one - other) > off for one, other in zip(counted, expected, strict=True)):
                problems.append(f"{user}: days of {name} are {counted}, the pages told {expected}")
            if abs(sum(counted) - length(apart)) > off:
                problems.append(f"{user}: {sum(counted)} ms of {name} on all days, the pages told {length(apart)}")
        if beyond := told.beyond(user.pk, sum(ms(day.focus) for day in studied)):
            problems.append(beyond)
    return problems


def by_day(apart: list[Interval], midnights: list[int]) -> list[int]:
    """How much of these lies on each day; the last one has no end."""
    found = [0] * len(midnights)
    for start, end in apart:
        first, last = bisect_right(midnights, start) - 1, bisect_right(midnights, end - 1) - 1
        cuts = [start, *midnights[first + 1 : last + 1], end]
        for day, (begins, ends) in enumerate(pairwise(cuts), start=first):
            found[day] += ends - begins
    return found


def completions(term: Term) -> list[str]:
    """Percents and scores within their bounds; completed once, told once, one certificate where a course gives any."""
    problems = []
    completed = Counter(EnrollmentEvent.objects.filter(kind="complete").values_list("course", "student"))
    told = Counter(
        Notification.objects.filter(kind="progress.course_completed").values_list("data__enrollment", flat=True)
    )
    issued = Counter(Certificate.objects.values_list("enrollment", flat=True))
    proven = Counter(Notification.objects.filter(kind="certificate.issued").values_list("data__enrollment", flat=True))
    for row in CourseEnrollment.objects.select_related("course"):
        times = completed[row.course_id, row.student_id]
        if not (0 <= row.progress_percentage <= 100 and 0 <= row.engagement_score <= 1):
            problems.append(f"{row}: {row.progress_percentage} %, engagement {row.engagement_score}")
        if times > 1 and row.pk not in term.left:
            problems.append(f"{row}: completed {times} times")
        if told[row.pk] != min(times, 1):
            problems.append(f"{row}: completed {times} times, told {told[row.pk]} times")
        due = int(times > 0 and row.course.certificate_enabled)
        if (issued[row.pk], proven[row.pk]) != (due, due):
            problems.append(f"{row}: {issued[row.pk]} certificates, {proven[row.pk]} notifications of them, due {due}")
    return problems
