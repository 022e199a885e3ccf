"""Learning sessions and the ledger of their time: what `courses/sessions.py`, `courses/ledger.py` and the recorder
write.

`last_heard_at` and everything else that a flush writes must stay out of every index: that keeps the updates of
a live session in place (heap-only) and cheap.
"""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.db import models

from courses.indexes import Index
from courses.models.content import Content
from courses.models.enrollment import CourseEnrollment

LEASE_MS = 45_000
IDLE_LEASE_MS = 150_000
"""A session not heard for so long is ended as of its last sample; the longer one when that was `idle`."""
REOPEN_HOURS = 24
"""For so long after its lease ran out, its user may open it again."""


class ClockTimestamp(models.Func):
    """PostgreSQL's clock at this very moment, not at the statement's or the transaction's start."""

    function = "clock_timestamp"
    arity = 0
    output_field = models.DateTimeField()


def _lease_ran_out() -> models.Q:
    lease = models.Case(
        models.When(state="idle", then=models.Value(timedelta(milliseconds=IDLE_LEASE_MS))),
        default=models.Value(timedelta(milliseconds=LEASE_MS)),
    )
    return models.Q(last_heard_at__lt=ClockTimestamp() - lease)


class LearningSessionQuerySet(models.QuerySet["LearningSession"]):
    def live(self) -> Self:
        """Those that go on at this moment: neither ended nor silent for longer than their lease."""
        return self.filter(~_lease_ran_out(), ended_at__isnull=True)

    def with_clock(self) -> Self:
        """Adds `effective_ended_at`: when it ended, whether or not the sweep has come by; None while live."""
        as_of_last_sample = models.ExpressionWrapper(
            models.F("started_at")
            + models.ExpressionWrapper(
                models.F("last_at_ms") * models.Value(timedelta(milliseconds=1)),
                output_field=models.DurationField(),
            ),
            output_field=models.DateTimeField(),
        )
        return self.annotate(
            effective_ended_at=models.Case(
                models.When(ended_at__isnull=False, then=models.F("ended_at")),
                models.When(_lease_ran_out(), then=as_of_last_sample),
                default=None,
                output_field=models.DateTimeField(),
            )
        )


class LearningSession(models.Model):
    """One page's continuous record of where a learner's time went, over all its connections.

    `duration` = `focus_time` + `idle_time` + `unknown_time`; `engaged_time` is part of `focus_time`.
    Milliseconds named `…_ms` count from `started_at`.
    """

    class Device(models.TextChoices):
        DESKTOP = "desktop", "Desktop"
        TABLET = "tablet", "Tablet"
        MOBILE = "mobile", "Mobile"
        UNKNOWN = "unknown", "Unknown"

    class State(models.TextChoices):
        """What the page was at the last sample; empty before the first."""

        ENGAGED = "engaged"  # visible, focused, recent input or playing media
        FOCUS = "focus"  # visible and focused
        IDLE = "idle"  # hidden or out of focus

    class EndReason(models.TextChoices):
        """Why it ended; empty while it goes on."""

        CLOSED = "closed"  # by its client, for good
        LEASE = "lease"  # nothing heard; may be reopened
        ACCESS_ENDED = "access_ended"  # with the enrolment's access, for good

    enrollment = models.ForeignKey(CourseEnrollment, on_delete=models.CASCADE, related_name="learning_sessions")
    content = models.ForeignKey(
        Content, on_delete=models.CASCADE, related_name="learning_sessions", null=True, blank=True
    )
    started_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    duration = models.DurationField(null=True, blank=True)
    device_type = models.CharField(max_length=20, choices=Device.choices, default=Device.UNKNOWN)
    user_agent = models.TextField(blank=True)
    ip_address = models.GenericIPAddressField(blank=True, null=True)

    interactions_count = models.PositiveIntegerField(default=0)
    focus_time = models.DurationField(default=timedelta)
    idle_time = models.DurationField(default=timedelta)

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="learning_sessions",
        db_index=False,  # the unique (user, key) serves
    )
    key = models.UUIDField(help_text="The client's name for it")
    epoch = models.BigIntegerField(default=0, help_text="Raised by every open; fences off earlier holders")
    acked_seq = models.IntegerField(default=0)
    last_at_ms = models.BigIntegerField(default=0, help_text="`at` of the last sample")
    state = models.CharField(max_length=8, choices=State.choices, blank=True)
    state_since_ms = models.BigIntegerField(default=0, db_default=0, help_text="`at` of the first sample of that state")
    needs_help = models.BooleanField(default=False, db_default=False, help_text="Asked for in it, and not cleared")
    last_heard_at = models.DateTimeField(db_default=ClockTimestamp())
    engaged_time = models.DurationField(default=timedelta)
    unknown_time = models.DurationField(default=timedelta)
    unsettled = models.JSONField(
        default=list, blank=True, help_text="[[start_ms, end_ms, engaged], …]: counts from settled_ms on"
    )
    settled_ms = models.BigIntegerField(default=0, help_text="Up to here its focus is in the ledger")
    is_settled = models.BooleanField(default=False, help_text="Ended, and wholly in the ledger")
    end_reason = models.CharField(max_length=16, choices=EndReason.choices, blank=True)

    objects = LearningSessionQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at"]
        indexes = [
            models.Index(fields=["enrollment", "started_at"]),
            models.Index(fields=["content", "-started_at"]),
            models.Index(fields=["device_type"]),
            Index(fields=["enrollment", "started_at", "device_type"], name="idx_learning_sessions_analytics"),
            Index(fields=["user", "-started_at"], name="courses_learningsession_user"),
            Index(
                fields=["user"],
                condition=models.Q(is_settled=False),
                name="courses_learningsession_working",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="courses_learningsession_unique_key"),
            models.CheckConstraint(
                condition=models.Q(duration=models.F("focus_time") + models.F("idle_time") + models.F("unknown_time"))
                | models.Q(duration__isnull=True),
                name="courses_learningsession_times_add_up",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    engaged_time__gte=timedelta(),
                    engaged_time__lte=models.F("focus_time"),
                    idle_time__gte=timedelta(),
                    unknown_time__gte=timedelta(),
                ),
                name="courses_learningsession_no_negative_time",
            ),
            models.CheckConstraint(
                condition=models.Q(epoch__gte=0, acked_seq__gte=0, last_at_ms__gte=0, settled_ms__gte=0),
                name="courses_learningsession_no_negative_count",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["", "engaged", "focus", "idle"]),
                name="courses_learningsession_known_state",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, end_reason="")
                | models.Q(ended_at__isnull=False, end_reason__in=["closed", "lease", "access_ended"]),
                name="courses_learningsession_ended_for_a_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(is_settled=False) | models.Q(ended_at__isnull=False),
                name="courses_learningsession_settled_when_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} from {self.started_at:%Y-%m-%d %H:%M}"


def _range_of(foreign_key: str) -> models.Func:
    """A row's id as a range of one, which GiST can index without an extension."""
    return models.Func(
        models.F(foreign_key),
        models.F(foreign_key),
        models.Value("[]"),
        function="int8range",
        output_field=BigIntegerRangeField(),
    )


class FocusSpan(models.Model):
    """The ledger: one stretch of focus of a session, engaged or not, in absolute time. Never deleted."""

    session = models.ForeignKey(LearningSession, on_delete=models.PROTECT, related_name="focus_spans")
    enrollment = models.ForeignKey(CourseEnrollment, on_delete=models.PROTECT, related_name="focus_spans")
    content = models.ForeignKey(Content, on_delete=models.PROTECT, related_name="focus_spans", null=True, blank=True)
    engaged = models.BooleanField()
    span = DateTimeRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="courses_focusspan_no_overlap",
                index_type="GIST",
                expressions=[
                    (_range_of("session"), RangeOperators.OVERLAPS),
                    ("span", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=models.Q(span__isempty=False, span__lower_inf=False, span__upper_inf=False),
                name="courses_focusspan_has_two_ends",
            ),
        ]
        indexes = [
            GistIndex(_range_of("enrollment"), "span", name="courses_focusspan_enrollment"),
        ]

    def __str__(self) -> str:
        return f"{'engaged' if self.engaged else 'in focus'}, {self.span}"
