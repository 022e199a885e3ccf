"""Who learns what. States change by the rules of `courses/enrollment.py` alone, never by typing into a field."""

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from courses import enrollment
from courses.admin.base import KeepsRecords, ModelForm, Record
from courses.errors import MoveNotAllowed
from courses.models import Certificate, CourseEnrollment, CourseWaitlist, EnrollmentEvent
from users.errors import DomainError

Move = Callable[..., CourseEnrollment]


class SeatForm(ModelForm):
    def _get_validation_exclusions(self) -> set[str]:
        # Not unique here: who withdrew has an enrolment already, and may get a seat again.
        return {*super()._get_validation_exclusions(), "student"}  # type: ignore[misc]


@admin.register(CourseEnrollment)
class CourseEnrollmentAdmin(KeepsRecords):
    """Adding one gives a seat to somebody, also in a restricted course. The actions do the rest."""

    form = SeatForm
    list_display = ("student", "course", "status", "progress_percentage", "total_time_spent", "last_accessed")
    list_filter = ("status", "from_offer", ("course", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("student", "course")
    search_fields = ("student__username", "student__email", "course__title", "course__slug")
    autocomplete_fields = ("student", "course")
    date_hierarchy = "enrolled_on"
    actions = ("approve", "pause", "resume", "withdraw")
    instead = "Withdraw the enrollment: that ends the access and frees the seat."

    def get_fields(self, request: HttpRequest, obj: CourseEnrollment | None = None) -> Any:
        return super().get_fields(request, obj) if obj else ("student", "course")

    def has_change_permission(self, request: HttpRequest, obj: CourseEnrollment | None = None) -> bool:
        """Nothing is changed on its page, only by the actions of the list."""
        return obj is None and super().has_change_permission(request)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().add_view(request, form_url, extra_context)
        except DomainError as error:
            self.message_user(request, error.message, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: CourseEnrollment, form: Any, change: bool) -> None:
        admitted = enrollment.admit(course=obj.course, student=obj.student, actor=request.user)  # type: ignore[arg-type]
        obj.pk = admitted.pk

    def delete_model(self, request: HttpRequest, obj: CourseEnrollment) -> None:
        self._delete(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[CourseEnrollment]) -> None:
        self._delete(request, queryset)

    def _delete(self, request: HttpRequest, enrollments: Iterable[CourseEnrollment]) -> None:
        """Withdraw each first: its seat goes to who is next."""
        for one in enrollments:
            with transaction.atomic(), contextlib.suppress(MoveNotAllowed):
                enrollment.withdraw(enrollment=one, actor=request.user)  # type: ignore[arg-type]
            one.delete()

    @admin.action(description="Approve selected requests", permissions=["change"])
    def approve(self, request: HttpRequest, enrollments: QuerySet[CourseEnrollment]) -> None:
        self._move(request, enrollments, enrollment.approve, "approved")

    @admin.action(description="Pause selected enrollments", permissions=["change"])
    def pause(self, request: HttpRequest, enrollments: QuerySet[CourseEnrollment]) -> None:
        self._move(request, enrollments, enrollment.pause, "paused")

    @admin.action(description="Resume selected enrollments", permissions=["change"])
    def resume(self, request: HttpRequest, enrollments: QuerySet[CourseEnrollment]) -> None:
        self._move(request, enrollments, enrollment.resume, "resumed")

    @admin.action(description="Withdraw selected enrollments", permissions=["change"])
    def withdraw(self, request: HttpRequest, enrollments: QuerySet[CourseEnrollment]) -> None:
        self._move(request, enrollments, enrollment.withdraw, "withdrawn")

    def _move(self, request: HttpRequest, enrollments: QuerySet[CourseEnrollment], move: Move, done: str) -> None:
        """Move each by itself: one that may not be moved holds up no other."""
        moved = 0
        for one in enrollments:
            try:
                move(enrollment=one, actor=request.user)
            except DomainError as error:
                self.message_user(request, f"{one}: {error.message}", messages.ERROR)
            else:
                moved += 1
        if moved:
            self.message_user(request, f"{moved} {done}.", messages.SUCCESS)


@admin.register(CourseWaitlist)
class CourseWaitlistAdmin(Record):
    list_display = ("course", "student", "priority", "joined_waitlist", "notified_of_opening", "offer_expires_at")
    list_filter = ("notified_of_opening", ("course", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("course", "student")
    search_fields = ("student__username", "course__title", "course__slug")


@admin.register(EnrollmentEvent)
class EnrollmentEventAdmin(Record):
    list_display = ("created_at", "kind", "student", "course", "from_status", "to_status", "actor")
    list_filter = ("kind", ("course", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("student", "course", "actor")
    search_fields = ("student__username", "course__title", "course__slug", "actor__username", "reason")
    ordering = ("-created_at", "-id")


@admin.register(Certificate)
class CertificateAdmin(Record):
    list_display = ("code", "enrollment", "issued_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("enrollment__student", "enrollment__course")
    search_fields = ("code", "enrollment__student__username", "enrollment__course__title")
