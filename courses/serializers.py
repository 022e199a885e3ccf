"""The shapes of the courses' REST surface. Durations are seconds; a course is named by its slug."""

from datetime import timedelta
from typing import Any, Never, TypedDict

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from courses import certificates, examples
from courses.bulk import MOST_CHARACTERS, MOST_LINES
from courses.catalogue import WaitlistPlace
from courses.models import (
    Certificate,
    Course,
    CourseEnrollment,
    CourseWaitlist,
    LearningSession,
    Subject,
)


def seconds(duration: timedelta) -> float:
    return round(duration.total_seconds(), 3)


@extend_schema_field(OpenApiTypes.DOUBLE)
class SecondsField(serializers.Field[timedelta, Never, float, Any]):
    """A duration as seconds, to the millisecond; one that was never written is 0."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def get_attribute(self, instance: Any) -> timedelta:
        duration: timedelta | None = super().get_attribute(instance)
        return duration or timedelta()

    def to_representation(self, value: timedelta) -> float:
        return seconds(value)


@extend_schema_serializer(examples=examples.answered(examples.SUBJECT))
class SubjectSerializer(serializers.ModelSerializer[Subject]):
    class Meta:
        model = Subject
        fields = ["id", "title", "slug"]
        read_only_fields = fields


class CanEnroll(TypedDict):
    allowed: bool
    message: str


@extend_schema_serializer(examples=examples.answered(examples.WAITLIST_PLACE))
class WaitlistPlaceSerializer(serializers.Serializer[WaitlistPlace]):
    """Position 0: an offer is yours, until `offer_expires_at`. Null: not in it."""

    position = serializers.IntegerField(allow_null=True)
    offer_expires_at = serializers.DateTimeField(allow_null=True)


@extend_schema_serializer(examples=examples.answered(examples.LISTED_COURSE))
class CourseListSerializer(serializers.ModelSerializer[Course]):
    """Optimized course list for mobile/API: of a course from `catalogue.listed_courses`.

    `waitlist` is the caller's place in its queue, null where there is none.
    """

    subject = serializers.CharField(source="subject.slug", read_only=True)
    subject_title = serializers.CharField(source="subject.title", read_only=True)
    difficulty_level = serializers.ChoiceField(Course.Difficulty.choices, allow_blank=True, read_only=True)
    enrollment_count = serializers.IntegerField(read_only=True)
    can_enroll = serializers.SerializerMethodField()
    instructor_name = serializers.CharField(source="owner.get_full_name", read_only=True)
    owner = serializers.CharField(source="owner.username", read_only=True)
    waitlist = serializers.SerializerMethodField()

    class Meta:
        model = Course
        fields = [
            "id",
            "title",
            "slug",
            "overview",
            "difficulty_level",
            "estimated_hours",
            "enrollment_count",
            "can_enroll",
            "instructor_name",
            "owner",
            "subject",
            "subject_title",
            "enrollment_type",
            "max_capacity",
            "waitlist_enabled",
            "certificate_enabled",
            "is_anonymous",
            "status",
            "published_at",
            "waitlist",
        ]
        read_only_fields = fields

    def get_can_enroll(self, course: Course) -> CanEnroll:
        allowed, message = course.can_enroll(self.context["request"].user)
        return {"allowed": allowed, "message": message}

    @extend_schema_field(WaitlistPlaceSerializer(allow_null=True))
    def get_waitlist(self, course: Any) -> Any:
        return None if course.position is None else WaitlistPlaceSerializer(course).data


@extend_schema_serializer(examples=examples.answered(examples.ENROLLMENT))
class EnrollmentSerializer(serializers.ModelSerializer[CourseEnrollment]):
    """An enrolment. `progress_percentage` is 0 to 100, `engagement_score` 0 to 1.

    `certificate` is the code of a valid one, null where there is none.
    """

    course = serializers.CharField(source="course.slug", read_only=True)
    course_title = serializers.CharField(source="course.title", read_only=True)
    student = serializers.CharField(source="student.username", read_only=True)
    student_name = serializers.CharField(source="student.get_full_name", read_only=True)
    progress_percentage = serializers.FloatField(read_only=True)
    engagement_score = serializers.FloatField(read_only=True)
    total_time_spent_seconds = SecondsField(source="total_time_spent")
    engaged_seconds = SecondsField(source="engaged_time")
    certificate = serializers.SerializerMethodField()

    class Meta:
        model = CourseEnrollment
        fields = [
            "id",
            "course",
            "course_title",
            "student",
            "student_name",
            "status",
            "progress_percentage",
            "progress_revision",
            "enrolled_on",
            "completed_on",
            "last_accessed",
            "total_time_spent_seconds",
            "engaged_seconds",
            "engagement_score",
            "approval_requested_at",
            "approved_at",
            "rejection_reason",
            "from_offer",
            "certificate",
        ]
        read_only_fields = fields

    def get_certificate(self, enrollment: CourseEnrollment) -> str | None:
        return next((one.code for one in enrollment.certificates.all() if one.revoked_at is None), None)


@extend_schema_serializer(examples=examples.answered(examples.CERTIFICATE))
class CertificateSerializer(serializers.ModelSerializer[Certificate]):
    """A certificate for whoever has its code. `revoked_at` is null while it is valid."""

    holder = serializers.SerializerMethodField()
    course = serializers.CharField(source="enrollment.course.slug", read_only=True)
    course_title = serializers.CharField(source="enrollment.course.title", read_only=True)

    class Meta:
        model = Certificate
        fields = ["code", "holder", "course", "course_title", "issued_at", "revoked_at"]
        read_only_fields = fields

    def get_holder(self, certificate: Certificate) -> str:
        return certificates.holder(certificate)


@extend_schema_serializer(examples=examples.answered(examples.PROGRESS))
class StudentProgressSerializer(serializers.ModelSerializer[CourseEnrollment]):
    """Student progress data with learning analytics: of an enrolment from `catalogue.student_progress`."""

    course = serializers.CharField(source="course.slug", read_only=True)
    course_title = serializers.CharField(source="course.title", read_only=True)
    progress_percentage = serializers.FloatField(read_only=True)
    total_modules = serializers.IntegerField(read_only=True)
    completed_modules = serializers.IntegerField(read_only=True)
    learning_time_hours = serializers.SerializerMethodField()
    engagement_score = serializers.FloatField(read_only=True)

    class Meta:
        model = CourseEnrollment
        fields = [
            "id",
            "course",
            "course_title",
            "status",
            "progress_percentage",
            "total_modules",
            "completed_modules",
            "learning_time_hours",
            "last_accessed",
            "engagement_score",
        ]
        read_only_fields = fields

    def get_learning_time_hours(self, enrollment: CourseEnrollment) -> float:
        return round(enrollment.total_time_spent.total_seconds() / 3600, 2)


@extend_schema_serializer(examples=examples.answered(examples.WAITLIST_ENTRY))
class WaitlistEntrySerializer(serializers.ModelSerializer[CourseWaitlist]):
    """An entry of `with_position()`, for the course's owner."""

    student = serializers.CharField(source="student.username", read_only=True)
    student_name = serializers.CharField(source="student.get_full_name", read_only=True)
    position = serializers.IntegerField(read_only=True)

    class Meta:
        model = CourseWaitlist
        fields = ["id", "student", "student_name", "position", "priority", "joined_waitlist", "offer_expires_at"]
        read_only_fields = fields


REASON_CHARACTERS = 1_000


@extend_schema_serializer(examples=examples.sent(examples.REASON))
class ReasonSerializer(serializers.Serializer[Any]):
    """Why: the learner is told, and the audit trail keeps it."""

    reason = serializers.CharField(max_length=REASON_CHARACTERS, allow_blank=True, default="")


@extend_schema_serializer(examples=examples.sent(examples.PRIORITY))
class PrioritySerializer(ReasonSerializer):
    """The lower the number, the sooner the turn; who joins has 1. The reason goes into the audit trail."""

    priority = serializers.IntegerField(min_value=0, max_value=1_000_000)


@extend_schema_serializer(examples=examples.sent(examples.LEARNERS))
class ImportListSerializer(serializers.Serializer[Any]):
    """User names or verified addresses. With `dry_run` nobody is enrolled; the answer is the same."""

    learners = serializers.ListField(
        child=serializers.CharField(max_length=MOST_CHARACTERS, allow_blank=True), max_length=MOST_LINES
    )
    dry_run = serializers.BooleanField(default=False)


class ImportFileSerializer(serializers.Serializer[Any]):
    """A CSV file in UTF-8: a user name or verified address a line, or a column called `username` or `email`."""

    file = serializers.FileField()
    dry_run = serializers.BooleanField(default=False)


@extend_schema_serializer(examples=examples.answered(examples.IMPORTED))
class ImportedSerializer(serializers.Serializer[Any]):
    """Who was enrolled, or would be, in the order of the list."""

    dry_run = serializers.BooleanField()
    enrolled = serializers.ListField(child=serializers.CharField())


@extend_schema_serializer(examples=examples.answered(examples.COURSE))
class CourseSerializer(CourseListSerializer):
    """A course's own page; the view adds the caller's `enrollment` to the course.

    `watched_by` is the owner's name: who learns here may be watched live by the owner and the site's staff, and where
    it `is_anonymous` these see how many learn, and not who.
    """

    watched_by = serializers.SerializerMethodField()
    enrollment = EnrollmentSerializer(allow_null=True, read_only=True)

    class Meta(CourseListSerializer.Meta):
        fields = [
            *CourseListSerializer.Meta.fields,
            "waitlist_offer_hours",
            "created",
            "watched_by",
            "enrollment",
        ]
        read_only_fields = fields

    def get_watched_by(self, course: Course) -> str:
        return course.owner.get_full_name() or course.owner.username


@extend_schema_serializer(examples=examples.answered(examples.SESSION))
class LearningSessionSerializer(serializers.ModelSerializer[LearningSession]):
    """A session from `with_clock()`: whether it has ended is judged by the clock, not by the sweep.

    `duration_seconds` = `focus_seconds` + `idle_seconds` + `unknown_seconds`; `engaged_seconds` is part of
    the focus. `state` is empty before the first sample, `end_reason` while the session goes on.
    """

    course = serializers.CharField(source="enrollment.course.slug", read_only=True)
    student = serializers.CharField(source="user.username", read_only=True)
    state = serializers.ChoiceField(LearningSession.State.choices, allow_blank=True, read_only=True)
    ended_at = serializers.DateTimeField(source="effective_ended_at", allow_null=True, read_only=True)
    end_reason = serializers.SerializerMethodField()
    duration_seconds = SecondsField(source="duration")
    focus_seconds = SecondsField(source="focus_time")
    engaged_seconds = SecondsField(source="engaged_time")
    idle_seconds = SecondsField(source="idle_time")
    unknown_seconds = SecondsField(source="unknown_time")

    class Meta:
        model = LearningSession
        fields = [
            "id",
            "key",
            "course",
            "content",
            "enrollment",
            "student",
            "started_at",
            "ended_at",
            "end_reason",
            "state",
            "duration_seconds",
            "focus_seconds",
            "engaged_seconds",
            "idle_seconds",
            "unknown_seconds",
            "interactions_count",
            "device_type",
            "acked_seq",
        ]
        read_only_fields = fields

    def get_end_reason(self, session: Any) -> str:
        has_run_out = session.ended_at is None and session.effective_ended_at is not None
        return LearningSession.EndReason.LEASE.value if has_run_out else session.end_reason
