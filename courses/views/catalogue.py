"""Subjects, courses and their outlines. What a caller may see is decided in courses/catalogue.py.

A course is created, changed and deleted here too, by the rules of courses/authoring.py; what it is made of, in
courses/views/authoring.py.
"""

from typing import Any, Literal, cast

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.middleware.http import ConditionalGetMiddleware
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_vary_headers
from django.utils.decorators import decorator_from_middleware, method_decorator
from django_filters import rest_framework as filters  # type: ignore[import-untyped]
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.permissions import AllowAny, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from courses import authoring, catalogue
from courses.authoring_serializers import CourseAuthoringSerializer
from courses.errors import OtherVersion
from courses.media import OTHER_VERSION
from courses.models import Course, Subject
from courses.models.catalogue import CourseQuerySet
from courses.outline_serializers import OutlineSerializer
from courses.serializers import CourseListSerializer, CourseSerializer, SubjectSerializer
from users.models import User


@extend_schema_field(OpenApiTypes.BOOL)
class StrictBooleanFilter(filters.TypedChoiceFilter):  # type: ignore[misc]
    """Refuses what is neither, where django-filter's own would take it for no filter at all."""

    def __init__(self, **kwargs: Any) -> None:
        words = {"true": True, "false": False, "1": True, "0": False, "True": True, "False": False}
        super().__init__(choices=[(word, word) for word in words], coerce=words.__getitem__, **kwargs)


@extend_schema_field({"type": "boolean", "description": "Whether the caller may enroll, as each course says."})
class AdmissionFilter(StrictBooleanFilter):
    def filter(self, courses: CourseQuerySet, value: bool | Literal[""]) -> CourseQuerySet:
        if value == "":
            return courses
        admitting = Course.objects.that_admit(self.parent.request.user)
        return courses.filter(pk__in=admitting) if value else courses.exclude(pk__in=admitting)


class CourseFilter(filters.FilterSet):  # type: ignore[misc]
    subject = filters.CharFilter(field_name="subject__slug", help_text="A subject's slug.")
    can_enroll = AdmissionFilter()

    class Meta:
        model = Course
        fields = ["subject", "difficulty_level", "enrollment_type", "status"]


MOST_WORDS = 10


class BoundedSearch(SearchFilter):
    """Refuses more words than people search for: each is looked for in every field."""

    def get_search_terms(self, request: Request) -> list[str]:
        words = list(super().get_search_terms(request))
        if len(words) > MOST_WORDS:
            raise ValidationError({"search": [f"At most {MOST_WORDS} words."]})
        return words


class StableOrdering(OrderingFilter):
    """What the caller asked for, then the newest first: equals would else move between pages."""

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> list[str]:
        return [*(super().get_ordering(request, queryset, view) or []), "-pk"]


UNCHANGED = {304: OpenApiResponse(description="It has the ETag that `If-None-Match` names."), 412: OTHER_VERSION}


class Conditions(ConditionalGetMiddleware):
    """Django's, which would answer 412 with nothing in it."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        answer = super().process_response(request, response)
        if answer.status_code == OtherVersion.status:
            return JsonResponse({"code": OtherVersion.code, "detail": OtherVersion.default_message}, status=412)
        return answer


@method_decorator(decorator_from_middleware(Conditions), name="dispatch")
class ConditionalGet(APIView):
    """Answers 304 to an `If-None-Match` with the ETag of what it would answer: a hash of all of that, for this caller.

    A course shows seats, offers that lapse by the clock, and its caller's own state (docs/decisions/0057).
    """

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(*args, **kwargs)
        patch_vary_headers(response, ("Authorization", "Cookie"))
        response.headers["Cache-Control"] = "private, no-cache"
        return response


class SubjectListView(generics.ListAPIView[Subject]):
    """The subjects that courses belong to, by title."""

    permission_classes = (AllowAny,)
    serializer_class = SubjectSerializer
    queryset = Subject.objects.order_by("title", "pk")
    filter_backends = (BoundedSearch,)
    search_fields = ("title",)


def show_course(slug: str, user: catalogue.Caller) -> Course:
    """The course as its own page shows it to this caller."""
    course: Any = get_object_or_404(catalogue.listed_courses(user), slug=slug)
    course.enrollment = catalogue.own_enrollment(course=course, user=user)
    return cast(Course, course)


@extend_schema_view(get=extend_schema(responses={200: CourseListSerializer(many=True), **UNCHANGED}))
class CourseListView(ConditionalGet, generics.ListAPIView[Course]):
    """Published courses; with them one's own drafts, and the archived courses one is in."""

    permission_classes = (IsAuthenticatedOrReadOnly,)
    serializer_class = CourseListSerializer
    queryset = Course.objects.none()
    filter_backends = (filters.DjangoFilterBackend, BoundedSearch, StableOrdering)
    filterset_class = CourseFilter
    search_fields = ("title", "overview", "subject__title")
    ordering_fields = ("title", "created", "published_at", "enrollment_count", "estimated_hours")
    ordering = ("-created",)

    def get_queryset(self) -> QuerySet[Course]:
        return catalogue.listed_courses(self.request.user)

    @extend_schema(request=CourseAuthoringSerializer, responses={201: CourseSerializer})
    def post(self, request: Request) -> Response:
        """Begin a course, as a draft: for instructors and staff."""
        asked = CourseAuthoringSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        course = authoring.create_course(owner=cast(User, request.user), **asked.validated_data)
        shown = CourseSerializer(show_course(course.slug, request.user), context={"request": request})
        return Response(shown.data, status=status.HTTP_201_CREATED)


class CourseView(ConditionalGet):
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(responses={200: CourseSerializer, **UNCHANGED})
    def get(self, request: Request, slug: str) -> Response:
        """A course with the caller's `enrollment` and place in the `waitlist`, null where there is none."""
        return Response(CourseSerializer(show_course(slug, request.user), context={"request": request}).data)

    @extend_schema(request=CourseAuthoringSerializer(partial=True), responses=CourseSerializer)
    def patch(self, request: Request, slug: str) -> Response:
        """Change a course of one's own."""
        course = self.authored(slug)
        asked = CourseAuthoringSerializer(course, data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        course = authoring.change_course(course=course, actor=cast(User, request.user), **asked.validated_data)
        return self.get(request, course.slug)

    @extend_schema(responses={204: None, 409: OpenApiResponse(description="Learners have taken part in it.")})
    def delete(self, request: Request, slug: str) -> Response:
        """Delete a course of one's own that nobody has taken part in, with all it is made of."""
        authoring.delete_course(course=self.authored(slug))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def authored(self, slug: str) -> Course:
        return get_object_or_404(authoring.authored_courses(cast(User, self.request.user)), slug=slug)


class OutlineView(ConditionalGet):
    """A course's modules, contents and items, with what the caller has completed of them."""

    @extend_schema(
        responses={
            200: OutlineSerializer,
            **UNCHANGED,
            403: OpenApiResponse(description="Not enrolled."),
            404: OpenApiResponse(description="No such course, or not yours to see."),
        }
    )
    def get(self, request: Request, slug: str) -> Response:
        user = cast(User, request.user)
        course = get_object_or_404(catalogue.visible_courses(user), slug=slug)
        return Response(OutlineSerializer(catalogue.outline(course=course, user=user)).data)
