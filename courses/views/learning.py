"""What a learner has: enrolments, and the record of where the time went."""

from typing import cast

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters  # type: ignore[import-untyped]
from rest_framework import generics

from courses import catalogue
from courses.models import CourseEnrollment, LearningSession
from courses.serializers import EnrollmentSerializer, LearningSessionSerializer, StudentProgressSerializer
from courses.views.catalogue import BoundedSearch, StableOrdering, StrictBooleanFilter
from users.models import User

SEARCHED = (filters.DjangoFilterBackend, BoundedSearch, StableOrdering)


class EnrollmentFilter(filters.FilterSet):  # type: ignore[misc]
    course = filters.CharFilter(field_name="course__slug", help_text="A course's slug.")

    class Meta:
        model = CourseEnrollment
        fields = ["course", "status"]


class EnrollmentListView(generics.ListAPIView[CourseEnrollment]):
    """One's own enrolments, in whatever state, newest first."""

    serializer_class = EnrollmentSerializer
    queryset = CourseEnrollment.objects.none()
    filter_backends = SEARCHED
    filterset_class = EnrollmentFilter
    search_fields = ("course__title",)
    ordering_fields = ("enrolled_on", "last_accessed", "progress_percentage")
    ordering = ("-enrolled_on",)

    def get_queryset(self) -> QuerySet[CourseEnrollment]:
        mine = CourseEnrollment.objects.filter(student=cast(User, self.request.user))
        return mine.select_related("course", "student").prefetch_related("certificates")


class ProgressListView(generics.ListAPIView[CourseEnrollment]):
    """How far one has come in each course one learns in or completed."""

    serializer_class = StudentProgressSerializer
    queryset = CourseEnrollment.objects.none()
    filter_backends = SEARCHED
    filterset_class = EnrollmentFilter
    search_fields = ("course__title",)
    ordering_fields = ("last_accessed", "progress_percentage", "enrolled_on")
    ordering = ("-enrolled_on",)

    def get_queryset(self) -> QuerySet[CourseEnrollment]:
        return catalogue.student_progress(cast(User, self.request.user))


class SessionFilter(filters.FilterSet):  # type: ignore[misc]
    course = filters.CharFilter(field_name="enrollment__course__slug", help_text="A course's slug.")
    content = filters.NumberFilter(field_name="content", help_text="A content's number.")
    device_type = filters.ChoiceFilter(choices=LearningSession.Device.choices)
    active = StrictBooleanFilter(
        field_name="effective_ended_at", lookup_expr="isnull", help_text="Whether it goes on at this moment."
    )


def readable_sessions(user: User) -> QuerySet[LearningSession]:
    """The sessions that this user may read: their own, those in their courses, and as staff all.

    Of a course that is watched anonymously nobody reads anybody else's: each says who is there, and where.
    """
    sessions = LearningSession.objects.with_clock().select_related("enrollment__course", "user")
    taught = Q() if user.is_staff else Q(enrollment__course__owner=user)
    return sessions.filter(Q(user=user) | taught & Q(enrollment__course__is_anonymous=False))


class SessionListView(generics.ListAPIView[LearningSession]):
    """One's own sessions, newest first. With `course`, its owner and staff get those of all its learners; not while it
    is watched anonymously."""

    serializer_class = LearningSessionSerializer
    queryset = LearningSession.objects.none()
    filter_backends = (filters.DjangoFilterBackend, StableOrdering)
    filterset_class = SessionFilter
    ordering_fields = ("started_at", "duration")
    ordering = ("-started_at",)

    def get_queryset(self) -> QuerySet[LearningSession]:
        user = cast(User, self.request.user)
        sessions = readable_sessions(user)
        if not self.request.query_params.get("course"):
            sessions = sessions.filter(user=user)
        return sessions


class SessionView(generics.RetrieveAPIView[LearningSession]):
    """A session: one's own, or in a course of one's own that is not watched anonymously."""

    serializer_class = LearningSessionSerializer
    queryset = LearningSession.objects.none()
    filter_backends = ()

    def get_queryset(self) -> QuerySet[LearningSession]:
        return readable_sessions(cast(User, self.request.user))
