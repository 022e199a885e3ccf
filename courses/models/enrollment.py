"""Who learns what: enrolments, the queue for a full course, certificates, and the trail of every change.

The allowed moves between states, and the one function that makes them, are in `courses/enrollment.py`.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models.functions import Now, RowNumber
from django.utils import timezone

from courses.indexes import Index


class CourseEnrollmentQuerySet(models.QuerySet["CourseEnrollment"]):
    def counted(self) -> "CourseEnrollmentQuerySet":
        """Those that the shown `enrollment_count` counts."""
        return self.filter(status__in=CourseEnrollment.WITH_ACCESS)

    def holding_seats(self) -> "CourseEnrollmentQuerySet":
        """Those that take a seat: the paused keep theirs, a request born of an offer keeps the offered one."""
        return self.filter(
            models.Q(status__in=CourseEnrollment.SEATED)
            | models.Q(status=CourseEnrollment.Status.PENDING, from_offer=True)
        )


class CourseEnrollment(models.Model):
    """A learner's place in a course, and what came of it so far."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending Approval"
        ENROLLED = "enrolled", "Enrolled"
        COMPLETED = "completed", "Completed"
        PAUSED = "paused", "Paused"
        WITHDRAWN = "withdrawn", "Withdrawn"
        REJECTED = "rejected", "Rejected"

    WITH_ACCESS: Final = (Status.ENROLLED, Status.COMPLETED)
    """The states in which the course is open to the learner, and time in it is recorded."""
    SEATED: Final = (*WITH_ACCESS, Status.PAUSED)
    """The states that take a seat of the course. (A request takes one when it was born of an offer.)"""

    student = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="student_enrollments")
    course = models.ForeignKey("courses.Course", on_delete=models.CASCADE, related_name="course_enrollments")
    status = models.CharField(max_length=15, choices=Status.choices, default=Status.ENROLLED)
    enrolled_on = models.DateTimeField(auto_now_add=True)
    completed_on = models.DateTimeField(null=True, blank=True)
    progress_percentage = models.DecimalField(max_digits=5, decimal_places=2, default=Decimal("0.00"))
    last_accessed = models.DateTimeField(null=True, blank=True)

    approval_requested_at = models.DateTimeField(blank=True, null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="approved_enrollments",
    )
    approved_at = models.DateTimeField(blank=True, null=True)
    rejection_reason = models.TextField(blank=True)

    total_time_spent = models.DurationField(default=timedelta)
    last_activity = models.DateTimeField(auto_now=True)
    engagement_score = models.DecimalField(max_digits=3, decimal_places=2, default=Decimal("0.00"))

    from_offer = models.BooleanField(
        default=False,
        help_text="The request was born of a seat offer, and keeps that seat until it is decided.",
    )
    engaged_time = models.DurationField(default=timedelta)
    progress_revision = models.BigIntegerField(default=0)

    objects = CourseEnrollmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["student", "course"], name="unique_enrollment"),
            models.CheckConstraint(
                condition=models.Q(progress_percentage__gte=0) & models.Q(progress_percentage__lte=100),
                name="valid_progress_percentage",
            ),
            models.CheckConstraint(
                condition=models.Q(engagement_score__gte=0.0) & models.Q(engagement_score__lte=1.0),
                name="valid_engagement_score",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["pending", "enrolled", "completed", "paused", "withdrawn", "rejected"]),
                name="courses_courseenrollment_known_status",
            ),
            models.CheckConstraint(
                condition=models.Q(engaged_time__gte=timedelta(), engaged_time__lte=models.F("total_time_spent")),
                name="courses_courseenrollment_engaged_within_total",
            ),
        ]
        ordering = ["-enrolled_on"]
        indexes = [
            models.Index(fields=["student", "status"]),
            models.Index(fields=["course", "status"]),
            models.Index(fields=["-last_accessed"]),
            models.Index(fields=["status", "approval_requested_at"]),
            Index(fields=["course", "status", "last_accessed"], name="idx_course_enrollment_analytics"),
        ]

    def __str__(self) -> str:
        return f"{self.student} in {self.course} ({self.status})"

    def clean(self) -> None:
        super().clean()
        if self.status == self.Status.COMPLETED and not self.completed_on:
            self.completed_on = timezone.now()

    @property
    def holds_seat(self) -> bool:
        """See `holding_seats`."""
        return self.status in self.SEATED or (self.status == self.Status.PENDING and self.from_offer)


class CourseWaitlistQuerySet(models.QuerySet["CourseWaitlist"]):
    def offered(self) -> "CourseWaitlistQuerySet":
        """Those whose offer stands at this moment, by PostgreSQL's clock."""
        return self.filter(notified_of_opening=True, offer_expires_at__gt=Now())

    def lapsed(self) -> "CourseWaitlistQuerySet":
        """Those who did not take their seat in time."""
        return self.filter(notified_of_opening=True, offer_expires_at__lte=Now())

    def waiting(self) -> "CourseWaitlistQuerySet":
        """Those who were offered nothing yet."""
        return self.filter(notified_of_opening=False)

    def gone(self) -> "CourseWaitlistQuerySet":
        """Those who are in it no more, though nobody has taken them out yet: lapsed, or the account is disabled."""
        return self.filter(
            models.Q(notified_of_opening=True, offer_expires_at__lte=Now()) | models.Q(student__is_active=False)
        )

    def in_turn(self) -> "CourseWaitlistQuerySet":
        return self.order_by("priority", "joined_waitlist", "pk")

    def with_position(self) -> "CourseWaitlistQuerySet":
        """The queues as they stand, with `position`: 0 while an offer stands, else 1 for the next in turn."""
        standing = self.filter(models.Q(notified_of_opening=False) | models.Q(offer_expires_at__gt=Now()))
        in_turn = models.Window(
            RowNumber(),
            partition_by=[models.F("course"), models.F("notified_of_opening")],
            order_by=[models.F("priority"), models.F("joined_waitlist"), models.F("pk")],
        )
        return standing.annotate(
            position=models.Case(models.When(notified_of_opening=True, then=models.Value(0)), default=in_turn)
        )


class CourseWaitlist(models.Model):
    """One learner's place in the queue for a full course. While an offer stands, a seat is kept for them."""

    course = models.ForeignKey("courses.Course", on_delete=models.CASCADE, related_name="waitlist_entries")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="waitlist_entries")
    joined_waitlist = models.DateTimeField(auto_now_add=True)
    notified_of_opening = models.BooleanField(default=False)
    priority = models.PositiveIntegerField(default=1, help_text="The lower the number, the sooner the turn.")
    offered_at = models.DateTimeField(blank=True, null=True)
    offer_expires_at = models.DateTimeField(blank=True, null=True)

    objects = CourseWaitlistQuerySet.as_manager()

    class Meta:
        verbose_name = "waitlist entry"
        verbose_name_plural = "waitlist entries"
        constraints = [
            models.UniqueConstraint(fields=["course", "student"], name="unique_course_waitlist"),
            models.CheckConstraint(
                condition=models.Q(
                    notified_of_opening=True,
                    offered_at__isnull=False,
                    offer_expires_at__isnull=False,
                    offer_expires_at__gt=models.F("offered_at"),
                )
                | models.Q(notified_of_opening=False, offered_at__isnull=True, offer_expires_at__isnull=True),
                name="courses_coursewaitlist_offer_is_whole",
            ),
        ]
        ordering = ["priority", "joined_waitlist"]
        indexes = [
            models.Index(fields=["course", "priority", "joined_waitlist"]),
            Index(
                fields=["offer_expires_at"],
                condition=models.Q(notified_of_opening=True),
                name="courses_coursewaitlist_lapsing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student} waits for {self.course}"


class Certificate(models.Model):
    """The proof, under a public code, that a learner completed a course."""

    enrollment = models.ForeignKey(CourseEnrollment, on_delete=models.PROTECT, related_name="certificates")
    code = models.CharField(max_length=32, unique=True)
    issued_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(blank=True, null=True)

    class Meta:
        ordering = ["-issued_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["enrollment"],
                condition=models.Q(revoked_at__isnull=True),
                name="courses_certificate_one_valid",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} for {self.enrollment}"


class EnrollmentEvent(models.Model):
    """The audit trail: one row beside every change of somebody's place in a course; it outlives that place."""

    course = models.ForeignKey("courses.Course", on_delete=models.CASCADE, related_name="enrollment_events")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="enrollment_events")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="enrollment_actions",
        help_text="Whoever did it; nobody, when the server did.",
    )
    kind = models.CharField(max_length=30)
    from_status = models.CharField(max_length=15, blank=True)
    to_status = models.CharField(max_length=15, blank=True)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.student} in {self.course}"
