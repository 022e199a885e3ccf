"""What a learner has: enrolments, and the record of where the time went."""

from typing import Any, cast

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters  # type: ignore[import-untyped]
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import generics

from courses.models import CourseEnrollment, LearningSession
from courses.serializers import EnrollmentSerializer, LearningSessionSerializer
from users.models import User


class EnrollmentFilter(filters.FilterSet):  # type: ignore[misc]
    course = filters.CharFilter(field_name="course__slug", help_text="A course's slug.")

    class Meta:
        model = CourseEnrollment
        fields = ["course", "status"]


class EnrollmentListView(generics.ListAPIView[CourseEnrollment]):
    """One's own enrolments, in whatever state, newest first."""

    serializer_class = EnrollmentSerializer
    queryset = CourseEnrollment.objects.none()
    filterset_class = EnrollmentFilter

    def get_queryset(self) -> QuerySet[CourseEnrollment]:
        mine = CourseEnrollment.objects.filter(student=cast(User, self.request.user))
        return mine.select_related("course", "student").order_by("-enrolled_on", "-pk")


@extend_schema_field(OpenApiTypes.BOOL)
class StrictBooleanFilter(filters.TypedChoiceFilter):  # type: ignore[misc]
    """Refuses what is neither, where django-filter's own would take it for no filter at all."""

    def __init__(self, **kwargs: Any) -> None:
        words = ("true", "false", "1", "0")
        super().__init__(choices=[(word, word) for word in words], coerce=lambda word: word in ("true", "1"), **kwargs)


class SessionFilter(filters.FilterSet):  # type: ignore[misc]
    course = filters.CharFilter(field_name="enrollment__course__slug", help_text="A course's slug.")
    active = StrictBooleanFilter(
        field_name="effective_ended_at", lookup_expr="isnull", help_text="Whether it goes on at this moment."
    )


def readable_sessions(user: User) -> QuerySet[LearningSession]:
    """The sessions that this user may read: their own, those in their courses, and as staff all."""
    sessions = LearningSession.objects.with_clock().select_related("enrollment__course", "user")
    if user.is_staff:
        return sessions
    return sessions.filter(Q(user=user) | Q(enrollment__course__owner=user))


class SessionListView(generics.ListAPIView[LearningSession]):
    """One's own sessions, newest first. With `course`, its owner and staff get those of all its learners."""

    serializer_class = LearningSessionSerializer
    queryset = LearningSession.objects.none()
    filterset_class = SessionFilter

    def get_queryset(self) -> QuerySet[LearningSession]:
        user = cast(User, self.request.user)
        sessions = readable_sessions(user)
        if not self.request.query_params.get("course"):
            sessions = sessions.filter(user=user)
        return sessions.order_by("-started_at", "-pk")


class SessionView(generics.RetrieveAPIView[LearningSession]):
    """A session: one's own, or in a course of one's own."""

    serializer_class = LearningSessionSerializer
    queryset = LearningSession.objects.none()
    filter_backends = ()

    def get_queryset(self) -> QuerySet[LearningSession]:
        return readable_sessions(cast(User, self.request.user))
