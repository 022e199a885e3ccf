"""What a course is made of: modules, their contents, and the items that a content shows."""

from collections.abc import Callable, Iterable
from typing import Any, Self

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import Storage
from django.core.validators import FileExtensionValidator
from django.db import models, transaction
from django.db.models.fields.files import FieldFile
from django.db.models.signals import post_delete
from django.dispatch import receiver

from courses.models.catalogue import Course


class Module(models.Model):
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="modules")
    title = models.CharField(max_length=200)
    overview = models.TextField(blank=True)
    order = models.PositiveIntegerField(blank=True, help_text="Empty: after the last")

    class Meta:
        ordering = ["course", "order"]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "order"],
                name="courses_module_unique_order",
                deferrable=models.Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, **kwargs: Any) -> None:
        if self.order is None:
            self.order = _next_order(Module.objects.filter(course=self.course))
        super().save(**kwargs)


class CompletionMethod(models.TextChoices):
    """How a content comes to count as completed."""

    MANUAL = "manual", "Manual Mark Complete"
    AUTO = "auto", "Automatic"
    TIME_BASED = "time_based", "Time Based"


class ContentQuerySet(models.QuerySet["Content"]):
    def in_outline(self) -> Self:
        """Those that learners see; the archived ones keep their recorded time out of sight."""
        return self.filter(archived_at__isnull=True)


class Content(models.Model):
    """One page of a module. A content with recorded time is archived, never deleted."""

    module = models.ForeignKey(Module, on_delete=models.CASCADE, related_name="contents")
    title = models.CharField(max_length=200)
    order = models.PositiveIntegerField(blank=True, help_text="Empty: after the last")
    completion_method = models.CharField(
        max_length=20, choices=CompletionMethod.choices, default=CompletionMethod.MANUAL
    )
    required_seconds = models.PositiveIntegerField(
        blank=True, null=True, help_text="Seconds of engaged time that complete a time based content"
    )
    archived_at = models.DateTimeField(blank=True, null=True)

    objects = ContentQuerySet.as_manager()

    class Meta:
        ordering = ["module", "order"]
        constraints = [
            models.UniqueConstraint(
                fields=["module", "order"],
                name="courses_content_unique_order",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                condition=models.Q(
                    completion_method="time_based", required_seconds__isnull=False, required_seconds__gt=0
                )
                | (~models.Q(completion_method="time_based") & models.Q(required_seconds__isnull=True)),
                name="courses_content_seconds_when_time_based",
                violation_error_message="Required seconds go with a time based content, and with no other.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, **kwargs: Any) -> None:
        if self.order is None:
            self.order = _next_order(Content.objects.filter(module=self.module))
        super().save(**kwargs)


class ContentItem(models.Model):
    """The place of one item in a content. An item has one place, and both go together."""

    content = models.ForeignKey(Content, on_delete=models.CASCADE, related_name="items")
    content_type = models.ForeignKey(
        ContentType,
        on_delete=models.CASCADE,
        limit_choices_to={"app_label": "courses", "model__in": ("text", "image", "video", "file")},
    )
    object_id = models.PositiveBigIntegerField()
    item = GenericForeignKey("content_type", "object_id")
    order = models.PositiveIntegerField(blank=True, help_text="Empty: after the last")

    class Meta:
        ordering = ["content", "order"]
        constraints = [
            models.UniqueConstraint(
                fields=["content", "order"],
                name="courses_contentitem_unique_order",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(fields=["content_type", "object_id"], name="courses_contentitem_one_place"),
        ]

    def __str__(self) -> str:
        return f"{self.item} in {self.content}"

    def save(self, **kwargs: Any) -> None:
        if self.order is None:
            self.order = _next_order(ContentItem.objects.filter(content=self.content))
        super().save(**kwargs)

    @property
    def kind(self) -> str:
        """`text`, `image`, `video` or `file`."""
        return self.content_type.model


@receiver(post_delete, sender=ContentItem)
def delete_item_with_its_place(instance: ContentItem, **_: Any) -> None:
    """Cascades call no `delete()` of ours, so the item follows by signal; its place follows it anyway."""
    if instance.item is not None:
        instance.item.delete()


class ItemBase(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="owned_%(class)s_items")
    title = models.CharField(max_length=200)
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)
    places = GenericRelation(ContentItem)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.title

    def save(self, **kwargs: Any) -> None:
        """Save; a file that was replaced is deleted after the commit."""
        before = type(self)._base_manager.filter(pk=self.pk).first() if self.pk and _files_of(self) else None
        super().save(**kwargs)
        if before is not None:
            kept = {file.name for file in _files_of(self)}
            _delete_after_commit(file for file in _files_of(before) if file.name not in kept)


def _files_of(item: ItemBase) -> list[FieldFile]:
    files = [field for field in item._meta.concrete_fields if isinstance(field, models.FileField)]
    return [file for field in files if (file := getattr(item, field.attname))]


def _delete_after_commit(files: Iterable[FieldFile]) -> None:
    for file in files:
        transaction.on_commit(_deletion(file.storage, str(file.name)), robust=True)


def _deletion(storage: Storage, name: str) -> Callable[[], None]:
    """Not a partial: Django names the function that failed, and a partial has no name."""
    return lambda: storage.delete(name)


class Text(ItemBase):
    body = models.TextField()


class Image(ItemBase):
    file = models.ImageField(upload_to="images/")
    alt = models.CharField(max_length=300, blank=True, help_text="What it shows, for those who do not see it")


class Video(ItemBase):
    file = models.FileField(upload_to="videos/")
    captions = models.FileField(
        upload_to="captions/", blank=True, validators=[FileExtensionValidator(["vtt"])], help_text="WebVTT"
    )
    duration = models.DurationField(blank=True, null=True)


class File(ItemBase):
    file = models.FileField(upload_to="files/")


@receiver(post_delete, sender=Image)
@receiver(post_delete, sender=Video)
@receiver(post_delete, sender=File)
def delete_files_with_their_item(instance: ItemBase, **_: Any) -> None:
    _delete_after_commit(_files_of(instance))


def _next_order(siblings: models.QuerySet[Any]) -> int:
    last: int | None = siblings.aggregate(last=models.Max("order"))["last"]
    return 1 if last is None else last + 1
