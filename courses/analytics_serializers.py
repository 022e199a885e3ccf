"""The shapes of what is worked out from the records: engagement, days, and what a course's owner asks."""

from typing import Any, TypedDict

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from courses import engagement, examples
from courses.analytics import Analytics, ContentTime, Stop
from courses.engagement import Engagement
from courses.models import CourseEnrollment
from courses.serializers import SecondsField

MOST_DAYS = 366


class Weights(TypedDict):
    time: float
    regularity: float
    completion: float


@extend_schema_serializer(examples=examples.answered(examples.ENGAGEMENT))
class EngagementSerializer(serializers.Serializer[Engagement]):
    """How the score comes about: what each part weighs, what was reached, and what was expected for a part of 1.

    `score` and the parts are 0 to 1, percentages 0 to 100. docs/engagement.md has the formula of this number.
    """

    formula = serializers.IntegerField()
    score = serializers.FloatField()
    weights = serializers.SerializerMethodField()
    window_days = serializers.SerializerMethodField()
    time = serializers.FloatField()
    engaged_seconds = SecondsField(source="engaged")
    expected_seconds = SecondsField(source="expected_engaged")
    regularity = serializers.FloatField()
    active_days = serializers.IntegerField()
    expected_days = serializers.IntegerField()
    completion = serializers.FloatField()
    progress_percentage = serializers.FloatField()
    expected_percentage = serializers.FloatField()

    def get_weights(self, _: Engagement) -> Weights:
        return Weights(time=engagement.TIME, regularity=engagement.REGULARITY, completion=engagement.COMPLETION)

    def get_window_days(self, _: Engagement) -> int:
        return engagement.WINDOW_DAYS


class DaysQuerySerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField(
        min_value=1, max_value=MOST_DAYS, default=28, help_text="Today and the days before it, so many in all."
    )


@extend_schema_serializer(examples=examples.answered(examples.DAY))
class StudiedDaySerializer(serializers.Serializer[Any]):
    """A day by one's own clocks. `engaged_seconds` is part of `focus_seconds`."""

    date = serializers.DateField()
    engaged_seconds = SecondsField(source="engaged")
    focus_seconds = SecondsField(source="focus")


@extend_schema_serializer(examples=examples.answered(examples.TOTALS))
class TotalsSerializer(serializers.Serializer[Any]):
    """Over all enrolments in a course, or in all of an instructor's, in whatever state: who learns in two counts twice.

    `avg_progress` is 0 to 100, null without any.
    """

    total_students = serializers.IntegerField()
    completed_courses = serializers.IntegerField()
    avg_progress = serializers.FloatField(allow_null=True)
    total_learning_time_seconds = SecondsField(source="total_learning_time")


class InactiveLearnerSerializer(serializers.ModelSerializer[CourseEnrollment]):
    enrollment = serializers.IntegerField(source="pk", read_only=True)
    student = serializers.CharField(source="student.username", read_only=True)
    student_name = serializers.CharField(source="student.get_full_name", read_only=True)
    progress_percentage = serializers.FloatField(read_only=True)
    engagement_score = serializers.FloatField(read_only=True)

    class Meta:
        model = CourseEnrollment
        fields = [
            "enrollment",
            "student",
            "student_name",
            "enrolled_on",
            "last_accessed",
            "progress_percentage",
            "engagement_score",
        ]
        read_only_fields = fields


class InactiveSerializer(serializers.Serializer[Any]):
    """Those who are enrolled and have not been in the course for a week. The longest away are named, at most 50."""

    count = serializers.IntegerField()
    learners = InactiveLearnerSerializer(many=True)


class OptionalSecondsField(SecondsField):
    """A duration as seconds, null where there is none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_null=True, **kwargs)

    def get_attribute(self, instance: Any) -> Any:
        return serializers.Field.get_attribute(self, instance)


class ContentTimeSerializer(serializers.Serializer[ContentTime]):
    """The time in focus of those who completed a content; null where nobody has.

    `estimate_seconds` is what the content requires, else an even share of what is left of the course's hours.
    """

    content = serializers.IntegerField()
    title = serializers.CharField()
    module = serializers.CharField()
    learners = serializers.IntegerField()
    lower_quartile_seconds = OptionalSecondsField(source="lower_quartile")
    median_seconds = OptionalSecondsField(source="median")
    upper_quartile_seconds = OptionalSecondsField(source="upper_quartile")
    estimate_seconds = OptionalSecondsField(source="estimate")


class StopSerializer(serializers.Serializer[Stop]):
    """How many of those who have not completed the course were at this content last; `left` of them are not in the
    course any more."""

    content = serializers.IntegerField()
    title = serializers.CharField()
    module = serializers.CharField()
    learners = serializers.IntegerField()
    left = serializers.IntegerField()


class ActivitySerializer(serializers.Serializer[Any]):
    """How many sessions began in an hour of the week, by one's own clocks. Monday is 1, hours are 0 to 23."""

    weekday = serializers.IntegerField()
    hour = serializers.IntegerField()
    sessions = serializers.IntegerField()


@extend_schema_serializer(examples=examples.answered(examples.ANALYTICS))
class AnalyticsSerializer(serializers.Serializer[Analytics]):
    """What a course's owner asks. `activity` is of the last 28 whole days; hours without any are left out."""

    course = serializers.CharField(source="course.slug")
    totals = TotalsSerializer()
    inactive = InactiveSerializer()
    contents = ContentTimeSerializer(many=True)
    stops = StopSerializer(many=True)
    activity = ActivitySerializer(many=True)
