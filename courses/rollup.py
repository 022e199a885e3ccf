"""The roll-up: from completed contents to modules, from these to the course. docs/progress.md has the rules.

Owns `ModuleProgress`, and of `CourseEnrollment` the `progress_percentage` and `progress_revision`: nothing else writes
them. Whoever rolls up has locked the enrolments, by id, and all is read after that. Who may complete what, and the job
that follows an author's changes, are in `courses/progress.py`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from courses import enrollment as places
from courses.events import ModuleCompleted, ProgressChanged
from courses.models import CourseEnrollment, ModuleProgress
from users.events import announce

MODULES = """
SELECT e.id, m.id, count(p.id), count(c.id),
    mp.completed_contents, mp.total_contents, mp.percentage, mp.completed_at
FROM courses_courseenrollment e
JOIN courses_module m ON m.course_id = e.course_id
LEFT JOIN courses_content c ON c.module_id = m.id AND c.archived_at IS NULL
LEFT JOIN courses_contentprogress p ON p.enrollment_id = e.id AND p.content_id = c.id AND p.is_completed
LEFT JOIN courses_moduleprogress mp ON mp.enrollment_id = e.id AND mp.module_id = m.id
WHERE e.id = ANY(%s)
GROUP BY e.id, m.id, mp.id
ORDER BY e.id, m.id
"""

RAISE = """
UPDATE courses_courseenrollment e SET progress_percentage = d.percentage,
    progress_revision = e.progress_revision + d.changes, last_activity = now()
FROM unnest(%s::bigint[], %s::numeric[], %s::bigint[]) AS d(id, percentage, changes) WHERE e.id = d.id
"""


class _Module(NamedTuple):
    """A module as an enrolment has it now, and as it was written last; None where nothing was."""

    enrollment: int
    module: int
    completed: int
    total: int
    was_completed: int | None
    was_total: int | None
    was_percentage: Decimal | None
    completed_at: datetime | None

    @property
    def percentage(self) -> Decimal:
        return percentage(self.completed, self.total)

    def has_changed(self) -> bool:
        was = (self.was_completed or 0, self.was_total, self.was_percentage)
        if self.was_total is None:
            return self.completed > 0  # there is no row before something is completed
        return was != (self.completed, self.total, self.percentage) or self.is_newly_complete()

    def is_newly_complete(self) -> bool:
        return self.completed_at is None and 0 < self.total == self.completed


@dataclass(slots=True)
class _Count:
    completed: int = 0
    total: int = 0


def percentage(completed: int, total: int) -> Decimal:
    """`completed` of `total`, in percent, rounded down to hundredths: 100 is all of them, and nothing less is."""
    return Decimal(completed * 10_000 // total) / 100 if total else Decimal(0)


def roll_up(enrollment_ids: Sequence[int], *, completed: Mapping[int, int] | None = None) -> None:
    """Bring modules and course of these enrolments in line with their contents. The caller has locked them.

    `completed` says how many contents of which enrolment have just been completed: each has a revision of its own.
    What changes without one raises the revision by one. At 100 % the enrolment moves from enrolled to completed.
    Announces `ModuleCompleted`, what `enrollment.complete` does, and `ProgressChanged` for whoever has a new revision;
    nothing to who is not in the course any more.
    """
    news = completed or {}
    with connection.cursor() as cursor:
        cursor.execute(MODULES, [list(enrollment_ids)])
        modules = [_Module(*row) for row in cursor.fetchall()]
    counts: dict[int, _Count] = defaultdict(_Count)
    for one in modules:
        counts[one.enrollment].completed += one.completed
        counts[one.enrollment].total += one.total
    changed = [one for one in modules if one.has_changed()]
    _write_modules(changed)
    has_changed = {one.enrollment for one in changed}
    found = list(CourseEnrollment.objects.filter(pk__in=enrollment_ids).order_by("student", "pk"))
    raised: list[tuple[CourseEnrollment, Decimal, int]] = []
    completing: list[CourseEnrollment] = []
    for row in found:
        count = counts[row.pk]
        now = percentage(count.completed, count.total)
        completes = row.status == CourseEnrollment.Status.ENROLLED and 0 < count.total == count.completed
        changes = news.get(row.pk) or int(row.pk in has_changed or now != row.progress_percentage or completes)
        if changes:
            raised.append((row, now, changes))
        if completes:
            completing.append(row)
    if raised:
        with connection.cursor() as cursor:
            cursor.execute(
                RAISE,
                [[row.pk for row, *_ in raised], [now for _, now, _ in raised], [changes for *_, changes in raised]],
            )
    _announce_modules([row for row in found if row.status in CourseEnrollment.SEATED], changed)
    places.complete(enrollments=completing)
    for row, *_ in raised:
        if row.status in CourseEnrollment.SEATED:
            announce(ProgressChanged(row.course_id, row.student_id, row.pk))


def _write_modules(changed: Sequence[_Module]) -> None:
    now = timezone.now()
    ModuleProgress.objects.bulk_create(
        [
            ModuleProgress(
                enrollment_id=one.enrollment,
                module_id=one.module,
                completed_contents=one.completed,
                total_contents=one.total,
                percentage=one.percentage,
                completed_at=now if one.is_newly_complete() else one.completed_at,
            )
            for one in changed
        ],
        update_conflicts=True,
        unique_fields=["enrollment", "module"],
        update_fields=["completed_contents", "total_contents", "percentage", "completed_at"],
    )


def _announce_modules(in_course: Sequence[CourseEnrollment], changed: Sequence[_Module]) -> None:
    newly: dict[int, list[int]] = defaultdict(list)
    for one in changed:
        if one.is_newly_complete():
            newly[one.enrollment].append(one.module)
    for row in in_course:
        for module in newly[row.pk]:
            announce(ModuleCompleted(row.course_id, row.student_id, row.pk, module))
