"""The shape of an outline: a course's modules, their contents, and in those the items of every kind."""

from datetime import timedelta
from pathlib import PurePath
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from courses import examples
from courses.catalogue import Outline
from courses.models import Content, ContentItem, Module
from courses.serializers import EnrollmentSerializer, seconds


def kind_field(kind: str) -> serializers.ChoiceField:
    """The `kind` of an item: this one and no other."""

    @extend_schema_field({"type": "string", "const": kind})
    class KindField(serializers.ChoiceField):
        pass

    return KindField(choices=[kind])


def item_of(place: ContentItem) -> Any:
    """The Text, Image, Video or File at this place: which of them, its `kind` tells."""
    return place.item


@extend_schema_serializer(examples=examples.answered(examples.TEXT))
class TextItemSerializer(serializers.Serializer[ContentItem]):
    id = serializers.IntegerField()
    kind = kind_field("text")
    title = serializers.CharField(source="item.title")
    body = serializers.CharField(source="item.body")


class FileItemSerializer(serializers.Serializer[ContentItem]):
    """`url` is a path of this site; `size` is in bytes, null when the file is missing."""

    id = serializers.IntegerField()
    kind = kind_field("file")
    title = serializers.CharField(source="item.title")
    url = serializers.SerializerMethodField()
    name = serializers.SerializerMethodField()
    size = serializers.SerializerMethodField()

    def get_url(self, place: ContentItem) -> str:
        return reverse("item-file", args=[place.pk])

    def get_name(self, place: ContentItem) -> str:
        return PurePath(item_of(place).file.name).name

    def get_size(self, place: ContentItem) -> int | None:
        try:
            return int(item_of(place).file.size)
        except (FileNotFoundError, ValueError):
            return None


class ImageItemSerializer(FileItemSerializer):
    kind = kind_field("image")
    alt = serializers.CharField(source="item.alt")


class VideoItemSerializer(FileItemSerializer):
    """`captions` is the path of a WebVTT file, for a `<track>`."""

    kind = kind_field("video")
    captions = serializers.SerializerMethodField()
    duration_seconds = serializers.SerializerMethodField()

    def get_captions(self, place: ContentItem) -> str | None:
        return reverse("item-captions", args=[place.pk]) if item_of(place).captions else None

    def get_duration_seconds(self, place: ContentItem) -> float | None:
        duration: timedelta | None = item_of(place).duration
        return None if duration is None else seconds(duration)


ITEM_SERIALIZERS: dict[str, type[serializers.Serializer[Any]]] = {
    "text": TextItemSerializer,
    "image": ImageItemSerializer,
    "video": VideoItemSerializer,
    "file": FileItemSerializer,
}


class OutlineContentSerializer(serializers.ModelSerializer[Content]):
    completed = serializers.BooleanField(read_only=True)
    items = serializers.SerializerMethodField()

    class Meta:
        model = Content
        fields = ["id", "title", "order", "completion_method", "required_seconds", "completed", "items"]
        read_only_fields = fields

    @extend_schema_field(
        PolymorphicProxySerializer(
            component_name="OutlineItem",
            serializers={**ITEM_SERIALIZERS},
            resource_type_field_name="kind",
            many=True,
        )
    )
    def get_items(self, content: Content) -> list[dict[str, Any]]:
        return [ITEM_SERIALIZERS[place.kind](place).data for place in content.items.all()]


class OutlineModuleSerializer(serializers.ModelSerializer[Module]):
    percent = serializers.FloatField(read_only=True)
    contents = OutlineContentSerializer(many=True, read_only=True)

    class Meta:
        model = Module
        fields = ["id", "title", "overview", "order", "percent", "contents"]
        read_only_fields = fields


@extend_schema_serializer(examples=examples.answered(examples.OUTLINE))
class OutlineSerializer(serializers.Serializer[Outline]):
    course = serializers.CharField(source="course.slug")
    course_title = serializers.CharField(source="course.title")
    enrollment = EnrollmentSerializer(allow_null=True)
    modules = OutlineModuleSerializer(many=True)
