"""Random learning and random authoring against a plain-Python oracle of the roll-up, in Python's own integers.

After every step both have come to the same: each percentage, revision and state, what was announced, and the audit
finds nothing. Besides, whatever the oracle says: nothing is beyond 100, and nothing completed is ever taken back.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from courses import authoring, progress, rollup
from courses.errors import HasRecords
from courses.models import Content, ContentProgress, CourseEnrollment, Module, ModuleProgress
from tests.counts import count
from tests.courses.progressing import audit, complete, follow, listening
from tests.people import enroll, make_course, make_user
from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(count(240, 3000))]

NAMES = ("ana", "ben")
students = st.sampled_from(NAMES)
picks = st.integers(0, 30)


@dataclass
class Learner:
    completed: set[int] = field(default_factory=set)
    modules: dict[int, tuple[int, int]] = field(default_factory=dict)  # as written: completed, total
    modules_done: set[int] = field(default_factory=set)
    hundredths: int = 0
    revision: int = 0
    status: str = "enrolled"


class Oracle:
    """A course as `{content: module}`, what of it is archived, and what each learner was written."""

    def __init__(self) -> None:
        self.module_of: dict[int, int] = {}
        self.archived: set[int] = set()
        self.learners = {name: Learner() for name in NAMES}
        self.told: Counter[tuple[str, str]] = Counter()

    def shown(self) -> dict[int, int]:
        return {content: module for content, module in self.module_of.items() if content not in self.archived}

    def complete(self, name: str, content: int) -> None:
        learner = self.learners[name]
        if content not in learner.completed:
            learner.completed.add(content)
            self.roll_up(name, news=1)

    def roll_up(self, name: str, *, news: int = 0) -> None:
        learner, shown = self.learners[name], self.shown()
        has_changed = False
        for module in {*self.module_of.values(), *learner.modules}:
            contents = {content for content, its in shown.items() if its == module}
            now = (len(contents & learner.completed), len(contents))
            if (module in learner.modules or now[0]) and learner.modules.get(module) != now:
                learner.modules[module] = now
                has_changed = True
            if now[1] and now[0] == now[1] and module not in learner.modules_done:
                learner.modules_done.add(module)
                self.told["ModuleCompleted", name] += 1
        done = len(shown.keys() & learner.completed)
        hundredths = done * 10_000 // len(shown) if shown else 0
        if news or has_changed or hundredths != learner.hundredths:
            learner.revision += news or 1
            self.told["ProgressChanged", name] += 1
        learner.hundredths = hundredths
        if shown and done == len(shown) and learner.status == "enrolled":
            learner.status = "completed"
            self.told["CourseCompleted", name] += 1

    def follow(self) -> None:
        for name in self.learners:
            self.roll_up(name)


class Learning(RuleBasedStateMachine):
    people: dict[str, User]
    owner: User
    number = 0

    @initialize(modules=st.integers(1, 3), contents=st.integers(0, 3))
    def begin(self, modules: int, contents: int) -> None:
        follow()  # what others have left
        Learning.number += 1
        self.course = make_course(self.owner, f"course-{self.number}", modules=modules, contents=contents)
        self.enrollments = {name: enroll(person, self.course) for name, person in self.people.items()}
        self.oracle = Oracle()
        self.oracle.module_of = dict(self.contents().values_list("pk", "module"))
        self.ever: set[tuple[int, int]] = set()

    def contents(self) -> Any:
        return Content.objects.filter(module__course=self.course).order_by("pk")

    def pick(self, number: int, rows: Any) -> Any:
        found = list(rows)
        return found[number % len(found)] if found else None

    def agree(self, told: list[Any]) -> None:
        names = {person.pk: name for name, person in self.people.items()}
        assert Counter((type(one).__name__, names[one.student_id]) for one in told) == self.oracle.told
        self.oracle.told.clear()
        for name, enrollment in self.enrollments.items():
            row, learner = CourseEnrollment.objects.get(pk=enrollment.pk), self.oracle.learners[name]
            assert (row.progress_percentage * 100, row.progress_revision, row.status) == (
                learner.hundredths,
                learner.revision,
                learner.status,
            )
            modules = {one.module_id: one for one in ModuleProgress.objects.filter(enrollment=row)}
            assert {pk: (one.completed_contents, one.total_contents) for pk, one in modules.items()} == learner.modules
            assert {pk for pk, one in modules.items() if one.completed_at} == learner.modules_done
            assert all(one.percentage <= 100 for one in modules.values())
        done = ContentProgress.objects.filter(enrollment__course=self.course, is_completed=True)
        before, self.ever = self.ever, set(done.values_list("enrollment", "content"))
        assert before <= self.ever

    @rule(name=students, number=picks)
    def complete(self, name: str, number: int) -> None:
        content = self.pick(number, self.contents().filter(archived_at=None))
        if content is None:
            return
        with listening() as told:
            complete(self.people[name], content)
        self.oracle.complete(name, content.pk)
        self.agree(told)

    @rule(number=picks)
    def add(self, number: int) -> None:
        content = authoring.add_content(module=self.pick(number, self.course.modules.all()), title="New")
        self.oracle.module_of[content.pk] = content.module_id

    @rule(number=picks, archived=st.booleans())
    def archive(self, number: int, archived: bool) -> None:
        content = self.pick(number, self.contents())
        if content is None:
            return
        authoring.change_content(content=content, archived=archived)
        (self.oracle.archived.add if archived else self.oracle.archived.discard)(content.pk)

    @rule(number=picks, to=picks)
    def move(self, number: int, to: int) -> None:
        content, module = self.pick(number, self.contents()), self.pick(to, self.course.modules.all())
        if content is None:
            return
        authoring.change_content(content=content, module_id=module.pk)
        self.oracle.module_of[content.pk] = module.pk

    @rule(number=picks)
    def delete(self, number: int) -> None:
        content = self.pick(number, self.contents())
        if content is None:
            return
        if ContentProgress.objects.filter(content=content).exists():
            with pytest.raises(HasRecords):
                authoring.delete_content(content=content)
            return
        authoring.delete_content(content=content)
        del self.oracle.module_of[content.pk]
        self.oracle.archived.discard(content.pk)

    @rule(number=picks)
    def reorder(self, number: int) -> None:
        module: Module = self.pick(number, self.course.modules.all())
        ids = list(module.contents.order_by("-order").values_list("pk", flat=True))
        authoring.order_contents(module=module, ids=ids)

    @rule()
    def the_job_runs(self) -> None:
        with listening() as told:
            follow()
        self.oracle.follow()
        self.agree(told)
        assert audit() == []


@pytest.fixture(autouse=True)
def people(transactional_db: None) -> None:
    Learning.people = {name: make_user(name) for name in NAMES}
    Learning.owner = make_user("owner", role="instructor")


def test_every_sequence_of_steps_comes_to_what_the_oracle_says() -> None:
    run_state_machine_as_test(
        Learning,
        settings=settings(
            max_examples=count(15, 200),
            stateful_step_count=count(30, 50),
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


def a_course_that_changes_under_its_learners() -> None:
    machine = Learning()
    machine.begin(modules=2, contents=2)
    machine.complete(name="ana", number=0)
    machine.complete(name="ana", number=1)
    machine.archive(number=2, archived=True)
    machine.the_job_runs()
    machine.complete(name="ana", number=2)
    machine.complete(name="ben", number=0)
    machine.archive(number=0, archived=True)
    machine.archive(number=2, archived=False)
    machine.the_job_runs()


def test_one_sequence_of_steps_by_hand() -> None:
    a_course_that_changes_under_its_learners()


def rounds_to_the_nearest(completed: int, total: int) -> Any:
    from decimal import Decimal

    return round(Decimal(completed * 100) / total, 2) if total else Decimal(0)


@pytest.mark.parametrize(
    ("owner", "name", "bug"),
    [
        (rollup, "percentage", rounds_to_the_nearest),
        (rollup, "MODULES", rollup.MODULES.replace(" AND c.archived_at IS NULL", "")),
        (rollup, "RAISE", rollup.RAISE.replace(" + d.changes", "")),
        (rollup._Module, "is_newly_complete", lambda self: 0 < self.total == self.completed),
        (progress, "COMPLETE", progress.COMPLETE.replace(" AND known.is_completed IS NOT TRUE", "")),
    ],
)
def test_a_planted_bug_is_seen(owner: Any, name: str, bug: Any) -> None:
    """The control."""
    with patch.object(owner, name, bug), pytest.raises(AssertionError):
        a_course_that_changes_under_its_learners()
        machine_that_completes_twice()


def machine_that_completes_twice() -> None:
    machine = Learning()
    machine.begin(modules=1, contents=3)
    machine.complete(name="ben", number=0)
    machine.complete(name="ben", number=1)
    machine.complete(name="ben", number=1)
