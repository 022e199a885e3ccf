"""Thousands of random moves, time passing among them, against a plain-Python oracle of seats and queue.

After every move both have come to the same: the answer, every state, who waits where, what was announced, and of what
each was notified. Besides, whatever the oracle says: no admission goes over capacity, and notifications are numbered
without a hole.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from courses import bulk, waitlist
from courses import enrollment as moves
from courses.models import Course, CourseEnrollment, CourseWaitlist
from courses.models.enrollment import CourseWaitlistQuerySet
from courses.seats import Seats
from realtime.models import Notification, NotificationCursor
from realtime.notifications import KINDS, tell
from tests.counts import count
from tests.courses.oracle import Oracle
from tests.courses.seating import listening, pass_time
from tests.people import make_course, make_user
from users import events as domain
from users.errors import DomainError
from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(count(240, 3000))]

NAMES = ("ana", "ben", "chidi", "dora", "emil")
students = st.sampled_from(NAMES)
capacities = st.sampled_from([1, 1, 2, 3, None])
KIND_OF = {event.__name__: kind.value for event, kind in KINDS.items()}
SAME = {"offer_lapsed": "no_offer"}  # the oracle forgets who let an offer lapse


class Moves(RuleBasedStateMachine):
    people: dict[str, User]
    owner: User
    number = 0

    @initialize(capacity=capacities, needs_approval=st.booleans())
    def begin(self, capacity: int | None, needs_approval: bool) -> None:
        Moves.number += 1
        CourseWaitlist.objects.all().delete()  # of courses before this one: the job would roll theirs on as well
        Notification.objects.all().delete()
        NotificationCursor.objects.all().delete()
        self.notified: Counter[tuple[str, str]] = Counter()
        kind = "approval" if needs_approval else "open"
        self.course = make_course(
            self.owner, f"course-{self.number}", modules=0, max_capacity=capacity, enrollment_type=kind
        )
        self.oracle = Oracle(capacity, needs_approval)

    def both(self, name: str, student: str, real: Callable[[], object], *arguments: object) -> None:
        taken_before = self.oracle.taken()
        with listening() as told:
            try:
                real()
                outcome = "ok"
            except DomainError as error:
                outcome = SAME.get(error.code, error.code)
                told.clear()
        assert outcome == self.oracle.move(name, student, *arguments), name
        taken = self.agree(told)
        assert self.oracle.capacity is None or taken <= max(self.oracle.capacity, taken_before)

    def agree(self, told: list[Any]) -> int:
        """Both are in the same state, and told the same; how many seats are taken."""
        name_of = {person.pk: name for name, person in self.people.items()}
        heard = Counter((type(event).__name__, name_of.get(getattr(event, "student_id", 0), "")) for event in told)
        assert heard == self.oracle.told
        self.agree_on_notifications()
        rows = CourseEnrollment.objects.filter(course=self.course).select_related("student")
        assert {row.student.username: row.status for row in rows} == self.oracle.status
        assert {row.student.username for row in rows if row.from_offer} == self.oracle.from_offer
        entries = self.course.waitlist_entries.with_position().select_related("student")
        assert {entry.student.username: entry.position for entry in entries} == self.oracle.positions()
        taken = self.course.get_seats_taken()
        assert taken == self.oracle.taken()
        return taken

    def agree_on_notifications(self) -> None:
        """Each was notified once of what the oracle told them, and of nothing else, under numbers without holes."""
        for (event, student), times in self.oracle.told.items():
            if event in KIND_OF:
                to = self.owner.username if event == "EnrollmentRequested" else student
                self.notified[to, KIND_OF[event]] += times
        rows = list(Notification.objects.order_by("number").values_list("user__username", "kind", "number"))
        assert Counter((name, kind) for name, kind, _ in rows) == self.notified
        for name in {name for name, *_ in rows}:
            numbers = [number for to, _, number in rows if to == name]
            assert numbers == list(range(1, len(numbers) + 1)), name

    def row(self, name: str) -> CourseEnrollment:
        found = CourseEnrollment.objects.filter(course=self.course, student=self.people[name]).first()
        return found or CourseEnrollment(course=self.course, student=self.people[name])

    @rule(
        name=students, move=st.sampled_from(["enroll", "enroll", "join", "join", "join", "leave", "accept", "accept"])
    )
    def own(self, name: str, move: str) -> None:
        real = moves.enroll if move == "enroll" else getattr(waitlist, move)
        self.both(move, name, lambda: real(course=self.course, student=self.people[name]))

    @rule(name=students)
    def decline(self, name: str) -> None:
        self.both("decline", name, lambda: waitlist.decline(course=self.course, student=self.people[name]))

    @rule(name=students)
    def withdraw(self, name: str) -> None:
        self.both("withdraw", name, lambda: moves.withdraw(enrollment=self.row(name), actor=self.people[name]))

    @rule(name=students)
    def complete(self, name: str) -> None:
        """It touches no seat, so nothing else happens with it."""
        self.oracle.told.clear()
        with listening() as told:
            if self.oracle.status.get(name) == "enrolled":
                with transaction.atomic():
                    moves.complete(enrollments=[self.row(name)])
                self.oracle.complete(name)
        self.agree(told)

    @rule(name=students, move=st.sampled_from(["approve", "approve", "reject", "pause", "resume", "remove"]))
    def decide(self, name: str, move: str) -> None:
        real = moves.withdraw if move == "remove" else getattr(moves, move)
        reason = {"reason": "Because."} if move == "reject" else {}
        self.both(move, name, lambda: real(enrollment=self.row(name), actor=self.owner, **reason))

    @rule(name=students)
    def admit(self, name: str) -> None:
        student = self.people[name]
        self.both("admit", name, lambda: moves.admit(course=self.course, student=student, actor=self.owner))

    @rule(names=st.lists(students, min_size=1, max_size=3, unique=True))
    def bring(self, names: list[str]) -> None:
        lines = bulk.lines_of_list(names)
        self.both("bring", "", lambda: bulk.enroll_all(course=self.course, lines=lines, actor=self.owner), names)

    @rule(name=students, priority=st.integers(0, 2))
    def prioritise(self, name: str, priority: int) -> None:
        entry = self.course.waitlist_entries.filter(student__username=name).first()
        self.both(
            "prioritise",
            name,
            lambda: waitlist.set_priority(
                course=self.course, entry_id=entry.pk if entry else 0, priority=priority, actor=self.owner, reason="So."
            ),
            priority,
        )

    @rule(capacity=capacities)
    def resize(self, capacity: int | None) -> None:
        course = Course.objects.get(pk=self.course.pk)
        if course.max_capacity == capacity:
            return
        course.max_capacity = capacity
        self.both("resize", "", course.save, capacity)

    @rule(hours=st.sampled_from([5.0, 10.0, 25.0]))
    def time_passes(self, hours: float) -> None:
        """By sums of these no offer is ever exactly as old as it may get."""
        pass_time(hours=hours)
        for one in self.oracle.queue:
            if one.hours_left is not None:
                one.hours_left -= hours

    @rule()
    def the_job_runs(self) -> None:
        has_lapsed = any(one.hours_left is not None and one.hours_left <= 0 for one in self.oracle.queue)
        self.both("nothing", "", waitlist.roll_on if has_lapsed else lambda: None)


@pytest.fixture(autouse=True)
def people(transactional_db: None) -> None:
    Moves.people = {name: make_user(name) for name in NAMES}
    Moves.owner = make_user("owner", role="instructor")


def test_every_sequence_of_moves_comes_to_what_the_oracle_says() -> None:
    run_state_machine_as_test(
        Moves,
        settings=settings(
            max_examples=count(20, 200),
            stateful_step_count=count(30, 50),
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


def a_seat_that_is_freed_and_lapses() -> None:
    machine = Moves()
    machine.begin(capacity=1, needs_approval=False)
    machine.own(name="ana", move="enroll")
    for name in ("ben", "chidi", "dora"):
        machine.own(name=name, move="join")
    machine.withdraw(name="ana")  # ben is offered the seat
    machine.own(name="emil", move="join")
    machine.time_passes(hours=25.0)
    machine.the_job_runs()  # now chidi is
    machine.own(name="chidi", move="accept")


def test_one_sequence_of_moves_by_hand() -> None:
    a_seat_that_is_freed_and_lapses()


def jumps_the_queue(self: CourseWaitlistQuerySet) -> CourseWaitlistQuerySet:
    return self.order_by("-pk")


def forgets_offers(self: Seats) -> int | None:
    capacity = self.course.max_capacity
    held = self.course.course_enrollments.holding_seats().count()
    return None if capacity is None else max(0, capacity - held)


def forgets_to_roll_on(self: Seats) -> None:
    pass


@pytest.mark.parametrize(
    ("owner", "name", "bug"),
    [
        (CourseWaitlistQuerySet, "in_turn", jumps_the_queue),
        (Seats, "free", forgets_offers),
        (Seats, "_roll_on", forgets_to_roll_on),
    ],
)
def test_a_planted_bug_is_seen(owner: type[Any], name: str, bug: Any) -> None:
    """The control."""
    with patch.object(owner, name, bug), pytest.raises(AssertionError):
        a_seat_that_is_freed_and_lapses()


def test_a_second_notification_is_seen() -> None:
    """The control (N): everything that is told is told twice."""

    def tell_again(event: Any) -> None:
        tell(event)

    twice = {event: [*domain._handlers[event], tell_again] for event in KINDS}
    with patch.dict(domain._handlers, twice), pytest.raises(AssertionError):
        a_seat_that_is_freed_and_lapses()
