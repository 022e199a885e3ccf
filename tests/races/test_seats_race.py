"""Many at once for few seats: over HTTP at two processes, and by two moves that contradict each other."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.counts import count
from tests.people import enroll, make_course, make_user, token_of
from tests.races.test_access_race import deadlocks, no_deadlocks
from tests.site import Site, orm

if TYPE_CHECKING:
    from courses.models import Course, CourseEnrollment
    from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(count(180, 1200))]

LEARNERS = count(40, 200)
ROUNDS = count(6, 100)
PATIENCE_SECONDS = count(60, 300)


# Over HTTP -----------------------------------------------------------------------------------------------------


async def storm(site: Site, owner: "User") -> tuple[list[httpx.Response], list[httpx.Response]]:
    """Everybody wants the one seat at the same moment; whoever is refused waits. The enrolments and the places."""

    def prepare() -> list[str]:
        make_course(owner, "seminar", max_capacity=1)
        return [token_of(make_user(f"learner{number}")) for number in range(LEARNERS)]

    tokens = await orm(prepare)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)  # none that a server is about to close

    async with httpx.AsyncClient(timeout=120, trust_env=False, limits=limits) as client:

        async def post(number: int, path: str) -> httpx.Response:
            url = f"{site.http(number % 2)}/api/v1/courses/seminar/{path}/"
            until = monotonic() + PATIENCE_SECONDS
            while monotonic() < until:
                answer = await client.post(url, headers={"Authorization": f"Bearer {tokens[number]}"})
                if answer.status_code != 503:
                    return answer
                await asyncio.sleep(0.2)  # the server says: every connection to the database is taken, come back
            raise AssertionError(f"{url}: only 503 for {PATIENCE_SECONDS} s")

        async def want(number: int) -> tuple[httpx.Response, httpx.Response | None]:
            answer = await post(number, "enroll")
            return answer, await post(number, "waitlist") if answer.status_code == 409 else None

        answers = await asyncio.gather(*(want(number) for number in range(LEARNERS)))
    return [first for first, _ in answers], [second for _, second in answers if second is not None]


async def test_one_seat_goes_to_one_of_many_and_the_others_wait_in_line(site: Site, ines: "User") -> None:
    before = await orm(deadlocks)
    enrolled, places = await storm(site, ines)
    assert await orm(deadlocks) == before

    assert Counter(answer.status_code for answer in enrolled) == {201: 1, 409: LEARNERS - 1}
    assert {answer.json()["code"] for answer in enrolled if answer.status_code == 409} == {"course_full"}
    assert sorted(answer.json()["position"] for answer in places) == list(range(1, LEARNERS))
    assert await orm(seats_and_waiting) == (1, LEARNERS - 1)


async def test_without_the_lock_it_oversells(make_site: Callable[..., Site], ines: "User") -> None:
    """The control: shows that the test above would see it."""
    site = make_site(processes=2, app="tests.races.plants:no_course_lock")
    enrolled, _ = await storm(site, ines)
    assert sum(answer.status_code == 201 for answer in enrolled) > 1
    assert (await orm(seats_and_waiting))[0] > 1


def seats_and_waiting() -> tuple[int, int]:
    from courses.models import Course

    course = Course.objects.get()
    return course.get_seats_taken(), course.waitlist_entries.waiting().count()


# Two moves at once ---------------------------------------------------------------------------------------------


def at_once(*calls: Callable[[], object]) -> list[str]:
    """Call all of these at the same moment; what each came to: "ok", or the code of the error."""
    from django.db import connection

    from users.errors import DomainError

    outcomes = [""] * len(calls)
    start = threading.Barrier(len(calls))

    def run(number: int) -> None:
        start.wait()
        try:
            calls[number]()
            outcomes[number] = "ok"
        except DomainError as error:
            outcomes[number] = error.code
        except Exception as error:
            outcomes[number] = repr(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def fresh(owner: "User", number: int, **fields: Any) -> "tuple[Course, CourseEnrollment]":
    """A course of one seat, and the enrolment that has it."""
    course = make_course(owner, f"course{number}", modules=0, **{"max_capacity": 1, **fields})
    return course, enroll(make_user(f"holder{number}"), course)


def place_of(course: "Course", user: "User") -> int | None:
    from courses import catalogue

    place = catalogue.waitlist_place(course=course, user=user)
    return place.position if place else None


def test_an_offer_is_accepted_or_lapses(ines: "User", ben: "User", chidi: "User") -> None:
    from courses import enrollment, waitlist
    from courses.models import CourseEnrollment, CourseWaitlist
    from courses.models.session import ClockTimestamp

    seen: Counter[str] = Counter()
    with no_deadlocks():
        for number in range(ROUNDS):
            course, seat = fresh(ines, number)
            for student in (ben, chidi):
                waitlist.join(course=course, student=student)
            enrollment.withdraw(enrollment=seat, actor=ines)
            left = timedelta(milliseconds=number % 6)
            CourseWaitlist.objects.filter(course=course, student=ben).update(
                offered_at=ClockTimestamp() - timedelta(hours=1), offer_expires_at=ClockTimestamp() + left
            )
            accepted, rolled = at_once(lambda c=course: waitlist.accept(course=c, student=ben), waitlist.roll_on)  # type: ignore[misc]
            assert rolled == "ok"
            waitlist.roll_on()
            is_in = CourseEnrollment.objects.filter(course=course, student=ben, status="enrolled").exists()
            assert (accepted == "ok") == is_in
            assert accepted in ("ok", "offer_lapsed", "no_offer")
            assert place_of(course, chidi) == (1 if is_in else 0)
            assert place_of(course, ben) is None
            assert course.get_seats_taken() == 1
            seen[accepted] += 1


def test_whoever_joins_while_a_seat_is_given_up_gets_it_offered_or_may_take_it(ines: "User", ben: "User") -> None:
    from courses import enrollment, waitlist

    with no_deadlocks():
        for number in range(ROUNDS):
            course, seat = fresh(ines, number)
            withdrawn, joined = at_once(
                lambda s=seat: enrollment.withdraw(enrollment=s, actor=ines),  # type: ignore[misc]
                lambda c=course: waitlist.join(course=c, student=ben),  # type: ignore[misc]
            )
            assert withdrawn == "ok"
            assert (joined, place_of(course, ben)) in (("ok", 0), ("course_not_full", None))
            enrollment.enroll(course=course, student=ben)


@pytest.mark.parametrize("pair", [("approve", "reject"), ("approve", "approve"), ("reject", "withdraw")])
def test_of_two_decisions_one_counts(ines: "User", admin: "User", ben: "User", pair: tuple[str, str]) -> None:
    from courses import enrollment
    from courses.models import EnrollmentEvent

    decide: dict[str, Callable[..., object]] = {
        "approve": enrollment.approve,
        "reject": lambda **who: enrollment.reject(**who, reason="No."),
        "withdraw": enrollment.withdraw,
    }
    left = {"approve": "enrolled", "reject": "rejected", "withdraw": "withdrawn"}
    with no_deadlocks():
        for number in range(ROUNDS):
            course, _ = fresh(ines, number, max_capacity=2, enrollment_type="approval")
            request = enrollment.enroll(course=course, student=ben)
            outcomes = at_once(
                lambda r=request: decide[pair[0]](enrollment=r, actor=ines),  # type: ignore[misc]
                lambda r=request: decide[pair[1]](enrollment=r, actor=admin),  # type: ignore[misc]
            )
            assert sorted(outcomes) == ["move_not_allowed", "ok"]
            request.refresh_from_db()
            assert request.status == left[pair[outcomes.index("ok")]]
            assert EnrollmentEvent.objects.filter(course=course, student=ben).count() == 2


def test_a_lowered_capacity_lets_in_nobody_after_it(ines: "User") -> None:
    from courses import enrollment
    from courses.models import Course

    students = [make_user(f"learner{number}") for number in range(4)]
    with no_deadlocks():
        for number in range(ROUNDS):
            course, _ = fresh(ines, number, max_capacity=4)
            lower = Course.objects.get(pk=course.pk)
            lower.max_capacity = 2
            taken_then = 0

            def lower_it(lower: Course = lower) -> None:
                from django.db import transaction

                nonlocal taken_then
                with transaction.atomic():
                    lower.save(update_fields=["max_capacity"])
                    taken_then = lower.get_seats_taken()

            lowered, *enrolled = at_once(
                lower_it,
                *(lambda c=course, s=student: enrollment.enroll(course=c, student=s) for student in students),  # type: ignore[misc]
            )
            assert lowered == "ok"
            assert set(enrolled) <= {"ok", "course_full"}
            taken = course.get_seats_taken()
            assert taken == 1 + enrolled.count("ok")
            assert taken == max(taken_then, 2)


def test_accounts_close_while_their_courses_are_full_of_moves(ines: "User") -> None:
    """Locks of several courses, and of one: in the same order, or somebody would wait for ever."""
    from django.db import transaction

    from courses import enrollment, waitlist
    from users.events import AccountClosing, announce

    def closes(student: "User") -> None:
        with transaction.atomic():
            announce(AccountClosing(student.pk))

    students = [make_user(f"learner{number}") for number in range(4)]
    with no_deadlocks():
        for number in range(ROUNDS):
            courses = [fresh(ines, number * 2 + which)[0] for which in range(2)]
            for course in courses:
                for student in students[:2]:
                    waitlist.join(course=course, student=student)
            seats = [course.course_enrollments.get() for course in courses]
            outcomes = at_once(
                lambda: closes(students[0]),
                lambda: closes(students[1]),
                *(lambda s=seat: enrollment.withdraw(enrollment=s, actor=ines) for seat in seats),  # type: ignore[misc]
                *(lambda c=course: waitlist.join(course=c, student=students[2]) for course in courses[::-1]),  # type: ignore[misc]
            )
            assert set(outcomes) <= {"ok", "course_not_full"}
            for course in courses:
                assert place_of(course, students[0]) is place_of(course, students[1]) is None
                assert place_of(course, students[2]) in (0, None)
