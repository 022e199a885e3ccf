"""The shapes of the REST surface of notifications, as over the websocket, and of calls for help."""

from typing import Any

import msgspec
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from courses.examples import answered
from realtime import inbox, protocol
from realtime.models import Notification
from realtime.protocol import MAX_INTEGER


class InboxQuerySerializer(serializers.Serializer[None]):
    """What a list of notifications may be asked for."""

    after = serializers.IntegerField(
        default=0, min_value=0, max_value=MAX_INTEGER, help_text="Only those with a greater number."
    )


class SeenSerializer(serializers.Serializer[None]):
    """The newest notification that was seen."""

    number = serializers.IntegerField(min_value=0, max_value=MAX_INTEGER)


@extend_schema_serializer(
    examples=answered(
        {
            "number": 58,
            "kind": "waitlist.offer",
            "created_at": "2026-01-02T18:30:00Z",
            "title": "A seat in “Small seminar” is yours",
            "body": "It is kept for you until 3 January, 18:30 UTC."
            " Accept it before then, or leave it to the next in turn.",
            "data": {
                "course": "small-seminar",
                "course_title": "Small seminar",
                "offer_expires_at": "2026-01-03T18:30:00Z",
            },
        }
    )
)
class NotificationSerializer(serializers.Serializer[Notification]):
    """What `notification` says over the websocket, in the caller's language."""

    number = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in protocol.NotificationKind])
    created_at = serializers.DateTimeField()
    title = serializers.CharField()
    body = serializers.CharField()
    data = serializers.DictField()  # type: ignore[assignment]  # what is declared here is no attribute

    def to_representation(self, instance: Notification) -> dict[str, Any]:
        user = self.context["request"].user
        data = msgspec.convert(instance.data, protocol.NotificationData)
        told = inbox.notification(
            instance.number, instance.kind, instance.created_at, data, user.language, user.timezone
        )
        return {name: msgspec.to_builtins(getattr(told, name)) for name in told.__struct_fields__}


class CallSerializer(serializers.Serializer[Any]):
    """A learner's call for help, in their words."""

    enrollment = serializers.IntegerField(help_text="As on the roster.")
    text = serializers.CharField()
