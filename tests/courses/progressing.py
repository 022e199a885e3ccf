"""What tests of progress have in common: what was announced, the jobs that follow an author, and the audit."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any
from unittest.mock import patch

from django.core.management import CommandError, call_command
from procrastinate.contrib.django.models import ProcrastinateJob

from courses import certificates, enrollment, progress, rollup
from courses.models import Content, Course
from users.models import User

JOBS = {
    "courses.tasks.follow_outline": progress.follow_outline,
    "courses.tasks.follow_enrollments": progress.follow_enrollments,
    "courses.tasks.issue_certificates": lambda course_id: certificates.issue_to_all(course_id),
}


@contextmanager
def listening() -> Iterator[list[Any]]:
    """Every event of progress that is announced meanwhile; whoever subscribed hears them too."""
    told: list[Any] = []
    announce = rollup.announce

    def hear(event: object) -> None:
        told.append(event)
        announce(event)

    with patch.object(rollup, "announce", hear), patch.object(enrollment, "announce", hear):
        yield told


def complete(student: User, content: Content) -> progress.Progress:
    return progress.complete_content(student_id=student.pk, content_id=content.pk)


def contents_of(course: Course) -> list[Content]:
    """In the order of the outline."""
    return list(Content.objects.filter(module__course=course).order_by("module__order", "order"))


def follow() -> int:
    """Do what the job worker has to do for progress and certificates; how many jobs there were."""
    from django.db import connection

    jobs = list(ProcrastinateJob.objects.filter(task_name__in=JOBS, status="todo").order_by("pk"))
    for job in jobs:
        JOBS[job.task_name](**job.args)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE id = ANY(%s)", [[job.pk for job in jobs]])
    return len(jobs)


def audit() -> list[str]:
    """What `audit_progress` says differs."""
    differences = StringIO()
    try:
        call_command("audit_progress", stdout=StringIO(), stderr=differences)
    except CommandError as error:
        return [*differences.getvalue().splitlines(), str(error)]
    return []
