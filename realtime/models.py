"""What must reach every device: a user's notifications, numbered without a hole, and how far they are seen."""

from django.conf import settings
from django.db import models
from django.db.models.fields.json import KeyTransform

from realtime.protocol import NotificationKind

KINDS = [(kind.value, kind.name.replace("_", " ").title()) for kind in NotificationKind]


class Notification(models.Model):
    """`number` runs 1, 2, 3, … per user in commit order; it is taken from the user's `NotificationCursor`."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notifications",
        db_index=False,  # the unique (user, number) serves
    )
    number = models.BigIntegerField()
    kind = models.CharField(max_length=40, choices=KINDS)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    mailed_at = models.DateTimeField(
        null=True, blank=True, help_text="When its mail was taken to be sent; it is never taken twice."
    )

    class Meta:
        ordering = ["user", "number"]
        constraints = [
            models.UniqueConstraint(fields=["user", "number"], name="realtime_notification_unique_number"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="realtime_notification_numbered_from_one"),
        ]
        indexes = [
            models.Index(  # for the learner who leaves
                KeyTransform("enrollment", "data"),
                name="realtime_notification_asked",
                condition=models.Q(data__has_key="student"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}, number {self.number} of {self.user}"


class NotificationCursor(models.Model):
    """The newest number a user was given (`head`), and up to which they saw (`seen`). Its row is the lock."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="notification_cursor",
    )
    head = models.BigIntegerField(default=0)
    seen = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(seen__gte=0, seen__lte=models.F("head")),
                name="realtime_notificationcursor_seen_within_head",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.seen} of {self.head} seen"


class Digest(models.Model):
    """The latest week of which a user was to get a summary by mail. `week` is its Monday, in the user's time zone."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="digest"
    )
    week = models.DateField()
    mailed_at = models.DateTimeField(
        null=True, blank=True, help_text="When its mail was taken to be sent; it is never taken twice."
    )

    def __str__(self) -> str:
        return f"{self.user}, the week of {self.week}"
