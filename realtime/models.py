"""What must reach every device: a user's notifications, numbered without a hole, and how far they are seen."""

from django.conf import settings
from django.db import models


class Notification(models.Model):
    """`number` runs 1, 2, 3, … per user in commit order; it is taken from the user's `NotificationCursor`."""

    class Kind(models.TextChoices):
        ENROLLMENT_REQUESTED = "enrollment.requested"
        ENROLLMENT_APPROVED = "enrollment.approved"
        ENROLLMENT_REJECTED = "enrollment.rejected"
        ENROLLMENT_CONFIRMED = "enrollment.confirmed"
        ENROLLMENT_ENDED = "enrollment.ended"
        WAITLIST_JOINED = "waitlist.joined"
        WAITLIST_OFFER = "waitlist.offer"
        WAITLIST_OFFER_EXPIRED = "waitlist.offer_expired"
        MODULE_COMPLETED = "progress.module_completed"
        COURSE_COMPLETED = "progress.course_completed"
        CERTIFICATE_ISSUED = "certificate.issued"
        SESSION_NUDGE = "session.nudge"
        HELP_REQUESTED = "help.requested"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notifications",
        db_index=False,  # the unique (user, number) serves
    )
    number = models.BigIntegerField()
    kind = models.CharField(max_length=40, choices=Kind.choices)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["user", "number"]
        constraints = [
            models.UniqueConstraint(fields=["user", "number"], name="realtime_notification_unique_number"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="realtime_notification_numbered_from_one"),
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
