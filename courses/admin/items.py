"""Items edited on the page of their content: the place and what stands there are one form."""

from pathlib import PurePath
from typing import Any, ClassVar

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import FileField, QuerySet
from django.db.models.fields.files import FieldFile
from django.http import HttpRequest

from courses import films, uploads
from courses.admin.base import ModelForm, OrderForm, StackedInline
from courses.models import ContentItem, File, Image, ItemBase, Text, Video


class ItemForm(ModelForm):
    """The fields of an item. Its files are judged as those that come over REST."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        for name, judge in uploads.JUDGES.get(str(self._meta.model._meta.model_name), {}).items():
            if isinstance(upload := cleaned.get(name), UploadedFile):
                try:
                    cleaned[name] = judge(upload)
                except uploads.BadUpload as error:
                    self.add_error(name, str(error))
        film = cleaned.get("file")
        if self._meta.model is Video and isinstance(film, UploadedFile) and "duration" not in self.changed_data:
            cleaned["duration"] = films.length(film)
        return cleaned


class PlaceForm(OrderForm):
    """Edits a `ContentItem` and its item: the item's fields are shown, checked and saved by a form of their own."""

    item_form_class: ClassVar[type[ModelForm]]

    class Meta:
        model = ContentItem
        fields = ("order",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.item_form = self.item_form_class(
            data=self.data if self.is_bound else None,
            files=self.files if self.is_bound else None,
            prefix=self.prefix,
            instance=self.instance.item if self.instance.pk else None,
        )
        self.initial.update(self.item_form.initial)
        for name, value in self.initial.items():
            if isinstance(value, FieldFile) and value.name:
                self.fields[name].help_text = f"Now: {PurePath(value.name).name}"

    def clean(self) -> dict[str, Any] | None:
        if self.has_changed():
            for name, errors in self.item_form.errors.items():
                if name not in self.errors:
                    self.add_error(name, errors)
        return super().clean()

    def save(self, commit: bool = True) -> ContentItem:
        item: ItemBase = self.item_form.save(commit=False)
        if item.pk is None:
            item.owner = self.instance.content.module.course.owner
        item.save()
        self.instance.item = item
        place: ContentItem = super().save(commit)
        return place


class PlaceInline(StackedInline):
    """The items of one kind. Django saves each inline by itself, so there is one for each kind."""

    model = ContentItem
    extra = 0
    item_model: ClassVar[type[ItemBase]]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ContentItem]:
        kind = self.item_model._meta.model_name
        places: QuerySet[ContentItem] = super().get_queryset(request)
        return places.filter(content_type__model=kind).prefetch_related("item").order_by("order")


def inline(model: type[ItemBase], *names: str) -> type[PlaceInline]:
    """The inline to edit these fields of the items of this kind."""
    # A file's own widget would link to it; files have no address of their own.
    plain: dict[str, type[forms.Widget] | forms.Widget] = {
        name: forms.FileInput for name in names if isinstance(model._meta.get_field(name), FileField)
    }
    item_form = forms.modelform_factory(model, form=ItemForm, fields=names, widgets=plain)
    form = type(f"{model.__name__}PlaceForm", (PlaceForm,), {**item_form.base_fields, "item_form_class": item_form})
    options = {
        "item_model": model,
        "form": form,
        "fields": (*names, "order"),
        "verbose_name": model._meta.verbose_name,
        "verbose_name_plural": model._meta.verbose_name_plural,
    }
    return type(f"{model.__name__}Inline", (PlaceInline,), options)


ITEM_INLINES = (
    inline(Text, "title", "body"),
    inline(Image, "title", "file", "alt"),
    inline(Video, "title", "file", "captions", "duration"),
    inline(File, "title", "file"),
)
