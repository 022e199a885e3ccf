"""How far a learner has come, by item, content and module.

`time_spent` and `engaged_time` are written by the ledger (`courses/ledger.py`) alone, `view_count` and `last_viewed` by
`courses/sessions.py`; who completes is `courses/progress.py`, and `courses/rollup.py` writes what follows from it.
"""

from datetime import timedelta
from decimal import Decimal

from django.db import models

from courses.indexes import Index
from courses.models.content import CompletionMethod, Content, ContentItem, Module
from courses.models.enrollment import CourseEnrollment


class ContentProgress(models.Model):
    enrollment = models.ForeignKey(CourseEnrollment, on_delete=models.CASCADE, related_name="content_progress")
    content = models.ForeignKey(Content, on_delete=models.CASCADE, related_name="progress_records")
    started_at = models.DateTimeField(auto_now_add=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    is_completed = models.BooleanField(default=False)

    time_spent = models.DurationField(default=timedelta)
    view_count = models.PositiveIntegerField(default=0)
    last_viewed = models.DateTimeField(blank=True, null=True)
    completion_method = models.CharField(
        max_length=20, choices=CompletionMethod.choices, default=CompletionMethod.MANUAL
    )

    engaged_time = models.DurationField(default=timedelta)
    completed_revision = models.BigIntegerField(
        default=0, help_text="The enrolment's progress revision with which it was completed"
    )

    class Meta:
        verbose_name_plural = "content progress"
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "content"], name="unique_content_progress"),
            models.CheckConstraint(
                condition=models.Q(engaged_time__gte=timedelta(), engaged_time__lte=models.F("time_spent")),
                name="courses_contentprogress_engaged_within_time",
            ),
        ]
        ordering = ["content__order"]
        indexes = [
            models.Index(fields=["enrollment", "is_completed"]),
            models.Index(fields=["content", "is_completed"]),
            models.Index(fields=["last_viewed"]),
            Index(fields=["enrollment", "is_completed", "completed_at"], name="idx_content_progress_completion"),
        ]

    def __str__(self) -> str:
        return f"{self.content}: {'completed' if self.is_completed else 'begun'}"


class ModuleProgress(models.Model):
    enrollment = models.ForeignKey(CourseEnrollment, on_delete=models.CASCADE, related_name="module_progress")
    module = models.ForeignKey(Module, on_delete=models.CASCADE, related_name="progress_records")
    completed_contents = models.PositiveIntegerField(default=0)
    total_contents = models.PositiveIntegerField(default=0)
    percentage = models.DecimalField(max_digits=5, decimal_places=2, default=Decimal("0.00"))
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "module progress"
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "module"], name="courses_moduleprogress_unique_module"),
            models.CheckConstraint(
                condition=models.Q(percentage__gte=0, percentage__lte=100),
                name="courses_moduleprogress_valid_percentage",
            ),
            models.CheckConstraint(
                condition=models.Q(completed_contents__lte=models.F("total_contents")),
                name="courses_moduleprogress_completed_within_total",
            ),
        ]
        ordering = ["module__order"]

    def __str__(self) -> str:
        return f"{self.module}: {self.percentage} %"


class ItemProgress(models.Model):
    """What a learner has consumed of one item of an `auto` content: kept by `courses/consumption.py`."""

    enrollment = models.ForeignKey(CourseEnrollment, on_delete=models.CASCADE, related_name="item_progress")
    item = models.ForeignKey(ContentItem, on_delete=models.CASCADE, related_name="progress_records")
    consumed_at = models.DateTimeField(null=True, blank=True)
    played = models.JSONField(
        default=list, blank=True, help_text="Of a video: [[start_ms, end_ms], …], in order, apart from each other"
    )

    class Meta:
        verbose_name_plural = "item progress"
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "item"], name="courses_itemprogress_unique_item"),
        ]

    def __str__(self) -> str:
        return f"{self.item}: {'consumed' if self.consumed_at else 'begun'}"
