"""Notifications and summaries in the admin: to be read, never written."""

from django.contrib import admin

from courses.admin.base import Record
from realtime.models import Digest, Notification, NotificationCursor


@admin.register(Notification)
class NotificationAdmin(Record):
    list_display = ("user", "number", "kind", "created_at")
    list_filter = ("kind",)
    list_select_related = ("user",)
    search_fields = ("user__username",)
    ordering = ("-id",)


@admin.register(NotificationCursor)
class NotificationCursorAdmin(Record):
    list_display = ("user", "head", "seen")
    list_select_related = ("user",)
    search_fields = ("user__username",)


@admin.register(Digest)
class DigestAdmin(Record):
    list_display = ("user", "week", "mailed_at")
    list_select_related = ("user",)
    search_fields = ("user__username",)
