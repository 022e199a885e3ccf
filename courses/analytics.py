"""Sums over the records of learning, for those who teach. One query each, however many learners there are."""

from datetime import timedelta
from typing import TypedDict

from django.db.models import Avg, Count, Q, Sum

from courses.models import CourseEnrollment
from users.models import User


class InstructorTotals(TypedDict):
    """`avg_progress` is 0 to 100; it and `total_learning_time` are None where there is no enrolment."""

    total_students: int
    completed_courses: int
    avg_progress: float | None
    total_learning_time: timedelta | None


def instructor_totals(instructor: User) -> InstructorTotals:
    """All enrolments in the courses of this instructor, in whatever state they are."""
    totals = CourseEnrollment.objects.filter(course__owner=instructor).aggregate(
        total_students=Count("id"),
        completed_courses=Count("id", filter=Q(status=CourseEnrollment.Status.COMPLETED)),
        avg_progress=Avg("progress_percentage"),
        total_learning_time=Sum("total_time_spent"),
    )
    average = totals["avg_progress"]
    return InstructorTotals(
        total_students=totals["total_students"],
        completed_courses=totals["completed_courses"],
        avg_progress=None if average is None else float(average),
        total_learning_time=totals["total_learning_time"],
    )
