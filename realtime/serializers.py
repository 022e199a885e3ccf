"""The shapes of the REST surface of notifications, as over the websocket, and of calls for help."""

from typing import Any

import msgspec
from rest_framework import serializers

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
