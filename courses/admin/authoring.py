"""Making courses: subject, course, its modules, their contents and the items of these, each page below the other."""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from courses import authoring
from courses.admin.base import Deletion, KeepsRecords, OrderForm, ReadOnly, TabularInline
from courses.admin.items import ITEM_INLINES
from courses.events import OutlineChanged
from courses.models import (
    Content,
    ContentItem,
    Course,
    CourseEnrollment,
    File,
    Image,
    Module,
    Subject,
    Text,
    Video,
)
from users.errors import DomainError
from users.events import announce


class OrderedInline(TabularInline):
    """Children in their order."""

    form = OrderForm
    ordering = ("order",)
    extra = 1
    show_change_link = True
    can_delete = False  # on their own page, which says what would go with them


class ModuleInline(OrderedInline):
    model = Module
    fields = ("order", "title", "overview")


class ContentInline(OrderedInline):
    model = Content
    fields = ("order", "title", "completion_method", "required_seconds", "archived_at")
    readonly_fields = ("archived_at",)


@admin.register(Subject)
class SubjectAdmin(KeepsRecords):
    list_display = ("title", "slug", "course_count")
    search_fields = ("title", "slug")
    prepopulated_fields = {"slug": ("title",)}
    instead = "Move its courses to another subject first."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subject]:
        subjects: QuerySet[Subject] = super().get_queryset(request)
        return subjects.annotate(course_count=Count("courses"))

    @admin.display(description="courses", ordering="course_count")
    def course_count(self, subject: Any) -> int:
        number: int = subject.course_count
        return number

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Deletion:
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        if not protected and CourseEnrollment.objects.filter(course__subject__in=objs).exists():
            protected = [f"Courses that somebody is enrolled in. {self.instead}"]
        return deleted, counts, missing, protected


@admin.register(Course)
class CourseAdmin(KeepsRecords):
    list_display = ("title", "status", "enrollment_type", "owner", "subject", "enrolled", "max_capacity")
    list_filter = ("status", "enrollment_type", "subject", "difficulty_level")
    list_select_related = ("owner", "subject")
    search_fields = ("title", "slug", "overview", "owner__username")
    autocomplete_fields = ("owner", "subject")
    prepopulated_fields = {"slug": ("title",)}
    readonly_fields = ("status", "published_at", "created")
    inlines = (ModuleInline,)
    actions = ("publish", "archive")
    fieldsets = (
        (None, {"fields": ("title", "slug", "overview", "subject", "owner")}),
        ("Status", {"fields": ("status", "published_at", "created"), "description": "Publish by the list's action."}),
        ("Seats", {"fields": ("enrollment_type", "max_capacity", "waitlist_enabled", "waitlist_offer_hours")}),
        ("Details", {"fields": ("difficulty_level", "estimated_hours", "certificate_enabled", "is_anonymous")}),
    )
    instead = "Archive the course: that takes it out of the catalogue."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Course]:
        return Course.objects.with_enrollment_count()

    @admin.display(ordering="enrollment_count")
    def enrolled(self, course: Any) -> int:
        number: int = course.enrollment_count
        return number

    @admin.action(description="Publish selected courses", permissions=["change"])
    def publish(self, request: HttpRequest, courses: QuerySet[Course]) -> None:
        for course in courses:
            try:
                authoring.set_status(course=course, status=Course.Status.PUBLISHED, actor=request.user)  # type: ignore[arg-type]
            except DomainError as error:
                self.message_user(request, f"{course}: {error}", messages.ERROR)
            else:
                self.message_user(request, f"{course} is published.", messages.SUCCESS)

    @admin.action(description="Archive selected courses", permissions=["change"])
    def archive(self, request: HttpRequest, courses: QuerySet[Course]) -> None:
        archived = list(courses)
        for course in archived:
            authoring.set_status(course=course, status=Course.Status.ARCHIVED, actor=request.user)  # type: ignore[arg-type]
        self.message_user(
            request, f"{len(archived)} archived: nobody new gets in, the enrolled go on.", messages.SUCCESS
        )

    def save_model(self, request: HttpRequest, obj: Course, form: Any, change: bool) -> None:
        """Write what was changed on the page, and nothing that somebody else changed meanwhile."""
        obj.save(actor=request.user, **({"update_fields": form.changed_data} if change else {}))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        authoring.number_anew(form.instance.modules.all())


@admin.register(Module)
class ModuleAdmin(KeepsRecords):
    list_display = ("title", "course", "order")
    list_filter = (("course", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("course",)
    search_fields = ("title", "course__title", "course__slug")
    autocomplete_fields = ("course",)
    form = OrderForm
    inlines = (ContentInline,)
    instead = "Archive its contents: that takes them out of the outline."

    def get_readonly_fields(self, request: HttpRequest, obj: Module | None = None) -> tuple[str, ...]:
        return ("course",) if obj else ()  # time was recorded in this course

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Deletion:
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        going = [module.pk for module in objs]
        published = Course.objects.filter(status=Course.Status.PUBLISHED, modules__in=going).distinct()
        for course in published:
            if not course.modules.exclude(pk__in=going).exists():
                protected = [*protected, f"{course} is published, and a published course keeps at least one module."]
        return deleted, counts, missing, protected

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        authoring.number_anew(form.instance.contents.all())
        authoring.number_anew(form.instance.course.modules.all())
        outlines_changed(form.instance.course_id)

    def delete_model(self, request: HttpRequest, obj: Module) -> None:
        super().delete_model(request, obj)
        authoring.number_anew(obj.course.modules.all())
        outlines_changed(obj.course_id)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Module]) -> None:
        with transaction.atomic():
            courses = list(Course.objects.filter(modules__in=queryset).distinct())
            super().delete_queryset(request, queryset)
            for course in courses:
                authoring.number_anew(course.modules.all())
            outlines_changed(*(course.pk for course in courses))


@admin.register(Content)
class ContentAdmin(KeepsRecords):
    list_display = ("title", "module", "course", "order", "completion_method", "archived_at")
    list_filter = (
        "completion_method",
        ("archived_at", admin.EmptyFieldListFilter),
        ("module__course", admin.RelatedOnlyFieldListFilter),
    )
    list_select_related = ("module__course",)
    search_fields = ("title", "module__title", "module__course__title", "module__course__slug")
    autocomplete_fields = ("module",)
    form = OrderForm
    inlines = ITEM_INLINES
    actions = ("archive", "bring_back")
    instead = "Archive the content: that takes it out of the outline."

    def get_readonly_fields(self, request: HttpRequest, obj: Content | None = None) -> tuple[str, ...]:
        return ("module", "archived_at") if obj else ("archived_at",)  # time was recorded in this course

    @admin.display(ordering="module__course__title")
    def course(self, content: Content) -> Course:
        return content.module.course

    @admin.action(description="Archive selected contents", permissions=["change"])
    def archive(self, request: HttpRequest, contents: QuerySet[Content]) -> None:
        with transaction.atomic():
            courses = courses_of(contents)
            archived = contents.filter(archived_at=None).update(archived_at=timezone.now())
            outlines_changed(*courses)
        self.message_user(request, f"{archived} archived: learners see them no more.", messages.SUCCESS)

    @admin.action(description="Bring selected contents back", permissions=["change"])
    def bring_back(self, request: HttpRequest, contents: QuerySet[Content]) -> None:
        with transaction.atomic():
            courses = courses_of(contents)
            back = contents.update(archived_at=None)
            outlines_changed(*courses)
        self.message_user(request, f"{back} are in their outline again.", messages.SUCCESS)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        authoring.number_anew(form.instance.items.all())
        authoring.number_anew(form.instance.module.contents.all())
        outlines_changed(form.instance.module.course_id)

    def delete_model(self, request: HttpRequest, obj: Content) -> None:
        super().delete_model(request, obj)
        authoring.number_anew(obj.module.contents.all())
        outlines_changed(obj.module.course_id)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Content]) -> None:
        with transaction.atomic():
            modules = list(Module.objects.filter(contents__in=queryset).distinct())
            super().delete_queryset(request, queryset)
            for module in modules:
                authoring.number_anew(module.contents.all())
            outlines_changed(*{module.course_id for module in modules})


@admin.register(Text, Image, Video, File)
class ItemAdmin(ReadOnly):
    """To find an item; it is edited on the page of its content."""

    list_display = ("title", "owner", "updated")
    list_select_related = ("owner",)
    search_fields = ("title", "owner__username")
    exclude = ("file", "captions")  # would be shown as links, and files have no address of their own


@admin.register(ContentItem)
class ContentItemAdmin(ReadOnly):
    list_display = ("id", "content", "kind", "order")
    list_filter = ("content_type",)
    list_select_related = ("content", "content_type")
    search_fields = ("content__title",)


def courses_of(contents: QuerySet[Content]) -> set[int]:
    return set(contents.order_by().values_list("module__course", flat=True))


def outlines_changed(*course_ids: int) -> None:
    """Say so, for the learners' progress to follow; within the transaction that changes them."""
    for course_id in course_ids:
        announce(OutlineChanged(course_id))
