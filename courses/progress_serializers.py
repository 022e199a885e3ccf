"""The shapes of progress over REST. Percents are 0 to 100, rounded down: 100 is all of it."""

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from courses import examples
from courses.models import CompletionMethod, Content, CourseEnrollment, Module
from courses.progress import Progress
from courses.serializers import SecondsField


@extend_schema_serializer(examples=examples.answered(examples.COMPLETED))
class CompletedSerializer(serializers.Serializer[Progress]):
    """Where the learner stands with this content completed: the fields of `progress.updated`."""

    course = serializers.CharField()
    enrollment = serializers.IntegerField()
    revision = serializers.IntegerField()
    content = serializers.IntegerField()
    content_completed = serializers.BooleanField()
    module = serializers.IntegerField()
    module_percent = serializers.FloatField()
    course_percent = serializers.FloatField()
    status = serializers.ChoiceField(CourseEnrollment.Status.choices)


class ContentProgressSerializer(serializers.ModelSerializer[Content]):
    """A content of `catalogue.enrollment_modules`.

    `completion_method` is the one that applied when it was completed; until then, the one that will. `percent` is how
    far it has come: of its required seconds, or of its items.
    """

    completion_method = serializers.ChoiceField(CompletionMethod.choices, source="method")
    completed = serializers.BooleanField()
    completed_at = serializers.DateTimeField(allow_null=True)
    percent = serializers.FloatField()
    time_spent_seconds = SecondsField(source="time_spent")
    engaged_seconds = SecondsField(source="engaged_time")
    view_count = serializers.IntegerField()
    last_viewed = serializers.DateTimeField(allow_null=True)

    class Meta:
        model = Content
        fields = [
            "id",
            "title",
            "order",
            "completion_method",
            "required_seconds",
            "completed",
            "completed_at",
            "percent",
            "time_spent_seconds",
            "engaged_seconds",
            "view_count",
            "last_viewed",
        ]
        read_only_fields = fields


class ModuleProgressSerializer(serializers.ModelSerializer[Module]):
    """A module of `catalogue.enrollment_modules`. `completed_at` stays, also when a content is added after it."""

    percent = serializers.FloatField()
    completed_contents = serializers.IntegerField()
    total_contents = serializers.IntegerField()
    completed_at = serializers.DateTimeField(allow_null=True)
    contents = ContentProgressSerializer(many=True)

    class Meta:
        model = Module
        fields = ["id", "title", "order", "percent", "completed_contents", "total_contents", "completed_at", "contents"]
        read_only_fields = fields


@extend_schema_serializer(examples=examples.answered(examples.ENROLLMENT_PROGRESS))
class EnrollmentProgressSerializer(serializers.ModelSerializer[CourseEnrollment]):
    """An enrolment with its modules, and in each its contents, in the order of the outline."""

    enrollment = serializers.IntegerField(source="pk", read_only=True)
    course = serializers.CharField(source="course.slug", read_only=True)
    percent = serializers.FloatField(source="progress_percentage", read_only=True)
    revision = serializers.IntegerField(source="progress_revision", read_only=True)
    time_spent_seconds = SecondsField(source="total_time_spent")
    engaged_seconds = SecondsField(source="engaged_time")
    modules = ModuleProgressSerializer(many=True, read_only=True)

    class Meta:
        model = CourseEnrollment
        fields = [
            "enrollment",
            "course",
            "status",
            "completed_on",
            "percent",
            "revision",
            "time_spent_seconds",
            "engaged_seconds",
            "modules",
        ]
        read_only_fields = fields
