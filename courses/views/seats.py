"""Seats over REST: taken, asked for, waited for, given up, and what a course's owner decides about them.

The rules are in courses/enrollment.py, courses/waitlist.py and courses/bulk.py. What is somebody else's is 404; a
decision about one's own enrolment that is the owner's is 403.
"""

from collections.abc import Callable
from typing import Any, ClassVar, cast

from django.db.models import F, QuerySet
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters  # type: ignore[import-untyped]
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from courses import bulk, catalogue, enrollment, waitlist
from courses.catalogue import WaitlistPlace
from courses.errors import ImportRefused
from courses.models import Course, CourseEnrollment, CourseWaitlist
from courses.serializers import (
    EnrollmentSerializer,
    ImportedSerializer,
    ImportFileSerializer,
    ImportListSerializer,
    PrioritySerializer,
    ReasonSerializer,
    WaitlistEntrySerializer,
    WaitlistPlaceSerializer,
)
from courses.views.learning import SEARCHED
from users.models import User
from users.parsers import JSONParser

NOT_THERE = {404: OpenApiResponse(description="No such thing, or not yours to see.")}
OWNERS = {403: OpenApiResponse(description="Yours to see, the course's owner's to decide."), **NOT_THERE}
NOT_NOW = {409: OpenApiResponse(description="Not possible in this state: `code` names why."), **NOT_THERE}


def user_of(request: Request) -> User:
    return cast(User, request.user)


class SeatView(APIView):
    """About one's own place in a course that one may see."""

    def course(self, slug: str) -> Course:
        return get_object_or_404(catalogue.visible_courses(self.request.user), slug=slug)

    def place(self, course: Course) -> Response:
        """Where the caller stands in the queue now."""
        place = catalogue.waitlist_place(course=course, user=self.request.user)
        return Response(WaitlistPlaceSerializer(place or WaitlistPlace(None, None)).data)


class EnrollView(SeatView):
    """Take a seat, or ask for one where the course wants approval."""

    @extend_schema(
        request=None,
        responses={
            201: EnrollmentSerializer,
            403: OpenApiResponse(description="`restricted`: the owner chooses who takes part."),
            **NOT_NOW,
        },
    )
    def post(self, request: Request, slug: str) -> Response:
        enrolled = enrollment.enroll(course=self.course(slug), student=user_of(request))
        return Response(EnrollmentSerializer(enrolled).data, status=status.HTTP_201_CREATED)


class WithdrawView(APIView):
    """Give up one's seat or request; a seat goes to who is next."""

    @extend_schema(request=None, responses={200: EnrollmentSerializer, **NOT_NOW})
    def post(self, request: Request, slug: str) -> Response:
        user = user_of(request)
        found = get_object_or_404(CourseEnrollment, student=user, course__slug=slug)
        return Response(EnrollmentSerializer(enrollment.withdraw(enrollment=found, actor=user)).data)


class WaitlistView(SeatView, generics.ListAPIView[CourseWaitlist]):
    """The queue for a full course: its owner reads it, learners join and leave it."""

    serializer_class = WaitlistEntrySerializer
    queryset = CourseWaitlist.objects.none()
    filter_backends = ()

    def get_queryset(self) -> QuerySet[CourseWaitlist]:
        course = catalogue.owned_course(slug=self.kwargs["slug"], user=user_of(self.request))
        entries = CourseWaitlist.objects.filter(course=course).select_related("student").with_position()
        return entries.order_by(F("offer_expires_at").asc(nulls_last=True), "priority", "joined_waitlist", "pk")

    @extend_schema(responses={200: WaitlistEntrySerializer(many=True), **NOT_THERE})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Owner and staff: who waits, in turn; position 0 has an offer."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request=None,
        responses={
            200: WaitlistPlaceSerializer,
            403: OpenApiResponse(description="`restricted`: the owner chooses who takes part."),
            **NOT_NOW,
        },
    )
    def post(self, request: Request, slug: str) -> Response:
        """Join its end. Whoever is in it keeps their place."""
        course = self.course(slug)
        waitlist.join(course=course, student=user_of(request))
        return self.place(course)

    @extend_schema(responses={200: WaitlistPlaceSerializer, **NOT_NOW})
    def delete(self, request: Request, slug: str) -> Response:
        """Leave it; an offered seat goes to who is next."""
        course = self.course(slug)
        waitlist.leave(course=course, student=user_of(request))
        return self.place(course)


class AcceptView(SeatView):
    """Take the offered seat; where the course wants approval, the request keeps it until it is decided."""

    @extend_schema(request=None, responses={200: EnrollmentSerializer, **NOT_NOW})
    def post(self, request: Request, slug: str) -> Response:
        accepted = waitlist.accept(course=self.course(slug), student=user_of(request))
        return Response(EnrollmentSerializer(accepted).data)


class DeclineView(SeatView):
    """Let the offered seat go to who is next, and leave the queue."""

    @extend_schema(request=None, responses={200: WaitlistPlaceSerializer, **NOT_NOW})
    def post(self, request: Request, slug: str) -> Response:
        course = self.course(slug)
        waitlist.decline(course=course, student=user_of(request))
        return self.place(course)


class WaitlistEntryView(APIView):
    """Somebody's turn, set by the course's owner, who may say why."""

    @extend_schema(
        request=PrioritySerializer,
        responses={200: WaitlistEntrySerializer, 400: OpenApiResponse(description="Which field."), **NOT_NOW},
    )
    def patch(self, request: Request, slug: str, pk: int) -> Response:
        user = user_of(request)
        course = catalogue.owned_course(slug=slug, user=user)
        asked = PrioritySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        waitlist.set_priority(course=course, entry_id=pk, actor=user, **asked.validated_data)
        entry: Any = get_object_or_404(CourseWaitlist.objects.select_related("student"), course=course, pk=pk)
        place = catalogue.waitlist_place(course=course, user=entry.student)
        entry.position = place.position if place else None
        return Response(WaitlistEntrySerializer(entry).data)


class StatusFilter(filters.FilterSet):  # type: ignore[misc]
    class Meta:
        model = CourseEnrollment
        fields = ["status"]


class CourseEnrollmentsView(generics.ListAPIView[CourseEnrollment]):
    """Owner and staff: the enrolments in a course, in whatever state, newest first."""

    serializer_class = EnrollmentSerializer
    queryset = CourseEnrollment.objects.none()
    filter_backends = SEARCHED
    filterset_class = StatusFilter
    search_fields = ("student__username", "student__first_name", "student__last_name")
    ordering_fields = ("enrolled_on", "last_accessed", "progress_percentage", "engagement_score")
    ordering = ("-enrolled_on",)

    def get_queryset(self) -> QuerySet[CourseEnrollment]:
        course = catalogue.owned_course(slug=self.kwargs["slug"], user=user_of(self.request))
        enrollments = CourseEnrollment.objects.filter(course=course).select_related("course", "student")
        return enrollments.prefetch_related("certificates")


class ImportView(APIView):
    """Owner and staff: give many learners a seat, all of them or nobody, also in a restricted course."""

    parser_classes = (JSONParser, MultiPartParser)

    @extend_schema(
        request={"application/json": ImportListSerializer, "multipart/form-data": ImportFileSerializer},
        responses={
            200: ImportedSerializer,
            400: OpenApiResponse(description="Nobody was enrolled; `lines` says of each line why."),
            **NOT_THERE,
            **NOT_NOW,
        },
    )
    def post(self, request: Request, slug: str) -> Response:
        user = user_of(request)
        course = catalogue.owned_course(slug=slug, user=user)
        if int(request.META.get("CONTENT_LENGTH") or 0) > 2 * bulk.MOST_BYTES:
            raise ImportRefused(f"A list holds at most {bulk.MOST_BYTES // 1024} KiB.")
        if (request.content_type or "").startswith("multipart/"):
            file = ImportFileSerializer(data=request.data)
            file.is_valid(raise_exception=True)
            asked = file.validated_data
            lines = bulk.lines_of_csv(asked["file"].read(bulk.MOST_BYTES + 1))
        else:
            listed = ImportListSerializer(data=request.data)
            listed.is_valid(raise_exception=True)
            asked = listed.validated_data
            lines = bulk.lines_of_list(asked["learners"])
        dry_run = asked["dry_run"]
        enrolled = bulk.enroll_all(course=course, lines=lines, actor=user, dry_run=dry_run)
        return Response(ImportedSerializer({"dry_run": dry_run, "enrolled": enrolled}).data)


class MoveView(APIView):
    """One move of an enrolment."""

    move: ClassVar[Callable[..., CourseEnrollment]]
    by_learner: ClassVar[bool] = False

    @extend_schema(request=ReasonSerializer, responses={200: EnrollmentSerializer, **OWNERS, **NOT_NOW})
    def post(self, request: Request, pk: int) -> Response:
        user = user_of(request)
        found = catalogue.movable_enrollment(enrollment_id=pk, user=user, by_learner=self.by_learner)
        return Response(EnrollmentSerializer(self.moved(found, user)).data)

    def moved(self, found: CourseEnrollment, user: User) -> CourseEnrollment:
        asked = ReasonSerializer(data=self.request.data)
        asked.is_valid(raise_exception=True)
        return type(self).move(enrollment=found, actor=user, **asked.validated_data)


class NoReason(MoveView):
    """A move that needs no reason."""

    @extend_schema(request=None, responses={200: EnrollmentSerializer, **OWNERS, **NOT_NOW})
    def post(self, request: Request, pk: int) -> Response:
        return super().post(request, pk)

    def moved(self, found: CourseEnrollment, user: User) -> CourseEnrollment:
        return type(self).move(enrollment=found, actor=user)


class ApproveView(NoReason):
    """Owner and staff: grant a request."""

    move = staticmethod(enrollment.approve)


class RejectView(MoveView):
    """Owner and staff: turn a request down."""

    move = staticmethod(enrollment.reject)


class PauseView(MoveView):
    """Owner and staff: take access away for a while; the seat stays."""

    move = staticmethod(enrollment.pause)


class ResumeView(NoReason):
    """Owner and staff: give access back after a pause."""

    move = staticmethod(enrollment.resume)


class EndView(MoveView):
    """End an enrolment or a request: the learner's own, or as owner or staff; the seat goes to who is next."""

    move = staticmethod(enrollment.withdraw)
    by_learner = True
