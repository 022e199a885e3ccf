"""Calls for help, for whoever may watch the course."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from courses import catalogue
from courses.examples import answered
from courses.views.seats import NOT_THERE, user_of
from realtime import roster
from realtime.serializers import CallSerializer


class CallsView(APIView):
    """Owner and staff: what those who ask for help now wrote. None while the course is watched anonymously."""

    @extend_schema(
        responses={200: CallSerializer(many=True), **NOT_THERE},
        examples=answered({"enrollment": 5, "text": "I don't see where the 7 comes from."}),
    )
    def get(self, request: Request, slug: str) -> Response:
        course = catalogue.owned_course(slug=slug, user=user_of(request))
        calls = [{"enrollment": enrollment, "text": text} for enrollment, text in roster.calls(course).items()]
        return Response(CallSerializer(calls, many=True).data)
