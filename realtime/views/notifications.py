"""One's notifications over HTTP: for who missed too many to be sent them, and for who looks back."""

from typing import Any, cast

import msgspec
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from courses.examples import answered, sent
from realtime import notifications
from realtime.models import Notification
from realtime.protocol import SeenFields
from realtime.serializers import InboxQuerySerializer, NotificationSerializer, SeenSerializer
from users.models import User


class Pages(PageNumberPagination):
    page_size = 200


class NotificationListView(generics.ListAPIView[Notification]):
    """One's notifications after a number, in their order."""

    serializer_class = NotificationSerializer
    pagination_class = Pages
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Notification]:
        asked = InboxQuerySerializer(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        user = cast(User, self.request.user)
        return Notification.objects.filter(user=user, number__gt=asked.validated_data["after"]).order_by("number")

    @extend_schema(parameters=[InboxQuerySerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class NotificationsSeenView(APIView):
    """Say up to which number one's notifications were seen: on every device, whichever this is."""

    @extend_schema(
        request=SeenSerializer,
        responses={200: SeenFields},
        examples=[*sent({"number": 58}), *answered({"head": 58, "seen": 58, "unread": 0})],
    )
    def post(self, request: Request) -> Response:
        asked = SeenSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        state = notifications.mark_seen(user_id=cast(User, request.user).pk, number=asked.validated_data["number"])
        return Response(msgspec.structs.asdict(state))
