"""Subjects, courses and their outlines. What a caller may see is decided in courses/catalogue.py."""

from typing import Any, cast

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters  # type: ignore[import-untyped]
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from courses import catalogue
from courses.models import Course, Subject
from courses.serializers import CourseListSerializer, CourseSerializer, OutlineSerializer, SubjectSerializer
from users.models import User


class CourseFilter(filters.FilterSet):  # type: ignore[misc]
    subject = filters.CharFilter(field_name="subject__slug", help_text="A subject's slug.")

    class Meta:
        model = Course
        fields = ["subject", "difficulty_level", "enrollment_type", "status"]


class StableOrdering(OrderingFilter):
    """What the caller asked for, then the newest first: equals would else move between pages."""

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> list[str]:
        return [*(super().get_ordering(request, queryset, view) or []), "-pk"]


class SubjectListView(generics.ListAPIView[Subject]):
    """The subjects that courses belong to, by title."""

    permission_classes = (AllowAny,)
    serializer_class = SubjectSerializer
    queryset = Subject.objects.order_by("title", "pk")
    filter_backends = ()


class CourseListView(generics.ListAPIView[Course]):
    """Published courses; with them one's own drafts, and the archived courses one is in."""

    permission_classes = (AllowAny,)
    serializer_class = CourseListSerializer
    queryset = Course.objects.none()
    filter_backends = (filters.DjangoFilterBackend, SearchFilter, StableOrdering)
    filterset_class = CourseFilter
    search_fields = ("title", "overview", "subject__title")
    ordering_fields = ("title", "created", "published_at", "enrollment_count", "estimated_hours")
    ordering = ("-created",)

    def get_queryset(self) -> QuerySet[Course]:
        return catalogue.listed_courses(self.request.user)


class CourseView(generics.RetrieveAPIView[Course]):
    """A course with the caller's `enrollment` and place in the `waitlist`, null where there is none."""

    permission_classes = (AllowAny,)
    serializer_class = CourseSerializer
    lookup_field = "slug"

    def get_queryset(self) -> QuerySet[Course]:
        return catalogue.listed_courses(self.request.user)

    def get_object(self) -> Course:
        course: Any = super().get_object()
        user = self.request.user
        course.enrollment = catalogue.own_enrollment(course=course, user=user)
        return cast(Course, course)


class OutlineView(APIView):
    """A course's modules, contents and items, with what the caller has completed of them."""

    @extend_schema(
        responses={
            200: OutlineSerializer,
            403: OpenApiResponse(description="Not enrolled."),
            404: OpenApiResponse(description="No such course, or not yours to see."),
        }
    )
    def get(self, request: Request, slug: str) -> Response:
        user = cast(User, request.user)
        course = get_object_or_404(catalogue.visible_courses(user), slug=slug)
        return Response(OutlineSerializer(catalogue.outline(course=course, user=user)).data)
