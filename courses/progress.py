"""Completing contents: by hand, by engaged time, by what was consumed; and what an author's changes lead to.

Owns of `ContentProgress` whether, when, how and with which revision a content was completed: `complete` writes it, and
never takes it back. What follows for modules and course is in `courses/rollup.py`, in the same transaction. The lock of
the enrolment is what keeps two devices of a learner apart: it is taken first, and all is read after that.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction

from courses import catalogue
from courses.errors import NotEnrolled, NotFound, NotManual
from courses.events import RequiredTimeReached
from courses.ledger import lock_enrollments
from courses.models import CompletionMethod, Content, Course, CourseEnrollment
from courses.rollup import roll_up

BATCH = 200
"""Enrolments rolled up in one transaction: they stay locked for its few milliseconds."""

Pair = tuple[int, int]
"""An enrolment and a content."""

COMPLETE = """
INSERT INTO courses_contentprogress AS p (enrollment_id, content_id, started_at, completed_at, is_completed, time_spent,
    view_count, completion_method, engaged_time, completed_revision)
SELECT d.enrollment, d.content, clock_timestamp(), clock_timestamp(), true, interval '0', 0, c.completion_method,
    interval '0', e.progress_revision + row_number() OVER (PARTITION BY d.enrollment ORDER BY d.content)
FROM unnest(%s::bigint[], %s::bigint[]) AS d(enrollment, content)
JOIN courses_content c ON c.id = d.content
JOIN courses_courseenrollment e ON e.id = d.enrollment
LEFT JOIN courses_contentprogress known ON known.enrollment_id = d.enrollment AND known.content_id = d.content
WHERE c.archived_at IS NULL AND known.is_completed IS NOT TRUE
ORDER BY d.enrollment, d.content
ON CONFLICT (enrollment_id, content_id) DO UPDATE SET is_completed = true, completed_at = EXCLUDED.completed_at,
    completion_method = EXCLUDED.completion_method, completed_revision = EXCLUDED.completed_revision
RETURNING enrollment_id
"""

DUE = """
SELECT p.enrollment_id, p.content_id
FROM courses_contentprogress p JOIN courses_content c ON c.id = p.content_id
JOIN courses_courseenrollment e ON e.id = p.enrollment_id AND e.status IN ('enrolled', 'completed', 'paused')
WHERE {which} AND NOT p.is_completed AND c.archived_at IS NULL AND (
    c.completion_method = 'time_based' AND p.engaged_time >= c.required_seconds * interval '1 s'
    OR c.completion_method = 'auto' AND EXISTS (SELECT FROM courses_contentitem i WHERE i.content_id = c.id)
        AND NOT EXISTS (
            SELECT FROM courses_contentitem i
            LEFT JOIN courses_itemprogress ip ON ip.item_id = i.id AND ip.enrollment_id = p.enrollment_id
            WHERE i.content_id = c.id AND ip.consumed_at IS NULL))
"""
"""What has come to all that its content asks for, and is not completed: an author asked for more before. Of those who
are in the course; who comes back is looked at then."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an enrolment stands, and a content of it: the fields of `progress.updated`. Percents are 0 to 100.

    `is_news`: the content was completed just now.
    """

    course: str
    enrollment: int
    revision: int
    content: int | None
    content_completed: bool | None
    module: int | None
    module_percent: float | None
    course_percent: float
    status: str
    is_news: bool = field(compare=False)


STANDING = """
SELECT co.slug, e.id, e.progress_revision, c.id, coalesce(p.is_completed, false), c.module_id,
    coalesce(mp.percentage, 0)::float8, e.progress_percentage::float8, e.status, %s
FROM courses_courseenrollment e
JOIN courses_course co ON co.id = e.course_id
JOIN courses_content c ON c.id = %s
LEFT JOIN courses_contentprogress p ON p.enrollment_id = e.id AND p.content_id = c.id
LEFT JOIN courses_moduleprogress mp ON mp.enrollment_id = e.id AND mp.module_id = c.module_id
WHERE e.id = %s
"""
"""The columns of `Progress`, in its order."""


def complete_content(*, student_id: int, content_id: int) -> Progress:
    """The learner says that this content is done. Said again, it changes nothing and is answered alike.

    Locks the enrolment. Announces what `rollup.roll_up` does. Raises NotFound, NotEnrolled, NotManual.
    """
    with transaction.atomic():
        enrollment, content = lock_for_content(student_id=student_id, content_id=content_id)
        if content.completion_method != CompletionMethod.MANUAL:
            raise NotManual
        is_news = complete([(enrollment.pk, content.pk)])
        with connection.cursor() as cursor:
            cursor.execute(STANDING, [is_news, content.pk, enrollment.pk])
            return Progress(*cursor.fetchone())


def lock_for_content(*, student_id: int, content_id: int) -> tuple[CourseEnrollment, Content]:
    """The content, and the locked enrolment under which this learner studies it.

    Raises NotFound for what is archived, or of a course that they do not see; NotEnrolled.
    """
    nothing = NotFound(f"content: there is no content {content_id}.")
    contents = Content.objects.in_outline().exclude(module__course__status=Course.Status.DRAFT).filter(pk=content_id)
    found = contents.select_related("module__course").first()
    if found is None:
        raise nothing
    course = found.module.course
    enrollments = CourseEnrollment.objects.select_for_update(no_key=True)
    enrollment = enrollments.filter(student=student_id, course=course).first()
    if enrollment is None or enrollment.status not in CourseEnrollment.WITH_ACCESS:
        is_in_sight = course.status == Course.Status.PUBLISHED or (
            enrollment is not None and enrollment.status in catalogue.IN_COURSE
        )
        raise NotEnrolled if is_in_sight else nothing
    content = contents.first()  # read again, under the lock
    if content is None:
        raise nothing
    return enrollment, content


def complete(pairs: Collection[Pair]) -> bool:
    """Complete these contents, as far as they are not, and roll up. Whether any was not. The caller has locked the
    enrolments.

    The method that is kept is the one that the content has now. Announces what `rollup.roll_up` does.
    """
    with connection.cursor() as cursor:
        cursor.execute(COMPLETE, [[enrollment for enrollment, _ in pairs], [content for _, content in pairs]])
        completed = Counter(row[0] for row in cursor.fetchall())
    if completed:
        roll_up(sorted(completed), completed=completed)
    return bool(completed)


def required_time_reached(event: RequiredTimeReached) -> None:
    """Complete time based contents, in the transaction that settles the time."""
    complete(event.reached)


# After an author's changes -------------------------------------------------------------------------------------


def follow_outline(course_id: int) -> None:
    """Roll up all enrolments of this course, in batches, each a transaction of its own that locks its enrolments.

    Repeating it is harmless: what is in line already is left alone, and nobody is told of it.
    """
    assert not connection.in_atomic_block, "each batch is committed"
    rows = CourseEnrollment.objects.filter(course=course_id).order_by("pk")
    last = 0
    while ids := list(rows.filter(pk__gt=last).values_list("pk", flat=True)[:BATCH]):
        follow_enrollments(ids)
        last = ids[-1]


def follow_enrollments(enrollment_ids: Sequence[int]) -> None:
    """Complete what is due in these enrolments, and roll them up. Locks them. Announces what `rollup.roll_up` does."""
    with transaction.atomic():
        lock_enrollments(enrollment_ids)
        complete(_due(enrollment_ids))
        roll_up(enrollment_ids)


def _due(enrollment_ids: Sequence[int]) -> list[Pair]:
    with connection.cursor() as cursor:
        cursor.execute(DUE.format(which="p.enrollment_id = ANY(%s)"), [list(enrollment_ids)])
        return [(enrollment, content) for enrollment, content in cursor.fetchall()]
