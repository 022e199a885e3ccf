"""What was recorded: to be read, never written."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from courses.admin.base import Record
from courses.models import ContentProgress, FocusSpan, ItemProgress, LearningSession, ModuleProgress


@admin.register(ContentProgress)
class ContentProgressAdmin(Record):
    list_display = ("enrollment", "content", "is_completed", "time_spent", "engaged_time", "last_viewed")
    list_filter = ("is_completed", "completion_method")
    list_select_related = ("enrollment__student", "enrollment__course", "content")
    search_fields = ("enrollment__student__username", "enrollment__course__title", "content__title")
    ordering = ("-id",)


@admin.register(ModuleProgress)
class ModuleProgressAdmin(Record):
    list_display = ("enrollment", "module", "completed_contents", "total_contents", "percentage", "completed_at")
    list_select_related = ("enrollment__student", "enrollment__course", "module")
    search_fields = ("enrollment__student__username", "enrollment__course__title", "module__title")
    ordering = ("-id",)


@admin.register(ItemProgress)
class ItemProgressAdmin(Record):
    list_display = ("enrollment", "item", "consumed_at")
    list_select_related = ("enrollment__student", "enrollment__course", "item__content")
    search_fields = ("enrollment__student__username", "enrollment__course__title", "item__content__title")
    ordering = ("-id",)


@admin.register(LearningSession)
class LearningSessionAdmin(Record):
    list_display = ("id", "user", "content", "started_at", "ended", "duration", "focus_time", "engaged_time", "state")
    list_filter = ("device_type", "state", "end_reason", "is_settled")
    list_select_related = ("user", "content")
    search_fields = ("user__username", "key", "enrollment__course__title", "enrollment__course__slug")
    date_hierarchy = "started_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[LearningSession]:
        return LearningSession.objects.with_clock()

    @admin.display(empty_value="live", ordering="effective_ended_at")
    def ended(self, session: object) -> object:
        return getattr(session, "effective_ended_at")  # noqa: B009 - an annotation


@admin.register(FocusSpan)
class FocusSpanAdmin(Record):
    list_display = ("id", "session", "content", "engaged", "span")
    list_filter = ("engaged",)
    list_select_related = ("session__user", "content")
    search_fields = ("session__user__username", "enrollment__course__title")
    ordering = ("-id",)
