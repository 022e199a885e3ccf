"""What is on offer: subjects and courses, and whether somebody may take a seat in one."""

from collections.abc import Collection
from enum import Enum
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models, transaction
from django.db.models.functions import Coalesce, JSONObject
from django.utils import timezone

from courses.events import CertificatesEnabled, CourseChanged
from courses.indexes import Index
from courses.models.enrollment import CourseEnrollment, CourseWaitlist
from users.events import announce

MOST_OFFER_HOURS = 365 * 24


class Subject(models.Model):
    title = models.CharField(max_length=200)
    slug = models.SlugField(max_length=200, unique=True)

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


class Admission(Enum):
    """What a course answers to somebody who wants in: the sentence that `can_enroll` gives."""

    CAN_ENROLL = "Can enroll"
    NOT_OPEN = "Not open for enrollment"  # a draft, or archived
    RESTRICTED = "Restricted course"  # the owner chooses the learners
    SIGN_IN = "Sign in to enroll"
    PENDING = "Approval pending"
    PAUSED = "Enrollment paused"
    ENROLLED = "Already enrolled"  # or completed
    OWNER = "Owner of the course"
    FULL_WITH_WAITLIST = "Course full - can join waitlist"
    FULL = "Course full - no waitlist"


class CourseQuerySet(models.QuerySet["Course"]):
    def with_enrollment_count(self) -> Self:
        """Adds `enrollment_count`, the number that `get_enrollment_count()` gives."""
        return self.annotate(enrollment_count=_count(CourseEnrollment.objects.counted()))

    def with_admission(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        """Adds what `can_enroll(user)` looks at, so that it asks nothing more for any course of a list."""
        own_enrollment = CourseEnrollment.objects.filter(course=models.OuterRef("pk"), student=user.pk or 0)
        queue = CourseWaitlist.objects.filter(course=models.OuterRef("pk"))
        return self.annotate(
            admission_facts=JSONObject(
                user=models.Value(user.pk, output_field=models.BigIntegerField()),
                status=models.Subquery(own_enrollment.values("status")),
                enrollments=_count(CourseEnrollment.objects.holding_seats()),
                offers=_count(CourseWaitlist.objects.offered()),
                waiting=models.Exists(queue.waiting()),
                offered=models.Exists(queue.offered().filter(student=user.pk or 0)),
            )
        )

    def that_admit(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        """Those whose `can_enroll(user)` says yes: `get_admission`, in SQL."""
        if not user.is_authenticated:
            return self.none()
        own = CourseEnrollment.objects.filter(course=models.OuterRef("pk"), student=user.pk, status__in=_OWN_STATES)
        queue = CourseWaitlist.objects.filter(course=models.OuterRef("pk"))
        taken = _count(CourseEnrollment.objects.holding_seats()) + _count(CourseWaitlist.objects.offered())
        has_room = models.Q(max_capacity=None) | models.Q(max_capacity__gt=taken)
        return self.filter(
            ~models.Exists(own),
            (has_room & ~models.Exists(queue.waiting())) | models.Exists(queue.offered().filter(student=user.pk)),
            status=Course.Status.PUBLISHED,
        ).exclude(models.Q(owner=user.pk) | models.Q(enrollment_type=Course.EnrollmentType.RESTRICTED))


def _count(rows: models.QuerySet[Any]) -> Coalesce:
    """How many of these rows belong to the course: counted beside the query, for joined counts multiply."""
    counted = rows.filter(course=models.OuterRef("pk")).order_by().values("course")
    return Coalesce(models.Subquery(counted.annotate(number=models.Count("pk")).values("number")), 0)


class Course(models.Model):
    """A course. Its row is the lock of its seats: whoever gives one out or takes one back locks it first."""

    class EnrollmentType(models.TextChoices):
        OPEN = "open", "Open Enrollment"
        APPROVAL = "approval", "Requires Approval"
        RESTRICTED = "restricted", "Restricted Access"

    class Difficulty(models.TextChoices):
        BEGINNER = "beginner", "Beginner"
        INTERMEDIATE = "intermediate", "Intermediate"
        ADVANCED = "advanced", "Advanced"

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        ARCHIVED = "archived", "Archived"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="courses_created")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="courses")
    title = models.CharField(max_length=200)
    slug = models.SlugField(max_length=200, unique=True)
    overview = models.TextField()
    created = models.DateTimeField(auto_now_add=True)
    students = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        through=CourseEnrollment,
        through_fields=("course", "student"),
        related_name="courses_joined",
        blank=True,
    )
    """Everybody with an enrolment in any state: to read, never to write, and never to decide access by."""

    enrollment_type = models.CharField(max_length=20, choices=EnrollmentType.choices, default=EnrollmentType.OPEN)
    max_capacity = models.PositiveIntegerField(blank=True, null=True, help_text="Optional enrollment limit")
    waitlist_enabled = models.BooleanField(default=True, help_text="Enable waitlist when capacity reached")
    waitlist_offer_hours = models.PositiveIntegerField(
        blank=True,
        null=True,
        validators=[MaxValueValidator(MOST_OFFER_HOURS)],
        help_text="How long an offered seat is kept; empty: as everywhere",
    )

    difficulty_level = models.CharField(max_length=20, choices=Difficulty.choices, blank=True)
    estimated_hours = models.PositiveIntegerField(blank=True, null=True)
    certificate_enabled = models.BooleanField(default=False)
    is_anonymous = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Who watches the course live sees how many learn, and not who",
    )

    status = models.CharField(max_length=20, choices=Status.choices, default=Status.DRAFT)
    published_at = models.DateTimeField(blank=True, null=True)

    objects = CourseQuerySet.as_manager()

    class Meta:
        ordering = ["-created"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(max_capacity__isnull=True) | models.Q(max_capacity__gt=0),
                name="positive_capacity",
            ),
            models.CheckConstraint(
                condition=models.Q(waitlist_offer_hours__isnull=True) | models.Q(waitlist_offer_hours__gt=0),
                name="courses_course_positive_offer_hours",
            ),
            models.CheckConstraint(
                condition=models.Q(waitlist_offer_hours__isnull=True)
                | models.Q(waitlist_offer_hours__lte=MOST_OFFER_HOURS),
                name="courses_course_offer_within_a_year",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "published_at"]),
            models.Index(fields=["enrollment_type"]),
            models.Index(fields=["subject", "status"]),
            Index(fields=["enrollment_type", "status", "max_capacity"], name="idx_course_capacity_lookup"),
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        super().clean()
        is_published = self.status == self.Status.PUBLISHED
        if is_published and (self.pk is None or not self.modules.exists()):
            raise ValidationError("Published courses must have at least one module")

    _stored: dict[str, Any] = {}
    """What the database holds of WATCHED, as far as this object knows."""

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any]) -> Self:
        course = super().from_db(db, field_names, values)
        course._remember()
        return course

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self._remember()

    def _remember(self) -> None:
        self._stored = {name: self.__dict__[name] for name in WATCHED if name in self.__dict__}

    def save(self, *, actor: AbstractBaseUser | AnonymousUser | None = None, **kwargs: Any) -> None:
        """Save, and note when the course was first published. `actor` is whose doing it is, for the audit trail.

        Announces `CourseChanged` when more, fewer or other people may come in than before, and `CertificatesEnabled`
        when it begins to give certificates.
        """
        if self.status == self.Status.PUBLISHED and not self.published_at:
            self.published_at = timezone.now()
            if kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "published_at"}
        written: Collection[str] | None = kwargs.get("update_fields")
        saved = {name for name in self._stored if written is None or name in written}
        changed = {name for name in saved if self._stored[name] != getattr(self, name)}
        with transaction.atomic():
            super().save(**kwargs)
            if changed - {"certificate_enabled"}:
                announce(CourseChanged(self.pk, actor.pk if actor else None))
            if "certificate_enabled" in changed and self.certificate_enabled:
                announce(CertificatesEnabled(self.pk))
        self._stored = {**self._stored, **{name: getattr(self, name) for name in saved}}

    def get_enrollment_count(self) -> int:
        """How many learn here or have completed: the number that is shown."""
        return self.course_enrollments.counted().count()

    def get_seats_taken(self) -> int:
        """How many seats are held: also by the paused, by offers that stand and by requests born of one."""
        return self.course_enrollments.holding_seats().count() + self.waitlist_entries.offered().count()

    def is_full(self) -> bool:
        if not self.max_capacity:
            return False
        return self.get_seats_taken() >= self.max_capacity

    def get_admission(self, user: AbstractBaseUser | AnonymousUser) -> Admission:
        """Whether this user may take a seat now, or why not.

        An answer for a screen, unless the caller holds the course's lock. While anyone waits, a free seat is
        theirs: the course is full for everybody but the one it is offered to.
        """
        if self.status != self.Status.PUBLISHED:
            return Admission.NOT_OPEN
        if self.enrollment_type == self.EnrollmentType.RESTRICTED:
            return Admission.RESTRICTED
        if not user.is_authenticated:
            return Admission.SIGN_IN
        facts = self._admission_facts(user)
        own_state = _OWN_STATES.get(facts["status"])
        if own_state is not None:
            return own_state
        if self.owner_id == user.pk:
            return Admission.OWNER
        is_full = self.max_capacity is not None and facts["enrollments"] + facts["offers"] >= self.max_capacity
        if (is_full or facts["waiting"]) and not facts["offered"]:
            return Admission.FULL_WITH_WAITLIST if self.waitlist_enabled else Admission.FULL
        return Admission.CAN_ENROLL

    def can_enroll(self, user: AbstractBaseUser | AnonymousUser) -> tuple[bool, str]:
        """`(allowed, message)`: see `get_admission`."""
        admission = self.get_admission(user)
        return admission is Admission.CAN_ENROLL, admission.value

    def _admission_facts(self, user: AbstractBaseUser | AnonymousUser) -> dict[str, Any]:
        facts: dict[str, Any] | None = self.__dict__.get("admission_facts")
        if facts is None or facts["user"] != user.pk:
            facts = Course.objects.with_admission(user).only("pk").get(pk=self.pk).__dict__["admission_facts"]
        return facts


WATCHED = ("status", "enrollment_type", "max_capacity", "certificate_enabled")

_OWN_STATES = {
    CourseEnrollment.Status.PENDING: Admission.PENDING,
    CourseEnrollment.Status.PAUSED: Admission.PAUSED,
    CourseEnrollment.Status.ENROLLED: Admission.ENROLLED,
    CourseEnrollment.Status.COMPLETED: Admission.ENROLLED,
}
"""An enrolment that was withdrawn or rejected bars nobody from asking again."""
