"""What is worked out from the records, for the learner and for who teaches. The sums are in courses/engagement.py,
courses/days.py and courses/analytics.py, its tables in courses/tables.py. What is somebody else's is 404.
"""

from itertools import chain

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from courses import analytics, catalogue, days, engagement, tables
from courses.analytics_serializers import (
    AnalyticsSerializer,
    DaysQuerySerializer,
    EngagementSerializer,
    StudiedDaySerializer,
    TotalsSerializer,
)
from courses.errors import NotFound
from courses.media import ServeAnyType
from courses.models import CourseEnrollment
from courses.views.seats import NOT_THERE, user_of
from users.streaming import one_by_one


class EngagementView(APIView):
    """The engagement in an enrolment as of now, with its parts: for the learner, the course's owner and staff."""

    @extend_schema(responses={200: EngagementSerializer, **NOT_THERE})
    def get(self, request: Request, pk: int) -> Response:
        found = catalogue.movable_enrollment(enrollment_id=pk, user=user_of(request), by_learner=True)
        enrollments = CourseEnrollment.objects.filter(pk=found.pk)
        (score,) = engagement.of_enrollments(enrollments, now=timezone.now()).values()
        return Response(EngagementSerializer(score).data)


class DaysView(APIView):
    """One's own time by day, in all courses together: each second once. The oldest first, today last."""

    @extend_schema(
        parameters=[DaysQuerySerializer],
        responses={200: StudiedDaySerializer(many=True), 400: OpenApiResponse(description="1 to 366 days.")},
    )
    def get(self, request: Request) -> Response:
        asked = DaysQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        studied = days.of_user(user_of(request), count=asked.validated_data["days"], now=timezone.now())
        return Response(StudiedDaySerializer(studied, many=True).data)


class TotalsView(APIView):
    """All courses that one owns in four numbers; without any, of nobody."""

    @extend_schema(responses=TotalsSerializer)
    def get(self, request: Request) -> Response:
        return Response(TotalsSerializer(analytics.instructor_totals(user_of(request))).data)


class AnalyticsView(APIView):
    """Owner and staff: who is away, how long contents take, where learners stop, and when they are there."""

    @extend_schema(responses={200: AnalyticsSerializer, **NOT_THERE})
    def get(self, request: Request, slug: str) -> Response:
        user = user_of(request)
        course = catalogue.owned_course(slug=slug, user=user)
        return Response(AnalyticsSerializer(analytics.of_course(course, reader=user, now=timezone.now())).data)


class TableView(APIView):
    """Owner and staff: a course's learners, the inactive ones, or another answer of its analytics; CSV in UTF-8."""

    content_negotiation_class = ServeAnyType

    @extend_schema(
        operation_id="courses_analytics_table_retrieve",
        parameters=[OpenApiParameter("table", str, "path", enum=list(tables.TABLES))],
        responses={(200, "text/csv"): OpenApiTypes.BINARY, **NOT_THERE},
    )
    def get(self, request: Request, slug: str, table: str) -> HttpResponseBase:
        user = user_of(request)
        course = catalogue.owned_course(slug=slug, user=user)
        if table not in tables.TABLES:
            raise NotFound
        pieces = tables.write(tables.TABLES[table](course, user, timezone.now()))
        first = next(pieces)  # as long as there is still another answer than 200
        return StreamingHttpResponse(
            one_by_one(chain([first], pieces)),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="{course.slug}-{table}.csv"',
                "Cache-Control": "no-store",
            },
        )
