"""Progress over REST: a content completed by hand, and an enrolment in all its parts."""

from typing import Any, cast

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from courses import catalogue, progress
from courses.progress_serializers import CompletedSerializer, EnrollmentProgressSerializer
from users.models import User


class CompleteView(APIView):
    @extend_schema(
        request=None,
        responses={
            200: CompletedSerializer,
            403: OpenApiResponse(description="`not_enrolled`: you do not learn in its course."),
            404: OpenApiResponse(description="No such content, or not yours to see."),
            409: OpenApiResponse(description="`forbidden`: it is not completed by hand."),
        },
    )
    def post(self, request: Request, pk: int) -> Response:
        """Say that a content is done. Again, it changes nothing and is answered alike."""
        done = progress.complete_content(student_id=cast(User, request.user).pk, content_id=pk)
        return Response(CompletedSerializer(done).data)


class EnrollmentProgressView(APIView):
    @extend_schema(
        responses={
            200: EnrollmentProgressSerializer,
            404: OpenApiResponse(description="No such enrolment, or not yours to see."),
        }
    )
    def get(self, request: Request, pk: int) -> Response:
        """How far an enrolment has come in each module and content: one's own, or in a course of one's own."""
        enrollment: Any = catalogue.movable_enrollment(enrollment_id=pk, user=cast(User, request.user), by_learner=True)
        enrollment.modules = catalogue.enrollment_modules(enrollment)
        return Response(EnrollmentProgressSerializer(enrollment).data)
